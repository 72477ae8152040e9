//! Dates of exposures, in the many ways in which headers write them.
//!
//! Source: crds 14.0.3 `core.timestamp.parse_date`.

use crate::value::{python_number, python_strip};

/// A date and time without a zone. Ordered by time; written as `YYYY-MM-DD HH:MM:SS[.ffffff]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment {
    year: u32,
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
    second: u32,
    microsecond: u32,
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            year,
            month,
            day,
            hour,
            minute,
            second,
            microsecond,
        } = self;
        write!(
            f,
            "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"
        )?;
        if *microsecond > 0 {
            write!(f, ".{microsecond:06}")?;
        }
        Ok(())
    }
}

const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];

impl Moment {
    /// Reads a date; nothing if it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.contains("UNDEFINED") {
            return None;
        }
        let text = text.strip_suffix(" UT").unwrap_or(text);
        let separated;
        let text = if is_t_separated(text) {
            separated = text.replace('T', " ");
            &separated
        } else {
            text
        };
        if has_word(text) {
            Self::alphabetical(text)
        } else {
            Self::numerical(text)
        }
    }

    /// Microseconds since the year 0, for differences.
    pub(super) fn microseconds(&self) -> i64 {
        let (year, month) = (i64::from(self.year), i64::from(self.month));
        // Days of the civil calendar, with years that begin in March.
        let shifted = if month <= 2 { year - 1 } else { year };
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + i64::from(self.day) - 1;
        let days = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + day_of_year;
        let seconds = ((days * 24 + i64::from(self.hour)) * 60 + i64::from(self.minute)) * 60
            + i64::from(self.second);
        seconds * 1_000_000 + i64::from(self.microsecond)
    }

    fn new(date: (i64, i64, i64), time: (i64, i64, i64, i64)) -> Option<Self> {
        let (year, month, day) = date;
        let (hour, minute, second, microsecond) = time;
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            2 => 28 + i64::from(leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let valid = (1..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days).contains(&day)
            && (0..24).contains(&hour)
            && (0..60).contains(&minute)
            && (0..60).contains(&second)
            && (0..1_000_000).contains(&microsecond);
        valid.then_some(Self {
            year: year as u32,
            month: month as u32,
            day: day as u32,
            hour: hour as u32,
            minute: minute as u32,
            second: second as u32,
            microsecond: microsecond as u32,
        })
    }

    /// `Mar 21 2001 12:00:00 am` and `21-MAR-2001`.
    fn alphabetical(text: &str) -> Option<Self> {
        let mut text = text.to_owned();
        for (spaced, joined) in [(" am", "am"), (" pm", "pm")] {
            if text.to_lowercase().ends_with(spaced) {
                text = text.to_lowercase().replace(spaced, joined);
            }
        }
        let text = text.replace(['-', '/'], " ");
        let parts: Vec<&str> = text.split_whitespace().collect();
        let (month, day, year, time) = match parts.as_slice() {
            [month, day, year, time] => (*month, *day, *year, *time),
            [month, day, year] => (*month, *day, *year, "00:00AM"),
            _ => return None,
        };
        let day = day.strip_suffix(',').unwrap_or(day);
        let read = |month: &str, day: &str| Some((month_number(month)?, python_integer(day)?));
        let (month, day) = read(month, day).or_else(|| read(day, month))?;
        Self::new((python_integer(year)?, month, day), parse_time(time)?)
    }

    /// `2001-03-21 12:00:00`, `21/03/01`, `03/21/2001` and `20010321:120000`.
    fn numerical(text: &str) -> Option<Self> {
        let text = text.replace('-', "/");
        let (date, rest) = match text.trim_start().split_once(char::is_whitespace) {
            Some((date, rest)) => (date, rest.trim()),
            None => (text.trim(), ""),
        };
        let time = parse_time(if rest.is_empty() { "00:00:00" } else { rest })?;
        let shape: String = date
            .chars()
            .map(|c| if c.is_ascii_digit() { '9' } else { c })
            .collect();
        let part = |from: usize, to: usize| date.get(from..to).and_then(python_integer);
        match shape.as_str() {
            "99/99/9999" => Self::new((part(6, 10)?, part(0, 2)?, part(3, 5)?), time),
            "9999/99/99" => Self::new((part(0, 4)?, part(5, 7)?, part(8, 10)?), time),
            "99/99/99" => {
                let year = part(6, 8)?;
                // Two digits: the nineties, or the years up to 2039.
                let century = match year / 10 {
                    9 => 1900,
                    0..=3 => 2000,
                    _ => return None,
                };
                Self::new((century + year, part(3, 5)?, part(0, 2)?), time)
            }
            "99999999:999999" => {
                let time = (part(9, 11)?, part(11, 13)?, part(13, 15)?, 0);
                Self::new((part(0, 4)?, part(4, 6)?, part(6, 8)?), time)
            }
            _ => None,
        }
    }
}

/// True for `YYYY-MM-DDThh:mm[:ss][.ffffff]` with `-` or `/` in the date.
fn is_t_separated(text: &str) -> bool {
    let shape: String = text
        .chars()
        .map(|c| match c {
            '0'..='9' => '9',
            '-' | '/' => '-',
            _ => c,
        })
        .collect();
    let Some(rest) = shape.strip_prefix("9999-99-99T99:99") else {
        return false;
    };
    let rest = rest.strip_prefix(":99").unwrap_or(rest);
    let fraction = rest
        .strip_prefix('.')
        .is_some_and(|digits| (1..=6).contains(&digits.len()) && digits.bytes().all(|c| c == b'9'));
    rest.is_empty() || fraction
}

/// True if three letters stand together.
fn has_word(text: &str) -> bool {
    text.as_bytes()
        .windows(3)
        .any(|three| three.iter().all(u8::is_ascii_alphabetic))
}

fn month_number(name: &str) -> Option<i64> {
    let start: String = name.chars().take(3).collect::<String>().to_uppercase();
    let place = MONTHS.iter().position(|month| *month == start)?;
    Some(place as i64 + 1)
}

/// Reads an integer as Python's `int()` does, up to 18 digits.
fn python_integer(text: &str) -> Option<i64> {
    let text = python_strip(text);
    if text.len() > 19 || text.contains("__") || text.starts_with('_') || text.ends_with('_') {
        return None;
    }
    text.replace('_', "").parse().ok()
}

fn parse_time(time: &str) -> Option<(i64, i64, i64, i64)> {
    let time = python_strip(time);
    let split = time.char_indices().rev().nth(1).map_or(0, |(at, _)| at);
    let half = time[split..].to_uppercase();
    let time = if half == "AM" || half == "PM" {
        &time[..split]
    } else {
        time
    };
    let parts: Vec<&str> = time.split(':').collect();
    let (hour, minute, second) = match parts.as_slice() {
        [hour, minute] => (*hour, *minute, "00"),
        [hour, minute, second] | [hour, minute, second, _] => (*hour, *minute, *second),
        _ => return None,
    };
    let (mut hour, minute) = (python_integer(hour)?, python_integer(minute)?);
    let second = python_number(second).filter(|second| second.is_finite())?;
    let whole = second.trunc();
    let microsecond = ((second - whole) * 1e6).trunc();
    if half == "PM" && hour < 12 {
        hour += 12;
    } else if half == "AM" && hour == 12 {
        hour = 0;
    }
    Some((hour, minute, whole as i64, microsecond as i64))
}

#[cfg(test)]
mod tests {
    use super::Moment;

    /// Expected values from crds 14.0.3 `timestamp.reformat_date`; `!` where it raises.
    #[test]
    fn reads_dates_as_the_client_does() {
        let table = [
            ("2015-01-02 03:04:05", "2015-01-02 03:04:05"),
            ("2015-01-02", "2015-01-02 00:00:00"),
            ("2015-01-02T03:04:05", "2015-01-02 03:04:05"),
            ("2015/01/02T03:04", "2015-01-02 03:04:00"),
            ("2015-01-02T03:04:05.25", "2015-01-02 03:04:05.250000"),
            ("2015-01-02T03:04:05.1234567", "!"),
            ("2015-01-02 03:04:05.1234567", "2015-01-02 03:04:05.123456"),
            ("2015-01-02 03:04:05 UT", "2015-01-02 03:04:05"),
            ("01/02/2015", "2015-01-02 00:00:00"),
            ("21/12/15", "2015-12-21 00:00:00"),
            ("21/12/99", "1999-12-21 00:00:00"),
            ("21/12/45", "!"),
            ("20150102:030405", "2015-01-02 03:04:05"),
            ("MAR 21 2001", "2001-03-21 00:00:00"),
            ("Mar 21, 2001 12:00:00 AM", "2001-03-21 00:00:00"),
            ("21-MAR-2001 1:02PM", "2001-03-21 13:02:00"),
            ("21 MARCH 2001 23:59:59.5", "2001-03-21 23:59:59.500000"),
            ("2015-02-30", "!"),
            ("2016-02-29", "2016-02-29 00:00:00"),
            ("2015-01-02 24:00:00", "!"),
            ("2015-01-02 23:60", "!"),
            ("2015-01-02 3:4:5", "2015-01-02 03:04:05"),
            ("", "!"),
            ("UNDEFINED 00:00:00", "!"),
            ("N/A", "!"),
            ("* 00:00:00", "!"),
            ("2015.0", "!"),
            ("0001-01-01", "0001-01-01 00:00:00"),
            ("2015-01-02 03:04:05:99", "2015-01-02 03:04:05"),
            ("2015-01-02 03", "!"),
            ("2015-01-02 03:04:05 PM", "2015-01-02 15:04:05"),
            ("0000-01-01", "!"),
            ("2015-01-02 -1:00", "!"),
            ("2015-01-02 03:04:1E1", "2015-01-02 03:04:10"),
            ("20-20-2020", "!"),
            ("\u{e9}", "!"),
            ("2015-01-02T03:04:05Z", "!"),
        ];
        for (given, expected) in table {
            let found = Moment::parse(given).map_or("!".to_owned(), |moment| moment.to_string());
            assert_eq!(found, expected, "{given}");
        }
    }

    #[test]
    fn differences_count_leap_days() {
        let microseconds = |text: &str| Moment::parse(text).expect(text).microseconds();
        let day = 86_400_000_000;
        assert_eq!(
            microseconds("2016-03-01") - microseconds("2016-02-28"),
            2 * day
        );
        assert_eq!(microseconds("2015-03-01") - microseconds("2015-02-28"), day);
        assert_eq!(
            microseconds("2015-01-01") - microseconds("2014-12-31 23:59:59.5"),
            500_000
        );
        assert_eq!(microseconds("1900-03-01") - microseconds("1900-02-28"), day);
    }
}
