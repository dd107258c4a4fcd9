//! Defines errands: requests that a guest waits for and the task of its VU sends, on the stack that all VUs of a thread share.
//!
//! A host function that waits is polled on the guest's fiber. Every VU has a fiber of its own, so the kilobytes of stack that
//! an HTTP exchange needs would be cold at every request, and resident for every VU.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use crate::http::{Client, Request, RequestFailure, Response};
use crate::tags::TagScope;

type Sent = Result<Response, RequestFailure>;

/// Where the guest's side leaves a request, and the task's side what became of it.
#[derive(Default)]
pub(crate) struct Errands {
    left: Cell<Option<(Request, Rc<TagScope>)>>,
    brought: Cell<Option<Sent>>,
}

impl Errands {
    /// Leaves a request, to be sent with these tags, and gives what to wait for. For host functions, which run on the
    /// guest's fiber. There is one errand at a time.
    pub(crate) fn leave(
        self: &Rc<Self>,
        request: Request,
        base: Rc<TagScope>,
    ) -> impl Future<Output = Sent> + use<> {
        self.left.set(Some((request, base)));
        let this = self.clone();
        poll_fn(move |_| match this.brought.take() {
            Some(result) => Poll::Ready(result),
            // Nothing is to wake it: the task goes on with the guest when it comes back from the errand.
            None => Poll::Pending,
        })
    }

    /// Runs a call into the guest with all errands that it leaves. A guest whose errand is under way is not resumed.
    pub(crate) async fn attend<T>(&self, client: &Client, call: impl Future<Output = T>) -> T {
        let mut call = pin!(call);
        loop {
            let step = poll_fn(|context| match call.as_mut().poll(context) {
                Poll::Ready(value) => Poll::Ready(Step::Done(value)),
                Poll::Pending => match self.left.take() {
                    Some((request, base)) => Poll::Ready(Step::Send(request, base)),
                    None => Poll::Pending,
                },
            });
            match step.await {
                Step::Done(value) => return value,
                Step::Send(request, base) => {
                    // Boxed, so that a VU that only sleeps does not carry the kilobytes that an exchange needs.
                    let result = Box::pin(client.send(&request, &base)).await;
                    self.brought.set(Some(result));
                }
            }
        }
    }
}

/// What a call into the guest comes to.
enum Step<T> {
    Done(T),
    Send(Request, Rc<TagScope>),
}
