//! What a scalar means in YAML 1.1, and how to write one that means what it should.
//!
//! The rules are those of `PyYAML` 6 (`yaml.resolver`, `yaml.constructor`), which Python's `asdf` uses: `yes` and `on`
//! are booleans, `0o17` and `1e5` are strings, `017` and `1:30` are integers.

use crate::Node;

use super::YAML_TAG;

/// What a plain scalar means.
#[derive(Debug, PartialEq)]
pub(super) enum Meaning {
    /// A value, or a plain string.
    Value(Node),
    /// `<<`, which merges another mapping when it is a key.
    Merge,
}

/// The meaning of a plain scalar without a tag.
pub(super) fn resolve(text: &str) -> Meaning {
    let Some(&first) = text.as_bytes().first() else {
        return Meaning::Value(Node::Null);
    };
    let node = match first {
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => word(text),
        b'0'..=b'9' | b'+' | b'-' | b'.' => number(text).or_else(|| timestamp(text)),
        b'<' if text == "<<" => return Meaning::Merge,
        b'=' if text == "=" => Some(Node::tagged(format!("{YAML_TAG}value"), text)),
        _ => None,
    };
    Meaning::Value(node.unwrap_or_else(|| Node::from(text)))
}

fn word(text: &str) -> Option<Node> {
    if matches!(text, "~" | "null" | "Null" | "NULL") {
        return Some(Node::Null);
    }
    parse_bool_exact(text).map(Node::Bool)
}

fn parse_bool_exact(text: &str) -> Option<bool> {
    match text {
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Some(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

fn number(text: &str) -> Option<Node> {
    if is_float(text) {
        return parse_float(text).map(Node::Float);
    }
    if is_int(text) { parse_int(text) } else { None }
}

fn timestamp(text: &str) -> Option<Node> {
    is_timestamp(text).then(|| Node::tagged(format!("{YAML_TAG}timestamp"), text))
}

/// The value of a scalar that carries one of YAML's own tags (`suffix` follows `tag:yaml.org,2002:`). `None` if its text
/// does not fit the tag, or the tag has no node type of its own.
pub(super) fn construct(suffix: &str, text: &str) -> Option<Node> {
    match suffix {
        "str" => Some(Node::from(text)),
        "null" => Some(Node::Null),
        "bool" => parse_bool_exact(&text.to_lowercase()).map(Node::Bool),
        "int" => parse_int(text),
        "float" => parse_float(text).map(Node::Float),
        _ => None,
    }
}

fn all(text: &str, allowed: impl Fn(u8) -> bool) -> bool {
    text.bytes().all(allowed)
}

fn digit_or_underscore(byte: u8) -> bool {
    byte.is_ascii_digit() || byte == b'_'
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['-', '+']).unwrap_or(text)
}

/// The sexagesimal tail of `1:30:00`: one or more of `:` and a number below 60, of which the last is returned apart.
fn sexagesimal(text: &str) -> Option<&str> {
    let (head, tail) = text.split_once(':')?;
    if head.is_empty()
        || !head.starts_with(|c: char| c.is_ascii_digit())
        || !all(head, digit_or_underscore)
    {
        return None;
    }
    let mut parts: Vec<&str> = tail.split(':').collect();
    let last = parts.pop()?;
    parts.iter().all(|part| below_sixty(part)).then_some(last)
}

fn below_sixty(part: &str) -> bool {
    match part.as_bytes() {
        [one] => one.is_ascii_digit(),
        [ten, one] => (b'0'..=b'5').contains(ten) && one.is_ascii_digit(),
        _ => false,
    }
}

fn is_int(text: &str) -> bool {
    let body = unsigned(text);
    if let Some(bits) = body.strip_prefix("0b") {
        return !bits.is_empty() && all(bits, |b| matches!(b, b'0' | b'1' | b'_'));
    }
    if let Some(hex) = body.strip_prefix("0x") {
        return !hex.is_empty() && all(hex, |b| b.is_ascii_hexdigit() || b == b'_');
    }
    if let Some(octal) = body.strip_prefix('0') {
        return all(octal, |b| matches!(b, b'0'..=b'7' | b'_'));
    }
    if !body.starts_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    all(body, digit_or_underscore) || sexagesimal(body).is_some_and(below_sixty)
}

fn is_float(text: &str) -> bool {
    let body = unsigned(text);
    if matches!(body, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let Some((whole, rest)) = body.split_once('.') else {
        return false;
    };
    if body.contains(':') {
        // `1:30.5`: the whole part is sexagesimal, and no exponent may follow.
        return all(rest, digit_or_underscore) && sexagesimal(whole).is_some_and(below_sixty);
    }
    let (fraction, exponent) = match rest.split_once(['e', 'E']) {
        Some((fraction, exponent)) => (fraction, Some(exponent)),
        None => (rest, None),
    };
    let exponent_fits = exponent.is_none_or(|text| {
        let digits = unsigned(text);
        digits.len() < text.len() && !digits.is_empty() && all(digits, |b| b.is_ascii_digit())
    });
    let whole_fits = if whole.is_empty() {
        // `.5` is a number, `-.5` is not.
        body.len() == text.len() && fraction.starts_with(|c: char| c.is_ascii_digit())
    } else {
        whole.starts_with(|c: char| c.is_ascii_digit()) && all(whole, digit_or_underscore)
    };
    whole_fits && exponent_fits && all(fraction, digit_or_underscore)
}

fn is_timestamp(text: &str) -> bool {
    let bytes = text.as_bytes();
    let number = |from: usize, most: usize| {
        let found = bytes.get(from..).unwrap_or_default();
        found
            .iter()
            .take(most)
            .take_while(|b| b.is_ascii_digit())
            .count()
    };
    if number(0, 4) != 4 || bytes.get(4) != Some(&b'-') {
        return false;
    }
    let month = number(5, 2);
    if month == 0 || bytes.get(5 + month) != Some(&b'-') {
        return false;
    }
    let day = number(6 + month, 2);
    let rest = 6 + month + day;
    if day == 0 {
        return false;
    }
    if rest == bytes.len() {
        return month == 2 && day == 2;
    }
    is_time_of_day(&text[rest..])
}

/// `T12:00:00.5 +1:00`, as it follows a date.
fn is_time_of_day(text: &str) -> bool {
    let time = if let Some(time) = text.strip_prefix(['T', 't']) {
        time
    } else {
        let time = text.trim_start_matches([' ', '\t']);
        if time.len() == text.len() {
            return false;
        }
        time
    };
    let zone_at = time.find([' ', '\t', 'Z', '+', '-']).unwrap_or(time.len());
    let (clock, zone) = time.split_at(zone_at);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let parts: Vec<&str> = clock.split(':').collect();
    let digits = |part: &str, lengths: &[usize]| {
        lengths.contains(&part.len()) && all(part, |b| b.is_ascii_digit())
    };
    let clock_fits = parts.len() == 3
        && digits(parts[0], &[1, 2])
        && digits(parts[1], &[2])
        && digits(parts[2], &[2]);
    clock_fits && all(fraction, |b| b.is_ascii_digit()) && is_zone(zone)
}

fn is_zone(text: &str) -> bool {
    let zone = text.trim_start_matches([' ', '\t']);
    if zone.is_empty() {
        // Blanks alone cannot follow: a plain scalar has none at its end.
        return text.is_empty();
    }
    let Some(offset) = zone.strip_prefix(['+', '-']) else {
        return zone == "Z";
    };
    let (hours, minutes) = match offset.split_once(':') {
        Some((hours, minutes)) if minutes.len() == 2 => (hours, minutes),
        Some(_) => return false,
        None if offset.len() > 2 => match offset.split_at_checked(offset.len() - 2) {
            Some(parts) => parts,
            None => return false,
        },
        None => (offset, ""),
    };
    (1..=2).contains(&hours.len())
        && all(hours, |b| b.is_ascii_digit())
        && all(minutes, |b| b.is_ascii_digit())
}

/// An integer in any of YAML's notations. One beyond 64 bits keeps its decimal digits below a tag.
fn parse_int(text: &str) -> Option<Node> {
    let digits = text.replace('_', "");
    let (negative, body) = match digits.strip_prefix('-') {
        Some(body) => (true, body),
        None => (false, digits.strip_prefix('+').unwrap_or(&digits)),
    };
    let magnitude = if body == "0" {
        Some(0)
    } else if let Some(bits) = body.strip_prefix("0b") {
        radix(bits, 2)
    } else if let Some(hex) = body.strip_prefix("0x") {
        radix(hex, 16)
    } else if let Some(octal) = body.strip_prefix('0') {
        radix(octal, 8)
    } else if body.contains(':') {
        body.split(':').try_fold(0_i128, |sum, part| {
            sum.checked_mul(60)?.checked_add(radix(part, 10)?)
        })
    } else {
        radix(body, 10)
    };
    let Some(magnitude) = magnitude else {
        // Too wide even for the sum: a decimal number keeps its text, anything else is damage.
        let decimal =
            !body.is_empty() && !body.starts_with('0') && all(body, |b| b.is_ascii_digit());
        return decimal.then(|| wide_int(&digits));
    };
    let value = if negative { -magnitude } else { magnitude };
    Some(i64::try_from(value).map_or_else(|_| wide_int(&value.to_string()), Node::Int))
}

fn radix(digits: &str, base: u32) -> Option<i128> {
    if digits.is_empty() || !all(digits, |b| b.is_ascii_alphanumeric()) {
        return None;
    }
    i128::from_str_radix(digits, base).ok()
}

fn wide_int(digits: &str) -> Node {
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    Node::tagged(format!("{YAML_TAG}int"), digits)
}

/// Whether `text` is what [`parse_int`] keeps of an integer beyond 64 bits.
pub(super) fn is_wide_int(text: &str) -> bool {
    let body = text.strip_prefix('-').unwrap_or(text);
    !body.is_empty() && !body.starts_with('0') && all(body, |b| b.is_ascii_digit())
}

fn parse_float(text: &str) -> Option<f64> {
    let lower = text.replace('_', "").to_lowercase();
    let (sign, body) = match lower.strip_prefix('-') {
        Some(body) => (-1.0, body),
        None => (1.0, lower.strip_prefix('+').unwrap_or(&lower)),
    };
    match body {
        ".inf" => return Some(sign * f64::INFINITY),
        ".nan" => return Some(f64::NAN),
        _ => {}
    }
    if body.contains(':') {
        let parts: Option<Vec<f64>> = body.split(':').map(|part| part.parse().ok()).collect();
        return Some(sign * parts?.iter().fold(0.0, |sum, part| sum * 60.0 + part));
    }
    // Rust knows words such as `inf` that YAML does not.
    let numeric = all(body, |b| {
        b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'+' | b'-')
    });
    if numeric {
        body.parse::<f64>().ok().map(|value| sign * value)
    } else {
        None
    }
}

/// A float in the fewest digits that read back as the same bits, in a form that YAML 1.1 takes for a float: always with
/// a point, and with a sign in the exponent.
pub(super) fn format_float(value: f64) -> String {
    if value.is_nan() {
        return ".nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    // The same switch as Python's `repr`, so that files look alike.
    if (-4..16).contains(&exponent) {
        let plain = format!("{value}");
        return if plain.contains('.') {
            plain
        } else {
            plain + ".0"
        };
    }
    let point = if mantissa.contains('.') { "" } else { ".0" };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}{point}e{sign}{:02}", exponent.abs())
}

/// Whether a string written plain would be read as the same string, wherever it stands; `in_flow` when it stands
/// within brackets or is a key.
pub(super) fn is_plain_string(text: &str, in_flow: bool) -> bool {
    let mut characters = text.chars();
    let Some(first) = characters.next() else {
        return false;
    };
    let starts_well = first.is_alphanumeric()
        || matches!(first, '_' | '/' | '(' | '.' | '<' | '+' | '$' | '^' | ';');
    let starts_well =
        starts_well || (first == '-' && text[1..].starts_with(|c: char| c.is_ascii_alphanumeric()));
    if !starts_well || text.ends_with([' ', ':']) || text.starts_with("...") {
        return false;
    }
    if text.contains(": ")
        || text.contains(" #")
        || !text.chars().all(|c| c == ' ' || is_printable(c))
    {
        return false;
    }
    // Some readers take a hyphen before a comma or a bracket for the begin of an entry.
    if in_flow && (text.contains([',', '[', ']', '{', '}', '?', ':']) || text.ends_with(" -")) {
        return false;
    }
    matches!(resolve(text), Meaning::Value(Node::String(_)))
}

/// Whether a character may stand in YAML as it is, on one line.
pub(super) fn is_printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a0}'..='\u{2027}' | '\u{202a}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}'
        | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}
