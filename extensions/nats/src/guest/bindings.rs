//! Defines the Rust side of the contracts, as generated; the only place that does.

#![allow(missing_docs, unreachable_pub, unused_qualifications, clippy::all)]
#![allow(clippy::undocumented_unsafe_blocks)]

brunt_sdk::extension_bindings!({ world: "brunt:nats/nats", path: ["../../wit", "wit"] });
