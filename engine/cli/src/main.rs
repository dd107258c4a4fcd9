//! Defines the `brunt` command: what users type, and what they see.

mod args;
mod commands;
mod console;
#[cfg(test)]
mod documents;
mod log;
mod progress;
mod report;
mod summary;
mod target;

use std::process::ExitCode;

use brunt_runner::Error;

use crate::args::{Args, Command};
use crate::console::{Console, Stream};

/// A request allocates some twenty times, also blocks too large for the fast lists of the C library.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    refuse_huge_pages();
    let args = match Args::read(std::env::args_os()) {
        Ok(args) => args,
        Err(error) => return refuse(&error),
    };
    match dispatch(args) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            report::error(&error);
            ExitCode::from(error.exit().number())
        }
    }
}

/// Asks the kernel for small pages alone. What VUs touch lies far apart: of a huge page most would be cleared, and kept, for
/// nothing; where the kernel makes them unasked, each stack would begin with two megabytes.
fn refuse_huge_pages() {
    #[cfg(target_os = "linux")]
    {
        let (yes, none): (libc::c_ulong, libc::c_ulong) = (1, 0);
        // SAFETY: this sets a flag of the process, and reads no memory. Where it is refused, memory is as the kernel makes it.
        unsafe { libc::prctl(libc::PR_SET_THP_DISABLE, yes, none, none, none) };
    }
}

/// Carries out a command, and gives the code that the process ends with.
fn dispatch(args: Args) -> Result<u8, Error> {
    let Args { command, global } = args;
    match command {
        Command::Run(run) => commands::run(&run, &global),
        Command::Inspect(inspect) => commands::inspect(&inspect, &global),
        Command::Archive(archive) => commands::archive(&archive, &global),
        Command::New(new) => commands::new(&new),
        Command::Extension(extension) => commands::extension(&extension),
        Command::Version(version) => commands::version(&version),
        Command::Completions { shell } => commands::completions(shell),
        Command::Target(target) => commands::target(target),
        Command::CompileRuntime { file } => commands::compile_runtime(&file),
    }
}

/// Prints what is wrong with the command line, or the help that was asked for.
fn refuse(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // Where even this can't be printed there is nobody to tell.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let words = error.render().to_string();
    Console::new().print(Stream::Error, &hinted(&words));
    ExitCode::from(brunt_runner::ExitCode::InvalidConfig.number())
}

/// What one can do is told in the same words everywhere: clap's `  tip: …` becomes `hint: …`.
fn hinted(words: &str) -> String {
    let line = |line: &str| match line.strip_prefix("  tip: ") {
        Some(tip) => format!("hint: {tip}\n"),
        None => format!("{line}\n"),
    };
    words.lines().map(line).collect()
}
