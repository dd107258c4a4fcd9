//! Defines `cargo xtask servers`: the servers of others that tests run against, installed where they are missing.

use std::path::Path;

use anyhow::Result;

use crate::guests;

/// Installs httpbin into `target/tools`.
///
/// # Errors
/// When pip can't install it.
pub(crate) fn install(root: &Path) -> Result<()> {
    guests::python(root, "httpbin==0.10.4", "httpbin").map(drop)
}
