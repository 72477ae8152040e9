//! Text to tokens.

use super::{Kind, Position, SyntaxError, number::read_number};

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TokenKind {
    /// A string, bytes or number.
    Value(Kind),
    /// A name or keyword.
    Name(String),
    /// An operator or bracket.
    Mark(&'static str),
    /// The end of a line outside brackets.
    Newline,
    /// The end of the text.
    End,
}

/// A token and its place.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) position: Position,
}

impl Token {
    /// A short description for error messages.
    pub(crate) fn describe(&self) -> String {
        match &self.kind {
            TokenKind::Value(Kind::Str(text)) => {
                let short: String = text.chars().take(24).collect();
                format!("the string '{short}'")
            }
            TokenKind::Value(Kind::Bytes(_)) => "a bytes string".into(),
            TokenKind::Value(kind) => format!("the number {}", super::Literal::from(kind.clone())),
            TokenKind::Name(name) => format!("the name `{name}`"),
            TokenKind::Mark(mark) => format!("`{mark}`"),
            TokenKind::Newline => "the end of the line".into(),
            TokenKind::End => "the end of the text".into(),
        }
    }
}

/// Longest marks first, so that the first that fits is the right one.
const MARKS: [&str; 19] = [
    "==", "!=", "<=", ">=", "(", ")", "[", "]", "{", "}", ",", ":", "=", ".", "-", "+", "<", ">",
    ";",
];

/// Reads tokens from a text.
pub(crate) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    line: u32,
    line_start: usize,
    /// Open brackets: line ends are blanks inside them.
    open: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            line: 1,
            line_start: 0,
            open: 0,
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn position(&self) -> Position {
        Position {
            line: self.line,
            column: (self.at - self.line_start) as u32 + 1,
        }
    }

    fn error(&self, expected: &str, found: impl Into<String>) -> SyntaxError {
        SyntaxError {
            position: self.position(),
            expected: expected.into(),
            found: found.into(),
        }
    }

    fn new_line(&mut self) {
        self.line += 1;
        self.line_start = self.at;
    }

    /// Skips blanks and comments; true if a line end outside brackets was met.
    fn skip_blanks(&mut self) -> bool {
        let mut ended = false;
        while let Some(c) = self.peek() {
            match c {
                b' ' | b'\t' | b'\x0c' | b'\r' => self.at += 1,
                b'\n' => {
                    self.at += 1;
                    self.new_line();
                    ended |= self.open == 0;
                }
                b'#' => self.at += self.rest().find('\n').unwrap_or(self.rest().len()),
                b'\\' if self.rest().starts_with("\\\n") => {
                    self.at += 2;
                    self.new_line();
                }
                _ => break,
            }
            if ended {
                break;
            }
        }
        ended
    }

    /// The next token.
    pub(crate) fn next(&mut self) -> Result<Token, SyntaxError> {
        let before = self.position_if_needed();
        if self.skip_blanks() {
            return Ok(Token {
                kind: TokenKind::Newline,
                position: before,
            });
        }
        let position = self.position();
        let Some(c) = self.peek() else {
            return Ok(Token {
                kind: TokenKind::End,
                position,
            });
        };
        let kind = match c {
            b'\'' | b'"' => self.string("")?,
            b'0'..=b'9' => self.number()?,
            b'.' if self.rest()[1..].starts_with(|d: char| d.is_ascii_digit()) => self.number()?,
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => self.name_or_string()?,
            _ => self.mark()?,
        };
        Ok(Token { kind, position })
    }

    /// The place before blanks matters only for a line's end.
    fn position_if_needed(&self) -> Position {
        if self.open == 0 {
            self.position()
        } else {
            Position::default()
        }
    }

    fn mark(&mut self) -> Result<TokenKind, SyntaxError> {
        let rest = self.rest();
        let marks = match rest.as_bytes() {
            [b'(' | b')' | b'[' | b']' | b'{' | b'}' | b',' | b':', ..] => &MARKS[4..12],
            _ => &MARKS[..],
        };
        let Some(mark) = marks.iter().find(|mark| rest.starts_with(**mark)) else {
            let found = rest
                .chars()
                .next()
                .map_or(String::new(), |c| c.escape_default().to_string());
            return Err(self.error("a literal", format!("`{found}`")));
        };
        match *mark {
            "(" | "[" | "{" => self.open += 1,
            ")" | "]" | "}" => self.open = self.open.saturating_sub(1),
            _ => {}
        }
        self.at += mark.len();
        Ok(TokenKind::Mark(mark))
    }

    fn number(&mut self) -> Result<TokenKind, SyntaxError> {
        let rest = self.rest();
        let bytes = rest.as_bytes();
        let hexadecimal = rest.starts_with("0x") || rest.starts_with("0X");
        let mut length = 0;
        while let Some(c) = bytes.get(length) {
            let sign_of_exponent = matches!(c, b'+' | b'-')
                && !hexadecimal
                && length > 0
                && matches!(bytes[length - 1], b'e' | b'E');
            if !(c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_') || sign_of_exponent) {
                break;
            }
            length += 1;
        }
        let Some(kind) = read_number(&rest[..length]) else {
            return Err(self.error("a number", format!("`{}`", &rest[..length])));
        };
        self.at += length;
        Ok(TokenKind::Value(kind))
    }

    fn name_or_string(&mut self) -> Result<TokenKind, SyntaxError> {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let name = &rest[..end.unwrap_or(rest.len())];
        let quoted = rest[name.len()..].starts_with(['\'', '"']);
        if quoted && name.len() <= 2 {
            let prefix = name.to_ascii_lowercase();
            return match prefix.as_str() {
                "u" | "r" | "b" | "br" | "rb" => {
                    self.at += name.len();
                    self.string(&prefix)
                }
                _ => Err(self.error("a plain string", format!("a string with prefix `{name}`"))),
            };
        }
        self.at += name.len();
        Ok(TokenKind::Name(name.to_owned()))
    }

    /// Reads a string whose quotes come next.
    fn string(&mut self, prefix: &str) -> Result<TokenKind, SyntaxError> {
        let raw = prefix.contains('r');
        let bytes = prefix.contains('b');
        let quote = if self.rest().starts_with("'''") || self.rest().starts_with("\"\"\"") {
            &self.rest()[..3]
        } else {
            &self.rest()[..1]
        };
        let long = quote.len() == 3;
        self.at += quote.len();
        // Most strings are plain up to their end: one look and one copy.
        let plain = |c: u8| !matches!(c, b'\\' | b'\n' | b'\'' | b'"');
        let count = self.rest().bytes().take_while(|c| plain(*c)).count();
        let mut value = self.rest()[..count].to_owned();
        self.at += count;
        loop {
            let rest = self.rest();
            if rest.starts_with(quote) {
                self.at += quote.len();
                break;
            }
            let Some(c) = rest.chars().next() else {
                return Err(self.error(&format!("a closing {quote}"), "the end of the text"));
            };
            match c {
                '\\' if raw => {
                    let escaped: String = rest.chars().take(2).collect();
                    self.at += escaped.len();
                    value.push_str(&escaped);
                    if escaped.ends_with('\n') {
                        self.new_line();
                    }
                }
                '\\' => self.escape(&mut value, bytes)?,
                '\n' if !long => {
                    return Err(self.error(&format!("a closing {quote}"), "the end of the line"));
                }
                _ => {
                    self.at += c.len_utf8();
                    value.push(c);
                    if c == '\n' {
                        self.new_line();
                    }
                }
            }
        }
        if !bytes {
            return Ok(TokenKind::Value(Kind::Str(value)));
        }
        // Bytes above 127 come from escapes only, and are held as one character each until here.
        let octets: Option<Vec<u8>> = value
            .chars()
            .map(|c| u8::try_from(u32::from(c)).ok())
            .collect();
        match octets {
            Some(octets) => Ok(TokenKind::Value(Kind::Bytes(octets))),
            None => Err(self.error("ASCII characters in a bytes string", "another character")),
        }
    }

    /// Reads a backslash escape.
    fn escape(&mut self, value: &mut String, bytes: bool) -> Result<(), SyntaxError> {
        let Some(c) = self.rest()[1..].chars().next() else {
            return Err(self.error("a character after the backslash", "the end of the text"));
        };
        let simple = match c {
            '\\' | '\'' | '"' => Some(c),
            'a' => Some('\x07'),
            'b' => Some('\x08'),
            'f' => Some('\x0c'),
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            'v' => Some('\x0b'),
            _ => None,
        };
        if let Some(simple) = simple {
            value.push(simple);
            self.at += 2;
            return Ok(());
        }
        let digits = self.rest().get(2..).unwrap_or_default();
        let (code, length) = match c {
            '\n' => {
                self.at += 2;
                self.new_line();
                return Ok(());
            }
            'x' => (digits.get(..2), 4),
            'u' if !bytes => (digits.get(..4), 6),
            'U' if !bytes => (digits.get(..8), 10),
            'N' if !bytes => return Err(self.error("a numeric escape", "a named character escape")),
            '0'..='7' => {
                let octal = &self.rest()[1..];
                let end = octal
                    .bytes()
                    .take(3)
                    .take_while(|d| (b'0'..=b'7').contains(d))
                    .count();
                let code = u32::from_str_radix(&octal[..end], 8).unwrap_or(0);
                value.push(char::from_u32(code).unwrap_or('\u{fffd}'));
                self.at += 1 + end;
                return Ok(());
            }
            _ => {
                // Python keeps the backslash of an escape that it does not know.
                value.push('\\');
                self.at += 1;
                return Ok(());
            }
        };
        let hexadecimal = code.filter(|code| code.bytes().all(|d| d.is_ascii_hexdigit()));
        let character = hexadecimal
            .and_then(|code| u32::from_str_radix(code, 16).ok())
            .and_then(char::from_u32);
        let Some(character) = character else {
            return Err(self.error("the hexadecimal code of a character", format!("`\\{c}`")));
        };
        value.push(character);
        self.at += length;
        Ok(())
    }
}
