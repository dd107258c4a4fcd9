//! Defines whose code asks: modules from the network run beside the script's own, and see no files of this machine.

use std::cell::Cell;

use rquickjs::Ctx;

thread_local! {
    /// Whether the script has modules from the network.
    static NETWORK: Cell<bool> = const { Cell::new(false) };
}

/// The module whose getters ask.
const GLOBALS: &str = "brunt:globals";

/// Whether a module of this name came from the network.
pub(crate) fn is_network(name: &str) -> bool {
    name.starts_with("https://")
}

/// Notes that the script has modules from the network.
pub(crate) fn network_is_there() {
    NETWORK.set(true);
}

pub(crate) fn is_network_there() -> bool {
    NETWORK.get()
}

/// `foreigner()`: who reads the global whose getter asks, unless that is a module of the script's own files. Where nobody but the
/// script can be meant, nobody.
///
/// Only the function that reads the name counts. What is called by a built-in function, such as `Reflect.get`, or was made
/// of text may be anyone's.
pub(crate) fn foreigner(ctx: Ctx<'_>) -> Option<String> {
    if !is_network_there() {
        return None;
    }
    let name = |level: isize| {
        let name = ctx.script_or_module_name(level)?;
        name.to_string().ok()
    };
    // The getter is the innermost function of its module.
    let getter = (0..=1).find(|level| name(*level).as_deref() == Some(GLOBALS));
    let reader = getter.and_then(|level| name(level + 1));
    match reader {
        Some(file) if file.starts_with("file://") => None,
        Some(other) => Some(other),
        None => Some("code that no file is known for".to_owned()),
    }
}
