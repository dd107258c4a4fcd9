//! Defines how streams and consumers are configured: what most need by name, all else as JSON beside it.

use serde_json::{Map, Value, json};

use crate::Fault;
use crate::options::Time;

/// A stream that is to be made or changed.
#[derive(Clone, Debug, Default)]
pub struct StreamConfig {
    /// Its name.
    pub name: String,
    /// What it takes; what has its name where nothing is given.
    pub subjects: Vec<String>,
    /// Where it is kept.
    pub storage: Storage,
    /// When messages leave it.
    pub retention: Retention,
    /// The most messages; without limit where nothing is given.
    pub max_messages: Option<u64>,
    /// The most bytes; without limit where nothing is given.
    pub max_bytes: Option<u64>,
    /// The oldest message; without limit where nothing is given.
    pub max_age: Option<Time>,
    /// On how many servers it is; on one where nothing is given.
    pub replicas: Option<u32>,
    /// How long ids of messages are remembered; two minutes where nothing is given.
    pub duplicate_window: Option<Time>,
    /// Anything else: an object whose fields go before those above.
    pub more: Option<String>,
}

/// Where a stream is kept.
#[derive(Clone, Copy, Debug, Default)]
pub enum Storage {
    /// In files.
    #[default]
    File,
    /// In memory.
    Memory,
}

/// When messages leave a stream.
#[derive(Clone, Copy, Debug, Default)]
pub enum Retention {
    /// When a limit is reached.
    #[default]
    Limits,
    /// When all consumers are done with them.
    Interest,
    /// When one consumer is done with them.
    WorkQueue,
}

/// A consumer that is to be made.
#[derive(Clone, Debug, Default)]
pub struct ConsumerConfig {
    /// Its name, where it is to outlive those who use it.
    pub durable: Option<String>,
    /// Which of the stream's messages; all where nothing is given.
    pub filter: Option<String>,
    /// From where on.
    pub deliver: Deliver,
    /// Which messages are to be acknowledged.
    pub ack: AckPolicy,
    /// How long that may take before a message is delivered again; 30 s where nothing is given.
    pub ack_wait: Option<Time>,
    /// How often a message is delivered at most; without limit where nothing is given.
    pub max_deliver: Option<u32>,
    /// How many messages may wait for being acknowledged; 1,000 where nothing is given.
    pub max_ack_pending: Option<u32>,
    /// Anything else: an object whose fields go before those above.
    pub more: Option<String>,
}

/// From where on a consumer delivers.
#[derive(Clone, Copy, Debug, Default)]
pub enum Deliver {
    /// From the first message.
    #[default]
    All,
    /// From the last one.
    Last,
    /// What comes from now on.
    New,
    /// The last one of each subject, and what comes.
    LastPerSubject,
}

/// Which messages are to be acknowledged.
#[derive(Clone, Copy, Debug, Default)]
pub enum AckPolicy {
    /// Each.
    #[default]
    Explicit,
    /// With one, all before it.
    All,
    /// None.
    None,
}

impl StreamConfig {
    /// A stream of this name that takes these subjects.
    pub fn new(name: &str, subjects: &[&str]) -> StreamConfig {
        StreamConfig {
            name: name.to_owned(),
            subjects: subjects
                .iter()
                .map(|subject| (*subject).to_owned())
                .collect(),
            ..StreamConfig::default()
        }
    }

    pub(super) fn json(&self) -> Result<Value, Fault> {
        let storage = match self.storage {
            Storage::File => "file",
            Storage::Memory => "memory",
        };
        let retention = match self.retention {
            Retention::Limits => "limits",
            Retention::Interest => "interest",
            Retention::WorkQueue => "workqueue",
        };
        let mut json = Map::new();
        json.insert("name".to_owned(), json!(self.name));
        json.insert("storage".to_owned(), json!(storage));
        json.insert("retention".to_owned(), json!(retention));
        json.insert("num_replicas".to_owned(), json!(self.replicas.unwrap_or(1)));
        if !self.subjects.is_empty() {
            json.insert("subjects".to_owned(), json!(self.subjects));
        }
        insert(&mut json, "max_msgs", self.max_messages);
        insert(&mut json, "max_bytes", self.max_bytes);
        insert(&mut json, "max_age", self.max_age);
        insert(&mut json, "duplicate_window", self.duplicate_window);
        with(json, self.more.as_deref())
    }
}

impl ConsumerConfig {
    pub(super) fn json(&self) -> Result<Value, Fault> {
        let deliver = match self.deliver {
            Deliver::All => "all",
            Deliver::Last => "last",
            Deliver::New => "new",
            Deliver::LastPerSubject => "last_per_subject",
        };
        let ack = match self.ack {
            AckPolicy::Explicit => "explicit",
            AckPolicy::All => "all",
            AckPolicy::None => "none",
        };
        let mut json = Map::new();
        json.insert("deliver_policy".to_owned(), json!(deliver));
        json.insert("ack_policy".to_owned(), json!(ack));
        json.insert("replay_policy".to_owned(), json!("instant"));
        if let Some(durable) = &self.durable {
            json.insert("durable_name".to_owned(), json!(durable));
        }
        if let Some(filter) = &self.filter {
            json.insert("filter_subject".to_owned(), json!(filter));
        }
        insert(&mut json, "ack_wait", self.ack_wait);
        insert(&mut json, "max_deliver", self.max_deliver.map(u64::from));
        insert(
            &mut json,
            "max_ack_pending",
            self.max_ack_pending.map(u64::from),
        );
        with(json, self.more.as_deref())
    }
}

fn insert(json: &mut Map<String, Value>, name: &str, value: Option<u64>) {
    if let Some(value) = value {
        json.insert(name.to_owned(), json!(value));
    }
}

fn with(mut json: Map<String, Value>, more: Option<&str>) -> Result<Value, Fault> {
    let more = more.unwrap_or("{}");
    let more: Map<String, Value> = serde_json::from_str(more).map_err(|error| {
        Fault::invalid(format!(
            "what is configured beside is no JSON object: {error}"
        ))
    })?;
    json.extend(more);
    Ok(Value::Object(json))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_configured_beside_goes_before() {
        let config = StreamConfig {
            more: Some(r#"{"storage":"memory","discard":"new"}"#.to_owned()),
            max_messages: Some(3),
            ..StreamConfig::new("S", &["a.>"])
        };
        let json = config.json().expect("JSON");
        assert_eq!(
            (&json["storage"], &json["discard"]),
            (&json!("memory"), &json!("new"))
        );
        assert_eq!(
            (&json["max_msgs"], &json["subjects"]),
            (&json!(3), &json!(["a.>"]))
        );
        assert!(json.get("max_age").is_none());
        let broken = ConsumerConfig {
            more: Some("[]".to_owned()),
            ..ConsumerConfig::default()
        };
        assert!(broken.json().is_err());
    }
}
