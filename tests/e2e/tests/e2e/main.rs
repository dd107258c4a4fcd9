//! Tests whole programs: one binary for all of them, so that it is linked once.

mod bad_input;
mod console;
mod contracts;
mod executors;
mod failures;
mod hostile;
mod http;
mod http_debug;
mod httpbin;
mod lifecycle;
mod logins;
mod names;
mod outputs;
mod pacing;
mod proxies;
mod recorder;
mod requests;
mod samples;
mod saturation;
mod smoke;
mod throw;
mod timings;
mod tls;
mod unusual;
mod wire;
