//! Defines the extension {{name}}: a protocol of requests and responses, a line each, over TCP.

use std::cell::RefCell;

use bindings::exports::my::{{wit}}::client::{Client, Failure, Guest, GuestClient};
use brunt_sdk::extension::Extension;
use brunt_sdk::metrics::{Counter, Trend};
use brunt_sdk::sockets::{self, Connection};
use brunt_sdk::{Result, time};

mod bindings {
    #![allow(missing_docs, unreachable_pub, clippy::all)]
    brunt_sdk::extension_bindings!({
        path: ["wit", "contract"],
        world: "my:{{package}}/extension",
    });
}

brunt_sdk::export_extension!(Lines, bindings);

struct Lines;

/// What is measured. Metrics are registered once in each VU.
struct Metrics {
    requests: Counter,
    duration: Trend,
}

thread_local! {
    static METRICS: RefCell<Option<Metrics>> = const { RefCell::new(None) };
}

impl Extension for Lines {
    fn init() -> Result<()> {
        METRICS.set(Some(Metrics {
            requests: Counter::new("{{wit}}_requests")?,
            duration: Trend::of_times("{{wit}}_request_duration")?,
        }));
        Ok(())
    }
}

impl Guest for Lines {
    type Client = Open;
}

/// A connection, and what came on it behind the last response.
struct Open(RefCell<(Connection, Vec<u8>)>);

impl GuestClient for Open {
    fn connect(host: String, port: u16) -> std::result::Result<Client, Failure> {
        let connection = Connection::open(&host, port).map_err(failure)?;
        Ok(Client::new(Open(RefCell::new((connection, Vec::new())))))
    }

    fn request(&self, line: String) -> std::result::Result<String, Failure> {
        let began = time::now();
        let (connection, rest) = &mut *self.0.borrow_mut();
        connection
            .send(format!("{line}\n").as_bytes())
            .map_err(failure)?;
        let response = next_line(connection, rest)?;
        let took = connection.arrival().saturating_sub(began);
        METRICS.with_borrow(|metrics| {
            if let Some(metrics) = metrics {
                metrics.requests.add(1.0);
                metrics.duration.add(took.as_secs_f64() * 1000.0);
            }
        });
        Ok(response)
    }
}

/// Reads until a line is complete.
fn next_line(connection: &mut Connection, rest: &mut Vec<u8>) -> std::result::Result<String, Failure> {
    loop {
        if let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=end).collect();
            return Ok(String::from_utf8_lossy(&line[..end]).into_owned());
        }
        match connection.chunk(64 << 10).map_err(failure)? {
            Some(bytes) => rest.extend(bytes),
            None => {
                return Err(Failure {
                    code: 1203,
                    message: "the server closed the connection".to_owned(),
                });
            }
        }
    }
}

fn failure(error: sockets::Error) -> Failure {
    Failure {
        code: error.code(),
        message: error.message().to_owned(),
    }
}
