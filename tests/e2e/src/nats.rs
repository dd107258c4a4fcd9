//! Defines a broker of NATS as a target: Debian's nats-server on a free port of 127.0.0.1, configured by the test, with JetStream.

use std::fs;
use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::debian;

/// A running nats-server, its store in a folder of its own. It ends when it is dropped.
///
/// ```no_run
/// use brunt_e2e::Nats;
///
/// let mut broker = Nats::start("authorization { token: secret }", &[]);
/// broker.kill();
/// broker.restart();
/// assert!(broker.url().starts_with("nats://127.0.0.1:"));
/// ```
pub struct Nats {
    process: Option<Child>,
    address: SocketAddr,
    folder: TempDir,
}

impl Nats {
    /// Starts it with these lines of configuration beside where it listens and where it keeps things; `FOLDER` stands for the folder
    /// that gets these files, names and contents.
    ///
    /// # Panics
    /// When nats-server can't be installed, refuses its configuration, or does not listen in time.
    pub fn start(config: &str, files: &[(&str, &str)]) -> Nats {
        // The free port is somebody else's at times before the server has it.
        for _ in 0..ATTEMPTS {
            let folder = TempDir::with_prefix("brunt-nats-").expect("a temporary folder");
            for (name, contents) in files {
                fs::write(folder.path().join(name), contents).expect("a file can be written");
            }
            let address = free_address();
            fs::write(
                folder.path().join("nats.conf"),
                configuration(folder.path(), address, config),
            )
            .expect("the configuration can be written");
            let mut nats = Nats {
                process: Some(spawn(folder.path())),
                address,
                folder,
            };
            if nats.listens() {
                return nats;
            }
            let log = nats.log();
            assert!(log.contains("address already in use"), "nats-server: {log}");
        }
        panic!("nats-server found no free port in {ATTEMPTS} attempts");
    }

    /// With nothing special.
    ///
    /// # Panics
    /// As [`Nats::start`].
    pub fn plain() -> Nats {
        Nats::start("", &[])
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `nats://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Its process, as the system counts them.
    pub fn process_id(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }

    /// Ends it as a machine that loses its power does.
    pub fn kill(&mut self) {
        self.end(Signal::KILL);
    }

    /// Starts it again where it was, with what it had stored.
    ///
    /// # Panics
    /// When it does not listen in time.
    pub fn restart(&mut self) {
        self.end(Signal::TERM);
        self.process = Some(spawn(self.folder.path()));
        assert!(self.listens(), "nats-server: {}", self.log());
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("nats.log")).unwrap_or_default()
    }

    /// Waits until it greets who connects, or has ended.
    fn listens(&mut self) -> bool {
        let start = Instant::now();
        loop {
            let process = self.process.as_mut().expect("it was started");
            let status = process.try_wait();
            if status.expect("the process can be waited for").is_some() {
                return false;
            }
            if greets(self.address) {
                return true;
            }
            let log = self.log();
            assert!(
                start.elapsed() < PATIENCE,
                "nats-server does not listen: {log}"
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn end(&mut self, signal: Signal) {
        let Some(mut process) = self.process.take() else {
            return;
        };
        if let Some(id) = i32::try_from(process.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(id, signal);
        }
        let _ = process.wait();
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.end(Signal::TERM);
    }
}

const ATTEMPTS: usize = 5;
const PATIENCE: Duration = Duration::from_secs(30);

/// Whether somebody there begins with INFO.
fn greets(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else {
        return false;
    };
    let mut first = [0; 4];
    let limited = stream.set_read_timeout(Some(Duration::from_secs(2)));
    limited.is_ok() && stream.read_exact(&mut first).is_ok() && &first == b"INFO"
}

/// The program; installed, aloud, when it is missing and this is root.
fn program() -> PathBuf {
    let places = [
        "/usr/sbin/nats-server",
        "/usr/local/bin/nats-server",
        "/usr/bin/nats-server",
    ];
    debian::program(&places, "nats-server", "a broker to test against")
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("the listener's address")
}

fn spawn(folder: &Path) -> Child {
    Command::new(program())
        .arg("--config")
        .arg(folder.join("nats.conf"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("nats-server can be started")
}

fn configuration(folder: &Path, address: SocketAddr, config: &str) -> String {
    let config = config.replace("FOLDER", &folder.display().to_string());
    let folder = folder.display();
    format!(
        "listen: \"{address}\"\nlog_file: \"{folder}/nats.log\"\nmax_connections: 100000\n\
         jetstream {{ store_dir: \"{folder}/store\", max_memory_store: 1GB, max_file_store: 4GB }}\n{config}\n"
    )
}
