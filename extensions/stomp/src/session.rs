//! Defines the protocol as a machine: bytes and times go in, bytes and what happened come out. It does no I/O.
//!
//! | phase      | what happens                          | next                                        |
//! |------------|---------------------------------------|---------------------------------------------|
//! | `Idle`     | the connection is open                | `Greeting`, CONNECT is written              |
//! | `Greeting` | CONNECTED                             | `Live`, subscriptions are said again        |
//! | `Greeting` | ERROR, or anything else, or too late  | `Idle`                                      |
//! | `Live`     | ERROR, lost, silent for too long      | `Idle`: all receipts and subscriptions fail |
//! | `Live`     | DISCONNECT is written                 | `Leaving`                                   |
//! | `Leaving`  | its receipt, or the end of the stream | `Idle`                                      |

pub mod commands;
mod receipts;

use rustc_hash::FxHashMap;

pub use receipts::Receipt;

use crate::frame::{Escapes, Writer};
use crate::message::Message;
use crate::parser::Parser;
use crate::subscription::Subscription;
use crate::{Fault, Frame, Kind, Options, Time, Version};
use receipts::Receipts;

/// A client's side of STOMP.
pub struct Session {
    options: Options,
    /// Header `host` of CONNECT.
    host: String,
    phase: Phase,
    /// When the phase began.
    since: Time,
    version: Version,
    /// Header `server` of CONNECTED.
    server: String,
    /// Header `session` of CONNECTED.
    name: String,
    beats: Beats,
    parser: Parser,
    /// What is to be written on the connection.
    out: Vec<u8>,
    subscriptions: FxHashMap<u64, Subscription>,
    last_subscription: u64,
    last_transaction: u64,
    receipts: Receipts,
    /// Why it is not connected.
    fault: Option<Fault>,
}

/// Where in its life a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Not connected.
    Idle,
    /// Waiting for CONNECTED.
    Greeting,
    /// Connected.
    Live,
    /// Waiting for the receipt of DISCONNECT.
    Leaving,
}

/// The heart-beats that were agreed on; 0 for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beats {
    /// How often we have to send something.
    pub ours: Time,
    /// How often the server has to.
    pub theirs: Time,
}

impl Session {
    /// A session that is not connected. `host` is the virtual host where the options name none.
    pub fn new(options: Options, host: &str) -> Session {
        Session {
            host: options.virtual_host.as_deref().unwrap_or(host).to_owned(),
            options,
            phase: Phase::Idle,
            since: 0,
            version: Version::V10,
            server: String::new(),
            name: String::new(),
            beats: Beats::default(),
            parser: Parser::default(),
            out: Vec::new(),
            subscriptions: FxHashMap::default(),
            last_subscription: 0,
            last_transaction: 0,
            receipts: Receipts::default(),
            fault: None,
        }
    }

    /// Its options.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Where in its life it is.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The version that was agreed on.
    pub fn version(&self) -> Version {
        self.version
    }

    /// What the server calls itself; empty where it does not say.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// What the server calls this session; empty where it does not say.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The heart-beats that were agreed on.
    pub fn beats(&self) -> Beats {
        self.beats
    }

    /// Why it is not connected.
    pub fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    /// Bytes to be written on the connection. The caller empties it.
    pub fn out(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    /// A subscription.
    pub fn subscription(&mut self, id: u64) -> Option<&mut Subscription> {
        self.subscriptions.get_mut(&id)
    }

    /// Whether a subscription has as much waiting as it may: the server then has to wait.
    pub fn is_full(&self) -> bool {
        let mut all = self.subscriptions.values();
        all.any(|subscription| subscription.bytes() >= self.options.pending_bytes)
    }

    /// What became of a frame that a receipt was asked for; none while it has not come. It is told once.
    pub fn take_receipt(&mut self, receipt: u64) -> Option<Result<Receipt, Fault>> {
        self.receipts.take(receipt)
    }

    /// Whether [`Session::take_receipt`] has something to say.
    pub fn has_receipt(&self, receipt: u64) -> bool {
        self.receipts.is_settled(receipt)
    }

    /// The connection is open: CONNECT is to be written.
    ///
    /// # Errors
    /// When a header of it can't be said.
    pub fn opened(&mut self, now: Time) -> Result<(), Fault> {
        self.parser = Parser::default();
        self.out.clear();
        self.fault = None;
        self.phase = Phase::Greeting;
        self.since = now;
        self.greet()
    }

    fn greet(&mut self) -> Result<(), Fault> {
        let options = &self.options;
        let versions: Vec<&str> = options
            .versions
            .iter()
            .map(|version| version.name())
            .collect();
        let beats = [options.outgoing_heart_beat, options.incoming_heart_beat]
            .map(|beat| beat / MILLISECOND);
        let mut frame = Writer::new(&mut self.out, Escapes::None, "CONNECT")
            .header("accept-version", &versions.join(","))
            .header("host", &self.host)
            .header("heart-beat", &format!("{},{}", beats[0], beats[1]));
        for (name, value) in [("login", &options.login), ("passcode", &options.passcode)] {
            if let Some(value) = value {
                frame = frame.header(name, value);
            }
        }
        frame.headers(&options.headers).body(b"")
    }

    /// Takes what came on the connection at this time.
    pub fn receive(&mut self, bytes: &[u8], arrived: Time) {
        self.parser.feed(bytes);
        while self.phase != Phase::Idle {
            let escapes = Escapes::of(self.version);
            match self.parser.frame(escapes, self.options.frame_bytes) {
                Ok(Some(frame)) => self.take_frame(frame, arrived),
                Ok(None) => return,
                Err(fault) => self.lost(fault),
            }
        }
    }

    fn take_frame(&mut self, frame: Frame, arrived: Time) {
        match (&*frame.command, self.phase) {
            ("ERROR", _) => self.refused(&frame),
            ("CONNECTED", Phase::Greeting) => self.connected(&frame, arrived),
            ("MESSAGE", Phase::Live | Phase::Leaving) => self.take_message(frame, arrived),
            ("RECEIPT", Phase::Live | Phase::Leaving) => self.take_receipt_frame(&frame, arrived),
            (command, phase) => {
                let message =
                    format!("the server sent {command}, which makes no sense here ({phase:?})");
                self.lost(Fault::new(Kind::Protocol, message));
            }
        }
    }

    fn connected(&mut self, frame: &Frame, now: Time) {
        let version = match frame.header("version") {
            None => Some(Version::V10),
            Some(name) => Version::parse(name),
        };
        let Some(version) = version.filter(|version| self.options.versions.contains(version))
        else {
            let wanted = frame.header("version").unwrap_or("1.0").to_owned();
            let message = format!("the server wants STOMP {wanted}, which was not offered");
            return self.lost(Fault::new(Kind::Protocol, message));
        };
        self.version = version;
        self.server = frame.header("server").unwrap_or_default().to_owned();
        self.name = frame.header("session").unwrap_or_default().to_owned();
        self.beats = agreed(&self.options, frame.header("heart-beat"));
        self.phase = Phase::Live;
        self.since = now;
        self.subscribe_again();
    }

    fn take_message(&mut self, frame: Frame, arrived: Time) {
        let Some(id) = self.subscription_of(&frame) else {
            // Of one that was ended meanwhile.
            return;
        };
        if let Some(subscription) = self.subscriptions.get_mut(&id) {
            subscription.push(Message::of(frame, id, arrived));
        }
    }

    /// The subscription that a message is for: by its name or, in 1.0, where there may be none, by its destination.
    fn subscription_of(&self, frame: &Frame) -> Option<u64> {
        let (name, destination) = (frame.header("subscription"), frame.header("destination"));
        let mut all = self.subscriptions.iter();
        let found = all.find(|(_, subscription)| match name {
            Some(name) => subscription.name == name,
            None => Some(&*subscription.destination) == destination,
        });
        found.map(|(id, _)| *id)
    }

    fn take_receipt_frame(&mut self, frame: &Frame, arrived: Time) {
        let id = frame.header("receipt-id").unwrap_or_default();
        let receipt = self.receipts.settle(id, arrived);
        if self.phase == Phase::Leaving && receipt == Some(receipts::Of::Leaving) {
            self.idle(Fault::new(Kind::Closed, "the client has disconnected"));
        }
    }

    /// The server has something against us, and hangs up behind it.
    fn refused(&mut self, frame: &Frame) {
        let fault = Fault::new(Kind::Server, words(frame));
        if let Some(receipt) = frame.header("receipt-id") {
            self.receipts.fail(receipt, &fault);
        }
        self.lost(fault);
    }

    /// The other side has ended its stream.
    pub fn hung_up(&mut self) {
        let message = match self.phase {
            Phase::Greeting => "the server hung up before it said CONNECTED",
            _ => "the server hung up",
        };
        self.lost(Fault::new(Kind::Network, message));
    }

    /// The connection is lost, or given up.
    pub fn lost(&mut self, fault: Fault) {
        if self.phase == Phase::Idle {
            return;
        }
        let fault = match self.phase {
            Phase::Leaving => Fault::new(Kind::Closed, "the client has disconnected"),
            _ => fault,
        };
        self.idle(fault);
    }

    fn idle(&mut self, fault: Fault) {
        self.phase = Phase::Idle;
        self.receipts.fail_all(&fault);
        for subscription in self.subscriptions.values_mut() {
            subscription.end(&fault);
        }
        self.fault = Some(fault);
        self.out.clear();
    }

    /// When [`Session::tick`] has something to do. `heard` is when anything last came.
    pub fn due(&self, heard: Time) -> Option<Time> {
        match self.phase {
            Phase::Idle => None,
            Phase::Greeting => Some(self.since.saturating_add(self.options.connect_timeout)),
            Phase::Leaving => Some(self.since.saturating_add(self.options.receipt_timeout)),
            Phase::Live if self.beats.theirs == 0 => None,
            Phase::Live => Some(heard.max(self.since).saturating_add(self.patience())),
        }
    }

    /// Gives up a server that is silent for too long.
    pub fn tick(&mut self, now: Time, heard: Time) {
        if self.due(heard).is_none_or(|due| now < due) {
            return;
        }
        let fault = match self.phase {
            Phase::Live => {
                let millis = self.patience() / MILLISECOND;
                let message =
                    format!("the server has sent nothing for {millis} ms, no heart-beat either");
                Fault::new(Kind::Network, message)
            }
            _ => {
                let millis = self.options.connect_timeout / MILLISECOND;
                let message = format!("the server's CONNECTED did not come within {millis} ms");
                Fault::new(Kind::Timeout, message)
            }
        };
        self.lost(fault);
    }

    /// Twice what was agreed on: the specification asks for a margin.
    fn patience(&self) -> Time {
        self.beats.theirs.saturating_mul(2)
    }
}

/// The heart-beats that both sides can do (`<cx>,<cy>` and `<sx>,<sy>` of the specification): each at the larger of what one can send and the other wants.
fn agreed(options: &Options, theirs: Option<&str>) -> Beats {
    let theirs = theirs.and_then(|text| text.split_once(','));
    let millis = |text: &str| {
        text.trim()
            .parse::<u64>()
            .unwrap_or(0)
            .saturating_mul(MILLISECOND)
    };
    let (can, wants) = theirs.map_or((0, 0), |(can, wants)| (millis(can), millis(wants)));
    let larger = |one: Time, other: Time| match one == 0 || other == 0 {
        true => 0,
        false => one.max(other),
    };
    Beats {
        ours: larger(options.outgoing_heart_beat, wants),
        theirs: larger(options.incoming_heart_beat, can),
    }
}

/// What an ERROR frame says, in one line.
fn words(frame: &Frame) -> String {
    let message = frame
        .header("message")
        .unwrap_or("an error without a message");
    let body = String::from_utf8_lossy(&frame.body);
    let body: Vec<&str> = body.split_whitespace().collect();
    match body.join(" ") {
        body if body.is_empty() || body == message => format!("the server refused: {message}"),
        body => {
            let cut: String = body.chars().take(WORDS_MOST).collect();
            format!("the server refused: {message}: {cut}")
        }
    }
}

/// Letters of an ERROR frame's body that are told.
const WORDS_MOST: usize = 300;

const MILLISECOND: Time = 1_000_000;

#[cfg(test)]
mod tests;
