//! Defines a guest that makes its own summary, on both outputs and in a file.

use brunt_sdk::prelude::*;

#[derive(Default)]
struct OwnSummary;

#[brunt_sdk::test]
impl OwnSummary {
    pub fn default(&mut self) {
        check("always", true);
    }

    fn handle_summary(&mut self, data: Json) -> Result<Summary> {
        if env("FAIL_SUMMARY").is_some() {
            fail!("no summary today");
        }
        if let Some(seconds) = env("SLEEP_SUMMARY") {
            sleep(seconds.parse::<f64>()?);
        }
        let iterations = &data["metrics"]["iterations"]["values"]["count"];
        let checks = &data["metrics"]["checks"]["values"]["passes"];
        Ok(Summary::new()
            .stdout(format!(
                "own summary: {iterations} iterations, {checks} checks\n"
            ))
            .stderr("own words on stderr\n")
            .file("own-summary.json", data.to_string()))
    }
}
