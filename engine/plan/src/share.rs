//! Defines the share of a whole that one machine or one worker thread runs: which items of 0, 1, 2, … are its own.
//!
//! The items of a whole (VUs, iterations, arrivals) are numbered from 0. A segment owns a repeating pattern of them (its
//! stripes); a worker owns every W-th of the segment's. Both are chosen so that the shares of all workers of all
//! segments of a sequence are a partition of the whole, for any size of the whole.

use std::sync::Arc;

use crate::segment::{MAX_STRIPES, Segment, SegmentError, Sequence, gcd};

/// Which items of a whole are mine. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// The lengths of all segments, as parts of the period of the pattern, which is their sum.
    lengths: Arc<[u64]>,
    /// Which of them is mine.
    mine: usize,
    period: u64,
    /// The items within one period that belong to the segment, ascending.
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
        Share::new(&[1], 0)
    }

    /// The share of one execution segment; without a sequence, what surrounds it counts as one segment on either side.
    ///
    /// # Errors
    /// When the segment is not one of the sequence, or the pattern is finer than [`MAX_STRIPES`](crate::MAX_STRIPES).
    pub fn segment(segment: &Segment, sequence: Option<&Sequence>) -> Result<Share, SegmentError> {
        let (lengths, mine) = segment.lengths(sequence)?;
        Ok(Share::new(&lengths, mine))
    }

    /// The machine's share when the whole is dealt out in proportion to the part that each segment has of `value` items,
    /// so that with VUs as value a segment that has no VU gets no iterations. Where that needs a pattern finer than
    /// [`MAX_STRIPES`](crate::MAX_STRIPES), the share as it is. Workers are left out.
    pub fn in_proportion_to(&self, value: u64) -> Share {
        let mut counts: Vec<u64> = self
            .lengths
            .iter()
            .map(|length| (value / self.period) * length)
            .collect();
        let rest = usize::try_from(value % self.period).unwrap_or(0);
        Deal::new(&self.lengths)
            .take(rest)
            .for_each(|segment| counts[segment] += 1);
        let divisor = counts.iter().fold(0, |divisor, count| gcd(divisor, *count));
        if divisor == 0 || value / divisor > MAX_STRIPES {
            return Share {
                worker: Worker::ALL,
                ..self.clone()
            };
        }
        counts.iter_mut().for_each(|count| *count /= divisor);
        Share::new(&counts, self.mine)
    }

    fn new(lengths: &[u64], mine: usize) -> Share {
        let items = Deal::new(lengths).zip(0..lengths.iter().sum());
        let slots = items
            .filter(|(segment, _)| *segment == mine)
            .map(|(_, item)| item)
            .collect();
        let period = lengths.iter().sum();
        Share {
            lengths: lengths.into(),
            mine,
            period,
            slots,
            worker: Worker::ALL,
        }
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
        let Some(periods) = item.checked_div(stripes) else {
            return u64::MAX;
        };
        periods
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

/// Deals out the items of one period: each goes to the first segment, in order of falling length, that does not yet have
/// more than its part of what was dealt. As the parts add up to the whole, there is always one.
struct Deal<'a> {
    lengths: &'a [u64],
    order: Vec<usize>,
    dealt: Vec<u64>,
    period: u64,
    item: u64,
}

impl<'a> Deal<'a> {
    fn new(lengths: &'a [u64]) -> Deal<'a> {
        let mut order: Vec<usize> = (0..lengths.len()).collect();
        order.sort_by_key(|segment| std::cmp::Reverse(lengths[*segment]));
        let dealt = vec![0; lengths.len()];
        Deal {
            lengths,
            order,
            dealt,
            period: lengths.iter().sum(),
            item: 0,
        }
    }
}

/// The segment that gets the next item.
impl Iterator for Deal<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let is_due = |segment: &&usize| {
            self.item * self.lengths[**segment] >= self.dealt[**segment] * self.period
        };
        let segment = *self.order.iter().find(is_due)?;
        self.dealt[segment] += 1;
        self.item += 1;
        Some(segment)
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

    #[test]
    fn patterns_are_those_of_k6() -> Result<(), SegmentError> {
        let tenths = "0,0.3,0.5,0.6,0.7,0.8,0.9,1";
        let cases: [(&str, Option<&str>, &[u64]); 9] = [
            ("0:0.3", Some(tenths), &[0, 4, 7]),
            ("0.3:0.5", Some(tenths), &[1, 5]),
            ("0.8:0.9", Some(tenths), &[8]),
            ("0:0.2", Some("0,0.2,0.5"), &[3, 9]),
            ("0.2:0.5", Some("0,0.2,0.5"), &[1, 5, 7]),
            ("2/5:4/5", Some("0,2/5,4/5"), &[1, 4, 6, 9]),
            ("0:0.2", None, &[1, 6]),
            ("0:0.4", None, &[1, 3, 6, 8]),
            ("1/10:5/10", None, &[1, 3, 5, 9]),
        ];
        for (segment, sequence, expected) in cases {
            let sequence: Option<Sequence> = sequence.map(str::parse).transpose()?;
            let share = Share::segment(&segment.parse()?, sequence.as_ref())?;
            assert_eq!(items(&share, 10), expected, "{segment} {sequence:?}");
        }
        Ok(())
    }

    #[test]
    fn proportions_follow_the_items_that_segments_have() -> Result<(), SegmentError> {
        // Of 20 VUs three thirds have 7, 7 and 6; of 2 VUs they have 1, 1 and 0.
        let cases = [
            (20, [18, 17, 15]),
            (2, [25, 25, 0]),
            (1, [50, 0, 0]),
            (3, [17, 17, 16]),
            (0, [17, 17, 16]),
        ];
        for (vus, expected) in cases {
            let scaled: Vec<u64> = shares("0,1/3,2/3,1")?
                .iter()
                .map(|share| share.in_proportion_to(vus).scale(50))
                .collect();
            assert_eq!(scaled, expected, "{vus}");
        }
        let none = shares("0,1/3,2/3,1")?[2].in_proportion_to(2);
        assert_eq!(
            (none.scale(9), none.global_index(0), none.owns(1)),
            (0, u64::MAX, false)
        );
        assert_eq!(Share::whole().in_proportion_to(7).scale(50), 50);
        Ok(())
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
            sequence in sequences(),
            workers in 1u64..5,
            cycle in prop::option::of(1u64..9),
            vus in prop::option::of(0u64..50),
            n in 0u64..500,
        ) {
            let mut all = Vec::new();
            for segment in shares(&sequence)? {
                let segment = vus.map_or(segment.clone(), |vus| segment.in_proportion_to(vus));
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
