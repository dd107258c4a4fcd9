//! Defines the Rust side of the contracts in `wit/`, as generated; the only place that does.

#![allow(missing_docs, unreachable_pub, unused_qualifications, clippy::all)]
#![allow(clippy::undocumented_unsafe_blocks)]

wit_bindgen::generate!({
    world: "test",
    path: "../../wit",
    ownership: Borrowing { duplicate_if_necessary: false },
    default_bindings_module: "brunt_sdk::bindings",
    pub_export_macro: true,
    export_macro_name: "export_lifecycle",
    generate_all,
});
