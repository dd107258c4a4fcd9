//! Defines the summary in the form of k6 from version 1 on: thresholds, total results by section and, in full, the
//! results of each group and scenario.

use brunt_runner::metrics::summary::{
    Block, CheckSummary, GroupSummary, MetricSummary, Summary, Values,
};
use brunt_runner::metrics::{Contains, Kind, Method, ThresholdResult};
use brunt_runner::options::SummaryMode;

use super::Style;
use super::humanize::{figure, share};
use super::legacy::check_lines;
use super::paint::Tone;
use super::table::{self, Mark, RateForm, Row};

/// Columns of one level of indentation.
const STEP: usize = 2;

/// Columns that names are led to, so that sections align with each other.
const NAMES: usize = 35;

/// The sections in the order they are shown; what belongs to no other is the test's own.
const SECTIONS: [(&str, &[&str]); 9] = [
    (
        "HTTP",
        &[
            "http_req_duration",
            "http_req_failed",
            "http_reqs",
            "http_req_blocked",
            "http_req_connecting",
            "http_req_tls_handshaking",
            "http_req_sending",
            "http_req_waiting",
            "http_req_receiving",
        ],
    ),
    (
        "EXECUTION",
        &[
            "dropped_iterations",
            "iteration_duration",
            "iterations",
            "vus",
            "vus_max",
        ],
    ),
    (
        "OPEN MODEL (counted from the due time)",
        &["iteration_duration_from_due", "iteration_start_delay"],
    ),
    ("SERVER-SENT EVENTS", &["sse_event_interval", "sse_events"]),
    ("NETWORK", &["data_received", "data_sent"]),
    ("LOAD GENERATOR", &["worker_busy", "worker_lag"]),
    (
        "GRPC",
        &[
            "grpc_req_duration",
            "grpc_streams",
            "grpc_streams_msgs_received",
            "grpc_streams_msgs_sent",
        ],
    ),
    (
        "WEBSOCKET",
        &[
            "ws_connecting",
            "ws_msgs_received",
            "ws_msgs_sent",
            "ws_ping",
            "ws_session_duration",
            "ws_sessions",
        ],
    ),
    ("", &["checks", "group_duration"]),
];

/// Shown in full only: the parts of a request, and how the load generator itself was.
const PARTS: [&str; 8] = [
    "http_req_blocked",
    "http_req_connecting",
    "http_req_receiving",
    "http_req_sending",
    "http_req_tls_handshaking",
    "http_req_waiting",
    "worker_busy",
    "worker_lag",
];

pub(super) fn lines(summary: &Summary, style: &Style) -> Vec<String> {
    let printer = Printer { summary, style };
    let mut lines = Vec::new();
    if !summary.thresholds.is_empty() {
        lines.extend(printer.title("█", "THRESHOLDS", 1));
        lines.extend(printer.thresholds());
    }
    let mut checks = Vec::new();
    flatten(&summary.root_group, &mut checks);
    lines.extend(printer.title("█", "TOTAL RESULTS", 1));
    lines.extend(printer.checks(&checks, 2));
    lines.extend(printer.metrics(&summary.metrics, 2));
    if style.mode == SummaryMode::Full {
        lines.extend(printer.blocks("█ GROUP", &summary.groups, 1));
        lines.extend(printer.blocks("█ SCENARIO", &summary.scenarios, 1));
    }
    lines
}

struct Printer<'a> {
    summary: &'a Summary,
    style: &'a Style,
}

impl Printer<'_> {
    fn title(&self, prefix: &str, title: &str, level: usize) -> [String; 3] {
        let title = self.style.colors.paint(title, Tone::Heading);
        [
            String::new(),
            format!("{}{prefix} {title}", indent(level)),
            String::new(),
        ]
    }

    /// Each metric with its thresholds; a part of a metric that has thresholds too stands under it.
    fn thresholds(&self) -> Vec<String> {
        let mut results: Vec<&ThresholdResult> = self.summary.thresholds.iter().collect();
        results.sort_by_key(|r| (r.selector.metric.name.clone(), r.selector.source.clone()));
        let has_whole = |name: &str| results.iter().any(|r| &*r.selector.source == name);
        let mut lines = Vec::new();
        for group in results.chunk_by(|a, b| a.selector.source == b.selector.source) {
            let selector = &group[0].selector;
            let inner = selector.is_sub_metric() && has_whole(&selector.metric.name);
            let name = if inner {
                &selector.source[selector.metric.name.len()..]
            } else {
                &selector.source
            };
            let left = indent(if inner { 3 } else { 2 });
            lines.push(format!("{left}{name}"));
            lines.extend(
                group
                    .iter()
                    .map(|result| format!("{left}{}", self.threshold(result))),
            );
            lines.push(String::new());
        }
        lines
    }

    /// `✓ 'p(95)<1500' p(95)=148.21ms`
    fn threshold(&self, result: &ThresholdResult) -> String {
        let colors = self.style.colors;
        let mark = Mark::of(result.passed);
        let symbol = colors.paint(mark.symbol(), mark.tone());
        let observed = result
            .observed
            .map_or_else(|| "none".to_owned(), |v| self.reading(result, v));
        let observed = colors.paint(&observed, Tone::Figure);
        let note = if result.no_data { " (no data)" } else { "" };
        format!(
            "{symbol} '{}' {}={observed}{note}",
            result.expression, result.method
        )
    }

    fn reading(&self, result: &ThresholdResult, value: f64) -> String {
        let metric = &result.selector.metric;
        let text = figure(value, metric.contains, self.style.time_unit);
        match (metric.kind, result.method) {
            (Kind::Rate, _) => share(value),
            (Kind::Counter, Method::Rate) => format!("{text}/s"),
            _ => text,
        }
    }

    /// How many checks passed, then each of them.
    fn checks(&self, checks: &[CheckSummary], level: usize) -> Vec<String> {
        let passes: u64 = checks.iter().map(|check| check.passes).sum();
        let fails: u64 = checks.iter().map(|check| check.fails).sum();
        if passes + fails == 0 {
            return Vec::new();
        }
        let total = (passes + fails) as f64;
        let seconds = self.summary.duration.as_secs_f64();
        let per_second = if seconds > 0.0 { total / seconds } else { 0.0 };
        let rate = |passes: u64, fails| Values::Rate {
            rate: passes as f64 / total,
            passes,
            fails,
        };
        let rows = [
            check_row(
                "checks_total",
                Kind::Counter,
                Values::Counter {
                    count: total,
                    rate: per_second,
                },
            ),
            check_row("checks_succeeded", Kind::Rate, rate(passes, fails)),
            check_row("checks_failed", Kind::Rate, rate(fails, passes)),
        ];
        let mut lines = self.table(&rows.iter().collect::<Vec<_>>(), level);
        lines.push(String::new());
        let margin = STEP * level;
        lines.extend(checks.iter().flat_map(|check| self.check(check, margin)));
        lines.push(String::new());
        lines
    }

    /// As in the older form, but with the detail further in.
    fn check(&self, check: &CheckSummary, margin: usize) -> Vec<String> {
        let mut lines = check_lines(check, self.style, margin);
        lines
            .iter_mut()
            .skip(1)
            .for_each(|detail| detail.insert(0, ' '));
        lines
    }

    /// The metrics by section, the test's own first.
    fn metrics(&self, metrics: &[MetricSummary], level: usize) -> Vec<String> {
        let of = |wanted: Option<&str>| -> Vec<&MetricSummary> {
            metrics
                .iter()
                .filter(|m| section(m) == wanted && self.is_shown(m))
                .collect()
        };
        let named = SECTIONS
            .iter()
            .map(|(name, _)| *name)
            .filter(|name| !name.is_empty());
        let mut lines = Vec::new();
        for (name, wanted) in std::iter::once(("CUSTOM", None)).chain(named.map(|n| (n, Some(n)))) {
            let rows = of(wanted);
            if !rows.is_empty() {
                let heading = self.style.colors.paint(name, Tone::Heading);
                lines.push(format!("{}{heading}", indent(level)));
                lines.extend(self.table(&rows, level));
                lines.push(String::new());
            }
        }
        lines
    }

    fn is_shown(&self, metric: &MetricSummary) -> bool {
        self.style.mode == SummaryMode::Full || !PARTS.contains(&own_name(metric))
    }

    fn table(&self, metrics: &[&MetricSummary], level: usize) -> Vec<String> {
        let stats = &self.summary.trend_stats;
        let row = |metric: &&MetricSummary| Row::of(metric, stats, self.style, RateForm::OutOf);
        let rows: Vec<Row> = metrics.iter().map(row).collect();
        table::lines(&rows, stats, self.style, STEP * level, NAMES)
    }

    /// Each block under a title, and the groups in it further in.
    fn blocks(&self, prefix: &str, blocks: &[Block], level: usize) -> Vec<String> {
        let mut lines = Vec::new();
        let (symbol, kind) = prefix.split_once(' ').unwrap_or(("", prefix));
        for block in blocks {
            lines.extend(self.title(symbol, &format!("{kind}: {}", block.name), level));
            lines.extend(self.checks(&block.checks, level + 1));
            lines.extend(self.metrics(&block.metrics, level + 1));
            lines.extend(self.blocks("↳ GROUP", &block.groups, level + 1));
        }
        lines
    }
}

fn check_row(name: &str, kind: Kind, values: Values) -> MetricSummary {
    let (contains, thresholds) = (Contains::Default, Vec::new());
    MetricSummary {
        name: name.into(),
        parent: None,
        kind,
        contains,
        values,
        no_data: false,
        thresholds,
    }
}

fn section(metric: &MetricSummary) -> Option<&'static str> {
    let name = own_name(metric);
    SECTIONS
        .iter()
        .find(|(_, members)| members.contains(&name))
        .map(|(section, _)| *section)
}

/// The metric's name, also for a part of it.
fn own_name(metric: &MetricSummary) -> &str {
    metric.parent.as_deref().unwrap_or(&metric.name)
}

fn flatten(group: &GroupSummary, checks: &mut Vec<CheckSummary>) {
    checks.extend(group.checks.iter().cloned());
    group.groups.iter().for_each(|inner| flatten(inner, checks));
}

fn indent(level: usize) -> String {
    " ".repeat(STEP * level)
}
