//! Defines what can go wrong in the engine itself, apart from what guests do.

use std::fmt;

/// An engine failure: something that no guest can cause while it runs.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    hint: Option<String>,
}

/// The documented kinds of [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The test's file is missing or can't be read.
    File,
    /// The test's file is not WebAssembly, or not a component and without an embedded component type.
    NotAComponent,
    /// The component imports or exports something other than world `brunt:worlds/test` says.
    WrongWorld,
    /// The component could not be compiled.
    Compile,
    /// The machine refused memory or address space for an engine or a VU.
    Resources,
    /// What the test says about itself (its `describe` document) can't be understood.
    Description,
    /// A setting of the run is not valid: a certificate that can't be read, an address that is none.
    Setting,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl fmt::Display) -> Self {
        Self {
            kind,
            message: message.to_string(),
            hint: None,
        }
    }

    pub(crate) fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    /// Which kind of failure this is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What the user can do about it, when something is known.
    pub fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
