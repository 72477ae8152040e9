//! Numbers as Python writes them.

/// The text that Python's `repr()` and `str()` give for a float: the shortest digits that read back to the same value, with an
/// exponent below 1e-4 and from 1e16 on.
///
/// ```
/// assert_eq!(crds::literal::python_float(1.0), "1.0");
/// assert_eq!(crds::literal::python_float(1e16), "1e+16");
/// assert_eq!(crds::literal::python_float(0.000_012), "1.2e-05");
/// ```
pub fn python_float(value: f64) -> String {
    if value.is_nan() {
        return "nan".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.into();
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if value != 0.0 && !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    let plain = format!("{value}");
    if plain.contains('.') {
        plain
    } else {
        plain + ".0"
    }
}

/// Reads a number literal (decimal, hexadecimal, octal or binary, with `_` between digits).
pub(super) fn read_number(text: &str) -> Option<super::Kind> {
    let digits: String = text.chars().filter(|c| *c != '_').collect();
    let radix = match digits.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => 16,
        Some("0o") => 8,
        Some("0b") => 2,
        _ => 10,
    };
    if radix != 10 {
        let value = i64::from_str_radix(&digits[2..], radix).ok()?;
        return Some(super::Kind::Int(value));
    }
    if digits.bytes().all(|c| c.is_ascii_digit())
        && let Ok(value) = digits.parse()
    {
        return Some(super::Kind::Int(value));
    }
    digits.parse().ok().map(super::Kind::Float)
}
