//! Defines the resources `pending-receipt` and `transaction`.

use std::cell::Cell;
use std::rc::Rc;

use super::Outcome;
use super::contract::{GuestPendingReceipt, GuestTransaction, Headers, MessageBorrow, Waitable};
use super::shared::{Shared, What};
use super::subscription::Message;
use crate::session::commands::Outgoing;
use crate::{Fault, Kind, Meter};

/// A receipt that was asked for.
pub(super) struct PendingReceipt {
    shared: Rc<Shared>,
    /// None once it was taken.
    receipt: Cell<Option<u64>>,
    destination: String,
    bytes: usize,
}

impl PendingReceipt {
    pub(super) fn new(
        shared: Rc<Shared>,
        receipt: Option<u64>,
        destination: String,
        bytes: usize,
    ) -> PendingReceipt {
        let receipt = Cell::new(receipt);
        PendingReceipt {
            shared,
            receipt,
            destination,
            bytes,
        }
    }
}

impl GuestPendingReceipt for PendingReceipt {
    fn done(&self) -> Waitable {
        // Of one that was taken the number is nobody's, and that is settled.
        self.shared
            .wait_for(What::Receipt(self.receipt.get().unwrap_or(0)))
    }

    fn take(&self) -> Outcome<u64> {
        let Some(receipt) = self.receipt.take() else {
            let fault = Fault::new(Kind::Invalid, "the receipt was taken before");
            return Err(fault.into());
        };
        let confirmed = self.shared.client().confirmed(receipt);
        self.shared.wake();
        let mut client = self.shared.client();
        match confirmed {
            Ok(receipt) => {
                let took = receipt.came.saturating_sub(receipt.asked);
                client
                    .meter()
                    .sent(&self.destination, self.bytes as u64, took);
                Ok(took)
            }
            Err(fault) => {
                client.meter().not_sent(&self.destination);
                Err(fault.into())
            }
        }
    }
}

/// A transaction that was begun.
pub(super) struct Transaction {
    shared: Rc<Shared>,
    name: String,
}

impl Transaction {
    pub(super) fn new(shared: Rc<Shared>, name: String) -> Transaction {
        Transaction { shared, name }
    }

    fn acknowledge(&self, message: &MessageBorrow<'_>, consumed: bool) -> Outcome<()> {
        let message = message.get::<Message>();
        let said = self
            .shared
            .client()
            .acknowledge(message, consumed, Some(&self.name));
        Ok(said?)
    }

    fn end(&self, commit: bool, receipt: bool) -> Outcome<()> {
        let ended = self.shared.client().end(&self.name, commit, receipt);
        self.shared.wake();
        Ok(ended?)
    }
}

impl GuestTransaction for Transaction {
    fn send(
        &self,
        destination: String,
        content_type: String,
        body: Vec<u8>,
        headers: Headers,
    ) -> Outcome<()> {
        let message = Outgoing {
            destination: &destination,
            content_type: &content_type,
            headers: &headers,
            body: &body,
            transaction: Some(&self.name),
        };
        Ok(self.shared.client().send(&message, false)?)
    }

    fn ack(&self, message: MessageBorrow<'_>) -> Outcome<()> {
        self.acknowledge(&message, true)
    }

    fn nack(&self, message: MessageBorrow<'_>) -> Outcome<()> {
        self.acknowledge(&message, false)
    }

    fn commit(&self, receipt: bool) -> Outcome<()> {
        self.end(true, receipt)
    }

    fn abort(&self) -> Outcome<()> {
        self.end(false, false)
    }
}
