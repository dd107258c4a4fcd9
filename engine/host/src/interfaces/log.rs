//! Defines the host's side of `brunt:log`.

use std::time::Instant;

use crate::bindings::brunt::log::log::{Host, Level as WitLevel};
use crate::log::Level;
use crate::state::VuState;

impl Host for VuState {
    fn log(&mut self, level: WitLevel, message: String) -> wasmtime::Result<()> {
        let limit = self.run.settings.limits.log_bytes;
        // Before it is cut: half a secret is one too.
        let message = self.run.settings.secrets.redacted(&message);
        let admission = self.log.admit(message.len(), limit, Instant::now());
        if admission.dropped_before > 1 {
            let lines = admission.dropped_before;
            self.tell_loss(&format!("{lines} lines were cut or dropped in one second"));
        }
        if let Some(bytes) = admission.bytes {
            self.run
                .log
                .log(level_of(level), "console", prefix(&message, bytes));
        }
        if admission.first_loss {
            self.tell_loss(&format!(
                "a line of {} bytes was cut or dropped",
                message.len()
            ));
        }
        Ok(())
    }
}

impl VuState {
    fn tell_loss(&self, what: &str) {
        let limit = self.run.settings.limits.log_bytes;
        let vu = self.who.vu_in_test;
        let notice =
            format!("VU {vu}: {what}: limit logBytes lets {limit} bytes per second through");
        self.run.log.log(Level::Warn, "brunt", &notice);
    }
}

fn level_of(level: WitLevel) -> Level {
    match level {
        WitLevel::Debug => Level::Debug,
        WitLevel::Info => Level::Info,
        WitLevel::Warn => Level::Warn,
        WitLevel::Error => Level::Error,
    }
}

/// The longest prefix of at most this many bytes that ends between two characters.
fn prefix(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}
