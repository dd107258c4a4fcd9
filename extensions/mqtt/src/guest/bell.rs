//! Defines bells: something that tests wait for, and that rings once it is so.

use brunt_sdk::bindings::brunt::time::waiting::{Signal, Waitable, after};

/// Rings for all that wait since it rang last.
#[derive(Default)]
pub(super) struct Bell(Option<Signal>);

impl Bell {
    /// Something to wait for: ready at once when it is so already.
    pub(super) fn waitable(&mut self, is_so: bool) -> Waitable {
        if is_so {
            return after(0);
        }
        self.0.get_or_insert_with(Signal::new).waitable()
    }

    pub(super) fn ring(&mut self) {
        if let Some(signal) = self.0.take() {
            signal.set();
        }
    }
}
