//! Defines how figures are written for people, by k6's rules.
//!
//! Shares and durations are truncated, not rounded: 99.999 % is not 100 %. The arithmetic is k6's own, in doubles,
//! so that the same figure gives the same text.

use brunt_runner::metrics::Contains;
use brunt_runner::options::TimeUnit;

/// A figure of a metric that is no rate.
pub(super) fn figure(value: f64, contains: Contains, unit: TimeUnit) -> String {
    match contains {
        Contains::Time => duration(value, unit),
        Contains::Data => bytes(value),
        Contains::Default => number(value, 6),
    }
}

/// A share of 0 to 1 in per cent, truncated to two decimals: `99.92%`.
pub(super) fn share(value: f64) -> String {
    format!("{:.2}%", (value * 100.0 * 100.0).trunc() / 100.0)
}

/// Rounded to at most `decimals` decimals, without trailing zeros.
fn number(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let short = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    if short == "-0" {
        "0".to_owned()
    } else {
        short.to_owned()
    }
}

fn truncated(value: f64, decimals: usize) -> String {
    let scale = 10f64.powi(decimals as i32);
    number((scale * value).trunc() / scale, decimals)
}

/// Decimal units; one decimal below 10.
fn bytes(value: f64) -> String {
    const UNITS: [&str; 9] = ["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
    if value < 10.0 {
        return format!("{value} B");
    }
    let mut scaled = value;
    let mut unit = 0;
    while scaled >= 1000.0 && unit + 1 < UNITS.len() {
        scaled /= 1000.0;
        unit += 1;
    }
    let rounded = (scaled * 10.0 + 0.5).floor() / 10.0;
    let decimals = usize::from(rounded < 10.0);
    format!("{rounded:.decimals$} {}", UNITS[unit])
}

/// Milliseconds, in `unit` or in the one that suits them.
fn duration(ms: f64, unit: TimeUnit) -> String {
    match unit {
        TimeUnit::Seconds => format!("{:.2}s", ms * 0.001),
        TimeUnit::Milliseconds => format!("{ms:.2}ms"),
        TimeUnit::Microseconds => format!("{:.2}µs", ms * 1000.0),
        TimeUnit::Auto if ms < 0.0 => format!("-{}", suitable(-ms)),
        TimeUnit::Auto => suitable(ms),
    }
}

fn suitable(ms: f64) -> String {
    match ms {
        0.0 => "0s".to_owned(),
        _ if ms < 0.001 => format!("{}ns", (ms * 1_000_000.0).trunc()),
        _ if ms < 1.0 => format!("{}µs", truncated(ms * 1000.0, 2)),
        _ if ms < 1000.0 => format!("{}ms", truncated(ms, 2)),
        _ => clock(ms),
    }
}

/// `1.5s`, `2m5s`, `1h0m3s`: seconds have decimals only while there are no minutes.
fn clock(ms: f64) -> String {
    let decimals = if ms > 60_000.0 { 0 } else { 2 };
    let seconds = truncated(ms % 60_000.0 / 1000.0, decimals);
    let minutes = (ms / 60_000.0).trunc() as u64;
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{seconds}s"),
        (0, minutes) => format!("{minutes}m{seconds}s"),
        (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: Copy + std::fmt::Debug>(write: impl Fn(T) -> String, cases: &[(T, &str)]) {
        for (value, text) in cases {
            assert_eq!(write(*value), *text, "{value:?}");
        }
    }

    #[test]
    fn shares_are_truncated() {
        let cases = [
            (0.0, "0.00%"),
            (0.99999, "99.99%"),
            (1.0, "100.00%"),
            (8811.0 / 8818.0, "99.92%"),
        ];
        check(share, &cases);
    }

    #[test]
    fn numbers_have_six_decimals_at_most() {
        let cases = [
            (1501.0, "1501"),
            (49.834_813_4, "49.834813"),
            (0.000_000_4, "0"),
            (-0.000_000_4, "0"),
            (100.5, "100.5"),
            (-3.25, "-3.25"),
            (1000.0, "1000"),
        ];
        check(
            |value| figure(value, Contains::Default, TimeUnit::Auto),
            &cases,
        );
    }

    #[test]
    fn bytes_are_decimal() {
        let cases = [
            (0.0, "0 B"),
            (5.5, "5.5 B"),
            (10.0, "10 B"),
            (999.0, "999 B"),
            (1000.0, "1.0 kB"),
            (9_949.0, "9.9 kB"),
            (45_000.0, "45 kB"),
            (1_300_000.0, "1.3 MB"),
            (1e9, "1.0 GB"),
            (123e18, "123 EB"),
        ];
        check(
            |value| figure(value, Contains::Data, TimeUnit::Auto),
            &cases,
        );
    }

    #[test]
    fn durations_suit_their_size() {
        let cases = [
            (0.0, "0s"),
            (0.000_9, "900ns"),
            (0.014, "14µs"),
            (0.202_869, "202.86µs"),
            (1.0, "1ms"),
            (105.149, "105.14ms"),
            (999.999, "999.99ms"),
            (1_234.5, "1.23s"),
            (60_000.0, "1m0s"),
            (90_900.0, "1m30s"),
            (3_723_000.0, "1h2m3s"),
            (-2.5, "-2.5ms"),
        ];
        check(
            |value| figure(value, Contains::Time, TimeUnit::Auto),
            &cases,
        );
    }

    #[test]
    fn a_chosen_unit_is_kept() {
        let cases = [
            (TimeUnit::Seconds, "1.23s"),
            (TimeUnit::Milliseconds, "1234.50ms"),
            (TimeUnit::Microseconds, "1234500.00µs"),
        ];
        check(|unit| figure(1_234.5, Contains::Time, unit), &cases);
    }
}
