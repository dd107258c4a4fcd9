//! Defines what was sent and waits for its answer, by packet identifier.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use crate::codec::Qos;

use super::{Publication, Wanted};

/// Something that waits for its answer.
#[derive(Debug)]
pub(super) enum Flight<T> {
    Publish {
        publication: Publication,
        /// Whether the server has it (QoS 2), and waits for being told that it may forget it.
        released: bool,
        /// Which one it was, for the order in which they are sent again.
        sequence: u64,
        errand: T,
    },
    /// Nobody waits for it when it is for a session that was lost.
    Subscribe {
        wanted: Vec<Wanted>,
        errand: Option<T>,
    },
    Unsubscribe {
        filters: Vec<String>,
        errand: T,
    },
}

/// All that waits for its answer.
#[derive(Debug)]
pub(super) struct Flights<T> {
    by_id: FxHashMap<u16, Flight<T>>,
    last_id: u16,
    sequence: u64,
    /// How many messages are on their way.
    messages: usize,
    /// Messages of an earlier connection that are to be sent again, once there is room.
    again: VecDeque<u16>,
}

impl<T> Default for Flights<T> {
    fn default() -> Self {
        Self {
            by_id: FxHashMap::default(),
            last_id: 0,
            sequence: 0,
            messages: 0,
            again: VecDeque::new(),
        }
    }
}

impl<T> Flights<T> {
    /// How many messages are on their way to the server, those aside that are yet to be sent again.
    pub(super) fn messages(&self) -> usize {
        self.messages
    }

    /// How much waits for its answer, sent on this connection or not.
    pub(super) fn unanswered(&self) -> usize {
        self.by_id.len()
    }

    /// Whether messages wait to be sent again: none may overtake them.
    pub(super) fn are_behind(&self) -> bool {
        !self.again.is_empty()
    }

    /// An identifier that nothing else uses; none when all 65,535 are in use.
    pub(super) fn free_id(&mut self) -> Option<u16> {
        if self.by_id.len() >= usize::from(u16::MAX) {
            return None;
        }
        loop {
            self.last_id = self.last_id.checked_add(1).unwrap_or(1);
            if !self.by_id.contains_key(&self.last_id) {
                return Some(self.last_id);
            }
        }
    }

    pub(super) fn publish(&mut self, id: u16, publication: Publication, errand: T) {
        self.sequence += 1;
        self.messages += 1;
        let flight = Flight::Publish {
            publication,
            released: false,
            sequence: self.sequence,
            errand,
        };
        self.by_id.insert(id, flight);
    }

    pub(super) fn insert(&mut self, id: u16, flight: Flight<T>) {
        self.by_id.insert(id, flight);
    }

    pub(super) fn get(&self, id: u16) -> Option<&Flight<T>> {
        self.by_id.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: u16) -> Option<&mut Flight<T>> {
        self.by_id.get_mut(&id)
    }

    pub(super) fn remove(&mut self, id: u16) -> Option<Flight<T>> {
        let flight = self.by_id.remove(&id)?;
        if matches!(flight, Flight::Publish { .. }) {
            self.messages = self.messages.saturating_sub(1);
        }
        Some(flight)
    }

    /// The connection is gone: gives up all but the messages of a session that is kept. Returns who waits for them.
    pub(super) fn close(&mut self, keeps_session: bool) -> Vec<T> {
        self.messages = 0;
        self.again.clear();
        let (kept, gone): (Vec<_>, Vec<_>) = self
            .by_id
            .drain()
            .partition(|(_, flight)| keeps_session && matches!(flight, Flight::Publish { .. }));
        self.by_id.extend(kept);
        in_order(gone)
    }

    /// The server does not know the session any more. Returns who waited.
    pub(super) fn forget(&mut self) -> Vec<T> {
        self.messages = 0;
        self.again.clear();
        in_order(self.by_id.drain().collect())
    }

    /// All messages are to be sent again, in their order.
    pub(super) fn begin_again(&mut self) {
        let mut ids: Vec<(u64, u16)> = self
            .by_id
            .iter()
            .map(|(id, flight)| (order(flight), *id))
            .collect();
        ids.sort_unstable();
        self.again = ids.into_iter().map(|(_, id)| id).collect();
        self.messages = 0;
    }

    /// The next that is to be sent again, and its QoS.
    pub(super) fn next_again(&mut self) -> Option<(u16, Qos)> {
        while let Some(id) = self.again.front() {
            if let Some(Flight::Publish { publication, .. }) = self.by_id.get(id) {
                return Some((*id, publication.qos));
            }
            // It was acknowledged in the meantime.
            self.again.pop_front();
        }
        None
    }

    /// What [`next_again`](Self::next_again) told is on its way.
    pub(super) fn is_sent_again(&mut self) {
        self.messages += usize::from(self.again.pop_front().is_some());
    }
}

fn order<T>(flight: &Flight<T>) -> u64 {
    match flight {
        Flight::Publish { sequence, .. } => *sequence,
        Flight::Subscribe { .. } | Flight::Unsubscribe { .. } => u64::MAX,
    }
}

fn in_order<T>(mut flights: Vec<(u16, Flight<T>)>) -> Vec<T> {
    flights.sort_unstable_by_key(|(id, flight)| (order(flight), *id));
    let errands = flights.into_iter().filter_map(|(_, flight)| match flight {
        Flight::Publish { errand, .. } | Flight::Unsubscribe { errand, .. } => Some(errand),
        Flight::Subscribe { errand, .. } => errand,
    });
    errands.collect()
}
