//! Defines connections of the standard library, for a client in tests.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use brunt_stomp::{Address, Fault, Incoming, Kind, Meter, Options, Time, Wire};

/// A client over the standard library's connections, whose counts nobody looks at.
pub(crate) struct Client(brunt_stomp::Client<Std, Nobody>);

impl std::ops::Deref for Client {
    type Target = brunt_stomp::Client<Std, Nobody>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl std::ops::DerefMut for Client {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl Client {
    /// The time so long from now.
    pub(crate) fn wait_until(&self, wait: Duration) -> Time {
        Std.now() + wait.as_nanos() as Time
    }
}

/// A client that is not connected.
pub(crate) fn client(address: &Address, options: Options) -> Client {
    Client(brunt_stomp::Client::new(
        Std,
        Nobody,
        address.clone(),
        options,
    ))
}

/// One that is.
pub(crate) fn connected(address: &Address, options: Options) -> Client {
    let mut client = client(address, options);
    client.connect().unwrap_or_else(|fault| panic!("{fault}"));
    client
}

/// The standard library's connections and clock. Heart-beats are written when it is read from.
pub(crate) struct Std;

pub(crate) struct Link {
    stream: TcpStream,
    heard: Time,
    wrote: Time,
    beat: Option<(Time, Vec<u8>)>,
}

impl Wire for Std {
    type Link = Link;

    fn now(&self) -> Time {
        static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        // Not 0, which is no time.
        START.get_or_init(Instant::now).elapsed().as_nanos() as Time + 1
    }

    fn dial(&self, address: &Address, timeout: Time) -> Result<Link, Fault> {
        let to = address.place().parse().expect("an address");
        let stream = TcpStream::connect_timeout(&to, Duration::from_nanos(timeout))
            .map_err(|error| lost(&error))?;
        let now = self.now();
        Ok(Link {
            stream,
            heard: now,
            wrote: now,
            beat: None,
        })
    }

    fn read(&self, link: &mut Link, until: Option<Time>) -> Incoming {
        if let Some((interval, bytes)) = &link.beat
            && self.now() - link.wrote >= *interval
        {
            let _ = link.stream.write_all(bytes);
            link.wrote = self.now();
        }
        let wait = until.map_or(0, |until| until.saturating_sub(self.now()));
        // No time at all would be for ever.
        let wait = Duration::from_nanos(wait).max(Duration::from_micros(1));
        link.stream.set_read_timeout(Some(wait)).expect("a timeout");
        let mut bytes = vec![0; 64 << 10];
        match link.stream.read(&mut bytes) {
            Ok(0) => Incoming::Ended,
            Ok(length) => {
                bytes.truncate(length);
                link.heard = self.now();
                Incoming::Bytes(bytes, link.heard)
            }
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                ) =>
            {
                Incoming::Nothing
            }
            Err(error) => Incoming::Failed(lost(&error)),
        }
    }

    fn write(&self, link: &mut Link, bytes: &[u8]) -> Result<(), Fault> {
        link.wrote = self.now();
        link.stream.write_all(bytes).map_err(|error| lost(&error))
    }

    fn keep_alive(&self, link: &mut Link, interval: Time, bytes: &[u8]) {
        link.beat = Some((interval, bytes.to_vec()));
    }

    fn heard(&self, link: &Link) -> Time {
        link.heard
    }
}

fn lost(error: &io::Error) -> Fault {
    Fault::new(Kind::Network, error.to_string())
}

pub(crate) struct Nobody;

impl Meter for Nobody {
    fn sent(&mut self, _: &str, _: u64, _: Time) {}
    fn not_sent(&mut self, _: &str) {}
    fn taken(&mut self, _: &str, _: u64, _: Time) {}
    fn not_taken(&mut self, _: &str) {}
    fn acknowledged(&mut self, _: &str, _: bool, _: bool) {}
    fn connected(&mut self, _: &Address, _: Time) {}
    fn failed(&mut self, _: &Fault) {}
}
