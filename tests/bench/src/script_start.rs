//! Defines the measurement of many VUs that begin: how long until the target has every VU's first request, and how much
//! memory each VU takes after it.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use brunt_e2e::Brunt;

use crate::client::{k6_program, scripts};
use crate::memory::settled_pss_kib;
use crate::open_files;
use crate::table::{Table, median};
use crate::target::{Speaks, Target};

const FEW: usize = 50;
const MANY: usize = 10_000;

/// The memory of one VU is that of the VUs between these two, so that what all VUs share is not in it.
const BETWEEN: [usize; 2] = [100, 1_100];

/// A program with a test that sends one request and then sleeps.
struct Starter {
    name: &'static str,
    program: PathBuf,
    test: PathBuf,
}

/// What one program did in each round; none where it did not in time.
#[derive(Default)]
struct Figures {
    few_ms: Vec<f64>,
    many_seconds: Vec<f64>,
    kib: Vec<f64>,
}

/// Lets every program start its VUs once per round, with its cache filled.
///
/// # Errors
/// When so many files can't be open, a program ends before its time, or its memory can't be read.
pub(crate) fn measure(rounds: usize) -> Result<Table> {
    open_files::allow(MANY as u64 + 1000)?;
    let target = Target::of_many(Speaks::Http)?;
    fill_the_cache(&target);
    let mut lanes: Vec<(Starter, Figures)> = starters()
        .into_iter()
        .map(|starter| (starter, Figures::default()))
        .collect();
    for round in 1..=rounds {
        for (starter, figures) in &mut lanes {
            figures.add(starter, &target)?;
            println!("round {round}: {}: {}", starter.name, figures.last());
        }
    }
    Ok(table(&lanes))
}

fn starters() -> Vec<Starter> {
    let script = scripts().join("get_and_sleep.js");
    let brunt = |name, test| Starter {
        name,
        program: brunt_e2e::binary(),
        test,
    };
    let mut starters = vec![
        brunt("brunt, Rust", brunt_e2e::guest("sleeper")),
        brunt("brunt, script", script.clone()),
    ];
    starters.extend(k6_program().map(|program| Starter {
        name: "k6",
        program,
        test: script,
    }));
    starters
}

fn fill_the_cache(target: &Target) {
    let once = |test: Brunt| {
        let test = test.base_url(&target.url()).test_env("SLEEP_MS", "0");
        test.args(["--vus", "1", "--iterations", "1"])
            .run()
            .expect_code(0)
    };
    once(Brunt::guest("sleeper"));
    once(Brunt::test(&scripts().join("get.js")));
}

impl Figures {
    fn add(&mut self, starter: &Starter, target: &Target) -> Result<()> {
        if let Some((took, _)) = starter.start(FEW, target)? {
            self.few_ms.push(took.as_secs_f64() * 1e3);
        }
        if let Some((took, _)) = starter.start(MANY, target)? {
            self.many_seconds.push(took.as_secs_f64());
        }
        let mut pss = Vec::new();
        for vus in BETWEEN {
            if let Some((_, running)) = starter.start(vus, target)? {
                pss.push(settled_pss_kib(running.id())?);
            }
        }
        if let [fewer, more] = pss[..] {
            self.kib
                .push((more - fewer) / (BETWEEN[1] - BETWEEN[0]) as f64);
        }
        Ok(())
    }

    fn last(&self) -> String {
        let last = |values: &[f64]| values.last().copied().unwrap_or(f64::NAN);
        format!(
            "{FEW} VUs {:.0} ms, {MANY} VUs {:.2} s, {:.1} KiB per VU",
            last(&self.few_ms),
            last(&self.many_seconds),
            last(&self.kib)
        )
    }
}

fn table(lanes: &[(Starter, Figures)]) -> Table {
    let mut table = Table::new(&[
        "client",
        "50 VUs: ms until the target has each one's request",
        "10,000 VUs: seconds",
        "PSS per VU in KiB",
    ]);
    for (starter, figures) in lanes {
        let cell = |values: &[f64], digits: usize| match values {
            [] => "–".to_owned(),
            values => format!("{:.digits$}", median(values)),
        };
        table.row(vec![
            starter.name.to_owned(),
            cell(&figures.few_ms, 0),
            cell(&figures.many_seconds, 2),
            cell(&figures.kib, 1),
        ]);
    }
    table
}

impl Starter {
    /// Starts so many VUs, and gives how long it took until the target had a request of each, and the program, which goes on;
    /// none when that is not in time.
    ///
    /// # Errors
    /// When it can't be started, or ends.
    fn start(&self, vus: usize, target: &Target) -> Result<Option<(Duration, Ending)>> {
        let before = target.requests()?;
        let vus_given = vus.to_string();
        let mut command = Command::new(&self.program);
        command
            .arg("run")
            .arg(&self.test)
            .args(["--vus", &vus_given, "--duration", "10m", "--quiet"])
            .args(["--env", &format!("BASE_URL={}", target.url())])
            .args(["--env", "SLEEP_MS=600000"])
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let began = Instant::now();
        let child = command
            .spawn()
            .with_context(|| format!("can't start {command:?}"))?;
        let mut running = Ending(child);
        // Each look is a request too.
        let mut looks = 0;
        loop {
            looks += 1;
            if target.requests()? - before - looks >= vus {
                return Ok(Some((began.elapsed(), running)));
            }
            if let Some(status) = running.0.try_wait()? {
                bail!(
                    "{} ended before all VUs had sent a request: {status}",
                    self.name
                );
            }
            if began.elapsed() > PATIENCE {
                return Ok(None);
            }
            thread::sleep(POLL);
        }
    }
}

/// A process that is killed when it is dropped.
struct Ending(Child);

impl Ending {
    fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const PATIENCE: Duration = Duration::from_secs(90);
const POLL: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_done_in_time_has_no_figure() {
        let starter = Starter {
            name: "k6",
            program: "k6".into(),
            test: "a.js".into(),
        };
        let figures = Figures {
            few_ms: vec![40.0, 60.0, 50.0],
            ..Figures::default()
        };
        let text = table(&[(starter, figures)]).to_string();
        assert!(text.contains("| k6 | 50 | – | – |"), "{text}");
    }
}
