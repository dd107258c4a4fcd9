//! Defines the check that a component fits world `brunt:worlds/test`, with words for what does not.

use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

use crate::engine::Engine;
use crate::error::{Error, ErrorKind};

/// The interfaces that the engine offers, and the track of each.
const OFFERED: &[&str] = &[
    "brunt:time/clock@0.1",
    "brunt:time/waiting@0.1",
    "brunt:http/client@0.1",
    "brunt:http/cookies@0.1",
    "brunt:http/sse@0.1",
    "brunt:metrics/metrics@0.1",
    "brunt:data/files@0.1",
    "brunt:data/shared@0.1",
    "brunt:execution/execution@0.1",
    "brunt:log/log@0.1",
    "brunt:random/random@0.1",
    "brunt:secrets/secrets@0.1",
    "brunt:sockets/network@0.1",
    "brunt:sockets/tcp@0.1",
    "brunt:sockets/udp@0.1",
    "brunt:js/modules@0.1",
    "brunt:js/image@0.1",
    "brunt:js/extensions@0.1",
];

/// The interface that a test exports.
pub(crate) const LIFECYCLE: &str = "brunt:worlds/lifecycle@0.1.0";

/// The functions of [`LIFECYCLE`].
const FUNCTIONS: [&str; 6] = [
    "init",
    "describe",
    "setup",
    "iterate",
    "teardown",
    "handle-summary",
];

/// Why an extension can't import this interface; none where it can.
pub(crate) fn fault_of_extension(name: &str) -> Option<String> {
    match name.starts_with("brunt:js/") {
        true => Some(format!(
            "it imports {name}, which only runtimes of scripts can"
        )),
        false => fault_of_interface(name),
    }
}

/// Whether a test that imports this interface wants it of an extension: nothing of the engine's is called like it.
pub(crate) fn is_foreign(name: &str) -> bool {
    let package = |name: &str| name.split('/').next().unwrap_or(name).to_owned();
    !name.starts_with("wasi:")
        && OFFERED
            .iter()
            .all(|offered| package(offered) != package(name))
}

/// Checks imports and exports of a component; `maker` says who built it, when that is known.
pub(crate) fn check(
    engine: &Engine,
    component: &Component,
    name: &str,
    maker: Option<&str>,
) -> Result<(), Error> {
    let mut faults = missing_exports(component);
    faults.extend(unknown_imports(engine, component));
    if faults.is_empty() {
        return Ok(());
    }
    let made = maker
        .map(|maker| format!(" (built with {maker})"))
        .unwrap_or_default();
    Err(Error::new(
        ErrorKind::WrongWorld,
        format!("{name}{made} is not a Brunt test: {}", faults.join("; ")),
    )
    .hint("a test targets world brunt:worlds/test@0.1.0: build it with the guest SDK of this version of brunt"))
}

fn missing_exports(component: &Component) -> Vec<String> {
    let Some(lifecycle) = component.get_export_index(None, LIFECYCLE) else {
        return vec![format!("it does not export {LIFECYCLE}")];
    };
    FUNCTIONS
        .iter()
        .filter(|function| {
            component
                .get_export_index(Some(&lifecycle), **function)
                .is_none()
        })
        .map(|function| format!("its {LIFECYCLE} has no function {function}"))
        .collect()
}

fn unknown_imports(engine: &Engine, component: &Component) -> Vec<String> {
    component
        .component_type()
        .imports(engine.wasmtime())
        .filter_map(|(name, item)| fault_of_import(name, &item.ty))
        .collect()
}

fn fault_of_import(name: &str, item: &ComponentItem) -> Option<String> {
    match item {
        ComponentItem::ComponentInstance(_) => fault_of_interface(name),
        _ => None,
    }
}

fn fault_of_interface(name: &str) -> Option<String> {
    if is_offered(name) || is_wasi(name) {
        return None;
    }
    let interface = name.split('@').next().unwrap_or(name);
    let other = OFFERED
        .iter()
        .find(|offered| offered.split('@').next() == Some(interface));
    Some(match other {
        Some(offered) => format!("it imports {name}, and this brunt offers {offered}"),
        None => format!("it imports {name}, which this brunt does not offer"),
    })
}

/// Whether this import is on a track that the engine offers: `…@0.1.7` is on `…@0.1`.
fn is_offered(name: &str) -> bool {
    OFFERED.iter().any(|track| {
        name.strip_prefix(track)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

fn is_wasi(name: &str) -> bool {
    let offered = match name.strip_prefix("wasi:http/") {
        None => name.starts_with("wasi:"),
        Some(interface) => {
            interface.starts_with("types@") || interface.starts_with("outgoing-handler@")
        }
    };
    offered && name.contains("@0.2.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_a_track_are_offered_and_others_are_not() {
        for (name, offered) in [
            ("brunt:http/client@0.1.0", true),
            ("brunt:http/client@0.1.12", true),
            ("brunt:http/client@0.2.0", false),
            ("brunt:http/client@0.10.0", false),
            ("brunt:sockets/tcp@0.1.0", true),
            ("brunt:ftp/client@0.1.0", false),
        ] {
            assert_eq!(is_offered(name), offered, "{name}");
        }
    }
}
