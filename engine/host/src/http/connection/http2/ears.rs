//! Defines who hears that a connection has something to do: the task that drives it, or the one stream that does so in place.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Wake, Waker};

/// What is said to a connection, and to the stream that drives it, passes here.
pub(super) struct Ears {
    inner: Arc<Inner>,
    connection: Waker,
    stream: Waker,
}

/// A waker has to be fit for several threads, though all of this is on one.
struct Inner {
    /// Set while something is done after which whoever drives looks anyway.
    quiet: AtomicBool,
    /// Whether the connection was told something since it was last driven.
    due: AtomicBool,
    /// Whether a stream drives the connection, and the task does not.
    in_place: AtomicBool,
    wakers: Mutex<Wakers>,
}

struct Wakers {
    task: Waker,
    stream: Waker,
}

impl Ears {
    pub(super) fn new() -> Self {
        let inner = Arc::new(Inner {
            quiet: AtomicBool::new(false),
            due: AtomicBool::new(false),
            in_place: AtomicBool::new(false),
            wakers: Mutex::new(Wakers {
                task: Waker::noop().clone(),
                stream: Waker::noop().clone(),
            }),
        });
        Self {
            connection: Waker::from(Arc::new(OfConnection(inner.clone()))),
            stream: Waker::from(Arc::new(OfStream(inner.clone()))),
            inner,
        }
    }

    /// What to poll the connection with.
    pub(super) fn of_connection(&self) -> Context<'_> {
        Context::from_waker(&self.connection)
    }

    /// What to poll the stream with that drives the connection.
    pub(super) fn of_stream(&self) -> Context<'_> {
        Context::from_waker(&self.stream)
    }

    /// Whether a stream drives the connection.
    pub(super) fn is_in_place(&self) -> bool {
        self.inner.in_place.load(Ordering::Relaxed)
    }

    /// Lets a stream drive the connection from now on. It has to be polled before it waits.
    pub(super) fn take_over(&self) {
        self.inner.in_place.store(true, Ordering::Relaxed);
    }

    /// Lets the task drive it again. The stream that did is told: from now on it has to be polled with its own task's waker.
    pub(super) fn hand_back(&self) {
        if self.is_in_place() {
            let stream = self.inner.wakers().stream.clone();
            self.leave();
            stream.wake();
        }
    }

    /// The stream that drove the connection is done with it.
    pub(super) fn leave(&self) {
        if self.inner.in_place.swap(false, Ordering::Relaxed) {
            self.inner.wakers().stream = Waker::noop().clone();
            self.tell_if_due();
        }
    }

    /// The stream that drives the connection is of this task.
    pub(super) fn listen(&self, stream: &Waker) {
        self.inner.wakers().stream.clone_from(stream);
    }

    /// The connection's task is this.
    pub(super) fn attended_by(&self, task: &Waker) {
        self.inner.wakers().task.clone_from(task);
    }

    /// The connection is driven now: all that it was told is done.
    pub(super) fn attend(&self) {
        self.inner.due.store(false, Ordering::Relaxed);
    }

    /// Wakes who drives the connection.
    pub(super) fn tell(&self) {
        self.inner.tell();
    }

    /// Wakes who drives the connection, where it was told something since.
    pub(super) fn tell_if_due(&self) {
        if self.inner.due.load(Ordering::Relaxed) {
            self.inner.tell();
        }
    }

    /// Wakes the task, which has nothing to drive any more.
    pub(super) fn dismiss(&self) {
        self.inner.wakers().task.wake_by_ref();
    }

    /// Does something after which whoever drives looks anyway.
    pub(super) fn quietly<T>(&self, work: impl FnOnce() -> T) -> T {
        let before = self.inner.quiet.swap(true, Ordering::Relaxed);
        let result = work();
        self.inner.quiet.store(before, Ordering::Relaxed);
        result
    }

    /// Does something after which nobody has to look.
    pub(super) fn unheard(&self, work: impl FnOnce()) {
        let due = self.inner.due.load(Ordering::Relaxed);
        self.quietly(work);
        self.inner.due.store(due, Ordering::Relaxed);
    }
}

impl Inner {
    fn wakers(&self) -> MutexGuard<'_, Wakers> {
        self.wakers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_quiet(&self) -> bool {
        self.quiet.load(Ordering::Relaxed)
    }

    fn tell(&self) {
        let wakers = self.wakers();
        match self.in_place.load(Ordering::Relaxed) {
            true => wakers.stream.wake_by_ref(),
            false => wakers.task.wake_by_ref(),
        }
    }
}

/// Hears for the connection.
struct OfConnection(Arc<Inner>);

impl Wake for OfConnection {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.due.store(true, Ordering::Relaxed);
        if !self.0.is_quiet() {
            self.0.tell();
        }
    }
}

/// Hears for the stream that drives it.
struct OfStream(Arc<Inner>);

impl Wake for OfStream {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.0.is_quiet() {
            self.0.wakers().stream.wake_by_ref();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Ears with a task and a stream, and how often each was woken.
    fn ears() -> (Ears, Arc<Count>, Arc<Count>) {
        let (ears, task, stream) = (Ears::new(), Arc::default(), Arc::default());
        ears.attended_by(&Waker::from(Arc::clone(&task)));
        ears.listen(&Waker::from(Arc::clone(&stream)));
        (ears, task, stream)
    }

    fn count(count: &Count) -> usize {
        count.0.load(Ordering::Relaxed)
    }

    #[test]
    fn who_drives_is_woken() {
        let (ears, task, stream) = ears();
        ears.connection.wake_by_ref();
        assert_eq!((count(&task), count(&stream)), (1, 0));
        ears.take_over();
        ears.connection.wake_by_ref();
        ears.stream.wake_by_ref();
        assert_eq!((count(&task), count(&stream)), (1, 2));
    }

    #[test]
    fn what_the_stream_did_not_do_is_the_tasks() {
        let (ears, task, stream) = ears();
        ears.take_over();
        ears.quietly(|| {
            ears.connection.wake_by_ref();
            ears.stream.wake_by_ref();
        });
        assert_eq!((count(&task), count(&stream)), (0, 0));
        ears.leave();
        assert_eq!((count(&task), count(&stream)), (1, 0));
    }

    #[test]
    fn what_was_done_or_does_not_matter_wakes_nobody() {
        let (ears, task, stream) = ears();
        ears.take_over();
        ears.quietly(|| ears.connection.wake_by_ref());
        ears.attend();
        ears.unheard(|| ears.connection.wake_by_ref());
        ears.leave();
        assert_eq!((count(&task), count(&stream)), (0, 0));
    }

    #[test]
    fn a_stream_that_drives_no_more_is_told() {
        let (ears, task, stream) = ears();
        ears.take_over();
        ears.hand_back();
        ears.hand_back();
        assert_eq!((count(&task), count(&stream)), (0, 1));
    }
}
