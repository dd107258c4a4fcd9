//! Defines the protocol as a machine: bytes and times go in, bytes and what is wanted next come out. It does no I/O.
//!
//! | phase      | what happens                        | next                                              |
//! |------------|-------------------------------------|---------------------------------------------------|
//! | `Idle`     | it is to connect                    | `Due` now                                         |
//! | `Due`      | its time comes                      | `Dialing`, the caller dials                       |
//! | `Dialing`  | the connection is open              | `Greeting`                                        |
//! | `Greeting` | INFO                                | `Proving`, CONNECT and PING are written           |
//! | `Greeting` | INFO that asks for TLS              | `Securing`, the caller speaks TLS from here on    |
//! | `Securing` | TLS is spoken                       | `Proving`, CONNECT and PING are written           |
//! | `Proving`  | PONG                                | `Live`, subscriptions and the backlog are written |
//! | any of these | it fails, or takes too long       | `Due` for the next server; `Idle` when all of them failed and it never was `Live`; `Closed` when it is hopeless |
//! | `Live`     | the connection is lost, or stale    | `Due` after a pause                               |
//! | any        | it is closed                        | `Closed`                                          |

mod incoming;
mod outgoing;
mod requests;

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

pub use requests::Request;

use crate::info::ServerInfo;
use crate::options::{Options, SECOND, Time};
use crate::parser::Parser;
use crate::servers::Servers;
use crate::subscription::Subscription;
use crate::{Address, Fault, Kind, command};
use requests::Requests;

/// A client's side of NATS.
pub struct Session {
    options: Options,
    servers: Servers,
    phase: Phase,
    /// Whether it has ever been live: from then on it reconnects.
    was_live: bool,
    /// When this attempt to connect began.
    began: Time,
    /// Whether TLS is spoken on the connection.
    tls: bool,
    info: ServerInfo,
    parser: Parser,
    /// What is to be written on the connection.
    out: Vec<u8>,
    /// What was published while there was none.
    backlog: Vec<u8>,
    subscriptions: FxHashMap<u64, Subscription>,
    last_id: u64,
    /// The subscriptions to which something came since [`Session::take_touched`].
    touched: Vec<u64>,
    requests: Requests,
    pings: Pings,
    notices: VecDeque<Notice>,
    /// What the server said last before it hung up, or why connecting failed.
    fault: Option<Fault>,
    random: u64,
}

/// Where in its life the session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Not connected, and not about to be.
    Idle,
    /// To connect at this time.
    Due(Time),
    /// The caller is opening a connection.
    Dialing,
    /// Waiting for INFO.
    Greeting,
    /// The caller is starting TLS.
    Securing,
    /// Waiting for the answer to CONNECT and PING.
    Proving,
    /// Connected.
    Live,
    /// For good.
    Closed,
}

/// Something that happened, for logs and metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Connected, after so long.
    Connected(Time),
    /// Connected again, after so long.
    Reconnected(Time),
    /// The connection is gone, and will be made anew.
    Lost(Fault),
    /// An attempt to connect failed.
    Unreachable(Fault),
    /// No more attempts are made.
    GaveUp(Fault),
    /// The server has something against us, and goes on.
    Complaint(Fault),
    /// The server is about to end.
    Leaving,
}

/// What is asked of the server, and what it answered.
#[derive(Debug, Default)]
struct Pings {
    sent: u64,
    answered: u64,
    /// Of those that nobody waits for: how many are unanswered.
    idle: u32,
    /// When to ask next whether it is there.
    next: Time,
}

impl Session {
    /// A session that is not connected.
    pub fn new(options: Options, random: u64) -> Session {
        Session {
            servers: Servers::new(&options),
            requests: Requests::new(&options.inbox_prefix, random),
            options,
            phase: Phase::Idle,
            was_live: false,
            began: 0,
            tls: false,
            info: ServerInfo::default(),
            parser: Parser::default(),
            out: Vec::new(),
            backlog: Vec::new(),
            subscriptions: FxHashMap::default(),
            last_id: 0,
            touched: Vec::new(),
            pings: Pings::default(),
            notices: VecDeque::new(),
            fault: None,
            random: random | 1,
        }
    }

    /// Where in its life it is.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Its options.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The server that it is, or was last, connected to.
    pub fn server(&self) -> &Address {
        self.servers.current()
    }

    /// How many servers are known.
    pub fn servers_known(&self) -> usize {
        self.servers.count()
    }

    /// What that server said of itself.
    pub fn info(&self) -> &ServerInfo {
        &self.info
    }

    /// Why it is closed, or not connected.
    pub fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    /// What happened since this was last asked.
    pub fn take_notice(&mut self) -> Option<Notice> {
        self.notices.pop_front()
    }

    /// Bytes to be written on the connection. The caller empties it.
    pub fn out(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    /// Lets it connect, if it is neither connected nor about to be.
    pub fn connect(&mut self, now: Time) {
        if self.phase == Phase::Idle {
            self.servers.start_over();
            self.fault = None;
            self.phase = Phase::Due(now);
        }
    }

    /// The server to be dialed now, if one is; from then on the caller is dialing.
    pub fn dial(&mut self, now: Time) -> Option<Address> {
        match self.phase {
            Phase::Due(at) if at <= now => {
                self.phase = Phase::Dialing;
                self.began = now;
                Some(self.servers.current().clone())
            }
            _ => None,
        }
    }

    /// Whether TLS is to be spoken before anything else.
    pub fn dials_tls(&self) -> bool {
        self.options.tls_first
    }

    /// The connection is open.
    pub fn opened(&mut self) {
        self.phase = Phase::Greeting;
        self.tls = self.options.tls_first;
        self.parser = Parser::default();
        self.out.clear();
    }

    /// TLS is spoken.
    pub fn secured(&mut self, now: Time) {
        self.tls = true;
        self.prove(now);
    }

    /// When [`Session::tick`] has something to do.
    pub fn due(&self) -> Option<Time> {
        match self.phase {
            Phase::Idle | Phase::Closed => None,
            Phase::Due(at) => Some(at),
            Phase::Live => Some(self.pings.next),
            _ => Some(self.deadline()),
        }
    }

    /// When this attempt to connect has taken too long.
    pub fn deadline(&self) -> Time {
        self.began.saturating_add(self.options.connect_timeout)
    }

    /// Does what has come due: gives up an attempt that takes too long, asks whether the server is there.
    pub fn tick(&mut self, now: Time) {
        if self.due().is_none_or(|due| now < due) {
            return;
        }
        match self.phase {
            Phase::Live if self.pings.idle >= self.options.pings_out => {
                let message = format!("the server has not answered {} pings", self.pings.idle);
                self.failed(now, Fault::new(Kind::Network, message));
            }
            Phase::Live => {
                self.pings.idle += 1;
                self.ping();
                self.pings.next = now + self.options.ping_interval;
            }
            Phase::Due(_) | Phase::Idle | Phase::Closed => {}
            phase => {
                let waited = self.options.connect_timeout / (SECOND / 1000);
                let what = match phase {
                    Phase::Dialing => "the connection",
                    Phase::Greeting => "the server's INFO",
                    _ => "the server's answer to CONNECT",
                };
                let message = format!("{what} did not come within {waited} ms");
                self.failed(now, Fault::new(Kind::Timeout, message));
            }
        }
    }

    /// The attempt to connect failed, or the connection is lost.
    pub fn failed(&mut self, now: Time, fault: Fault) {
        if matches!(self.phase, Phase::Closed | Phase::Idle | Phase::Due(_)) {
            return;
        }
        // What the server said before it hung up tells more than that it did.
        let fault = match self.fault.take() {
            Some(said) if fault.kind == Kind::Network => said,
            _ => fault,
        };
        match self.phase {
            Phase::Live => self.lost(now, fault),
            _ => self.unreachable(now, fault),
        }
        self.out.clear();
    }

    fn lost(&mut self, now: Time, fault: Fault) {
        self.pings = Pings::default();
        self.notices.push_back(Notice::Lost(fault));
        // Of several servers the next one first: this one has just failed.
        self.servers.next();
        self.phase = Phase::Due(now + self.pause());
    }

    fn unreachable(&mut self, now: Time, fault: Fault) {
        self.servers.failed(fault.kind);
        if !self.was_live && self.servers.all_failed() {
            self.phase = Phase::Idle;
        } else if self.was_live && self.servers.is_hopeless(&self.options) {
            self.notices.push_back(Notice::GaveUp(fault.clone()));
            self.close(Some(fault));
            return;
        } else {
            let pause = if self.was_live { self.pause() } else { 0 };
            self.phase = Phase::Due(now + pause);
        }
        self.notices.push_back(Notice::Unreachable(fault.clone()));
        if self.phase == Phase::Idle {
            self.fault = Some(fault);
        }
    }

    fn pause(&mut self) -> Time {
        let random = self.random();
        self.servers.pause(&self.options, random)
    }

    /// Ends it for good: with a fault, because of that.
    pub fn close(&mut self, fault: Option<Fault>) {
        self.phase = Phase::Closed;
        for subscription in self.subscriptions.values_mut() {
            subscription.end(fault.clone());
        }
        let closed = || Fault::new(Kind::Closed, "the client was closed");
        self.requests
            .fail_all(&fault.clone().unwrap_or_else(closed));
        self.backlog = Vec::new();
        self.fault = fault;
    }

    /// Writes CONNECT, and PING behind it: its PONG says that we are in.
    fn prove(&mut self, now: Time) {
        let address = self.servers.current();
        let said =
            crate::greeting::connect(&mut self.out, &self.options, address, &self.info, self.tls);
        if let Err(fault) = said {
            self.failed(now, fault);
            return;
        }
        self.out.extend_from_slice(command::PING);
        self.phase = Phase::Proving;
    }

    /// Is in: says again what is subscribed, and what was published meanwhile.
    fn live(&mut self, now: Time) {
        let took = now.saturating_sub(self.began);
        self.notices.push_back(match self.was_live {
            false => Notice::Connected(took),
            true => Notice::Reconnected(took),
        });
        self.servers.succeeded();
        self.fault = None;
        self.phase = Phase::Live;
        self.was_live = true;
        self.pings = Pings {
            next: now + self.options.ping_interval,
            ..Pings::default()
        };
        self.subscribe_again();
        self.out.append(&mut self.backlog);
        self.backlog = Vec::new();
    }

    /// Pseudo-random numbers (xorshift): for pauses and inboxes, not for secrets.
    fn random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }
}

#[cfg(test)]
mod tests;
