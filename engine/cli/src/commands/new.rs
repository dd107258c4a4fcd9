//! Defines `brunt new`: the first files of a test.

use brunt_runner::{Error, ExitCode};

use crate::args::NewArgs;

/// Writes the first files of a test.
pub(crate) fn new(args: &NewArgs) -> Result<u8, Error> {
    let _ = args;
    Err(Error::new(ExitCode::InvalidConfig, "to come"))
}
