//! Defines the JavaScript runtime: a component that is a test like any other, and does what a k6 script says.
//!
//! The engine gives it the script's modules ([`modules`]); it evaluates them when a VU is initialised ([`script`]) and runs
//! an exported function per iteration, with timers and promises ([`events`]). The `k6/*` modules are small JavaScript in
//! `js/`, on top of what [`native`] makes of the contracts.

#![allow(clippy::needless_pass_by_value)]

mod bindings;
mod clock;
mod events;
mod extension;
mod failure;
mod heap;
mod image;
mod modules;
mod native;
mod origin;
mod phase;
mod rejections;
mod require;
mod script;

use std::cell::RefCell;
use std::sync::Once;

use bindings::brunt::log::log;
use bindings::exports::brunt::worlds::lifecycle::Guest;
use phase::Phase;
use script::Script;

thread_local! {
    static SCRIPT: RefCell<Option<Script>> = const { RefCell::new(None) };
}

struct Runtime;

impl Guest for Runtime {
    fn init() -> Result<(), String> {
        phase::enter(Phase::Init);
        if SCRIPT.with_borrow(Option::is_some) {
            image::wake();
            return Ok(());
        }
        log_panics();
        let script = Script::load()?;
        let is_shared = image::is_due();
        if is_shared {
            script.freeze();
            heap::freeze();
        }
        SCRIPT.set(Some(script));
        if is_shared {
            image::save();
        }
        Ok(())
    }

    fn describe() -> String {
        with(|script| Ok(script.describe())).unwrap_or_default()
    }

    fn setup() -> Result<Option<Vec<u8>>, String> {
        phase::enter(Phase::Setup);
        with(Script::setup)
    }

    fn iterate(function: u32) -> Result<(), String> {
        phase::enter(Phase::Iteration);
        with(|script| script.iterate(function))
    }

    fn teardown() -> Result<(), String> {
        phase::enter(Phase::Teardown);
        with(Script::teardown)
    }

    fn handle_summary(data: String) -> Result<Vec<(String, Vec<u8>)>, String> {
        phase::enter(Phase::Summary);
        with(|script| script.handle_summary(&data))
    }
}

bindings::export!(Runtime with_types_in bindings);

fn with<T>(call: impl FnOnce(&Script) -> Result<T, String>) -> Result<T, String> {
    SCRIPT.with_borrow(|script| match script {
        Some(script) => call(script),
        None => Err("the engine did not call `init` in this instance, or it failed".to_owned()),
    })
}

/// Lets a panic say what happened before it becomes a trap, which has no words of its own.
fn log_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            log::log(
                log::Level::Error,
                &format!("the JavaScript runtime {panic}"),
            );
        }));
    });
}

/// What VUs call through pointers: the engine lets these functions lie together in what it keeps of each VU.
#[cfg(target_arch = "wasm32")]
#[used]
#[unsafe(link_section = "brunt:hot")]
static HOT: [u8; HOT_FUNCTIONS.len()] = *HOT_FUNCTIONS;

#[cfg(target_arch = "wasm32")]
const HOT_FUNCTIONS: &[u8; include_bytes!("hot-functions.txt").len()] =
    include_bytes!("hot-functions.txt");

/// What the engine says the component was built with.
#[cfg(target_arch = "wasm32")]
#[used]
#[unsafe(link_section = "brunt:sdk")]
static SDK: [u8; 22] = *b"brunt-js-runtime 0.1.0";
