//! To be written.
mod args;
mod target;

fn main() {}
