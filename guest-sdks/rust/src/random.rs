//! Defines random numbers, different for every VU; repeatable when the run is given a seed.

use std::ops::Range;

use crate::bindings::brunt::random::random as wit;

/// How many bytes the engine gives at once.
const MOST_BYTES: usize = 65_536;

/// 64 random bits.
pub fn next() -> u64 {
    wit::next()
}

/// A random number from 0 up to, but without, 1.
pub fn unit() -> f64 {
    unit_from(next())
}

/// A random number from this range, all equally likely; its start when the range is empty.
///
/// ```no_run
/// # use brunt_sdk::prelude::*;
/// let id = random::range(1..1001);
/// ```
pub fn range(range: Range<u64>) -> u64 {
    range_from(range, next)
}

/// A random one of these; none when there are none.
pub fn pick<T>(these: &[T]) -> Option<&T> {
    these.get(range(0..these.len() as u64) as usize)
}

/// This many random bytes.
pub fn bytes(length: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(length);
    while bytes.len() < length {
        let more = (length - bytes.len()).min(MOST_BYTES);
        bytes.extend_from_slice(&wit::bytes(more as u32));
    }
    bytes
}

/// The upper 53 bits, all that a float holds exactly, as a fraction.
fn unit_from(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

/// Scales 64 random bits to the range by multiplication; the few that would make some results likelier than others
/// are drawn again.
fn range_from(range: Range<u64>, mut next: impl FnMut() -> u64) -> u64 {
    let width = range.end.saturating_sub(range.start);
    if width == 0 {
        return range.start;
    }
    let unfair = width.wrapping_neg() % width;
    loop {
        let scaled = u128::from(next()) * u128::from(width);
        if scaled as u64 >= unfair {
            return range.start + (scaled >> 64) as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_stay_below_one() {
        assert_eq!(unit_from(0), 0.0);
        assert!(unit_from(u64::MAX) < 1.0);
        assert_eq!(unit_from(1 << 63), 0.5);
    }

    #[test]
    fn ranges_reach_both_ends() {
        assert_eq!(range_from(10..20, || 1 << 62), 12);
        assert_eq!(range_from(10..20, || u64::MAX), 19);
        assert_eq!(range_from(0..u64::MAX, || u64::MAX), u64::MAX - 1);
        assert_eq!(range_from(7..7, || 3), 7);
    }

    #[test]
    fn unfair_draws_are_drawn_again() {
        // Of 2^64 values, 3 × 2^64 leaves a remainder of 1: the draw 0 is the one too many.
        let mut draws = [0, u64::MAX].into_iter();
        assert_eq!(range_from(0..3, || draws.next().expect("two draws")), 2);
        assert_eq!(draws.next(), None);
    }
}
