//! Defines the trend: a distribution of samples in memory that does not grow with their number.
//!
//! The first [`FEW`] samples are kept as they are, so that small trends are exact; from then on there are only
//! counts. `count`, `sum`, `min` and `max` are exact in both cases. What a trend holds depends on the samples
//! alone, not on their order or on how they were split before they were merged.

use crate::bands::Bands;

/// Up to this many samples are kept exactly: one kilobyte, and thrice the samples of a short smoke test.
pub(crate) const FEW: usize = 128;

/// A distribution of finite samples.
#[derive(Clone, Debug, Default)]
pub struct Trend {
    count: u64,
    sum: f64,
    min: f64,
    max: f64,
    samples: Samples,
}

#[derive(Clone, Debug)]
enum Samples {
    Few(Vec<f64>),
    Many(Box<Bands>),
}

impl Default for Samples {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl Trend {
    /// A trend without samples.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a sample. What is not finite is ignored: the recorder has counted and reported it before.
    #[inline]
    pub fn record(&mut self, value: f64) {
        if !value.is_finite() {
            return;
        }
        self.widen(1, value, value, value);
        match &mut self.samples {
            Samples::Many(bands) => bands.record(value, 1),
            Samples::Few(values) if values.len() < FEW => values.push(value),
            Samples::Few(_) => self.spill().record(value, 1),
        }
    }

    /// Adds every sample of `other`.
    pub fn merge(&mut self, other: &Trend) {
        if other.count == 0 {
            return;
        }
        self.widen(other.count, other.sum, other.min, other.max);
        match (&mut self.samples, &other.samples) {
            (Samples::Few(mine), Samples::Few(theirs)) if mine.len() + theirs.len() <= FEW => {
                mine.extend_from_slice(theirs);
            }
            (_, Samples::Few(theirs)) => self.spill().merge(&Bands::from_values(theirs)),
            (_, Samples::Many(theirs)) => self.spill().merge(theirs),
        }
    }

    /// How many samples there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The samples' sum.
    pub fn sum(&self) -> f64 {
        self.sum
    }

    /// The smallest sample; 0 without samples.
    pub fn min(&self) -> f64 {
        self.min
    }

    /// The largest sample; 0 without samples.
    pub fn max(&self) -> f64 {
        self.max
    }

    /// The samples' mean; 0 without samples.
    pub fn avg(&self) -> f64 {
        if self.count == 0 {
            0.0
        } else {
            self.sum / self.count as f64
        }
    }

    /// The median: the 50th percentile.
    pub fn med(&self) -> f64 {
        self.percentile(50.0)
    }

    /// The value that `percent` (0 to 100) of the samples do not exceed; 0 without samples.
    ///
    /// Interpolates between the samples at the ranks around `percent/100 · (count − 1)`. Exact for up to 128
    /// samples; beyond, each of the two is off by less than 0.05 % (or by 5e-7 where that is more), never outside
    /// `min..=max`.
    pub fn percentile(&self, percent: f64) -> f64 {
        if self.count == 0 {
            return 0.0;
        }
        let last = self.count - 1;
        let rank = (percent / 100.0).clamp(0.0, 1.0) * last as f64;
        let below = (rank.floor() as u64).min(last);
        let above = (below + 1).min(last);
        let share = (rank - below as f64).clamp(0.0, 1.0);
        let [low, high] = self.values_at_ranks([below, above]);
        low + (high - low) * share
    }

    /// Bytes on the heap.
    pub fn heap_size(&self) -> usize {
        match &self.samples {
            Samples::Few(values) => values.capacity() * size_of::<f64>(),
            Samples::Many(bands) => size_of::<Bands>() + bands.heap_size(),
        }
    }

    fn widen(&mut self, count: u64, sum: f64, min: f64, max: f64) {
        let first = self.count == 0;
        self.min = if first { min } else { self.min.min(min) };
        self.max = if first { max } else { self.max.max(max) };
        self.count += count;
        self.sum += sum;
    }

    /// Goes over to counts, if it did not yet.
    fn spill(&mut self) -> &mut Bands {
        if let Samples::Few(values) = &self.samples {
            self.samples = Samples::Many(Box::new(Bands::from_values(values)));
        }
        match &mut self.samples {
            Samples::Many(bands) => bands,
            Samples::Few(_) => unreachable!("the samples have just become counts"),
        }
    }

    fn values_at_ranks(&self, ranks: [u64; 2]) -> [f64; 2] {
        match &self.samples {
            Samples::Few(values) => {
                let mut sorted = values.clone();
                sorted.sort_by(f64::total_cmp);
                ranks.map(|rank| sorted.get(rank as usize).copied().unwrap_or(self.max))
            }
            Samples::Many(bands) => ranks.map(|rank| self.counted_at_rank(bands, rank)),
        }
    }

    /// The two ends are known exactly, everything else from the counts.
    fn counted_at_rank(&self, bands: &Bands, rank: u64) -> f64 {
        match rank {
            0 => self.min,
            last if last + 1 == self.count => self.max,
            inner => bands.value_at_rank(inner).clamp(self.min, self.max),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// What k6 computes from all samples.
    fn exact_percentile(sorted: &[f64], percent: f64) -> f64 {
        let rank = percent / 100.0 * (sorted.len() - 1) as f64;
        let (low, high) = (sorted[rank.floor() as usize], sorted[rank.ceil() as usize]);
        low + (high - low) * (rank - rank.floor())
    }

    fn trend(values: &[f64]) -> Trend {
        let mut trend = Trend::new();
        values.iter().for_each(|&value| trend.record(value));
        trend
    }

    /// Everything that can be read off a trend, with the sum rounded because adding floats is not associative.
    fn readings(trend: &Trend) -> (u64, f64, f64, i64, Vec<f64>) {
        let percentiles = (0..=20)
            .map(|i| trend.percentile(f64::from(i) * 5.0))
            .collect();
        let sum = (trend.sum() * 1e3).round() as i64;
        (trend.count(), trend.min(), trend.max(), sum, percentiles)
    }

    /// Numbers as they are measured: many zeros, microseconds to minutes, and some negative ones.
    fn value() -> impl Strategy<Value = f64> {
        let size = prop_oneof![Just(0.0), 0.001..1.0, 1.0..500.0, 500.0..3e5];
        (size, prop::bool::weighted(0.1)).prop_map(|(v, negative)| if negative { -v } else { v })
    }

    proptest! {
        #[test]
        fn percentiles_are_within_a_thousandth(mut values in vec(0.0..1e6f64, 1..600), percent in 0.0..=100.0f64) {
            let found = trend(&values).percentile(percent);
            values.sort_by(f64::total_cmp);
            let exact = exact_percentile(&values, percent);
            let tolerance = if values.len() <= FEW { 1e-9 } else { exact * 0.001 + 1e-6 };
            prop_assert!((found - exact).abs() <= tolerance, "{found} is not {exact}");
        }

        #[test]
        fn merging_is_commutative(a in vec(value(), 0..300), b in vec(value(), 0..300)) {
            let (one, two) = (trend(&a), trend(&b));
            let (mut ab, mut ba) = (one.clone(), two.clone());
            ab.merge(&two);
            ba.merge(&one);
            prop_assert_eq!(readings(&ab), readings(&ba));
        }

        #[test]
        fn merging_is_associative_and_the_same_as_recording(
            a in vec(value(), 0..200), b in vec(value(), 0..200), c in vec(value(), 0..200),
        ) {
            let mut left = trend(&a);
            left.merge(&trend(&b));
            left.merge(&trend(&c));
            let mut tail = trend(&b);
            tail.merge(&trend(&c));
            let mut right = trend(&a);
            right.merge(&tail);
            prop_assert_eq!(readings(&left), readings(&right));
            prop_assert_eq!(readings(&left), readings(&trend(&[a, b, c].concat())));
        }
    }

    #[test]
    fn a_trend_without_samples_reads_zero() {
        let empty = Trend::new();
        assert_eq!(readings(&empty), (0, 0.0, 0.0, 0, vec![0.0; 21]));
        assert_eq!((empty.avg(), empty.heap_size()), (0.0, 0));
    }

    #[test]
    fn what_is_not_finite_is_never_stored() {
        let mut trend = trend(&[1.0]);
        [f64::NAN, f64::INFINITY, f64::NEG_INFINITY]
            .into_iter()
            .for_each(|v| trend.record(v));
        assert_eq!(readings(&trend), (1, 1.0, 1.0, 1000, vec![1.0; 21]));
    }

    #[test]
    fn memory_does_not_grow_with_samples() {
        let mut trend = trend(&[60_000.0]);
        let record_million = |trend: &mut Trend| {
            (0..1_000_000u64).for_each(|i| trend.record((i * 7919 % 60_000) as f64 + 0.123));
        };
        record_million(&mut trend);
        let known = trend.heap_size();
        (0..9).for_each(|_| record_million(&mut trend));
        assert_eq!((trend.heap_size(), trend.count()), (known, 10_000_001));
        assert!(known < 120_000, "{known}");
    }
}
