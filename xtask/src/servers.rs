//! Defines `cargo xtask servers`: the servers of others that tests run against, installed where they are missing.

use std::path::Path;

use anyhow::Result;

use crate::{guests, process};

/// A program of Debian's, its package, and what it is for.
const DEBIAN: &[(&str, &str, &str)] = &[
    ("/usr/sbin/nginx", "nginx-light", "a server to test against"),
    (
        "/usr/sbin/mosquitto",
        "mosquitto",
        "a broker of MQTT to test against",
    ),
    (
        "/usr/sbin/nats-server",
        "nats-server",
        "a broker of NATS to test against",
    ),
    (
        "/usr/sbin/rabbitmq-server",
        "rabbitmq-server",
        "a broker of STOMP to test against",
    ),
];

/// Installs httpbin into `target/tools`, and the others as packages.
///
/// # Errors
/// When pip or apt-get can't install one, naming it.
pub(crate) fn install(root: &Path) -> Result<()> {
    guests::python(root, "httpbin==0.10.4", "httpbin")?;
    for (program, package, why) in DEBIAN {
        process::debian(program, package, why)?;
    }
    Ok(())
}
