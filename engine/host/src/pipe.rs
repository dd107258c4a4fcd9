//! Defines pipes: queues with a limit between a writer and a reader on the same thread, both of which can be waited for.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Context, Poll};

use crate::signal::Signal;

/// A queue with a limit, and how it ended.
pub(crate) struct Pipe<Q, E> {
    queue: RefCell<Q>,
    limit: usize,
    end: RefCell<Option<E>>,
    is_ended: Cell<bool>,
    readable: Gate,
    writable: Gate,
}

/// What a pipe can hold.
pub(crate) trait Queue: Default {
    /// How much of the limit it takes; 0 when it is empty.
    fn held(&self) -> usize;
}

impl Queue for VecDeque<u8> {
    fn held(&self) -> usize {
        self.len()
    }
}

impl<Q: Queue, E: Clone> Pipe<Q, E> {
    /// An empty one.
    pub(crate) fn new(limit: usize) -> Self {
        let pipe = Self {
            queue: RefCell::default(),
            limit,
            end: RefCell::default(),
            is_ended: Cell::default(),
            readable: Gate::default(),
            writable: Gate::default(),
        };
        pipe.adjust();
        pipe
    }

    /// How much fits into it.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// How much more fits into it.
    pub(crate) fn room(&self) -> usize {
        self.limit.saturating_sub(self.queue.borrow().held())
    }

    /// Puts something in or takes something out, and tells who waits for that.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Q) -> T) -> T {
        let result = change(&mut self.queue.borrow_mut());
        self.adjust();
        result
    }

    /// Looks at what is in it.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Q) -> T) -> T {
        look(&self.queue.borrow())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.borrow().held() == 0
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.is_ended.get()
    }

    /// How it ended, if it did. What was put in before can still be taken out.
    pub(crate) fn ended(&self) -> Option<E> {
        self.end.borrow().clone()
    }

    /// Nothing more is put in. The first end counts.
    pub(crate) fn end(&self, end: E) {
        self.end.borrow_mut().get_or_insert(end);
        self.is_ended.set(true);
        self.adjust();
    }

    /// Ready when something is in it, or it has ended.
    pub(crate) fn poll_readable(&self, context: &mut Context<'_>) -> Poll<()> {
        self.readable.poll(context)
    }

    /// Ready when something fits into it, or it has ended.
    pub(crate) fn poll_writable(&self, context: &mut Context<'_>) -> Poll<()> {
        self.writable.poll(context)
    }

    /// Set when [`Pipe::poll_readable`] is ready.
    pub(crate) fn readable(&self) -> Rc<Signal> {
        self.readable.0.borrow().clone()
    }

    /// Set when [`Pipe::poll_writable`] is ready.
    pub(crate) fn writable(&self) -> Rc<Signal> {
        self.writable.0.borrow().clone()
    }

    fn adjust(&self) {
        let is_ended = self.is_ended.get();
        self.readable.set_open(is_ended || !self.is_empty());
        self.writable.set_open(is_ended || self.room() > 0);
    }
}

/// A signal that can be taken back: those who have it keep it, those who ask later get another.
#[derive(Default)]
pub(crate) struct Gate(RefCell<Rc<Signal>>);

impl Gate {
    pub(crate) fn set_open(&self, open: bool) {
        let mut signal = self.0.borrow_mut();
        match open {
            true if !signal.is_set() => signal.set(),
            false if signal.is_set() => match Rc::get_mut(&mut signal) {
                // Nobody has it: it is as good as another.
                Some(signal) => signal.take_back(),
                None => *signal = Rc::default(),
            },
            _ => {}
        }
    }

    /// Ready while it is open.
    pub(crate) fn poll(&self, context: &mut Context<'_>) -> Poll<()> {
        self.0.borrow().poll(context)
    }
}

/// Takes at most so many bytes out of a queue.
pub(crate) fn take_bytes(queue: &mut VecDeque<u8>, most: usize) -> Vec<u8> {
    let length = queue.len().min(most);
    let (front, back) = queue.as_slices();
    let in_front = front.len().min(length);
    let mut bytes = Vec::with_capacity(length);
    bytes.extend_from_slice(&front[..in_front]);
    bytes.extend_from_slice(&back[..length - in_front]);
    queue.drain(..length);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_know_when_to_wait() {
        let pipe: Pipe<VecDeque<u8>, ()> = Pipe::new(4);
        assert!(!pipe.readable().is_set() && pipe.writable().is_set());
        pipe.change(|queue| queue.extend(b"abcd"));
        assert!(pipe.readable().is_set() && !pipe.writable().is_set());
        assert_eq!(pipe.room(), 0);
        let full = pipe.writable();
        assert_eq!(pipe.change(|queue| take_bytes(queue, 3)), b"abc");
        assert!(full.is_set() && pipe.readable().is_set());
        assert_eq!(pipe.change(|queue| take_bytes(queue, 3)), b"d");
        assert!(!pipe.readable().is_set());
        pipe.end(());
        assert!(pipe.readable().is_set() && pipe.writable().is_set());
        assert_eq!(pipe.ended(), Some(()));
    }
}
