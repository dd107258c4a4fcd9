//! Defines the engine's random numbers as the crates for cryptography take them.

use std::convert::Infallible;

use rsa::rand_core::{TryCryptoRng, TryRng};

use super::crypto;
use crate::bindings::brunt::random::random;
use crate::image;

/// The engine's random numbers.
pub(super) struct Chance;

impl TryRng for Chance {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64().map(|bits| bits as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        image::touch("asks for random numbers");
        Ok(random::next())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.copy_from_slice(&crypto::random_of(bytes.len()));
        Ok(())
    }
}

impl TryCryptoRng for Chance {}
