//! Defines how the engine itself fetches something: by the client that VUs have, and measured nowhere.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use brunt_metrics::{Breakdown, Recorder, RecorderSettings, Registry, Routing, TagSet};

use crate::data::Data;
use crate::error::Error;
use crate::http::{Client, Request, RequestFailure};
use crate::log::{Level, LogSink};
use crate::run::Run;
use crate::settings::RunSettings;
use crate::worker::Worker;

/// Fetches what the engine needs, under the network policy, the limits and the settings of a run.
pub struct Fetcher {
    run: Arc<Run>,
}

/// A response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Its status, and the words for it.
    pub status: (u16, &'static str),
    /// Where it says that the page is.
    pub location: Option<String>,
    /// Its body, decompressed.
    pub body: Vec<u8>,
}

impl Fetcher {
    /// One with these settings.
    ///
    /// # Errors
    /// Settings of TLS that are not valid: [`crate::ErrorKind::Setting`].
    pub fn new(settings: RunSettings) -> Result<Self, Error> {
        let (data, registry) = (Arc::new(Data::default()), Arc::new(Registry::new()));
        let run = Run::new(settings, data, registry, Arc::new(Silent), 1)?;
        Ok(Self { run: Arc::new(run) })
    }

    /// Gets what is at this address, redirects not followed, within this time. The thread waits for it.
    ///
    /// # Errors
    /// Why there is no response, in words.
    pub fn get(&self, url: &str, time: Duration) -> Result<Page, String> {
        let run = self.run.clone();
        // On a thread of its own, as the one that asks may drive tasks, which can't be waited for inside of another.
        thread::scope(|scope| {
            let fetching = thread::Builder::new()
                .name("brunt-fetch".to_owned())
                .spawn_scoped(scope, || fetch(run, url, time));
            match fetching.map(thread::ScopedJoinHandle::join) {
                Ok(Ok(page)) => page,
                Ok(Err(_)) => Err("fetching it failed".to_owned()),
                Err(error) => Err(error.to_string()),
            }
        })
    }
}

fn fetch(run: Arc<Run>, url: &str, time: Duration) -> Result<Page, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let routing = Arc::new(Routing::new([], Breakdown::Off));
    let recorder = Recorder::new(run.registry().clone(), routing, RecorderSettings::default());
    let worker = Worker::new(run, 0, recorder);
    let mut request = Request::new("GET".to_owned(), url.to_owned());
    request.timeout = time;
    request.redirects = Some(0);
    request.headers.push((
        "accept-encoding".to_owned(),
        "gzip, deflate, br, zstd".to_owned(),
    ));
    let response = runtime.block_on(async {
        let base = worker.base(&TagSet::empty());
        Client::new(&worker, 0).send(&request, &base).await
    });
    let response = response.map_err(|RequestFailure { message, .. }| message)?;
    let status = response.head.status;
    let location = response.head.headers.values("location");
    let location = location.first().map(|value| String::from_utf8_lossy(value));
    Ok(Page {
        status: (
            status.as_u16(),
            status.canonical_reason().unwrap_or_default(),
        ),
        location: location.map(|location| location.into_owned()),
        body: response.body.to_vec(),
    })
}

/// What is said of the engine's own requests is in their failures.
struct Silent;

impl LogSink for Silent {
    fn log(&self, _: Level, _: &str, _: &str) {}
}
