//! Defines requests: all answers come on one subscription, told apart by the last part of their subject.

use rustc_hash::FxHashMap;

use crate::options::Time;
use crate::{Fault, Kind, Message};

/// The requests that wait for an answer.
pub(super) struct Requests {
    /// `_INBOX.` and what nobody else has.
    prefix: String,
    subscription: Option<(u64, String)>,
    last: u64,
    waiting: FxHashMap<u64, Request>,
}

/// A request, and what became of it.
#[derive(Debug)]
pub struct Request {
    /// Where it was sent to.
    pub subject: String,
    /// When.
    pub started: Time,
    /// When the answer came.
    pub ended: Time,
    /// The answer; none yet.
    pub outcome: Option<Result<Message, Fault>>,
}

impl Requests {
    pub(super) fn new(inbox_prefix: &str, random: u64) -> Requests {
        Requests {
            prefix: format!("{inbox_prefix}.{}", unique(random)),
            subscription: None,
            last: 0,
            waiting: FxHashMap::default(),
        }
    }

    /// Notes that answers come on the subscription with this number; returns what it listens on.
    pub(super) fn subscribe(&mut self, id: u64) -> String {
        let subject = format!("{}.*", self.prefix);
        self.subscription = Some((id, subject.clone()));
        subject
    }

    /// The subscription on which answers come, if there is one yet.
    pub(super) fn subscribed(&self) -> Option<(u64, &str)> {
        let (id, subject) = self.subscription.as_ref()?;
        Some((*id, subject))
    }

    pub(super) fn is_for(&self, id: u64) -> bool {
        self.subscription
            .as_ref()
            .is_some_and(|(own, _)| *own == id)
    }

    /// A new number, and where the answer is to be sent.
    pub(super) fn next(&mut self) -> (u64, String) {
        self.last += 1;
        (self.last, format!("{}.{}", self.prefix, self.last))
    }

    /// Not under the prefix itself, whose next part is a request's number.
    pub(super) fn new_inbox(&mut self) -> String {
        self.last += 1;
        format!("{}.i.{}", self.prefix, self.last)
    }

    pub(super) fn expect(&mut self, number: u64, subject: &str, now: Time) {
        let request = Request {
            subject: subject.to_owned(),
            started: now,
            ended: now,
            outcome: None,
        };
        self.waiting.insert(number, request);
    }

    /// Takes in an answer. One that nobody waits for any more is thrown away.
    pub(super) fn settle(&mut self, message: Message, now: Time) {
        let number = message.subject_bytes().rsplit(|byte| *byte == b'.').next();
        let number = number.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        let Some(request) = number.and_then(|number: u64| self.waiting.get_mut(&number)) else {
            return;
        };
        if request.outcome.is_some() {
            return;
        }
        let is_unanswered =
            message.payload().is_empty() && message.status().is_some_and(|(code, _)| code == 503);
        request.ended = now;
        request.outcome = Some(match is_unanswered {
            true => Err(no_responders(&request.subject)),
            false => Ok(message),
        });
    }

    /// Ends all requests to a subject that the server does not allow.
    pub(super) fn fail(&mut self, subject: &str, fault: &Fault) {
        for request in self
            .waiting
            .values_mut()
            .filter(|request| request.subject == subject)
        {
            request.outcome.get_or_insert_with(|| Err(fault.clone()));
        }
    }

    pub(super) fn fail_all(&mut self, fault: &Fault) {
        for request in self.waiting.values_mut() {
            request.outcome.get_or_insert_with(|| Err(fault.clone()));
        }
    }

    pub(super) fn get(&mut self, number: u64) -> Option<&mut Request> {
        self.waiting.get_mut(&number)
    }

    pub(super) fn take(&mut self, number: u64) -> Option<Request> {
        self.waiting.get(&number)?.outcome.as_ref()?;
        self.forget(number)
    }

    pub(super) fn forget(&mut self, number: u64) -> Option<Request> {
        self.waiting.remove(&number)
    }
}

fn no_responders(subject: &str) -> Fault {
    let message = format!("nobody listens on {subject:?}: there are no responders");
    Fault::with_code(Kind::NoResponders, 503, message)
}

/// Twelve digits and letters, as random as what they are made of.
fn unique(mut random: u64) -> String {
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKLMNPQRSTUVWX";
    let mut text = String::with_capacity(13);
    for _ in 0..13 {
        text.push(DIGITS[(random & 31) as usize].into());
        random >>= 5;
    }
    text
}
