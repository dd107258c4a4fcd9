//! Defines the host's side of requests under way.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use send_wrapper::SendWrapper;
use tokio::task::AbortHandle;
use wasmtime::component::Resource;

use super::Sent;
use crate::bindings::brunt::http::client;
use crate::http::{RequestFailure, Response};
use crate::interfaces::time::Waitable;
use crate::signal::Signal;
use crate::state::{Misuse, VuState};

/// A request under way. Dropping it aborts the request.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Pending {
    shared: SendWrapper<Rc<Shared>>,
    task: AbortHandle,
}

/// What the request under way and its owner share.
#[derive(Default)]
struct Shared {
    result: RefCell<Option<Result<Response, RequestFailure>>>,
    done: Rc<Signal>,
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl VuState {
    /// Sends a request beside what the VU does.
    pub(super) fn start_sending(
        &mut self,
        sending: impl Future<Output = Result<Response, RequestFailure>> + 'static,
    ) -> wasmtime::Result<Resource<Pending>> {
        let shared = Rc::new(Shared::default());
        let ours = shared.clone();
        // Boxed, because its state is large, and a task moves what it is given several times.
        let sending = Box::pin(sending);
        let task = tokio::spawn(SendWrapper::new(async move {
            let result = sending.await;
            *ours.result.borrow_mut() = Some(result);
            ours.done.set();
        }));
        let pending = Pending {
            shared: SendWrapper::new(shared),
            task: task.abort_handle(),
        };
        Ok(self.table.push(pending)?)
    }
}

impl client::HostPendingResponse for VuState {
    fn done(&mut self, pending: Resource<Pending>) -> wasmtime::Result<Resource<Waitable>> {
        let signal = self.table.get(&pending)?.shared.done.clone();
        Ok(self.table.push(Waitable::On(SendWrapper::new(signal)))?)
    }

    async fn take(&mut self, pending: Resource<Pending>) -> Sent {
        let shared = SendWrapper::new((*self.table.get(&pending)?.shared).clone());
        SendWrapper::new(std::future::poll_fn(|context| shared.done.poll(context))).await;
        self.usage.resume(Instant::now());
        let result = shared.result.borrow_mut().take();
        match result {
            Some(result) => Ok(self.give(result)?.map(|answer| answer.response)),
            None => Err(Misuse("the response of this request was taken before".into()).into()),
        }
    }

    fn drop(&mut self, pending: Resource<Pending>) -> wasmtime::Result<()> {
        self.table.delete(pending)?;
        Ok(())
    }
}
