//! Defines the collector: it puts together what the workers measured, keeps thresholds, and feeds the outputs.

use std::sync::Arc;
use std::time::Duration;

use brunt_host::{Level, LogSink};
use brunt_metrics::summary::{Summary, SummarySettings};
use brunt_metrics::{Evaluation, Moment, Snapshot, Thresholds, Totals, Warning};

use crate::output::{OutputNotice, Outputs};

/// All that was measured so far.
pub(crate) struct Collector {
    totals: Totals,
    thresholds: Arc<Thresholds>,
    outputs: Option<Outputs>,
    log: Arc<dyn LogSink>,
    warned: Vec<Warning>,
}

impl Collector {
    pub(crate) fn new(
        totals: Totals,
        thresholds: Arc<Thresholds>,
        outputs: Outputs,
        log: Arc<dyn LogSink>,
    ) -> Self {
        Self {
            totals,
            thresholds,
            outputs: Some(outputs),
            log,
            warned: Vec::new(),
        }
    }

    /// Takes in what one recorder measured.
    pub(crate) fn absorb(&mut self, mut snapshot: Snapshot) {
        for warning in std::mem::take(&mut snapshot.warnings) {
            self.warn(warning);
        }
        let raw = std::mem::take(&mut snapshot.raw);
        if let Some(outputs) = self.outputs.as_mut().filter(|_| !raw.is_empty()) {
            let notices = outputs.send(raw);
            self.tell(notices);
        }
        self.totals.absorb(snapshot);
    }

    /// Compares everything so far with the thresholds; gives the words for one that ends the run.
    pub(crate) fn must_abort(&self, elapsed: Duration) -> Option<String> {
        let evaluation = self
            .thresholds
            .evaluate(&self.totals, elapsed, Moment::DuringRun);
        let abort = evaluation.abort()?;
        Some(format!(
            "threshold {} on {} was crossed",
            abort.expression, abort.selector.source
        ))
    }

    /// Completes the outputs.
    pub(crate) fn finish_outputs(&mut self) {
        let notices = self.outputs.take().map(Outputs::finish).unwrap_or_default();
        self.tell(notices);
        let losses = self.totals.losses();
        if losses.raw_dropped > 0 {
            self.log.log(
                Level::Warn,
                "brunt",
                &format!(
                    "{} samples did not reach the outputs: they came faster than they were taken",
                    losses.raw_dropped
                ),
            );
        }
    }

    /// The end-of-test data of a run that lasted this long.
    pub(crate) fn summary(&self, settings: SummarySettings) -> (Summary, Evaluation) {
        let evaluation = self
            .thresholds
            .evaluate(&self.totals, settings.duration, Moment::AtEnd);
        (
            Summary::new(&self.totals, &evaluation, settings),
            evaluation,
        )
    }

    /// Each condition is told once, whichever recorder it came from.
    fn warn(&mut self, warning: Warning) {
        if !self.warned.contains(&warning) {
            self.log.log(Level::Warn, "brunt", &warning.to_string());
            self.warned.push(warning);
        }
    }

    fn tell(&self, notices: Vec<OutputNotice>) {
        for notice in notices {
            self.log.log(Level::Error, "brunt", &notice.to_string());
        }
    }
}
