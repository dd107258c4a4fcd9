//! Defines what a client says once it is connected.

use super::receipts::Of;
use super::{Phase, Session};
use crate::frame::{Escapes, Writer};
use crate::message::Message;
use crate::subscription::{Ack, Subscription};
use crate::{Fault, Kind, Time, Version};

/// A message to be sent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outgoing<'a> {
    /// Header `destination`.
    pub destination: &'a str,
    /// Header `content-type`, where it is not empty.
    pub content_type: &'a str,
    /// More headers.
    pub headers: &'a [(String, String)],
    /// The body.
    pub body: &'a [u8],
    /// The transaction that it is a part of.
    pub transaction: Option<&'a str>,
}

impl Session {
    /// Sends a message; with a receipt where one is asked for.
    ///
    /// # Errors
    /// Not connected; a header that can't be said.
    pub fn send(
        &mut self,
        message: &Outgoing<'_>,
        receipt: bool,
        now: Time,
    ) -> Result<Option<u64>, Fault> {
        self.say("SEND", receipt, now, message.body, |mut frame| {
            frame = frame.header("destination", message.destination);
            if !message.content_type.is_empty() {
                frame = frame.header("content-type", message.content_type);
            }
            if let Some(transaction) = message.transaction {
                frame = frame.header("transaction", transaction);
            }
            frame
                .number("content-length", message.body.len() as u64)
                .headers(message.headers)
        })
    }

    /// Subscribes to a destination, under this name or one of its own, and gives its number.
    ///
    /// # Errors
    /// Not connected; a name that is taken; a header that can't be said; a mode that this version does not have.
    pub fn subscribe(
        &mut self,
        destination: &str,
        ack: Ack,
        name: Option<&str>,
        headers: &[(String, String)],
        now: Time,
    ) -> Result<u64, Fault> {
        if self.version == Version::V10 && ack == Ack::ClientIndividual {
            return Err(invalid(
                "STOMP 1.0 knows no acknowledgement by client-individual",
            ));
        }
        let id = self.last_subscription + 1;
        let name = name.map_or_else(|| format!("s-{id}"), str::to_owned);
        if self.subscriptions.values().any(|known| known.name == name) {
            return Err(invalid(&format!(
                "there is a subscription {name:?} already"
            )));
        }
        let subscription = Subscription::new(name, destination, ack, headers.to_vec());
        self.say("SUBSCRIBE", false, now, b"", |frame| {
            said(frame, &subscription)
        })?;
        self.last_subscription = id;
        self.subscriptions.insert(id, subscription);
        Ok(id)
    }

    /// Says all subscriptions again.
    pub(super) fn subscribe_again(&mut self) {
        let escapes = Escapes::of(self.version);
        let mut ids: Vec<u64> = self.subscriptions.keys().copied().collect();
        ids.sort_unstable();
        for id in ids {
            let Some(subscription) = self.subscriptions.get_mut(&id) else {
                continue;
            };
            let frame = said(
                Writer::new(&mut self.out, escapes, "SUBSCRIBE"),
                subscription,
            );
            match frame.body(b"") {
                Ok(()) => subscription.resume(),
                Err(fault) => subscription.end(&fault),
            }
        }
    }

    /// Ends a subscription; messages of it that wait are dropped.
    ///
    /// # Errors
    /// Not connected: it is forgotten all the same.
    pub fn unsubscribe(&mut self, id: u64, now: Time) -> Result<(), Fault> {
        let Some(subscription) = self.subscriptions.remove(&id) else {
            return Ok(());
        };
        self.say("UNSUBSCRIBE", false, now, b"", |frame| {
            let frame = frame.header("id", &subscription.name);
            frame.header("destination", &subscription.destination)
        })
        .map(drop)
    }

    /// Acknowledges a message, or says that it was not consumed.
    ///
    /// # Errors
    /// Not connected; NACK in 1.0; a message without what this version acknowledges by, as those of subscriptions that need none.
    pub fn acknowledge(
        &mut self,
        message: &Message,
        consumed: bool,
        transaction: Option<&str>,
        now: Time,
    ) -> Result<(), Fault> {
        let version = self.version;
        if version == Version::V10 && !consumed {
            return Err(invalid("STOMP 1.0 knows no NACK"));
        }
        let id = match version {
            Version::V12 => message.header("ack"),
            _ => message.header("message-id"),
        };
        let id = id.ok_or_else(|| {
            invalid("the message can't be acknowledged: its subscription is of mode auto")
        })?;
        let command = if consumed { "ACK" } else { "NACK" };
        self.say(command, false, now, b"", |mut frame| {
            frame = match version {
                Version::V12 => frame.header("id", id),
                _ => frame.header("message-id", id),
            };
            if let (Version::V11, Some(subscription)) = (version, message.header("subscription")) {
                frame = frame.header("subscription", subscription);
            }
            match transaction {
                Some(transaction) => frame.header("transaction", transaction),
                None => frame,
            }
        })
        .map(drop)
    }

    /// Begins a transaction, and gives its name.
    ///
    /// # Errors
    /// Not connected.
    pub fn begin(&mut self, now: Time) -> Result<String, Fault> {
        self.last_transaction += 1;
        let name = format!("t-{}", self.last_transaction);
        self.transact("BEGIN", &name, false, now)?;
        Ok(name)
    }

    /// Commits or aborts a transaction; with a receipt where one is asked for.
    ///
    /// # Errors
    /// Not connected.
    pub fn end(
        &mut self,
        transaction: &str,
        commit: bool,
        receipt: bool,
        now: Time,
    ) -> Result<Option<u64>, Fault> {
        let command = if commit { "COMMIT" } else { "ABORT" };
        self.transact(command, transaction, receipt, now)
    }

    fn transact(
        &mut self,
        command: &str,
        name: &str,
        receipt: bool,
        now: Time,
    ) -> Result<Option<u64>, Fault> {
        self.say(command, receipt, now, b"", |frame| {
            frame.header("transaction", name)
        })
    }

    /// Says goodbye: the server's receipt tells that it has all that was said before. Then it is closed.
    ///
    /// # Errors
    /// Not connected.
    pub fn disconnect(&mut self, now: Time) -> Result<(), Fault> {
        self.connected_now()?;
        let (_, name) = self.receipts.ask(Of::Leaving, now);
        let frame = Writer::new(&mut self.out, Escapes::of(self.version), "DISCONNECT");
        frame.header("receipt", &name).body(b"")?;
        self.phase = Phase::Leaving;
        self.since = now;
        Ok(())
    }

    /// Writes a frame.
    fn say(
        &mut self,
        command: &str,
        receipt: bool,
        now: Time,
        body: &[u8],
        write: impl for<'a> FnOnce(Writer<'a>) -> Writer<'a>,
    ) -> Result<Option<u64>, Fault> {
        self.connected_now()?;
        let asked = receipt.then(|| self.receipts.ask(Of::Frame, now));
        let mut frame = write(Writer::new(
            &mut self.out,
            Escapes::of(self.version),
            command,
        ));
        if let Some((_, name)) = &asked {
            frame = frame.header("receipt", name);
        }
        let said = frame.body(body);
        let id = asked.map(|(id, _)| id);
        if let (Err(_), Some(id)) = (&said, id) {
            self.receipts.forget(id);
        }
        said.map(|()| id)
    }

    fn connected_now(&self) -> Result<(), Fault> {
        match (self.phase, &self.fault) {
            (Phase::Live, _) => Ok(()),
            (_, Some(fault)) => {
                let message = format!("not connected: {}", fault.message);
                Err(Fault::with_code(fault.kind, fault.code, message))
            }
            _ => Err(Fault::new(Kind::Closed, "not connected")),
        }
    }
}

fn said<'a>(frame: Writer<'a>, subscription: &Subscription) -> Writer<'a> {
    let frame = frame.header("id", &subscription.name);
    let frame = frame.header("destination", &subscription.destination);
    frame
        .header("ack", subscription.ack.name())
        .headers(&subscription.headers)
}

fn invalid(why: &str) -> Fault {
    Fault::new(Kind::Invalid, why)
}
