//! Defines how a client proves who it is with a key: NKeys, and the files that hold one beside a JWT.

use std::fmt;

use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};
use ed25519_dalek::{Signer, SigningKey};

use crate::Fault;

/// A user's key.
#[derive(Clone)]
pub struct NKey {
    key: SigningKey,
}

/// What a credentials file has: the user's JWT, and the key that goes with it.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// As it stands in the file.
    pub jwt: String,
    /// The user's key.
    pub key: NKey,
}

/// The first five bits of a seed, and those that say that it is a user's.
const SEED: u8 = 18 << 3;
const USER: u8 = 20 << 3;

impl NKey {
    /// Reads a user's seed: `SU…`.
    ///
    /// # Errors
    /// What is no seed, or not a user's. The seed itself is not told.
    pub fn from_seed(seed: &str) -> Result<NKey, Fault> {
        let wrong = |why: &str| {
            Fault::invalid(format!(
                "the NKey's seed is none: {why}; hint: a user's begins with SU"
            ))
        };
        let bytes = BASE32_NOPAD
            .decode(seed.trim().as_bytes())
            .map_err(|_| wrong("it is not written in base 32"))?;
        let [first, second, key @ .., low, high] = &bytes[..] else {
            return Err(wrong("it is too short"));
        };
        let key: &[u8; 32] = key
            .try_into()
            .map_err(|_| wrong("it is not of the right length"))?;
        if checksum(&bytes[..34]) != u16::from_le_bytes([*low, *high]) {
            return Err(wrong("its checksum is wrong"));
        }
        if first & 0xf8 != SEED || (first & 7) << 5 | second >> 3 != USER {
            return Err(wrong("it is not a user's"));
        }
        let key = SigningKey::from_bytes(key);
        Ok(NKey { key })
    }

    /// The public key: `U…`.
    pub fn public(&self) -> String {
        let mut bytes = vec![USER];
        bytes.extend_from_slice(self.key.verifying_key().as_bytes());
        let sum = checksum(&bytes);
        bytes.extend_from_slice(&sum.to_le_bytes());
        BASE32_NOPAD.encode(&bytes)
    }

    /// The signature of what the server gave to sign.
    pub fn sign(&self, nonce: &str) -> String {
        let signature = self.key.sign(nonce.as_bytes());
        BASE64URL_NOPAD.encode(&signature.to_bytes())
    }
}

/// Keys are not for logs.
impl fmt::Debug for NKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NKey({})", self.public())
    }
}

impl Credentials {
    /// Reads the text of a credentials file.
    ///
    /// # Errors
    /// When a part is missing, or the seed is none.
    pub fn read(text: &str) -> Result<Credentials, Fault> {
        let part = |name: &str| {
            section(text, name).ok_or_else(|| {
                Fault::invalid(format!(
                    "the credentials have no part between -----BEGIN {name}----- and -----END {name}-----"
                ))
            })
        };
        let jwt = part("NATS USER JWT")?.to_owned();
        let key = NKey::from_seed(part("USER NKEY SEED")?)?;
        Ok(Credentials { jwt, key })
    }
}

/// What stands between the lines of this name. Files have five or six dashes.
fn section<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, behind) = text.split_once(&format!("BEGIN {name}"))?;
    let (inside, _) = behind.split_once(&format!("END {name}"))?;
    let inside = inside.trim_matches(|c: char| c == '-' || c.is_whitespace());
    (!inside.is_empty()).then_some(inside)
}

/// CRC-16/XMODEM.
fn checksum(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |sum, byte| {
        (0..8).fold(sum ^ u16::from(*byte) << 8, |sum, _| match sum & 0x8000 {
            0 => sum << 1,
            _ => sum << 1 ^ 0x1021,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pair that the `nk` command made.
    const SEED: &str = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";
    const PUBLIC: &str = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";

    #[test]
    fn a_seed_gives_its_public_key() {
        let key = NKey::from_seed(SEED).expect("a seed");
        assert_eq!(key.public(), PUBLIC);
        assert_eq!(key.sign("nonce").len(), 86);
        assert!(!format!("{key:?}").contains(SEED));
    }

    #[test]
    fn what_is_no_seed_is_refused_without_telling_it() {
        let mut typo = SEED.to_owned();
        typo.replace_range(20..21, "A");
        for seed in ["", "SU", PUBLIC, &typo, "no seed at all"] {
            let fault = NKey::from_seed(seed).expect_err(seed);
            assert!(
                seed.is_empty() || seed == "SU" || !fault.message.contains(seed),
                "{fault}"
            );
        }
    }

    #[test]
    fn credentials_have_both_parts() {
        let text = format!(
            "-----BEGIN NATS USER JWT-----\neyJ0.e-J.s\n------END NATS USER JWT------\n\n*** IMPORTANT ***\n\n\
             -----BEGIN USER NKEY SEED-----\n{SEED}\n------END USER NKEY SEED------\n"
        );
        let credentials = Credentials::read(&text).expect("credentials");
        assert_eq!(
            (credentials.jwt.as_str(), credentials.key.public().as_str()),
            ("eyJ0.e-J.s", PUBLIC)
        );
        let fault = Credentials::read("nothing").expect_err("none");
        assert!(fault.message.contains("NATS USER JWT"), "{fault}");
    }
}
