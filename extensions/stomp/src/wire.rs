//! Defines what the client needs of the world: connections, a clock, and somebody who counts.

use crate::{Address, Fault, Time};

/// Connections and a clock. The engine's sockets in the extension; the standard library's in tests.
pub trait Wire {
    /// An open connection.
    type Link;

    /// The time, on a clock that never goes back.
    fn now(&self) -> Time;

    /// Opens a connection, within this time.
    ///
    /// # Errors
    /// Why there is none.
    fn dial(&self, address: &Address, timeout: Time) -> Result<Self::Link, Fault>;

    /// What came, waiting until this time at most; not at all without one.
    fn read(&self, link: &mut Self::Link, until: Option<Time>) -> Incoming;

    /// Leaves bytes to be written.
    ///
    /// # Errors
    /// When the connection is lost.
    fn write(&self, link: &mut Self::Link, bytes: &[u8]) -> Result<(), Fault>;

    /// Writes these bytes from now on, whenever nothing else was written for so long.
    fn keep_alive(&self, link: &mut Self::Link, interval: Time, bytes: &[u8]);

    /// When anything last came, read or not.
    fn heard(&self, link: &Self::Link) -> Time;
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

/// Who counts.
pub trait Meter {
    /// A message was sent, or confirmed where a receipt was asked for, after so long.
    fn sent(&mut self, destination: &str, bytes: u64, took: Time);
    /// A message could not be sent.
    fn not_sent(&mut self, destination: &str);
    /// A message was taken, after waiting for it so long.
    fn taken(&mut self, destination: &str, bytes: u64, took: Time);
    /// No message came in the time that was given, or none can.
    fn not_taken(&mut self, destination: &str);
    /// A message was acknowledged or, where it was not consumed, refused; or that failed.
    fn acknowledged(&mut self, destination: &str, consumed: bool, well: bool);
    /// The connection was opened and greeted, after so long.
    fn connected(&mut self, address: &Address, took: Time);
    /// Something went wrong.
    fn failed(&mut self, fault: &Fault);
}
