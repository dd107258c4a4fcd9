//! Defines how the end-of-test summary is printed: compact, full, or in the form of k6 before version 1.

mod humanize;
mod legacy;
mod paint;
mod report;
mod table;

#[cfg(test)]
mod tests;

use brunt_runner::metrics::summary::Summary;
use brunt_runner::options::{SummaryMode, SummaryOptions, TimeUnit};

pub(crate) use paint::{Colors, Tone};

/// How a summary is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Style {
    /// How much is shown, and in which form.
    pub(crate) mode: SummaryMode,
    /// Whether colours are used.
    pub(crate) colors: Colors,
    /// The unit of times.
    pub(crate) time_unit: TimeUnit,
}

impl Style {
    /// The style that the options ask for.
    pub(crate) fn new(options: &SummaryOptions, color: bool) -> Self {
        let colors = if color { Colors::Always } else { Colors::Never };
        Self {
            mode: options.mode,
            colors,
            time_unit: options.time_unit,
        }
    }
}

/// The summary as text that ends with a line break; nothing when it is disabled.
pub(crate) fn render(summary: &Summary, style: &Style) -> String {
    let lines = match style.mode {
        SummaryMode::Compact | SummaryMode::Full => report::lines(summary, style),
        SummaryMode::Legacy => legacy::lines(summary, style),
        SummaryMode::Disabled => return String::new(),
    };
    lines
        .iter()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}
