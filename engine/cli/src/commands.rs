//! Defines what each command does.

mod archive;
mod extension;
mod inspect;
mod new;
mod run;
mod script;
mod test;

use brunt_runner::{Error, ExitCode};
use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::{Args, VersionArgs};
use crate::console::{Console, Stream};

pub(crate) use archive::archive;
pub(crate) use extension::extension;
pub(crate) use inspect::inspect;
pub(crate) use new::new;
pub(crate) use run::run;
pub(crate) use script::compile_runtime;

/// `brunt version`
pub(crate) fn version(args: &VersionArgs) -> Result<u8, Error> {
    let version = env!("CARGO_PKG_VERSION");
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    let text = match args.json {
        true => serde_json::json!({ "version": version, "os": os, "arch": arch, "wit": "0.1.0" })
            .to_string(),
        false => format!("brunt {version} ({os}/{arch}, world brunt:worlds/test@0.1.0)"),
    };
    print(&format!("{text}\n"));
    Ok(0)
}

/// `brunt completions`
pub(crate) fn completions(shell: Shell) -> Result<u8, Error> {
    print(&completion_script(shell));
    Ok(0)
}

fn completion_script(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "brunt", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// Prints on standard output, where nobody may read any more, as in `brunt inspect … | head`.
fn print(text: &str) {
    Console::new().print(Stream::Output, text);
}

/// `brunt target`
pub(crate) fn target(args: crate::target::Args) -> Result<u8, Error> {
    crate::target::run(&args)
        .map(|()| 0)
        .map_err(|error| Error::new(ExitCode::CannotListen, format!("{error:#}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shell_is_told_all_commands_and_flags() {
        let command = Args::command();
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = completion_script(shell);
            for command in command.get_subcommands() {
                assert!(script.contains(command.get_name()), "{shell}: {command}");
                let flags = command.get_arguments().filter_map(clap::Arg::get_long);
                for flag in flags.filter(|flag| *flag != "help") {
                    assert!(script.contains(flag), "{shell}: {command} --{flag}");
                }
            }
        }
    }
}
