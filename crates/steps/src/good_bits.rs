//! Lists of quality bits as users write them.

use datamodels::dq::pixel_bit;
use stpipe::StepError;

/// The bits that make a pixel unusable, from a list of those that do not.
///
/// The list has names or numbers with one of `+`, `,` and `|` between them; `~` in front, with or without parentheses,
/// turns its meaning. `None` stands for an empty list, `None` or `INDEF`: no bit matters then.
///
/// # Errors
/// `parameter` has another form, or a name that is not known.
///
/// # Source
/// astropy 8.0 `nddata.bitmask::interpret_bit_flags`.
pub(crate) fn bad_bits(parameter: &str, list: &str) -> Result<Option<u32>, StepError> {
    let wrong = || {
        StepError::input(
            parameter,
            "names of quality bits, with + between them",
            list,
        )
    };
    let text = list.trim();
    if ["", "NONE", "INDEF"].contains(&text.to_uppercase().as_str()) {
        return Ok(None);
    }
    let (turned, mut text) = match text.strip_prefix('~') {
        Some(rest) => (true, rest.trim()),
        None => (false, text),
    };
    while let Some(inner) = text
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
    {
        text = inner.trim();
    }
    let separators: Vec<char> = ['+', ',', '|']
        .into_iter()
        .filter(|c| text.contains(*c))
        .collect();
    let items: Vec<&str> = match separators[..] {
        [] => vec![text],
        [separator] => text.split(separator).map(str::trim).collect(),
        _ => return Err(wrong()),
    };
    let numbers = items[0].parse::<i64>().is_ok();
    let mut bits = 0;
    for item in &items {
        let value = if numbers {
            let value = item
                .parse::<i64>()
                .ok()
                .filter(|value| *value <= i64::from(u32::MAX));
            let value = value.ok_or_else(wrong)? as u32;
            if items.len() > 1 && !value.is_power_of_two() {
                return Err(wrong());
            }
            value
        } else {
            pixel_bit(item).ok_or_else(wrong)?
        };
        bits |= value;
    }
    Ok(Some(if turned { bits } else { !bits }))
}

#[cfg(test)]
mod tests {
    use super::bad_bits;

    #[test]
    fn lists_are_read_as_astropy_does() {
        // The complement of interpret_bit_flags(list, flag_name_map=pixel).
        for (list, bits) in [
            ("~DO_NOT_USE+NON_SCIENCE", Some(513)),
            ("~DO_NOT_USE", Some(1)),
            ("~(DO_NOT_USE, JUMP_DET)", Some(5)),
            ("4", Some(!4)),
            ("1|4", Some(!5)),
            ("~0", Some(0)),
            ("0", Some(u32::MAX)),
            ("~GOOD", Some(0)),
            ("", None),
            ("None", None),
            (" indef ", None),
        ] {
            assert_eq!(bad_bits("good_bits", list).unwrap(), bits, "{list}");
        }
    }

    #[test]
    fn other_lists_are_errors() {
        for list in [
            "NO_SUCH_BIT",
            "1+3",
            "DO_NOT_USE+4",
            "1,2+4",
            "~",
            "~~1",
            "DO_NOT_USE~HOT",
        ] {
            assert!(bad_bits("good_bits", list).is_err(), "{list}");
        }
    }
}
