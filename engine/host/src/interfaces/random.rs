//! Defines the host's side of `brunt:random`.

use std::hash::{BuildHasher, Hasher, RandomState};

use crate::bindings::brunt::random::random::Host;
use crate::state::{Misuse, VuState};

/// Bytes that one call gives at most.
const MOST_BYTES: u32 = 65_536;

/// A stream of random numbers: SplitMix64 (Steele, Lea, Flood, 2014), small enough for thousands of VUs.
pub(crate) struct Generator(u64);

impl Generator {
    /// The stream of one VU: a seed makes it repeatable.
    pub(crate) fn new(seed: Option<u64>, vu: u64) -> Self {
        let start = seed.unwrap_or_else(|| RandomState::new().build_hasher().finish());
        let mut generator = Self(start ^ vu.wrapping_mul(0xd134_2543_de82_ef95));
        generator.next();
        generator
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

impl Host for VuState {
    fn next(&mut self) -> wasmtime::Result<u64> {
        Ok(self.random.next())
    }

    fn bytes(&mut self, length: u32) -> wasmtime::Result<Vec<u8>> {
        if length > MOST_BYTES {
            return Err(Misuse(format!(
                "random.bytes gives at most {MOST_BYTES} bytes at once"
            ))
            .into());
        }
        let mut bytes = Vec::with_capacity(length as usize + 8);
        while bytes.len() < length as usize {
            bytes.extend_from_slice(&self.random.next().to_le_bytes());
        }
        bytes.truncate(length as usize);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vus_differ_and_seeds_repeat() {
        let first = |seed, vu| Generator::new(seed, vu).next();
        assert_eq!(first(Some(7), 1), first(Some(7), 1));
        assert_ne!(first(Some(7), 1), first(Some(7), 2));
        assert_ne!(first(None, 1), first(None, 1));
    }
}
