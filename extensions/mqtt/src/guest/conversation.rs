//! Defines a client with its connection: how it is opened, lost and opened again.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use brunt_sdk::sockets::{self, Connection, Dial};
use brunt_sdk::time::Wait;

use crate::codec::ping_request;
use crate::error::{Error, ErrorKind};
use crate::machine::{Finished, Machine, Pulse, Settings};

use super::bell::Bell;
use super::bindings::exports::brunt::mqtt::client::Event;
use super::config::{Config, Wishes};
use super::errand::{Errand, What};
use super::link::Link;
use super::meter::Meter;
use super::{convert, now_ns};

/// How many events are kept.
const MOST_EVENTS: usize = 100;

/// A client with its connection.
pub(super) struct Conversation {
    /// What is wrong with the options, which connecting says.
    wrong: Option<Error>,
    pub(super) config: Config,
    pub(super) machine: Machine<Rc<Errand>>,
    pub(super) link: Link,
    pub(super) pulse: Pulse,
    pub(super) meter: Meter,
    pub(super) arrived: Bell,
    pub(super) changed: Bell,
    events: VecDeque<Event>,
    /// Who waits for the connection.
    opening: Option<Rc<Errand>>,
    /// Which server it is, or was last, and how many are yet to be tried.
    server: usize,
    left: usize,
    /// Which attempt to connect again it is; 0 for a connection that was asked for.
    attempt: u32,
    failures: Vec<String>,
    was_up: bool,
    /// Why there is no connection.
    failure: Option<Error>,
    has_own_login: bool,
    /// How many of the messages that came are counted.
    pub(super) noted: u64,
    pub(super) read_timeout_ns: Option<u64>,
    /// Messages that were sent since anything was looked for.
    pub(super) unlooked: u32,
}

impl Conversation {
    pub(super) fn new(wishes: Wishes) -> Self {
        let tags = wishes.tags.clone();
        let checked = wishes.clone().checked().and_then(|(config, settings)| {
            let has_own_login = settings.user.is_some() || settings.password.is_some();
            Ok((config, Machine::new(settings)?, has_own_login))
        });
        let (wrong, (config, machine, has_own_login)) = match checked {
            Ok(parts) => (None, parts),
            Err(error) => (Some(error), unusable(wishes)),
        };
        Self {
            wrong,
            config,
            machine,
            link: Link::Down,
            pulse: Pulse::default(),
            meter: Meter::new(tags),
            arrived: Bell::default(),
            changed: Bell::default(),
            events: VecDeque::new(),
            opening: None,
            server: 0,
            left: 0,
            attempt: 0,
            failures: Vec::new(),
            was_up: false,
            failure: None,
            has_own_login,
            noted: 0,
            read_timeout_ns: None,
            unlooked: 0,
        }
    }

    /// Begins to connect, after breaking off what connection there is.
    pub(super) fn begin_to_connect(&mut self) -> Rc<Errand> {
        let errand = Rc::new(Errand::new(What::Connect));
        if let Some(wrong) = self.wrong.clone() {
            self.meter.failed("connect", &wrong);
            self.tell(Event::GaveUp(convert::error(wrong.clone())));
            errand.finish(Err(wrong));
            return errand;
        }
        self.hang_up(&Error::new(
            ErrorKind::Connection,
            "the client broke its connection off",
        ));
        self.opening = Some(Rc::clone(&errand));
        self.attempt = 0;
        self.try_all_servers();
        errand
    }

    /// Breaks the connection off without a word, and gives up what can't be taken up again.
    fn hang_up(&mut self, why: &Error) {
        self.link = Link::Down;
        if !self.machine.is_closed() {
            self.machine.lost(why);
        }
        if let Some(errand) = self.opening.take() {
            errand.finish(Err(why.clone()));
        }
        self.settle(now_ns());
    }

    /// Leaves the server.
    pub(super) fn leave(&mut self, reason: u8, session_expiry_s: Option<u32>) -> Result<(), Error> {
        if !self.link.is_up() {
            self.hang_up(&not_connected());
            return Err(not_connected());
        }
        self.machine.leave(reason, session_expiry_s);
        self.flush();
        let said = match self.link.connection() {
            Some(connection) => connection.flush().map_err(connection_error),
            None => Ok(()),
        };
        self.link = Link::Down;
        self.failure = None;
        self.settle(now_ns());
        self.tell(Event::Disconnected);
        self.arrived.ring();
        said
    }

    fn try_all_servers(&mut self) {
        self.left = self.config.servers.len();
        self.failures.clear();
        self.dial();
    }

    fn dial(&mut self) {
        let (server, login) = &self.config.servers[self.server];
        if !self.has_own_login {
            let user = login.as_ref().map(|login| login.user.clone());
            let password = login.as_ref().and_then(|login| login.password.clone());
            self.machine
                .set_login(user, password.map(String::into_bytes));
        }
        let timeout = Duration::from_nanos(self.config.times.connect_ns);
        let mut dial = Dial::new(&server.host, server.port).timeout(timeout);
        if server.tls {
            dial = dial.tls(&self.config.tls.options());
        }
        self.meter.set_server(server.to_string());
        self.link = Link::Dialling {
            pending: dial.start(),
            since_ns: now_ns(),
        };
    }

    /// The connection is there, or it is not: goes on, once that is known.
    pub(super) fn dialled(&mut self) {
        let Link::Dialling { pending, since_ns } = std::mem::replace(&mut self.link, Link::Down)
        else {
            return;
        };
        match pending.take() {
            Ok(connection) => self.introduce(connection, since_ns),
            Err(error) => self.failed(connection_error(error)),
        }
    }

    fn introduce(&mut self, mut connection: Connection, since_ns: u64) {
        if let Err(error) = self.machine.open() {
            return self.failed(error);
        }
        let timeout = Duration::from_nanos(self.config.times.answer_ns);
        connection.set_write_timeout(Some(timeout));
        self.read_timeout_ns = None;
        self.link = Link::Greeting {
            connection,
            since_ns,
        };
        self.flush();
    }

    /// The server has taken the client in.
    pub(super) fn greeted(&mut self, now_ns: u64) {
        let Link::Greeting {
            mut connection,
            since_ns,
        } = std::mem::replace(&mut self.link, Link::Down)
        else {
            return;
        };
        let granted = self.machine.granted();
        let keep_alive_s = granted
            .keep_alive_s
            .unwrap_or(self.machine.settings().keep_alive_s);
        self.pulse = Pulse::new(keep_alive_s);
        if keep_alive_s > 0 {
            let interval = Duration::from_nanos(self.pulse.heart_beat_ns());
            connection.set_heart_beat(interval, &ping_request());
        }
        self.meter
            .connected(now_ns.saturating_sub(since_ns), self.was_up);
        self.was_up = true;
        self.attempt = 0;
        self.failure = None;
        let session_present = granted.session_present;
        self.link = Link::Up { connection };
        self.tell(Event::Connected(session_present));
        if let Some(errand) = self.opening.take() {
            errand.finish(Ok(Finished::Published));
        }
    }

    /// An attempt to connect to one server failed.
    pub(super) fn failed(&mut self, error: Error) {
        self.link = Link::Down;
        if !self.machine.is_closed() {
            self.machine.lost(&error);
        }
        self.meter.failed("connect", &error);
        self.failures
            .push(format!("{}: {}", self.meter.server(), error.message));
        self.left = self.left.saturating_sub(1);
        self.server = (self.server + 1) % self.config.servers.len();
        if self.left > 0 {
            return self.dial();
        }
        let all = Error {
            message: self.failures.join("; "),
            ..error
        };
        match self.attempt {
            0 => self.give_up(all),
            _ => self.rest(all),
        }
    }

    /// A connection that was open is gone.
    pub(super) fn lost(&mut self, error: Error) {
        // What the machine said of it is said, if it can be.
        let rest = std::mem::take(self.machine.output());
        if let Some(connection) = self.link.connection()
            && !rest.is_empty()
        {
            let _ = connection.send(&rest);
        }
        self.link = Link::Down;
        if !self.machine.is_closed() {
            self.machine.lost(&error);
        }
        self.meter.failed("connection", &error);
        self.tell(Event::Lost(convert::error(error.clone())));
        self.rest(error);
    }

    /// Waits for the next attempt to connect again, if there is to be one.
    fn rest(&mut self, error: Error) {
        let Some(reconnect) = &self.config.times.reconnect else {
            return self.give_up(error);
        };
        if reconnect.attempts.is_some_and(|most| self.attempt >= most) {
            return self.give_up(error);
        }
        let doublings = self.attempt.min(63);
        let delay_ns = reconnect
            .first_ns
            .saturating_mul(1 << doublings)
            .min(reconnect.longest_ns);
        self.attempt += 1;
        self.failure = Some(error);
        self.link = Link::Resting {
            until_ns: now_ns().saturating_add(delay_ns),
        };
    }

    /// The time between two attempts is up.
    pub(super) fn rested(&mut self) {
        self.tell(Event::Reconnecting(self.attempt));
        self.try_all_servers();
    }

    fn give_up(&mut self, error: Error) {
        self.link = Link::Down;
        self.failure = Some(error.clone());
        self.tell(Event::GaveUp(convert::error(error.clone())));
        if let Some(errand) = self.opening.take() {
            errand.finish(Err(error));
        }
        self.arrived.ring();
    }

    /// Why there is no connection.
    pub(super) fn why_down(&self) -> Error {
        match (&self.wrong, &self.failure) {
            (Some(wrong), _) => wrong.clone(),
            (None, Some(failure)) => failure.clone(),
            (None, None) => not_connected(),
        }
    }

    /// User and password for connections from now on.
    pub(super) fn set_login(&mut self, user: Option<String>, password: Option<Vec<u8>>) {
        self.has_own_login = true;
        self.machine.set_login(user, password);
    }

    pub(super) fn tell(&mut self, event: Event) {
        if self.events.len() >= MOST_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
        self.changed.ring();
    }

    pub(super) fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    pub(super) fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// Whether the connection that is being opened is there, or is not.
    pub(super) fn has_dialled(&self) -> bool {
        match &self.link {
            Link::Dialling { pending, .. } => pending.ready(),
            _ => false,
        }
    }
}

pub(super) fn connection_error(error: sockets::Error) -> Error {
    let kind = match error.is_timeout() {
        true => ErrorKind::Timeout,
        false => ErrorKind::Connection,
    };
    Error::coded(kind, error.code(), error.message())
}

fn not_connected() -> Error {
    Error::new(
        ErrorKind::NotConnected,
        "the client is not connected\nhint: call connect first",
    )
}

/// Stands for a client whose options are wrong: it never connects.
fn unusable(wishes: Wishes) -> (Config, Machine<Rc<Errand>>, bool) {
    let config = Config {
        servers: Vec::new(),
        times: wishes.times,
        tls: wishes.tls,
    };
    let machine = Machine::new(Settings::default()).expect("the defaults fit together");
    (config, machine, false)
}
