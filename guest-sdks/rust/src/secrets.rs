//! Defines secrets: what whoever runs the test gave to it (`--secret-source`), and the log does not show.
//!
//! ```no_run
//! # use brunt_sdk::prelude::*;
//! # fn iterate() -> Result<()> {
//! let token = secrets::get("token")?;
//! Request::get("http://127.0.0.1:8080/").header("authorization", &format!("Bearer {token}")).send()?;
//! # Ok(()) }
//! ```

use crate::bindings::brunt::secrets::secrets as wit;
use crate::{Error, Result};

/// The secret with this key, from the default source. From now on the engine writes `***SECRET_REDACTED***` for it wherever
/// it would come into the log.
///
/// Errors: no source was given; none of them is the default one; it has no such secret.
pub fn get(key: &str) -> Result<String> {
    wit::get(key, None).map_err(Error::new)
}

/// The same from the source of this name. Errors: there is none; it has no such secret.
pub fn get_from(source: &str, key: &str) -> Result<String> {
    wit::get(key, Some(source)).map_err(Error::new)
}
