//! Defines how outputs write points in time.

use std::fmt::Write as _;

/// The `timeFormat` of the CSV output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeFormat {
    Unix,
    UnixMilli,
    UnixMicro,
    UnixNano,
    Rfc3339,
    Rfc3339Nano,
}

/// Every format with its name.
pub(crate) const FORMATS: [(&str, TimeFormat); 6] = [
    ("unix", TimeFormat::Unix),
    ("unix_milli", TimeFormat::UnixMilli),
    ("unix_micro", TimeFormat::UnixMicro),
    ("unix_nano", TimeFormat::UnixNano),
    ("rfc3339", TimeFormat::Rfc3339),
    ("rfc3339_nano", TimeFormat::Rfc3339Nano),
];

const SECOND: u64 = 1_000_000_000;
const DAY: u64 = 86_400;

impl TimeFormat {
    /// Writes nanoseconds since the Unix epoch.
    pub(crate) fn write(self, unix_ns: u64) -> String {
        match self {
            Self::Unix => (unix_ns / SECOND).to_string(),
            Self::UnixMilli => (unix_ns / 1_000_000).to_string(),
            Self::UnixMicro => (unix_ns / 1_000).to_string(),
            Self::UnixNano => unix_ns.to_string(),
            Self::Rfc3339 => rfc3339(unix_ns, Fraction::None),
            Self::Rfc3339Nano => rfc3339_nano(unix_ns),
        }
    }
}

/// Such as `2026-01-31T12:00:00.25Z`: in UTC, with as many decimals as there are.
pub(crate) fn rfc3339_nano(unix_ns: u64) -> String {
    rfc3339(unix_ns, Fraction::Needed)
}

#[derive(Clone, Copy, PartialEq)]
enum Fraction {
    None,
    Needed,
}

fn rfc3339(unix_ns: u64, fraction: Fraction) -> String {
    let (seconds, nanos) = (unix_ns / SECOND, unix_ns % SECOND);
    let (year, month, day) = civil(seconds / DAY);
    let (hour, minute, second) = (seconds % DAY / 3600, seconds % 3600 / 60, seconds % 60);
    let mut text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    if fraction == Fraction::Needed && nanos > 0 {
        let digits = format!("{nanos:09}");
        // Writing to a string cannot fail.
        let _ = write!(text, ".{}", digits.trim_end_matches('0'));
    }
    text.push('Z');
    text
}

/// Year, month and day of the Gregorian calendar, from days since 1970-01-01.
///
/// Counts from 0000-03-01, so that the leap day is a year's last: an era of 400 years has 146,097 days, and months
/// from March on have `(153·m + 2) / 5` days before them.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_written() {
        let unix_ns = 1_709_210_096_012_340_000;
        let expected = [
            "1709210096",
            "1709210096012",
            "1709210096012340",
            "1709210096012340000",
            "2024-02-29T12:34:56Z",
            "2024-02-29T12:34:56.01234Z",
        ];
        for ((name, format), text) in FORMATS.into_iter().zip(expected) {
            assert_eq!(format.write(unix_ns), text, "{name}");
        }
    }

    #[test]
    fn calendar_days_are_right() {
        let cases = [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_799, "2000-02-29T23:59:59Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_767_225_599, "2025-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ];
        for (seconds, text) in cases {
            assert_eq!(rfc3339_nano(seconds * SECOND), text);
        }
    }
}
