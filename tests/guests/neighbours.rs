//! Defines a guest with one function that behaves and several that do not, to see whether those spoil it for that one.

use std::hint::black_box;

use brunt_sdk::prelude::*;

#[derive(Default)]
struct Neighbours {
    good_iterations: u64,
}

#[brunt_sdk::test]
impl Neighbours {
    /// Behaves: sleeps a little, and remembers.
    pub fn default(&mut self) {
        let before = self.good_iterations;
        sleep(0.01);
        self.good_iterations += 1;
        check(
            "nobody else touched this",
            self.good_iterations == before + 1,
        );
    }

    /// Computes without end.
    pub fn spin(&mut self) {
        while black_box(true) {}
    }

    /// Takes more and more memory.
    pub fn swell(&mut self) {
        let mut kept = Vec::new();
        while black_box(true) {
            kept.push(vec![1u8; 16 << 20]);
        }
    }

    /// Panics.
    pub fn fall(&mut self) {
        panic!("falls on purpose");
    }

    /// Keeps more and more timers.
    pub fn hoard(&mut self) {
        let mut kept = Vec::new();
        while black_box(true) {
            kept.push(time::after(3600));
        }
    }

    /// Talks without end.
    pub fn babble(&mut self) {
        while black_box(true) {
            log::info!("babble");
        }
    }
}
