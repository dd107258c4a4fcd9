//! Defines what the VUs of one worker thread share: the recorder, and everything that is looked up once.

use std::cell::{Cell, RefCell, RefMut};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use brunt_metrics::{Recorder, TagSet};
use rustc_hash::FxHashSet;
use tokio::sync::Notify;

use crate::http::{Origin, Targets};
use crate::net::Resolver;
use crate::run::{Counters, Run};
use crate::tags::{TagScope, TagScopes};

/// One worker thread's side of a run. Not shared with other threads.
pub struct Worker {
    pub(crate) run: Arc<Run>,
    pub(crate) targets: RefCell<Targets>,
    pub(crate) resolver: Resolver,
    /// Origins over TLS that are known to speak no HTTP/2.
    pub(crate) http1_only: RefCell<FxHashSet<Origin>>,
    /// Whether system tag `ip` is on; asked for every request.
    pub(crate) shows_ip: bool,
    index: usize,
    recorder: RefCell<Recorder>,
    /// The error codes that need not be told any more.
    failures_told: RefCell<Vec<u16>>,
    bases: RefCell<TagScopes>,
    /// Sockets of its VUs that are open, or being closed.
    sockets: Cell<usize>,
    sockets_gone: Notify,
}

impl Worker {
    /// The worker with this number, with a recorder of its own.
    pub fn new(run: Arc<Run>, index: usize, recorder: Recorder) -> Rc<Self> {
        let http = &run.settings.http;
        let shows_ip = run.settings.system_tags.has("ip");
        let targets = Targets::new(&http.user_agent, http.proxies.clone());
        Rc::new(Self {
            run,
            targets: RefCell::new(targets),
            resolver: Resolver::default(),
            http1_only: RefCell::default(),
            shows_ip,
            index,
            recorder: RefCell::new(recorder),
            failures_told: RefCell::default(),
            bases: RefCell::default(),
            sockets: Cell::default(),
            sockets_gone: Notify::new(),
        })
    }

    /// The recorder. The borrow must end before anything is awaited.
    pub fn recorder(&self) -> RefMut<'_, Recorder> {
        self.recorder.borrow_mut()
    }

    /// The time of a sample that is recorded now, of a metric that is no gauge: 0 where no output looks at it, because a clock
    /// is read some ten times in an iteration.
    pub(crate) fn sample_time(&self) -> u64 {
        match self.recorder.borrow().keeps_samples() {
            true => self.run.unix_ns(Instant::now()),
            false => 0,
        }
    }

    /// The run that this worker works for.
    pub fn run(&self) -> &Arc<Run> {
        &self.run
    }

    /// This worker's counters.
    pub fn counters(&self) -> &Counters {
        self.run.counters(self.index)
    }

    /// Says why a request failed, once per error code of the run.
    pub(crate) fn tell_failed_request(&self, code: u16, why: impl FnOnce() -> String) {
        let mut told = self.failures_told.borrow_mut();
        if !told.contains(&code) {
            told.push(code);
            self.run.tell_failed_request(code, why);
        }
    }

    /// Waits until the sockets of VUs that are gone are closed: what they left to be written is still on its way. Every one takes a
    /// bounded time for that.
    pub async fn sockets_closed(&self) {
        while self.sockets.get() > 0 {
            self.sockets_gone.notified().await;
        }
    }

    pub(crate) fn begin_socket(&self) {
        self.sockets.set(self.sockets.get() + 1);
    }

    pub(crate) fn end_socket(&self) {
        self.sockets.set(self.sockets.get() - 1);
        self.sockets_gone.notify_one();
    }

    /// The scope of these tags with the metadata of `base`.
    pub(crate) fn derived(&self, base: &TagScope, tags: &TagSet) -> Rc<TagScope> {
        let scope = self.base(tags);
        match base.metadata() {
            Some(metadata) => scope.with_metadata(metadata.clone()),
            None => scope,
        }
    }

    pub(crate) fn base(&self, tags: &TagSet) -> Rc<TagScope> {
        self.bases.borrow_mut().get(tags, &mut self.recorder())
    }
}
