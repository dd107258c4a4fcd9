//! Defines the summary in the form of k6 before version 1: groups with their checks, then one list of metrics.

use brunt_runner::metrics::summary::{CheckSummary, GroupSummary, Summary};

use super::Style;
use super::paint::Tone;
use super::table::{self, Mark, RateForm, Row};

/// Columns to the left of everything; marks of thresholds stand in them.
const MARGIN: usize = 5;

/// What k6 has nothing like, and its form no place for.
const OUR_OWN: [&str; 2] = ["worker_busy", "worker_lag"];

pub(super) fn lines(summary: &Summary, style: &Style) -> Vec<String> {
    let mut lines = vec![String::new()];
    lines.extend(group_lines(&summary.root_group, style, MARGIN));
    let rows: Vec<Row> = summary
        .metrics
        .iter()
        .filter(|metric| !OUR_OWN.contains(&&*metric.name) || !metric.thresholds.is_empty())
        .map(|metric| {
            let kept = metric.thresholds.iter().all(|threshold| threshold.ok);
            let mark = (!metric.thresholds.is_empty()).then(|| Mark::of(kept));
            Row {
                mark,
                ..Row::of(metric, &summary.trend_stats, style, RateForm::Marks)
            }
        })
        .collect();
    lines.extend(table::lines(&rows, &summary.trend_stats, style, MARGIN, 0));
    lines
}

/// A group's checks and the groups in it, each with an empty line after it.
fn group_lines(group: &GroupSummary, style: &Style, margin: usize) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(
        group
            .checks
            .iter()
            .flat_map(|check| check_lines(check, style, margin)),
    );
    if !lines.is_empty() {
        lines.push(String::new());
    }
    for inner in &group.groups {
        let name = style.colors.paint(&inner.name, Tone::Heading);
        lines.extend([format!("{}█ {name}", " ".repeat(margin)), String::new()]);
        lines.extend(group_lines(inner, style, margin + 2));
    }
    lines
}

/// A check's name, and how often it passed unless it always did.
pub(super) fn check_lines(check: &CheckSummary, style: &Style, margin: usize) -> Vec<String> {
    let line = |mark: Mark, margin: usize, text: String| {
        format!(
            "{}{}",
            " ".repeat(margin),
            style.colors.paint(&text, mark.tone())
        )
    };
    let mark = Mark::of(check.fails == 0);
    let name = line(mark, margin, format!("{} {}", mark.symbol(), check.name));
    if mark == Mark::Kept {
        return vec![name];
    }
    let (passes, fails) = (check.passes, check.fails);
    let percent = (100.0 * passes as f64 / (passes + fails) as f64).floor();
    let detail = format!("↳  {percent}% — ✓ {passes} / ✗ {fails}");
    vec![name, line(mark, margin + 1, detail)]
}
