//! Defines nginx as a target: Debian's, on a free port of 127.0.0.1, configured by the test.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::debian;

/// A running nginx with one server. It ends when it is dropped.
///
/// ```no_run
/// use brunt_e2e::Nginx;
///
/// let nginx = Nginx::start("listen ADDRESS; location / { return 200 hello; }", &[]);
/// assert_ne!(nginx.address().port(), 0);
/// ```
pub struct Nginx {
    process: Child,
    address: SocketAddr,
    folder: TempDir,
}

impl Nginx {
    /// Starts it with the inside of a `server` block, where `ADDRESS` stands for what to listen on and `FOLDER` for the
    /// folder that gets these files, names and contents.
    ///
    /// # Panics
    /// When nginx can't be installed, refuses its configuration, or does not listen in time.
    pub fn start(server: &str, files: &[(&str, &str)]) -> Nginx {
        Nginx::with_workers(1, server, files)
    }

    /// The same with so many workers.
    ///
    /// # Panics
    /// As [`Nginx::start`].
    pub fn with_workers(workers: usize, server: &str, files: &[(&str, &str)]) -> Nginx {
        let program = program();
        // The free port is somebody else's at times before nginx has it.
        for _ in 0..ATTEMPTS {
            let folder = TempDir::with_prefix("brunt-nginx-").expect("a temporary folder");
            for (name, contents) in files {
                fs::write(folder.path().join(name), contents).expect("a file can be written");
            }
            let address = free_address();
            let config = configuration(workers, folder.path(), &address.to_string(), server);
            fs::write(folder.path().join("nginx.conf"), config).expect("the configuration");
            let mut nginx = Nginx {
                process: spawn(&program, folder.path()),
                address,
                folder,
            };
            if nginx.listens() {
                return nginx;
            }
            let log = nginx.log();
            assert!(log.contains("Address already in use"), "nginx: {log}");
        }
        panic!("nginx found no free port in {ATTEMPTS} attempts");
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("error.log")).unwrap_or_default()
    }

    /// Waits until it listens, or has ended.
    fn listens(&mut self) -> bool {
        let start = Instant::now();
        loop {
            let status = self.process.try_wait();
            if status.expect("the process can be waited for").is_some() {
                return false;
            }
            let is_ready = self.folder.path().join("nginx.pid").is_file();
            if is_ready && TcpStream::connect(self.address).is_ok() {
                return true;
            }
            let log = self.log();
            assert!(start.elapsed() < PATIENCE, "nginx does not listen: {log}");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // SIGTERM lets the master end its worker; a kill would leave that behind.
        if let Some(id) = i32::try_from(self.process.id())
            .ok()
            .and_then(Pid::from_raw)
        {
            let _ = kill_process(id, Signal::TERM);
        }
        let _ = self.process.wait();
    }
}

const ATTEMPTS: usize = 5;
const PATIENCE: Duration = Duration::from_secs(20);

fn program() -> PathBuf {
    let places = ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"];
    debian::program(&places, "nginx-light", "a server to test against")
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("the listener's address")
}

fn spawn(program: &Path, folder: &Path) -> Child {
    Command::new(program)
        .arg("-p")
        .arg(folder)
        .arg("-c")
        .arg(folder.join("nginx.conf"))
        .arg("-e")
        .arg(folder.join("error.log"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("nginx can be started")
}

fn configuration(workers: usize, folder: &Path, address: &str, server: &str) -> String {
    let server = server
        .replace("ADDRESS", address)
        .replace("FOLDER", &folder.display().to_string());
    let folder = folder.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|name| format!("  {name}_temp_path {folder}/{name};\n"))
        .collect();
    format!(
        "daemon off;\nworker_processes {workers};\npid {folder}/nginx.pid;\nevents {{ worker_connections 16384; }}\n\
         http {{\n  access_log off;\n  default_type text/plain;\n{temporary}  server {{\n{server}\n  }}\n}}\n"
    )
}
