//! Defines the world as the client needs it, by the engine's sockets and its clock.

use std::cell::Cell;
use std::rc::Rc;

use crate::options::Time;
use crate::{Address, Fault, Incoming, Kind, Wire, command};
use brunt_sdk::bindings::brunt::time::{clock, waiting};
use brunt_sdk::bindings::extending::brunt::sockets::network::SocketError;
use brunt_sdk::bindings::extending::brunt::sockets::tcp::{
    Connection, Dial, PendingConnection, TlsOptions,
};

/// Sockets, with the TLS that the client's options ask for.
pub(super) struct Sockets {
    pub(super) tls: Rc<TlsSettings>,
}

/// How TLS is to be spoken, where not as the run does.
#[derive(Clone, Default)]
pub(super) struct TlsSettings {
    pub(super) server_name: Option<String>,
    pub(super) authorities: Vec<Vec<u8>>,
    pub(super) client_certificate: Option<(Vec<u8>, Vec<u8>)>,
    pub(super) insecure: bool,
}

/// An open connection.
pub(super) struct Link {
    connection: Connection,
    /// How long a read may wait, as was said last.
    patience: Cell<Time>,
    is_kept_alive: Cell<bool>,
}

/// Bytes that are read at once.
const READ_MOST: u32 = 64 * 1024;

/// How much longer than asked for a read may wait: saying how long, each time anew, costs more than it is worth.
const SLACK: Time = 1_000_000;

const TIMED_OUT: u32 = 1050;

impl TlsSettings {
    fn options(&self) -> TlsOptions {
        let options = TlsOptions::new();
        if let Some(name) = &self.server_name {
            options.set_server_name(name);
        }
        for pem in &self.authorities {
            options.add_authorities(pem);
        }
        if let Some((chain, key)) = &self.client_certificate {
            options.set_client_certificate(chain, key);
        }
        if self.insecure {
            options.set_insecure(true);
        }
        options
    }
}

impl Wire for Sockets {
    type Dialing = PendingConnection;
    type Link = Link;

    fn now(&self) -> Time {
        clock::now()
    }

    fn dial(&self, address: &Address, tls: bool, deadline: Time) -> PendingConnection {
        let dial = Dial::new(&address.host, address.port);
        dial.set_timeout(deadline.saturating_sub(clock::now()));
        if tls {
            dial.set_tls(&self.tls.options());
        }
        dial.start()
    }

    fn dialed(
        &self,
        dialing: &mut PendingConnection,
        until: Option<Time>,
    ) -> Option<Result<Link, Fault>> {
        let done = dialing.done();
        if !done.ready() {
            let timer = waiting::after(until?.saturating_sub(clock::now()));
            waiting::wait_any(&[&done, &timer]);
        }
        if !done.ready() {
            return None;
        }
        let link = |connection| Link {
            connection,
            patience: Cell::new(0),
            is_kept_alive: Cell::new(false),
        };
        Some(dialing.take().map(link).map_err(fault))
    }

    fn secure(&self, link: &mut Link, _address: &Address) -> Result<(), Fault> {
        link.connection
            .start_tls(&self.tls.options())
            .map_err(fault)
    }

    fn read(&self, link: &mut Link, until: Option<Time>) -> Incoming {
        let connection = &link.connection;
        let wait = until.map_or(0, |until| until.saturating_sub(clock::now()));
        if wait > 0 {
            link.wait_at_most(wait);
        } else if connection.available() == 0 && !connection.readable().ready() {
            return Incoming::Nothing;
        }
        match connection.read(READ_MOST) {
            Ok(Some(bytes)) => Incoming::Bytes(bytes, connection.arrival()),
            Ok(None) => Incoming::Ended,
            Err(error) if error.code == TIMED_OUT => Incoming::Nothing,
            Err(error) => Incoming::Failed(fault(error)),
        }
    }

    fn write(&self, link: &mut Link, bytes: &[u8]) -> Result<(), Fault> {
        // Mostly there is room, and then this costs less.
        if link.connection.write_now(bytes).map_err(fault)? {
            return Ok(());
        }
        link.connection.write(bytes).map_err(fault)
    }

    /// With PONG, which says the same to a server, and which it does not answer.
    fn keep_alive(&self, link: &mut Link, interval: Time) {
        if !link.is_kept_alive.replace(true) {
            link.connection.set_heart_beat(interval, command::PONG);
        }
    }

    fn sleep(&self, until: Time) {
        clock::sleep(until.saturating_sub(clock::now()));
    }
}

impl Link {
    /// Lets reads wait for so long, or a little less or more: whoever reads looks at the time.
    fn wait_at_most(&self, wait: Time) {
        let said = self.patience.get();
        let fits = said <= wait.saturating_add(SLACK) && said >= wait / 2;
        if !fits {
            self.connection.set_read_timeout(Some(wait));
            self.patience.set(wait);
        }
    }
}

fn fault(error: SocketError) -> Fault {
    let kind = match error.code {
        TIMED_OUT | 1211 => Kind::Timeout,
        _ => Kind::Network,
    };
    Fault::with_code(kind, error.code, error.message)
}
