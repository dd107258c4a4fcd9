//! Defines the engine: wasmtime as Brunt configures it, and the clock that interrupts guests.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use wasmtime::{Config, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig};

use crate::error::{Error, ErrorKind};
use crate::limits::Limits;

/// How often a guest that computes gives way to the other VUs of its thread.
pub(crate) const EPOCH: Duration = Duration::from_millis(10);

/// Address space for all linear memories together: half of what x86-64 Linux gives to a process. It is only reserved.
const ADDRESS_SPACE: usize = 64 << 40;

/// VUs per process, at most: more than the kernel's default `vm.max_map_count` lets through.
const MOST_VUS: usize = 65_536;

/// Core instances, tables and memories of one component: enough for a Python guest with its forty.
const CORE_INSTANCES_PER_VU: u32 = 64;

/// A configured wasmtime engine. Cheap to clone; the last clone stops its clock.
#[derive(Clone)]
pub struct Engine {
    wasmtime: wasmtime::Engine,
    _clock: Arc<EpochClock>,
}

impl Engine {
    /// An engine for VUs with these limits on memory, stack and tables.
    pub fn new(limits: &Limits) -> Result<Self, Error> {
        let wasmtime = wasmtime::Engine::new(&config(limits)).map_err(|error| {
            Error::new(
                ErrorKind::Resources,
                format!("the WebAssembly engine did not start: {error:#}"),
            )
            .hint("lower the limit `memory`, or raise the process's address space (ulimit -v)")
        })?;
        let clock = Arc::new(EpochClock::start(wasmtime.clone()));
        Ok(Self {
            wasmtime,
            _clock: clock,
        })
    }

    pub(crate) fn wasmtime(&self) -> &wasmtime::Engine {
        &self.wasmtime
    }
}

fn config(limits: &Limits) -> Config {
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pooling(limits)))
        .memory_reservation(limits.memory as u64)
        .memory_guard_size(64 << 10)
        .memory_init_cow(true)
        .epoch_interruption(true)
        .cranelift_opt_level(OptLevel::Speed)
        .max_wasm_stack(limits.stack)
        .async_stack_size(limits.stack + HOST_STACK)
        .generate_address_map(false);
    config
}

/// Stack that host functions may use on top of the guest's.
const HOST_STACK: usize = 512 << 10;

fn pooling(limits: &Limits) -> PoolingAllocationConfig {
    let slots = (ADDRESS_SPACE / limits.memory.max(1)).clamp(1, MOST_VUS) as u32;
    let mut pooling = PoolingAllocationConfig::new();
    pooling
        .total_component_instances(slots)
        .total_core_instances(slots.saturating_mul(CORE_INSTANCES_PER_VU))
        .total_memories(slots)
        .total_tables(slots.saturating_mul(2))
        .total_stacks(slots)
        .max_memory_size(limits.memory)
        .table_elements(limits.table_elements)
        .max_core_instances_per_component(CORE_INSTANCES_PER_VU)
        .max_memories_per_component(CORE_INSTANCES_PER_VU)
        .max_tables_per_component(CORE_INSTANCES_PER_VU)
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
