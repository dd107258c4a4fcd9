//! Defines the log: lines for the people who run the test.
//!
//! ```no_run
//! # use brunt_sdk::prelude::*;
//! log::info!("VU {} is user {:?}", execution::vu_in_test(), env("USER"));
//! ```

use crate::bindings::brunt::log::log as wit;

#[doc(inline)]
pub use crate::{
    __log_debug as debug, __log_error as error, __log_info as info, __log_warn as warn,
};

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Shown only with `--verbose`.
    Debug,
    /// Good to know.
    Info,
    /// Something to look at.
    Warn,
    /// Something went wrong.
    Error,
}

/// Writes one line. The engine limits how much a VU may write per second and says what it left out.
pub fn line(level: Level, message: &str) {
    let level = match level {
        Level::Debug => wit::Level::Debug,
        Level::Info => wit::Level::Info,
        Level::Warn => wit::Level::Warn,
        Level::Error => wit::Level::Error,
    };
    wit::log(level, message);
}

/// Writes a line that only `--verbose` shows, formatted as by `format!`.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_debug {
    ($($arg:tt)+) => { $crate::log::line($crate::log::Level::Debug, &::std::format!($($arg)+)) };
}

/// Writes a line, formatted as by `format!`.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_info {
    ($($arg:tt)+) => { $crate::log::line($crate::log::Level::Info, &::std::format!($($arg)+)) };
}

/// Writes a warning, formatted as by `format!`.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_warn {
    ($($arg:tt)+) => { $crate::log::line($crate::log::Level::Warn, &::std::format!($($arg)+)) };
}

/// Writes an error, formatted as by `format!`. The iteration goes on.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_error {
    ($($arg:tt)+) => { $crate::log::line($crate::log::Level::Error, &::std::format!($($arg)+)) };
}
