//! Defines a client as a machine: calls and bytes in, bytes and events out.
//!
//! | state | `open` | greeting, reason 0 | greeting, refused | `lost`, a fault, the server's DISCONNECT | `leave` |
//! | --- | --- | --- | --- | --- | --- |
//! | Closed | → Greeting | – | – | Closed | Closed |
//! | Greeting | – | → Open | → Closed | → Closed | → Closed |
//! | Open | – | → Closed (a fault) | – | → Closed | → Closed |
//!
//! What outlives a connection, if the server keeps the session: messages that were not acknowledged, and which of those received with
//! QoS 2 were delivered already.

mod flights;
mod inbox;
mod incoming;
mod message;
mod opening;
mod outgoing;
mod pulse;
mod settings;
mod subscribing;

use std::collections::VecDeque;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::codec::{self, Leave, Packet, Property, Qos};
use crate::error::{Error, ErrorKind};
use crate::topic::Topic;

use flights::Flights;
pub use inbox::Inbox;
pub use message::{Message, Properties, Publication, WillMessage};
pub use pulse::{Pulse, Sign};
pub use settings::Settings;
pub use subscribing::Wanted;

/// A client, without its connection. `T` is what the caller wants to get back with the end of what it began.
#[derive(Debug)]
pub struct Machine<T> {
    settings: Settings,
    state: State,
    /// Whether the server has ever taken this client in.
    was_open: bool,
    server: Granted,
    out: Vec<u8>,
    /// What came and was not read yet: a part of a packet, or more than there is room for.
    rest: Vec<u8>,
    flights: Flights<T>,
    wanted: Vec<Wanted>,
    half_received: FxHashSet<u16>,
    /// Messages received with QoS 1 or 2 whose acknowledgement waits for room.
    unacknowledged: usize,
    inbox: Inbox,
    events: VecDeque<Event<T>>,
    aliases: FxHashMap<Topic, u16>,
    their_aliases: Vec<Option<String>>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Closed,
    Greeting,
    Open,
}

/// What the server said of itself when it took the client in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Granted {
    /// Whether it knew the session still.
    pub session_present: bool,
    /// Who the client is, where the server chose it.
    pub client_id: Option<String>,
    /// Within how many seconds the client has to show that it is alive, where the server chose it.
    pub keep_alive_s: Option<u16>,
    /// For how long it keeps the session, where it chose that.
    pub session_expiry_s: Option<u32>,
    /// How many messages with QoS 1 or 2 may be on their way to it.
    pub receive_maximum: u16,
    /// The largest packet that it takes, in bytes.
    pub most_bytes: usize,
    /// The highest QoS.
    pub maximum_qos: Qos,
    /// How many aliases of topics it knows.
    pub aliases: u16,
    /// Whether it keeps messages.
    pub retain: bool,
    /// Whether filters may have wildcards.
    pub wildcards: bool,
    /// Whether subscriptions may have identifiers.
    pub identifiers: bool,
    /// Whether subscriptions may be shared.
    pub shared: bool,
}

/// What happened.
#[derive(Debug)]
pub enum Event<T> {
    /// The server took the client in.
    Opened,
    /// What was begun is over: QoS 0 aside, each publish, subscribe and unsubscribe.
    Finished(T, Result<Finished, Error>),
    /// Subscribing again, after a session was lost, was refused in part.
    NotResubscribed(Error),
    /// There was no room for this message (its topic and bytes of payload), which had QoS 0.
    Dropped(String, usize),
}

/// How something ended well.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Finished {
    /// The message is the server's.
    Published,
    /// It is subscribed to, each filter with this QoS.
    Subscribed(Vec<Qos>),
    /// It is not subscribed to any more.
    Unsubscribed,
}

impl<T> Machine<T> {
    /// A client that is not connected.
    ///
    /// # Errors
    /// When the settings don't fit together.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        settings.check()?;
        Ok(Self {
            inbox: Inbox::new(settings.most_messages, settings.most_message_bytes),
            settings,
            state: State::Closed,
            was_open: false,
            server: Granted::default(),
            out: Vec::new(),
            rest: Vec::new(),
            flights: Flights::default(),
            wanted: Vec::new(),
            half_received: FxHashSet::default(),
            unacknowledged: 0,
            events: VecDeque::new(),
            aliases: FxHashMap::default(),
            their_aliases: Vec::new(),
        })
    }

    /// What it was made with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// User and password for connections from now on.
    pub fn set_login(&mut self, user: Option<String>, password: Option<Vec<u8>>) {
        self.settings.user = user;
        self.settings.password = password;
    }

    /// Whether the server has taken the client in and neither has left.
    pub fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// Whether a connection is in use.
    pub fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// What the server said when it last took the client in.
    pub fn granted(&self) -> &Granted {
        &self.server
    }

    /// Bytes to be sent: the caller sends and clears them.
    pub fn output(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    /// What happened next.
    pub fn next_event(&mut self) -> Option<Event<T>> {
        self.events.pop_front()
    }

    /// Messages that came and were not taken.
    pub fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    /// Ends the connection from this side, for a reason (version 5). The server forgets the will, unless the reason is 4.
    pub fn leave(&mut self, reason: u8, session_expiry_s: Option<u32>) {
        if self.state != State::Closed {
            let properties = session_expiry_s.map(Property::SessionExpiry);
            self.say_goodbye(reason, properties.as_slice());
        }
        self.close(&Error::new(
            ErrorKind::NotConnected,
            "the client disconnected before this was acknowledged",
        ));
    }

    /// Tells that the connection is gone. What can't be taken up again ends with this error.
    pub fn lost(&mut self, why: &Error) {
        self.out.clear();
        self.close(why);
    }

    /// Whether the server is to keep the session when the connection breaks.
    pub fn keeps_session(&self) -> bool {
        match self.settings.version {
            codec::Version::V311 => !self.settings.clean_start,
            codec::Version::V5 => {
                let granted = self.server.session_expiry_s;
                granted.unwrap_or(self.settings.session_expiry_s) > 0
            }
        }
    }

    fn say_goodbye(&mut self, reason: u8, properties: &[Property<'_>]) {
        let leave = Leave {
            reason,
            properties: properties.to_vec(),
        };
        let said = codec::encode(
            &Packet::Disconnect(leave),
            self.settings.version,
            &mut self.out,
        );
        debug_assert!(said.is_ok(), "a goodbye is short");
    }

    fn close(&mut self, why: &Error) {
        self.state = State::Closed;
        self.rest.clear();
        self.aliases.clear();
        self.their_aliases.clear();
        self.unacknowledged = 0;
        self.inbox.forget_acknowledgements();
        let keeps = self.keeps_session();
        for errand in self.flights.close(keeps) {
            self.events
                .push_back(Event::Finished(errand, Err(why.clone())));
        }
    }
}

impl Default for Granted {
    /// What holds where a server says nothing.
    fn default() -> Self {
        Self {
            session_present: false,
            client_id: None,
            keep_alive_s: None,
            session_expiry_s: None,
            receive_maximum: u16::MAX,
            most_bytes: codec::MOST_BYTES,
            maximum_qos: Qos::ExactlyOnce,
            aliases: 0,
            retain: true,
            wildcards: true,
            identifiers: true,
            shared: true,
        }
    }
}
