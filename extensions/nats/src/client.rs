//! Defines a client: the machine, and a connection that it is driven with.

mod messages;
mod waiting;

use crate::client::messages::Run;
use crate::options::{Options, SECOND, Time};
use crate::session::{Notice, Phase, Session};
use crate::wire::{Incoming, Meter, Wire};
use crate::{Address, Fault, Kind, subject};

/// A client of one server at a time. All that it does goes on only while one of its functions runs.
pub struct Client<W: Wire, M: Meter> {
    wire: W,
    meter: M,
    session: Session,
    link: Link<W>,
    /// Publishes since it was last looked at what came.
    unread: u32,
    statistics: Statistics,
    last_error: Option<Fault>,
}

enum Link<W: Wire> {
    None,
    Dialing(W::Dialing, Address),
    Open(W::Link, Address),
}

/// What a client has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Messages that came.
    pub messages_in: u64,
    /// Messages that were sent.
    pub messages_out: u64,
    /// Bytes of those that came.
    pub bytes_in: u64,
    /// Bytes of those that were sent.
    pub bytes_out: u64,
    /// How often it has connected again.
    pub reconnects: u64,
    /// Messages that were dropped, because too many waited.
    pub dropped: u64,
}

impl<W: Wire, M: Meter> Client<W, M> {
    /// A client that is not connected. `random` tells its inboxes from those of others.
    pub fn new(wire: W, meter: M, options: Options, random: u64) -> Client<W, M> {
        Client {
            wire,
            meter,
            session: Session::new(options, random),
            link: Link::None,
            unread: 0,
            statistics: Statistics::default(),
            last_error: None,
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

    /// The clock, and the connections.
    pub fn wire(&self) -> &W {
        &self.wire
    }

    /// The open connection.
    pub fn link(&self) -> Option<&W::Link> {
        match &self.link {
            Link::Open(link, _) => Some(link),
            _ => None,
        }
    }

    /// What it has done so far.
    pub fn statistics(&self) -> Statistics {
        self.statistics
    }

    /// What the server last had against it, or why its connection was last lost; none since this was last asked.
    pub fn take_last_error(&mut self) -> Option<Fault> {
        self.last_error.take()
    }

    /// Whether it is connected.
    pub fn is_live(&self) -> bool {
        self.session.phase() == Phase::Live
    }

    /// Connects, unless it is connected: to the first of its servers that takes it. While it reconnects it waits for that.
    ///
    /// # Errors
    /// Why the last server did not take it, when all were tried.
    pub fn connect(&mut self) -> Result<(), Fault> {
        if self.is_live() {
            return Ok(());
        }
        let now = self.wire.now();
        self.session.connect(now);
        let attempts = self.session.servers_known() as u64;
        let patience = self
            .session
            .options()
            .connect_timeout
            .saturating_mul(attempts);
        let deadline = now.saturating_add(patience.saturating_add(SLACK));
        loop {
            match self.session.phase() {
                Phase::Live => return Ok(()),
                Phase::Closed => return Err(self.session.closed()),
                Phase::Idle => return Err(self.unconnected()),
                _ if self.wire.now() >= deadline => {
                    return Err(Fault::new(
                        Kind::Timeout,
                        "no server could be reconnected to in time",
                    ));
                }
                _ => self.step(Some(deadline)),
            }
        }
    }

    fn unconnected(&self) -> Fault {
        let place = self.session.server().place();
        match self.session.fault() {
            Some(fault) => {
                let message = format!("connecting to NATS: {}", fault.message);
                Fault::with_code(fault.kind, fault.code, message)
            }
            None => Fault::new(Kind::Network, format!("not connected to {place}")),
        }
    }

    /// Connects where that was not tried yet: what needs a connection begins with this. While it reconnects, what is published is kept.
    pub(crate) fn ready(&mut self) -> Result<(), Fault> {
        match self.session.phase() {
            Phase::Live | Phase::Due(_) => Ok(()),
            Phase::Closed => {
                let closed = Err(self.session.closed());
                self.counted(closed)
            }
            // What fails here is counted where it does.
            Phase::Idle => self.connect(),
            _ => Ok(()),
        }
    }

    /// Does one thing: what has come due, or what came, waiting for it until this time at most; not at all without one.
    pub fn step(&mut self, until: Option<Time>) {
        let now = self.wire.now();
        self.session.tick(now);
        self.discard();
        self.write();
        let until = until.map(|until| self.session.due().map_or(until, |due| due.min(until)));
        match self.session.phase() {
            Phase::Idle | Phase::Closed => {}
            Phase::Due(at) => match self.session.dial(now) {
                Some(address) => self.dial(address),
                None => {
                    if let Some(until) = until {
                        self.wire.sleep(until.min(at));
                    }
                }
            },
            Phase::Dialing => self.dialed(until),
            Phase::Securing => self.secure(),
            Phase::Greeting | Phase::Proving | Phase::Live => self.read(until),
        }
        self.discard();
        self.write();
        self.note();
    }

    /// Does all that can be done without waiting.
    pub fn attend(&mut self) {
        for _ in 0..ROUNDS_MOST {
            let before = self.session.phase();
            let has_read = self.is_live() && self.read_now();
            if !has_read {
                self.step(None);
            }
            if !has_read && self.session.phase() == before {
                break;
            }
        }
    }

    fn read_now(&mut self) -> bool {
        let Link::Open(link, _) = &mut self.link else {
            return false;
        };
        match self.wire.read(link, None) {
            Incoming::Nothing => false,
            incoming => {
                self.take_in(incoming);
                self.discard();
                self.write();
                self.note();
                true
            }
        }
    }

    /// When [`Client::attend`] has something to do, whatever comes.
    pub fn due(&self) -> Option<Time> {
        match self.session.phase() {
            // Nothing comes on a connection that is not open yet.
            Phase::Dialing => Some(self.wire.now() + DIALING_PACE),
            _ => self.session.due(),
        }
    }

    fn dial(&mut self, address: Address) {
        let (tls, deadline) = (self.session.dials_tls(), self.session.deadline());
        let dialing = self.wire.dial(&address, tls, deadline);
        self.link = Link::Dialing(dialing, address);
    }

    fn dialed(&mut self, until: Option<Time>) {
        let Link::Dialing(dialing, address) = &mut self.link else {
            return;
        };
        match self.wire.dialed(dialing, until) {
            None => {}
            Some(Ok(link)) => {
                self.link = Link::Open(link, address.clone());
                self.session.opened();
            }
            Some(Err(fault)) => {
                let message = format!("{}: {}", address.place(), fault.message);
                let fault = Fault { message, ..fault };
                self.session.failed(self.wire.now(), fault);
            }
        }
    }

    fn secure(&mut self) {
        let Link::Open(link, address) = &mut self.link else {
            return;
        };
        let outcome = self.wire.secure(link, address);
        let now = self.wire.now();
        match outcome {
            Ok(()) => self.session.secured(now),
            Err(fault) => self.session.failed(now, fault),
        }
    }

    fn read(&mut self, until: Option<Time>) {
        if let Link::Open(link, _) = &mut self.link {
            let incoming = self.wire.read(link, until);
            self.take_in(incoming);
        }
    }

    fn take_in(&mut self, incoming: Incoming) {
        match incoming {
            Incoming::Bytes(bytes, arrived) => self.session.receive(bytes, arrived),
            Incoming::Nothing => {}
            Incoming::Ended => self.session.hung_up(self.wire.now()),
            Incoming::Failed(fault) => self.session.failed(self.wire.now(), fault),
        }
    }

    /// Drops the connection that the machine has given up.
    fn discard(&mut self) {
        let is_over = matches!(
            self.session.phase(),
            Phase::Idle | Phase::Due(_) | Phase::Closed
        );
        if is_over && !matches!(self.link, Link::None) {
            self.link = Link::None;
        }
    }

    /// Writes what the machine has to say.
    pub(crate) fn write(&mut self) {
        if self.session.out().is_empty() {
            return;
        }
        let Link::Open(link, _) = &mut self.link else {
            return;
        };
        let outcome = self.wire.write(link, self.session.out());
        let out = self.session.out();
        out.clear();
        if out.capacity() > OUT_KEPT {
            *out = Vec::new();
        }
        if let Err(fault) = outcome {
            self.session.failed(self.wire.now(), fault);
            self.discard();
        }
    }

    /// Measures and tells what happened.
    pub(crate) fn note(&mut self) {
        while let Some((id, fresh)) = self.session.take_touched() {
            let prefix = self.session.options().inbox_prefix.clone();
            let Some(subscription) = self.session.subscription(id) else {
                continue;
            };
            let name = subscription.measured_as(&prefix);
            self.statistics.messages_in += fresh.messages;
            self.statistics.bytes_in += fresh.bytes;
            self.meter.received(&name, fresh.messages, fresh.bytes);
            if fresh.dropped > 0 {
                self.statistics.dropped += fresh.dropped;
                self.meter.dropped(&name, fresh.dropped);
            }
            if fresh.begins_to_drop {
                let line = format!(
                    "NATS: messages for {name:?} are dropped, as more wait than the test takes; hint: take them sooner, or raise pending-messages and pending-bytes"
                );
                self.meter.tell(true, &line);
            }
        }
        while let Some(notice) = self.session.take_notice() {
            self.noticed(notice);
        }
    }

    fn noticed(&mut self, notice: Notice) {
        if let Notice::Lost(fault) | Notice::GaveUp(fault) | Notice::Complaint(fault) = &notice {
            self.last_error = Some(fault.clone());
        }
        let server = self.session.server();
        match notice {
            Notice::Connected(took) => self.meter.connected(server, took, false),
            Notice::Reconnected(took) => {
                self.statistics.reconnects += 1;
                self.meter.connected(server, took, true);
                self.meter.tell(
                    false,
                    &format!("NATS: connected again to {}", server.place()),
                );
            }
            Notice::Lost(fault) => {
                self.meter.failed(fault.kind);
                self.meter.tell(
                    true,
                    &format!("NATS: the connection is lost, and made anew: {fault}"),
                );
            }
            Notice::Unreachable(fault) if fault.is_of_init() => {}
            Notice::Unreachable(fault) => self.meter.failed(fault.kind),
            Notice::GaveUp(fault) => {
                self.meter.failed(fault.kind);
                self.meter
                    .tell(true, &format!("NATS: connecting is given up: {fault}"));
            }
            Notice::Complaint(fault) => {
                self.meter.failed(fault.kind);
                self.meter.tell(true, &format!("NATS: {fault}"));
            }
            Notice::Leaving => self.meter.tell(
                false,
                &format!("NATS: the server {} is about to end", server.place()),
            ),
        }
        // Only once it is in: the server would not take a PONG before CONNECT.
        if let (true, Link::Open(link, _)) = (self.is_live(), &mut self.link) {
            self.wire
                .keep_alive(link, self.session.options().ping_interval);
        }
    }

    /// Counts messages that were sent.
    pub(crate) fn count_run(&mut self, run: &Run<'_>) {
        if run.messages == 0 {
            return;
        }
        self.statistics.messages_out += run.messages;
        self.statistics.bytes_out += run.bytes;
        let prefix = &self.session.options().inbox_prefix;
        let name = subject::measured_as(run.subject, prefix);
        self.meter.sent(&name, run.messages, run.bytes);
    }
}

/// How often the connection's opening is looked after while the test waits for something else.
const DIALING_PACE: Time = 20_000_000;

/// Reads that one [`Client::attend`] does at most, so that the test has its turn too.
const ROUNDS_MOST: u32 = 64;

/// Each attempt to connect ends by itself: how much longer than all of them is waited.
const SLACK: Time = SECOND;

/// Room for what is to be written that is kept from one message to the next.
const OUT_KEPT: usize = 16 * 1024;
