//! Defines the host's side of `brunt:time`: clocks, sleep, and waiting for the first of several things.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, Instant};

use send_wrapper::SendWrapper;
use wasmtime::component::Resource;

use crate::bindings::brunt::time::{clock, waiting};
use crate::signal::Signal;
use crate::state::{Misuse, VuState};

/// The longest time that is waited for: a hundred years, so that no arithmetic overflows.
pub(crate) const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// Something that becomes ready once.
#[derive(Clone)]
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub enum Waitable {
    /// At this time.
    At(Instant),
    /// When this is done.
    On(SendWrapper<Rc<Signal>>),
}

/// A signal that the guest sets.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct OwnSignal(SendWrapper<Rc<Signal>>);

impl Waitable {
    fn ready(&self) -> bool {
        match self {
            Self::At(time) => *time <= Instant::now(),
            Self::On(signal) => signal.is_set(),
        }
    }
}

impl clock::Host for VuState {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(self.run.since_start(Instant::now()))
    }

    fn wall(&mut self) -> wasmtime::Result<u64> {
        Ok(self.run.unix_ns(Instant::now()))
    }

    async fn sleep(&mut self, how_long: u64) -> wasmtime::Result<()> {
        self.refuse_in_init("time.sleep")?;
        tokio::time::sleep(Duration::from_nanos(how_long).min(FOREVER)).await;
        self.usage.resume(Instant::now());
        Ok(())
    }
}

impl waiting::HostWaitable for VuState {
    fn ready(&mut self, waitable: Resource<Waitable>) -> wasmtime::Result<bool> {
        Ok(self.table.get(&waitable)?.ready())
    }

    async fn wait(&mut self, waitable: Resource<Waitable>) -> wasmtime::Result<()> {
        self.wait_for_first(vec![waitable]).await.map(|_| ())
    }

    fn drop(&mut self, waitable: Resource<Waitable>) -> wasmtime::Result<()> {
        self.table.delete(waitable)?;
        Ok(())
    }
}

impl waiting::HostSignal for VuState {
    fn new(&mut self) -> wasmtime::Result<Resource<OwnSignal>> {
        let signal = SendWrapper::new(Rc::new(Signal::default()));
        Ok(self.table.push(OwnSignal(signal))?)
    }

    fn waitable(&mut self, signal: Resource<OwnSignal>) -> wasmtime::Result<Resource<Waitable>> {
        let signal = self.table.get(&signal)?.0.clone();
        Ok(self.table.push(Waitable::On(signal))?)
    }

    fn set(&mut self, signal: Resource<OwnSignal>) -> wasmtime::Result<()> {
        self.table.get(&signal)?.0.set();
        Ok(())
    }

    fn drop(&mut self, signal: Resource<OwnSignal>) -> wasmtime::Result<()> {
        self.table.delete(signal)?;
        Ok(())
    }
}

impl waiting::Host for VuState {
    fn after(&mut self, how_long: u64) -> wasmtime::Result<Resource<Waitable>> {
        let time = Instant::now() + Duration::from_nanos(how_long).min(FOREVER);
        Ok(self.table.push(Waitable::At(time))?)
    }

    async fn wait_any(&mut self, these: Vec<Resource<Waitable>>) -> wasmtime::Result<u32> {
        self.wait_for_first(these).await
    }
}

impl VuState {
    async fn wait_for_first(&mut self, these: Vec<Resource<Waitable>>) -> wasmtime::Result<u32> {
        let first = SendWrapper::new(self.first_of(&these)?);
        let index = first.await;
        self.usage.resume(Instant::now());
        Ok(index)
    }

    /// What gives the index of the first of these that is ready.
    pub(crate) fn first_of(
        &mut self,
        these: &[Resource<Waitable>],
    ) -> wasmtime::Result<impl Future<Output = u32> + use<>> {
        if these.is_empty() {
            return Err(Misuse("time.wait-any has nothing to wait for".into()).into());
        }
        self.refuse_in_init("time.wait-any")?;
        let mut ready = None;
        let mut signals = Vec::new();
        let mut first_timer: Option<(usize, Instant)> = None;
        for (index, handle) in these.iter().enumerate() {
            let waitable = self.table.get(handle)?;
            if waitable.ready() {
                ready = Some(index);
                break;
            }
            match waitable {
                Waitable::On(signal) => signals.push((index, signal.clone())),
                Waitable::At(time) if first_timer.is_none_or(|(_, first)| *time < first) => {
                    first_timer = Some((index, *time));
                }
                Waitable::At(_) => {}
            }
        }
        Ok(async move {
            match ready {
                Some(index) => index as u32,
                None => first_of(signals, first_timer).await as u32,
            }
        })
    }
}

/// The index of what is ready first.
async fn first_of(
    signals: Vec<(usize, SendWrapper<Rc<Signal>>)>,
    timer: Option<(usize, Instant)>,
) -> usize {
    let any_signal = poll_fn(|context| {
        let ready = signals
            .iter()
            .find(|(_, signal)| signal.poll(context).is_ready());
        ready.map_or(Poll::Pending, |(index, _)| Poll::Ready(*index))
    });
    match timer {
        None => any_signal.await,
        Some((index, time)) => tokio::select! {
            biased;
            index = any_signal => index,
            () = tokio::time::sleep_until(time.into()) => index,
        },
    }
}
