//! Header cards: keyword, value and comment.

use super::cfitsio::RawCard;

/// The value of a header card.
#[derive(Debug, Clone, PartialEq)]
pub enum CardValue {
    /// A card without value indicator: COMMENT, HISTORY, blank; its text is the card's comment.
    Commentary,
    /// The keyword is there and has no value.
    Undefined,
    /// T or F.
    Logical(bool),
    /// An integer.
    Integer(i64),
    /// A real number.
    Real(f64),
    /// A string, continued strings joined.
    Text(String),
    /// Anything else (complex numbers, integers of more than 64 bits), as it stands in the header.
    Verbatim(String),
}

/// One header card, continued records joined.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    /// The keyword; for HIERARCH cards the full name without `HIERARCH`.
    pub keyword: String,
    /// The value.
    pub value: CardValue,
    /// The comment, or the text of a commentary card.
    pub comment: String,
}

impl Card {
    /// A card with a value.
    pub fn new(keyword: &str, value: CardValue, comment: &str) -> Self {
        Self {
            keyword: keyword.to_string(),
            value,
            comment: comment.to_string(),
        }
    }

    /// The integer value, also of a real number without fraction.
    pub fn as_i64(&self) -> Option<i64> {
        match self.value {
            CardValue::Integer(v) => Some(v),
            CardValue::Real(v) if v.fract() == 0.0 && v.abs() < 9e15 => Some(v as i64),
            _ => None,
        }
    }

    /// The value as a real number.
    pub fn as_f64(&self) -> Option<f64> {
        match self.value {
            CardValue::Integer(v) => Some(v as f64),
            CardValue::Real(v) => Some(v),
            _ => None,
        }
    }

    /// The string value.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            CardValue::Text(v) => Some(v),
            _ => None,
        }
    }

    /// The records of 80 characters that hold this card; a comment where keyword and value do not fit into them.
    pub fn records(&self) -> Vec<String> {
        match &self.value {
            CardValue::Commentary => commentary_records(&self.keyword, &self.comment),
            CardValue::Text(text) => self.text_records(text),
            CardValue::Undefined => self.fixed(""),
            CardValue::Logical(v) => self.fixed(if *v { "T" } else { "F" }),
            CardValue::Integer(v) => self.fixed(&v.to_string()),
            CardValue::Real(v) => self.fixed(&real(*v)),
            CardValue::Verbatim(v) => self.fixed(v),
        }
    }

    /// Whether the keyword needs no HIERARCH.
    fn is_standard(&self) -> bool {
        self.keyword.len() <= 8
            && self
                .keyword
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
    }

    /// Keyword and value indicator, without spaces where `length` more characters would not fit otherwise.
    fn prefix(&self, length: usize) -> Option<String> {
        let loose = if self.is_standard() {
            format!("{:<8}= ", self.keyword)
        } else {
            format!("HIERARCH {} = ", self.keyword)
        };
        let tight = || format!("HIERARCH {}=", self.keyword);
        let fits = |prefix: &String| prefix.len() + length <= RECORD;
        Some(loose)
            .filter(fits)
            .or_else(|| Some(tight()).filter(fits))
    }

    fn fixed(&self, value: &str) -> Vec<String> {
        let width = if self.is_standard() && !value.is_empty() {
            20
        } else {
            0
        };
        match self.prefix(value.len()) {
            Some(prefix) => vec![finish(format!("{prefix}{value:>width$}"), &self.comment)],
            None => self.as_comment(value),
        }
    }

    fn text_records(&self, text: &str) -> Vec<String> {
        let quoted = printable(text).replace('\'', "''");
        if let Some(prefix) = self.prefix(quoted.len() + 2) {
            // Strings of ordinary keywords have eight characters at least.
            let (inner, outer) = if self.is_standard() { (8, 20) } else { (0, 0) };
            let quoted = format!("'{quoted:<inner$}'");
            return vec![finish(format!("{prefix}{quoted:<outer$}"), &self.comment)];
        }
        match self.prefix("'&'".len()) {
            Some(prefix) => continued_records(prefix, &quoted, &self.comment),
            None => self.as_comment(text),
        }
    }

    fn as_comment(&self, value: &str) -> Vec<String> {
        commentary_records("COMMENT", &format!("{} = {value}", self.keyword))
    }
}

const RECORD: usize = 80;

fn finish(mut record: String, comment: &str) -> String {
    if !comment.is_empty() && record.len() + 3 < RECORD {
        record.push_str(" / ");
        record.push_str(comment);
    }
    let mut record = printable(&record);
    record.truncate(RECORD);
    format!("{record:<RECORD$}")
}

fn commentary_records(keyword: &str, text: &str) -> Vec<String> {
    let text = printable(text);
    if text.is_empty() {
        return vec![format!("{keyword:<RECORD$}")];
    }
    text.as_bytes()
        .chunks(RECORD - 8)
        .map(|part| {
            format!(
                "{:<RECORD$}",
                format!("{keyword:<8}{}", String::from_utf8_lossy(part))
            )
        })
        .collect()
}

/// Header text is ASCII from space to tilde.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_ascii() && !c.is_ascii_control() {
                c
            } else {
                '?'
            }
        })
        .collect()
}

/// A string over several records; `quoted` has its quotes doubled.
fn continued_records(prefix: String, quoted: &str, comment: &str) -> Vec<String> {
    let mut records = Vec::new();
    let mut rest = quoted;
    let mut lead = prefix;
    loop {
        // Room for the quotes and the ampersand; a doubled quote must not be split.
        let room = RECORD - lead.len() - 3;
        if rest.len() <= room {
            let last = format!("{lead}'{rest}'");
            if comment.is_empty() || last.len() + 3 + comment.len() <= RECORD {
                records.push(finish(last, comment));
            } else {
                records.push(format!("{:<RECORD$}", format!("{lead}'{rest}&'")));
                records.push(finish("CONTINUE  ''".to_string(), comment));
            }
            return records;
        }
        let mut end = room;
        if rest[..end]
            .bytes()
            .rev()
            .take_while(|b| *b == b'\'')
            .count()
            % 2
            == 1
        {
            end -= 1;
        }
        records.push(format!("{:<RECORD$}", format!("{lead}'{}&'", &rest[..end])));
        rest = &rest[end..];
        lead = "CONTINUE  ".to_string();
    }
}

/// A real number in at most 20 characters, that reads back as itself wherever 20 characters are enough.
///
/// Parity: astropy 8.0 cuts the digits of a longer one off, and does not round.
fn real(value: f64) -> String {
    const LONGEST: usize = 20;
    let mut text = real_text(value);
    let excess = text.len().saturating_sub(LONGEST);
    if excess > 0 {
        let mantissa = text.find('E').unwrap_or(text.len());
        text.replace_range(mantissa.saturating_sub(excess)..mantissa, "");
    }
    text
}

/// The shortest text that reads back as the number.
fn real_text(value: f64) -> String {
    let text = format!("{value:?}");
    match text.split_once('e') {
        None => text,
        Some((mantissa, exponent)) => {
            let mantissa = if mantissa.contains('.') {
                mantissa.to_string()
            } else {
                format!("{mantissa}.0")
            };
            let (sign, power) = exponent
                .strip_prefix('-')
                .map_or(('+', exponent), |power| ('-', power));
            format!("{mantissa}E{sign}{power:0>2}")
        }
    }
}

/// Joins continued strings and types the values.
pub(super) fn cards_from_raw(raw: &[RawCard]) -> Vec<Card> {
    let mut cards: Vec<Card> = Vec::with_capacity(raw.len());
    let mut open = false;
    for record in raw {
        if open
            && record.keyword == "CONTINUE"
            && record.has_value
            && let Some(card) = cards.last_mut()
            && let CardValue::Text(text) = &mut card.value
        {
            text.pop();
            text.push_str(&unquote(&record.value));
            open = text.ends_with('&');
            append_comment(&mut card.comment, &record.comment);
            continue;
        }
        let value = typed(record);
        open = matches!(&value, CardValue::Text(text) if text.ends_with('&'));
        cards.push(Card {
            keyword: record.keyword.clone(),
            value,
            comment: record.comment.clone(),
        });
    }
    cards
}

fn append_comment(comment: &mut String, more: &str) {
    if !more.is_empty() {
        if !comment.is_empty() {
            comment.push(' ');
        }
        comment.push_str(more);
    }
}

fn typed(record: &RawCard) -> CardValue {
    let value = record.value.trim();
    match value {
        _ if !record.has_value => CardValue::Commentary,
        "" => CardValue::Undefined,
        "T" => CardValue::Logical(true),
        "F" => CardValue::Logical(false),
        _ if value.starts_with('\'') => CardValue::Text(unquote(value)),
        _ => number(value),
    }
}

fn number(value: &str) -> CardValue {
    if let Ok(integer) = value.parse::<i64>() {
        return CardValue::Integer(integer);
    }
    let looks_real = value
        .bytes()
        .all(|b| b.is_ascii_digit() || b"+-.eEdD".contains(&b));
    match value.replace(['d', 'D'], "E").parse::<f64>() {
        Ok(real)
            if real.is_finite() && looks_real && value.bytes().any(|b| b".eEdD".contains(&b)) =>
        {
            CardValue::Real(real)
        }
        _ => CardValue::Verbatim(value.to_string()),
    }
}

/// The content of a quoted string; trailing spaces are not significant in FITS.
fn unquote(value: &str) -> String {
    let inner = value.trim().strip_prefix('\'').unwrap_or(value);
    let inner = inner.strip_suffix('\'').unwrap_or(inner);
    inner.replace("''", "'").trim_end().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reals_keep_their_value_in_twenty_characters() {
        // astropy 8.0 writes 8.50028888888888E-06 for the value it holds; ours must read back equally.
        for value in [
            8.500_288_888_888_88e-6,
            60105.25,
            -69.4981,
            1e-300,
            0.0,
            1e21,
            145.476_316_066_365_4,
        ] {
            let text = real(value);
            assert!(text.len() <= 20, "{text}");
            assert_eq!(number(&text), CardValue::Real(value), "{text}");
        }
        assert_eq!(real(1e-5), "1.0E-05");
        // astropy.io.fits.card.Card("A", v).image of numbers with too many digits.
        assert_eq!(real(-7.538_748_819_335_073e-6), "-7.5387488193350E-06");
        assert_eq!(real(8.500_288_888_888_889e-6), "8.50028888888888E-06");
        assert_eq!(real(-0.814_477_750_412_817_1), "-0.8144777504128171");
    }

    #[test]
    fn records_have_eighty_characters_and_long_strings_continue() {
        let text = "POLYGON ICRS  80.487763312 -69.498499406 'quoted' ".repeat(5);
        let records = Card::new("S_REGION", CardValue::Text(text), "footprint").records();
        assert!(records.len() > 3);
        assert!(records.iter().all(|r| r.len() == RECORD));
        assert!(records[1].starts_with("CONTINUE  '"));
    }

    #[test]
    fn unusual_keywords_become_hierarch() {
        let card = Card::new("ESO DET ID", CardValue::Integer(7), "");
        assert!(card.records()[0].starts_with("HIERARCH ESO DET ID = "));
    }
}
