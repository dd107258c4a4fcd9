//! Defines the aggregate: what is kept of a metric's (or sub-metric's) samples.

use crate::definition::Kind;
use crate::trend::Trend;

/// What is kept of the samples, by the metric's kind. Every merge is commutative and associative.
#[derive(Clone, Debug)]
pub enum Aggregate {
    /// The samples' sum.
    Counter {
        /// The sum.
        count: f64,
    },
    /// The latest sample.
    Gauge {
        /// The sample with the latest time; of several, the largest.
        value: f64,
        /// The smallest sample.
        min: f64,
        /// The largest sample.
        max: f64,
        /// The latest sample's time, in nanoseconds since the Unix epoch.
        time_unix_ns: u64,
    },
    /// How many samples were not zero.
    Rate {
        /// Samples that were not zero.
        passes: u64,
        /// All samples.
        total: u64,
    },
    /// The samples' distribution.
    Trend(Trend),
}

impl Aggregate {
    /// The aggregate of a first sample.
    pub fn first(kind: Kind, value: f64, time_unix_ns: u64) -> Self {
        let mut aggregate = match kind {
            Kind::Counter => Self::Counter { count: 0.0 },
            Kind::Gauge => {
                return Self::Gauge {
                    value,
                    min: value,
                    max: value,
                    time_unix_ns,
                };
            }
            Kind::Rate => Self::Rate {
                passes: 0,
                total: 0,
            },
            Kind::Trend => Self::Trend(Trend::new()),
        };
        aggregate.record(value, time_unix_ns);
        aggregate
    }

    /// Adds a finite sample.
    #[inline]
    pub fn record(&mut self, sample: f64, time: u64) {
        match self {
            Self::Counter { count } => *count += sample,
            Self::Rate { passes, total } => {
                *passes += u64::from(sample != 0.0);
                *total += 1;
            }
            Self::Trend(trend) => trend.record(sample),
            Self::Gauge {
                value,
                min,
                max,
                time_unix_ns,
            } => {
                // Within one recorder samples come in order: the last one counts, as in k6.
                if time >= *time_unix_ns {
                    (*value, *time_unix_ns) = (sample, time);
                }
                (*min, *max) = (min.min(sample), max.max(sample));
            }
        }
    }

    /// Adds every sample of `other`, an aggregate of the same metric; one of another kind changes nothing.
    pub fn merge(&mut self, other: &Aggregate) {
        match (self, other) {
            (Self::Counter { count }, Self::Counter { count: more }) => *count += more,
            (
                Self::Rate { passes, total },
                Self::Rate {
                    passes: more,
                    total: all,
                },
            ) => {
                *passes += more;
                *total += all;
            }
            (Self::Trend(trend), Self::Trend(more)) => trend.merge(more),
            (mine @ Self::Gauge { .. }, Self::Gauge { .. }) => mine.merge_gauge(other),
            _ => debug_assert!(false, "aggregates of two kinds cannot be merged"),
        }
    }

    /// How the aggregate was put together.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Counter { .. } => Kind::Counter,
            Self::Gauge { .. } => Kind::Gauge,
            Self::Rate { .. } => Kind::Rate,
            Self::Trend(_) => Kind::Trend,
        }
    }

    /// The trend, when it is one.
    pub fn as_trend(&self) -> Option<&Trend> {
        match self {
            Self::Trend(trend) => Some(trend),
            _ => None,
        }
    }

    /// Bytes on the heap.
    pub fn heap_size(&self) -> usize {
        self.as_trend().map_or(0, Trend::heap_size)
    }

    fn merge_gauge(&mut self, other: &Aggregate) {
        let (
            Self::Gauge {
                value,
                min,
                max,
                time_unix_ns,
            },
            Self::Gauge {
                value: v,
                min: low,
                max: high,
                time_unix_ns: at,
            },
        ) = (self, other)
        else {
            return;
        };
        if *at > *time_unix_ns || (*at == *time_unix_ns && *v > *value) {
            (*value, *time_unix_ns) = (*v, *at);
        }
        (*min, *max) = (min.min(*low), max.max(*high));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aggregate(kind: Kind, samples: &[(f64, u64)]) -> Aggregate {
        let mut all = samples.iter();
        let &(value, time) = all.next().expect("a test gives samples");
        let mut aggregate = Aggregate::first(kind, value, time);
        all.for_each(|&(value, time)| aggregate.record(value, time));
        aggregate
    }

    #[test]
    fn samples_aggregate_by_kind() {
        let samples = [(2.0, 1), (0.0, 3), (5.0, 2)];
        let cases = [
            (Kind::Counter, "Counter { count: 7.0 }"),
            (
                Kind::Gauge,
                "Gauge { value: 0.0, min: 0.0, max: 5.0, time_unix_ns: 3 }",
            ),
            (Kind::Rate, "Rate { passes: 2, total: 3 }"),
        ];
        for (kind, expected) in cases {
            assert_eq!(format!("{:?}", aggregate(kind, &samples)), expected);
        }
    }

    #[test]
    fn merging_commutes() {
        let (a, b) = ([(2.0, 1), (9.0, 4)], [(0.0, 3), (5.0, 4)]);
        for kind in [Kind::Counter, Kind::Gauge, Kind::Rate, Kind::Trend] {
            let (mut ab, mut ba) = (aggregate(kind, &a), aggregate(kind, &b));
            ab.merge(&aggregate(kind, &b));
            ba.merge(&aggregate(kind, &a));
            let percentile = |x: &Aggregate| x.as_trend().map(|t| (t.count(), t.med()));
            assert_eq!(percentile(&ab), percentile(&ba));
            if kind != Kind::Trend {
                assert_eq!(format!("{ab:?}"), format!("{ba:?}"));
            }
        }
    }
}
