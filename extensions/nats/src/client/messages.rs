//! Defines sending: messages one by one or many at once, and requests.

use crate::client::Client;
use crate::command::Outgoing;
use crate::options::Time;
use crate::session::{Phase, Request};
use crate::wire::{Meter, Wire};
use crate::{Fault, Message};

/// The answer to a request.
pub(crate) struct Answer {
    pub(crate) message: Message,
    /// Where the request was sent to.
    pub(crate) subject: String,
    /// From sending it until the answer came.
    pub(crate) took: Time,
}

impl<W: Wire, M: Meter> Client<W, M> {
    /// Sends a message. It is on its way when this returns; while it reconnects it is kept.
    ///
    /// # Errors
    /// Those of connecting, the first time; a malformed subject or header, too many bytes, a full buffer.
    pub fn publish(&mut self, message: &Outgoing<'_>) -> Result<(), Fault> {
        self.ready()?;
        let outcome = self.send(message);
        self.counted(outcome)
    }

    /// Sends messages, in their order, with one write.
    ///
    /// # Errors
    /// Those of [`Client::publish`]: those before the one that it is about are sent.
    pub fn publish_many<'a>(
        &mut self,
        messages: impl Iterator<Item = Outgoing<'a>>,
    ) -> Result<(), Fault> {
        self.ready()?;
        let mut outcome = Ok(());
        let mut run = Run::default();
        for message in messages {
            if let Err(fault) = self.session.publish(&message) {
                outcome = Err(fault);
                break;
            }
            if run.subject != message.subject {
                self.count_run(&run);
                run = Run::of(message.subject);
            }
            run.messages += 1;
            run.bytes += message.length() as u64;
            if self.session.out().len() > WRITE_MOST {
                self.write();
            }
        }
        self.count_run(&run);
        self.write();
        self.look();
        self.counted(outcome)
    }

    fn send(&mut self, message: &Outgoing<'_>) -> Result<(), Fault> {
        let was_live = self.is_live();
        self.session.publish(message)?;
        self.write();
        // What the lost connection did not take is kept for the next one.
        if was_live && !self.is_live() {
            self.session.publish(message)?;
            self.note();
        }
        self.count_run(&Run::one(message));
        self.unread += 1;
        if self.unread >= READ_EVERY || !was_live {
            self.look();
        }
        Ok(())
    }

    /// Looks at what came, without waiting: a test that only publishes never waits, and would not notice what the server says.
    fn look(&mut self) {
        self.unread = 0;
        self.attend();
    }

    /// Sends a request; its answer is waited for by [`Client::answer`].
    ///
    /// # Errors
    /// Those of [`Client::publish`].
    pub fn start_request(&mut self, message: &Outgoing<'_>) -> Result<u64, Fault> {
        self.ready()?;
        let outcome = self.send_request(message);
        self.counted(outcome)
    }

    fn send_request(&mut self, message: &Outgoing<'_>) -> Result<u64, Fault> {
        let was_live = self.is_live();
        let now = self.wire.now();
        let mut number = self.session.request(message, now)?;
        self.write();
        if was_live && !self.is_live() {
            self.session.forget_request(number);
            number = self.session.request(message, now)?;
            self.note();
        }
        self.count_run(&Run::one(message));
        Ok(number)
    }

    /// Sends a request and waits for its answer.
    ///
    /// # Errors
    /// Those of [`Client::start_request`] and [`Client::answer`].
    pub fn request(
        &mut self,
        message: &Outgoing<'_>,
        timeout: Option<Time>,
    ) -> Result<Message, Fault> {
        let number = self.start_request(message)?;
        let deadline = self.request_deadline(number, timeout);
        self.answer(number, deadline)
    }

    /// When the answer to a request must be there: counted from when it was sent.
    pub fn request_deadline(&mut self, number: u64, timeout: Option<Time>) -> Time {
        let timeout = timeout.unwrap_or(self.session.options().request_timeout);
        let started = self.session.answer(number).map(|request| request.started);
        started
            .unwrap_or_else(|| self.wire.now())
            .saturating_add(timeout)
    }

    /// Waits for the answer to a request until this time, and forgets it.
    ///
    /// # Errors
    /// No responders, the time has passed, the client was closed, the server does not allow the subject.
    pub fn answer(&mut self, number: u64, deadline: Time) -> Result<Message, Fault> {
        let answer = self.answer_in_time(number, deadline)?;
        let name = self.measured_as(&answer.subject);
        self.meter.answered(&name, answer.took);
        Ok(answer.message)
    }

    /// The same, and leaves to the caller what it measures of it.
    pub(crate) fn answer_in_time(&mut self, number: u64, deadline: Time) -> Result<Answer, Fault> {
        loop {
            if let Some(request) = self.session.take_answer(number) {
                let outcome = self.answered(request);
                return self.counted(outcome);
            }
            if self.session.answer(number).is_none() {
                return Err(Fault::invalid(
                    "the answer to this request was taken before",
                ));
            }
            if self.wire.now() >= deadline {
                let outcome = Err(self.unanswered(number));
                return self.counted(outcome);
            }
            self.step(Some(deadline));
        }
    }

    /// Counts an answer.
    fn answered(&mut self, request: Request) -> Result<Answer, Fault> {
        let message = request
            .outcome
            .unwrap_or_else(|| Err(self.session.closed()))?;
        let length = message.length() as u64;
        self.statistics.messages_in += 1;
        self.statistics.bytes_in += length;
        let name = self.measured_as(&request.subject);
        self.meter.received(&name, 1, length);
        Ok(Answer {
            message,
            subject: request.subject,
            took: request.ended.saturating_sub(request.started),
        })
    }

    fn measured_as(&self, subject: &str) -> String {
        let prefix = &self.session.options().inbox_prefix;
        crate::subject::measured_as(subject, prefix).into_owned()
    }

    fn unanswered(&mut self, number: u64) -> Fault {
        let request = self.session.forget_request(number);
        let (subject, started) = request
            .map(|request| (request.subject, request.started))
            .unwrap_or_default();
        let waited = self.wire.now().saturating_sub(started) / 1_000_000;
        let why = match self.session.phase() {
            Phase::Live => "",
            _ => ", and there is no connection",
        };
        let message = format!("no answer to the request to {subject:?} within {waited} ms{why}");
        Fault::new(crate::Kind::Timeout, message)
    }

    /// Counts what went wrong.
    pub(crate) fn counted<T>(&mut self, outcome: Result<T, Fault>) -> Result<T, Fault> {
        if let Err(fault) = &outcome {
            self.meter.failed(fault.kind);
        }
        outcome
    }
}

/// Messages to one subject, one behind the other: they are measured together.
#[derive(Default)]
pub(crate) struct Run<'a> {
    pub(crate) subject: &'a str,
    pub(crate) messages: u64,
    pub(crate) bytes: u64,
}

impl<'a> Run<'a> {
    fn of(subject: &'a str) -> Run<'a> {
        Run {
            subject,
            ..Run::default()
        }
    }

    fn one(message: &Outgoing<'a>) -> Run<'a> {
        Run {
            subject: message.subject,
            messages: 1,
            bytes: message.length() as u64,
        }
    }
}

/// Messages that are sent before it is looked at what came.
const READ_EVERY: u32 = 64;

/// Bytes of messages that are written at once.
const WRITE_MOST: usize = 64 * 1024;
