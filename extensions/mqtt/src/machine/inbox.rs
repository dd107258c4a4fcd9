//! Defines the messages that came and wait to be taken, and how many may.

use std::collections::VecDeque;

use super::Message;

/// Messages that wait to be taken, the first first.
#[derive(Debug)]
pub struct Inbox {
    queue: VecDeque<Message>,
    bytes: usize,
    most: usize,
    most_bytes: usize,
    dropped: u64,
    received: u64,
}

impl Inbox {
    pub(super) fn new(most: usize, most_bytes: usize) -> Self {
        Self {
            queue: VecDeque::new(),
            bytes: 0,
            most,
            most_bytes,
            dropped: 0,
            received: 0,
        }
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// How many came with QoS 0, found no room and were dropped, ever.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// How many came and were kept, ever.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// The last of those that wait, at most this many, the first first.
    pub fn latest(&self, count: usize) -> impl Iterator<Item = &Message> {
        self.queue
            .iter()
            .skip(self.queue.len().saturating_sub(count))
    }

    /// Whether one more is within the limits.
    pub(super) fn has_room(&self) -> bool {
        self.queue.len() < self.most && self.bytes < self.most_bytes
    }

    /// Whether so many bytes wait that not even messages which the server will send again should be read.
    pub(super) fn overflows(&self) -> bool {
        self.bytes >= 2 * self.most_bytes
    }

    pub(super) fn push(&mut self, message: Message) {
        self.bytes += message.payload.len();
        self.received += 1;
        self.queue.push_back(message);
    }

    pub(super) fn drop_one(&mut self) {
        self.dropped += 1;
    }

    pub(super) fn pop(&mut self) -> Option<Message> {
        let message = self.queue.pop_front()?;
        self.bytes -= message.payload.len();
        Some(message)
    }

    /// What the connection's end left unsaid need not be said: the server sends such messages again.
    pub(super) fn forget_acknowledgements(&mut self) {
        for message in &mut self.queue {
            message.acknowledge = None;
        }
    }
}
