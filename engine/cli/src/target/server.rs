//! Defines how connections are accepted and spread over threads, each a runtime of its own.

use std::cell::Cell;
use std::convert::Infallible;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::thread;

use anyhow::{Context, Result, anyhow};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{LocalSet, spawn_local};

use super::routes;

/// What a server did while it ran.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Served {
    pub(super) connections: u64,
    pub(super) requests: u64,
}

/// Accepts connections until `stop` is ready, then closes all of them.
///
/// # Errors
/// When the system refuses threads or runtimes, or `stop` fails.
pub(super) fn serve(
    listener: TcpListener,
    threads: NonZeroUsize,
    stop: impl Future<Output = io::Result<()>>,
) -> Result<Served> {
    let runtime = runtime()?;
    let (senders, workers): (Vec<_>, Vec<_>) = (0..threads.get()).map(|_| worker()).unzip();
    let accepting = async {
        tokio::select! {
            failed = accept(listener, &senders) => failed.map(|never| match never {}),
            stopped = stop => stopped.context("can't wait for signals"),
        }
    };
    runtime.block_on(accepting)?;
    drop(senders);
    let mut served = Served::default();
    for worker in workers {
        let part = worker
            .join()
            .map_err(|_| anyhow!("a thread of the server panicked"))??;
        served.connections += part.connections;
        served.requests += part.requests;
    }
    Ok(served)
}

type Worker = thread::JoinHandle<Result<Served>>;

fn worker() -> (UnboundedSender<TcpStream>, Worker) {
    let (sender, receiver) = unbounded_channel();
    let worker = thread::spawn(move || Ok(LocalSet::new().block_on(&runtime()?, work(receiver))));
    (sender, worker)
}

fn runtime() -> Result<Runtime> {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .context("can't start a runtime")
}

/// Hands connections out in turn. A connection that broke before it was accepted, or an exhausted number of open
/// files, is not the end of the server.
async fn accept(
    listener: TcpListener,
    workers: &[UnboundedSender<TcpStream>],
) -> Result<Infallible> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    for worker in workers.iter().cycle() {
        let stream = loop {
            match listener.accept().await {
                Ok((stream, _)) => break stream.into_std()?,
                Err(_) => tokio::time::sleep(PAUSE_AFTER_FAILURE).await,
            }
        };
        worker
            .send(stream)
            .map_err(|_| anyhow!("a thread of the server ended"))?;
    }
    Err(anyhow!("the server has no threads"))
}

const PAUSE_AFTER_FAILURE: std::time::Duration = std::time::Duration::from_millis(10);

/// Serves what it is given until the acceptor is gone; connections die with the thread's tasks.
async fn work(mut streams: UnboundedReceiver<TcpStream>) -> Served {
    let requests = Rc::new(Cell::new(0));
    let mut connections = 0;
    while let Some(stream) = streams.recv().await {
        connections += 1;
        spawn_local(converse(stream, Rc::clone(&requests)));
    }
    Served {
        connections,
        requests: requests.get(),
    }
}

/// Answers on one connection, HTTP/1.1 or HTTP/2, until the peer goes. How it went is the peer's business.
async fn converse(stream: TcpStream, requests: Rc<Cell<u64>>) {
    let _ = stream.set_nodelay(true);
    let (Ok(peer), Ok(stream)) = (stream.peer_addr(), tokio::net::TcpStream::from_std(stream))
    else {
        return;
    };
    let service = service_fn(move |request| {
        requests.set(requests.get() + 1);
        async move { Ok::<_, Infallible>(routes::answer(request, peer.ip()).await) }
    });
    let mut builder = auto::Builder::new(OnThisThread);
    builder.http1().timer(TokioTimer::new());
    let _ = builder
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// Spawns the streams of an HTTP/2 connection beside it.
#[derive(Clone, Copy)]
struct OnThisThread;

impl<F: Future<Output = ()> + 'static> hyper::rt::Executor<F> for OnThisThread {
    fn execute(&self, future: F) {
        spawn_local(future);
    }
}
