//! Defines the extension: the resources of its contract, on top of the client.

mod client;
mod meter;
mod options;
mod pending;
mod shared;
mod subscription;
mod wire;

mod bindings {
    //! Defines the Rust side of the extension's contract, as generated.
    #![allow(missing_docs, unreachable_pub, unused_qualifications, clippy::all)]
    brunt_sdk::extension_bindings!({ world: "brunt:stomp/stomp", path: ["../../wit", "wit"] });
}

use std::time::Duration;

use bindings::exports::brunt::stomp::client as contract;
use brunt_sdk::Extension;

use crate::{Fault, Kind};

struct Stomp;

impl Extension for Stomp {
    fn init() -> brunt_sdk::Result<()> {
        meter::register()
    }

    fn attend() -> Option<Duration> {
        shared::attend()
    }
}

impl contract::Guest for Stomp {
    type Options = options::Options;
    type Client = client::Client;
    type PendingReceipt = pending::PendingReceipt;
    type Transaction = pending::Transaction;
    type Subscription = subscription::Subscription;
    type Message = subscription::Message;
}

brunt_sdk::export_extension!(Stomp, bindings);
brunt_sdk::script!("k6/x/stomp", include_str!("../js/stomp.js"));

type Outcome<T> = Result<T, contract::StompError>;

impl From<Fault> for contract::StompError {
    fn from(fault: Fault) -> Self {
        let kind = match fault.kind {
            Kind::Closed => contract::ErrorKind::Closed,
            Kind::Network => contract::ErrorKind::Network,
            Kind::Timeout => contract::ErrorKind::Timeout,
            Kind::Server => contract::ErrorKind::Server,
            Kind::Invalid => contract::ErrorKind::Invalid,
            Kind::Limit => contract::ErrorKind::Limit,
            Kind::Protocol => contract::ErrorKind::Protocol,
        };
        contract::StompError {
            kind,
            code: fault.code,
            message: fault.message,
        }
    }
}
