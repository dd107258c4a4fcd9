//! Defines the limits of one VU, and what happens when one is reached.

use std::time::Duration;

/// What one VU may use. The default of each field is the one of the option of the same name.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Bytes of linear memory (`memory`, 256 MiB). Beyond it the guest's allocation fails, which ends its iteration.
    pub memory: usize,
    /// Bytes of stack for guest code (`stack`, 1 MiB). Beyond it the guest traps.
    pub stack: usize,
    /// Processor time of one call into the guest (`cpuTime`, 10 s), measured to 10 ms. Beyond it the guest traps.
    pub cpu_time: Duration,
    /// Elements of each table (`tableElements`, 100,000). Beyond it growing a table fails in the guest.
    pub table_elements: usize,
    /// Open connections of one VU (`connections`, 100). Beyond it a request waits for one to be free, and a socket fails.
    pub connections: usize,
    /// Bytes of one response body (`responseBody`, 64 MiB), as it came and decompressed, unless it is discarded. Beyond
    /// it the request fails.
    pub response_body: usize,
    /// Headers of one response (`responseHeaders`, 100). Beyond it the request fails.
    pub response_headers: usize,
    /// Bytes of the status line and headers of one response (`responseHead`, 400 KiB). Beyond it the request fails.
    pub response_head: usize,
    /// Bytes of one streamed body that wait to be read or sent (`streamBuffer`, 256 KiB). Beyond it no more is read from the
    /// connection, and a writer waits.
    pub stream_buffer: usize,
    /// Bytes that wait on one socket of an extension to be read, or to be written (`socketBuffer`, 1 MiB). Beyond it no more is read from
    /// the connection, a writer waits, and datagrams are dropped.
    pub socket_buffer: usize,
    /// Bytes of one server-sent event (`sseEvent`, 1 MiB). Beyond it the event source fails.
    pub sse_event: usize,
    /// Bytes of cookies in one jar (`cookies`, 1 MiB). Beyond it those set first are forgotten, with a warning.
    pub cookies: usize,
    /// Bytes of log per VU and second (`logBytes`, 64 KiB). Beyond it lines are cut or dropped, and counted.
    pub log_bytes: usize,
    /// Resources held at once (`handles`, 10,000): requests, responses, timers. Beyond it the guest traps.
    pub handles: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 256 << 20,
            stack: 1 << 20,
            cpu_time: Duration::from_secs(10),
            table_elements: 100_000,
            connections: 100,
            response_body: 64 << 20,
            response_headers: 100,
            response_head: 400 << 10,
            stream_buffer: 256 << 10,
            socket_buffer: 1 << 20,
            sse_event: 1 << 20,
            cookies: 1 << 20,
            log_bytes: 64 << 10,
            handles: 10_000,
        }
    }
}
