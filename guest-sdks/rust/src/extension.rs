//! Defines protocol extensions: what the engine calls in one, and the macros that make a crate one.
//!
//! An extension is a component that exports an interface of its own, typed, which tests in every language call. This is all of a small
//! one, whose WIT, in the folder `wit` beside it, is
//!
//! ```wit
//! package brunt:greeting@0.1.0;
//!
//! interface client {
//!     greet: func(host: string, port: u16) -> result<string, string>;
//! }
//!
//! world greeting {
//!     include brunt:worlds/extension@0.1.0;
//!     export client;
//! }
//! ```
//!
//! and whose code is
//!
//! ```ignore
//! use brunt_sdk::prelude::*;
//! use brunt_sdk::sockets::Connection;
//!
//! mod bindings {
//!     brunt_sdk::extension_bindings!({ world: "brunt:greeting/greeting", path: ["../../wit", "wit"] });
//! }
//!
//! struct Greeting;
//!
//! impl brunt_sdk::Extension for Greeting {}
//!
//! impl bindings::exports::brunt::greeting::client::Guest for Greeting {
//!     fn greet(host: String, port: u16) -> Result<String, String> {
//!         let mut connection = Connection::open(&host, port).map_err(|error| error.to_string())?;
//!         connection.send(b"HELLO\r\n").map_err(|error| error.to_string())?;
//!         let answer = connection.chunk(1024).map_err(|error| error.to_string())?;
//!         Ok(String::from_utf8_lossy(&answer.unwrap_or_default()).into_owned())
//!     }
//! }
//!
//! brunt_sdk::export_extension!(Greeting, bindings);
//! ```
//!
//! The crate is compiled as tests are: to `wasm32-unknown-unknown`, as a `cdylib`.

use std::time::Duration;

use crate::lifecycle::log_panics;
use crate::time::nanoseconds;
use crate::{Error, Result};

/// What the engine calls in an extension. Each VU has an instance of its own.
pub trait Extension {
    /// Prepares this instance, before the test's own `init`: registers metrics, reads the environment. Network and sleeping are refused
    /// here. An error from the first instance ends the run with exit code 104.
    fn init() -> Result<()> {
        Ok(())
    }

    /// Does what has come due while the test waits: answers, acknowledges, notes what came. Called while the test sleeps or waits, when
    /// something came on a connection of this VU, or the time has passed that it last asked for. It should not wait for long.
    ///
    /// Returns how long to wait at most before it is called again; none to be called only when something comes.
    fn attend() -> Option<Duration> {
        None
    }
}

/// Prepares an instance, as the contract wants it.
#[doc(hidden)]
pub fn init<E: Extension>() -> Result<(), String> {
    log_panics();
    E::init().map_err(|error: Error| error.to_string())
}

/// Attends, as the contract wants it.
#[doc(hidden)]
pub fn attend<E: Extension>() -> Option<u64> {
    E::attend().map(nanoseconds)
}

/// Generates the bindings of an extension's world, which has to include `brunt:worlds/extension`: what it exports is to be
/// implemented, and what it imports are the types of this SDK. Takes what `wit_bindgen::generate!` takes; `path` names the contracts
/// first, the extension's own after them.
///
/// ```ignore
/// mod bindings {
///     brunt_sdk::extension_bindings!({ world: "brunt:greeting/greeting", path: ["../../wit", "wit"] });
/// }
/// ```
#[macro_export]
macro_rules! extension_bindings {
    ({ $($options:tt)* }) => {
        $crate::wit_bindgen::generate!({
            runtime_path: "brunt_sdk::wit_bindgen::rt",
            with: {
                "brunt:time/clock@0.1.0": ::brunt_sdk::bindings::brunt::time::clock,
                "brunt:time/waiting@0.1.0": ::brunt_sdk::bindings::brunt::time::waiting,
                "brunt:sockets/network@0.1.0": ::brunt_sdk::bindings::extending::brunt::sockets::network,
                "brunt:sockets/tcp@0.1.0": ::brunt_sdk::bindings::extending::brunt::sockets::tcp,
                "brunt:sockets/udp@0.1.0": ::brunt_sdk::bindings::extending::brunt::sockets::udp,
                "brunt:metrics/metrics@0.1.0": ::brunt_sdk::bindings::brunt::metrics::metrics,
                "brunt:data/files@0.1.0": ::brunt_sdk::bindings::brunt::data::files,
                "brunt:data/shared@0.1.0": ::brunt_sdk::bindings::brunt::data::shared,
                "brunt:execution/execution@0.1.0": ::brunt_sdk::bindings::brunt::execution::execution,
                "brunt:log/log@0.1.0": ::brunt_sdk::bindings::brunt::log::log,
                "brunt:random/random@0.1.0": ::brunt_sdk::bindings::brunt::random::random,
            },
            generate_all,
            $($options)*
        });
    };
}

/// Generates the bindings of an extension's interface for a test that calls it. The world is the test's own, and imports nothing but
/// `brunt:time/clock`, `brunt:time/waiting` and the extension's interfaces; what they have of the time is the types of this SDK.
///
/// ```ignore
/// mod greeting {
///     brunt_sdk::import_extension!({
///         path: ["../../wit", "../../extensions/greeting/wit"],
///         inline: "
///             package my:test;
///
///             world importing {
///                 import brunt:time/clock@0.1.0;
///                 import brunt:time/waiting@0.1.0;
///                 import brunt:greeting/client@0.1.0;
///             }
///         ",
///     });
/// }
/// use greeting::brunt::greeting::client;
/// ```
#[macro_export]
macro_rules! import_extension {
    ({ $($options:tt)* }) => {
        $crate::wit_bindgen::generate!({
            runtime_path: "brunt_sdk::wit_bindgen::rt",
            with: {
                "brunt:time/clock@0.1.0": ::brunt_sdk::bindings::brunt::time::clock,
                "brunt:time/waiting@0.1.0": ::brunt_sdk::bindings::brunt::time::waiting,
            },
            generate_all,
            $($options)*
        });
    };
}

/// Exports a type as the extension that this crate is: an [`Extension`] that implements what its world exports too. Stands in the
/// crate once; `bindings` is the module with [`extension_bindings!`].
#[macro_export]
macro_rules! export_extension {
    ($type:ident, $($bindings:ident)::+) => {
        const _: () = {
            impl $($bindings)::+::exports::brunt::worlds::extension_lifecycle::Guest for $type {
                fn init() -> ::core::result::Result<(), ::std::string::String> {
                    $crate::extension::init::<$type>()
                }
                fn attend() -> ::core::option::Option<u64> {
                    $crate::extension::attend::<$type>()
                }
            }

            // Only in Wasm: on other targets the names of the exports mean something to the linker.
            #[cfg(target_arch = "wasm32")]
            #[used]
            #[unsafe(link_section = "brunt:sdk")]
            static SDK: [u8; $crate::__private::SDK_SECTION.len()] =
                $crate::__private::sdk_section();

            // What `brunt extension list` says of it.
            #[cfg(target_arch = "wasm32")]
            #[used]
            #[unsafe(link_section = "brunt:description")]
            static DESCRIPTION: [u8; env!("CARGO_PKG_DESCRIPTION").len()] =
                $crate::__private::bytes_of(env!("CARGO_PKG_DESCRIPTION"));
        };

        #[cfg(target_arch = "wasm32")]
        $($bindings)::+::export!($type with_types_in $($bindings)::+);
    };
}

/// Ships a script with an extension: the module that scripts import by this specifier. The text is a constant expression, mostly
/// `include_str!`.
///
/// ```ignore
/// brunt_sdk::script!("k6/x/greeting", include_str!("greeting.js"));
/// ```
#[macro_export]
macro_rules! script {
    ($specifier:literal, $text:expr $(,)?) => {
        const _: () = {
            const TEXT: &str = $text;

            #[cfg(target_arch = "wasm32")]
            #[used]
            #[unsafe(link_section = concat!("brunt:js/", $specifier))]
            static SCRIPT: [u8; TEXT.len()] = $crate::__private::bytes_of(TEXT);

            #[cfg(not(target_arch = "wasm32"))]
            const _: &str = TEXT;
        };
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Patient;

    impl Extension for Patient {
        fn attend() -> Option<Duration> {
            Some(Duration::from_millis(5))
        }
    }

    struct Refusing;

    impl Extension for Refusing {
        fn init() -> Result<()> {
            Err(Error::new("no server is named"))
        }
    }

    crate::script!("k6/x/patience", "export const patience = 5;");

    #[test]
    fn what_is_not_written_does_nothing() {
        assert_eq!(attend::<Patient>(), Some(5_000_000));
        assert_eq!(attend::<Refusing>(), None);
        assert_eq!(init::<Patient>(), Ok(()));
        assert_eq!(init::<Refusing>(), Err("no server is named".to_owned()));
    }
}
