//! The SHA-1 sum that a mapping states about itself.

use std::borrow::Cow;

use sha1::{Digest, Sha1};

/// Line ends as Python's text mode reads them: `\r\n` and `\r` become `\n`.
pub(super) fn universal_newlines(text: &str) -> Cow<'_, str> {
    if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Characters at which Python's `str.splitlines` ends a line.
fn ends_line(c: char) -> bool {
    matches!(
        c,
        '\n' | '\r' | '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

/// The sum of all lines in which the word `sha1sum` does not occur, as hexadecimal digits.
///
/// Source: crds 14.0.3 `core.rmap.Mapping._get_checksum`.
pub(crate) fn sum_of(text: &str) -> String {
    let mut sum = Sha1::new();
    let mut rest = text;
    while let Some(place) = rest.find("sha1sum") {
        let start = rest[..place]
            .char_indices()
            .rev()
            .find(|(_, c)| ends_line(*c))
            .map_or(0, |(at, c)| at + c.len_utf8());
        sum.update(&rest[..start]);
        let mut after = rest[place..].split_inclusive(ends_line);
        let end = place + after.next().map_or(0, str::len);
        rest = &rest[end..];
    }
    sum.update(rest);
    let mut digits = String::with_capacity(40);
    for octet in sum.finalize() {
        for half in [octet >> 4, octet & 15] {
            digits.extend(char::from_digit(half.into(), 16));
        }
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `printf 'a\nb\n' | sha1sum`.
    #[test]
    fn leaves_out_the_lines_of_the_sum_itself() {
        let expected = "05dec960e24d918b8a73a1c53bcbbaac2ee5c2e0";
        assert_eq!(sum_of("a\nb\n"), expected);
        assert_eq!(sum_of("a\n 'sha1sum' : 'x',\nb\n"), expected);
        assert_eq!(sum_of("a\nsha1sum sha1sum\nb\n sha1sum"), expected);
        // A line ends at a form feed, too.
        assert_eq!(sum_of("a\n sha1sum\u{c}b\n"), expected);
        assert_eq!(sum_of("sha1sum\u{2028}a\nb\n"), expected);
        assert_eq!(sum_of(&universal_newlines("a\r\nb\r")), expected);
    }
}
