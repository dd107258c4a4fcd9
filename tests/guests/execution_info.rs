//! Defines a guest that logs everything `execution` says, as one line of JSON, and checks what must always hold.

use brunt_sdk::prelude::*;

#[derive(Default)]
struct Info {
    iterations: u64,
}

#[brunt_sdk::test]
impl Info {
    fn setup(&mut self) -> Result<Json> {
        log::info!("setup {}", info());
        Ok(json!({ "answer": 42 }))
    }

    pub fn default(&mut self) -> Result<()> {
        log::info!("iteration {}", info());
        check(
            "this VU counts as the engine does",
            execution::vu_iteration() == self.iterations,
        );
        check(
            "VUs count from 1",
            execution::vu_in_test() >= 1 && execution::vu_in_instance() >= 1,
        );
        check("someone is active", execution::vus_active() >= 1);
        check(
            "progress is a fraction",
            (0.0..=1.0).contains(&execution::scenario_progress()),
        );
        check(
            "the scenario began before now",
            execution::scenario_start() <= time::wall(),
        );
        check("options are known", execution::options().is_object());
        check(
            "setup's data is here",
            execution::setup_data::<Json>()?["answer"] == 42,
        );
        self.iterations += 1;
        Ok(())
    }

    pub fn other(&mut self) {
        log::info!("other {}", info());
    }

    fn teardown(&mut self) {
        log::info!("teardown {}", info());
    }
}

fn info() -> Json {
    json!({
        "vu_in_test": execution::vu_in_test(),
        "vu_in_instance": execution::vu_in_instance(),
        "vu_iteration": execution::vu_iteration(),
        "vu_iteration_in_scenario": execution::vu_iteration_in_scenario(),
        "scenario": execution::scenario(),
        "executor": execution::executor(),
        "scenario_start": execution::scenario_start().as_millis() as u64,
        "scenario_progress": execution::scenario_progress(),
        "iteration_in_test": execution::iteration_in_test(),
        "iteration_in_instance": execution::iteration_in_instance(),
        "iterations_completed": execution::iterations_completed(),
        "iterations_interrupted": execution::iterations_interrupted(),
        "vus_active": execution::vus_active(),
        "vus_initialized": execution::vus_initialized(),
        "test_duration_ms": execution::test_duration().as_millis() as u64,
        "env_who": env("WHO"),
        "environment": execution::environment().len(),
    })
}
