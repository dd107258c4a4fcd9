//! Defines how commands are run: shown before, timed after, and named when they fail.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

/// Prints the command, runs it with this terminal, and prints how long it took.
///
/// # Errors
/// When it can't be started, or ends with anything but success.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = shown(command);
    println!("$ {line}");
    let start = Instant::now();
    let status = command
        .status()
        .with_context(|| format!("can't start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed: {status}");
    }
    println!("  ({:.1} s)", start.elapsed().as_secs_f64());
    Ok(())
}

/// What a command that says nothing to the user prints on stdout, trimmed; `None` when it fails or is not there.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

/// Installs a Debian package where its program is missing.
///
/// # Errors
/// As [`apt_install`].
pub(crate) fn debian(program: &str, package: &str, why: &str) -> Result<()> {
    if Path::new(program).is_file() {
        return Ok(());
    }
    apt_install(&[package], why)
}

/// Installs Debian packages, after saying what and why.
///
/// # Errors
/// When this is not root, or apt-get fails: the error says what to type.
pub(crate) fn apt_install(packages: &[&str], why: &str) -> Result<()> {
    let names = packages.join(" ");
    println!("Installing Debian packages ({why}): {names}");
    let typed = format!("apt-get update && apt-get install --no-install-recommends {names}");
    if !is_root() {
        bail!("installing packages needs root\nhint: run this first: sudo sh -c '{typed}'");
    }
    if !known_to_apt(packages) {
        run(apt().args(["update", "-q"]))?;
    }
    if install(packages).is_err() {
        println!("Trying again with fresh package lists");
        run(apt().args(["update", "-q"]))?;
        install(packages).with_context(|| format!("hint: try by hand: {typed}"))?;
    }
    Ok(())
}

fn install(packages: &[&str]) -> Result<()> {
    run(apt()
        .args(["install", "-q", "-y", "--no-install-recommends"])
        .args(packages))
}

fn known_to_apt(packages: &[&str]) -> bool {
    output(Command::new("apt-cache").arg("show").args(packages))
        .is_some_and(|text| !text.is_empty())
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    // Of a server only its program is wanted, and no service of the machine.
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("RUNLEVEL", "1");
    command
}

fn is_root() -> bool {
    Path::new("/proc/self")
        .metadata()
        .is_ok_and(|meta| meta.uid() == 0)
}

/// The command as one would type it, with the environment that it is given.
fn shown(command: &Command) -> String {
    let mut words = Vec::new();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            words.push(format!(
                "{}={}",
                name.to_string_lossy(),
                quoted(&value.to_string_lossy())
            ));
        }
    }
    words.push(quoted(&command.get_program().to_string_lossy()));
    words.extend(command.get_args().map(|arg| quoted(&arg.to_string_lossy())));
    words.join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_one_would_type_it() {
        let mut command = Command::new("cargo");
        command
            .env("A", "b c")
            .env_remove("GONE")
            .args(["build", "-p", "x y", "it's"]);
        assert_eq!(shown(&command), r"A='b c' cargo build -p 'x y' 'it'\''s'");
    }

    #[test]
    fn a_failing_command_is_named_in_the_error() {
        let error = run(Command::new("sh").args(["-c", "exit 3"]))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("sh -c 'exit 3'") && error.contains('3'),
            "{error}"
        );
    }
}
