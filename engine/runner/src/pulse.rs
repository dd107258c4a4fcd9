//! Defines the pulse of the workers: how busy their threads are and how late their loops wake up, and the warning where the load
//! generator itself is what slows the test down.
//!
//! A worker that is computing all the time, or waits for a processor, reads its clocks late: what it measures is itself.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use brunt_host::{Level, LogSink, Worker};
use brunt_metrics::{TagSet, TagsId, builtin};
use tokio::time::{Interval, MissedTickBehavior, interval};

/// How often each worker is looked at.
const BEAT: Duration = Duration::from_millis(250);

/// How long a worker must be saturated without a break before it is told.
const SUSTAINED: Duration = Duration::from_secs(2);

/// A loop that wakes up this late is saturated, however busy its own thread is: the machine has no processor for it.
const LATE: Duration = Duration::from_millis(100);

/// The pulse of one worker.
pub(crate) struct Pulse {
    interval: Interval,
    index: usize,
    tags: TagsId,
    /// When the last beat was, and how long the thread had been busy by then.
    last: Option<(Instant, Duration)>,
    saturated_since: Option<Instant>,
    saturation: Arc<Saturation>,
}

/// What the workers of a run know together about being saturated.
pub(crate) struct Saturation {
    log: Arc<dyn LogSink>,
    /// The share of a thread's time from which on it is saturated; none for no warning.
    busy: Option<f64>,
    found: Mutex<Found>,
}

#[derive(Default)]
struct Found {
    told: bool,
    /// Over all workers.
    time: Duration,
    busiest: f64,
    latest: Duration,
}

/// What one beat shows.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Beat {
    /// Since the last one.
    time: Duration,
    /// The share of it in which the thread had something to compute; 0 where the system does not say.
    busy: f64,
    lag: Duration,
}

impl Pulse {
    /// The pulse of the worker with this number, from now on.
    pub(crate) fn new(worker: &Worker, index: usize, saturation: &Arc<Saturation>) -> Self {
        let mut interval = interval(BEAT);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            interval,
            index,
            tags: worker.recorder().intern(&TagSet::empty()),
            last: None,
            saturated_since: None,
            saturation: saturation.clone(),
        }
    }

    /// Waits for the next beat: when it was due.
    pub(crate) async fn due(&mut self) -> Instant {
        self.interval.tick().await.into_std()
    }

    /// Takes the beat that was due then.
    pub(crate) fn take(&mut self, due: Instant, worker: &Worker) {
        let (now, computed) = (Instant::now(), thread_time());
        let Some((then, before)) = self.last.replace((now, computed)) else {
            return;
        };
        let time = now.saturating_duration_since(then);
        let busy = computed.saturating_sub(before).as_secs_f64() / time.as_secs_f64();
        let beat = Beat {
            time,
            busy: if busy.is_finite() { busy.min(1.0) } else { 0.0 },
            lag: now.saturating_duration_since(due),
        };
        let unix_ns = worker.run().unix_ns(now);
        let mut recorder = worker.recorder();
        recorder.record(builtin::WORKER_BUSY, self.tags, beat.busy, unix_ns);
        let lag_ms = beat.lag.as_secs_f64() * 1e3;
        recorder.record(builtin::WORKER_LAG, self.tags, lag_ms, unix_ns);
        drop(recorder);
        self.judge(beat, then, now);
    }

    fn judge(&mut self, beat: Beat, then: Instant, now: Instant) {
        if !self.saturation.is_saturated(&beat) {
            self.saturated_since = None;
            return;
        }
        let since = *self.saturated_since.get_or_insert(then);
        let sustained = now.saturating_duration_since(since);
        if sustained >= SUSTAINED {
            self.saturation.note(self.index, &beat, sustained);
        }
    }
}

impl Saturation {
    /// Nothing found yet. A worker that is busy for `percent` of its time is saturated; with 0 none is.
    pub(crate) fn new(percent: u64, log: Arc<dyn LogSink>) -> Self {
        Self {
            log,
            busy: (percent > 0).then_some(percent as f64 / 100.0),
            found: Mutex::default(),
        }
    }

    fn is_saturated(&self, beat: &Beat) -> bool {
        self.busy
            .is_some_and(|busy| beat.busy >= busy || beat.lag >= LATE)
    }

    /// A worker has been saturated for so long.
    fn note(&self, worker: usize, beat: &Beat, sustained: Duration) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        // The first time counts as a whole, later ones by what they add.
        let first = sustained.saturating_sub(beat.time) < SUSTAINED;
        found.time += if first { sustained } else { beat.time };
        found.busiest = found.busiest.max(beat.busy);
        found.latest = found.latest.max(beat.lag);
        if std::mem::replace(&mut found.told, true) {
            return;
        }
        drop(found);
        let (busy, lag) = (percent(beat.busy), beat.lag.as_millis());
        let words = format!(
            "the load generator is saturated: worker {worker} has been busy for {busy} of its time and wakes up {lag} ms late, so that times show the generator as much as the target; use fewer VUs, more processors or more machines (option busyWarning)"
        );
        self.log.log(Level::Warn, "brunt", &words);
    }

    /// At the end of a run: tells how much of it was saturated, if any was.
    pub(crate) fn tell_end(&self) {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if !found.told {
            return;
        }
        let words = format!(
            "the load generator was saturated for {:.1} s, all workers together: at worst busy for {} of the time and {} ms late; see metrics worker_busy and worker_lag",
            found.time.as_secs_f64(),
            percent(found.busiest),
            found.latest.as_millis(),
        );
        self.log.log(Level::Warn, "brunt", &words);
    }
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// How long this thread has been computing, or could have been and waited for a processor; zero for ever where the system does
/// not say.
fn thread_time() -> Duration {
    // Nanoseconds of both, and how often it ran (Linux, Documentation/scheduler/sched-stats).
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let figures = stat.split_ascii_whitespace().take(2);
    let nanoseconds = figures.filter_map(|figure| figure.parse::<u64>().ok());
    Duration::from_nanos(nanoseconds.sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Lines(Mutex<Vec<String>>);

    impl LogSink for Lines {
        fn log(&self, _: Level, _: &str, message: &str) {
            self.0.lock().unwrap().push(message.to_owned());
        }
    }

    fn beat(busy: f64, lag_ms: u64) -> Beat {
        Beat {
            time: BEAT,
            busy,
            lag: Duration::from_millis(lag_ms),
        }
    }

    #[test]
    fn busy_or_late_is_saturated_unless_nobody_wants_to_know() {
        let lines = Arc::new(Lines(Mutex::default()));
        let saturation = Saturation::new(90, lines.clone());
        let judged = [beat(0.5, 1), beat(0.95, 1), beat(0.1, 150)];
        assert_eq!(
            judged.map(|beat| saturation.is_saturated(&beat)),
            [false, true, true]
        );
        let silent = Saturation::new(0, lines);
        assert_eq!(judged.map(|beat| silent.is_saturated(&beat)), [false; 3]);
    }

    #[test]
    fn it_is_told_once_and_summed_up_at_the_end() {
        let lines = Arc::new(Lines(Mutex::default()));
        let saturation = Saturation::new(90, lines.clone());
        saturation.tell_end();
        saturation.note(1, &beat(0.97, 3), SUSTAINED);
        saturation.note(1, &beat(0.99, 120), SUSTAINED + BEAT);
        saturation.tell_end();
        let lines = lines.0.lock().unwrap();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(
            lines[0].contains("worker 1 has been busy for 97 %"),
            "{lines:?}"
        );
        let end = "saturated for 2.2 s, all workers together: at worst busy for 99 % of the time and 120 ms late";
        assert!(lines[1].contains(end), "{lines:?}");
    }

    #[test]
    fn a_thread_that_computes_has_a_time_of_its_own() {
        let (began, then) = (thread_time(), Instant::now());
        while cfg!(target_os = "linux") && then.elapsed() < Duration::from_millis(50) {}
        assert_eq!(thread_time() > began, cfg!(target_os = "linux"));
    }
}
