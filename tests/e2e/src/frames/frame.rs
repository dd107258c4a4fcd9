//! Defines what a script can do on a stream, and how frames are written (RFC 9113, 4 and 6).

use std::time::Duration;

/// One thing to do on a stream.
#[derive(Clone, Debug)]
pub enum Play {
    /// Waits so long.
    Wait(Duration),
    /// Waits for the end of the request.
    AwaitEnd,
    /// The head of a response: status 200.
    Head {
        /// Whether that is all.
        ends: bool,
    },
    /// A part of the body.
    Data {
        /// Its length.
        bytes: usize,
        /// Whether it is the last.
        ends: bool,
    },
    /// Lets the client send so many bytes more, on this stream and on the connection.
    Window(u32),
    /// Ends the stream with this code.
    Reset(u32),
    /// Says that the connection is about to end.
    GoAway {
        /// The streams above this one are not looked at.
        last: u32,
        /// Why it ends.
        code: u32,
    },
    /// Asks whether the client is there.
    Ping,
    /// These bytes, whatever they are.
    Raw(Vec<u8>),
    /// Ends the connection in order.
    Close,
}

impl Play {
    /// Waits so many milliseconds.
    pub fn wait_ms(ms: u64) -> Play {
        Play::Wait(Duration::from_millis(ms))
    }

    pub(super) fn ends_stream(&self) -> bool {
        matches!(
            self,
            Play::Head { ends: true } | Play::Data { ends: true, .. } | Play::Reset(_)
        )
    }

    /// A whole response of two bytes, once the request has come whole.
    pub fn respond() -> Vec<Play> {
        vec![
            Play::AwaitEnd,
            Play::Head { ends: false },
            Play::Data {
                bytes: 2,
                ends: true,
            },
        ]
    }
}

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;
pub(super) const WINDOW_UPDATE: u8 = 8;

pub(super) const END_STREAM: u8 = 1;
pub(super) const ACK: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;

/// A setting: the most streams at once.
pub(super) const MAX_CONCURRENT_STREAMS: u16 = 3;

/// The static table's `:status: 200` (RFC 7541, A).
pub(super) const STATUS_200: u8 = 0x88;

/// A whole frame.
pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len())
        .expect("a short payload")
        .to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// Two numbers as a payload.
pub(super) fn words(first: u32, second: u32) -> Vec<u8> {
    [first.to_be_bytes(), second.to_be_bytes()].concat()
}
