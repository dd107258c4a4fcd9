//! Defines how a command is run and what CPU time it used.

use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// What a command printed, and the CPU time of it and of its children, user and system, in seconds.
pub(crate) struct Used {
    pub(crate) stdout: String,
    pub(crate) cpu_seconds: f64,
}

/// Runs a command to its end.
///
/// # Errors
/// When it can't be started or fails; the error has what it said.
pub(crate) fn run(command: &mut Command) -> Result<Used> {
    let before = children_cpu_seconds()?;
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("can't start {command:?}"))?;
    let cpu_seconds = children_cpu_seconds()? - before;
    if !output.status.success() {
        bail!(
            "{command:?} failed: {}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(Used {
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        cpu_seconds,
    })
}

/// The CPU time of all children that were waited for. The kernel counts it in hundredths of a second.
fn children_cpu_seconds() -> Result<f64> {
    let text = fs::read_to_string("/proc/self/stat").context("can't read /proc/self/stat")?;
    cpu_of_children(&text).context("/proc/self/stat has another form than proc(5) describes")
}

/// Fields 16 and 17 of proc(5)'s `stat`, counted behind the name in brackets.
fn cpu_of_children(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(13);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some((user + system) as f64 / TICKS_PER_SECOND)
}

/// `USER_HZ`: 100 on every Linux that Rust's standard library runs on.
const TICKS_PER_SECOND: f64 = 100.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_are_counted_behind_the_name() {
        let stat = "1 (a ) b) S 4 5 6 7 8 9 10 11 12 13 14 15 150 50 18 19";
        assert_eq!(cpu_of_children(stat), Some(2.0));
        assert_eq!(cpu_of_children("nonsense"), None);
    }

    #[test]
    fn a_busy_child_uses_time() {
        let mut command = Command::new("sh");
        command.args([
            "-c",
            "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo done",
        ]);
        let used = run(&mut command).unwrap();
        assert_eq!(used.stdout, "done\n");
        assert!(
            used.cpu_seconds > 0.0 && used.cpu_seconds < 60.0,
            "{}",
            used.cpu_seconds
        );
    }
}
