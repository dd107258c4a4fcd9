//! Defines a server of somebody else's: httpbin, which `cargo xtask servers` installs.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::guests::root;

/// A running httpbin on a free port of 127.0.0.1. Dropping it ends it.
pub struct Httpbin {
    process: Child,
    url: String,
}

/// Says where it listens, and serves until it is killed.
const PROGRAM: &str = "
from werkzeug.serving import make_server
from httpbin import app
server = make_server('127.0.0.1', 0, app, threaded=True)
print(server.server_port, flush=True)
server.serve_forever()
";

impl Httpbin {
    /// Starts it.
    ///
    /// # Panics
    /// When it is not installed, or does not start.
    pub fn start() -> Httpbin {
        let folder = root().join("target/tools/httpbin");
        assert!(
            folder.join("httpbin").is_dir(),
            "httpbin is not installed: run `cargo xtask servers` ({} is missing)",
            folder.display()
        );
        let mut process = Command::new("python3")
            .args(["-c", PROGRAM])
            .env("PYTHONPATH", folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("python3 starts");
        let mut port = String::new();
        let stdout = process.stdout.take().expect("its output is a pipe");
        let read = BufReader::new(stdout).read_line(&mut port);
        // It ends without a word when it can't start.
        let port: u16 = read
            .ok()
            .and_then(|_| port.trim().parse().ok())
            .expect("httpbin says its port");
        Httpbin {
            process,
            url: format!("http://127.0.0.1:{port}"),
        }
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Httpbin {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
