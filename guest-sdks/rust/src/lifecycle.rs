//! Defines how a type becomes a test: the phases that the engine calls, and the state they share.

use std::cell::RefCell;
use std::sync::Once;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::brunt::log::log;
use crate::http::overlooked;
use crate::summary::Summary;
use crate::{Options, Result, json};

/// Name and version of this SDK, as the custom section `brunt:sdk` has them, so that the engine can name the SDK even
/// when the component's world does not fit.
pub const SDK_SECTION: &str = concat!("brunt-sdk-rust ", env!("CARGO_PKG_VERSION"));

/// [`SDK_SECTION`] as an array, which is what a section is filled from.
pub const fn sdk_section() -> [u8; SDK_SECTION.len()] {
    bytes_of(SDK_SECTION)
}

/// A text as an array, which is what a section is filled from.
pub const fn bytes_of<const LENGTH: usize>(text: &str) -> [u8; LENGTH] {
    let text = text.as_bytes();
    let mut bytes = [0; LENGTH];
    let mut i = 0;
    while i < LENGTH {
        bytes[i] = text[i];
        i += 1;
    }
    bytes
}

/// A test, as the attribute [`test`](macro@crate::test) describes it.
pub trait Test: Sized + 'static {
    /// What a scenario's `exec` can name, in the order of their indices.
    const FUNCTIONS: &'static [Function<Self>];
    /// Which of the optional phases there are.
    const PHASES: Phases;

    /// The options of the run.
    fn options() -> Options;
    /// A new VU.
    fn init() -> Result<Self, String>;
    /// What `setup` returned, as JSON; none for `()` and `None`.
    fn setup(&mut self) -> Result<Option<Vec<u8>>, String> {
        Ok(None)
    }
    /// Cleans up.
    fn teardown(&mut self) -> Result<(), String> {
        Ok(())
    }
    /// Turns the end-of-test data into files.
    fn handle_summary(&mut self, _data: &str) -> Result<Summary, String> {
        Err("this test makes no summary of its own".into())
    }
}

/// A function that a scenario can run.
pub struct Function<T> {
    /// Its name, as in `exec`.
    pub name: &'static str,
    /// One iteration of it.
    pub run: fn(&mut T) -> Result<(), String>,
}

/// Which of the optional phases a test has.
pub struct Phases {
    /// Whether it has a setup.
    pub setup: bool,
    /// Whether it has a teardown.
    pub teardown: bool,
    /// Whether it makes its own summary.
    pub handle_summary: bool,
}

/// Where an instance keeps its VU between calls.
pub type Slot<T> = RefCell<Option<T>>;

/// Makes the VU of this instance.
pub fn init<T: Test>(slot: &Slot<T>) -> Result<(), String> {
    log_panics();
    *slot.borrow_mut() = Some(T::init()?);
    Ok(())
}

/// Describes the test in the JSON that the contract asks for.
pub fn describe<T: Test>() -> String {
    let phases = [
        (T::PHASES.setup, "setup"),
        (T::PHASES.teardown, "teardown"),
        (T::PHASES.handle_summary, "handle-summary"),
    ];
    let functions: Vec<&str> = T::FUNCTIONS.iter().map(|function| function.name).collect();
    let lifecycle: Vec<&str> = phases.iter().filter(|p| p.0).map(|p| p.1).collect();
    json!({
        "options": T::options(),
        "functions": functions,
        "lifecycle": lifecycle,
        "sdk": { "name": "brunt-sdk (Rust)", "version": env!("CARGO_PKG_VERSION") },
    })
    .to_string()
}

/// Runs one iteration of the function with this index.
pub fn iterate<T: Test>(slot: &Slot<T>, function: u32) -> Result<(), String> {
    let Some(function) = T::FUNCTIONS.get(function as usize) else {
        let known = T::FUNCTIONS.len();
        return Err(format!("there is no function {function}, only {known}"));
    };
    with_vu(slot, function.run)
}

/// Runs the setup.
pub fn setup<T: Test>(slot: &Slot<T>) -> Result<Option<Vec<u8>>, String> {
    with_vu(slot, T::setup)
}

/// Runs the teardown.
pub fn teardown<T: Test>(slot: &Slot<T>) -> Result<(), String> {
    with_vu(slot, T::teardown)
}

/// Makes the summary.
pub fn handle_summary<T: Test>(
    slot: &Slot<T>,
    data: &str,
) -> Result<Vec<(String, Vec<u8>)>, String> {
    with_vu(slot, |vu| vu.handle_summary(data)).map(Summary::into_files)
}

/// Makes the bytes that `setup` hands to the engine.
pub fn setup_bytes<D: Serialize>(data: &D) -> Result<Option<Vec<u8>>, String> {
    let bytes =
        serde_json::to_vec(data).map_err(|error| format!("what setup returned: {error}"))?;
    Ok((bytes != b"null").then_some(bytes))
}

/// Reads the end-of-test data as whatever type the test asks for.
pub fn summary_data<D: DeserializeOwned>(data: &str) -> Result<D, String> {
    serde_json::from_str(data).map_err(|error| format!("reading the end-of-test data: {error}"))
}

/// Exports a [`Test`] as the component's `lifecycle`, and names the SDK in a custom section.
///
/// Only in Wasm: on other targets the names of the exports mean something to the linker.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_test {
    ($test:ty) => {
        const _: () = {
            ::std::thread_local! {
                static VU: $crate::__private::Slot<$test> =
                    const { $crate::__private::Slot::new(::core::option::Option::None) };
            }

            struct Exports;

            impl $crate::__private::Guest for Exports {
                fn init() -> ::core::result::Result<(), ::std::string::String> {
                    VU.with($crate::__private::init)
                }
                fn describe() -> ::std::string::String {
                    $crate::__private::describe::<$test>()
                }
                fn setup() -> ::core::result::Result<
                    ::core::option::Option<::std::vec::Vec<u8>>,
                    ::std::string::String,
                > {
                    VU.with($crate::__private::setup)
                }
                fn iterate(function: u32) -> ::core::result::Result<(), ::std::string::String> {
                    VU.with(|vu| $crate::__private::iterate(vu, function))
                }
                fn teardown() -> ::core::result::Result<(), ::std::string::String> {
                    VU.with($crate::__private::teardown)
                }
                fn handle_summary(
                    data: ::std::string::String,
                ) -> ::core::result::Result<
                    ::std::vec::Vec<(::std::string::String, ::std::vec::Vec<u8>)>,
                    ::std::string::String,
                > {
                    VU.with(|vu| $crate::__private::handle_summary(vu, &data))
                }
            }

            #[cfg(target_arch = "wasm32")]
    $crate::bindings::export_lifecycle!(Exports with_types_in $crate::bindings);

            // Elsewhere nothing calls the test, but that makes it no dead code.
            #[cfg(not(target_arch = "wasm32"))]
            #[allow(dead_code)]
            fn exports() {
                <Exports as $crate::__private::Guest>::init().ok();
                <Exports as $crate::__private::Guest>::iterate(0).ok();
            }

            #[cfg(target_arch = "wasm32")]
            #[used]
            #[unsafe(link_section = "brunt:sdk")]
            static SDK: [u8; $crate::__private::SDK_SECTION.len()] =
                $crate::__private::sdk_section();
        };
    };
}

fn with_vu<T, R>(
    slot: &Slot<T>,
    call: impl FnOnce(&mut T) -> Result<R, String>,
) -> Result<R, String> {
    let outcome = match slot.borrow_mut().as_mut() {
        Some(vu) => call(vu),
        None => Err("the engine did not call `init` in this instance, or it failed".into()),
    };
    match overlooked::take() {
        Some(error) => outcome.and(Err(error)),
        None => outcome,
    }
}

/// Lets a panic say what happened before it becomes a trap, which has no words of its own.
pub(crate) fn log_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            let message = panic.payload_as_str().unwrap_or("without a message");
            let line = match panic.location() {
                Some(place) => format!("panicked at {place}: {message}"),
                None => format!("panicked: {message}"),
            };
            log::log(log::Level::Error, &line);
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Json;

    struct Shop {
        visits: u32,
    }

    impl Test for Shop {
        const FUNCTIONS: &'static [Function<Self>] = &[
            Function {
                name: "default",
                run: Shop::visit,
            },
            Function {
                name: "refuse",
                run: |_| Err("closed".into()),
            },
        ];
        const PHASES: Phases = Phases {
            setup: true,
            teardown: false,
            handle_summary: true,
        };

        fn options() -> Options {
            Options::new().vus(3)
        }
        fn init() -> Result<Self, String> {
            Ok(Self { visits: 0 })
        }
        fn setup(&mut self) -> Result<Option<Vec<u8>>, String> {
            setup_bytes(&json!({ "visits": self.visits }))
        }
        fn teardown(&mut self) -> Result<(), String> {
            Ok(())
        }
        fn handle_summary(&mut self, data: &str) -> Result<Summary, String> {
            let data: Json = summary_data(data)?;
            Ok(Summary::new().stdout(data["state"].to_string()))
        }
    }

    impl Shop {
        fn visit(&mut self) -> Result<(), String> {
            self.visits += 1;
            Ok(())
        }
    }

    #[test]
    fn describes_what_there_is() {
        let described: Json = serde_json::from_str(&describe::<Shop>()).expect("JSON");
        assert_eq!(described["options"], json!({ "vus": 3 }));
        assert_eq!(described["functions"], json!(["default", "refuse"]));
        assert_eq!(described["lifecycle"], json!(["setup", "handle-summary"]));
        assert_eq!(described["sdk"]["name"], "brunt-sdk (Rust)");
    }

    #[test]
    fn keeps_its_state_between_iterations() {
        let slot = Slot::new(Some(Shop { visits: 0 }));
        iterate(&slot, 0).expect("first");
        iterate(&slot, 0).expect("second");
        let data = setup(&slot).expect("setup");
        assert_eq!(data.as_deref(), Some(&br#"{"visits":2}"#[..]));
    }

    #[test]
    fn an_error_is_its_message() {
        let slot = Slot::new(Some(Shop { visits: 0 }));
        assert_eq!(iterate(&slot, 1), Err("closed".into()));
        assert_eq!(
            iterate(&slot, 9),
            Err("there is no function 9, only 2".into())
        );
        let empty: Slot<Shop> = Slot::new(None);
        assert!(iterate(&empty, 0).is_err_and(|message| message.contains("`init`")));
    }

    #[test]
    fn nothing_from_setup_is_nothing() {
        assert_eq!(setup_bytes(&()), Ok(None));
        assert_eq!(setup_bytes(&None::<u8>), Ok(None));
        assert_eq!(setup_bytes(&1), Ok(Some(b"1".to_vec())));
    }

    #[test]
    fn summary_of_broken_data_is_an_error() {
        let slot = Slot::new(Some(Shop { visits: 0 }));
        let error = handle_summary(&slot, "{").expect_err("broken");
        assert!(
            error.starts_with("reading the end-of-test data:"),
            "{error}"
        );
        let files = handle_summary(&slot, r#"{"state":7}"#).expect("files");
        assert_eq!(files, [("stdout".into(), b"7".to_vec())]);
    }

    #[test]
    fn the_section_names_the_sdk() {
        assert_eq!(sdk_section().as_slice(), SDK_SECTION.as_bytes());
        assert!(SDK_SECTION.starts_with("brunt-sdk-rust "));
    }
}
