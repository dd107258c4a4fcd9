//! Defines the host's side of connections that are being opened.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::time::{Duration, Instant};

use send_wrapper::SendWrapper;
use tokio::task::AbortHandle;
use wasmtime::component::Resource;

use super::{Connection, Options};
use crate::bindings::extending::brunt::sockets::network::SocketError;
use crate::bindings::extending::brunt::sockets::tcp;
use crate::http::RequestFailure;
use crate::interfaces::time::Waitable;
use crate::signal::Signal;
use crate::sockets::{self, Ground};
use crate::state::{Misuse, Phase, VuState};

/// A connection to be opened.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Dial(sockets::Dial);

/// A connection that is being opened. Dropping it gives it up.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Pending(SendWrapper<Opening>);

struct Opening {
    shared: Rc<Shared>,
    task: Option<AbortHandle>,
}

/// What the task and the VU share.
#[derive(Default)]
struct Shared {
    result: RefCell<Option<Opened>>,
    done: Rc<Signal>,
}

type Opened = Result<sockets::Connection, RequestFailure>;

/// How long opening may take where nothing is said.
const TIMEOUT: Duration = Duration::from_secs(10);

impl Opening {
    fn begin(dial: sockets::Dial, ground: Ground) -> Self {
        let shared = Rc::new(Shared::default());
        let (ours, arrivals) = (shared.clone(), ground.arrivals());
        // Boxed, because its state is large, and a task moves what it is given several times.
        let opening = Box::pin(async move { sockets::open(&dial, &ground).await });
        let task = tokio::spawn(SendWrapper::new(async move {
            let result = opening.await;
            ours.end(result);
            if let Some(arrivals) = arrivals.upgrade() {
                arrivals.note();
            }
        }));
        Self {
            shared,
            task: Some(task.abort_handle()),
        }
    }

    fn refused() -> Self {
        let shared = Rc::new(Shared::default());
        shared.end(Err(RequestFailure::new(
            1110,
            "connections are not allowed in init",
        )));
        Self { shared, task: None }
    }
}

impl Shared {
    fn end(&self, result: Opened) {
        *self.result.borrow_mut() = Some(result);
        self.done.set();
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl VuState {
    fn begin_opening(&self, dial: &Resource<Dial>) -> wasmtime::Result<Opening> {
        let dial = self.table.get(dial)?.0.clone();
        if self.phase == Phase::Init {
            return Ok(Opening::refused());
        }
        Ok(Opening::begin(dial, self.ground()))
    }

    /// What a socket that is opened now stands on.
    pub(super) fn ground(&self) -> Ground {
        let local = &*self.local;
        Ground::new(&local.http, &local.arrivals, &local.base)
    }

    async fn opened(
        &mut self,
        shared: SendWrapper<Rc<Shared>>,
    ) -> wasmtime::Result<Result<Resource<Connection>, SocketError>> {
        if !shared.done.is_set() {
            self.refuse_in_init("taking a connection that is being opened")?;
            SendWrapper::new(poll_fn(|context| shared.done.poll(context))).await;
            self.usage.resume(Instant::now());
        }
        let result = shared.result.borrow_mut().take();
        match result {
            Some(Ok(connection)) => Ok(Ok(self.table.push(Connection::new(connection))?)),
            Some(Err(failure)) => Ok(Err(failure.into())),
            None => Err(Misuse("this connection was taken before".into()).into()),
        }
    }
}

impl tcp::HostDial for VuState {
    fn new(&mut self, host: String, port: u16) -> wasmtime::Result<Resource<Dial>> {
        let dial = sockets::Dial {
            host,
            port,
            timeout: TIMEOUT,
            tls: None,
        };
        Ok(self.table.push(Dial(dial))?)
    }

    fn set_timeout(&mut self, dial: Resource<Dial>, timeout: u64) -> wasmtime::Result<()> {
        self.table.get_mut(&dial)?.0.timeout = Duration::from_nanos(timeout);
        Ok(())
    }

    fn set_tls(
        &mut self,
        dial: Resource<Dial>,
        options: Resource<Options>,
    ) -> wasmtime::Result<()> {
        let wishes = self.table.get(&options)?.0.clone();
        self.table.get_mut(&dial)?.0.tls = Some(wishes);
        Ok(())
    }

    async fn connect(
        &mut self,
        dial: Resource<Dial>,
    ) -> wasmtime::Result<Result<Resource<Connection>, SocketError>> {
        // Opened by a task of its own: a guest's fiber has little room, and is cold.
        let opening = SendWrapper::new(self.begin_opening(&dial)?);
        self.opened(SendWrapper::new(opening.shared.clone())).await
    }

    fn start(&mut self, dial: Resource<Dial>) -> wasmtime::Result<Resource<Pending>> {
        let opening = SendWrapper::new(self.begin_opening(&dial)?);
        Ok(self.table.push(Pending(opening))?)
    }

    fn drop(&mut self, dial: Resource<Dial>) -> wasmtime::Result<()> {
        self.table.delete(dial)?;
        Ok(())
    }
}

impl tcp::HostPendingConnection for VuState {
    fn done(&mut self, pending: Resource<Pending>) -> wasmtime::Result<Resource<Waitable>> {
        let signal = self.table.get(&pending)?.0.shared.done.clone();
        Ok(self.table.push(Waitable::On(SendWrapper::new(signal)))?)
    }

    async fn take(
        &mut self,
        pending: Resource<Pending>,
    ) -> wasmtime::Result<Result<Resource<Connection>, SocketError>> {
        let shared = SendWrapper::new(self.table.get(&pending)?.0.shared.clone());
        self.opened(shared).await
    }

    fn drop(&mut self, pending: Resource<Pending>) -> wasmtime::Result<()> {
        self.table.delete(pending)?;
        Ok(())
    }
}
