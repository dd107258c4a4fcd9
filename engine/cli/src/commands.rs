//! Defines what each command does.

mod inspect;
mod new;
mod run;
mod test;

use brunt_runner::{Error, ExitCode};
use clap::CommandFactory;

use crate::args::{Args, VersionArgs};

pub(crate) use inspect::inspect;
pub(crate) use new::new;
pub(crate) use run::run;

/// `brunt version`
pub(crate) fn version(args: &VersionArgs) -> Result<u8, Error> {
    let version = env!("CARGO_PKG_VERSION");
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    match args.json {
        true => println!("{}", serde_json::json!({ "version": version, "os": os, "arch": arch, "wit": "0.1.0" })),
        false => println!("brunt {version} ({os}/{arch}, world brunt:worlds/test@0.1.0)"),
    }
    Ok(0)
}

/// `brunt completions`
pub(crate) fn completions(shell: clap_complete::Shell) -> Result<u8, Error> {
    clap_complete::generate(shell, &mut Args::command(), "brunt", &mut std::io::stdout());
    Ok(0)
}

/// `brunt target`
pub(crate) fn target(args: crate::target::Args) -> Result<u8, Error> {
    crate::target::run(&args).map(|()| 0).map_err(|error| {
        Error::new(ExitCode::CannotListen, format!("{error:#}"))
    })
}
