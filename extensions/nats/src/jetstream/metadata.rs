//! Defines what a delivered message's reply subject says of it.

use crate::Fault;

/// Where a delivered message comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// The stream that has it.
    pub stream: String,
    /// The consumer that delivered it.
    pub consumer: String,
    /// How often it was delivered, this time among them.
    pub deliveries: u64,
    /// Its place in the stream, from 1.
    pub stream_sequence: u64,
    /// Its place among what the consumer delivered, from 1.
    pub consumer_sequence: u64,
    /// When it was stored, in nanoseconds since 1970.
    pub stored_at: u64,
    /// How many messages wait for the consumer behind it.
    pub pending: u64,
}

impl Metadata {
    /// Reads `$JS.ACK.<stream>.<consumer>.<deliveries>.<stream sequence>.<consumer sequence>.<time>.<pending>`, or the longer form
    /// with a domain and an account before the stream.
    ///
    /// # Errors
    /// What is none of these.
    pub fn read(reply: &str) -> Result<Metadata, Fault> {
        let wrong = || {
            Fault::invalid(format!(
                "no consumer of JetStream has delivered a message with the reply subject {reply:?}"
            ))
        };
        let rest = reply.strip_prefix("$JS.ACK.").ok_or_else(wrong)?;
        let parts: Vec<&str> = rest.split('.').collect();
        let from = match parts.len() {
            7 => 0,
            9.. => 2,
            _ => return Err(wrong()),
        };
        let number = |at: usize| parts[from + at].parse::<u64>().map_err(|_| wrong());
        Ok(Metadata {
            stream: parts[from].to_owned(),
            consumer: parts[from + 1].to_owned(),
            deliveries: number(2)?,
            stream_sequence: number(3)?,
            consumer_sequence: number(4)?,
            stored_at: number(5)?,
            pending: number(6)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        let short = Metadata::read("$JS.ACK.S.C.1.22.3.1700000000000000000.5").expect("short");
        assert_eq!(
            (short.stream.as_str(), short.stream_sequence, short.pending),
            ("S", 22, 5)
        );
        let long =
            Metadata::read("$JS.ACK._.hash.S.C.2.22.3.1700000000000000000.5.random").expect("long");
        assert_eq!((long.consumer.as_str(), long.deliveries), ("C", 2));
        for other in ["", "_INBOX.a.b", "$JS.ACK.S", "$JS.ACK.S.C.x.22.3.1.5"] {
            assert!(Metadata::read(other).is_err(), "{other}");
        }
    }
}
