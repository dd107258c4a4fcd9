//! Defines the host's side of `brunt:secrets`.

use crate::bindings::brunt::secrets::secrets::Host;
use crate::state::VuState;

impl Host for VuState {
    fn get(
        &mut self,
        key: String,
        source: Option<String>,
    ) -> wasmtime::Result<Result<String, String>> {
        Ok(self.run.settings.secrets.get(&key, source.as_deref()))
    }
}
