//! Defines the client's connections: the engine's sockets.

use std::time::Duration;

use brunt_sdk::sockets::{Connection, Dial, Error, TlsOptions};
use brunt_sdk::time::{self, Wait};

use crate::{Address, Fault, Incoming, Kind, Time, Wire};

/// The engine's sockets and clock.
pub(super) struct Sockets {
    /// How TLS is spoken where the address asks for it.
    pub(super) tls: TlsOptions,
}

/// Bytes of one read at most.
const READ_MOST: usize = 64 << 10;

impl Wire for Sockets {
    type Link = Connection;

    fn now(&self) -> Time {
        nanoseconds(time::now())
    }

    fn dial(&self, address: &Address, timeout: Time) -> Result<Connection, Fault> {
        let mut dial =
            Dial::new(&address.host, address.port).timeout(Duration::from_nanos(timeout));
        if address.tls {
            dial = dial.tls(&self.tls);
        }
        dial.connect().map_err(lost)
    }

    fn read(&self, link: &mut Connection, until: Option<Time>) -> Incoming {
        let wait = until.map_or(0, |until| until.saturating_sub(self.now()));
        if wait == 0 && !link.ready() {
            return Incoming::Nothing;
        }
        link.set_read_timeout(Some(Duration::from_nanos(wait)));
        match link.chunk(READ_MOST) {
            Ok(Some(bytes)) => Incoming::Bytes(bytes, nanoseconds(link.arrival())),
            Ok(None) => Incoming::Ended,
            Err(error) if error.is_timeout() => Incoming::Nothing,
            Err(error) => Incoming::Failed(lost(error)),
        }
    }

    fn write(&self, link: &mut Connection, bytes: &[u8]) -> Result<(), Fault> {
        link.send(bytes).map_err(lost)
    }

    fn keep_alive(&self, link: &mut Connection, interval: Time, bytes: &[u8]) {
        link.set_heart_beat(Duration::from_nanos(interval), bytes);
    }

    fn heard(&self, link: &Connection) -> Time {
        nanoseconds(link.last_heard())
    }
}

fn lost(error: Error) -> Fault {
    let kind = match error.is_timeout() {
        true => Kind::Timeout,
        false => Kind::Network,
    };
    Fault::with_code(kind, error.code(), error.message())
}

fn nanoseconds(time: Duration) -> Time {
    time.as_nanos() as Time
}
