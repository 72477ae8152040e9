//! Amounts of memory as users write them.

use crate::Failure;

/// Units of powers of 1000, or of 1024 with an `i`.
const UNITS: [(&str, u32); 4] = [("k", 1), ("M", 2), ("G", 3), ("T", 4)];

/// `800M`, `16G`, `2GiB` or a number of bytes, at least a megabyte.
///
/// # Errors
/// [`Failure::Usage`] naming the option.
pub(crate) fn parse(option: &str, text: &str) -> Result<u64, Failure> {
    let is_number = |c: char| c.is_ascii_digit() || c == '.';
    let end = text.find(|c| !is_number(c)).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let value = number.parse::<f64>().ok().zip(factor(unit));
    let value = value.map(|(number, factor)| number * factor as f64);
    let value = value.filter(|value| *value >= 1e6 && *value < 1e18);
    value.map(|value| value as u64).ok_or_else(|| {
        Failure::Usage(format!(
            "{option}: expected an amount of at least 1M, such as 800M or 16G, found {text:?}"
        ))
    })
}

fn factor(unit: &str) -> Option<u64> {
    let unit = unit.strip_suffix(['B', 'b']).unwrap_or(unit);
    if unit.is_empty() {
        return Some(1);
    }
    UNITS.iter().find_map(|(letter, power)| {
        let binary = unit.strip_suffix('i');
        let base: u64 = if binary.is_some() { 1024 } else { 1000 };
        let is_it = binary.unwrap_or(unit).eq_ignore_ascii_case(letter);
        is_it.then(|| base.pow(*power))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_units() {
        let amounts = [
            ("1.5M", 1_500_000),
            ("2000000", 2_000_000),
            ("1GiB", 1 << 30),
            ("3gb", 3_000_000_000),
        ];
        for (text, expected) in amounts {
            assert_eq!(parse("--memory", text).ok(), Some(expected), "{text}");
        }
        for wrong in ["", "G", "3", "5X", "-1G", "1e99T"] {
            let error = parse("--memory", wrong);
            assert!(matches!(error, Err(Failure::Usage(_))), "{wrong}");
        }
    }
}
