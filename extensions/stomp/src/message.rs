//! Defines a message as it came.

use crate::{Frame, Time};

/// A message of a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The subscription that it came for.
    pub subscription: u64,
    /// Header `destination`.
    pub destination: String,
    /// Header `message-id`.
    pub id: String,
    /// All headers, in the order they came.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// When it came.
    pub arrived: Time,
}

impl Message {
    /// The message in a frame MESSAGE.
    pub(crate) fn of(frame: Frame, subscription: u64, arrived: Time) -> Message {
        let text = |name| frame.header(name).unwrap_or_default().to_owned();
        Message {
            subscription,
            destination: text("destination"),
            id: text("message-id"),
            headers: frame.headers,
            body: frame.body,
            arrived,
        }
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| &**value)
    }

    /// Bytes that it takes while it waits, about.
    pub(crate) fn size(&self) -> usize {
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| name.len() + value.len() + HEADER);
        self.body.len() + headers.sum::<usize>()
    }
}

/// Bytes that a header takes beside its text.
const HEADER: usize = 48;
