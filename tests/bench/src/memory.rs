//! Defines how much memory a process has: its own, and its share of what it has together with others.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// The PSS of the process with this id, in KiB.
///
/// # Errors
/// When the kernel does not say: the process has ended.
pub(crate) fn pss_kib(process: u32) -> Result<f64> {
    let file = format!("/proc/{process}/smaps_rollup");
    let text = fs::read_to_string(&file)
        .with_context(|| format!("can't read {file}: has the engine ended?"))?;
    match read_pss(&text) {
        Some(kib) => Ok(kib),
        None => bail!("{file} has no line for Pss"),
    }
}

/// The PSS of the process with this id in KiB, once it has stayed the same for a second and a half.
///
/// # Errors
/// When the process has ended, or its memory is never the same.
pub(crate) fn settled_pss_kib(process: u32) -> Result<f64> {
    let start = Instant::now();
    let mut last = Vec::new();
    loop {
        last.push(pss_kib(process)?);
        if let [.., first, second, third, fourth] = last[..]
            && [first, second, third]
                .iter()
                .all(|pss| is_close(*pss, fourth))
        {
            return Ok(fourth);
        }
        if start.elapsed() > PATIENCE {
            bail!("the memory of the engine still changes after {PATIENCE:?}: {last:?} KiB");
        }
        thread::sleep(Duration::from_millis(500));
    }
}

const PATIENCE: Duration = Duration::from_secs(60);

/// Within a thousandth.
fn is_close(one: f64, other: f64) -> bool {
    (one - other).abs() < other / 1000.0
}

fn read_pss(rollup: &str) -> Option<f64> {
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pss_is_read_from_its_own_line() {
        let rollup =
            "55-7f ---p 00 00:00 0 [rollup]\nRss:      300 kB\nPss:      123 kB\nPss_Anon: 99 kB\n";
        assert_eq!(
            (read_pss(rollup), read_pss("Rss: 1 kB")),
            (Some(123.0), None)
        );
    }

    #[test]
    fn a_thousandth_is_the_same() {
        assert!(is_close(1000.5, 1000.0) && !is_close(1002.0, 1000.0));
    }
}
