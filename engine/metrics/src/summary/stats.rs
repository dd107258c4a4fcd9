//! Defines what can be shown of a trend: the words of the `summaryTrendStats` option.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::trend::Trend;

/// One reading of a trend, under the name it was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct TrendStat {
    label: Arc<str>,
    reading: Reading,
}

/// A word that is no reading of a trend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrendStatError {
    word: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Reading {
    Avg,
    Min,
    Med,
    Max,
    Count,
    Percentile(f64),
}

impl TrendStat {
    /// What is shown unless something else is asked for: `avg,min,med,max,p(90),p(95)`.
    pub fn defaults() -> Vec<Self> {
        let named = [
            ("avg", Reading::Avg),
            ("min", Reading::Min),
            ("med", Reading::Med),
            ("max", Reading::Max),
        ];
        let percentiles = [
            ("p(90)", Reading::Percentile(90.0)),
            ("p(95)", Reading::Percentile(95.0)),
        ];
        let all = named.into_iter().chain(percentiles);
        all.map(|(label, reading)| Self {
            label: Arc::from(label),
            reading,
        })
        .collect()
    }

    /// The name as it was written.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Whether this is the number of samples, which has no unit.
    pub fn is_count(&self) -> bool {
        self.reading == Reading::Count
    }

    /// The reading of `trend`.
    pub fn read(&self, trend: &Trend) -> f64 {
        match self.reading {
            Reading::Avg => trend.avg(),
            Reading::Min => trend.min(),
            Reading::Med => trend.med(),
            Reading::Max => trend.max(),
            Reading::Count => trend.count() as f64,
            Reading::Percentile(percent) => trend.percentile(percent),
        }
    }
}

impl FromStr for TrendStat {
    type Err = TrendStatError;

    /// Reads `avg`, `min`, `med`, `max`, `count` or `p(N)` with 0 ≤ N ≤ 100.
    fn from_str(word: &str) -> Result<Self, TrendStatError> {
        let reading = match word {
            "avg" => Reading::Avg,
            "min" => Reading::Min,
            "med" => Reading::Med,
            "max" => Reading::Max,
            "count" => Reading::Count,
            _ => percentile(word).ok_or_else(|| TrendStatError {
                word: word.to_owned(),
            })?,
        };
        Ok(Self {
            label: Arc::from(word),
            reading,
        })
    }
}

impl fmt::Display for TrendStatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "invalid trend stat '{}': there are avg, min, med, max, count and p(N) with N from 0 to 100",
            self.word
        )
    }
}

impl std::error::Error for TrendStatError {}

fn percentile(word: &str) -> Option<Reading> {
    let number: f64 = word.strip_prefix("p(")?.strip_suffix(')')?.parse().ok()?;
    (0.0..=100.0)
        .contains(&number)
        .then_some(Reading::Percentile(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_and_kept() {
        let mut trend = Trend::new();
        (1..=5).for_each(|i| trend.record(f64::from(i)));
        let cases = [
            ("avg", 3.0),
            ("min", 1.0),
            ("med", 3.0),
            ("max", 5.0),
            ("count", 5.0),
            ("p(99.90)", 4.996),
        ];
        for (word, value) in cases {
            let stat: TrendStat = word.parse().expect(word);
            assert_eq!(stat.label(), word);
            assert!((stat.read(&trend) - value).abs() < 1e-9, "{word}");
        }
        for word in ["mean", "p(101)", "p(-1)", "p95", "p()", ""] {
            assert!(word.parse::<TrendStat>().is_err(), "{word}");
        }
    }
}
