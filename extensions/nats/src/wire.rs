//! Defines what the client needs of the world: connections, a clock, and somebody who counts.

use crate::options::Time;
use crate::{Address, Fault, Kind};

/// Connections and a clock. The engine's sockets in the extension; the standard library's in tests.
pub trait Wire {
    /// A connection that is being opened.
    type Dialing;
    /// An open connection.
    type Link;

    /// The time, on a clock that never goes back.
    fn now(&self) -> Time;

    /// Begins to open a connection, with TLS from the start or without. It may take until the deadline.
    fn dial(&self, address: &Address, tls: bool, deadline: Time) -> Self::Dialing;

    /// The connection, or why there is none, waiting until this time at most; not at all without one.
    fn dialed(
        &self,
        dialing: &mut Self::Dialing,
        until: Option<Time>,
    ) -> Option<Result<Self::Link, Fault>>;

    /// Speaks TLS from here on.
    ///
    /// # Errors
    /// What the handshake failed with.
    fn secure(&self, link: &mut Self::Link, address: &Address) -> Result<(), Fault>;

    /// What came, waiting until this time at most; not at all without one.
    fn read(&self, link: &mut Self::Link, until: Option<Time>) -> Incoming;

    /// Leaves bytes to be written.
    ///
    /// # Errors
    /// When the connection is lost: the bytes are not written then.
    fn write(&self, link: &mut Self::Link, bytes: &[u8]) -> Result<(), Fault>;

    /// Says from now on that we are there, whenever nothing else was said for so long.
    fn keep_alive(&self, link: &mut Self::Link, interval: Time);

    /// Waits until this time.
    fn sleep(&self, until: Time);
}

/// What came on a connection.
#[derive(Debug)]
pub enum Incoming {
    /// Bytes, and when they came.
    Bytes(Vec<u8>, Time),
    /// Nothing in the time that was given.
    Nothing,
    /// The other side has ended its stream.
    Ended,
    /// It is lost.
    Failed(Fault),
}

/// Who counts, and tells people.
pub trait Meter {
    /// Messages were sent.
    fn sent(&mut self, subject: &str, messages: u64, bytes: u64);
    /// Messages came.
    fn received(&mut self, subject: &str, messages: u64, bytes: u64);
    /// Messages were dropped, because too many wait.
    fn dropped(&mut self, subject: &str, messages: u64);
    /// A request was answered after so long.
    fn answered(&mut self, subject: &str, took: Time);
    /// JetStream acknowledged a message after so long.
    fn stored(&mut self, subject: &str, took: Time);
    /// The connection was opened, after so long: the first time, or again.
    fn connected(&mut self, server: &Address, took: Time, again: bool);
    /// Something went wrong.
    fn failed(&mut self, kind: Kind);
    /// A line for people: a warning, or only of interest.
    fn tell(&mut self, warning: bool, line: &str);
}
