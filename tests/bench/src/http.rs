//! Defines the measurement of HTTP requests: several clients in turns, against the same server, beside a bare loop.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;
use tempfile::TempDir;

use crate::child::{self, Used};
use crate::nginx::Nginx;
use crate::table::{Table, median};

const CONNECTIONS: &str = "50";
const SECONDS: &str = "5";

/// Runs every client once per round, and compares the medians.
///
/// # Errors
/// When a client or the server is missing, or fails.
pub(crate) fn measure(rounds: usize) -> Result<Table> {
    let nginx = Nginx::start()?;
    let clients: Vec<Client> = clients()
        .into_iter()
        .filter(|client| client.is_there())
        .collect();
    let mut results: Vec<Vec<Round>> = clients.iter().map(|_| Vec::new()).collect();
    for round in 1..=rounds {
        for (client, results) in clients.iter().zip(&mut results) {
            let result = client.run(nginx.url())?;
            println!(
                "round {round}: {}: {:.0} requests/s, {:.1} µs",
                client.name, result.rate, result.cpu_us
            );
            results.push(result);
        }
    }
    Ok(table(&clients, &results))
}

fn table(clients: &[Client], results: &[Vec<Round>]) -> Table {
    let cpu =
        |rounds: &[Round]| median(&rounds.iter().map(|round| round.cpu_us).collect::<Vec<_>>());
    let rate =
        |rounds: &[Round]| median(&rounds.iter().map(|round| round.rate).collect::<Vec<_>>());
    let bare = clients
        .iter()
        .position(|client| client.name == BARE)
        .map_or(f64::NAN, |at| cpu(&results[at]));
    let mut table = Table::new(&[
        "client",
        "requests/s",
        "CPU µs per request",
        "ratio to bare hyper",
    ]);
    for (client, rounds) in clients.iter().zip(results) {
        let ratio = format!("{:.2}", cpu(rounds) / bare);
        table.row(vec![
            client.name.to_owned(),
            format!("{:.0}", rate(rounds)),
            format!("{:.1}", cpu(rounds)),
            ratio,
        ]);
    }
    table
}

/// What one client did in one round.
struct Round {
    rate: f64,
    cpu_us: f64,
}

/// A program that makes requests.
struct Client {
    name: &'static str,
    program: PathBuf,
    args: fn(url: &str, folder: &Path) -> Vec<String>,
    /// Reads the number of requests and the requests per second.
    read: fn(used: &Used, folder: &Path) -> Option<(f64, f64)>,
}

const BARE: &str = "hyper in a bare loop";

fn clients() -> Vec<Client> {
    let here = env::current_exe().unwrap_or_default();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    vec![
        Client {
            name: "wrk",
            program: "/usr/bin/wrk".into(),
            args: wrk_args,
            read: read_wrk,
        },
        Client {
            name: BARE,
            program: here.with_file_name("bare-hyper"),
            args: bare_args,
            read: read_bare,
        },
        Client {
            name: "brunt",
            program: brunt_e2e::binary(),
            args: brunt_args,
            read: read_brunt,
        },
        Client {
            name: "oha",
            program: root.join("target/tools/bin/oha"),
            args: oha_args,
            read: read_oha,
        },
    ]
}

impl Client {
    fn is_there(&self) -> bool {
        let there = self.program.is_file();
        if !there {
            println!(
                "without {}: there is no {}",
                self.name,
                self.program.display()
            );
        }
        there
    }

    fn run(&self, url: &str) -> Result<Round> {
        let folder = TempDir::with_prefix("brunt-bench-")?;
        let mut command = Command::new(&self.program);
        let used = child::run(command.args((self.args)(url, folder.path())))?;
        let figures = (self.read)(&used, folder.path());
        let (count, rate) = figures
            .with_context(|| format!("can't read what {} printed:\n{}", self.name, used.stdout))?;
        Ok(Round {
            rate,
            cpu_us: used.cpu_seconds * 1e6 / count,
        })
    }
}

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

fn wrk_args(url: &str, _: &Path) -> Vec<String> {
    words(&format!("-t1 -c{CONNECTIONS} -d{SECONDS}s {url}"))
}

/// `  123456 requests in 5.00s, 20.00MB read` and `Requests/sec:  24691.20`
fn read_wrk(used: &Used, _: &Path) -> Option<(f64, f64)> {
    let (before, _) = used.stdout.split_once(" requests in ")?;
    let count = before.rsplit(char::is_whitespace).next()?.parse().ok()?;
    let (_, rate) = used.stdout.split_once("Requests/sec:")?;
    Some((count, rate.split_whitespace().next()?.parse().ok()?))
}

fn bare_args(url: &str, _: &Path) -> Vec<String> {
    words(&format!("{url} {CONNECTIONS} {SECONDS}"))
}

fn read_bare(used: &Used, _: &Path) -> Option<(f64, f64)> {
    let (count, seconds) = used.stdout.trim().split_once(' ')?;
    let count: f64 = count.parse().ok()?;
    Some((count, count / seconds.parse::<f64>().ok()?))
}

fn brunt_args(url: &str, folder: &Path) -> Vec<String> {
    let (guest, summary) = (brunt_e2e::guest("get_checks"), folder.join("summary.json"));
    let (guest, summary) = (guest.display(), summary.display());
    words(&format!(
        "run {guest} --vus {CONNECTIONS} --duration {SECONDS}s --workers 1 --quiet --summary-export {summary} --env BASE_URL={url}"
    ))
}

fn read_brunt(_: &Used, folder: &Path) -> Option<(f64, f64)> {
    let summary: Value =
        serde_json::from_slice(&fs::read(folder.join("summary.json")).ok()?).ok()?;
    let requests = &summary["metrics"]["http_reqs"];
    Some((requests["count"].as_f64()?, requests["rate"].as_f64()?))
}

fn oha_args(url: &str, _: &Path) -> Vec<String> {
    words(&format!(
        "--no-tui --output-format json -c {CONNECTIONS} -z {SECONDS}s {url}"
    ))
}

fn read_oha(used: &Used, _: &Path) -> Option<(f64, f64)> {
    let report: Value = serde_json::from_str(&used.stdout).ok()?;
    let count: f64 = report["statusCodeDistribution"]
        .as_object()?
        .values()
        .filter_map(Value::as_f64)
        .sum();
    Some((count, report["summary"]["requestsPerSec"].as_f64()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(stdout: &str) -> Used {
        Used {
            stdout: stdout.to_owned(),
            cpu_seconds: 0.0,
        }
    }

    #[test]
    fn the_clients_reports_are_read() {
        let wrk = used(
            "Running 5s test\n  200 requests in 5.00s, 20.00MB read\nRequests/sec:     40.00\nTransfer/sec: 1MB\n",
        );
        assert_eq!(read_wrk(&wrk, Path::new("")), Some((200.0, 40.0)));
        assert_eq!(
            read_bare(&used("300 1.5\n"), Path::new("")),
            Some((300.0, 200.0))
        );
        let oha = used(
            r#"{"summary":{"requestsPerSec":7.5},"statusCodeDistribution":{"200":14,"503":1}}"#,
        );
        assert_eq!(read_oha(&oha, Path::new("")), Some((15.0, 7.5)));
        assert_eq!(read_wrk(&used("nonsense"), Path::new("")), None);
    }

    #[test]
    fn ratios_are_to_the_bare_loop() {
        let round = |cpu_us| {
            vec![Round {
                rate: 1000.0,
                cpu_us,
            }]
        };
        let clients: Vec<Client> = clients_named(&["brunt", BARE]);
        let text = table(&clients, &[round(15.0), round(10.0)]).to_string();
        assert!(text.contains("| brunt | 1000 | 15.0 | 1.50 |"), "{text}");
    }

    fn clients_named(names: &[&'static str]) -> Vec<Client> {
        let client = |name| Client {
            name,
            program: PathBuf::new(),
            args: bare_args,
            read: read_bare,
        };
        names.iter().copied().map(client).collect()
    }
}
