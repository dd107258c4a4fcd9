//! Defines the extension: the resource of the contract, on a connection of the engine's.

use std::cell::RefCell;
use std::time::Duration;

use brunt_sdk::Extension;
use brunt_sdk::metrics::{Counter, Trend};
use brunt_sdk::time;

use crate::protocol::{Answer, command, request};

mod bindings {
    brunt_sdk::extension_bindings!({
        world: "example:line-protocol/line-protocol",
        path: ["../../../../wit", "../wit"],
    });
}

use bindings::exports::example::line_protocol::client;

struct LineProtocol;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes of one read at most.
const READ_MOST: usize = 16 * 1024;

thread_local! {
    static METRICS: RefCell<Option<Metrics>> = const { RefCell::new(None) };
}

struct Metrics {
    requests: Counter,
    errors: Counter,
    duration: Trend,
}

impl Extension for LineProtocol {
    fn init() -> brunt_sdk::Result<()> {
        METRICS.set(Some(Metrics {
            requests: Counter::new("line_requests")?,
            errors: Counter::new("line_errors")?,
            duration: Trend::of_times("line_duration")?,
        }));
        Ok(())
    }
}

impl client::Guest for LineProtocol {
    type Connection = Connection;
}

struct Connection(RefCell<brunt_sdk::sockets::Connection>);

impl client::GuestConnection for Connection {
    fn open(host: String, port: u16) -> Result<client::Connection, String> {
        let mut connection = brunt_sdk::sockets::Connection::open(&host, port).map_err(|error| error.to_string())?;
        connection.set_read_timeout(Some(PATIENCE));
        let connection = Connection(RefCell::new(connection));
        Ok(client::Connection::new(connection))
    }

    fn ask(&self, line: String) -> Result<String, String> {
        let began = time::now();
        let answer = self.exchange(&line);
        record(command(&line), time::now() - began, answer.is_ok());
        answer
    }
}

impl Connection {
    fn exchange(&self, line: &str) -> Result<String, String> {
        let mut connection = self.0.borrow_mut();
        connection.send(&request(line)?).map_err(|error| error.to_string())?;
        let mut answer = Answer::default();
        loop {
            let bytes = connection.chunk(READ_MOST).map_err(|error| error.to_string())?;
            let bytes = bytes.ok_or("the server hung up")?;
            if let Some(answer) = answer.take(&bytes)? {
                return answer;
            }
        }
    }
}

fn record(command: &str, took: Duration, well: bool) {
    let tags = [("command", command)];
    METRICS.with_borrow(|metrics| {
        let Some(metrics) = metrics else { return };
        metrics.requests.add_tagged(1.0, &tags);
        match well {
            true => metrics.duration.add_tagged(took.as_secs_f64() * 1000.0, &tags),
            false => metrics.errors.add_tagged(1.0, &tags),
        }
    });
}

brunt_sdk::export_extension!(LineProtocol, bindings);
