//! Defines a table of results: as text, and as a block of `docs/benchmarks.md`.

use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Rows below headings.
pub(crate) struct Table {
    headings: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(headings: &[&str]) -> Table {
        Table {
            headings: headings.iter().map(ToString::to_string).collect(),
            rows: Vec::new(),
        }
    }

    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Replaces the block `benchmarks-NAME` of the document.
    ///
    /// # Errors
    /// When the document can't be read or written, or has no such block.
    pub(crate) fn write(&self, name: &str) -> Result<()> {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/benchmarks.md");
        let text =
            fs::read_to_string(&file).with_context(|| format!("can't read {}", file.display()))?;
        let fresh = replaced(&text, name, &self.to_string());
        let fresh = fresh.with_context(|| format!("{} has no block for {name}", file.display()))?;
        fs::write(&file, fresh).with_context(|| format!("can't write {}", file.display()))
    }
}

fn replaced(text: &str, name: &str, content: &str) -> Option<String> {
    let (before, rest) = text.split_once(&format!("<!-- generated: benchmarks-{name} -->"))?;
    let end = format!("<!-- end of benchmarks-{name} -->");
    let (_, after) = rest.split_once(&end)?;
    Some(format!(
        "{before}<!-- generated: benchmarks-{name} -->\n{}\n{end}{after}",
        content.trim_end()
    ))
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| {} |", self.headings.join(" | "))?;
        writeln!(f, "|{}", " --- |".repeat(self.headings.len()))?;
        self.rows
            .iter()
            .try_for_each(|row| writeln!(f, "| {} |", row.join(" | ")))
    }
}

/// The middle one; 0 of nothing.
pub(crate) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// The value below which this share of the values lies, by the nearest rank; 0 of nothing.
pub(crate) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let values = [3.0, 1.0, 2.0, 10.0];
        assert_eq!(
            (
                median(&values),
                quantile(&values, 0.95),
                quantile(&values, 0.0)
            ),
            (2.0, 10.0, 1.0)
        );
        assert_eq!(median(&[]), 0.0);
    }

    #[test]
    fn a_block_is_replaced_and_nothing_else() {
        let text = "a\n<!-- generated: benchmarks-x -->\nold\n<!-- end of benchmarks-x -->\nb\n";
        let fresh = replaced(text, "x", "new\n").unwrap();
        assert_eq!(
            fresh,
            "a\n<!-- generated: benchmarks-x -->\nnew\n<!-- end of benchmarks-x -->\nb\n"
        );
        assert_eq!(replaced(text, "y", "new"), None);
    }
}
