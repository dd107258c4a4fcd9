//! Defines how a client goes on without waiting for anything: what came is taken in, what has come due is done.

use std::rc::Rc;

use brunt_sdk::time::Wait;

use crate::codec::{Qos, ping_request};
use crate::error::{Error, ErrorKind};
use crate::machine::{Event as Happened, Finished, Sign};

use super::bindings::exports::brunt::mqtt::client::Event;
use super::conversation::{Conversation, connection_error};
use super::errand::{Errand, What};
use super::link::Link;
use super::meter::Route;
use super::{convert, nanoseconds};

/// The most bytes that are read at once.
pub(super) const CHUNK: usize = 64 << 10;

/// How often a connection that is being opened is looked at.
const DIALLING_NS: u64 = 10_000_000;

impl Conversation {
    /// Goes on as far as that needs no waiting.
    pub(super) fn drive(&mut self, now_ns: u64) {
        self.unlooked = 0;
        if self.has_dialled() {
            self.dialled();
        }
        if matches!(self.link, Link::Resting { until_ns } if until_ns <= now_ns) {
            self.rested();
        }
        while self.can_read() {
            self.read();
        }
        self.look(now_ns);
        self.flush();
    }

    /// When to look again at the latest, if nothing comes.
    pub(super) fn due_ns(&mut self) -> Option<u64> {
        let connect_ns = self.config.times.connect_ns;
        match &self.link {
            Link::Down => None,
            Link::Dialling { .. } => Some(super::now_ns() + DIALLING_NS),
            Link::Greeting { since_ns, .. } => Some(since_ns.saturating_add(connect_ns)),
            Link::Resting { until_ns } => Some(*until_ns),
            Link::Up { connection } => {
                let heard_ns = nanoseconds(connection.last_heard());
                self.pulse.due_ns(heard_ns)
            }
        }
    }

    /// Whether reading would not wait, and there is room for what comes.
    fn can_read(&mut self) -> bool {
        if self.machine.is_full() {
            return false;
        }
        let connection = self.link.connection();
        connection.is_some_and(|connection| connection.ready())
    }

    /// Reads once, and takes in what came. Waits, if nothing has come; whether anything has.
    pub(super) fn read(&mut self) -> bool {
        let Some(connection) = self.link.connection() else {
            return false;
        };
        match connection.chunk(CHUNK) {
            Ok(Some(bytes)) => {
                let at_ns = nanoseconds(connection.arrival());
                let fed = self.machine.feed(&bytes, at_ns);
                self.settle(at_ns);
                match fed {
                    Ok(()) => self.flush(),
                    Err(error) => self.broke(error),
                }
            }
            Ok(None) => self.broke(Error::coded(
                ErrorKind::Connection,
                1203,
                "the server closed the connection",
            )),
            Err(error) if error.is_timeout() => return false,
            Err(error) => self.broke(connection_error(error)),
        }
        true
    }

    /// Sends what is to be sent.
    pub(super) fn flush(&mut self) {
        let output = self.machine.output();
        if output.is_empty() {
            return;
        }
        let Some(connection) = self.link.connection() else {
            output.clear();
            return;
        };
        let sent = connection.send(output);
        output.clear();
        if let Err(error) = sent {
            self.broke(connection_error(error));
        }
    }

    /// The connection is of no more use.
    fn broke(&mut self, error: Error) {
        match self.link {
            Link::Up { .. } => self.lost(error),
            _ => self.failed(error),
        }
        self.settle(super::now_ns());
    }

    /// Sees whether the server is there still.
    pub(super) fn look(&mut self, now_ns: u64) {
        match &self.link {
            Link::Greeting { since_ns, .. } => {
                if now_ns >= since_ns.saturating_add(self.config.times.connect_ns) {
                    self.broke(Error::coded(
                        ErrorKind::Timeout,
                        1050,
                        "the server did not answer to CONNECT in time",
                    ));
                }
            }
            // Where nothing is read for want of room, silence is this side's.
            Link::Up { .. } if self.machine.is_full() => {}
            Link::Up { connection } => {
                let heard_ns = nanoseconds(connection.last_heard());
                match self.pulse.look(now_ns, heard_ns) {
                    Sign::Ask(_) => self.machine.output().extend(ping_request()),
                    Sign::Gone => self.broke(Error::coded(
                        ErrorKind::Timeout,
                        1050,
                        "nothing came from the server for one and a half of the keep-alive",
                    )),
                    Sign::Fine(_) | Sign::Unwatched => {}
                }
            }
            Link::Down | Link::Dialling { .. } | Link::Resting { .. } => {}
        }
    }

    /// Counts and tells what the machine made of it all.
    pub(super) fn settle(&mut self, at_ns: u64) {
        self.note_messages();
        // Messages that were acknowledged one after the other to one topic are counted at once.
        let mut run: Option<(Rc<Route>, Qos, usize, usize)> = None;
        while let Some(event) = self.machine.next_event() {
            match event {
                Happened::Opened => self.greeted(super::now_ns()),
                Happened::Finished(errand, result) => {
                    self.finished(&errand, &result, at_ns, &mut run);
                    errand.finish(result);
                }
                Happened::NotResubscribed(error) => {
                    self.meter.failed("subscribe", &error);
                    self.tell(Event::NotResubscribed(convert::error(error)));
                }
                Happened::Dropped(topic, _) => {
                    self.meter.dropped(&topic, self.machine.subscriptions());
                }
            }
        }
        self.count_sent(run);
    }

    fn finished(
        &mut self,
        errand: &Errand,
        result: &Result<Finished, Error>,
        at_ns: u64,
        run: &mut Option<(Rc<Route>, Qos, usize, usize)>,
    ) {
        match (errand.what(), result) {
            (What::Publish(sent), Ok(_)) => {
                let took_ns = at_ns.saturating_sub(sent.since_ns);
                self.meter.acknowledged(&sent.route, sent.qos, took_ns);
                match run {
                    Some((route, qos, count, bytes))
                        if Rc::ptr_eq(route, &sent.route) && *qos == sent.qos =>
                    {
                        *count += 1;
                        *bytes += sent.bytes;
                    }
                    _ => {
                        let next = (Rc::clone(&sent.route), sent.qos, 1, sent.bytes);
                        self.count_sent(run.replace(next));
                    }
                }
            }
            (What::Subscribe | What::Unsubscribe, Ok(_)) => self.meter.forget_filters(),
            (_, Ok(_)) => {}
            (_, Err(error)) => self.meter.failed(errand.method(), error),
        }
    }

    fn count_sent(&self, run: Option<(Rc<Route>, Qos, usize, usize)>) {
        if let Some((route, qos, count, bytes)) = run {
            self.meter.sent(&route, qos, count, bytes);
        }
    }

    /// Counts messages that came since this was called last.
    pub(super) fn note_messages(&mut self) {
        let received = self.machine.inbox().received();
        let new = received - self.noted;
        if new == 0 {
            return;
        }
        self.noted = received;
        let messages = self.machine.inbox().latest(new as usize);
        self.meter.received(messages, self.machine.subscriptions());
        self.arrived.ring();
    }
}
