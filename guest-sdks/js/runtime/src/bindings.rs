//! Defines the Rust side of the contracts in `wit/`, as generated; the only place that does.

#![allow(missing_docs, unreachable_pub, unused_qualifications, clippy::all)]
#![allow(clippy::undocumented_unsafe_blocks)]

wit_bindgen::generate!({
    world: "brunt:worlds/script-runtime",
    path: "../../../wit",
    ownership: Borrowing { duplicate_if_necessary: false },
    generate_all,
});
