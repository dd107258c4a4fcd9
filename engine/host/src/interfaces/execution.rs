//! Defines the host's side of `brunt:execution`.

use std::time::Instant;

use crate::bindings::brunt::execution::execution::Host;
use crate::run::Ending;
use crate::state::{Phase, VuState};

/// The trap that ends an iteration in which the test aborts the run.
#[derive(Debug)]
pub(crate) struct Abort(pub(crate) String);

impl std::fmt::Display for Abort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "test aborted: {}", self.0)
    }
}

impl std::error::Error for Abort {}

impl VuState {
    fn in_iteration<T: Default>(&self, value: T) -> T {
        if self.phase == Phase::Iteration {
            value
        } else {
            T::default()
        }
    }
}

impl Host for VuState {
    fn env(&mut self, name: String) -> wasmtime::Result<Option<String>> {
        let of_place = self.place.as_ref().and_then(|place| place.env.get(&name));
        Ok(of_place
            .or_else(|| self.run.settings.env.get(&name))
            .cloned())
    }

    fn environment(&mut self) -> wasmtime::Result<Vec<(String, String)>> {
        let mut all = self.run.settings.env.clone();
        if let Some(place) = &self.place {
            all.extend(place.env.clone());
        }
        Ok(all.into_iter().collect())
    }

    fn setup_data(&mut self) -> wasmtime::Result<Option<Vec<u8>>> {
        Ok(self.run.setup_data().map(<[u8]>::to_vec))
    }

    fn options(&mut self) -> wasmtime::Result<String> {
        self.refuse_in_init("execution.options")?;
        Ok(self.run.settings.options_json.clone())
    }

    fn vu_in_test(&mut self) -> wasmtime::Result<u64> {
        Ok(self.who.vu_in_test)
    }

    fn vu_in_instance(&mut self) -> wasmtime::Result<u64> {
        Ok(self.who.vu_in_instance)
    }

    fn vu_iteration(&mut self) -> wasmtime::Result<u64> {
        Ok(self.in_iteration(self.who.iteration))
    }

    fn vu_iteration_in_scenario(&mut self) -> wasmtime::Result<u64> {
        Ok(self.in_iteration(self.who.iteration_in_place))
    }

    fn scenario(&mut self) -> wasmtime::Result<String> {
        Ok(self
            .place
            .as_ref()
            .map(|place| place.scenario.clone())
            .unwrap_or_default())
    }

    fn executor(&mut self) -> wasmtime::Result<String> {
        Ok(self
            .place
            .as_ref()
            .map(|place| place.executor.clone())
            .unwrap_or_default())
    }

    fn scenario_start(&mut self) -> wasmtime::Result<u64> {
        Ok(self.place.as_ref().map_or(0, |place| place.started_unix_ns))
    }

    fn scenario_progress(&mut self) -> wasmtime::Result<f64> {
        Ok(self.place.as_ref().map_or(0.0, |place| (place.progress)()))
    }

    fn iteration_in_test(&mut self) -> wasmtime::Result<u64> {
        Ok(self.in_iteration(self.who.iteration_in_test))
    }

    fn iteration_in_instance(&mut self) -> wasmtime::Result<u64> {
        Ok(self.in_iteration(self.who.iteration_in_instance))
    }

    fn iterations_completed(&mut self) -> wasmtime::Result<u64> {
        Ok(self.run.total(|counters| &counters.iterations_completed))
    }

    fn iterations_interrupted(&mut self) -> wasmtime::Result<u64> {
        Ok(self.run.total(|counters| &counters.iterations_interrupted))
    }

    fn vus_active(&mut self) -> wasmtime::Result<u64> {
        Ok(self.run.total(|counters| &counters.vus_active))
    }

    fn vus_initialized(&mut self) -> wasmtime::Result<u64> {
        Ok(self.run.total(|counters| &counters.vus_initialized))
    }

    fn test_duration(&mut self) -> wasmtime::Result<u64> {
        Ok(self.run.test_duration(Instant::now()))
    }

    fn abort(&mut self, reason: String) -> wasmtime::Result<()> {
        self.run.end(Ending::Aborted(reason.clone()));
        Err(Abort(reason).into())
    }

    fn mark_failed(&mut self, reason: String) -> wasmtime::Result<()> {
        self.run.end(Ending::MarkedFailed(reason));
        Ok(())
    }
}
