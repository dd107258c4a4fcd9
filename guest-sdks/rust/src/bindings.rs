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

/// What extensions import beside what tests do.
pub mod extending {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "
            package brunt:sdk;

            world extending {
                import brunt:sockets/network@0.1.0;
                import brunt:sockets/tcp@0.1.0;
                import brunt:sockets/udp@0.1.0;
            }
        ",
        ownership: Borrowing { duplicate_if_necessary: false },
        with: {
            "brunt:time/clock@0.1.0": crate::bindings::brunt::time::clock,
            "brunt:time/waiting@0.1.0": crate::bindings::brunt::time::waiting,
        },
        generate_all,
    });
}
