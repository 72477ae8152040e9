//! File-name patterns as Python's `fnmatch.fnmatchcase` reads them: `*`, `?`, `[abc]`, `[!a-z]`; nothing is special
//! besides, and the whole text has to fit.

/// A pattern ready for use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Any,
    One,
    Char(char),
    Class {
        ranges: Vec<(char, char)>,
        negated: bool,
    },
}

impl Glob {
    /// Reads a pattern; every text is one.
    pub(super) fn new(pattern: &str) -> Self {
        let chars: Vec<char> = pattern.chars().collect();
        let mut parts = Vec::with_capacity(chars.len());
        let mut at = 0;
        while at < chars.len() {
            match chars[at] {
                '*' => {
                    if parts.last() != Some(&Part::Any) {
                        parts.push(Part::Any);
                    }
                }
                '?' => parts.push(Part::One),
                '[' => {
                    if let Some((part, end)) = class(&chars, at + 1) {
                        parts.push(part);
                        at = end;
                    } else {
                        parts.push(Part::Char('['));
                    }
                }
                c => parts.push(Part::Char(c)),
            }
            at += 1;
        }
        Self(parts)
    }

    /// True if no character of `pattern` is special.
    pub(super) fn is_plain(pattern: &str) -> bool {
        !pattern.contains(['*', '?', '['])
    }

    /// True if the whole of `text` fits.
    pub(super) fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let (mut part, mut at) = (0, 0);
        // Where to take up again after a `*` that has to swallow one character more.
        let mut again: Option<(usize, usize)> = None;
        while at < text.len() {
            match self.0.get(part) {
                Some(Part::Any) => {
                    again = Some((part + 1, at));
                    part += 1;
                }
                Some(one) if one.fits(text[at]) => {
                    part += 1;
                    at += 1;
                }
                _ => {
                    let Some((after_star, start)) = again else {
                        return false;
                    };
                    part = after_star;
                    at = start + 1;
                    again = Some((after_star, at));
                }
            }
        }
        self.0[part..].iter().all(|rest| *rest == Part::Any)
    }
}

impl Part {
    fn fits(&self, c: char) -> bool {
        match self {
            Self::Any => false,
            Self::One => true,
            Self::Char(own) => *own == c,
            Self::Class { ranges, negated } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated
            }
        }
    }
}

/// Reads a class whose bracket stands before `start`; gives it and the place of its closing bracket.
fn class(chars: &[char], start: usize) -> Option<(Part, usize)> {
    let negated = chars.get(start) == Some(&'!');
    let first = start + usize::from(negated);
    // A bracket in the first place is a member, not the end.
    let end = (first + 1..chars.len()).find(|at| chars[*at] == ']')?;
    let members = &chars[first..end];
    let mut ranges = Vec::new();
    let mut at = 0;
    while at < members.len() {
        if at + 2 < members.len() && members[at + 1] == '-' {
            ranges.push((members[at], members[at + 2]));
            at += 3;
        } else {
            ranges.push((members[at], members[at]));
            at += 1;
        }
    }
    Some((Part::Class { ranges, negated }, end))
}

#[cfg(test)]
mod tests {
    use super::Glob;

    /// Expected values from Python 3.11 `fnmatch.fnmatchcase`.
    #[test]
    fn fits_as_fnmatch_does() {
        let table = [
            ("*", "", true),
            ("*", "X", true),
            ("A*", "ABC", true),
            ("A*", "BA", false),
            ("*C", "ABC", true),
            ("*B*", "ABC", true),
            ("A?C", "ABC", true),
            ("A?C", "AC", false),
            ("[AB]C", "BC", true),
            ("[!AB]C", "BC", false),
            ("[!AB]C", "CC", true),
            ("[A-C]", "B", true),
            ("[A-C]", "D", false),
            ("[", "[", true),
            ("[AB", "[AB", true),
            ("[]]", "]", true),
            ("[]", "[]", true),
            ("MIR_FLAT*", "MIR_FLATIMAGE", true),
            ("A*B*C", "AXXBYYBC", true),
            ("A*B*C", "AXXBYYBD", false),
            ("", "", true),
            ("", "A", false),
            ("[-A]", "-", true),
            ("**", "AB", true),
            ("a", "A", false),
        ];
        for (pattern, text, expected) in table {
            assert_eq!(
                Glob::new(pattern).matches(text),
                expected,
                "{pattern} {text}"
            );
        }
    }
}
