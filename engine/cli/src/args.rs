//! Defines the command line: commands, flags, and what flags say about the options of a run.

mod flags;
mod inert;
mod logging;
mod removed;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use brunt_runner::options::OptionsError;
use clap::{Parser, Subcommand, ValueEnum};

pub(crate) use flags::OptionFlags;
use inert::InertFlags;
pub(crate) use logging::{LogFormat, LogOutput, Logging};

/// Load tests as WebAssembly components
#[derive(Debug, Parser)]
#[command(
    name = "brunt",
    version,
    arg_required_else_help = true,
    max_term_width = 100
)]
pub(crate) struct Args {
    /// What is to be done.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// What all commands take.
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a test
    Run(Box<RunArgs>),
    /// Print a test's options after all layers, as JSON
    Inspect(Box<InspectArgs>),
    /// Put a script, its options and all that it reads into one file
    Archive(Box<ArchiveArgs>),
    /// Write a first test to start from
    New(NewArgs),
    /// List, inspect or begin protocol extensions
    Extension(ExtensionArgs),
    /// Print the version
    Version(VersionArgs),
    /// Print the completions of a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Serve an HTTP target to try tests on
    Target(crate::target::Args),
    /// Compile the JavaScript runtime, for the next build of brunt to ship it so
    #[command(hide = true)]
    CompileRuntime {
        /// The file to write, unless it fits already
        file: PathBuf,
    },
}

/// What all commands take.
#[derive(Debug, clap::Args)]
pub(crate) struct GlobalArgs {
    /// Log more
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,
    /// Print no progress and no description of the run
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Print no colors [env: NO_COLOR, BRUNT_NO_COLOR]
    #[arg(long, global = true)]
    pub(crate) no_color: bool,
    /// Where the log goes: stderr, stdout, none, or file=PATH [env: BRUNT_LOG_OUTPUT]
    #[arg(long, global = true, value_name = "OUTPUT")]
    log_output: Option<String>,
    /// The form of the log: text, raw or json [env: BRUNT_LOG_FORMAT]
    #[arg(long, global = true, value_name = "FORMAT")]
    log_format: Option<String>,
}

/// What `brunt run` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {
    /// The test and its options.
    #[command(flatten)]
    pub(crate) test: TestArgs,
    /// Print no progress
    #[arg(long)]
    pub(crate) no_progress: bool,
}

/// What `brunt inspect` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct InspectArgs {
    /// The test and its options.
    #[command(flatten)]
    pub(crate) test: TestArgs,
    /// Print also the VUs and the time that the run needs
    #[arg(long)]
    pub(crate) execution_requirements: bool,
}

/// What `brunt archive` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct ArchiveArgs {
    /// The script and its options.
    #[command(flatten)]
    pub(crate) test: TestArgs,
    /// The file to write; - writes to stdout
    #[arg(long, short = 'O', value_name = "FILE", default_value = "archive.tar")]
    pub(crate) archive_out: PathBuf,
    /// Leave out the variables that the script is given
    #[arg(long)]
    pub(crate) exclude_env_vars: bool,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TestType {
    /// A script
    Js,
    /// An archive of a script
    Archive,
}

/// A test and everything that decides how it would run.
#[derive(Debug, clap::Args)]
pub(crate) struct TestArgs {
    /// The test: a component (.wasm), a script, or an archive of one; - reads a script or an archive from stdin
    pub(crate) test: PathBuf,
    /// What the test is, where its name and content don't say it [env: BRUNT_TYPE]
    #[arg(long = "type", short = 't', value_name = "TYPE", value_enum)]
    kind: Option<TestType>,
    /// Set a variable that the test sees, NAME=VALUE; NAME alone passes this process's on
    #[arg(long = "env", short = 'e', value_name = "NAME=VALUE")]
    env: Vec<String>,
    /// Give the test secrets: file=PATH or mock=KEY=VALUE,…; may be repeated [env:
    /// BRUNT_SECRET_SOURCE]
    #[arg(long = "secret-source", value_name = "SOURCE")]
    secret_sources: Vec<String>,
    /// The config file with options as JSON [env: BRUNT_CONFIG]
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The options.
    #[command(flatten)]
    pub(crate) options: OptionFlags,
    #[command(flatten)]
    inert: InertFlags,
}

/// What `brunt new` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct NewArgs {
    /// The folder to write, whose last part is the test's name; of a script: the file
    #[arg(value_name = "NAME", default_value = "my-test")]
    pub(crate) path: PathBuf,
    /// The language of the test [default: that of the name's ending, such as .js, else Rust]
    #[arg(long, short, value_enum)]
    pub(crate) language: Option<Language>,
    /// Write into a folder that has files already, over those of the same names
    #[arg(long, short)]
    pub(crate) force: bool,
}

/// What `brunt extension` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct ExtensionArgs {
    /// What is to be done.
    #[command(subcommand)]
    pub(crate) command: ExtensionCommand,
}

/// What can be done with extensions.
#[derive(Debug, Subcommand)]
pub(crate) enum ExtensionCommand {
    /// Print the extensions that are found, and where
    List(ListExtensionsArgs),
    /// Print what an extension exports and imports
    Inspect(InspectExtensionArgs),
    /// Write a first extension to start from, in Rust
    New(NewExtensionArgs),
}

/// What `brunt extension list` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct ListExtensionsArgs {
    /// A file to list beside those that are found; may be repeated
    #[arg(long = "extension", value_name = "FILE")]
    pub(crate) extensions: Vec<PathBuf>,
    /// Print them as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// What `brunt extension inspect` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct InspectExtensionArgs {
    /// The extension: a .wasm file
    pub(crate) file: PathBuf,
    /// Print it as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// What `brunt extension new` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct NewExtensionArgs {
    /// The folder to write, whose last part is the extension's name
    #[arg(value_name = "NAME", default_value = "my-protocol")]
    pub(crate) path: PathBuf,
    /// Write into a folder that has files already, over those of the same names
    #[arg(long, short)]
    pub(crate) force: bool,
}

/// A language to write tests in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// Rust
    Rust,
    /// JavaScript
    #[value(alias = "javascript")]
    Js,
    /// Python
    Python,
    /// Go
    Go,
    /// C
    C,
}

/// What `brunt version` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct VersionArgs {
    /// Print it as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Looks up a variable of this process's environment.
pub(crate) type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Args {
    /// Reads the command line, the program's name first.
    ///
    /// # Errors
    /// What clap says, and a hint for commands that k6 has or had; a call for help or the version is an error too.
    pub(crate) fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Args, clap::Error> {
        Args::try_parse_from(arguments).map_err(removed::explain)
    }
}

impl GlobalArgs {
    /// Whether colors are forbidden, by flag or environment.
    pub(crate) fn is_colorless(&self, variable: Lookup<'_>) -> bool {
        self.no_color || variable("NO_COLOR").is_some() || either(variable, "NO_COLOR").is_some()
    }

    /// Where the log goes and in what form.
    ///
    /// # Errors
    /// An output or a form that does not exist.
    pub(crate) fn logging(&self, variable: Lookup<'_>) -> Result<Logging, OptionsError> {
        let output = self
            .log_output
            .clone()
            .or_else(|| either(variable, "LOG_OUTPUT"));
        let format = self
            .log_format
            .clone()
            .or_else(|| either(variable, "LOG_FORMAT"));
        Logging::read(output.as_deref(), format.as_deref())
    }
}

impl TestArgs {
    /// The config file that was named, by flag or environment.
    pub(crate) fn config(&self, variable: Lookup<'_>) -> Option<PathBuf> {
        self.config
            .clone()
            .or_else(|| either(variable, "CONFIG").map(PathBuf::from))
    }

    /// The sources of secrets, by flags, or else the one that the environment gives.
    pub(crate) fn secret_sources(&self, variable: Lookup<'_>) -> Vec<String> {
        match self.secret_sources.is_empty() {
            true => either(variable, "SECRET_SOURCE").into_iter().collect(),
            false => self.secret_sources.clone(),
        }
    }

    /// What the test is, where flag or environment say so.
    ///
    /// # Errors
    /// A type that there is none of.
    pub(crate) fn kind(&self, variable: Lookup<'_>) -> Result<Option<TestType>, OptionsError> {
        let named = |name: String| {
            TestType::from_str(&name, true).map_err(|_| {
                OptionsError::one(format!("BRUNT_TYPE: {name:?} is neither js nor archive"))
            })
        };
        match self.kind {
            Some(kind) => Ok(Some(kind)),
            None => either(variable, "TYPE").map(named).transpose(),
        }
    }

    /// The variables that `--env` sets; a name alone takes its value from `variable`, and nothing if there is none.
    ///
    /// # Errors
    /// A variable without a name.
    pub(crate) fn env(
        &self,
        variable: Lookup<'_>,
    ) -> Result<BTreeMap<String, String>, OptionsError> {
        let mut env = BTreeMap::new();
        for setting in &self.env {
            let (name, value) = match setting.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (setting.as_str(), variable(setting)),
            };
            if name.is_empty() {
                return Err(OptionsError::one(format!(
                    "--env: {setting:?} has no name; write NAME=VALUE"
                )));
            }
            env.extend(value.map(|value| (name.to_owned(), value)));
        }
        Ok(env)
    }
}

/// The variable with our prefix, or else k6's; empty ones don't count.
fn either(variable: Lookup<'_>, name: &str) -> Option<String> {
    let set = |prefix: &str| variable(&format!("{prefix}_{name}")).filter(|text| !text.is_empty());
    set("BRUNT").or_else(|| set("K6"))
}

#[cfg(test)]
mod tests;
