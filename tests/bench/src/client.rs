//! Defines the clients that are compared: what each is told, and what it did.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::child;
use crate::report::{self, Done, Read};

/// What all clients of a measurement are told, each in its own words. None of them checks certificates.
pub(crate) struct Load<'a> {
    pub(crate) url: &'a str,
    pub(crate) connections: usize,
    pub(crate) seconds: usize,
}

/// A program that makes requests, on one thread.
pub(crate) struct Client {
    pub(crate) name: String,
    program: PathBuf,
    args: Vec<String>,
    read: Read,
}

/// What one client did in one round.
#[derive(Clone, Copy)]
pub(crate) struct Round {
    /// Requests per second.
    pub(crate) rate: f64,
    /// The client's own CPU time per request, user and system, in microseconds.
    pub(crate) cpu_us: f64,
}

pub(crate) const BARE: &str = "hyper in a bare loop";
pub(crate) const OHA: &str = "oha";
pub(crate) const H2LOAD: &str = "h2load";

/// wrk, from Debian.
pub(crate) fn wrk(load: &Load<'_>) -> Client {
    let Load {
        url,
        connections,
        seconds,
    } = load;
    let args = format!("-t1 -c{connections} -d{seconds}s {url}");
    Client::new("wrk", "/usr/bin/wrk", &args, report::wrk)
}

/// h2load, from Debian, with so many streams on each connection.
pub(crate) fn h2load(load: &Load<'_>, streams: usize) -> Client {
    let Load {
        url,
        connections,
        seconds,
    } = load;
    let args = format!("-t1 -c{connections} -m{streams} -D{seconds} {url}");
    Client::new(H2LOAD, "/usr/bin/h2load", &args, report::h2load)
}

/// oha, from crates.io.
pub(crate) fn oha(load: &Load<'_>) -> Client {
    let Load {
        url,
        connections,
        seconds,
    } = load;
    let args = format!(
        "--no-tui --output-format json --insecure --worker-threads 1 -c {connections} -z {seconds}s {url}"
    );
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/bin/oha");
    Client::new(OHA, program, &args, report::oha)
}

/// The yardstick of plain HTTP, built beside this program.
pub(crate) fn bare(load: &Load<'_>) -> Client {
    let Load {
        url,
        connections,
        seconds,
    } = load;
    let program = env::current_exe().unwrap_or_default();
    let args = format!("{url} {connections} {seconds}");
    Client::new(
        BARE,
        program.with_file_name("bare-hyper"),
        &args,
        report::bare,
    )
}

/// Ourselves, with a VU for each connection, whose iterations are this guest's.
pub(crate) fn brunt(load: &Load<'_>, guest: &str) -> Client {
    ourselves(&brunt_e2e::guest(guest), load)
}

/// Ourselves, with a VU for each connection, whose iterations are this script's, a file of `tests/scripts/bench`.
pub(crate) fn script(load: &Load<'_>, file: &str) -> Client {
    ourselves(&scripts().join(file), load)
}

fn ourselves(test: &Path, load: &Load<'_>) -> Client {
    let args = format!("{} --workers 1", run(test, load));
    Client::new("brunt", brunt_e2e::binary(), &args, report::brunt)
}

/// k6 with the same script: the one on `PATH`, or the one that `cargo xtask bench` installed. Its summary has the same form.
pub(crate) fn k6(load: &Load<'_>, file: &str) -> Option<Client> {
    let args = run(&scripts().join(file), load);
    Some(Client::new("k6", k6_program()?, &args, report::brunt))
}

/// k6: the one on `PATH`, or the one that `cargo xtask bench` installed.
pub(crate) fn k6_program() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/k6/bin");
    env::split_paths(&path)
        .chain([installed])
        .map(|folder| folder.join("k6"))
        .find(|program| program.is_file())
}

/// The folder of the scripts that are measured.
pub(crate) fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/bench")
}

/// The command line of a run, in the words that k6 and we share.
fn run(test: &Path, load: &Load<'_>) -> String {
    let Load {
        url,
        connections,
        seconds,
    } = load;
    format!(
        "run {} --vus {connections} --duration {seconds}s --quiet --insecure-skip-tls-verify --summary-export {} \
         --env BASE_URL={url}",
        test.display(),
        report::SUMMARY
    )
}

impl Client {
    /// A program with these arguments.
    pub(crate) fn new(name: &str, program: impl Into<PathBuf>, args: &str, read: Read) -> Client {
        Client {
            name: name.to_owned(),
            program: program.into(),
            args: args.split_whitespace().map(str::to_owned).collect(),
            read,
        }
    }

    /// More arguments.
    pub(crate) fn with(mut self, args: &[&str]) -> Client {
        self.args.extend(args.iter().map(ToString::to_string));
        self
    }

    /// Another name.
    pub(crate) fn named(mut self, name: &str) -> Client {
        name.clone_into(&mut self.name);
        self
    }

    /// Whether it is installed; says so when it is not.
    pub(crate) fn is_there(&self) -> bool {
        let there = self.program.is_file();
        if !there {
            println!(
                "without {}: there is no {}; `cargo xtask bench` installs it",
                self.name,
                self.program.display()
            );
        }
        there
    }

    /// Runs it once.
    ///
    /// # Errors
    /// When it fails, says nothing that can be read, or more than a hundredth of its requests failed: then the figures
    /// would be those of failures.
    pub(crate) fn run(&self) -> Result<Round> {
        let folder = TempDir::with_prefix("brunt-bench-")?;
        let mut command = Command::new(&self.program);
        let used = child::run(command.args(&self.args).current_dir(folder.path()))?;
        let done = (self.read)(&used.stdout, folder.path());
        let Done {
            count,
            rate,
            failed,
        } = done
            .with_context(|| format!("can't read what {} printed:\n{}", self.name, used.stdout))?;
        if failed > count / 100.0 || count < 1.0 {
            bail!(
                "{failed} of {count} requests of {} failed:\n{}",
                self.name,
                used.stdout
            );
        }
        Ok(Round {
            rate,
            cpu_us: used.cpu_seconds * 1e6 / count,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A client that is a shell, so that it does what the test says.
    fn shell(script: &str) -> Client {
        Client::new("sh", "/bin/sh", "-c", report::bare).with(&[script])
    }

    #[test]
    fn a_round_is_what_the_program_reports() {
        let round = shell("echo 1000 2").run().unwrap();
        assert_eq!(round.rate, 500.0);
        assert!(
            round.cpu_us >= 0.0 && round.cpu_us < 1e6,
            "{}",
            round.cpu_us
        );
    }

    #[test]
    fn a_round_of_failures_is_none() {
        for (script, words) in [
            ("echo 0 2", "failed"),
            ("echo what", "can't read what sh printed"),
            ("exit 3", "failed"),
        ] {
            let error = shell(script).run().err().unwrap().to_string();
            assert!(error.contains(words), "{script}: {error}");
        }
        let read: Read = |_, _| {
            Some(Done {
                count: 100.0,
                rate: 1.0,
                failed: 2.0,
            })
        };
        let failing = Client::new("true", "/bin/true", "", read);
        assert!(failing.run().is_err());
    }
}
