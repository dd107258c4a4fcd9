//! Defines the target of the HTTP measurement: an nginx of our own, one worker, no log, a body of a few bytes.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

/// A running nginx; dropping it ends it.
pub(crate) struct Nginx {
    process: Child,
    url: String,
    _folder: TempDir,
}

impl Nginx {
    /// Starts it on a free port.
    ///
    /// # Errors
    /// When there is no nginx, or it does not listen after a few seconds.
    pub(crate) fn start() -> Result<Nginx> {
        let folder = TempDir::with_prefix("brunt-nginx-")?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let config = folder.path().join("nginx.conf");
        fs::write(&config, configuration(folder.path(), &address.to_string()))?;
        let mut command = Command::new(program()?);
        command
            .arg("-p")
            .arg(folder.path())
            .arg("-c")
            .arg(&config)
            .args(["-e", "stderr"]);
        let process = command
            .stdout(Stdio::null())
            .spawn()
            .context("can't start nginx")?;
        let nginx = Nginx {
            process,
            url: format!("http://{address}/"),
            _folder: folder,
        };
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            if start.elapsed() > Duration::from_secs(5) {
                bail!("nginx does not listen on {address}");
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(nginx)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // SIGTERM lets the master end its worker; a kill would leave that behind.
        let _ = Command::new("kill")
            .arg(self.process.id().to_string())
            .status();
        let _ = self.process.wait();
    }
}

fn program() -> Result<PathBuf> {
    let places = ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"];
    let found = places.iter().map(Path::new).find(|path| path.is_file());
    found
        .map(Path::to_path_buf)
        .context("there is no nginx: `cargo xtask bench http` installs it")
}

fn configuration(folder: &Path, address: &str) -> String {
    let folder = folder.display();
    format!(
        "daemon off;\nworker_processes 1;\npid {folder}/nginx.pid;\nevents {{ worker_connections 1024; }}\nhttp {{\n  \
         access_log off;\n  keepalive_requests 1000000000;\n  client_body_temp_path {folder}/body;\n  \
         proxy_temp_path {folder}/proxy;\n  fastcgi_temp_path {folder}/fastcgi;\n  uwsgi_temp_path {folder}/uwsgi;\n  \
         scgi_temp_path {folder}/scgi;\n  server {{\n    listen {address};\n    location / {{ default_type text/plain; \
         return 200 \"hello\\n\"; }}\n  }}\n}}\n"
    )
}
