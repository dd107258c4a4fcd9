//! Defines one load test from options to summary: the embeddable library.

pub mod options;
