//! Defines batches: requests that start together, so many at a time in all and to each host.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::component::Resource;

use super::Pending;
use crate::http::Request;
use crate::settings::HttpSettings;
use crate::state::VuState;

/// How many requests of one batch may be under way.
struct Turns {
    all: Arc<Semaphore>,
    per_host: usize,
    hosts: RefCell<FxHashMap<Host, Arc<Semaphore>>>,
}

/// Name and port.
type Host = (Arc<str>, u16);

/// The right to be under way; given back when it is dropped.
type Turn = (Option<OwnedSemaphorePermit>, Option<OwnedSemaphorePermit>);

impl VuState {
    /// Starts these requests, each when it is its turn.
    pub(super) fn start_batch(
        &mut self,
        requests: Vec<Request>,
    ) -> wasmtime::Result<Vec<Resource<Pending>>> {
        let turns = Rc::new(Turns::new(&self.run.settings.http));
        let mut pending = Vec::with_capacity(requests.len());
        for request in requests {
            let (http, base) = (self.local.http.clone(), self.local.base.clone());
            let (turns, host) = (turns.clone(), http.host_of(&request));
            pending.push(self.start_sending(async move {
                let _turn = turns.next(host).await;
                http.send(&request, &base).await
            })?);
        }
        Ok(pending)
    }
}

impl Turns {
    fn new(settings: &HttpSettings) -> Self {
        Self {
            all: Arc::new(Semaphore::new(permits(settings.batch))),
            per_host: permits(settings.batch_per_host),
            hosts: RefCell::default(),
        }
    }

    /// Waits for the turn of the next request, in their order: first among all, then among those to its host. Requests that go
    /// nowhere have no host.
    async fn next(&self, host: Option<Host>) -> Turn {
        // The semaphores are never closed.
        let among_all = self.all.clone().acquire_owned().await.ok();
        let Some(host) = host else {
            return (among_all, None);
        };
        let of_host = self.of_host(host);
        (among_all, of_host.acquire_owned().await.ok())
    }

    fn of_host(&self, host: Host) -> Arc<Semaphore> {
        let mut hosts = self.hosts.borrow_mut();
        let of_host = hosts.entry(host);
        of_host
            .or_insert_with(|| Arc::new(Semaphore::new(self.per_host)))
            .clone()
    }
}

/// What a limit allows; 0 is no limit.
fn permits(limit: u64) -> usize {
    match usize::try_from(limit) {
        Ok(limit) if limit > 0 => limit.min(Semaphore::MAX_PERMITS),
        _ => Semaphore::MAX_PERMITS,
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::*;

    #[test]
    fn turns_come_in_order_and_within_both_limits() {
        let turns = Turns::new(&HttpSettings {
            batch: 3,
            batch_per_host: 2,
            ..HttpSettings::default()
        });
        let host = |name: &str| Some((Arc::from(name), 80));
        let mut turns: Vec<_> = ["a", "a", "a", "b", "b"]
            .map(|name| Box::pin(turns.next(host(name))))
            .into();
        let mut context = Context::from_waker(Waker::noop());
        // A turn that was got is kept, as for as long as its request is under way.
        let got: Vec<_> = turns
            .iter_mut()
            .map(|turn| turn.as_mut().poll(&mut context))
            .collect();
        let ready: Vec<_> = got.iter().map(Poll::is_ready).collect();
        // The third waits for its host with a place among all, as in k6: so the fourth has none.
        assert_eq!(ready, [true, true, false, false, false]);
        assert_eq!(permits(0), Semaphore::MAX_PERMITS);
    }
}
