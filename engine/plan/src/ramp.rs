//! Defines the inverse of the integral of a piecewise linear rate: at which nanosecond it reaches a whole number.
//!
//! In a piece of length `d` where the rate goes from `a` to `b` per time unit `u`, after the time `t`
//!
//! ```text
//! rate(t)      b ┤        ／│        integral(t) = (a·t + (b − a)·t²/2d) / u
//!              a ┤____／    │
//!                │          │        scaled by 2u:  S(t) = 2·a·t + (b − a)·t²/d
//!                └──────────┴─ t     whole piece:   S(d) = (a + b)·d,  an integer
//!                0          d
//! ```
//!
//! The n-th arrival is due at the largest `t` with `S(t) ≤ R`, where `R = 2u·n −` (what the pieces before contribute): the
//! floor of the root, as `S` increases. The root is estimated in floating point and then settled by comparing integers,
//! `(2·a·d + (b − a)·t)·t ≤ R·d`, so the result never depends on rounding. Bounds: rates and `u` below 2^63 with rates ≤ u,
//! `Σd` below 2^63, hence `(a + b)·d` and all sums below 2^127, and the products above below 2^192.

use crate::curve::Stage;

/// A piecewise linear rate, prepared for finding arrivals.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ramp {
    pieces: Vec<Piece>,
    /// `2u`: what one arrival contributes to the scaled integral.
    per_arrival: u128,
    area: u128,
}

/// A stage of non-zero length.
#[derive(Debug, PartialEq, Eq)]
struct Piece {
    start_ns: u64,
    length_ns: u64,
    from: u64,
    to: u64,
    /// The scaled integral of everything before this piece.
    area_before: u128,
}

impl Ramp {
    /// The caller has checked the bounds: rates at most one per nanosecond, durations below 2^63 ns in all.
    pub(crate) fn new(start_rate: u64, time_unit_ns: u64, stages: &[Stage]) -> Ramp {
        let mut ramp = Ramp {
            pieces: Vec::with_capacity(stages.len()),
            per_arrival: 2 * u128::from(time_unit_ns),
            area: 0,
        };
        let (mut from, mut start_ns) = (start_rate, 0);
        for stage in stages {
            let length_ns = stage.duration.as_nanos() as u64;
            if length_ns > 0 {
                let piece = Piece {
                    start_ns,
                    length_ns,
                    from,
                    to: stage.target,
                    area_before: ramp.area,
                };
                ramp.area += piece.area();
                start_ns += length_ns;
                ramp.pieces.push(piece);
            }
            from = stage.target;
        }
        ramp
    }

    /// The integral over the whole time, rounded down.
    pub(crate) fn count(&self) -> u64 {
        u64::try_from(self.area / self.per_arrival).unwrap_or(u64::MAX)
    }

    /// The nanosecond at which the integral reaches `n`; the end if it never does.
    pub(crate) fn reaches(&self, n: u64) -> u64 {
        let target = u128::from(n) * self.per_arrival;
        let index = self
            .pieces
            .partition_point(|piece| piece.area_before + piece.area() < target);
        match self.pieces.get(index).or(self.pieces.last()) {
            Some(piece) => piece.start_ns + piece.reaches(target - piece.area_before),
            None => 0,
        }
    }
}

impl Piece {
    fn area(&self) -> u128 {
        (u128::from(self.from) + u128::from(self.to)) * u128::from(self.length_ns)
    }

    /// The largest `t` with `S(t) ≤ area`.
    fn reaches(&self, area: u128) -> u64 {
        if area >= self.area() {
            return self.length_ns;
        }
        if self.from == self.to {
            return u64::try_from(area / (2 * u128::from(self.from.max(1))))
                .unwrap_or(self.length_ns);
        }
        let (low, high) = self.bracket(area);
        self.settle(area, low, high)
    }

    /// `S(t) ≤ area`, compared as `(2·a·d + (b − a)·t)·t ≤ area·d`.
    fn is_within(&self, t: u64, area: u128) -> bool {
        let twice_start = 2 * u128::from(self.from) * u128::from(self.length_ns);
        let slope = u128::from(self.to.abs_diff(self.from)) * u128::from(t);
        let factor = if self.to > self.from {
            twice_start + slope
        } else {
            twice_start - slope
        };
        wide_product(factor, t) <= wide_product(area, self.length_ns)
    }

    /// Two times around the root, usually a nanosecond or two apart: `low` is within, `high` is not.
    fn bracket(&self, area: u128) -> (u64, u64) {
        let guess = (self.estimate(area) as u64).min(self.length_ns);
        let mut step = 1u64;
        if self.is_within(guess, area) {
            let mut low = guess;
            loop {
                let high = low.saturating_add(step).min(self.length_ns);
                // `area` is below the whole piece's, so the end is never within.
                if high == self.length_ns || !self.is_within(high, area) {
                    return (low, high);
                }
                (low, step) = (high, step.saturating_mul(2));
            }
        }
        let mut high = guess;
        loop {
            let low = high.saturating_sub(step);
            if low == 0 || self.is_within(low, area) {
                return (low, high);
            }
            (high, step) = (low, step.saturating_mul(2));
        }
    }

    fn settle(&self, area: u128, mut low: u64, mut high: u64) -> u64 {
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if self.is_within(middle, area) {
                low = middle
            } else {
                high = middle
            }
        }
        low
    }

    /// The root in floating point. A falling rate is solved from the end of the piece, where nothing cancels out.
    fn estimate(&self, area: u128) -> f64 {
        let length = self.length_ns as f64;
        let slope = self.to.abs_diff(self.from) as f64 / length;
        let root = |rate: f64, area: f64| area / (rate + (rate * rate + slope * area).sqrt());
        if self.to > self.from {
            root(self.from as f64, area as f64)
        } else {
            length - root(self.to as f64, (self.area() - area) as f64)
        }
    }
}

/// A product of up to 192 bits as its upper 128 and lower 64 bits, which compare like the number.
fn wide_product(factor: u128, by: u64) -> (u128, u64) {
    let low = (factor & u128::from(u64::MAX)) * u128::from(by);
    let high = (factor >> 64) * u128::from(by) + (low >> 64);
    (high, low as u64)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn stages(max_ms: u64, max_rate: u64) -> impl Strategy<Value = Vec<Stage>> {
        prop::collection::vec((0..max_ms, 0..max_rate), 1..6).prop_map(|stages| {
            stages
                .into_iter()
                .map(|(ms, target)| Stage {
                    duration: Duration::from_millis(ms),
                    target,
                })
                .collect()
        })
    }

    /// The scaled integral at `t`, times the length of the piece it falls in, and that length: a fraction, exactly.
    fn integral(ramp: &Ramp, t: u64) -> (u128, u128) {
        let index = ramp
            .pieces
            .partition_point(|piece| piece.start_ns + piece.length_ns < t);
        let Some(piece) = ramp.pieces.get(index) else {
            return (ramp.area, 1);
        };
        let (length, within) = (u128::from(piece.length_ns), u128::from(t - piece.start_ns));
        let slope = i128::from(piece.to) - i128::from(piece.from);
        let linear = 2 * u128::from(piece.from) * within * length;
        let bend = slope * (within * within) as i128;
        (
            piece.area_before * length + (linear as i128 + bend) as u128,
            length,
        )
    }

    fn check(ramp: &Ramp, n: u64) -> Result<(), TestCaseError> {
        let due = ramp.reaches(n);
        let target = u128::from(n) * ramp.per_arrival;
        let (before, length) = integral(ramp, due);
        prop_assert!(
            before <= target * length,
            "the integral is past {n} at {due}"
        );
        let (after, length) = integral(ramp, due + 1);
        let at_end = ramp
            .pieces
            .last()
            .is_some_and(|piece| due == piece.start_ns + piece.length_ns);
        prop_assert!(
            after > target * length || at_end || after == target * length,
            "{n} is reached after {due}"
        );
        // A flat zero rate may follow: then it was reached at `due` exactly, and not a nanosecond before.
        if after == target * length && due > 0 {
            let (earlier, length) = integral(ramp, due - 1);
            prop_assert!(earlier < target * length);
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn arrivals_invert_the_integral(start in 0u64..500, unit_ms in 1u64..60_000, stages in stages(20_000, 500)) {
            let ramp = Ramp::new(start, unit_ms * 1_000_000, &stages);
            let mut last = 0;
            for n in (1..=ramp.count()).step_by((ramp.count() as usize / 200).max(1)) {
                check(&ramp, n)?;
                prop_assert!(ramp.reaches(n) >= last);
                last = ramp.reaches(n);
            }
        }

        #[test]
        fn the_last_arrival_is_inside_and_the_next_would_not_be(start in 0u64..5_000, stages in stages(1_000_000, 5_000)) {
            let ramp = Ramp::new(start, 1_000_000_000, &stages);
            let count = ramp.count();
            prop_assert!(u128::from(count) * ramp.per_arrival <= ramp.area);
            prop_assert!(u128::from(count + 1) * ramp.per_arrival > ramp.area);
            if count > 0 {
                check(&ramp, count)?;
            }
        }

        #[test]
        fn wide_products_are_exact(a: u128, b: u64) {
            let (high, low) = wide_product(a, b);
            prop_assert_eq!(low, (a as u64).wrapping_mul(b));
            prop_assert_eq!((high << 64) | u128::from(low), a.wrapping_mul(u128::from(b)));
        }
    }
}
