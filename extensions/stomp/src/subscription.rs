//! Defines subscriptions: what was asked for, and the messages that wait to be taken.

use std::collections::VecDeque;

use crate::{Fault, Message};

/// How messages are acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ack {
    /// Not at all: the server takes them as acknowledged once they are sent.
    #[default]
    Auto,
    /// Each acknowledgement stands for all messages of the subscription before it too.
    Client,
    /// Each by itself.
    ClientIndividual,
}

impl Ack {
    /// As header `ack` of SUBSCRIBE has it.
    pub fn name(self) -> &'static str {
        match self {
            Ack::Auto => "auto",
            Ack::Client => "client",
            Ack::ClientIndividual => "client-individual",
        }
    }
}

/// A subscription.
#[derive(Debug)]
pub struct Subscription {
    /// Header `destination`.
    pub destination: String,
    /// How its messages are acknowledged.
    pub ack: Ack,
    /// Header `id`.
    pub(crate) name: String,
    /// More headers of SUBSCRIBE, to be said again after a reconnect.
    pub(crate) headers: Vec<(String, String)>,
    waiting: VecDeque<Message>,
    bytes: usize,
    /// Why nothing more will come.
    fault: Option<Fault>,
}

impl Subscription {
    pub(crate) fn new(
        name: String,
        destination: &str,
        ack: Ack,
        headers: Vec<(String, String)>,
    ) -> Subscription {
        Subscription {
            destination: destination.to_owned(),
            ack,
            name,
            headers,
            waiting: VecDeque::new(),
            bytes: 0,
            fault: None,
        }
    }

    /// Bytes of the messages that wait.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether [`Subscription::take`] has something to say.
    pub fn is_ready(&self) -> bool {
        !self.waiting.is_empty() || self.fault.is_some()
    }

    /// The next message; none where none waits.
    ///
    /// # Errors
    /// Behind the last message: why no other will come.
    pub fn take(&mut self) -> Result<Option<Message>, Fault> {
        match self.waiting.pop_front() {
            Some(message) => {
                self.bytes -= message.size();
                Ok(Some(message))
            }
            None => self.fault.clone().map_or(Ok(None), Err),
        }
    }

    pub(crate) fn push(&mut self, message: Message) {
        self.bytes += message.size();
        self.waiting.push_back(message);
    }

    pub(crate) fn end(&mut self, fault: &Fault) {
        self.fault.get_or_insert_with(|| fault.clone());
    }

    /// Goes on after a reconnect. What waited stays: it can't be acknowledged any more, and comes again where it has to be.
    pub(crate) fn resume(&mut self) {
        self.fault = None;
    }
}
