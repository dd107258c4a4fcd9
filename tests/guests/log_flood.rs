//! Defines a hostile guest that logs a gigabyte: in pieces of 1 KiB, or as lines of 64 MiB when `HOW` is `huge`.

use brunt_sdk::prelude::*;

const ALL: usize = 1 << 30;

#[brunt_sdk::test]
fn log_flood() {
    let huge = env_or("HOW", "pieces") == "huge";
    let piece = if huge { 64 << 20 } else { 1 << 10 };
    let line = "x".repeat(piece);
    for _ in 0..ALL / piece {
        log::line(log::Level::Info, &line);
    }
}
