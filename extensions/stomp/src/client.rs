//! Defines a client: the machine, and a connection that it is driven with.

use crate::session::commands::Outgoing;
use crate::session::{Phase, Receipt, Session};
use crate::subscription::Ack;
use crate::wire::{Incoming, Meter, Wire};
use crate::{Address, Fault, Kind, Message, Options, Time};

/// A client of one server. All that it does goes on only while one of its functions runs.
pub struct Client<W: Wire, M: Meter> {
    wire: W,
    meter: M,
    address: Address,
    session: Session,
    link: Option<W::Link>,
}

impl<W: Wire, M: Meter> Client<W, M> {
    /// A client that is not connected.
    pub fn new(wire: W, meter: M, address: Address, options: Options) -> Client<W, M> {
        Client {
            wire,
            meter,
            session: Session::new(options, &address.host),
            address,
            link: None,
        }
    }

    /// The machine.
    pub fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    /// Who counts.
    pub fn meter(&mut self) -> &mut M {
        &mut self.meter
    }

    /// The open connection.
    pub fn link(&self) -> Option<&W::Link> {
        self.link.as_ref()
    }

    /// Whether it is connected.
    pub fn is_live(&self) -> bool {
        self.session.phase() == Phase::Live
    }

    /// Connects, unless it is connected. Subscriptions that there were are made again.
    ///
    /// # Errors
    /// Why it can't, in the server's words where it has some.
    pub fn connect(&mut self) -> Result<(), Fault> {
        if self.is_live() {
            return Ok(());
        }
        let began = self.wire.now();
        let connected = self.greet();
        match &connected {
            Ok(()) => {
                let took = self.wire.now() - began;
                self.meter.connected(&self.address, took);
            }
            Err(fault) => self.meter.failed(fault),
        }
        connected
    }

    fn greet(&mut self) -> Result<(), Fault> {
        let timeout = self.session.options().connect_timeout;
        let place = self.address.place();
        let named = |fault: Fault| Fault {
            message: format!("connecting to STOMP at {place}: {}", fault.message),
            ..fault
        };
        let link = self.wire.dial(&self.address, timeout).map_err(named)?;
        self.link = Some(link);
        self.session.opened(self.wire.now())?;
        let deadline = self.wire.now().saturating_add(timeout);
        while self.session.phase() == Phase::Greeting {
            self.step(Some(deadline));
        }
        if !self.is_live() {
            return Err(named(self.fault()));
        }
        let beats = self.session.beats();
        if let (Some(link), true) = (&mut self.link, beats.ours > 0) {
            // A little earlier than promised, as the way takes its time.
            self.wire.keep_alive(link, beats.ours / 10 * 9, b"\n");
        }
        self.write();
        Ok(())
    }

    fn fault(&self) -> Fault {
        let none = || Fault::new(Kind::Closed, "not connected");
        self.session.fault().cloned().unwrap_or_else(none)
    }

    /// Sends a message. With a receipt, waits until the server has confirmed it.
    ///
    /// # Errors
    /// Not connected; a header that can't be said; no receipt in time; the server's ERROR.
    pub fn send(&mut self, message: &Outgoing<'_>, receipt: bool) -> Result<(), Fault> {
        let began = self.wire.now();
        let sent = self.begin_send(message, receipt);
        let sent = match sent {
            Ok(Some(receipt)) => self
                .confirmed(receipt)
                .map(|receipt| receipt.came - receipt.asked),
            Ok(None) => Ok(self.wire.now() - began),
            Err(fault) => Err(fault),
        };
        match sent {
            Ok(took) => {
                self.meter
                    .sent(message.destination, message.body.len() as u64, took);
                Ok(())
            }
            Err(fault) => {
                self.meter.not_sent(message.destination);
                Err(self.told(fault))
            }
        }
    }

    /// Sends a message, and gives the receipt that was asked for, to be waited for later.
    ///
    /// # Errors
    /// Not connected; a header that can't be said.
    pub fn begin_send(
        &mut self,
        message: &Outgoing<'_>,
        receipt: bool,
    ) -> Result<Option<u64>, Fault> {
        let asked = self.session.send(message, receipt, self.wire.now())?;
        self.write();
        match asked {
            None if !self.is_live() => Err(self.fault()),
            asked => Ok(asked),
        }
    }

    /// Waits for a receipt.
    ///
    /// # Errors
    /// It did not come in time; the server's ERROR; the connection is lost.
    pub fn confirmed(&mut self, receipt: u64) -> Result<Receipt, Fault> {
        let timeout = self.session.options().receipt_timeout;
        let deadline = self.wire.now().saturating_add(timeout);
        loop {
            if let Some(settled) = self.session.take_receipt(receipt) {
                return settled;
            }
            if self.wire.now() >= deadline {
                let millis = timeout / MILLISECOND;
                let message = format!("the receipt did not come within {millis} ms");
                return Err(Fault::new(Kind::Timeout, message));
            }
            if self.session.phase() == Phase::Idle {
                return Err(self.fault());
            }
            self.step(Some(deadline));
        }
    }

    /// Subscribes.
    ///
    /// # Errors
    /// Those of [`Session::subscribe`].
    pub fn subscribe(
        &mut self,
        destination: &str,
        ack: Ack,
        name: Option<&str>,
        headers: &[(String, String)],
    ) -> Result<u64, Fault> {
        let now = self.wire.now();
        let id = self.session.subscribe(destination, ack, name, headers, now);
        self.write();
        id.map_err(|fault| self.told(fault))
    }

    /// Ends a subscription.
    ///
    /// # Errors
    /// Not connected.
    pub fn unsubscribe(&mut self, subscription: u64) -> Result<(), Fault> {
        let ended = self.session.unsubscribe(subscription, self.wire.now());
        self.write();
        ended
    }

    /// The next message of a subscription, waiting for it until this time at most (not at all without one); none when none came.
    ///
    /// # Errors
    /// Behind the last message: why no other will come.
    pub fn next(
        &mut self,
        subscription: u64,
        until: Option<Time>,
    ) -> Result<Option<Message>, Fault> {
        let began = self.wire.now();
        let (found, destination) = loop {
            let Some(known) = self.session.subscription(subscription) else {
                return Err(Fault::new(Kind::Closed, "the subscription was ended"));
            };
            let found = known.take();
            let is_late = until.is_none_or(|until| self.wire.now() >= until);
            match self.session.subscription(subscription) {
                Some(known) if is_late || !matches!(found, Ok(None)) => {
                    break (found, known.destination.clone());
                }
                _ => self.step(until),
            }
        };
        match &found {
            Ok(Some(message)) => {
                let (bytes, took) = (message.body.len() as u64, self.wire.now() - began);
                self.meter.taken(&destination, bytes, took);
            }
            // Whoever does not wait only has a look.
            Ok(None) if until.is_none_or(|until| until <= began) => {}
            _ => self.meter.not_taken(&destination),
        }
        found
    }

    /// Acknowledges a message, or says that it was not consumed.
    ///
    /// # Errors
    /// Those of [`Session::acknowledge`].
    pub fn acknowledge(
        &mut self,
        message: &Message,
        consumed: bool,
        transaction: Option<&str>,
    ) -> Result<(), Fault> {
        let said = self
            .session
            .acknowledge(message, consumed, transaction, self.wire.now());
        self.write();
        self.meter
            .acknowledged(&message.destination, consumed, said.is_ok());
        said.map_err(|fault| self.told(fault))
    }

    /// Begins a transaction, and gives its name.
    ///
    /// # Errors
    /// Not connected.
    pub fn begin(&mut self) -> Result<String, Fault> {
        let name = self.session.begin(self.wire.now());
        self.write();
        name
    }

    /// Commits or aborts a transaction. With a receipt, waits until the server has confirmed it.
    ///
    /// # Errors
    /// Not connected; no receipt in time; the server's ERROR.
    pub fn end(&mut self, transaction: &str, commit: bool, receipt: bool) -> Result<(), Fault> {
        let asked = self
            .session
            .end(transaction, commit, receipt, self.wire.now())?;
        self.write();
        match asked {
            Some(receipt) => self.confirmed(receipt).map(drop),
            None => Ok(()),
        }
    }

    /// Says goodbye, waits for the server's receipt, and closes the connection.
    ///
    /// # Errors
    /// Not connected.
    pub fn disconnect(&mut self) -> Result<(), Fault> {
        self.session.disconnect(self.wire.now())?;
        self.write();
        let deadline = self
            .wire
            .now()
            .saturating_add(self.session.options().receipt_timeout);
        while self.session.phase() == Phase::Leaving {
            self.step(Some(deadline));
        }
        self.link = None;
        Ok(())
    }

    /// Reads what came, waiting until this time at most (not at all without one), and answers.
    fn step(&mut self, until: Option<Time>) {
        self.write();
        let Some(link) = &mut self.link else {
            let fault = Fault::new(Kind::Closed, "not connected");
            return self.session.lost(fault);
        };
        let due = self.session.due(self.wire.heard(link));
        let until = until.map(|until| due.map_or(until, |due| due.min(until)));
        match self.wire.read(link, until) {
            Incoming::Bytes(bytes, arrived) => self.session.receive(&bytes, arrived),
            Incoming::Nothing => {
                let heard = self.wire.heard(link);
                self.session.tick(self.wire.now(), heard);
            }
            Incoming::Ended => self.session.hung_up(),
            Incoming::Failed(fault) => self.session.lost(fault),
        }
        self.write();
        self.discard();
    }

    /// Does all that can be done without waiting. While a subscription has as much as it may, nothing is read: the server has to wait.
    pub fn attend(&mut self) {
        for _ in 0..ROUNDS_MOST {
            let Some(link) = &mut self.link else { return };
            if self.session.is_full() {
                return;
            }
            match self.wire.read(link, None) {
                Incoming::Bytes(bytes, arrived) => self.session.receive(&bytes, arrived),
                Incoming::Nothing => {
                    let heard = self.wire.heard(link);
                    self.session.tick(self.wire.now(), heard);
                    self.discard();
                    return;
                }
                Incoming::Ended => self.session.hung_up(),
                Incoming::Failed(fault) => self.session.lost(fault),
            }
            self.write();
            self.discard();
        }
    }

    /// When [`Client::attend`] has something to do, whatever comes.
    pub fn due(&self) -> Option<Time> {
        let link = self.link.as_ref()?;
        self.session.due(self.wire.heard(link))
    }

    /// Drops the connection of a session that is over, and tells why it is.
    fn discard(&mut self) {
        if self.session.phase() == Phase::Idle && self.link.take().is_some() {
            let fault = self.fault();
            if fault.kind != Kind::Closed {
                self.meter.failed(&fault);
            }
        }
    }

    /// Writes what the machine has to say.
    fn write(&mut self) {
        if self.session.out().is_empty() {
            return;
        }
        let Some(link) = &mut self.link else { return };
        let written = self.wire.write(link, self.session.out());
        let out = self.session.out();
        out.clear();
        if out.capacity() > OUT_KEPT {
            *out = Vec::new();
        }
        if let Err(fault) = written {
            self.session.lost(fault);
            self.discard();
        }
    }

    /// Counts what went wrong, where the loss of the connection did not count it already.
    fn told(&mut self, fault: Fault) -> Fault {
        if self.is_live() {
            self.meter.failed(&fault);
        }
        fault
    }
}

/// Reads that one [`Client::attend`] does at most, so that the test has its turn too.
const ROUNDS_MOST: u32 = 64;

/// Room for what is to be written that is kept from one message to the next.
const OUT_KEPT: usize = 16 << 10;

const MILLISECOND: Time = 1_000_000;
