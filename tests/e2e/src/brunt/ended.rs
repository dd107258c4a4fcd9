//! Defines what a run of the binary left behind: exit code, output, log and summary.

use std::time::Duration;

use serde_json::Value;

/// What a process left behind.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it logged.
    pub stderr: String,
    /// From its start to its end.
    pub took: Duration,
    /// The exported summary, when there was one to export and it was written.
    pub summary: Option<Value>,
}

impl Ended {
    /// A figure of the exported summary, for instance `metric("http_reqs", "count")`.
    ///
    /// # Panics
    /// When it is not there, showing what is.
    pub fn metric(&self, name: &str, figure: &str) -> f64 {
        let summary = self
            .summary
            .as_ref()
            .unwrap_or_else(|| panic!("no summary was exported: {self:#?}"));
        let value = summary["metrics"][name].get(figure).and_then(Value::as_f64);
        value.unwrap_or_else(|| {
            panic!(
                "the summary has no {figure} of {name}: {:#}",
                summary["metrics"]
            )
        })
    }

    /// What the test logged as JSON after this word: one value per line.
    ///
    /// # Panics
    /// When it is not JSON.
    pub fn logged(&self, word: &str) -> Vec<Value> {
        let start = format!("{word} {{");
        let line = |line: &str| {
            let at = line.find(&start)? + word.len() + 1;
            let json = line[at..].split("  source=").next()?;
            Some(serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {line}")))
        };
        self.stderr.lines().filter_map(line).collect()
    }

    /// The one value that was logged after this word.
    ///
    /// # Panics
    /// When there are none or several.
    pub fn only(&self, word: &str) -> Value {
        let mut logged = self.logged(word);
        assert_eq!(logged.len(), 1, "{word}: {}", self.stderr);
        logged.remove(0)
    }

    /// The same run, if it ended with this code.
    ///
    /// # Panics
    /// When it did not, showing what the process said.
    pub fn expect_code(self, code: i32) -> Ended {
        let (stdout, stderr) = (&self.stdout, &self.stderr);
        assert_eq!(
            self.code,
            Some(code),
            "the exit code\n--- stdout\n{stdout}\n--- stderr\n{stderr}"
        );
        self
    }
}
