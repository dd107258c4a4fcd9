//! Defines what the sockets of one VU stand on: its way out, its limits, and whom to tell that something came.

use std::rc::{Rc, Weak};

use send_wrapper::SendWrapper;
use tokio::task::AbortHandle;

use crate::arrivals::Arrivals;
use crate::http::{Client, RequestFailure, Slot};
use crate::net::dial::Egress;
use crate::net::meter::Traffic;
use crate::tags::TagScope;
use crate::worker::Worker;

/// What a socket needs of its VU.
#[derive(Clone)]
pub(crate) struct Ground {
    http: Rc<Client>,
    arrivals: Weak<Arrivals>,
    base: Rc<TagScope>,
}

/// Counts what passes after the VU is gone, which nobody else would record.
pub(super) struct Account {
    worker: Rc<Worker>,
    traffic: Rc<Traffic>,
    base: Rc<TagScope>,
    vu: Weak<Arrivals>,
}

impl Ground {
    /// For a socket that is opened under these tags.
    pub(crate) fn new(http: &Rc<Client>, arrivals: &Rc<Arrivals>, base: &Rc<TagScope>) -> Self {
        Self {
            http: http.clone(),
            arrivals: Rc::downgrade(arrivals),
            base: base.clone(),
        }
    }

    pub(super) fn egress(&self) -> Egress<'_> {
        self.http.egress()
    }

    pub(super) fn worker(&self) -> &Rc<Worker> {
        self.egress().worker
    }

    /// Bytes that may wait to be read or written.
    pub(super) fn buffer_limit(&self) -> usize {
        self.worker().run.settings.limits.socket_buffer
    }

    /// Whom to tell that something came.
    pub(crate) fn arrivals(&self) -> Weak<Arrivals> {
        self.arrivals.clone()
    }

    /// Runs a task of the socket's, which may outlive its VU.
    pub(super) fn drive(&self, task: impl Future<Output = ()> + 'static) -> AbortHandle {
        tokio::spawn(SendWrapper::new(task)).abort_handle()
    }

    /// The right to one more open connection. One that is being closed is waited for.
    ///
    /// # Errors
    /// As many are open as the limit says.
    pub(super) async fn slot(&self) -> Result<Slot, RequestFailure> {
        self.http.slot().await.ok_or_else(|| {
            let most = self.worker().run.settings.limits.connections;
            let words = format!("limit connections reached: {most} are open (hint: close those that are not needed, or raise it with --limit connections=…)");
            RequestFailure::new(1000, words)
        })
    }

    pub(super) fn account(&self) -> Account {
        let egress = self.egress();
        let worker = egress.worker.clone();
        worker.begin_socket();
        Account {
            traffic: egress.traffic.clone(),
            base: self.base.clone(),
            vu: self.arrivals.clone(),
            worker,
        }
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        if self.vu.strong_count() == 0 {
            self.traffic.record(&self.worker, &self.base);
        }
        self.worker.end_socket();
    }
}
