//! Defines how often a script is evaluated: once for all VUs, or by each of them.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::image::Image;

/// What the first instance of a test said of what it had evaluated.
#[derive(Debug, Default)]
pub enum Evaluation {
    /// The test knows no images: it is no script.
    #[default]
    Unknown,
    /// All VUs start from this memory.
    Once(Snapshot),
    /// Every VU evaluates the script by itself, for this reason.
    ByEach(String),
}

/// The memory of an instance that has evaluated its script. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Snapshot(pub(crate) Arc<Image>);

/// Where the first instance says it.
#[derive(Debug, Default)]
pub(crate) struct Awaited(Mutex<Option<Evaluation>>);

impl Awaited {
    /// An evaluation that is waited for.
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Some(Evaluation::Unknown)))
    }

    pub(crate) fn is_wanted(&self) -> bool {
        self.lock().is_some()
    }

    /// Keeps what the instance says, when it was asked.
    pub(crate) fn say(&self, evaluation: Evaluation) {
        if let Some(said) = &mut *self.lock() {
            *said = evaluation;
        }
    }

    /// What was said.
    pub(crate) fn take(&self) -> Evaluation {
        mem::take(&mut *self.lock()).unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Evaluation>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
