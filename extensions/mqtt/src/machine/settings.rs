//! Defines how a client is to be: who it is, what it leaves behind, and its limits.

use crate::codec::{MOST_BYTES, Qos, Version};
use crate::error::Error;

use super::WillMessage;

/// How many own messages are on their way at once where nothing is set.
const IN_FLIGHT: u16 = 1000;

/// The same with QoS 2 in version 3.1.1, where a server can't say how many it takes. It is what mosquitto takes unless configured otherwise:
/// one more is forgotten, and that can't be told from an acknowledgement, since PUBREC has no reason code there.
const IN_FLIGHT_EXACTLY_ONCE_V311: u16 = 20;

/// How a client is to be.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The version that it speaks.
    pub version: Version,
    /// Who it is; empty for a name that the server gives.
    pub client_id: String,
    /// The user's name.
    pub user: Option<String>,
    /// The password.
    pub password: Option<Vec<u8>>,
    /// What the server publishes when the connection breaks.
    pub will: Option<WillMessage>,
    /// Within how many seconds it shows that it is alive; 0 for never.
    pub keep_alive_s: u16,
    /// Whether the server is to forget the session before; in 3.1.1 also after.
    pub clean_start: bool,
    /// Version 5: for how long the server keeps the session when the connection is gone; `u32::MAX` for ever.
    pub session_expiry_s: u32,
    /// How many messages with QoS 1 or 2 the server may send ahead of their acknowledgement.
    pub receive_maximum: u16,
    /// Whether `most_bytes` is told to the server, which then keeps back what is larger (version 5).
    pub tells_most_bytes: bool,
    /// The largest packet that is accepted.
    pub most_bytes: usize,
    /// How many aliases of topics the server may use (version 5).
    pub their_aliases: u16,
    /// Whether this client uses aliases where the server knows them (version 5).
    pub uses_aliases: bool,
    /// How many own messages with QoS 1 or 2 are on their way at once; where nothing is set 1,000, and 20 with QoS 2 in version 3.1.1.
    pub in_flight: Option<u16>,
    /// How many received messages wait to be taken.
    pub most_messages: usize,
    /// How many bytes of payload wait to be taken.
    pub most_message_bytes: usize,
    /// Pairs for CONNECT (version 5).
    pub user_properties: Vec<(String, String)>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            version: Version::V311,
            client_id: String::new(),
            user: None,
            password: None,
            will: None,
            keep_alive_s: 60,
            clean_start: true,
            session_expiry_s: 0,
            receive_maximum: 1000,
            tells_most_bytes: false,
            most_bytes: 16 << 20,
            their_aliases: 0,
            uses_aliases: false,
            in_flight: None,
            most_messages: 1000,
            most_message_bytes: 8 << 20,
            user_properties: Vec::new(),
        }
    }
}

impl Settings {
    /// How many own messages may be on their way when one of this QoS is to follow.
    pub(super) fn most_in_flight(&self, qos: Qos) -> u16 {
        self.in_flight.unwrap_or(match (self.version, qos) {
            (Version::V311, Qos::ExactlyOnce) => IN_FLIGHT_EXACTLY_ONCE_V311,
            _ => IN_FLIGHT,
        })
    }

    /// # Errors
    /// When they don't fit together, or need version 5 and speak 3.1.1.
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.client_id.len() > 65_535 {
            return Err(Error::options(
                "the client identifier has more than 65,535 bytes",
            ));
        }
        if self.receive_maximum == 0 || self.in_flight == Some(0) {
            return Err(Error::options(
                "at least 1 message has to be allowed on its way: receive maximum and in-flight are 1 or more",
            ));
        }
        if self.most_bytes == 0 || self.most_bytes > MOST_BYTES {
            return Err(Error::options(format!(
                "the maximum packet size is from 1 to {MOST_BYTES} bytes"
            )));
        }
        match self.version {
            Version::V5 => Ok(()),
            Version::V311 => self.check_version_3(),
        }
    }

    fn check_version_3(&self) -> Result<(), Error> {
        if self.password.is_some() && self.user.is_none() {
            return Err(Error::options(
                "MQTT 3.1.1 knows no password without a user\nhint: give a user, or speak version 5",
            ));
        }
        if self.client_id.is_empty() && !self.clean_start {
            return Err(Error::options(
                "a session that is kept needs a client identifier",
            ));
        }
        let will = self.will.as_ref();
        let needs = [
            (
                self.session_expiry_s > 0,
                "a session expiry",
                "in 3.1.1 a session is kept when `clean-start` is off",
            ),
            (
                !self.user_properties.is_empty(),
                "user properties",
                "speak version 5",
            ),
            (
                will.is_some_and(|will| will.delay_s > 0),
                "a will delay",
                "speak version 5",
            ),
            (
                will.is_some_and(|will| will.properties.is_some()),
                "properties of a will",
                "speak version 5",
            ),
        ];
        match needs.iter().find(|(asked, ..)| *asked) {
            Some((_, what, hint)) => Err(Error::options(format!(
                "{what}: only in version 5\nhint: {hint}"
            ))),
            None => Ok(()),
        }
    }
}
