//! Defines the messages of NTLM, version 2 (MS-NLMP): what opens a log-in, and what answers the server's challenge.

use hmac::{Hmac, KeyInit, Mac};
use md4::{Digest, Md4};
use md5::Md5;

use crate::http::auth::Credentials;

/// What every message begins with.
const SIGNATURE: &[u8; 8] = b"NTLMSSP\0";

/// UTF-16 · the server names itself · NTLM · always sign · extended session security · target information · 128 and 56 bits.
const FLAGS: u32 = 0x0000_0001
    | 0x0000_0004
    | 0x0000_0200
    | 0x0000_8000
    | 0x0008_0000
    | 0x0080_0000
    | 0x2000_0000
    | 0x8000_0000;

/// The number of the timestamp among the target information.
const TIMESTAMP: u16 = 7;

/// Seconds from 1601, where Windows begins to count, to 1970.
const WINDOWS_EPOCH: u64 = 11_644_473_600;

/// The message that opens a log-in.
pub(crate) fn negotiate() -> Vec<u8> {
    let mut message = SIGNATURE.to_vec();
    message.extend_from_slice(&1_u32.to_le_bytes());
    message.extend_from_slice(&FLAGS.to_le_bytes());
    // Neither domain nor workstation.
    message.extend_from_slice(&[0; 16]);
    message
}

/// What a server asks.
pub(crate) struct Challenge {
    nonce: [u8; 8],
    flags: u32,
    target: Vec<u8>,
    /// Target information: numbered values, the last of which is number 0.
    information: Vec<u8>,
}

impl Challenge {
    /// Reads the server's message; none when it isn't one.
    pub(crate) fn parse(message: &[u8]) -> Option<Self> {
        let is_challenge = message.starts_with(SIGNATURE) && message.get(8..12)? == [2, 0, 0, 0];
        let flags = u32::from_le_bytes(message.get(20..24)?.try_into().ok()?);
        let nonce = message.get(24..32)?.try_into().ok()?;
        is_challenge.then_some(())?;
        Some(Self {
            nonce,
            flags,
            target: field(message, 12)?,
            information: field(message, 40).unwrap_or_default(),
        })
    }

    /// The message that answers it, at this time (seconds since 1970), with a nonce of the client.
    pub(crate) fn authenticate(
        &self,
        credentials: &Credentials,
        unix_seconds: u64,
        nonce: [u8; 8],
    ) -> Vec<u8> {
        let (domain, user) = self.domain_and_user(&credentials.user);
        let key = hashed_password(&user, &domain, &credentials.password);
        let timestamp = self.timestamp();
        let now = (unix_seconds + WINDOWS_EPOCH) * 10_000_000;
        let proof = self.proof(&key, timestamp.unwrap_or(now.to_le_bytes()), nonce);
        // A server that gives its time wants no answer of the older kind.
        let older = match timestamp {
            Some(_) => vec![0; 24],
            None => [&hmac_md5(&key, &[&self.nonce, &nonce])[..], &nonce].concat(),
        };
        self.message(&[&older, &proof, &domain, &utf16(&user), &[], &[]])
    }

    /// `DOMAIN\name`; without a domain the server's own, but none for `name@domain`.
    fn domain_and_user(&self, user: &str) -> (Vec<u8>, String) {
        match user.split_once('\\') {
            Some((domain, name)) => (utf16(domain), name.to_owned()),
            None if user.contains('@') => (Vec::new(), user.to_owned()),
            None => (self.target.clone(), user.to_owned()),
        }
    }

    fn timestamp(&self) -> Option<[u8; 8]> {
        let mut rest = self.information.as_slice();
        loop {
            let [a, b, c, d, values @ ..] = rest else {
                return None;
            };
            let length = usize::from(u16::from_le_bytes([*c, *d]));
            let value = values.get(..length)?;
            match u16::from_le_bytes([*a, *b]) {
                0 => return None,
                TIMESTAMP => return value.try_into().ok(),
                _ => rest = &values[length..],
            }
        }
    }

    /// The response of version 2: what proves to know the password, and what it was made of.
    fn proof(&self, key: &[u8], time: [u8; 8], nonce: [u8; 8]) -> Vec<u8> {
        let blob = [
            &[1, 1, 0, 0, 0, 0, 0, 0][..],
            &time,
            &nonce,
            &[0; 4],
            &self.information,
            &[0; 4],
        ]
        .concat();
        [&hmac_md5(key, &[&self.nonce, &blob])[..], &blob].concat()
    }

    /// A message of type 3: a head that says where each field is, and the fields after it.
    fn message(&self, fields: &[&[u8]; 6]) -> Vec<u8> {
        const HEAD_BYTES: usize = 64;
        let mut head = [&SIGNATURE[..], &3_u32.to_le_bytes()].concat();
        let mut content = Vec::new();
        for field in fields {
            let length = u16::try_from(field.len()).unwrap_or(u16::MAX).to_le_bytes();
            let offset = u32::try_from(HEAD_BYTES + content.len()).unwrap_or(u32::MAX);
            head.extend_from_slice(&[length, length].concat());
            head.extend_from_slice(&offset.to_le_bytes());
            content.extend_from_slice(field);
        }
        head.extend_from_slice(&(self.flags & FLAGS).to_le_bytes());
        [head, content].concat()
    }
}

/// The bytes that a head's length and offset at this place lead to.
fn field(message: &[u8], at: usize) -> Option<Vec<u8>> {
    let head: [u8; 8] = message.get(at..at + 8)?.try_into().ok()?;
    let length = usize::from(u16::from_le_bytes([head[0], head[1]]));
    let offset = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
    let end = offset.checked_add(length)?;
    message.get(offset..end).map(<[u8]>::to_vec)
}

fn hashed_password(user: &str, domain: &[u8], password: &str) -> [u8; 16] {
    let first = Md4::digest(utf16(password));
    hmac_md5(&first, &[&utf16(&user.to_uppercase()), domain])
}

fn hmac_md5(key: &[u8], parts: &[&[u8]]) -> [u8; 16] {
    let mut mac = Hmac::<Md5>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER;

    /// `Domain` and `Server`, as in the example of MS-NLMP 4.2.4.
    fn challenge(extra: &[u8]) -> Vec<u8> {
        let names = [(2_u16, "Domain"), (1, "Server")];
        let mut information = Vec::new();
        for (number, name) in names {
            information.extend_from_slice(&number.to_le_bytes());
            information.extend_from_slice(&12_u16.to_le_bytes());
            information.extend_from_slice(&utf16(name));
        }
        information.extend_from_slice(extra);
        information.extend_from_slice(&[0; 4]);
        let target = utf16("Server");
        let length = information.len() as u16;
        let mut message = [&SIGNATURE[..], &[2, 0, 0, 0]].concat();
        message.extend_from_slice(&[12, 0, 12, 0, 48, 0, 0, 0]);
        message.extend_from_slice(&FLAGS.to_le_bytes());
        message.extend_from_slice(&[0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef]);
        message.extend_from_slice(&[0; 8]);
        message.extend_from_slice(&[length.to_le_bytes(), length.to_le_bytes()].concat());
        message.extend_from_slice(&60_u32.to_le_bytes());
        [message, target, information].concat()
    }

    #[test]
    fn the_example_of_the_specification_comes_out() {
        let challenge = Challenge::parse(&challenge(&[])).expect("a challenge");
        let key = hashed_password("User", &utf16("Domain"), "Password");
        assert_eq!(HEXLOWER.encode(&key), "0c868a403bfd7a93a3001ef22ef02e3f");
        let proof = challenge.proof(&key, [0; 8], [0xaa; 8]);
        assert_eq!(
            HEXLOWER.encode(&proof[..16]),
            "68cd0ab851e51c96aabc927bebef6a1c"
        );
    }

    #[test]
    fn the_answer_has_all_fields_where_its_head_says() {
        let credentials = Credentials {
            user: "Domain\\User".into(),
            password: "Password".into(),
        };
        let timestamp = [&[7, 0, 8, 0][..], &[9; 8]].concat();
        let challenge = Challenge::parse(&challenge(&timestamp)).expect("a challenge");
        let message = challenge.authenticate(&credentials, 0, [0xaa; 8]);
        assert!(message.starts_with(SIGNATURE) && message[8] == 3);
        assert_eq!(field(&message, 12), Some(vec![0; 24]));
        assert_eq!(field(&message, 28), Some(utf16("Domain")));
        assert_eq!(field(&message, 36), Some(utf16("User")));
        let response = field(&message, 20).expect("a response");
        assert_eq!(response[24..32], [9; 8], "the server's own time");
    }

    #[test]
    fn what_is_no_challenge_is_refused() {
        assert!(Challenge::parse(b"").is_none());
        assert!(Challenge::parse(&negotiate()).is_none());
        let mut beyond = challenge(&[]);
        beyond[16] = 0xff;
        beyond[17] = 0xff;
        assert!(Challenge::parse(&beyond).is_none());
        for end in 0..48 {
            assert!(Challenge::parse(&challenge(&[])[..end]).is_none());
        }
    }
}
