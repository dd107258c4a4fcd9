//! Tests whole programs: one binary for all of them, so that it is linked once.

mod executors;
mod recorder;
mod smoke;
