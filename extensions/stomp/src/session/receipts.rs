//! Defines receipts: which frames the server was asked to confirm, and what came of it.

use rustc_hash::FxHashMap;

use crate::{Fault, Time};

/// The confirmation of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// When the frame was written.
    pub asked: Time,
    /// When the receipt came.
    pub came: Time,
}

/// What a receipt is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// A frame of the test's.
    Frame,
    /// DISCONNECT.
    Leaving,
}

#[derive(Debug, Default)]
pub(super) struct Receipts {
    last: u64,
    all: FxHashMap<u64, State>,
}

#[derive(Debug)]
enum State {
    Waiting(Of, Time),
    Settled(Result<Receipt, Fault>),
}

/// What begins the name of a receipt.
const PREFIX: &str = "r-";

impl Receipts {
    /// A new receipt, and its name.
    pub(super) fn ask(&mut self, of: Of, now: Time) -> (u64, String) {
        self.last += 1;
        self.all.insert(self.last, State::Waiting(of, now));
        (self.last, format!("{PREFIX}{}", self.last))
    }

    /// The frame was not written after all.
    pub(super) fn forget(&mut self, id: u64) {
        self.all.remove(&id);
    }

    /// It came. One that nobody asked for, or that nobody waits for any more, is none.
    pub(super) fn settle(&mut self, name: &str, came: Time) -> Option<Of> {
        let id = id_of(name)?;
        let state = self.all.get_mut(&id)?;
        let State::Waiting(of, asked) = *state else {
            return None;
        };
        *state = State::Settled(Ok(Receipt { asked, came }));
        Some(of)
    }

    pub(super) fn fail(&mut self, name: &str, fault: &Fault) {
        if let Some(state) = id_of(name).and_then(|id| self.all.get_mut(&id)) {
            *state = State::Settled(Err(fault.clone()));
        }
    }

    pub(super) fn fail_all(&mut self, fault: &Fault) {
        for state in self.all.values_mut() {
            if matches!(state, State::Waiting(..)) {
                *state = State::Settled(Err(fault.clone()));
            }
        }
    }

    pub(super) fn is_settled(&self, id: u64) -> bool {
        !matches!(self.all.get(&id), Some(State::Waiting(..)))
    }

    pub(super) fn take(&mut self, id: u64) -> Option<Result<Receipt, Fault>> {
        if !self.is_settled(id) {
            return None;
        }
        match self.all.remove(&id) {
            Some(State::Settled(result)) => Some(result),
            _ => None,
        }
    }
}

fn id_of(name: &str) -> Option<u64> {
    name.strip_prefix(PREFIX)?.parse().ok()
}
