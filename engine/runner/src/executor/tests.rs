//! Defines the tests of both executors, with a fake VU and paused time.
