//! Defines the histograms behind a trend: four bands of value, each an HdrHistogram that exists once it is needed.
//!
//! ```text
//!            −2^62        −2^40           0            2^40         2^62
//!   band       | negative   | negative    | positive    | positive  |
//!              | coarse     | fine        | fine        | coarse    |
//!   one unit        1          1e-6           1e-6           1
//! ```
//!
//! The fine bands count millionths of the value, which for times in milliseconds is nanoseconds. What is too large
//! for them is counted in whole numbers. A bucket is at most 1/1024 of its value wide and is read at its middle, so
//! a value is off by less than 0.05 %, or by half a unit where that is more.
//!
//! Memory of a band whose largest value is `u` units: `4 bytes × 1024 × (log2(u) − 9)`, which is 86 KB for a trend
//! that reaches one second and 115 KB for one that reaches 100 seconds; double after 2^32 samples.

use hdrhistogram::{Counter, Histogram};

/// Significant decimal digits that a histogram keeps.
const DIGITS: u8 = 3;

/// Units per 1 in the fine bands.
const FINE_SCALE: f64 = 1e6;

/// Where the coarse bands begin: 2^40 × 10^6 still fits the histograms' 64-bit units.
const COARSE_FROM: f64 = (1u64 << 40) as f64;

/// The largest unit; what is above counts as this.
const UNIT_LIMIT: u64 = 1 << 62;

/// Counts of values over the whole range of finite numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bands {
    /// In ascending order of value.
    bands: [Option<Counts>; 4],
}

impl Bands {
    /// Counts `values`, the largest first, so that each histogram gets its final size at once.
    pub(crate) fn from_values(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(|a, b| b.abs().total_cmp(&a.abs()));
        let mut bands = Self::default();
        for value in sorted {
            bands.record(value, 1);
        }
        bands
    }

    /// Counts `value`, which must be finite, `n` times.
    #[inline]
    pub(crate) fn record(&mut self, value: f64, n: u64) {
        let (band, unit) = locate(value);
        self.bands[band]
            .get_or_insert_with(Counts::new)
            .record(unit, n);
    }

    pub(crate) fn merge(&mut self, other: &Bands) {
        for (mine, theirs) in self.bands.iter_mut().zip(&other.bands) {
            match (mine.as_mut(), theirs) {
                (_, None) => {}
                (None, Some(theirs)) => *mine = Some(theirs.clone()),
                (Some(mine), Some(theirs)) => mine.merge(theirs),
            }
        }
    }

    /// The value at `rank`, where 0 is the smallest; 0 when there are fewer values.
    pub(crate) fn value_at_rank(&self, rank: u64) -> f64 {
        let mut rest = rank;
        for (band, counts) in self.bands.iter().enumerate() {
            let Some(counts) = counts else { continue };
            if rest < counts.len() {
                return counts.value_in_band(band, rest);
            }
            rest -= counts.len();
        }
        0.0
    }

    /// Bytes on the heap.
    pub(crate) fn heap_size(&self) -> usize {
        self.bands.iter().flatten().map(Counts::heap_size).sum()
    }
}

/// A histogram with 32-bit counts, or with 64-bit counts once one of them could overflow.
#[derive(Clone, Debug)]
enum Counts {
    Narrow(Histogram<u32>),
    Wide(Histogram<u64>),
}

impl Counts {
    fn new() -> Self {
        Self::Narrow(new_histogram())
    }

    #[inline]
    fn record(&mut self, unit: u64, n: u64) {
        self.make_room(n);
        // With auto-resize and units below the limit a record cannot fail.
        let result = match self {
            Self::Narrow(histogram) => histogram.record_n(unit, n as u32),
            Self::Wide(histogram) => histogram.record_n(unit, n),
        };
        debug_assert!(result.is_ok(), "unit {unit} is outside the histogram");
    }

    fn merge(&mut self, other: &Counts) {
        self.make_room(other.len());
        let result = match (self, other) {
            (Self::Narrow(mine), Self::Narrow(theirs)) => mine.add(theirs),
            (Self::Wide(mine), Self::Wide(theirs)) => mine.add(theirs),
            (Self::Wide(mine), Self::Narrow(theirs)) => mine.add(widened(theirs)),
            // Making room for more than 32 bits of samples made `self` wide.
            (Self::Narrow(_), Self::Wide(_)) => Ok(()),
        };
        debug_assert!(
            result.is_ok(),
            "histograms of one configuration can be added"
        );
    }

    /// Widens the counts when `more` samples could overflow one of them.
    #[inline]
    fn make_room(&mut self, more: u64) {
        if let Self::Narrow(histogram) = self
            && histogram.len().saturating_add(more) > u64::from(u32::MAX)
        {
            *self = Self::Wide(widened(histogram));
        }
    }

    fn len(&self) -> u64 {
        match self {
            Self::Narrow(histogram) => histogram.len(),
            Self::Wide(histogram) => histogram.len(),
        }
    }

    fn value_in_band(&self, band: usize, rank: u64) -> f64 {
        let negative = band < 2;
        let rank = if negative {
            self.len() - 1 - rank
        } else {
            rank
        };
        let unit = match self {
            Self::Narrow(histogram) => unit_at_rank(histogram, rank),
            Self::Wide(histogram) => unit_at_rank(histogram, rank),
        };
        let size = if matches!(band, 1 | 2) {
            unit / FINE_SCALE
        } else {
            unit
        };
        if negative { -size } else { size }
    }

    fn heap_size(&self) -> usize {
        match self {
            Self::Narrow(histogram) => histogram.distinct_values() * size_of::<u32>(),
            Self::Wide(histogram) => histogram.distinct_values() * size_of::<u64>(),
        }
    }
}

/// The band of a finite `value`, and its distance from zero in that band's units.
#[inline]
fn locate(value: f64) -> (usize, u64) {
    let size = value.abs();
    let fine = size < COARSE_FROM;
    let unit = if fine { size * FINE_SCALE } else { size };
    // Rounds: `f64::round` is a call into a library on processors without an instruction for it.
    let unit = ((unit + 0.5) as u64).min(UNIT_LIMIT);
    let band = match (value < 0.0, fine) {
        (true, false) => 0,
        (true, true) => 1,
        (false, true) => 2,
        (false, false) => 3,
    };
    (band, unit)
}

/// The middle of the bucket that holds the value at `rank`.
fn unit_at_rank<T: Counter>(histogram: &Histogram<T>, rank: u64) -> f64 {
    let mut seen = 0u64;
    for step in histogram.iter_recorded() {
        seen += step.count_since_last_iteration();
        if seen > rank {
            return middle(histogram, step.value_iterated_to());
        }
    }
    histogram.max() as f64
}

fn middle<T: Counter>(histogram: &Histogram<T>, unit: u64) -> f64 {
    let low = histogram.lowest_equivalent(unit) as f64;
    low + (histogram.equivalent_range(unit) - 1) as f64 / 2.0
}

fn widened(histogram: &Histogram<u32>) -> Histogram<u64> {
    let mut wide = Histogram::new_from(histogram);
    wide.auto(true);
    for step in histogram.iter_recorded() {
        wide.saturating_record_n(step.value_iterated_to(), step.count_since_last_iteration());
    }
    wide
}

fn new_histogram() -> Histogram<u32> {
    Histogram::new(DIGITS).expect("three significant digits are within the histogram's bounds")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bands(values: &[(f64, u64)]) -> Bands {
        let mut bands = Bands::default();
        for &(value, n) in values {
            bands.record(value, n);
        }
        bands
    }

    #[test]
    fn ranks_ascend_over_all_bands() {
        let values = [-1e300, -3e13, -2.5, -0.000001, 0.0, 0.5, 7e17, 1e300];
        let bands = Bands::from_values(&values);
        let limit = UNIT_LIMIT as f64;
        for (rank, value) in values.iter().enumerate() {
            let found = bands.value_at_rank(rank as u64);
            let expected = value.clamp(-limit, limit);
            assert!(
                (found - expected).abs() <= expected.abs() * 0.0005,
                "{found} {expected}"
            );
        }
    }

    #[test]
    fn counts_widen_before_they_overflow() {
        let half = u64::from(u32::MAX) / 2 + 1;
        let mut one = bands(&[(1.0, half), (2.0, 5)]);
        one.merge(&bands(&[(1.0, half), (3.0, 7)]));
        assert!(matches!(one.bands[2], Some(Counts::Wide(_))));
        for (rank, value) in [
            (0, 1.0),
            (2 * half - 1, 1.0),
            (2 * half, 2.0),
            (2 * half + 11, 3.0),
        ] {
            assert!((one.value_at_rank(rank) - value).abs() < 0.001, "{rank}");
        }
        let wide = one.clone();
        one.merge(&bands(&[(4.0, 1)]));
        one.merge(&wide);
        assert_eq!(
            one.bands[2].as_ref().map(Counts::len),
            Some(4 * half + 12 * 2 + 1)
        );
    }

    #[test]
    fn a_narrow_band_takes_a_wide_one() {
        let mut narrow = bands(&[(1.0, 1)]);
        narrow.merge(&bands(&[(2.0, u64::from(u32::MAX)), (2.0, 1)]));
        assert_eq!(
            narrow.bands[2].as_ref().map(Counts::len),
            Some(u64::from(u32::MAX) + 2)
        );
    }
}
