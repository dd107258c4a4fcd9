//! Defines what a session does with what the server sends.

use super::{Notice, Phase, Session};
use crate::info::ServerInfo;
use crate::options::Time;
use crate::parser::{Frame, Parser};
use crate::subscription::Fresh;
use crate::{Fault, Kind, Message, command};

impl Session {
    /// Takes bytes that came at this time.
    pub fn receive(&mut self, bytes: Vec<u8>, now: Time) {
        let mut parser: Parser = std::mem::take(&mut self.parser);
        let outcome = parser.feed(bytes, |frame| self.frame(frame, now));
        self.parser = parser;
        if let Err(fault) = outcome {
            self.failed(now, fault);
        }
    }

    /// The server has ended the connection.
    pub fn hung_up(&mut self, now: Time) {
        self.failed(
            now,
            Fault::new(Kind::Network, "the server closed the connection"),
        );
    }

    /// The subscriptions to which something came since this was last asked, and what.
    pub fn take_touched(&mut self) -> Option<(u64, Fresh)> {
        loop {
            let id = self.touched.pop()?;
            if let Some(subscription) = self.subscriptions.get_mut(&id) {
                return Some((id, subscription.take_fresh()));
            }
        }
    }

    fn frame(&mut self, frame: Frame<'_>, now: Time) -> Result<(), Fault> {
        match frame {
            // Bytes behind an INFO that asks for TLS may be anybody's.
            _ if self.phase == Phase::Securing => Err(Fault::new(
                Kind::Protocol,
                "the server sent something between its INFO and TLS",
            )),
            // A phase in which nothing can come: the connection is given up already.
            _ if matches!(
                self.phase,
                Phase::Idle | Phase::Due(_) | Phase::Dialing | Phase::Closed
            ) =>
            {
                Ok(())
            }
            Frame::Message(id, message) => {
                self.message(id, message, now);
                Ok(())
            }
            Frame::Ping => {
                self.out.extend_from_slice(command::PONG);
                Ok(())
            }
            Frame::Pong => {
                self.pong(now);
                Ok(())
            }
            Frame::Ok => Ok(()),
            Frame::Info(json) => self.informed(ServerInfo::read(json)?, now),
            Frame::Error(words) => self.complaint(&String::from_utf8_lossy(words)),
        }
    }

    fn message(&mut self, id: u64, message: Message, now: Time) {
        if self.requests.is_for(id) {
            self.requests.settle(message, now);
            return;
        }
        // One that was unsubscribed meanwhile.
        let Some(subscription) = self.subscriptions.get_mut(&id) else {
            return;
        };
        if subscription.receive(message) {
            self.touched.push(id);
        }
    }

    fn pong(&mut self, now: Time) {
        if self.phase == Phase::Proving {
            self.live(now);
            return;
        }
        // A heart-beat's PONG of the server's own accord answers nothing.
        self.pings.answered = self.pings.sent.min(self.pings.answered + 1);
        self.pings.idle = 0;
    }

    fn informed(&mut self, info: ServerInfo, now: Time) -> Result<(), Fault> {
        self.servers.learn(&info.connect_urls);
        if info.ldm && !self.info.ldm {
            self.notices.push_back(Notice::Leaving);
        }
        self.info = info;
        if self.phase != Phase::Greeting {
            return Ok(());
        }
        let wants_tls =
            self.info.tls_required || self.options.tls_required || self.servers.current().tls;
        if self.tls || !wants_tls {
            self.prove(now);
            return Ok(());
        }
        if !self.info.tls_required && !self.info.tls_available {
            return Err(Fault::new(
                Kind::Network,
                "TLS is asked for, and the server speaks none; hint: use nats:// to go without",
            ));
        }
        self.phase = Phase::Securing;
        Ok(())
    }

    fn complaint(&mut self, words: &str) -> Result<(), Fault> {
        let fault = Fault::of_server(words);
        if self.phase == Phase::Proving {
            return Err(fault);
        }
        if let Some(subject) = fault
            .quoted_subject()
            .filter(|_| fault.kind == Kind::Permissions)
        {
            let is_publishing = fault.message.contains("for Publish");
            if is_publishing {
                self.requests.fail(subject, &fault);
            } else {
                let refused = self.subscriptions.values_mut();
                refused
                    .filter(|subscription| subscription.subject == subject)
                    .for_each(|subscription| subscription.end(Some(fault.clone())));
            }
        }
        if !fault.is_passing() {
            // The server hangs up behind it.
            self.fault = Some(fault.clone());
        }
        self.notices.push_back(Notice::Complaint(fault));
        Ok(())
    }
}
