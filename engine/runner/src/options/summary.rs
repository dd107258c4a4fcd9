//! Defines the options of the end-of-test summary, and the system tags.

use std::collections::BTreeSet;
use std::path::PathBuf;

use brunt_host::SystemTags;
use brunt_plan::suggest;
use serde_json::Value;

use super::reader::{self, Reader, one_of};

/// What the summary shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SummaryOptions {
    /// How much is shown.
    pub mode: SummaryMode,
    /// The columns of trends, such as `avg` and `p(95)`.
    pub trend_stats: Vec<String>,
    /// The unit of all times.
    pub time_unit: TimeUnit,
    /// The file that gets the summary as JSON.
    pub export: Option<PathBuf>,
}

/// How much the summary shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SummaryMode {
    /// The most important figures.
    Compact,
    /// Everything, also by group and scenario.
    Full,
    /// The form of k6 before version 1.
    Legacy,
    /// Nothing.
    Disabled,
}

/// The unit of times in the summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeUnit {
    /// For each figure the one that suits it.
    Auto,
    /// `s`.
    Seconds,
    /// `ms`.
    Milliseconds,
    /// `us`.
    Microseconds,
}

impl SummaryOptions {
    pub(super) fn read(reader: &mut Reader<'_>) -> SummaryOptions {
        let default = || {
            ["avg", "min", "med", "max", "p(90)", "p(95)"]
                .map(str::to_owned)
                .to_vec()
        };
        SummaryOptions {
            mode: reader
                .read("summaryMode", |value| one_of(value, &SummaryMode::NAMES))
                .unwrap_or(SummaryMode::Compact),
            trend_stats: reader
                .read("summaryTrendStats", trend_stats)
                .unwrap_or_else(default),
            time_unit: reader
                .read("summaryTimeUnit", |value| one_of(value, &TimeUnit::NAMES))
                .unwrap_or(TimeUnit::Auto),
            export: reader.text("summaryExport").map(PathBuf::from),
        }
    }
}

impl SummaryMode {
    pub(super) const NAMES: [(&str, SummaryMode); 4] = [
        ("compact", SummaryMode::Compact),
        ("full", SummaryMode::Full),
        ("legacy", SummaryMode::Legacy),
        ("disabled", SummaryMode::Disabled),
    ];
}

impl TimeUnit {
    pub(super) const NAMES: [(&str, TimeUnit); 4] = [
        ("s", TimeUnit::Seconds),
        ("ms", TimeUnit::Milliseconds),
        ("us", TimeUnit::Microseconds),
        ("", TimeUnit::Auto),
    ];
}

pub(super) fn read_system_tags(reader: &mut Reader<'_>) -> BTreeSet<String> {
    let default = || SystemTags::on_by_default().map(str::to_owned).collect();
    reader
        .read("systemTags", system_tags)
        .unwrap_or_else(default)
}

fn system_tags(value: &Value) -> Result<BTreeSet<String>, String> {
    let tags = reader::words(value)?;
    match SystemTags::from_names(tags.iter().map(String::as_str)) {
        Err(tag) => Err(format!(
            "{tag:?} is not a system tag{}",
            suggest::hint(&tag, SystemTags::all())
        )),
        Ok(_) => Ok(tags.into_iter().collect()),
    }
}

fn trend_stats(value: &Value) -> Result<Vec<String>, String> {
    let stats = reader::words(value)?;
    match stats.iter().find(|stat| !is_trend_stat(stat)) {
        Some(stat) => Err(format!(
            "{stat:?} is not a statistic; use avg, min, med, max, count or p(N) with N from 0 to 100"
        )),
        None => Ok(stats),
    }
}

fn is_trend_stat(stat: &str) -> bool {
    let percentile = || {
        stat.strip_prefix("p(")?
            .strip_suffix(')')?
            .parse::<f64>()
            .ok()
    };
    matches!(stat, "avg" | "min" | "med" | "max" | "count")
        || percentile().is_some_and(|n| (0.0..=100.0).contains(&n))
}
