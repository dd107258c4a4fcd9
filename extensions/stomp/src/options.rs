//! Defines what a client is told at its making.

use crate::Version;

/// Nanoseconds on the engine's clock.
pub type Time = u64;

/// A second.
pub const SECOND: Time = 1_000_000_000;

/// How a client connects, and how patient it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Header `host`, the virtual host; the address's host where none is set.
    pub virtual_host: Option<String>,
    /// Header `login`.
    pub login: Option<String>,
    /// Header `passcode`.
    pub passcode: Option<String>,
    /// More headers of CONNECT.
    pub headers: Vec<(String, String)>,
    /// Versions to offer.
    pub versions: Vec<Version>,
    /// How often we promise to send something; 0 for no promise.
    pub outgoing_heart_beat: Time,
    /// How often we want the server to send something; 0 for no matter.
    pub incoming_heart_beat: Time,
    /// How long connecting may take, until CONNECTED has come.
    pub connect_timeout: Time,
    /// How long a receipt may take.
    pub receipt_timeout: Time,
    /// Bytes of messages that wait for the test on one subscription. Beyond it nothing is read from the connection while the test sleeps, and the
    /// server has to wait.
    pub pending_bytes: usize,
    /// Bytes of one frame that is received. Beyond it the connection is given up.
    pub frame_bytes: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            virtual_host: None,
            login: None,
            passcode: None,
            headers: Vec::new(),
            versions: Version::ALL.to_vec(),
            outgoing_heart_beat: 60 * SECOND,
            incoming_heart_beat: 60 * SECOND,
            connect_timeout: 10 * SECOND,
            receipt_timeout: 10 * SECOND,
            pending_bytes: 16 << 20,
            frame_bytes: 64 << 20,
        }
    }
}
