//! Defines a subscription: what came and waits to be taken, within limits.

use std::collections::VecDeque;

use crate::options::PendingLimits;
use crate::{Fault, Message, subject};

/// What came for one subject.
#[derive(Debug)]
pub struct Subscription {
    /// What it listens on.
    pub subject: String,
    /// Those of one queue share what comes.
    pub queue: Option<String>,
    /// Beyond these, messages are dropped.
    pub limits: PendingLimits,
    waiting: VecDeque<Message>,
    waiting_bytes: usize,
    /// Messages that came, those that were dropped among them.
    came: u64,
    dropped: u64,
    is_dropping: bool,
    /// It ends once so many came.
    most: Option<u64>,
    ended: Option<Option<Fault>>,
    /// What came since [`Subscription::take_fresh`], for the metrics.
    fresh: Fresh,
    /// By which name it is measured, where not by its subject.
    pub(crate) measured: Option<String>,
}

/// What came, and was not yet measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fresh {
    /// Messages.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// How many of them were dropped.
    pub dropped: u64,
    /// Whether the first of these is the first one since all that waited was taken.
    pub begins_to_drop: bool,
}

impl Subscription {
    pub(crate) fn new(subject: &str, queue: Option<&str>, limits: PendingLimits) -> Subscription {
        Subscription {
            subject: subject.to_owned(),
            queue: queue.map(str::to_owned),
            limits,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            came: 0,
            dropped: 0,
            is_dropping: false,
            most: None,
            ended: None,
            fresh: Fresh::default(),
            measured: None,
        }
    }

    /// Takes in a message that came, or drops it. Returns whether it is the first one that came since they were measured.
    pub(crate) fn receive(&mut self, message: Message) -> bool {
        let is_first = self.fresh == Fresh::default();
        let length = message.length();
        self.came += 1;
        self.fresh.messages += 1;
        self.fresh.bytes += length as u64;
        let bytes = self.waiting_bytes + length;
        if self.waiting.len() >= self.limits.messages || bytes > self.limits.bytes {
            self.dropped += 1;
            self.fresh.dropped += 1;
            self.fresh.begins_to_drop |= !self.is_dropping;
            self.is_dropping = true;
        } else {
            self.waiting_bytes = bytes;
            self.waiting.push_back(message);
        }
        if self.most.is_some_and(|most| self.came >= most) {
            self.end(None);
        }
        is_first
    }

    /// The message that has waited longest.
    pub(crate) fn take(&mut self) -> Option<Message> {
        let message = self.waiting.pop_front()?;
        self.waiting_bytes -= message.length();
        // What a burst needed is given back once it is over.
        if self.waiting.is_empty() {
            self.is_dropping = false;
            if self.waiting.capacity() > KEPT {
                self.waiting = VecDeque::new();
            }
        }
        Some(message)
    }

    /// How many messages wait.
    pub fn pending(&self) -> usize {
        self.waiting.len()
    }

    /// How many messages were dropped.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Lets it end once so many messages have come in all.
    pub(crate) fn end_after(&mut self, most: u64) {
        self.most = Some(most);
        if self.came >= most {
            self.end(None);
        }
    }

    /// How many more may come before it ends; none for no end.
    pub(crate) fn remaining(&self) -> Option<u64> {
        self.most.map(|most| most.saturating_sub(self.came))
    }

    /// Nothing more will come; with a fault, because of that.
    pub(crate) fn end(&mut self, fault: Option<Fault>) {
        if self.ended.is_none() {
            self.ended = Some(fault);
        }
    }

    /// Whether nothing more will come.
    pub fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    /// Why nothing more will come, where it is not as it should be.
    pub(crate) fn fault(&self) -> Option<&Fault> {
        self.ended.as_ref()?.as_ref()
    }

    /// By which name it is measured.
    pub(crate) fn measured_as(&self, inbox_prefix: &str) -> String {
        match &self.measured {
            Some(name) => name.clone(),
            None => subject::measured_as(&self.subject, inbox_prefix).into_owned(),
        }
    }

    /// What came since this was last asked.
    pub(crate) fn take_fresh(&mut self) -> Fresh {
        std::mem::take(&mut self.fresh)
    }
}

/// Places for messages that an empty queue keeps.
const KEPT: usize = 64;
