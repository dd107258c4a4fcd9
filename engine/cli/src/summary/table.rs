//! Defines the lines of metrics: names led by dots to columns of figures.
//!
//! ```text
//!    ✗ http_req_duration..............: avg=105.14ms min=102.01ms …
//!        { expected_response:true }...: avg=105.14ms min=102.01ms …
//!      vus............................: 50      min=50      max=50
//! ```

use brunt_runner::metrics::Contains;
use brunt_runner::metrics::summary::{MetricSummary, TrendStat, Values};

use super::Style;
use super::humanize::{figure, share};
use super::paint::Tone;

/// Dots between the longest name and its colon.
const LEAST_DOTS: usize = 3;

/// How far a sub-metric stands in from its metric.
const SUB_INDENT: usize = 2;

/// One line, before columns are aligned.
pub(super) struct Row {
    /// Columns to the left of the name.
    pub(super) indent: usize,
    /// Stands before the name when thresholds tell something.
    pub(super) mark: Option<Mark>,
    pub(super) name: String,
    pub(super) cells: Cells,
}

/// Whether a promise was kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Kept,
    Crossed,
}

/// The figures of one line.
pub(super) enum Cells {
    /// One per trend statistic.
    Trend(Vec<String>),
    /// The figure, and more about it.
    Value { main: String, extras: Vec<String> },
}

/// How a rate's extras are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum RateForm {
    /// `90 out of 90`
    OutOf,
    /// `✓ 90      ✗ 0`
    Marks,
}

impl Mark {
    pub(super) fn of(kept: bool) -> Self {
        if kept { Self::Kept } else { Self::Crossed }
    }

    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Kept => "✓",
            Self::Crossed => "✗",
        }
    }

    pub(super) fn tone(self) -> Tone {
        match self {
            Self::Kept => Tone::Good,
            Self::Crossed => Tone::Bad,
        }
    }
}

impl Row {
    /// The line of `metric`; a sub-metric is shown by its tags.
    pub(super) fn of(
        metric: &MetricSummary,
        stats: &[TrendStat],
        style: &Style,
        rates: RateForm,
    ) -> Self {
        let tags = metric
            .parent
            .as_ref()
            .and_then(|_| metric.name.split_once('{'));
        let (indent, name) = match tags {
            Some((_, tags)) => (
                SUB_INDENT,
                format!("{{ {} }}", tags.strip_suffix('}').unwrap_or(tags)),
            ),
            None => (0, metric.name.to_string()),
        };
        let cells = cells(&metric.values, metric.contains, stats, style, rates);
        Self {
            indent,
            mark: None,
            name,
            cells,
        }
    }

    fn name_width(&self) -> usize {
        self.indent + width(&self.name)
    }
}

/// The lines of `rows`, `margin` columns from the left, with names led to at least `least` columns.
pub(super) fn lines(
    rows: &[Row],
    stats: &[TrendStat],
    style: &Style,
    margin: usize,
    least: usize,
) -> Vec<String> {
    let names = rows
        .iter()
        .map(|row| row.name_width() + LEAST_DOTS)
        .max()
        .unwrap_or(0)
        .max(least);
    let columns = Columns::of(rows);
    let line = |row: &Row| {
        let dots = ".".repeat(names - row.name_width());
        let leader = style.colors.paint(&format!("{dots}:"), Tone::Leader);
        let before = before_name(row, style, margin);
        format!(
            "{before}{}{leader} {}",
            row.name,
            columns.write(&row.cells, stats, style)
        )
    };
    rows.iter().map(line).collect()
}

/// The widths of figures.
#[derive(Default)]
struct Columns {
    trend: Vec<usize>,
    main: usize,
    extras: Vec<usize>,
}

impl Columns {
    fn of(rows: &[Row]) -> Self {
        let mut columns = Self::default();
        for row in rows {
            match &row.cells {
                Cells::Trend(figures) => widen(&mut columns.trend, figures),
                Cells::Value { main, extras } => {
                    columns.main = columns.main.max(width(main));
                    widen(&mut columns.extras, extras);
                }
            }
        }
        columns
    }

    fn write(&self, cells: &Cells, stats: &[TrendStat], style: &Style) -> String {
        let paint = |text: &str, tone, room: usize| {
            let padding = " ".repeat(room.saturating_sub(width(text)));
            format!("{}{padding}", style.colors.paint(text, tone))
        };
        let parts: Vec<String> = match cells {
            Cells::Trend(figures) => {
                let columns = stats.iter().zip(figures).zip(&self.trend);
                let column = |((stat, figure), room): ((&TrendStat, &String), &usize)| {
                    format!("{}={}", stat.label(), paint(figure, Tone::Figure, *room))
                };
                columns.map(column).collect()
            }
            Cells::Value { main, extras } => {
                let extras = extras.iter().zip(&self.extras);
                let extras = extras.map(|(extra, room)| paint(extra, Tone::SideFigure, *room));
                std::iter::once(paint(main, Tone::Figure, self.main))
                    .chain(extras)
                    .collect()
            }
        };
        parts.join(" ")
    }
}

fn before_name(row: &Row, style: &Style, margin: usize) -> String {
    let left = margin + row.indent;
    match row.mark {
        None => " ".repeat(left),
        Some(mark) => {
            let symbol = style.colors.paint(mark.symbol(), mark.tone());
            format!("{}{symbol} ", " ".repeat(left.saturating_sub(2)))
        }
    }
}

fn cells(
    values: &Values,
    contains: Contains,
    stats: &[TrendStat],
    style: &Style,
    rates: RateForm,
) -> Cells {
    let write = |value: f64| figure(value, contains, style.time_unit);
    let (main, extras) = match values {
        Values::Trend(readings) => {
            let columns = stats.iter().zip(readings);
            let column = |(stat, value): (&TrendStat, &f64)| {
                if stat.is_count() {
                    value.to_string()
                } else {
                    write(*value)
                }
            };
            return Cells::Trend(columns.map(column).collect());
        }
        Values::Counter { count, rate } => (write(*count), vec![format!("{}/s", write(*rate))]),
        Values::Gauge { value, min, max } => (
            write(*value),
            vec![
                format!("min={}", write(*min)),
                format!("max={}", write(*max)),
            ],
        ),
        Values::Rate {
            rate,
            passes,
            fails,
        } => {
            let extras = match rates {
                RateForm::OutOf => vec![format!("{passes} out of {}", passes + fails)],
                RateForm::Marks => vec![format!("✓ {passes}"), format!("✗ {fails}")],
            };
            (share(*rate), extras)
        }
    };
    Cells::Value { main, extras }
}

fn widen(columns: &mut Vec<usize>, texts: &[String]) {
    columns.resize(columns.len().max(texts.len()), 0);
    for (column, text) in columns.iter_mut().zip(texts) {
        *column = (*column).max(width(text));
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}
