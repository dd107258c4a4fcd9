//! Defines how the clients' reports are read: how many requests, how fast, and how many failed.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// What a client says that it did.
#[derive(Debug, PartialEq)]
pub(crate) struct Done {
    /// Requests, those that failed too.
    pub(crate) count: f64,
    /// Requests per second.
    pub(crate) rate: f64,
    pub(crate) failed: f64,
}

/// Reads what a client printed, or left in the folder that it ran in.
pub(crate) type Read = fn(stdout: &str, folder: &Path) -> Option<Done>;

/// The file that brunt is told to write, in the folder that it runs in.
pub(crate) const SUMMARY: &str = "summary.json";

/// `  123456 requests in 5.00s, 20.00MB read`, `Requests/sec:  24691.20` and, only where there are any,
/// `  Socket errors: connect 0, read 1, write 2, timeout 3` and `  Non-2xx or 3xx responses: 4`
pub(crate) fn wrk(stdout: &str, _: &Path) -> Option<Done> {
    let (before, _) = stdout.split_once(" requests in ")?;
    let count = before.rsplit(char::is_whitespace).next()?.parse().ok()?;
    let line = |start| {
        stdout
            .lines()
            .find_map(|line| line.trim().strip_prefix(start))
    };
    let errors = line("Socket errors:").map_or(0.0, |errors| numbers(errors).sum());
    let refused = line("Non-2xx or 3xx responses:").map_or(0.0, |count| numbers(count).sum());
    Some(Done {
        count,
        rate: numbers(line("Requests/sec:")?).next()?,
        failed: errors + refused,
    })
}

/// `finished in 5.00s, 24691.20 req/s, 20.00MB/s` and `requests: 123 total, 123 started, 120 done, 119 succeeded, 1
/// failed, 0 errored, 0 timeout`. What was started and not done was cut off by the end.
pub(crate) fn h2load(stdout: &str, _: &Path) -> Option<Done> {
    let line = |start| stdout.lines().find_map(|line| line.strip_prefix(start));
    let rate = line("finished in ")?.split(", ").nth(1)?;
    let counts: Vec<f64> = numbers(line("requests: ")?).collect();
    let [_, _, done, _, failed, ..] = counts[..] else {
        return None;
    };
    Some(Done {
        count: done,
        rate: numbers(rate).next()?,
        failed,
    })
}

/// A JSON report. Requests that the end cut off are among its errors, and count neither way.
pub(crate) fn oha(stdout: &str, _: &Path) -> Option<Done> {
    let report: Value = serde_json::from_str(stdout).ok()?;
    let statuses = report["statusCodeDistribution"].as_object()?.iter();
    let answered: f64 = statuses
        .clone()
        .filter_map(|(_, count)| count.as_f64())
        .sum();
    let refused: f64 = statuses
        .filter(|(status, _)| status.as_str() >= "400")
        .filter_map(|(_, count)| count.as_f64())
        .sum();
    let errors: f64 = report["errorDistribution"]
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(error, _)| *error != "aborted due to deadline")
        .filter_map(|(_, count)| count.as_f64())
        .sum();
    Some(Done {
        count: answered + errors,
        rate: report["summary"]["requestsPerSec"].as_f64()?,
        failed: refused + errors,
    })
}

/// The number of responses and the seconds that they took; it ends at the first failure.
pub(crate) fn bare(stdout: &str, _: &Path) -> Option<Done> {
    let (count, seconds) = stdout.trim().split_once(' ')?;
    let count: f64 = count.parse().ok()?;
    Some(Done {
        count,
        rate: count / seconds.parse::<f64>().ok()?,
        failed: 0.0,
    })
}

/// The exported summary.
pub(crate) fn brunt(_: &str, folder: &Path) -> Option<Done> {
    summary(&fs::read(folder.join(SUMMARY)).ok()?)
}

/// The exported summary of a test that publishes messages of MQTT.
pub(crate) fn mqtt(_: &str, folder: &Path) -> Option<Done> {
    sent(folder, "mqtt_messages_sent", "mqtt_errors")
}

/// The exported summary of a test that publishes messages of NATS, or asks with them.
pub(crate) fn nats(_: &str, folder: &Path) -> Option<Done> {
    sent(folder, "nats_msgs_sent", "nats_errors")
}

/// A metric that counts what was sent, and one of errors, which is not there where there are none.
fn sent(folder: &Path, messages: &str, errors: &str) -> Option<Done> {
    let json = fs::read(folder.join(SUMMARY)).ok()?;
    let summary: Value = serde_json::from_slice(&json).ok()?;
    let sent = &summary["metrics"][messages];
    Some(Done {
        count: sent["count"].as_f64()?,
        rate: sent["rate"].as_f64()?,
        failed: summary["metrics"][errors]["count"].as_f64().unwrap_or(0.0),
    })
}

fn summary(json: &[u8]) -> Option<Done> {
    let summary: Value = serde_json::from_slice(json).ok()?;
    let requests = &summary["metrics"]["http_reqs"];
    let count = requests["count"].as_f64()?;
    // A check that fails is a failure too: the target's answer is not the one that is meant.
    let failed = summary["metrics"]["http_req_failed"]["value"].as_f64()? * count;
    let checks = summary["metrics"].get("checks");
    let unmet = checks.map_or(Some(0.0), |checks| checks["fails"].as_f64())?;
    Some(Done {
        count,
        rate: requests["rate"].as_f64()?,
        failed: failed + unmet,
    })
}

/// The numbers of a line, whatever stands beside them.
fn numbers(line: &str) -> impl Iterator<Item = f64> {
    line.split([' ', ',']).filter_map(|word| word.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(count: f64, rate: f64, failed: f64) -> Option<Done> {
        Some(Done {
            count,
            rate,
            failed,
        })
    }

    #[test]
    fn wrk_says_what_failed_only_when_something_did() {
        let well = "Running 5s test\n  200 requests in 5.00s, 20.00MB read\nRequests/sec:     40.00\nTransfer/sec: 1MB\n";
        assert_eq!(wrk(well, Path::new("")), done(200.0, 40.0, 0.0));
        let errors = "  200 requests in 5.00s, 20.00MB read\n  Socket errors: connect 0, read 1, write 2, timeout 3\n  \
                      Non-2xx or 3xx responses: 4\nRequests/sec:     40.00\n";
        assert_eq!(wrk(errors, Path::new("")), done(200.0, 40.0, 10.0));
        assert_eq!(wrk("nonsense", Path::new("")), None);
    }

    #[test]
    fn h2load_cuts_off_what_was_started() {
        let report = "starting benchmark...\nspawning thread #0: 5 total client(s)...\nTLS Protocol: TLSv1.3\n\n\
                      finished in 5.00s, 24.50 req/s, 1.60MB/s\n\
                      requests: 123 total, 133 started, 123 done, 122 succeeded, 1 failed, 1 errored, 0 timeout\n\
                      status codes: 122 2xx, 0 3xx, 0 4xx, 1 5xx\n";
        assert_eq!(h2load(report, Path::new("")), done(123.0, 24.5, 1.0));
        assert_eq!(h2load("requests: 1 total", Path::new("")), None);
    }

    #[test]
    fn requests_that_the_end_cut_off_are_no_failures_of_oha() {
        let report = r#"{"summary":{"requestsPerSec":7.5},"statusCodeDistribution":{"200":14,"503":1},
            "errorDistribution":{"aborted due to deadline":50,"connection refused":2}}"#;
        assert_eq!(oha(report, Path::new("")), done(17.0, 7.5, 3.0));
        assert_eq!(oha("{}", Path::new("")), None);
    }

    #[test]
    fn the_bare_loop_prints_two_numbers() {
        assert_eq!(bare("300 1.5\n", Path::new("")), done(300.0, 200.0, 0.0));
        assert_eq!(bare("300\n", Path::new("")), None);
    }

    #[test]
    fn checks_that_fail_are_failures_of_brunt() {
        let json =
            br#"{"metrics":{"http_reqs":{"count":200,"rate":40.0},"http_req_failed":{"value":0.01},
            "checks":{"passes":397,"fails":3,"value":0.9925}}}"#;
        assert_eq!(summary(json), done(200.0, 40.0, 5.0));
        let unchecked =
            br#"{"metrics":{"http_reqs":{"count":200,"rate":40.0},"http_req_failed":{"value":0}}}"#;
        assert_eq!(summary(unchecked), done(200.0, 40.0, 0.0));
        assert_eq!(summary(b"{}"), None);
    }
}
