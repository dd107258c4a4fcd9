//! Defines random numbers: each VU's own, and repeatable after `randomSeed`.

use std::cell::Cell;

use rquickjs::{Ctx, Function, Object, Result};

use crate::bindings::brunt::random::random;
use crate::image;

thread_local! {
    /// The state that `randomSeed` began; none asks the engine, whose numbers differ from VU to VU.
    static SEEDED: Cell<Option<u64>> = const { Cell::new(None) };
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set("randomSeed", Function::new(ctx.clone(), seed)?)?;
    native.set("random", Function::new(ctx.clone(), next)?)
}

/// `randomSeed(n)`: from here on the numbers follow from `n`.
fn seed(seed: f64) {
    SEEDED.set(Some(seed.to_bits()));
}

/// A number from 0 to 1, without 1.
fn next() -> f64 {
    let bits = match SEEDED.get() {
        Some(state) => {
            let (state, bits) = split_mix(state);
            SEEDED.set(Some(state));
            bits
        }
        None => {
            image::touch("asks for random numbers");
            random::next()
        }
    };
    // The 53 bits that fit between 0 and 1 without rounding.
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// One step of SplitMix64 (Steele, Lea, Flood, 2014): the next state, and 64 bits.
fn split_mix(state: u64) -> (u64, u64) {
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (state, z ^ (z >> 31))
}
