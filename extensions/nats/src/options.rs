//! Defines how a client behaves: who it is, where it goes, and its limits.

use crate::{Address, Credentials, Fault, NKey};

/// Nanoseconds, on whatever clock the caller has.
pub type Time = u64;

/// A second, in nanoseconds.
pub const SECOND: Time = 1_000_000_000;

/// The options of a client.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it goes, tried in turn.
    pub servers: Vec<Address>,
    /// What it calls itself.
    pub name: Option<String>,
    /// How it proves who it is, unless an address says that.
    pub identity: Identity,
    /// TLS from the start, before the server has said anything.
    pub tls_first: bool,
    /// TLS with every server, whatever its address says and whatever it asks for itself.
    pub tls_required: bool,
    /// Whether it gets what it publishes itself to what it has subscribed.
    pub echo: bool,
    /// Whether the server says when nobody listens to a request.
    pub no_responders: bool,
    /// How the subjects begin on which answers come.
    pub inbox_prefix: String,
    /// How long one attempt to connect may take: from looking up the name to the first PONG.
    pub connect_timeout: Time,
    /// How long a request waits where it does not say so itself.
    pub request_timeout: Time,
    /// How often it asks whether the server is there.
    pub ping_interval: Time,
    /// How many of these may be unanswered.
    pub pings_out: u32,
    /// How often it tries to reconnect before it gives up; for ever where nothing is set.
    pub reconnects: Option<u32>,
    /// How long it waits at least, from the second attempt on.
    pub reconnect_wait: Time,
    /// How long it waits at most.
    pub reconnect_wait_most: Time,
    /// The most bytes of what is published while there is no connection.
    pub reconnect_buffer: usize,
    /// What may wait in a subscription until the test takes it.
    pub pending: PendingLimits,
}

/// Limits of what waits in one subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingLimits {
    /// Messages.
    pub messages: usize,
    /// Bytes of headers and payload.
    pub bytes: usize,
}

/// How a client proves who it is.
#[derive(Clone, Debug, Default)]
pub enum Identity {
    /// Not at all.
    #[default]
    None,
    /// With a token.
    Token(String),
    /// With a name and a password.
    User(String, String),
    /// With a key.
    NKey(NKey),
    /// With a JWT and its key.
    Credentials(Credentials),
}

impl Options {
    /// The defaults, for these servers.
    ///
    /// # Errors
    /// No server, or an address that is none.
    pub fn new<S: AsRef<str>>(servers: &[S]) -> Result<Options, Fault> {
        // One text may name several, with commas, as NATS' own tools have it.
        let named = servers.iter().flat_map(|text| text.as_ref().split(','));
        let servers: Result<Vec<Address>, Fault> = named.map(Address::read).collect();
        let servers = servers?;
        if servers.is_empty() {
            return Err(Fault::invalid(
                "no server is given; hint: give one at least, such as nats://127.0.0.1:4222",
            ));
        }
        Ok(Options {
            servers,
            name: None,
            identity: Identity::None,
            tls_first: false,
            tls_required: false,
            echo: true,
            no_responders: true,
            inbox_prefix: "_INBOX".to_owned(),
            connect_timeout: 5 * SECOND,
            request_timeout: 5 * SECOND,
            ping_interval: 60 * SECOND,
            pings_out: 2,
            reconnects: None,
            reconnect_wait: SECOND / 10,
            reconnect_wait_most: 5 * SECOND,
            reconnect_buffer: 1024 * 1024,
            pending: PendingLimits {
                messages: 65_536,
                bytes: 16 * 1024 * 1024,
            },
        })
    }
}
