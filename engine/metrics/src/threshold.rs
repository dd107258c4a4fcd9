//! Defines thresholds: what the test's owner promised, and whether the totals keep it.

mod evaluate;
mod expression;
mod parse;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::selector::{Selector, SelectorError};

pub use evaluate::{Evaluation, Moment, ThresholdResult};
pub use expression::{Expression, Method, Operator};

pub(crate) use expression::per_second;

/// One promise about one metric.
#[derive(Clone, Debug)]
pub struct Threshold {
    /// The metric or sub-metric.
    pub selector: Selector,
    /// What it must satisfy.
    pub expression: Expression,
    /// Whether the run ends when this is crossed.
    pub abort_on_fail: bool,
    /// How long the run goes on at least before it may be aborted.
    pub delay_abort: Option<Duration>,
}

/// A threshold as its owner wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThresholdSource {
    /// The expression, such as `p(95)<200`.
    pub expression: String,
    /// Whether the run ends when this is crossed.
    pub abort_on_fail: bool,
    /// How long the run goes on at least before it may be aborted.
    pub delay_abort: Option<Duration>,
}

/// Every threshold of a run, in the order they were written.
#[derive(Clone, Debug, Default)]
pub struct Thresholds {
    thresholds: Vec<Threshold>,
}

/// Why thresholds could not be understood: names the metric, the expression and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ThresholdError {
    /// The key names no metric.
    Selector(SelectorError),
    /// The expression does not follow the grammar.
    Expression {
        /// The key it stands under.
        metric: String,
        /// The expression.
        expression: String,
        /// Where it goes wrong, in bytes from the start.
        position: usize,
        /// What is wrong there, and what would be right.
        hint: String,
    },
    /// The method does not exist for the metric's kind.
    Method {
        /// The key it stands under.
        metric: String,
        /// The expression.
        expression: String,
        /// The method, the metric's kind and the kind's methods.
        hint: String,
    },
    /// The value is not a string, a list or an object of the known form.
    Form {
        /// The key it stands under.
        metric: String,
        /// What is wrong, and what would be right.
        hint: String,
    },
}

impl Thresholds {
    /// What the thresholds are about, for [`Routing::new`](crate::Routing::new).
    pub fn selectors(&self) -> impl Iterator<Item = &Selector> {
        self.thresholds.iter().map(|threshold| &threshold.selector)
    }

    /// The thresholds, in the order they were written.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Threshold> {
        self.thresholds.iter()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.thresholds.is_empty()
    }

    /// The sources of the thresholds under `key`, as the outputs list them.
    pub fn sources_of(&self, key: &str) -> Vec<Arc<str>> {
        let own = self
            .thresholds
            .iter()
            .filter(|t| &*t.selector.source == key);
        own.map(|threshold| Arc::clone(&threshold.expression.source))
            .collect()
    }
}

impl ThresholdSource {
    /// A threshold that does not abort the run.
    pub fn new(expression: impl Into<String>) -> Self {
        Self {
            expression: expression.into(),
            abort_on_fail: false,
            delay_abort: None,
        }
    }
}

impl fmt::Display for ThresholdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Selector(error) => write!(f, "invalid threshold: {error}"),
            Self::Expression {
                metric,
                expression,
                position,
                hint,
            } => write!(
                f,
                "invalid threshold {expression:?} on metric '{metric}', at character {position}: {hint}"
            ),
            Self::Method {
                metric,
                expression,
                hint,
            } => {
                write!(
                    f,
                    "invalid threshold {expression:?} on metric '{metric}': {hint}"
                )
            }
            Self::Form { metric, hint } => {
                write!(f, "invalid threshold on metric '{metric}': {hint}")
            }
        }
    }
}

impl std::error::Error for ThresholdError {}

impl From<SelectorError> for ThresholdError {
    fn from(error: SelectorError) -> Self {
        Self::Selector(error)
    }
}
