//! Numbers as Python writes them.

/// The shortest text from which the number is read back; exponents below -4 and from 16 on.
pub(super) fn float_text(value: impl std::fmt::LowerExp + Copy + Into<f64>) -> String {
    let mut text = String::new();
    write_float(&mut text, value);
    text
}

/// Adds [`float_text`] to a text.
pub(super) fn write_float(text: &mut String, value: impl std::fmt::LowerExp + Copy + Into<f64>) {
    let wide: f64 = value.into();
    if wide.is_nan() {
        return text.push_str("nan");
    }
    if wide.is_infinite() {
        return text.push_str(if wide > 0.0 { "inf" } else { "-inf" });
    }
    let shortest = format!("{value:e}");
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let mantissa = match mantissa.strip_prefix('-') {
        Some(rest) => {
            text.push('-');
            rest
        }
        None => mantissa,
    };
    if !(-4..16).contains(&exponent) {
        let direction = if exponent < 0 { '-' } else { '+' };
        text.push_str(mantissa);
        text.push('e');
        text.push(direction);
        if exponent.abs() < 10 {
            text.push('0');
        }
        return text.push_str(&exponent.abs().to_string());
    }
    let (first, rest) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let zeros = |text: &mut String, count: usize| (0..count).for_each(|_| text.push('0'));
    let places = exponent.unsigned_abs() as usize;
    if exponent < 0 {
        text.push_str("0.");
        zeros(text, places - 1);
        text.push_str(first);
        return text.push_str(rest);
    }
    text.push_str(first);
    let (before, after) = rest.split_at(places.min(rest.len()));
    text.push_str(before);
    zeros(text, places - before.len());
    text.push('.');
    text.push_str(if after.is_empty() { "0" } else { after });
}
