//! Defines the engine: wasmtime as Brunt configures it, and the clock that interrupts guests.

use std::env::consts::ARCH;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use wasmtime::{Config, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig};

use crate::error::{Error, ErrorKind};
use crate::limits::Limits;

/// How often a guest that computes gives way to the other VUs of its thread.
pub(crate) const EPOCH: Duration = Duration::from_millis(10);

/// Core instances, tables and memories of one component: enough for a Python guest with its forty.
const CORE_INSTANCES_PER_VU: u32 = 64;

/// Tables of one VU: its own, and the one that joins it to the engine's functions; more for guests of several modules.
const TABLES_PER_VU: u32 = 4;

/// How much of the address space each memory has to itself, which decides what machine code asks before it reads or writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// All that a pointer of a guest can reach, 4 GiB: nothing needs to be asked, as what is not the guest's can't be read.
    Everything,
    /// As much as the limit `memory` allows, where 4 GiB for each do not fit: what lies beyond is asked about every time.
    Limit,
}

/// A configured wasmtime engine. Cheap to clone; the last clone stops its clock.
#[derive(Clone)]
pub(crate) struct Engine {
    wasmtime: wasmtime::Engine,
    reach: Reach,
    _clock: Arc<EpochClock>,
}

impl Engine {
    /// An engine for this many VUs at once, each with so many extensions, with these limits on memory, stack and tables.
    ///
    /// Room for their stacks is reserved here, at two of the process's memory mappings each: more VUs than the kernel's
    /// `vm.max_map_count` lets through are an error of kind [`ErrorKind::Resources`]. Where the address space has no 4 GiB for each memory
    /// (beyond 32,000 of them on x86-64, or below `ulimit -v`), they get less, and need other machine code.
    pub(crate) fn new(limits: &Limits, vus: usize, extensions: usize) -> Result<Self, Error> {
        let vus = u32::try_from(vus.max(1)).unwrap_or(u32::MAX);
        let parts = u32::try_from(extensions.saturating_add(1)).unwrap_or(u32::MAX);
        let with = |reach| {
            let wasmtime = wasmtime::Engine::new(&config(limits, vus, parts, reach))?;
            Ok(Self::started(wasmtime, reach))
        };
        with(Reach::Everything).or_else(|_| with(Reach::Limit)).map_err(|error: wasmtime::Error| {
            Error::new(ErrorKind::Resources, format!("there is no room for {vus} VUs: {error:#}")).hint(
                "each VU takes about 7 memory mappings and reserves the limit `memory` as address space: \
                 raise vm.max_map_count (sysctl -w vm.max_map_count=1000000) and ulimit -v, lower the limit, or run fewer VUs",
            )
        })
    }

    /// An engine that only compiles, for any processor of this machine's architecture that is not older than ten years.
    pub(crate) fn portable(limits: &Limits) -> Result<Self, Error> {
        let config = portable(config(limits, 1, 1, Reach::Everything));
        let wasmtime = config.and_then(|config| wasmtime::Engine::new(&config));
        let wasmtime = wasmtime.map_err(|error| {
            let message = format!("nothing can be compiled for {ARCH}: {error:#}");
            Error::new(ErrorKind::Compile, message)
        })?;
        Ok(Self::started(wasmtime, Reach::Everything))
    }

    fn started(wasmtime: wasmtime::Engine, reach: Reach) -> Self {
        Self {
            _clock: Arc::new(EpochClock::start(wasmtime.clone())),
            wasmtime,
            reach,
        }
    }

    /// Whether what was compiled for one of them can be loaded into the other.
    pub(crate) fn takes_code_of(&self, other: &Self) -> bool {
        self.reach == other.reach
    }

    pub(crate) fn wasmtime(&self) -> &wasmtime::Engine {
        &self.wasmtime
    }
}

fn config(limits: &Limits, vus: u32, parts: u32, reach: Reach) -> Config {
    let (reserved, guard) = match reach {
        // A load or store may add a constant to what the guest computed: as far as the guard reaches nothing is asked either.
        Reach::Everything => (1 << 32, 32 << 20),
        Reach::Limit => (limits.memory as u64, 64 << 10),
    };
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pooling(
            limits, vus, parts,
        )))
        .memory_reservation(reserved)
        .memory_guard_size(guard)
        .memory_init_cow(true)
        .epoch_interruption(true)
        .cranelift_opt_level(OptLevel::Speed)
        .max_wasm_stack(limits.stack)
        .async_stack_size(limits.stack + HOST_STACK)
        .generate_address_map(false);
    config
}

/// The same for a target that is named, of which the compiler assumes nothing that is not said. Where the name is not known it
/// stays this machine, and fits those alone that have all that it has.
fn portable(mut config: Config) -> wasmtime::Result<Config> {
    if cfg!(target_os = "linux") {
        config.target(&format!("{ARCH}-unknown-linux-gnu"))?;
    }
    if cfg!(target_arch = "x86_64") {
        // SAFETY: the processor is asked for these features before the code is loaded, and may be another then. The level has
        // what code for numbers is slow without (rounding, counting bits), and all machines of data centres have it.
        unsafe { config.cranelift_flag_enable("x86-64-v3") };
    }
    Ok(config)
}

/// Stack that host functions may use on top of the guest's.
const HOST_STACK: usize = 512 << 10;

/// Stacks of a VU with extensions: the test's, and that of an extension which is called while the test waits.
const STACKS_WITH_EXTENSIONS: u32 = 2;

/// Room for VUs of so many parts: a test and its extensions, each with instances, a memory and tables of its own.
fn pooling(limits: &Limits, vus: u32, parts: u32) -> PoolingAllocationConfig {
    let mut pooling = PoolingAllocationConfig::new();
    let stacks = if parts > 1 { STACKS_WITH_EXTENSIONS } else { 1 };
    let instances = CORE_INSTANCES_PER_VU.saturating_mul(parts);
    pooling
        .total_component_instances(vus.saturating_mul(parts))
        .total_core_instances(vus.saturating_mul(instances))
        .total_memories(vus.saturating_mul(parts))
        .total_tables(vus.saturating_mul(TABLES_PER_VU).saturating_mul(parts))
        .total_stacks(vus.saturating_mul(stacks))
        .max_memory_size(limits.memory)
        .table_elements(limits.table_elements)
        .max_core_instances_per_component(instances)
        .max_memories_per_component(instances)
        .max_tables_per_component(instances)
        .max_core_instance_size(16 << 20)
        .max_component_instance_size(16 << 20);
    pooling
}

/// Counts epochs on a thread of its own, for as long as it lives.
struct EpochClock {
    stopped: Arc<AtomicBool>,
}

impl EpochClock {
    fn start(engine: wasmtime::Engine) -> Self {
        let stopped = Arc::new(AtomicBool::new(false));
        let seen = stopped.clone();
        let tick = move || {
            while !seen.load(Ordering::Relaxed) {
                std::thread::sleep(EPOCH);
                engine.increment_epoch();
            }
        };
        // Without the thread nothing would ever be interrupted: a process that can't start one can't run tests either.
        std::thread::Builder::new()
            .name("brunt-epoch".into())
            .spawn(tick)
            .expect("the operating system starts a thread");
        Self { stopped }
    }
}

impl Drop for EpochClock {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
    }
}
