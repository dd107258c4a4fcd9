//! Defines the outputs of one run: a thread and a bounded queue for each.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender, TrySendError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use brunt_metrics::RawBatch;

use super::{Output, OutputContext, OutputError, OutputSpec, open};

/// The outputs of one run.
pub struct Outputs {
    lanes: Vec<Lane>,
    notices: Receiver<OutputNotice>,
}

/// What became of an output; each kind is reported once per output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutputNotice {
    /// The output cannot be written any more and was dropped.
    Failed {
        /// Which output.
        output: String,
        /// Why.
        error: String,
    },
    /// The output is slower than the test: samples are missing from it.
    Dropped {
        /// Which output.
        output: String,
        /// Samples that are missing so far; the final count when the output is finished.
        samples: u64,
    },
}

/// One output's thread, and the way to it.
struct Lane {
    description: String,
    queue: Option<SyncSender<Arc<RawBatch>>>,
    thread: Option<JoinHandle<()>>,
    dropped: u64,
}

impl Outputs {
    /// Opens every output.
    ///
    /// # Errors
    /// The first output that cannot be opened or whose argument is wrong; nothing has been started then.
    pub fn open(specs: &[OutputSpec], context: &OutputContext) -> Result<Self, OutputError> {
        let opened = specs
            .iter()
            .map(|spec| open(spec, context))
            .collect::<Result<Vec<_>, _>>()?;
        Self::start(opened, context.queue)
    }

    /// Whether there are none, so that no sample needs to be kept.
    pub fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }

    /// What the user knows the outputs by.
    pub fn descriptions(&self) -> impl Iterator<Item = &str> {
        self.lanes.iter().map(|lane| lane.description.as_str())
    }

    /// Hands samples to every output that still works; never waits. Returns what is to be reported.
    pub fn send(&mut self, batch: RawBatch) -> Vec<OutputNotice> {
        let mut reports = Vec::new();
        if !batch.is_empty() {
            let batch = Arc::new(batch);
            reports.extend(self.lanes.iter_mut().filter_map(|lane| lane.send(&batch)));
        }
        reports.extend(self.notices.try_iter());
        reports
    }

    /// Lets every output write what it has got and waits for it. Returns what is to be reported.
    pub fn finish(mut self) -> Vec<OutputNotice> {
        self.close();
        let mut reports: Vec<_> = self.notices.try_iter().collect();
        let incomplete = self.lanes.iter().filter(|lane| lane.dropped > 0);
        reports.extend(incomplete.map(Lane::dropped_notice));
        reports
    }

    fn start(outputs: Vec<Box<dyn Output>>, queue: usize) -> Result<Self, OutputError> {
        let (sender, notices) = mpsc::channel();
        let lanes = outputs
            .into_iter()
            .map(|output| Lane::start(output, queue, sender.clone()));
        Ok(Self {
            lanes: lanes.collect::<Result<_, _>>()?,
            notices,
        })
    }

    fn close(&mut self) {
        self.lanes.iter_mut().for_each(|lane| lane.queue = None);
        for thread in self.lanes.iter_mut().filter_map(|lane| lane.thread.take()) {
            // A thread that panicked has nothing left to write.
            let _ = thread.join();
        }
    }
}

impl Drop for Outputs {
    /// Also when the run ends early, files are completed.
    fn drop(&mut self) {
        self.close();
    }
}

impl Lane {
    fn start(
        output: Box<dyn Output>,
        queue: usize,
        notices: Sender<OutputNotice>,
    ) -> Result<Self, OutputError> {
        let description = output.description();
        let (queue, batches) = mpsc::sync_channel(queue);
        let builder = thread::Builder::new().name("brunt-output".to_owned());
        let name = description.clone();
        let thread = builder
            .spawn(move || {
                if let Err(error) = run(output, &batches) {
                    let error = error.to_string();
                    // Without a receiver the run is over and nobody is left to tell.
                    let _ = notices.send(OutputNotice::Failed {
                        output: name,
                        error,
                    });
                }
            })
            .map_err(|error| {
                OutputError::new(format!(
                    "output {description}: cannot start its thread: {error}"
                ))
            })?;
        Ok(Self {
            description,
            queue: Some(queue),
            thread: Some(thread),
            dropped: 0,
        })
    }

    fn send(&mut self, batch: &Arc<RawBatch>) -> Option<OutputNotice> {
        match self.queue.as_ref()?.try_send(Arc::clone(batch)) {
            Ok(()) => None,
            Err(TrySendError::Disconnected(_)) => {
                self.queue = None;
                None
            }
            Err(TrySendError::Full(_)) => {
                let first = self.dropped == 0;
                self.dropped += batch.samples.len() as u64;
                first.then(|| self.dropped_notice())
            }
        }
    }

    fn dropped_notice(&self) -> OutputNotice {
        OutputNotice::Dropped {
            output: self.description.clone(),
            samples: self.dropped,
        }
    }
}

/// Writes batches as they come, flushes now and then, and completes the output when the run is over.
fn run(mut output: Box<dyn Output>, batches: &Receiver<Arc<RawBatch>>) -> io::Result<()> {
    let interval = output.flush_interval();
    let mut flush_at = Instant::now() + interval;
    loop {
        match batches.recv_timeout(flush_at.saturating_duration_since(Instant::now())) {
            Ok(batch) => output.write(&batch)?,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return output.finish(),
        }
        if Instant::now() >= flush_at {
            output.flush()?;
            flush_at = Instant::now() + interval;
        }
    }
}

impl fmt::Display for OutputNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { output, error } => write!(
                f,
                "output {output} failed and gets no more samples, the test goes on: {error}"
            ),
            Self::Dropped { output, samples } => write!(
                f,
                "output {output} is slower than the test: {samples} samples are missing from it (the summary is complete)"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use brunt_metrics::{RawSample, TagSet, builtin};

    use super::*;

    /// Fails at the second batch, or waits until it is told to go on.
    struct Faulty {
        written: usize,
        gate: Option<Receiver<()>>,
    }

    impl Output for Faulty {
        fn description(&self) -> String {
            "faulty".to_owned()
        }

        fn write(&mut self, _: &RawBatch) -> io::Result<()> {
            if let Some(gate) = &self.gate {
                let _ = gate.recv();
                return Ok(());
            }
            self.written += 1;
            if self.written == 2 {
                Err(io::Error::other("disk full"))
            } else {
                Ok(())
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }

        fn flush_interval(&self) -> Duration {
            Duration::from_millis(1)
        }

        fn finish(self: Box<Self>) -> io::Result<()> {
            Ok(())
        }
    }

    fn batch() -> RawBatch {
        let sample = RawSample {
            metric: builtin::HTTP_REQS,
            tags: 0,
            value: 1.0,
            time_unix_ns: 1,
            metadata: None,
        };
        RawBatch {
            samples: vec![sample],
            tag_sets: vec![TagSet::empty()],
        }
    }

    #[test]
    fn a_failed_output_is_reported_once_and_dropped() {
        let faulty = Faulty {
            written: 0,
            gate: None,
        };
        let mut outputs = Outputs::start(vec![Box::new(faulty)], 64).expect("a thread");
        let mut reports = Vec::new();
        while reports.is_empty() {
            reports.extend(outputs.send(batch()));
            thread::sleep(Duration::from_millis(1));
        }
        (0..5).for_each(|_| reports.extend(outputs.send(batch())));
        reports.extend(outputs.finish());
        let expected = OutputNotice::Failed {
            output: "faulty".to_owned(),
            error: "disk full".to_owned(),
        };
        assert_eq!(reports, [expected]);
    }

    #[test]
    fn what_a_slow_output_misses_is_counted() {
        let (go, gate) = mpsc::channel();
        let slow = Faulty {
            written: 0,
            gate: Some(gate),
        };
        let mut outputs = Outputs::start(vec![Box::new(slow)], 64).expect("a thread");
        let reports: Vec<_> = (0..64 + 10).flat_map(|_| outputs.send(batch())).collect();
        let dropped = |samples| OutputNotice::Dropped {
            output: "faulty".to_owned(),
            samples,
        };
        assert_eq!(reports, [dropped(1)]);
        drop(go);
        let finished = outputs.finish();
        let [
            OutputNotice::Dropped {
                samples: 9 | 10, ..
            },
        ] = finished.as_slice()
        else {
            panic!("{finished:?}");
        };
    }
}
