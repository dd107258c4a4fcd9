//! Defines a second extension, to be used beside another.

use std::cell::RefCell;
use std::collections::BTreeMap;

use bindings::exports::brunt::worlds::extension_lifecycle;
use bindings::exports::sample::store::store::Guest;

mod bindings {
    #![allow(missing_docs, unreachable_pub, clippy::all)]

    wit_bindgen::generate!({
        path: ["../../wit", "wit/store"],
        world: "sample:store/store-extension",
        generate_all,
    });
}

bindings::export!(Store with_types_in bindings);

struct Store;

thread_local! {
    static TEXTS: RefCell<BTreeMap<String, String>> = const { RefCell::new(BTreeMap::new()) };
}

/// A module for scripts that comes with it.
#[unsafe(link_section = "brunt:js/k6/x/store")]
#[used]
static MODULE: [u8; include_bytes!("extension_store.js").len()] =
    *include_bytes!("extension_store.js");

impl extension_lifecycle::Guest for Store {
    fn init() -> Result<(), String> {
        Ok(())
    }

    fn attend() -> Option<u64> {
        None
    }
}

impl Guest for Store {
    fn put(key: String, value: String) {
        TEXTS.with_borrow_mut(|texts| texts.insert(key, value));
    }

    fn get(key: String) -> Option<String> {
        TEXTS.with_borrow(|texts| texts.get(&key).cloned())
    }
}
