//! Defines one load test from options to summary: the embeddable library below the `brunt` command.
//!
//! [`Loaded::load`] loads a test and merges its options with everyone else's; [`run()`] runs it to its [`Report`].

mod error;
mod exit;
pub mod options;

mod load;
mod modules;
mod script;
mod secrets;
mod settings;

mod run;
mod scheduler;
mod session;
mod stop;

mod clock;
mod executor;
mod failures;
mod pulse;
mod vus;
mod worker;

mod collector;
mod live;
pub mod output;

pub use brunt_host::{
    Description, ERROR_CODES, ErrorCode, ErrorKind, Extension, Failure, Interface, Level, LogSink,
    Runtime, SearchPath,
};
pub use brunt_metrics as metrics;
pub use brunt_plan as plan;
pub use brunt_script::{Archive, ArchiveError, Script, ScriptError};
pub use error::Error;
pub use exit::{EXIT_CODES, ExitCode};
pub use live::{Progress, ScenarioProgress, ScenarioState};
pub use load::{Loaded, TestFile, TestSource};
pub use run::{Files, Observer, Report, Terminal, run};
pub use scheduler::Interrupts;
pub use secrets::{SECRET_VARIABLES, read_secrets};
