//! Defines the project's own commands, run as `cargo xtask COMMAND`.
//!
//! It depends on almost nothing, so that it compiles in seconds on a machine that has never built the engine.

mod bench;
mod demo;
mod engine;
mod guests;
mod lint;
mod process;
mod servers;
mod test;
mod tidy;
mod tree;
mod types;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
Usage: cargo xtask COMMAND

Commands:
  guests        build every WebAssembly guest: examples, test guests, the JavaScript runtime
  runtime       build the JavaScript runtime alone, which the engine's next build embeds
  servers       install the servers of others that tests run against
  types         install TypeScript and the types of k6, which tests compare scripts with
  demo          build everything, and run an example against a target of our own
  test          everything that must hold: format, tidy, guests, all tests
  lint          clippy on everything
  bench WHAT    measure WHAT; without it, say what can be measured
  tidy [--fix]  check the house style; --fix rewrites the generated tables
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match dispatch(&args) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(args: &[&str]) -> Result<ExitCode> {
    let root = tree::root();
    match args {
        ["guests"] => guests::build(&root)?,
        ["runtime"] => guests::js::build(&root)?,
        ["servers"] => servers::install(&root)?,
        ["types"] => types::install(&root)?,
        ["demo"] => demo::run(&root)?,
        ["bench", rest @ ..] => bench::run(&root, rest)?,
        ["lint"] => lint::run(&root)?,
        ["test"] => test::run(&root)?,
        ["tidy"] => tidy::run(&root, tidy::Mode::Check)?,
        ["tidy", "--fix"] => tidy::run(&root, tidy::Mode::Fix)?,
        [] | ["help" | "--help" | "-h"] => print!("{USAGE}"),
        _ => bail!("no such command: `{}`\n\n{USAGE}", args.join(" ")),
    }
    Ok(ExitCode::SUCCESS)
}
