//! Defines the share of a whole that one machine or one worker thread runs: which items of 0, 1, 2, … are its own.
//!
//! The items of a whole (VUs, iterations, arrivals) are numbered from 0. A segment owns a repeating pattern of them (its
//! stripes); a worker owns every W-th of the segment's. Both are chosen so that the shares of all workers of all
//! segments of a sequence are a partition of the whole, for any size of the whole.

use std::sync::Arc;

use crate::segment::{Segment, SegmentError, Sequence};

/// Which items of a whole are mine. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// The period of the segment's pattern: the least common denominator of the sequence's lengths.
    period: u64,
    /// The items within one period that belong to the segment, ascending; never empty.
    slots: Arc<[u64]>,
    worker: Worker,
}

/// The part of a segment's items (numbered anew from 0) that one of its workers runs: every `count`-th from `index` on,
/// counted anew after each `cycle` items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Worker {
    index: u64,
    count: u64,
    cycle: u64,
}

impl Share {
    /// Everything.
    pub fn whole() -> Share {
        Share {
            period: 1,
            slots: Arc::new([0]),
            worker: Worker::ALL,
        }
    }

    /// The share of one execution segment; without a sequence, what surrounds it counts as one segment on either side.
    ///
    /// # Errors
    /// When the segment is not one of the sequence, or the pattern is finer than [`MAX_STRIPES`](crate::MAX_STRIPES).
    pub fn segment(segment: &Segment, sequence: Option<&Sequence>) -> Result<Share, SegmentError> {
        let (period, slots) = segment.stripes(sequence)?;
        Ok(Share {
            period,
            slots: slots.into(),
            worker: Worker::ALL,
        })
    }

    /// The part of this share that worker `index` of `count` runs. An index past the count has no part.
    pub fn worker(&self, index: u64, count: u64) -> Share {
        self.worker_in_cycle(index, count, u64::MAX)
    }

    /// Like [`worker`](Self::worker), but dealt out anew after every `cycle` items, as if item `i` went to whoever owns item
    /// `i mod cycle`. With the number of VUs as cycle, a worker's part of the arrivals is in proportion to its VUs.
    pub fn worker_in_cycle(&self, index: u64, count: u64, cycle: u64) -> Share {
        let worker = Worker {
            index,
            count: count.max(1),
            cycle: cycle.max(1),
        };
        Share {
            worker,
            ..self.clone()
        }
    }

    /// How many of the first `n` items are mine.
    pub fn scale(&self, n: u64) -> u64 {
        let whole_periods = (n / self.period) * self.slots.len() as u64;
        let rest = self.slots.partition_point(|slot| *slot < n % self.period) as u64;
        self.worker.scale(whole_periods + rest)
    }

    /// The number in the whole of my `k`-th item (0-based): always below `n` when `k < scale(n)`. A share that owns
    /// nothing, and a number above 2^64, give `u64::MAX`.
    pub fn global_index(&self, k: u64) -> u64 {
        let Some(item) = self.worker.global_index(k) else {
            return u64::MAX;
        };
        let stripes = self.slots.len() as u64;
        (item / stripes)
            .saturating_mul(self.period)
            .saturating_add(self.slots[(item % stripes) as usize])
    }

    /// Whether item `index` of the whole is mine.
    pub fn owns(&self, index: u64) -> bool {
        self.scale(index.saturating_add(1)) > self.scale(index)
    }

    /// The segment's part of the whole as a fraction: numerator and denominator. Workers don't count.
    pub fn fraction(&self) -> (u64, u64) {
        (self.slots.len() as u64, self.period)
    }
}

impl Worker {
    const ALL: Worker = Worker {
        index: 0,
        count: 1,
        cycle: u64::MAX,
    };

    fn scale(self, n: u64) -> u64 {
        (n / self.cycle) * self.within_cycle(self.cycle) + self.within_cycle(n % self.cycle)
    }

    fn within_cycle(self, n: u64) -> u64 {
        if self.index < self.count {
            n.saturating_sub(self.index).div_ceil(self.count)
        } else {
            0
        }
    }

    fn global_index(self, k: u64) -> Option<u64> {
        let per_cycle = self.within_cycle(self.cycle);
        let cycle = k.checked_div(per_cycle)?.saturating_mul(self.cycle);
        Some(
            cycle
                .saturating_add((k % per_cycle).saturating_mul(self.count))
                .saturating_add(self.index),
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shares(sequence: &str) -> Result<Vec<Share>, SegmentError> {
        let sequence: Sequence = sequence.parse()?;
        sequence
            .segments()
            .iter()
            .map(|segment| Share::segment(segment, Some(&sequence)))
            .collect()
    }

    fn items(share: &Share, n: u64) -> Vec<u64> {
        (0..share.scale(n)).map(|k| share.global_index(k)).collect()
    }

    #[test]
    fn stripes_interleave_the_largest_segment_first() -> Result<(), SegmentError> {
        let cases: [(&str, &[&[u64]]); 4] = [
            ("0,1", &[&[0, 1, 2, 3, 4, 5]]),
            ("0,1/2,1", &[&[0, 2, 4], &[1, 3, 5]]),
            ("0,1/3,1", &[&[1, 4], &[0, 2, 3, 5]]),
            ("0,1/3,1/2,1", &[&[1, 3], &[5], &[0, 2, 4]]),
        ];
        for (sequence, expected) in cases {
            let got: Vec<Vec<u64>> = shares(sequence)?
                .iter()
                .map(|share| items(share, 6))
                .collect();
            assert_eq!(got, expected, "{sequence}");
        }
        Ok(())
    }

    #[test]
    fn a_cycle_deals_in_proportion_to_vus() {
        let parts: Vec<Vec<u64>> = (0..3)
            .map(|index| items(&Share::whole().worker_in_cycle(index, 3, 2), 6))
            .collect();
        assert_eq!(parts, [vec![0, 2, 4], vec![1, 3, 5], vec![]]);
        assert_eq!(
            Share::whole().worker_in_cycle(2, 3, 2).global_index(0),
            u64::MAX
        );
    }

    fn sequences() -> impl Strategy<Value = String> {
        (2u64..30).prop_flat_map(|denominator| {
            prop::collection::btree_set(1..denominator, 0..6).prop_map(move |cuts| {
                let inner: String = cuts
                    .iter()
                    .map(|cut| format!("{cut}/{denominator},"))
                    .collect();
                format!("0,{inner}1")
            })
        })
    }

    proptest! {
        #[test]
        fn shares_of_all_workers_of_all_segments_partition_the_whole(
            sequence in sequences(), workers in 1u64..5, cycle in prop::option::of(1u64..9), n in 0u64..500,
        ) {
            let mut all = Vec::new();
            for segment in shares(&sequence)? {
                for index in 0..workers {
                    let mine = segment.worker_in_cycle(index, workers, cycle.unwrap_or(u64::MAX));
                    let items = items(&mine, n);
                    prop_assert!(items.is_sorted());
                    prop_assert!(items.iter().all(|item| mine.owns(*item)));
                    all.extend(items);
                }
            }
            all.sort_unstable();
            prop_assert_eq!(all, (0..n).collect::<Vec<u64>>());
        }

        #[test]
        fn extremes_do_not_panic(sequence in sequences(), k: u64, n: u64, index: u64, count: u64, cycle: u64) {
            for segment in shares(&sequence)? {
                let mine = segment.worker_in_cycle(index, count, cycle);
                prop_assert!(mine.scale(n) <= n);
                mine.global_index(k);
                mine.owns(n);
            }
        }
    }
}
