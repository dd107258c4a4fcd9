//! Defines the thread that a server of tokio's runs on.

use std::thread::{self, JoinHandle};

use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::LocalSet;

/// Runs what `server` makes on a thread of its own, until it ends or the other side of `stopped` is dropped.
pub(crate) fn serve_until(
    stopped: oneshot::Receiver<()>,
    server: impl AsyncFnOnce() + Send + 'static,
) -> JoinHandle<()> {
    thread::spawn(move || {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        LocalSet::new().block_on(&runtime, async {
            tokio::select! {
                () = server() => {}
                _ = stopped => {}
            }
        });
    })
}
