//! Defines RabbitMQ as a broker of STOMP: Debian's, on free ports of 127.0.0.1, in a folder of its own.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

use crate::certificates::Credentials;
use crate::debian;

/// A running RabbitMQ with its STOMP plugin, whose user is `guest` with the passcode `guest`. It ends when it is dropped.
pub struct RabbitMq {
    process: Option<Child>,
    ports: Ports,
    folder: TempDir,
}

#[derive(Clone, Copy)]
struct Ports {
    amqp: u16,
    stomp: u16,
    stomps: u16,
    /// Of Erlang's own distribution, and of the program that knows its nodes.
    nodes: u16,
    names: u16,
}

impl RabbitMq {
    /// Starts it.
    ///
    /// # Panics
    /// When it can't be installed, or does not listen in time.
    pub fn start() -> RabbitMq {
        RabbitMq::serving(None)
    }

    /// Starts it with TLS too, by these credentials.
    ///
    /// # Panics
    /// As [`RabbitMq::start`].
    pub fn with_tls(credentials: &Credentials) -> RabbitMq {
        RabbitMq::serving(Some(credentials))
    }

    fn serving(credentials: Option<&Credentials>) -> RabbitMq {
        let folder = TempDir::with_prefix("brunt-rabbitmq-").expect("a temporary folder");
        let ports = Ports::free();
        let mut config = format!(
            "listeners.tcp.1 = 127.0.0.1:{}\nstomp.listeners.tcp.1 = 127.0.0.1:{}\nlog.console = true\nlog.console.level = warning\n",
            ports.amqp, ports.stomp
        );
        if let Some(credentials) = credentials {
            config += &tls(folder.path(), ports.stomps, credentials);
        }
        write(folder.path(), "rabbitmq.conf", &config);
        write(folder.path(), "plugins", "[rabbitmq_stomp].");
        let mut broker = RabbitMq {
            process: None,
            ports,
            folder,
        };
        broker.resume();
        broker
    }

    /// Where it speaks STOMP.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.ports.stomp).into()
    }

    /// Where it speaks STOMP over TLS.
    pub fn tls_address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.ports.stomps).into()
    }

    /// Kills it, without a goodbye to anybody. What was durable is kept.
    ///
    /// # Panics
    /// When it can't be killed.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            // It is a script, and what it started is the broker.
            let group = Pid::from_child(&process);
            kill_process_group(group, Signal::KILL).expect("the broker can be killed");
            let _ = process.wait();
        }
        // Erlang's own, which outlives its nodes.
        let _ = Command::new("epmd")
            .args(["-port", &self.ports.names.to_string(), "-kill"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }

    /// Starts it again, where it listened before.
    ///
    /// # Panics
    /// As [`RabbitMq::start`].
    pub fn resume(&mut self) {
        let program = program();
        self.process = Some(self.spawn(&program));
        let start = Instant::now();
        while TcpStream::connect(self.address()).is_err() {
            let process = self.process.as_mut().expect("it was spawned");
            let ended = process.try_wait().expect("the process can be waited for");
            assert!(
                ended.is_none() && start.elapsed() < PATIENCE,
                "RabbitMQ does not listen: {}",
                self.log()
            );
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn spawn(&self, program: &Path) -> Child {
        let place = self.folder.path();
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(place.join("log"))
            .expect("a log");
        Command::new(program)
            .env("HOME", place)
            .env(
                "RABBITMQ_NODENAME",
                format!("brunt-{}@localhost", self.ports.nodes),
            )
            .env("RABBITMQ_DIST_PORT", self.ports.nodes.to_string())
            .env("ERL_EPMD_PORT", self.ports.names.to_string())
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            // Else it can't be ended before it has noticed that its node is gone.
            .env("ERL_EPMD_RELAXED_COMMAND_CHECK", "1")
            .env("RABBITMQ_MNESIA_BASE", place.join("database"))
            .env("RABBITMQ_LOG_BASE", place)
            .env("RABBITMQ_LOGS", "-")
            .env("RABBITMQ_CONFIG_FILE", place.join("rabbitmq.conf"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", place.join("plugins"))
            .env("RABBITMQ_CONF_ENV_FILE", "/dev/null")
            // One scheduler that does not spin while it waits: the machine is small.
            .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "+S 1:1 +sbwt none")
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .expect("RabbitMQ can be started")
    }
}

impl Drop for RabbitMq {
    fn drop(&mut self) {
        self.kill();
    }
}

/// How long starting may take: it loads some hundred modules.
const PATIENCE: Duration = Duration::from_secs(120);

impl Ports {
    /// Five that are free now, all of them held until the last was found.
    fn free() -> Ports {
        let held: Vec<TcpListener> = (0..5)
            .map(|_| TcpListener::bind("127.0.0.1:0").expect("a free port"))
            .collect();
        let port = |index: usize| {
            held[index]
                .local_addr()
                .expect("the listener's address")
                .port()
        };
        Ports {
            amqp: port(0),
            stomp: port(1),
            stomps: port(2),
            nodes: port(3),
            names: port(4),
        }
    }
}

fn tls(folder: &Path, port: u16, credentials: &Credentials) -> String {
    write(folder, "chain.pem", &credentials.certificate);
    write(folder, "key.pem", &credentials.key);
    let path = |name: &str| folder.join(name).display().to_string();
    format!(
        "stomp.listeners.ssl.1 = 127.0.0.1:{port}\nssl_options.certfile = {}\nssl_options.keyfile = {}\nssl_options.verify = verify_none\n",
        path("chain.pem"),
        path("key.pem")
    )
}

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).expect("a file can be written");
}

/// The program itself, not Debian's script around it, which changes to a user of its own.
fn program() -> PathBuf {
    let places = ["/usr/lib/rabbitmq/bin/rabbitmq-server"];
    debian::program(&places, "rabbitmq-server", "a broker to test against")
}
