//! Tests whole programs: one binary for all of them, so that it is linked once.

mod contracts;
mod executors;
mod hostile;
mod lifecycle;
mod outputs;
mod recorder;
mod samples;
mod smoke;
