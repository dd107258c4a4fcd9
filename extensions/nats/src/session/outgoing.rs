//! Defines what a session says when it is asked to: messages, subscriptions, pings.

use super::{Phase, Session};
use crate::command::{self, Outgoing};
use crate::options::Time;
use crate::subscription::Subscription;
use crate::{Fault, Kind, Message, headers, subject};

impl Session {
    /// Sends a message; keeps it while there is no connection, within the limit `reconnect-buffer`.
    ///
    /// # Errors
    /// A malformed subject or header, more bytes than the server takes, a full buffer, a closed client.
    pub fn publish(&mut self, message: &Outgoing<'_>) -> Result<(), Fault> {
        subject::check_concrete(message.subject)?;
        if let Some(reply) = message.reply {
            subject::check_concrete(reply)?;
        }
        self.check_headers(message)?;
        self.check_length(message)?;
        let out = match self.phase {
            Phase::Live => &mut self.out,
            Phase::Closed => return Err(self.closed()),
            _ => {
                let needed = self.backlog.len() + message.length();
                if needed > self.options.reconnect_buffer {
                    return Err(full(self.options.reconnect_buffer));
                }
                &mut self.backlog
            }
        };
        command::publish(out, message);
        Ok(())
    }

    fn check_headers(&self, message: &Outgoing<'_>) -> Result<(), Fault> {
        if message.headers.is_empty() {
            return Ok(());
        }
        if !self.info.headers && self.was_live {
            return Err(Fault::invalid(
                "this server knows no headers; hint: they came with version 2.2",
            ));
        }
        headers::check(message.headers)
    }

    fn check_length(&self, message: &Outgoing<'_>) -> Result<(), Fault> {
        let (length, most) = (message.length() as u64, self.info.max_payload);
        if length <= most || !self.was_live || most == 0 {
            return Ok(());
        }
        Err(Fault::new(
            Kind::TooLarge,
            format!(
                "a message of {length} bytes is longer than the {most} that the server takes; hint: its option is max_payload"
            ),
        ))
    }

    /// Why nothing can be done any more.
    pub(crate) fn closed(&self) -> Fault {
        match &self.fault {
            Some(fault) => {
                let message = format!("the client is closed: {}", fault.message);
                Fault::with_code(fault.kind, fault.code, message)
            }
            None => Fault::new(Kind::Closed, "the client is closed"),
        }
    }

    /// Listens on a subject.
    ///
    /// # Errors
    /// A malformed subject or queue, a closed client.
    pub fn subscribe(&mut self, subject: &str, queue: Option<&str>) -> Result<u64, Fault> {
        subject::check_pattern(subject)?;
        queue.map_or(Ok(()), subject::check_queue)?;
        if self.phase == Phase::Closed {
            return Err(self.closed());
        }
        let id = self.next_id();
        let subscription = Subscription::new(subject, queue, self.options.pending);
        self.subscriptions.insert(id, subscription);
        if self.phase == Phase::Live {
            command::subscribe(&mut self.out, subject, queue, id);
        }
        Ok(id)
    }

    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// A subscription, as long as it was not forgotten.
    pub fn subscription(&mut self, id: u64) -> Option<&mut Subscription> {
        self.subscriptions.get_mut(&id)
    }

    /// The message of a subscription that has waited longest.
    pub fn take_message(&mut self, id: u64) -> Option<Message> {
        self.subscriptions.get_mut(&id)?.take()
    }

    /// Ends a subscription: now, or once so many messages have come in all. What has come can still be taken.
    pub fn unsubscribe(&mut self, id: u64, after: Option<u64>) {
        let Some(subscription) = self.subscriptions.get_mut(&id) else {
            return;
        };
        if subscription.has_ended() {
            return;
        }
        match after {
            Some(most) => subscription.end_after(most),
            None => subscription.end(None),
        }
        if self.phase == Phase::Live {
            command::unsubscribe(&mut self.out, id, after);
        }
    }

    /// Asks the server to send nothing more for this subscription, or for all of them; what is on its way still comes.
    pub fn begin_drain(&mut self, id: Option<u64>) {
        if self.phase != Phase::Live {
            return;
        }
        let open = self
            .subscriptions
            .iter()
            .filter(|(_, subscription)| !subscription.has_ended());
        for (open, _) in open.filter(|(open, _)| id.is_none_or(|id| id == **open)) {
            command::unsubscribe(&mut self.out, *open, None);
        }
    }

    /// Ends a subscription, or all of them, once what was on its way has come.
    pub fn end_drain(&mut self, id: Option<u64>) {
        let all = self.subscriptions.iter_mut();
        for (_, subscription) in all.filter(|(one, _)| id.is_none_or(|id| id == **one)) {
            subscription.end(None);
        }
    }

    /// Forgets a subscription, and what waits in it.
    pub fn forget(&mut self, id: u64) {
        self.unsubscribe(id, None);
        self.subscriptions.remove(&id);
    }

    /// Says again what is subscribed.
    pub(super) fn subscribe_again(&mut self) {
        let open = self
            .subscriptions
            .iter()
            .filter(|(_, subscription)| !subscription.has_ended());
        for (id, subscription) in open {
            command::subscribe(
                &mut self.out,
                &subscription.subject,
                subscription.queue.as_deref(),
                *id,
            );
            if let Some(remaining) = subscription.remaining() {
                command::unsubscribe(&mut self.out, *id, Some(remaining));
            }
        }
        if let Some((id, subject)) = self.requests.subscribed() {
            command::subscribe(&mut self.out, subject, None, id);
        }
    }

    /// Asks the server for an answer behind all that was written so far; returns the number of the question. None without a
    /// connection.
    pub fn ping(&mut self) -> Option<u64> {
        if self.phase != Phase::Live {
            return None;
        }
        self.out.extend_from_slice(command::PING);
        self.pings.sent += 1;
        Some(self.pings.sent)
    }

    /// Whether the question with this number was answered. Numbers begin anew with each connection.
    pub fn is_answered(&self, ping: u64) -> bool {
        self.phase == Phase::Live && self.pings.answered >= ping
    }

    /// Sends a request, whose answer comes to [`Session::take_answer`] under the number that is returned.
    ///
    /// # Errors
    /// Those of [`Session::publish`].
    pub fn request(&mut self, message: &Outgoing<'_>, now: Time) -> Result<u64, Fault> {
        if self.requests.subscribed().is_none() {
            let id = self.next_id();
            let subject = self.requests.subscribe(id);
            if self.phase == Phase::Live {
                command::subscribe(&mut self.out, &subject, None, id);
            }
        }
        let (number, reply) = self.requests.next();
        self.publish(&Outgoing {
            reply: Some(&reply),
            ..*message
        })?;
        self.requests.expect(number, message.subject, now);
        Ok(number)
    }

    /// A request, while it is not forgotten.
    pub fn answer(&mut self, number: u64) -> Option<&mut super::Request> {
        self.requests.get(number)
    }

    /// A request that was answered, or failed: it is forgotten by that.
    pub fn take_answer(&mut self, number: u64) -> Option<super::Request> {
        self.requests.take(number)
    }

    /// Forgets a request. An answer that comes later is thrown away.
    pub fn forget_request(&mut self, number: u64) -> Option<super::Request> {
        self.requests.forget(number)
    }

    /// A subject that nobody else uses, to which answers can be sent.
    pub fn new_inbox(&mut self) -> String {
        self.requests.new_inbox()
    }
}

fn full(most: usize) -> Fault {
    Fault::new(
        Kind::Limit,
        format!(
            "there is no connection, and no room for more than the {most} bytes that wait for it; hint: the limit is reconnect-buffer"
        ),
    )
}
