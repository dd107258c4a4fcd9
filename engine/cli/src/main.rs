//! To be written.
mod target;

fn main() {}
