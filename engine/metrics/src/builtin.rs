//! Defines the metrics that exist without being declared: one table, whose row numbers are the metrics' ids.

use crate::definition::{Contains, Kind, MetricId};

/// Virtual users that are running an iteration's scenario now.
pub const VUS: MetricId = MetricId(0);
/// Virtual users that are initialised.
pub const VUS_MAX: MetricId = MetricId(1);
/// Iterations that ran to their end.
pub const ITERATIONS: MetricId = MetricId(2);
/// Time from an iteration's start to its end.
pub const ITERATION_DURATION: MetricId = MetricId(3);
/// Iterations that were due and never started.
pub const DROPPED_ITERATIONS: MetricId = MetricId(4);
/// Share of checks that passed.
pub const CHECKS: MetricId = MetricId(5);
/// Time spent in a group, sleeps included.
pub const GROUP_DURATION: MetricId = MetricId(6);
/// Bytes written to sockets.
pub const DATA_SENT: MetricId = MetricId(7);
/// Bytes read from sockets.
pub const DATA_RECEIVED: MetricId = MetricId(8);
/// HTTP requests, every redirect hop included.
pub const HTTP_REQS: MetricId = MetricId(9);
/// Share of requests whose response was not an expected one.
pub const HTTP_REQ_FAILED: MetricId = MetricId(10);
/// Sending, waiting and receiving; no look-up, connecting or pool wait.
pub const HTTP_REQ_DURATION: MetricId = MetricId(11);
/// Time from asking for a connection to having one.
pub const HTTP_REQ_BLOCKED: MetricId = MetricId(12);
/// Time to establish the TCP connection; 0 when it was reused.
pub const HTTP_REQ_CONNECTING: MetricId = MetricId(13);
/// Time of the TLS handshake; 0 when the connection was reused.
pub const HTTP_REQ_TLS_HANDSHAKING: MetricId = MetricId(14);
/// Time to write the request.
pub const HTTP_REQ_SENDING: MetricId = MetricId(15);
/// Time from the written request to the response's first byte.
pub const HTTP_REQ_WAITING: MetricId = MetricId(16);
/// Time from the response's first byte to its last.
pub const HTTP_REQ_RECEIVING: MetricId = MetricId(17);
/// Open-model scenarios: started minus due.
pub const ITERATION_START_DELAY: MetricId = MetricId(18);
/// Open-model scenarios: end minus due, so that queueing is seen.
pub const ITERATION_DURATION_FROM_DUE: MetricId = MetricId(19);
/// WebSocket sessions started.
pub const WS_SESSIONS: MetricId = MetricId(20);
/// WebSocket messages sent.
pub const WS_MSGS_SENT: MetricId = MetricId(21);
/// WebSocket messages received.
pub const WS_MSGS_RECEIVED: MetricId = MetricId(22);
/// Time from a WebSocket ping to its pong.
pub const WS_PING: MetricId = MetricId(23);
/// Time from a WebSocket session's start to its end.
pub const WS_SESSION_DURATION: MetricId = MetricId(24);
/// Time to establish a WebSocket connection.
pub const WS_CONNECTING: MetricId = MetricId(25);
/// Time of a gRPC call.
pub const GRPC_REQ_DURATION: MetricId = MetricId(26);
/// gRPC streams started.
pub const GRPC_STREAMS: MetricId = MetricId(27);
/// Messages sent on gRPC streams.
pub const GRPC_STREAMS_MSGS_SENT: MetricId = MetricId(28);
/// Messages received on gRPC streams.
pub const GRPC_STREAMS_MSGS_RECEIVED: MetricId = MetricId(29);
/// Share of its time that a worker thread was computing: the load generator itself.
pub const WORKER_BUSY: MetricId = MetricId(30);
/// How late a worker's loop woke up: the load generator itself.
pub const WORKER_LAG: MetricId = MetricId(31);
/// Server-sent events received.
pub const SSE_EVENTS: MetricId = MetricId(32);
/// Time from one server-sent event to the next.
pub const SSE_EVENT_INTERVAL: MetricId = MetricId(33);

/// Whether this id is one of a built-in metric.
pub fn is_builtin(id: MetricId) -> bool {
    (id.0 as usize) < TABLE.len()
}

/// One row of the table: name, kind, meaning of the values.
pub(crate) type Row = (&'static str, Kind, Contains);

/// Every built-in metric; the row number is the metric's id.
pub(crate) const TABLE: [Row; 34] = [
    ("vus", Kind::Gauge, Contains::Default),
    ("vus_max", Kind::Gauge, Contains::Default),
    ("iterations", Kind::Counter, Contains::Default),
    ("iteration_duration", Kind::Trend, Contains::Time),
    ("dropped_iterations", Kind::Counter, Contains::Default),
    ("checks", Kind::Rate, Contains::Default),
    ("group_duration", Kind::Trend, Contains::Time),
    ("data_sent", Kind::Counter, Contains::Data),
    ("data_received", Kind::Counter, Contains::Data),
    ("http_reqs", Kind::Counter, Contains::Default),
    ("http_req_failed", Kind::Rate, Contains::Default),
    ("http_req_duration", Kind::Trend, Contains::Time),
    ("http_req_blocked", Kind::Trend, Contains::Time),
    ("http_req_connecting", Kind::Trend, Contains::Time),
    ("http_req_tls_handshaking", Kind::Trend, Contains::Time),
    ("http_req_sending", Kind::Trend, Contains::Time),
    ("http_req_waiting", Kind::Trend, Contains::Time),
    ("http_req_receiving", Kind::Trend, Contains::Time),
    ("iteration_start_delay", Kind::Trend, Contains::Time),
    ("iteration_duration_from_due", Kind::Trend, Contains::Time),
    ("ws_sessions", Kind::Counter, Contains::Default),
    ("ws_msgs_sent", Kind::Counter, Contains::Default),
    ("ws_msgs_received", Kind::Counter, Contains::Default),
    ("ws_ping", Kind::Trend, Contains::Time),
    ("ws_session_duration", Kind::Trend, Contains::Time),
    ("ws_connecting", Kind::Trend, Contains::Time),
    ("grpc_req_duration", Kind::Trend, Contains::Time),
    ("grpc_streams", Kind::Counter, Contains::Default),
    ("grpc_streams_msgs_sent", Kind::Counter, Contains::Default),
    (
        "grpc_streams_msgs_received",
        Kind::Counter,
        Contains::Default,
    ),
    ("worker_busy", Kind::Trend, Contains::Default),
    ("worker_lag", Kind::Trend, Contains::Time),
    ("sse_events", Kind::Counter, Contains::Default),
    ("sse_event_interval", Kind::Trend, Contains::Time),
];

/// Whether `metric` is one of this table's.
pub fn contains(metric: MetricId) -> bool {
    metric.index() < TABLE.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_point_at_their_rows() {
        let rows = [
            (VUS, "vus"),
            (VUS_MAX, "vus_max"),
            (ITERATIONS, "iterations"),
            (ITERATION_DURATION, "iteration_duration"),
            (DROPPED_ITERATIONS, "dropped_iterations"),
            (CHECKS, "checks"),
            (GROUP_DURATION, "group_duration"),
            (DATA_SENT, "data_sent"),
            (DATA_RECEIVED, "data_received"),
            (HTTP_REQS, "http_reqs"),
            (HTTP_REQ_FAILED, "http_req_failed"),
            (HTTP_REQ_DURATION, "http_req_duration"),
            (HTTP_REQ_BLOCKED, "http_req_blocked"),
            (HTTP_REQ_CONNECTING, "http_req_connecting"),
            (HTTP_REQ_TLS_HANDSHAKING, "http_req_tls_handshaking"),
            (HTTP_REQ_SENDING, "http_req_sending"),
            (HTTP_REQ_WAITING, "http_req_waiting"),
            (HTTP_REQ_RECEIVING, "http_req_receiving"),
            (ITERATION_START_DELAY, "iteration_start_delay"),
            (ITERATION_DURATION_FROM_DUE, "iteration_duration_from_due"),
            (WS_SESSIONS, "ws_sessions"),
            (WS_MSGS_SENT, "ws_msgs_sent"),
            (WS_MSGS_RECEIVED, "ws_msgs_received"),
            (WS_PING, "ws_ping"),
            (WS_SESSION_DURATION, "ws_session_duration"),
            (WS_CONNECTING, "ws_connecting"),
            (GRPC_REQ_DURATION, "grpc_req_duration"),
            (GRPC_STREAMS, "grpc_streams"),
            (GRPC_STREAMS_MSGS_SENT, "grpc_streams_msgs_sent"),
            (GRPC_STREAMS_MSGS_RECEIVED, "grpc_streams_msgs_received"),
            (WORKER_BUSY, "worker_busy"),
            (WORKER_LAG, "worker_lag"),
            (SSE_EVENTS, "sse_events"),
            (SSE_EVENT_INTERVAL, "sse_event_interval"),
        ];
        assert_eq!(rows.len(), TABLE.len());
        for (id, name) in rows {
            assert_eq!(TABLE[id.index()].0, name);
        }
    }
}
