//! Defines the versions of STOMP, and what differs between them on the wire.

/// A version of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// 1.0: headers are not escaped, no heart-beats, no NACK.
    V10,
    /// 1.1: headers are escaped, heart-beats, NACK.
    V11,
    /// 1.2: carriage returns, acknowledgements by `ack`.
    V12,
}

impl Version {
    /// All of them, the oldest first.
    pub const ALL: [Version; 3] = [Version::V10, Version::V11, Version::V12];

    /// The version of this name.
    pub fn parse(name: &str) -> Option<Version> {
        let mut all = Version::ALL.into_iter();
        all.find(|version| version.name() == name.trim())
    }

    /// Its name, as `accept-version` has it.
    pub fn name(self) -> &'static str {
        match self {
            Version::V10 => "1.0",
            Version::V11 => "1.1",
            Version::V12 => "1.2",
        }
    }
}
