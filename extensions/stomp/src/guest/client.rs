//! Defines the resource `client`.

use std::rc::Rc;

use super::Outcome;
use super::contract::{self, AckMode, GuestClient, Headers, MessageBorrow, OptionsBorrow};
use super::options::Options;
use super::pending::{PendingReceipt, Transaction};
use super::shared::Shared;
use super::subscription::{Message, Subscription};
use super::wire::Sockets;
use crate::Address;
use crate::session::commands::Outgoing;
use crate::subscription::Ack;

/// A client of one broker.
pub(super) struct Client(Rc<Shared>);

impl Client {
    fn acknowledge(&self, message: &MessageBorrow<'_>, consumed: bool) -> Outcome<()> {
        let message = message.get::<Message>();
        let said = self.0.client().acknowledge(message, consumed, None);
        said.map_err(Into::into)
    }
}

impl GuestClient for Client {
    fn connect(address: String, options: OptionsBorrow<'_>) -> Outcome<contract::Client> {
        let options = options.get::<Options>();
        let (address, wire) = (Address::parse(&address)?, Sockets { tls: options.tls() });
        let shared = Shared::new(wire, address, options.stomp()?);
        shared.client().connect()?;
        Ok(contract::Client::new(Client(shared)))
    }

    fn reconnect(&self) -> Outcome<()> {
        let connected = self.0.client().connect();
        self.0.wake();
        Ok(connected?)
    }

    fn connected(&self) -> bool {
        self.0.client().is_live()
    }

    fn version(&self) -> String {
        self.0.client().session().version().name().to_owned()
    }

    fn server(&self) -> String {
        self.0.client().session().server().to_owned()
    }

    fn session(&self) -> String {
        self.0.client().session().name().to_owned()
    }

    fn send(&self, destination: String, content_type: String, body: Vec<u8>) -> Outcome<()> {
        self.send_with(destination, content_type, body, Vec::new(), false)
    }

    fn send_with(
        &self,
        destination: String,
        content_type: String,
        body: Vec<u8>,
        headers: Headers,
        receipt: bool,
    ) -> Outcome<()> {
        let message = Outgoing {
            destination: &destination,
            content_type: &content_type,
            headers: &headers,
            body: &body,
            transaction: None,
        };
        let sent = self.0.client().send(&message, receipt);
        self.0.wake();
        Ok(sent?)
    }

    fn start_send(
        &self,
        destination: String,
        content_type: String,
        body: Vec<u8>,
        headers: Headers,
    ) -> Outcome<contract::PendingReceipt> {
        let message = Outgoing {
            destination: &destination,
            content_type: &content_type,
            headers: &headers,
            body: &body,
            transaction: None,
        };
        let receipt = self.0.client().begin_send(&message, true)?;
        let pending = PendingReceipt::new(self.0.clone(), receipt, destination, body.len());
        Ok(contract::PendingReceipt::new(pending))
    }

    fn subscribe(
        &self,
        destination: String,
        ack: AckMode,
        headers: Headers,
        id: Option<String>,
    ) -> Outcome<contract::Subscription> {
        let ack = match ack {
            AckMode::Auto => Ack::Auto,
            AckMode::Client => Ack::Client,
            AckMode::ClientIndividual => Ack::ClientIndividual,
        };
        let id = self
            .0
            .client()
            .subscribe(&destination, ack, id.as_deref(), &headers)?;
        Ok(contract::Subscription::new(Subscription::new(
            self.0.clone(),
            id,
        )))
    }

    fn ack(&self, message: MessageBorrow<'_>) -> Outcome<()> {
        self.acknowledge(&message, true)
    }

    fn nack(&self, message: MessageBorrow<'_>) -> Outcome<()> {
        self.acknowledge(&message, false)
    }

    fn begin(&self) -> Outcome<contract::Transaction> {
        let name = self.0.client().begin()?;
        Ok(contract::Transaction::new(Transaction::new(
            self.0.clone(),
            name,
        )))
    }

    fn disconnect(&self) -> Outcome<()> {
        let left = self.0.client().disconnect();
        self.0.wake();
        Ok(left?)
    }
}
