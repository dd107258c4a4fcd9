//! Defines k6's durations: how they are read from text and JSON, and how they are printed.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

/// The longest duration that is accepted: 2^63 − 1 nanoseconds (292 years), the longest that k6 can express.
pub const MAX: Duration = Duration::from_nanos(i64::MAX as u64);

/// Reads a duration with units, such as `1m30s`, `1.5s`, `500ms` or `1d`.
///
/// Units are `d`, `h`, `m`, `s`, `ms`, `us` (or `µs`) and `ns`; parts add up; a bare number is an error, except `0`.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    parse_parts(text).map_err(|reason| DurationError {
        input: format!("{text:?}"),
        reason,
    })
}

/// Reads a duration from the environment: like [`parse`], but a bare number means milliseconds.
pub fn parse_or_millis(text: &str) -> Result<Duration, DurationError> {
    let bare = text.starts_with(|first: char| first.is_ascii_digit())
        && text.ends_with(|last: char| last.is_ascii_digit());
    if bare {
        parse(&format!("{text}ms"))
    } else {
        parse(text)
    }
}

/// Reads a duration from JSON: text with units, or a number of milliseconds.
pub fn from_json(value: &Value) -> Result<Duration, DurationError> {
    match value {
        Value::String(text) => parse(text),
        Value::Number(number) => from_millis(number).map_err(|reason| DurationError {
            input: number.to_string(),
            reason,
        }),
        other => Err(DurationError {
            input: other.to_string(),
            reason: Reason::NotADuration,
        }),
    }
}

/// Prints a duration as k6 does: `30s`, `1m0s`, `1h0m0s`, `1.5s`, `500ms`, `0s`.
pub fn format(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    match nanos {
        0 => "0s".to_owned(),
        1..1_000 => format!("{nanos}ns"),
        1_000..1_000_000 => format!("{}µs", decimal(nanos, 1_000)),
        1_000_000..1_000_000_000 => format!("{}ms", decimal(nanos, 1_000_000)),
        _ => format_clock(nanos),
    }
}

/// A text or JSON value that is not a duration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DurationError {
    input: String,
    reason: Reason,
}

impl fmt::Display for DurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { input, reason } = self;
        match reason {
            Reason::Empty => write!(f, "a duration is empty; write for example \"30s\""),
            Reason::NotADuration => write!(
                f,
                "{input} is not a duration; write for example \"30s\", \"1m30s\" or \"500ms\""
            ),
            Reason::Negative => write!(f, "the duration {input} is negative"),
            Reason::NoUnit => write!(
                f,
                "the duration {input} has no unit; write for example \"30s\", \"1m30s\" or \"500ms\""
            ),
            Reason::Unit(unit) => {
                write!(
                    f,
                    "the duration {input} has an unknown unit {unit:?}; use d, h, m, s, ms, us or ns"
                )
            }
            Reason::TooLong => write!(
                f,
                "the duration {input} is too long; the limit is 292 years"
            ),
        }
    }
}

impl std::error::Error for DurationError {}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Reason {
    Empty,
    NotADuration,
    Negative,
    NoUnit,
    Unit(String),
    TooLong,
}

fn parse_parts(text: &str) -> Result<Duration, Reason> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest.is_empty() {
        return Err(Reason::Empty);
    }
    if rest.starts_with('-') {
        return Err(Reason::Negative);
    }
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    let mut total = 0u128;
    while !rest.is_empty() {
        let (nanos, after) = parse_part(rest)?;
        total = total.saturating_add(nanos);
        rest = after;
    }
    from_nanos(total)
}

/// Reads one number and its unit, in nanoseconds, and returns what follows.
fn parse_part(text: &str) -> Result<(u128, &str), Reason> {
    let (whole, rest) = split_digits(text);
    let (fraction, rest) = rest.strip_prefix('.').map_or(("", rest), split_digits);
    if whole.is_empty() && fraction.is_empty() {
        return Err(Reason::NotADuration);
    }
    let end = rest
        .find(|next: char| next.is_ascii_digit() || next == '.')
        .unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(end);
    let scale = unit_nanos(unit)?;
    let whole: u128 = if whole.is_empty() {
        0
    } else {
        whole.parse().map_err(|_| Reason::TooLong)?
    };
    Ok((
        whole
            .saturating_mul(scale)
            .saturating_add(fraction_of(fraction, scale)),
        rest,
    ))
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(
        text.find(|next: char| !next.is_ascii_digit())
            .unwrap_or(text.len()),
    )
}

fn unit_nanos(unit: &str) -> Result<u128, Reason> {
    Ok(match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "d" => 86_400_000_000_000,
        "" => return Err(Reason::NoUnit),
        other => return Err(Reason::Unit(other.to_owned())),
    })
}

/// The digits after a decimal point as nanoseconds of the unit; digits below the nanosecond are cut off.
fn fraction_of(digits: &str, scale: u128) -> u128 {
    let mut nanos = 0;
    let mut place = 1u128;
    for digit in digits.bytes().take(15) {
        place *= 10;
        nanos += u128::from(digit - b'0') * (1_000_000_000_000_000 / place);
    }
    nanos * scale / 1_000_000_000_000_000
}

fn from_millis(number: &serde_json::Number) -> Result<Duration, Reason> {
    if let Some(millis) = number.as_u64() {
        return from_nanos(u128::from(millis) * 1_000_000);
    }
    match number.as_f64() {
        Some(millis) if millis < 0.0 => Err(Reason::Negative),
        // The cast saturates, so that an absurd number ends as too long.
        Some(millis) => from_nanos((millis * 1e6).round() as u128),
        None => Err(Reason::NotADuration),
    }
}

fn from_nanos(nanos: u128) -> Result<Duration, Reason> {
    match u64::try_from(nanos).map(Duration::from_nanos) {
        Ok(duration) if duration <= MAX => Ok(duration),
        _ => Err(Reason::TooLong),
    }
}

fn format_clock(nanos: u128) -> String {
    let minute = 60_000_000_000;
    let seconds = decimal(nanos % minute, 1_000_000_000);
    match nanos / minute {
        0 => format!("{seconds}s"),
        minutes @ 1..60 => format!("{minutes}m{seconds}s"),
        minutes => format!("{}h{}m{seconds}s", minutes / 60, minutes % 60),
    }
}

/// `nanos / unit` without trailing zeros.
fn decimal(nanos: u128, unit: u128) -> String {
    let width = unit.ilog10() as usize;
    let digits = format!("{}.{:0width$}", nanos / unit, nanos % unit);
    digits
        .trim_end_matches('0')
        .trim_end_matches('.')
        .to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_and_prints_as_k6() {
        let cases = [
            ("30s", "30s"),
            ("1m", "1m0s"),
            ("60m", "1h0m0s"),
            ("1d", "24h0m0s"),
            ("1d2h", "26h0m0s"),
            ("1m30s", "1m30s"),
            ("1.5s", "1.5s"),
            (".5s", "500ms"),
            ("1.s", "1s"),
            ("500ms", "500ms"),
            ("1500us", "1.5ms"),
            ("1µs", "1µs"),
            ("7ns", "7ns"),
            ("0", "0s"),
            ("0s", "0s"),
            ("+5s", "5s"),
            ("1h0.000000001s", "1h0m0.000000001s"),
            ("0.0000000019s", "1ns"),
            ("0.1d", "2h24m0s"),
        ];
        for (text, printed) in cases {
            assert_eq!(parse(text).map(format).as_deref(), Ok(printed), "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        let cases = [
            ("", "a duration is empty; write for example \"30s\""),
            (
                "30",
                "the duration \"30\" has no unit; write for example \"30s\", \"1m30s\" or \"500ms\"",
            ),
            ("-1s", "the duration \"-1s\" is negative"),
            (
                "3 s",
                "the duration \"3 s\" has an unknown unit \" s\"; use d, h, m, s, ms, us or ns",
            ),
            (
                "soon",
                "\"soon\" is not a duration; write for example \"30s\", \"1m30s\" or \"500ms\"",
            ),
            (
                "300000000000h",
                "the duration \"300000000000h\" is too long; the limit is 292 years",
            ),
        ];
        for (text, message) in cases {
            assert_eq!(
                parse(text).map_err(|error| error.to_string()),
                Err(message.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn numbers_are_milliseconds_in_json_and_environment() {
        assert_eq!(from_json(&json!(1500)), Ok(Duration::from_millis(1500)));
        assert_eq!(from_json(&json!(0.5)), Ok(Duration::from_micros(500)));
        assert_eq!(from_json(&json!("1m")), Ok(Duration::from_secs(60)));
        assert_eq!(parse_or_millis("250"), Ok(Duration::from_millis(250)));
        assert_eq!(parse_or_millis("250s"), Ok(Duration::from_secs(250)));
        assert!(from_json(&json!("1500")).is_err());
        assert!(from_json(&json!(true)).is_err());
        assert!(from_json(&json!(-1)).is_err());
        assert!(from_json(&json!(1e300)).is_err());
    }
}
