//! Defines the component: the contract's resources over the client, and the engine's sockets under it.

mod bindings;
mod client;
mod convert;
mod jetstream;
mod metrics;
mod options;
mod shared;
mod sockets;
mod subscription;

use std::time::Duration;

use bindings::exports::brunt::nats::client as contract;

/// What the engine and the tests call.
struct Extension;

impl brunt_sdk::Extension for Extension {
    fn init() -> brunt_sdk::Result<()> {
        metrics::register().map_err(brunt_sdk::Error::new)
    }

    fn attend() -> Option<Duration> {
        shared::attend().map(Duration::from_nanos)
    }
}

impl contract::Guest for Extension {
    type Options = options::Options;
    type Client = client::Client;
    type PendingRequest = client::PendingRequest;
    type Subscription = subscription::Subscription;
    type JetStream = jetstream::JetStream;
    type PendingStore = jetstream::PendingStore;
    type Consumer = jetstream::Consumer;
}

brunt_sdk::export_extension!(Extension, bindings);

// k6's own API.
brunt_sdk::script!("k6/x/nats", include_str!("../js/nats.js"));
