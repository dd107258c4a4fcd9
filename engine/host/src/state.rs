//! Defines the state of one VU behind its store: who it is, what it holds, what it has used.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use brunt_metrics::{TagSet, TagsId};
use send_wrapper::SendWrapper;
use wasmtime::ResourceLimiter;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::arrivals::Arrivals;
use crate::attendance::Attendance;
use crate::bridge::Calls;
use crate::errand::Errands;
use crate::http::Client;
use crate::interfaces::random::Generator;
use crate::interfaces::wasi::{self, WasiHttp};
use crate::log::LogBudget;
use crate::run::Run;
use crate::tags::TagScope;
use crate::vu::Place;
use crate::worker::Worker;

/// What a VU is doing: decides what it may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Init,
    Setup,
    Iteration,
    Teardown,
    HandleSummary,
}

/// The data of a VU's store.
pub(crate) struct VuState {
    pub(crate) run: Arc<Run>,
    pub(crate) phase: Phase,
    pub(crate) who: Who,
    pub(crate) place: Option<Arc<Place>>,
    pub(crate) table: ResourceTable,
    pub(crate) usage: Usage,
    pub(crate) log: LogBudget,
    pub(crate) random: Generator,
    pub(crate) attendance: Attendance,
    pub(crate) calls: Calls,
    pub(crate) local: SendWrapper<Local>,
    wasi: Option<Box<WasiCtx>>,
    pub(crate) wasi_http: Option<Box<WasiHttp>>,
}

/// The numbers of a VU and of its current iteration.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Who {
    pub(crate) vu_in_test: u64,
    pub(crate) vu_in_instance: u64,
    pub(crate) iteration: u64,
    pub(crate) iteration_in_place: u64,
    pub(crate) iteration_in_test: u64,
    pub(crate) iteration_in_instance: u64,
}

/// What never leaves the worker's thread.
pub(crate) struct Local {
    pub(crate) worker: Rc<Worker>,
    pub(crate) http: Rc<Client>,
    pub(crate) errands: Rc<Errands>,
    /// What came on its sockets.
    pub(crate) arrivals: Rc<Arrivals>,
    pub(crate) place_tags: TagSet,
    pub(crate) vu_tags: BTreeMap<String, String>,
    /// What outputs show beside the tags; none where none of them writes samples.
    pub(crate) metadata: Option<TagSet>,
    /// Counts changes of the VU's own tags and metadata.
    pub(crate) revision: u64,
    pub(crate) groups: Vec<Group>,
    pub(crate) base: Rc<TagScope>,
    numbers: Numbers,
}

/// The system tags `vu` and `iter`, where they are on.
#[derive(Default)]
struct Numbers {
    vu: Option<String>,
    iteration: Option<String>,
}

/// A group that the VU is in.
pub(crate) struct Group {
    pub(crate) path: String,
    pub(crate) began: Instant,
    /// The tags outside of the group, as they were when it began.
    pub(crate) outer: Rc<TagScope>,
    /// [`Local::revision`] at that time.
    pub(crate) revision: u64,
}

/// What the VU has used of its limits.
pub(crate) struct Usage {
    memory_limit: usize,
    /// Bytes of all memories together.
    memory: usize,
    table_limit: usize,
    cpu_limit: Duration,
    cpu: Duration,
    running_since: Instant,
    pub(crate) memory_refused: bool,
}

impl VuState {
    pub(crate) fn new(worker: &Rc<Worker>, who: Who, imports_wasi: bool) -> Self {
        let run = worker.run.clone();
        let mut table = ResourceTable::new();
        table.set_max_capacity(run.settings.limits.handles);
        Self {
            phase: Phase::Init,
            who,
            place: None,
            table,
            usage: Usage::new(&run),
            log: LogBudget::new(),
            attendance: Attendance::default(),
            calls: Calls::default(),
            random: Generator::new(run.settings.seed, who.vu_in_test),
            local: SendWrapper::new(Local::new(worker, &who)),
            wasi: imports_wasi.then(|| wasi::context(&run)),
            wasi_http: None,
            run,
        }
    }

    /// Moves to a scenario.
    pub(crate) fn enter(&mut self, place: &Arc<Place>) {
        self.local.place_tags = place.tags.clone();
        self.local.rebase();
        self.place = Some(place.clone());
    }

    /// Gives the samples of an iteration that begins its number, where system tag `iter` is on.
    pub(crate) fn begin_iteration(&mut self) {
        if self.local.numbers.iteration.is_some() {
            self.local.numbers.iteration = Some(self.who.iteration.to_string());
            self.local.rebase();
        }
    }

    /// An error that traps when the VU is still in `init`.
    pub(crate) fn refuse_in_init(&self, what: &str) -> wasmtime::Result<()> {
        if self.phase == Phase::Init {
            return Err(Misuse(format!("{what} is not allowed in init")).into());
        }
        Ok(())
    }
}

/// A call where it may not be made: a trap with words.
#[derive(Debug)]
pub(crate) struct Misuse(pub(crate) String);

impl std::fmt::Display for Misuse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Misuse {}

impl Local {
    fn new(worker: &Rc<Worker>, who: &Who) -> Self {
        let place_tags = TagSet::empty();
        let system = &worker.run.settings.system_tags;
        let numbers = Numbers {
            vu: system.has("vu").then(|| who.vu_in_test.to_string()),
            iteration: system.has("iter").then(|| who.iteration.to_string()),
        };
        Self {
            base: worker.base(&place_tags),
            worker: worker.clone(),
            http: Client::new(worker, who.vu_in_instance),
            errands: Rc::default(),
            arrivals: Rc::default(),
            place_tags,
            vu_tags: BTreeMap::new(),
            metadata: None,
            revision: 0,
            groups: Vec::new(),
            numbers,
        }
    }

    /// The tags of what is measured of the VU's iterations as a whole, where they are not just the scenario's.
    pub(crate) fn own_tags(&self) -> Option<TagsId> {
        let has_own = self.numbers.vu.is_some() || self.numbers.iteration.is_some();
        has_own.then_some(self.base.id)
    }

    /// The path of the current group, `::outer::inner`; empty outside of groups.
    pub(crate) fn group_path(&self) -> &str {
        self.groups.last().map_or("", |group| group.path.as_str())
    }

    /// Puts other metadata on the samples from here on.
    pub(crate) fn describe(&mut self, metadata: Option<TagSet>) {
        self.metadata = metadata;
        self.revision += 1;
        self.rebase();
    }

    /// Makes [`Local::base`] follow from the place, the VU's own tags and the group.
    pub(crate) fn rebase(&mut self) {
        let own = self
            .vu_tags
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let mut tags = TagSet::from_pairs(own).merged(&self.place_tags);
        if !self.groups.is_empty() && self.worker.run.settings.system_tags.has("group") {
            tags = tags.with("group", self.group_path());
        }
        let Numbers { vu, iteration } = &self.numbers;
        for (name, number) in [("vu", vu), ("iter", iteration)] {
            if let Some(number) = number {
                tags = tags.with(name, number);
            }
        }
        self.base = self.worker.base(&tags);
        if let Some(metadata) = &self.metadata {
            self.base = self.base.clone().with_metadata(metadata.clone());
        }
    }
}

impl Usage {
    fn new(run: &Run) -> Self {
        let limits = &run.settings.limits;
        Self {
            memory_limit: limits.memory,
            memory: 0,
            table_limit: limits.table_elements,
            cpu_limit: limits.cpu_time,
            cpu: Duration::ZERO,
            running_since: Instant::now(),
            memory_refused: false,
        }
    }

    /// A call into the guest begins.
    pub(crate) fn begin_call(&mut self, now: Instant) {
        self.cpu = Duration::ZERO;
        self.running_since = now;
    }

    /// The guest goes on after it was suspended: what passed meanwhile is not its own time.
    pub(crate) fn resume(&mut self, now: Instant) {
        self.running_since = now;
    }

    /// The guest has been computing until now.
    ///
    /// It is asked at every epoch: a longer stretch means that the machine ran something else, which is not the guest's doing.
    pub(crate) fn count(&mut self, now: Instant) -> Compute {
        let ran = now.saturating_duration_since(self.running_since);
        let ran = ran.min(2 * crate::engine::EPOCH);
        self.running_since = now;
        self.cpu += ran;
        match self.cpu > self.cpu_limit {
            true => Compute::Exhausted,
            false if ran >= crate::engine::EPOCH => Compute::GiveWay,
            false => Compute::GoOn,
        }
    }
}

/// What a guest that computes is told at the end of an epoch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Compute {
    GoOn,
    GiveWay,
    Exhausted,
}

impl ResourceLimiter for Usage {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let all = self.memory + desired.saturating_sub(current);
        let fits = all <= self.memory_limit;
        match fits {
            true => self.memory = all,
            false => self.memory_refused = true,
        }
        Ok(fits)
    }

    fn memory_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.memory_refused = true;
        Ok(())
    }

    fn table_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= self.table_limit)
    }
}

impl WasiView for VuState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let run = &self.run;
        let ctx = self.wasi.get_or_insert_with(|| wasi::context(run));
        WasiCtxView {
            ctx,
            table: &mut self.table,
        }
    }
}
