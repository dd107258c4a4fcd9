//! Defines what a test's own end-of-test summary is made of.

/// Files that `handle_summary` writes, in the place of the engine's own summary.
///
/// ```
/// # use brunt_sdk::prelude::*;
/// fn handle_summary(data: Json) -> Result<Summary> {
///     let requests = &data["metrics"]["http_reqs"]["values"]["count"];
///     Ok(Summary::new()
///         .stdout(format!("{requests} requests\n"))
///         .file("summary.json", data.to_string()))
/// }
/// ```
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Summary {
    files: Vec<(String, Vec<u8>)>,
}

impl Summary {
    /// A summary that writes nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes this to the standard output.
    pub fn stdout(self, content: impl Into<Vec<u8>>) -> Self {
        self.file("stdout", content)
    }

    /// Writes this to the standard error.
    pub fn stderr(self, content: impl Into<Vec<u8>>) -> Self {
        self.file("stderr", content)
    }

    /// Writes this to a file.
    pub fn file(mut self, path: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        self.files.push((path.into(), content.into()));
        self
    }

    /// Pairs of a path, or `stdout` or `stderr`, and its content.
    pub fn into_files(self) -> Vec<(String, Vec<u8>)> {
        self.files
    }
}
