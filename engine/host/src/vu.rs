//! Defines a virtual user: one store with one instance of the test, and the calls that the engine makes into it.

mod causes;

use std::collections::BTreeMap;
use std::mem;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use brunt_metrics::{TagSet, TagsId};
use wasmtime::{Store, StoreContextMut, UpdateDeadline};

use crate::attendance::InExtension;
use crate::bindings::Test as Instance;
use crate::bindings::exports::brunt::worlds::lifecycle::Guest;
use crate::bridge::Calls;
use crate::error::Error;
use crate::extension::Init;
use crate::outcome::{Failure, FailureKind, Outcome};
use crate::state::{Compute, Phase, VuState, Who};
use crate::test::{Description, Test};
use crate::worker::Worker;

use causes::{explain, no_instance, not_instantiated, refused};

/// A virtual user. It keeps its memory, its connections and its tags from one iteration to the next.
pub struct Vu {
    /// The instance; none when it was thrown away and no other could be made.
    live: Option<Live>,
    test: Test,
    worker: Rc<Worker>,
    /// Its numbers, as they were when it last had an instance.
    who: Who,
    place: Option<Arc<Place>>,
    /// Set while the guest runs: a call that was cut off leaves an instance that can't be entered again.
    broken: bool,
}

/// One instance of the test, in a store of its own.
struct Live {
    store: Store<VuState>,
    instance: Instance,
    /// What initialises its extensions.
    extensions: Vec<(Arc<str>, Init)>,
}

/// A scenario, as the VUs that work in it see it.
pub struct Place {
    /// The scenario's name.
    pub scenario: String,
    /// Its executor.
    pub executor: String,
    /// The tags of its samples, `scenario` and the empty `group` included.
    pub tags: TagSet,
    /// Its own environment variables.
    pub env: BTreeMap<String, String>,
    /// When it started, in nanoseconds since 1970.
    pub started_unix_ns: u64,
    /// How much of it is done, from 0 to 1.
    pub progress: Box<dyn Fn() -> f64 + Send + Sync>,
}

/// One iteration to run.
#[derive(Debug, Clone, Copy)]
pub struct Iteration {
    /// The index of its function in [`Description::functions`].
    pub function: u32,
    /// Its number in its scenario over the whole test, from 0.
    pub in_test: u64,
    /// Its number in its scenario in this process, from 0.
    pub in_instance: u64,
}

impl Vu {
    /// A VU with these numbers (0 for the one that runs `setup` and `teardown`), initialised.
    pub async fn new(
        test: &Test,
        worker: &Rc<Worker>,
        in_test: u64,
        in_instance: u64,
    ) -> Result<Self, Failure> {
        let who = Who {
            vu_in_test: in_test,
            vu_in_instance: in_instance,
            ..Who::default()
        };
        let mut vu = Self {
            live: None,
            test: test.clone(),
            worker: worker.clone(),
            who,
            place: None,
            broken: false,
        };
        vu.renew().await?;
        Ok(vu)
    }

    /// What the test says about itself.
    pub async fn describe(&mut self) -> Result<Result<Description, Error>, Failure> {
        let json = self
            .call(Phase::Init, async |guest, store| {
                guest.call_describe(store).await
            })
            .await?;
        Ok(Description::parse(&json))
    }

    /// Runs `setup` and gives what it returned.
    pub async fn setup(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        self.fallible(Phase::Setup, async |guest, store| {
            guest.call_setup(store).await
        })
        .await
    }

    /// Runs `teardown`.
    pub async fn teardown(&mut self) -> Result<(), Failure> {
        self.fallible(Phase::Teardown, async |guest, store| {
            guest.call_teardown(store).await
        })
        .await
    }

    /// Runs `handle-summary` and gives the files that it returned.
    pub async fn handle_summary(&mut self, data: &str) -> Result<Vec<(String, Vec<u8>)>, Failure> {
        self.fallible(Phase::HandleSummary, async |guest, store| {
            guest.call_handle_summary(store, data).await
        })
        .await
    }

    /// Moves the VU to a scenario.
    pub fn enter(&mut self, place: Arc<Place>) {
        if let Some(live) = &mut self.live {
            let state = live.store.data_mut();
            state.who.iteration_in_place = 0;
            state.enter(&place);
        }
        self.who.iteration_in_place = 0;
        self.place = Some(place);
    }

    /// Runs one iteration. Dropping the future interrupts it: the VU must then be renewed.
    pub async fn iterate(&mut self, iteration: Iteration) -> Outcome {
        if let Some(live) = &mut self.live {
            let state = live.store.data_mut();
            state.who.iteration_in_test = iteration.in_test;
            state.who.iteration_in_instance = iteration.in_instance;
            state.begin_iteration();
        }
        let result = self
            .fallible(Phase::Iteration, async |guest, store| {
                guest.call_iterate(store, iteration.function).await
            })
            .await;
        self.finish_iteration();
        match result {
            Ok(()) => Outcome::Completed,
            Err(failure) if failure.kind == FailureKind::Aborted => Outcome::Aborted,
            Err(failure) => Outcome::Failed(failure),
        }
    }

    /// Flushes what an iteration leaves behind; also to be called after one was interrupted.
    pub fn finish_iteration(&mut self) {
        let Some(live) = &mut self.live else { return };
        let state = live.store.data_mut();
        state.who.iteration += 1;
        state.who.iteration_in_place += 1;
        crate::interfaces::metrics::close_groups(&mut state.local);
        state.local.http.finish_iteration(&state.local.base);
    }

    /// The tags of its last iteration as a whole, where system tags make them its own; none where they are the scenario's.
    pub fn own_tags(&self) -> Option<TagsId> {
        self.live.as_ref()?.store.data().local.own_tags()
    }

    /// Whether the VU can't run again before [`Vu::renew`].
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// Gives the VU a fresh instance, with its numbers and its place, without its connections and memory.
    pub async fn renew(&mut self) -> Result<(), Failure> {
        // The old instance goes first: the engine has room for just as many as there are VUs.
        if let Some(old) = self.live.take() {
            self.who = old.store.data().who;
        }
        self.broken = true;
        let state = VuState::new(&self.worker, self.who, self.test.imports_wasi);
        self.live = Some(instantiate(&self.test, state).await?);
        self.init().await?;
        if let (Some(live), Some(place)) = (&mut self.live, &self.place) {
            live.store.data_mut().enter(place);
        }
        Ok(())
    }

    /// Initialises the extensions, and then the test.
    async fn init(&mut self) -> Result<(), Failure> {
        let extensions = self
            .live
            .as_mut()
            .map(|live| mem::take(&mut live.extensions));
        for (name, init) in extensions.unwrap_or_default() {
            let call = async |_: &Guest, store: &mut Store<VuState>| {
                let called = init.call_async(store, ()).await;
                let (result,) = called.map_err(|error| error.context(InExtension(name.clone())))?;
                Ok(result)
            };
            let result = self.call(Phase::Init, call).await?;
            result.map_err(|why| refused(&name, &why))?;
        }
        self.fallible(Phase::Init, async |guest, store| {
            guest.call_init(store).await
        })
        .await
    }

    /// Calls a function that can return an error of its own.
    async fn fallible<T>(
        &mut self,
        phase: Phase,
        call: impl AsyncFnOnce(&Guest, &mut Store<VuState>) -> wasmtime::Result<Result<T, String>>,
    ) -> Result<T, Failure> {
        self.call(phase, call).await?.map_err(Failure::error)
    }

    async fn call<T>(
        &mut self,
        phase: Phase,
        call: impl AsyncFnOnce(&Guest, &mut Store<VuState>) -> wasmtime::Result<T>,
    ) -> Result<T, Failure> {
        let Some(live) = &mut self.live else {
            return Err(no_instance());
        };
        let state = live.store.data_mut();
        state.phase = phase;
        state.usage.begin_call(Instant::now());
        self.broken = true;
        let (errands, http) = (state.local.errands.clone(), state.local.http.clone());
        let guest = live.instance.brunt_worlds_lifecycle();
        match errands.attend(&http, call(guest, &mut live.store)).await {
            Ok(value) => {
                self.broken = false;
                Ok(value)
            }
            Err(error) => {
                let mut failure = explain(&error, live.store.data());
                if self.test.is_runtime() {
                    failure.stack.clear();
                }
                Err(failure)
            }
        }
    }
}

async fn instantiate(test: &Test, state: VuState) -> Result<Live, Failure> {
    let mut store = Store::new(test.engine().wasmtime(), state);
    store.limiter(|state| &mut state.usage);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(at_epoch);
    match instances(test, &mut store).await {
        Ok((instance, extensions)) => Ok(Live {
            store,
            instance,
            extensions,
        }),
        Err(error) => Err(not_instantiated(&error)),
    }
}

/// Instances of the test and of its extensions.
async fn instances(
    test: &Test,
    store: &mut Store<VuState>,
) -> wasmtime::Result<(Instance, Vec<(Arc<str>, Init)>)> {
    if test.extensions.is_empty() {
        return Ok((test.pre.instantiate_async(store).await?, Vec::new()));
    }
    let most = store.data().run.settings.limits.handles;
    store.data_mut().calls = Calls::new(test.bridge.clone(), most);
    let whole = test
        .pre
        .instance_pre()
        .instantiate_async(&mut *store)
        .await?;
    let mut inits = Vec::new();
    for extension in test.extensions.iter() {
        let instance = match &extension.apart {
            None => whole,
            Some(apart) => apart.instantiate_async(&mut *store).await?,
        };
        store.data_mut().calls.add(extension.name.clone(), instance);
        let (init, attend) = extension.lifecycle.of(&mut *store, &instance)?;
        inits.push((extension.name.clone(), init));
        store
            .data_mut()
            .attendance
            .add(extension.name.clone(), attend);
    }
    Ok((Instance::new(store, &whole)?, inits))
}

/// At the end of an epoch a guest that computes gives way to the other VUs of its thread, or is cut off.
fn at_epoch(mut store: StoreContextMut<'_, VuState>) -> wasmtime::Result<UpdateDeadline> {
    let usage = &mut store.data_mut().usage;
    match usage.count(Instant::now()) {
        Compute::GoOn => Ok(UpdateDeadline::Continue(1)),
        Compute::GiveWay => Ok(UpdateDeadline::YieldCustom(
            1,
            Box::pin(tokio::task::yield_now()),
        )),
        Compute::Exhausted => Ok(UpdateDeadline::Interrupt),
    }
}
