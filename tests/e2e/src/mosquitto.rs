//! Defines mosquitto as a target: Debian's MQTT broker, on a free port of 127.0.0.1, configured by the test.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::debian;

/// A running mosquitto. It ends when it is dropped.
///
/// ```no_run
/// use brunt_e2e::Mosquitto;
///
/// let broker = Mosquitto::start("allow_anonymous true");
/// assert!(broker.url().starts_with("mqtt://127.0.0.1:"));
/// ```
pub struct Mosquitto {
    process: Option<Child>,
    address: SocketAddr,
    folder: TempDir,
}

impl Mosquitto {
    /// Starts it with these lines behind its listener's, where `FOLDER` stands for a folder of its own.
    ///
    /// # Panics
    /// When mosquitto can't be installed, refuses its configuration, or does not listen in time.
    pub fn start(lines: &str) -> Mosquitto {
        Mosquitto::with_files(lines, &[])
    }

    /// The same, with these files in its folder, names and contents.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub fn with_files(lines: &str, files: &[(&str, &str)]) -> Mosquitto {
        // The free port is somebody else's at times before mosquitto has it.
        for _ in 0..ATTEMPTS {
            let folder = TempDir::with_prefix("brunt-mosquitto-").expect("a temporary folder");
            for (name, contents) in files {
                fs::write(folder.path().join(name), contents).expect("a file can be written");
            }
            let address = free_address();
            let config = configuration(folder.path(), address, lines);
            fs::write(folder.path().join("mosquitto.conf"), config).expect("the configuration");
            let mut broker = Mosquitto {
                process: None,
                address,
                folder,
            };
            if broker.launch() {
                return broker;
            }
            let log = broker.log();
            assert!(log.contains("Address already in use"), "mosquitto: {log}");
        }
        panic!("mosquitto found no free port in {ATTEMPTS} attempts");
    }

    /// The contents of a password file that lets this user in.
    ///
    /// # Panics
    /// When mosquitto's own program for that does not do it.
    pub fn password_file(user: &str, password: &str) -> String {
        program();
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        let status = Command::new("mosquitto_passwd")
            .arg("-b")
            .arg(file.path())
            .args([user, password])
            .status()
            .expect("mosquitto_passwd can be started");
        assert!(status.success(), "mosquitto_passwd: {status}");
        fs::read_to_string(file.path()).expect("the password file")
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `mqtt://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("mqtt://{}", self.address)
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("mosquitto.log")).unwrap_or_default()
    }

    /// Waits until it has logged this.
    ///
    /// # Panics
    /// When it has not after some seconds.
    pub fn wait_for_log(&self, text: &str) {
        let start = Instant::now();
        while !self.log().contains(text) {
            let log = self.log();
            assert!(start.elapsed() < PATIENCE, "no {text:?} in {log}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Kills it: its connections break without a word.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Starts it again where it was, after [`kill`](Self::kill).
    ///
    /// # Panics
    /// When it does not listen in time.
    pub fn restart(&mut self) {
        self.kill();
        assert!(self.launch(), "mosquitto: {}", self.log());
    }

    /// Starts the process; whether it listens then, or has ended.
    fn launch(&mut self) -> bool {
        let mut process = Command::new(program())
            .arg("-c")
            .arg(self.folder.path().join("mosquitto.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("mosquitto can be started");
        let start = Instant::now();
        loop {
            let status = process.try_wait();
            if status.expect("the process can be waited for").is_some() {
                return false;
            }
            if TcpStream::connect(self.address).is_ok() {
                self.process = Some(process);
                return true;
            }
            let log = self.log();
            assert!(
                start.elapsed() < PATIENCE,
                "mosquitto does not listen: {log}"
            );
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        self.kill();
    }
}

const ATTEMPTS: usize = 5;
const PATIENCE: Duration = Duration::from_secs(20);

fn program() -> PathBuf {
    let places = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"];
    debian::program(&places, "mosquitto", "a broker to test against")
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("the listener's address")
}

fn configuration(folder: &Path, address: SocketAddr, lines: &str) -> String {
    let lines = lines.replace("FOLDER", &folder.display().to_string());
    let (folder, port, ip) = (folder.display(), address.port(), address.ip());
    // Started by root it would become a user who may not read the folder.
    format!(
        "user root\nlog_dest file {folder}/mosquitto.log\nlog_type all\nset_tcp_nodelay true\nlistener {port} {ip}\n{lines}\n"
    )
}
