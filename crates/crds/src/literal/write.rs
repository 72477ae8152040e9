//! Literals to text, as Python's `repr()` writes them.

use std::fmt::{Display, Formatter, Result, Write};

use super::{Kind, Literal, python_float};

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match &self.kind {
            Kind::None => f.write_str("None"),
            Kind::Bool(true) => f.write_str("True"),
            Kind::Bool(false) => f.write_str("False"),
            Kind::Int(value) => write!(f, "{value}"),
            Kind::Float(value) => f.write_str(&python_float(*value)),
            Kind::Str(text) => write_string(f, text),
            Kind::Bytes(octets) => {
                f.write_char('b')?;
                let text: String = octets.iter().map(|octet| char::from(*octet)).collect();
                write_octets(f, &text)
            }
            Kind::Tuple(items) => {
                write_items(f, "(", items, if items.len() == 1 { ",)" } else { ")" })
            }
            Kind::List(items) => write_items(f, "[", items, "]"),
            Kind::Set(items) => write_items(f, "{", items, "}"),
            Kind::Call(name, arguments) => {
                f.write_str(name)?;
                write_items(f, "(", arguments, ")")
            }
            Kind::Dict(entries) => {
                f.write_char('{')?;
                for (place, (key, value)) in entries.iter().enumerate() {
                    if place > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{key}: {value}")?;
                }
                f.write_char('}')
            }
        }
    }
}

fn write_items(f: &mut Formatter<'_>, open: &str, items: &[Literal], close: &str) -> Result {
    f.write_str(open)?;
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            f.write_str(", ")?;
        }
        write!(f, "{item}")?;
    }
    f.write_str(close)
}

fn quote_for(text: &str) -> char {
    if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    }
}

fn write_escaped(f: &mut Formatter<'_>, c: char, quote: char) -> Result {
    match c {
        '\\' => f.write_str("\\\\"),
        '\n' => f.write_str("\\n"),
        '\r' => f.write_str("\\r"),
        '\t' => f.write_str("\\t"),
        _ if c == quote => write!(f, "\\{c}"),
        _ if c.is_control() && u32::from(c) < 256 => write!(f, "\\x{:02x}", u32::from(c)),
        _ => f.write_char(c),
    }
}

fn write_string(f: &mut Formatter<'_>, text: &str) -> Result {
    let quote = quote_for(text);
    f.write_char(quote)?;
    text.chars().try_for_each(|c| write_escaped(f, c, quote))?;
    f.write_char(quote)
}

fn write_octets(f: &mut Formatter<'_>, text: &str) -> Result {
    let quote = quote_for(text);
    f.write_char(quote)?;
    for c in text.chars() {
        if c.is_ascii() {
            write_escaped(f, c, quote)?;
        } else {
            write!(f, "\\x{:02x}", u32::from(c))?;
        }
    }
    f.write_char(quote)
}
