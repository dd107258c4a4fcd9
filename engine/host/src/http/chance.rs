//! Defines numbers that nobody can foresee, for boundaries and nonces: not part of what a seed repeats.

use std::hash::{BuildHasher, Hasher, RandomState};

/// A number that nobody can foresee.
pub(crate) fn number() -> u64 {
    RandomState::new().build_hasher().finish()
}
