//! Defines `brunt inspect`: a test's options after all layers.

use brunt_runner::plan::{Plan, duration};
use brunt_runner::{Error, ExitCode};
use serde_json::Value;

use crate::args::{GlobalArgs, InspectArgs};
use crate::commands::print;
use crate::commands::run::runtime;
use crate::commands::test::prepare;

/// Prints the options as JSON, and what the run needs when that is asked for.
pub(crate) fn inspect(args: &InspectArgs, global: &GlobalArgs) -> Result<u8, Error> {
    let prepared = runtime()?.block_on(prepare(&args.test, global))?;
    let options = &prepared.loaded.options;
    let mut json = options.to_operator_json();
    if args.execution_requirements {
        let plan = Plan::new(options.scenarios.clone(), options.share.clone())
            .map_err(|error| Error::new(ExitCode::InvalidConfig, error))?;
        let needs = plan.requirements();
        json.insert(
            "totalDuration".into(),
            duration::format(needs.duration()).into(),
        );
        json.insert("maxVUs".into(), needs.max_possible_vus().into());
    }
    let text = serde_json::to_string_pretty(&Value::Object(json));
    let text = text.map_err(|error| Error::new(ExitCode::EngineFailure, error))?;
    print(&format!("{text}\n"));
    Ok(0)
}
