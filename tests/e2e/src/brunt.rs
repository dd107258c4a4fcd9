//! Defines how the real binary is run: its arguments, a time limit, and what it left behind.

mod ended;
mod script;

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::{Recorder, guests};

pub use ended::Ended;

/// A `brunt` command to be run.
pub struct Brunt {
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    folder: Option<PathBuf>,
    limit: Duration,
    files: TempDir,
    wants_summary: bool,
    input: Option<std::fs::File>,
    address_space: Option<u64>,
}

impl Brunt {
    /// `brunt ARGS`
    pub fn new<A: Into<OsString>>(args: impl IntoIterator<Item = A>) -> Brunt {
        Brunt {
            args: args.into_iter().map(Into::into).collect(),
            env: Vec::new(),
            folder: None,
            limit: TIME_LIMIT,
            files: TempDir::with_prefix("brunt-e2e-").expect("a temporary folder"),
            wants_summary: false,
            input: None,
            address_space: None,
        }
    }

    /// `brunt run` of a file, with the summary exported so that [`Ended::metric`] can read it.
    pub fn test(file: &Path) -> Brunt {
        let mut brunt = Brunt::new([OsStr::new("run"), file.as_os_str()]);
        brunt.wants_summary = true;
        brunt
    }

    /// `brunt run` of a built guest.
    ///
    /// # Panics
    /// When the guest was not built.
    pub fn guest(name: &str) -> Brunt {
        Brunt::test(&guests::guest(name))
    }

    /// One more argument.
    pub fn arg(mut self, arg: impl Into<OsString>) -> Brunt {
        self.args.push(arg.into());
        self
    }

    /// More arguments.
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Brunt {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// A variable of the test: `--env NAME=VALUE`.
    pub fn test_env(self, name: &str, value: &str) -> Brunt {
        self.args(["--env".to_owned(), format!("{name}={value}")])
    }

    /// The server to test: the test's variable `BASE_URL`.
    pub fn base_url(self, url: &str) -> Brunt {
        self.test_env("BASE_URL", url)
    }

    /// A config file with these options.
    ///
    /// # Panics
    /// When it can't be written.
    pub fn config(self, options: &Value) -> Brunt {
        let file = self.files.path().join("config.json");
        std::fs::write(&file, options.to_string()).expect("the config file can be written");
        self.arg("--config").arg(file)
    }

    /// A variable of the process. Its environment has nothing of Brunt's or k6's otherwise.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Brunt {
        self.env.push((name.into(), value.as_ref().to_owned()));
        self
    }

    /// Trusts the certificate of this server, and no other.
    pub fn trusting(self, server: &Recorder) -> Brunt {
        self.trusting_file(server.ca_file())
    }

    /// Trusts the authorities in this file, and no others.
    pub fn trusting_file(self, ca_file: &Path) -> Brunt {
        self.env("SSL_CERT_FILE", ca_file)
    }

    /// The folder that it runs in; a temporary one otherwise.
    pub fn folder(mut self, folder: &Path) -> Brunt {
        self.folder = Some(folder.to_path_buf());
        self
    }

    /// After this time the process is killed and the test fails. Default: 60 s.
    pub fn limit(mut self, limit: Duration) -> Brunt {
        self.limit = limit;
        self
    }

    /// How many bytes of address space the process may have (`ulimit -v`).
    pub fn address_space(mut self, bytes: u64) -> Brunt {
        self.address_space = Some(bytes);
        self
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// When it can't be started or outlives the time limit.
    pub fn run(self) -> Ended {
        self.start().wait()
    }

    /// Starts it.
    ///
    /// # Panics
    /// When it can't be started.
    pub fn start(self) -> Running {
        let summary = self
            .wants_summary
            .then(|| self.files.path().join("summary.json"));
        let mut command = match self.address_space {
            None => Command::new(binary()),
            Some(bytes) => {
                let mut command = Command::new("prlimit");
                command.arg(format!("--as={bytes}")).arg(binary());
                command
            }
        };
        command
            .args(&self.args)
            .current_dir(self.folder.as_deref().unwrap_or(self.files.path()));
        if let Some(summary) = &summary {
            command.arg("--summary-export").arg(summary);
        }
        for (name, _) in env::vars_os().filter(|(name, _)| is_ours(name)) {
            command.env_remove(name);
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
            .stdin(self.input.map_or_else(Stdio::null, Stdio::from))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("can't start {command:?}: {error}"));
        let stdout = read_aside(child.stdout.take());
        let stderr = read_aside(child.stderr.take());
        let shown = format!("{command:?}");
        Running {
            child,
            stdout,
            stderr,
            summary,
            shown,
            started: Instant::now(),
            limit: self.limit,
            _files: self.files,
        }
    }
}

/// The binary under test: `BRUNT_BIN`, or the release build of this workspace.
///
/// # Panics
/// When there is none.
pub fn binary() -> PathBuf {
    let file = env::var_os("BRUNT_BIN").map_or_else(
        || guests::root().join("target/release/brunt"),
        PathBuf::from,
    );
    assert!(
        file.is_file(),
        "there is no {}: run `cargo xtask demo` or `cargo xtask test`, or set BRUNT_BIN",
        file.display()
    );
    file
}

fn is_ours(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let proxy = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];
    proxy.contains(&name.to_ascii_uppercase().as_str())
        || name.starts_with("K6_")
        || name.starts_with("BRUNT_")
        || name == "NO_COLOR"
        || name.starts_with("SSL_CERT_")
        || name == "SSLKEYLOGFILE"
        || name == "GODEBUG"
}

/// A `brunt` process under way. Dropping it kills it.
pub struct Running {
    child: Child,
    stdout: Option<JoinHandle<String>>,
    stderr: Option<JoinHandle<String>>,
    summary: Option<PathBuf>,
    shown: String,
    started: Instant,
    limit: Duration,
    _files: TempDir,
}

impl Running {
    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The most memory that it has held so far, in bytes, as the kernel counts it; none when it has ended.
    pub fn peak_memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
        Some(kib << 10)
    }

    /// Sends SIGINT, as Ctrl-C does.
    pub fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Whether it has ended.
    ///
    /// # Panics
    /// When the system does not say.
    pub fn has_ended(&mut self) -> bool {
        let status = self.child.try_wait();
        status.expect("the process can be waited for").is_some()
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(id.expect("a process id"), signal).expect("the process takes signals");
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it outlives the time limit: it is killed, and what it printed is shown.
    pub fn wait(mut self) -> Ended {
        let status = self.status_within_limit();
        let took = self.started.elapsed();
        if status.is_none() {
            self.child.kill().expect("the process can be killed");
            self.child.wait().expect("the process can be waited for");
        }
        let (stdout, stderr) = (text(self.stdout.take()), text(self.stderr.take()));
        let limit = self.limit;
        let Some(status) = status else {
            panic!(
                "{} ran for more than {limit:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}",
                self.shown
            )
        };
        let exported = self
            .summary
            .as_deref()
            .and_then(|file| std::fs::read(file).ok());
        let summary = exported
            .map(|bytes| serde_json::from_slice(&bytes).expect("the exported summary is JSON"));
        Ended {
            code: status.code(),
            stdout,
            stderr,
            took,
            summary,
        }
    }

    fn status_within_limit(&mut self) -> Option<ExitStatus> {
        loop {
            if let Some(status) = self
                .child
                .try_wait()
                .expect("the process can be waited for")
            {
                return Some(status);
            }
            if self.started.elapsed() > self.limit {
                return None;
            }
            thread::sleep(POLL);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_aside(pipe: Option<impl Read + Send + 'static>) -> Option<JoinHandle<String>> {
    let mut pipe = pipe?;
    Some(thread::spawn(move || {
        let mut bytes = Vec::new();
        // A pipe that breaks has said what it had to say.
        let _ = pipe.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }))
}

fn text(reader: Option<JoinHandle<String>>) -> String {
    reader
        .and_then(|reader| reader.join().ok())
        .unwrap_or_default()
}

const TIME_LIMIT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(2);
