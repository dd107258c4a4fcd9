//! Defines how what ends a guest becomes a failure, in the words of whoever knows best why.

use wasmtime::Trap;

use crate::attendance::InExtension;
use crate::extension::of_mark;
use crate::interfaces::execution::Abort;
use crate::outcome::{Failure, FailureKind};
use crate::state::{Misuse, VuState};

/// Says what a trap was, in the words of whoever knows best.
pub(super) fn explain(error: &wasmtime::Error, state: &VuState) -> Failure {
    let (kind, message) = classify(error, state);
    let message = match extension(error) {
        Some(name) => format!("in extension {name}: {message}"),
        None => message,
    };
    Failure {
        kind,
        message,
        stack: stack(error),
    }
}

/// The extension that failed: the one that the engine called, or whose code is innermost on the stack.
fn extension(error: &wasmtime::Error) -> Option<String> {
    if let Some(called) = error.downcast_ref::<InExtension>() {
        return Some(called.0.to_string());
    }
    let trace = error.downcast_ref::<wasmtime::WasmBacktrace>()?;
    let module = trace.frames().first()?.module();
    module.name().and_then(of_mark).map(str::to_owned)
}

fn classify(error: &wasmtime::Error, state: &VuState) -> (FailureKind, String) {
    if let Some(abort) = error.downcast_ref::<Abort>() {
        return (FailureKind::Aborted, abort.0.clone());
    }
    if let Some(misuse) = error.downcast_ref::<Misuse>() {
        return (FailureKind::Misuse, misuse.0.clone());
    }
    if error
        .downcast_ref::<wasmtime::component::ResourceTableError>()
        .is_some()
    {
        let most = state.run.settings.limits.handles;
        return (
            FailureKind::Handles,
            format!(
                "limit handles reached: {most} resources are held, or one that is none was used"
            ),
        );
    }
    let trap = error.downcast_ref::<Trap>();
    let limits = &state.run.settings.limits;
    match trap {
        Some(Trap::Interrupt) => (
            FailureKind::CpuTime,
            format!(
                "limit cpuTime reached: computed for more than {:?}",
                limits.cpu_time
            ),
        ),
        Some(Trap::StackOverflow) => (
            FailureKind::Stack,
            format!(
                "limit stack reached: calls went deeper than {} bytes",
                limits.stack
            ),
        ),
        _ if state.usage.memory_refused => (
            FailureKind::Memory,
            format!(
                "limit memory reached: the guest wanted more than {} bytes",
                limits.memory
            ),
        ),
        Some(trap) => (FailureKind::Trap, format!("trap: {trap}")),
        None => (FailureKind::Trap, format!("trap: {}", error.root_cause())),
    }
}

/// Functions of a stack that are shown.
const FRAMES: usize = 12;

fn stack(error: &wasmtime::Error) -> Vec<String> {
    let Some(trace) = error.downcast_ref::<wasmtime::WasmBacktrace>() else {
        return Vec::new();
    };
    trace.frames().iter().take(FRAMES).map(frame).collect()
}

fn frame(frame: &wasmtime::FrameInfo) -> String {
    match frame.func_name() {
        Some(name) => demangled(name),
        None => format!("function {}", frame.func_index()),
    }
}

fn demangled(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name))
}

pub(super) fn refused(extension: &str, why: &str) -> Failure {
    Failure {
        kind: FailureKind::Extension,
        message: format!("extension {extension} could not be initialised: {why}"),
        stack: Vec::new(),
    }
}

pub(super) fn no_instance() -> Failure {
    Failure {
        kind: FailureKind::Instantiation,
        message: "the VU has no instance: making one failed before".to_owned(),
        stack: Vec::new(),
    }
}

pub(super) fn not_instantiated(error: &wasmtime::Error) -> Failure {
    let text = format!("{error:#}");
    let hint = if text.contains("map") || text.contains("memory") || text.contains("limit") {
        " (hint: each VU takes 5 or 6 memory mappings: raise vm.max_map_count, or run fewer VUs)"
    } else {
        ""
    };
    Failure {
        kind: FailureKind::Instantiation,
        message: format!("no VU could be made: {text}{hint}"),
        stack: Vec::new(),
    }
}
