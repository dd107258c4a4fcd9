//! Defines JetStream: streams, what is published to them and acknowledged, and consumers. All of it is requests with JSON in them.

mod api;
mod config;
mod metadata;
mod pull;

use serde_json::{Value, json};

pub use config::{AckPolicy, ConsumerConfig, Deliver, Retention, Storage, StreamConfig};
pub use metadata::Metadata;
pub use pull::{Fetch, Pull};

use crate::command::Outgoing;
use crate::options::Time;
use crate::wire::{Meter, Wire};
use crate::{Client, Fault, Kind, Message};

/// A JetStream domain, as one client reaches it.
#[derive(Clone, Debug)]
pub struct JetStream {
    /// How the subjects of its API begin.
    pub prefix: String,
    /// How long it may take to answer, where not as long as any request.
    pub timeout: Option<Time>,
}

/// What JetStream answers to a message that it has stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The stream that has it.
    pub stream: String,
    /// Its place there, from 1.
    pub sequence: u64,
    /// Whether the stream had a message of this id already, and did not store it again.
    pub duplicate: bool,
}

/// What becomes of a message that a consumer has delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is done with.
    Ack,
    /// It is to be delivered again: at once, or after this time.
    Nak(Option<Time>),
    /// It takes longer: the time to acknowledge it begins anew.
    InProgress,
    /// It is not to be delivered again, though it was not done.
    Term,
}

impl Default for JetStream {
    fn default() -> JetStream {
        JetStream {
            prefix: "$JS.API".to_owned(),
            timeout: None,
        }
    }
}

impl JetStream {
    /// The JetStream of this domain, reached through a leaf node.
    pub fn in_domain(domain: &str) -> JetStream {
        JetStream {
            prefix: format!("$JS.{domain}.API"),
            timeout: None,
        }
    }

    /// Makes a stream; what it is then.
    ///
    /// # Errors
    /// As for all here: those of a request; what JetStream answers (10058: another of this name is configured otherwise).
    pub fn create_stream<W: Wire, M: Meter>(
        &self,
        client: &mut Client<W, M>,
        config: &StreamConfig,
    ) -> Result<Value, Fault> {
        let name = api::name("stream", &config.name)?;
        self.ask(client, &format!("STREAM.CREATE.{name}"), &config.json()?)
    }

    /// Changes a stream that there is.
    ///
    /// # Errors
    /// 10059: there is none of this name.
    pub fn update_stream<W: Wire, M: Meter>(
        &self,
        client: &mut Client<W, M>,
        config: &StreamConfig,
    ) -> Result<Value, Fault> {
        let name = api::name("stream", &config.name)?;
        self.ask(client, &format!("STREAM.UPDATE.{name}"), &config.json()?)
    }

    /// What a stream is, and has.
    ///
    /// # Errors
    /// 10059: there is none of this name.
    pub fn stream_info<W: Wire, M: Meter>(
        &self,
        client: &mut Client<W, M>,
        stream: &str,
    ) -> Result<Value, Fault> {
        let name = api::name("stream", stream)?;
        self.ask(client, &format!("STREAM.INFO.{name}"), &Value::Null)
    }

    /// Deletes a stream with all that it has.
    ///
    /// # Errors
    /// 10059: there is none of this name.
    pub fn delete_stream<W: Wire, M: Meter>(
        &self,
        client: &mut Client<W, M>,
        stream: &str,
    ) -> Result<(), Fault> {
        let name = api::name("stream", stream)?;
        self.ask(client, &format!("STREAM.DELETE.{name}"), &Value::Null)
            .map(drop)
    }

    /// Deletes the messages of a stream, all or those of one subject; how many there were.
    ///
    /// # Errors
    /// 10059: there is none of this name.
    pub fn purge_stream<W: Wire, M: Meter>(
        &self,
        client: &mut Client<W, M>,
        stream: &str,
        subject: Option<&str>,
    ) -> Result<u64, Fault> {
        let name = api::name("stream", stream)?;
        let body = subject.map_or(Value::Null, |subject| json!({ "filter": subject }));
        let answer = self.ask(client, &format!("STREAM.PURGE.{name}"), &body)?;
        Ok(answer["purged"].as_u64().unwrap_or_default())
    }

    /// The stream that takes what is published to a subject.
    ///
    /// # Errors
    /// 404: there is none.
    pub fn stream_of<W: Wire, M: Meter>(
        &self,
        client: &mut Client<W, M>,
        subject: &str,
    ) -> Result<String, Fault> {
        crate::subject::check_pattern(subject)?;
        let answer = self.ask(client, "STREAM.NAMES", &json!({ "subject": subject }))?;
        match answer["streams"][0].as_str() {
            Some(name) => Ok(name.to_owned()),
            None => {
                let message = format!("no stream takes what is published to {subject:?}");
                Err(Fault::with_code(Kind::Jetstream, 404, message))
            }
        }
    }

    /// Makes a consumer of a stream; what it is then.
    ///
    /// # Errors
    /// 10059: there is no such stream; 10013, 10012 and others: it can't be like this.
    pub fn create_consumer<W: Wire, M: Meter>(
        &self,
        client: &mut Client<W, M>,
        stream: &str,
        config: &ConsumerConfig,
    ) -> Result<Value, Fault> {
        let stream = api::name("stream", stream)?;
        let call = match &config.durable {
            Some(durable) => format!(
                "CONSUMER.DURABLE.CREATE.{stream}.{}",
                api::name("consumer", durable)?
            ),
            None => format!("CONSUMER.CREATE.{stream}"),
        };
        let body = json!({ "stream_name": stream, "config": config.json()? });
        self.ask(client, &call, &body)
    }

    /// What a consumer is, and how far it is.
    ///
    /// # Errors
    /// 10014: there is none of this name.
    pub fn consumer_info<W: Wire, M: Meter>(
        &self,
        client: &mut Client<W, M>,
        stream: &str,
        consumer: &str,
    ) -> Result<Value, Fault> {
        let (stream, consumer) = (
            api::name("stream", stream)?,
            api::name("consumer", consumer)?,
        );
        self.ask(
            client,
            &format!("CONSUMER.INFO.{stream}.{consumer}"),
            &Value::Null,
        )
    }

    /// Deletes a consumer.
    ///
    /// # Errors
    /// 10014: there is none of this name.
    pub fn delete_consumer<W: Wire, M: Meter>(
        &self,
        client: &mut Client<W, M>,
        stream: &str,
        consumer: &str,
    ) -> Result<(), Fault> {
        let (stream, consumer) = (
            api::name("stream", stream)?,
            api::name("consumer", consumer)?,
        );
        self.ask(
            client,
            &format!("CONSUMER.DELETE.{stream}.{consumer}"),
            &Value::Null,
        )
        .map(drop)
    }

    fn ask<W: Wire, M: Meter>(
        &self,
        client: &mut Client<W, M>,
        call: &str,
        body: &Value,
    ) -> Result<Value, Fault> {
        let subject = format!("{}.{call}", self.prefix);
        let body = match body {
            Value::Null => Vec::new(),
            body => body.to_string().into_bytes(),
        };
        let request = Outgoing {
            subject: &subject,
            payload: &body,
            ..Outgoing::default()
        };
        let answer = client
            .request(&request, self.timeout)
            .map_err(api::without_jetstream)?;
        let outcome = api::answer(answer.payload());
        client.counted(outcome)
    }

    /// Sends a message to be stored; the answer is waited for by [`JetStream::stored`].
    ///
    /// # Errors
    /// Those of a request.
    pub fn start_publish<W: Wire, M: Meter>(
        &self,
        client: &mut Client<W, M>,
        message: &Outgoing<'_>,
        id: Option<&str>,
    ) -> Result<u64, Fault> {
        let Some(id) = id else {
            return client.start_request(message);
        };
        let mut headers = message.headers.to_vec();
        headers.push(("Nats-Msg-Id".to_owned(), id.to_owned()));
        client.start_request(&Outgoing {
            headers: &headers,
            ..*message
        })
    }

    /// Waits for JetStream's answer to a message.
    ///
    /// # Errors
    /// Those of a request; what JetStream answers; 503: no stream takes what is published there.
    pub fn stored<W: Wire, M: Meter>(
        &self,
        client: &mut Client<W, M>,
        number: u64,
        deadline: Time,
    ) -> Result<Stored, Fault> {
        let asked = client.session().answer(number);
        let subject = asked.map(|request| request.subject.clone());
        let answer = client
            .answer_in_time(number, deadline)
            .map_err(|fault| no_stream(fault, &subject.unwrap_or_default()))?;
        let outcome = api::answer(answer.message.payload());
        let json = client.counted(outcome)?;
        client.meter().stored(&answer.subject, answer.took);
        Ok(Stored {
            stream: json["stream"].as_str().unwrap_or_default().to_owned(),
            sequence: json["seq"].as_u64().unwrap_or_default(),
            duplicate: json["duplicate"].as_bool().unwrap_or_default(),
        })
    }

    /// Sends a message to be stored, and waits until it is.
    ///
    /// # Errors
    /// Those of [`JetStream::start_publish`] and [`JetStream::stored`].
    pub fn publish<W: Wire, M: Meter>(
        &self,
        client: &mut Client<W, M>,
        message: &Outgoing<'_>,
        id: Option<&str>,
    ) -> Result<Stored, Fault> {
        let number = self.start_publish(client, message, id)?;
        let deadline = client.request_deadline(number, self.timeout);
        self.stored(client, number, deadline)
    }

    /// Says what becomes of a delivered message, by where its answer goes.
    ///
    /// # Errors
    /// Those of publishing; a message that no consumer has delivered.
    pub fn settle<W: Wire, M: Meter>(
        &self,
        client: &mut Client<W, M>,
        reply: &str,
        verdict: Verdict,
    ) -> Result<(), Fault> {
        Metadata::read(reply)?;
        client.publish(&Outgoing {
            subject: reply,
            payload: verdict.words().as_bytes(),
            ..Outgoing::default()
        })
    }

    /// The same of several messages, with one write.
    ///
    /// # Errors
    /// Those of [`JetStream::settle`].
    pub fn settle_all<W: Wire, M: Meter>(
        &self,
        client: &mut Client<W, M>,
        replies: &[String],
        verdict: Verdict,
    ) -> Result<(), Fault> {
        for reply in replies {
            Metadata::read(reply)?;
        }
        let words = verdict.words();
        let messages = replies.iter().map(|reply| Outgoing {
            subject: reply,
            payload: words.as_bytes(),
            ..Outgoing::default()
        });
        client.publish_many(messages)
    }

    /// The same, and waits until JetStream has noted it.
    ///
    /// # Errors
    /// Those of [`JetStream::settle`], and of a request.
    pub fn settle_surely<W: Wire, M: Meter>(
        &self,
        client: &mut Client<W, M>,
        reply: &str,
        verdict: Verdict,
    ) -> Result<(), Fault> {
        Metadata::read(reply)?;
        let words = verdict.words();
        let message = Outgoing {
            subject: reply,
            payload: words.as_bytes(),
            ..Outgoing::default()
        };
        client.request(&message, self.timeout).map(drop)
    }
}

impl Verdict {
    fn words(self) -> String {
        match self {
            Verdict::Ack => "+ACK".to_owned(),
            Verdict::Nak(None) => "-NAK".to_owned(),
            Verdict::Nak(Some(delay)) => format!("-NAK {{\"delay\": {delay}}}"),
            Verdict::InProgress => "+WPI".to_owned(),
            Verdict::Term => "+TERM".to_owned(),
        }
    }
}

fn no_stream(fault: Fault, subject: &str) -> Fault {
    match fault.kind {
        Kind::NoResponders => {
            let message =
                format!("no stream takes what is published to {subject:?}, or JetStream is off");
            Fault { message, ..fault }
        }
        _ => fault,
    }
}

/// Whether a message is no message, but something that JetStream says about one's pulling: a status.
pub(crate) fn status(message: &Message) -> Option<(u16, String)> {
    message.status().filter(|_| message.payload().is_empty())
}
