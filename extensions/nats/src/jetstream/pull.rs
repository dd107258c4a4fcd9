//! Defines pulling: messages are asked for, and come on a subscription of one's own.

use serde_json::json;

use super::{JetStream, status};
use crate::command::Outgoing;
use crate::options::{SECOND, Time};
use crate::wire::{Meter, Wire};
use crate::{Client, Fault, Kind, Message};

/// A consumer that messages are pulled from.
#[derive(Debug)]
pub struct Pull {
    stream: String,
    consumer: String,
    /// Each request has a subject of its own below this one, on which what JetStream says about it comes.
    inbox: String,
    subscription: u64,
    requests: u64,
}

/// What is asked for at once.
#[derive(Clone, Copy, Debug)]
pub struct Fetch {
    /// The most messages.
    pub most: u32,
    /// How long to wait for them; not at all where nothing is given.
    pub expires: Option<Time>,
}

impl Pull {
    /// Listens for what is pulled from a consumer that there is.
    ///
    /// # Errors
    /// 10014: there is none of this name.
    pub fn new<W: Wire, M: Meter>(
        jetstream: &JetStream,
        client: &mut Client<W, M>,
        stream: &str,
        consumer: &str,
    ) -> Result<Pull, Fault> {
        let info = jetstream.consumer_info(client, stream, consumer)?;
        if info["config"]["deliver_subject"].is_string() {
            return Err(Fault::invalid(format!(
                "the consumer {consumer:?} pushes its messages; hint: subscribe to its deliver_subject"
            )));
        }
        let inbox = client.session().new_inbox();
        let subscription = client.subscribe(&format!("{inbox}.*"), None)?;
        let filter = info["config"]["filter_subject"]
            .as_str()
            .filter(|filter| !filter.is_empty());
        let measured = filter.unwrap_or(stream).to_owned();
        if let Some(subscription) = client.session().subscription(subscription) {
            subscription.measured = Some(measured);
        }
        Ok(Pull {
            stream: stream.to_owned(),
            consumer: consumer.to_owned(),
            inbox,
            subscription,
            requests: 0,
        })
    }

    /// The name of the stream.
    pub fn stream(&self) -> &str {
        &self.stream
    }

    /// The name of the consumer.
    pub fn consumer(&self) -> &str {
        &self.consumer
    }

    /// The number of the subscription on which messages come.
    pub fn subscription(&self) -> u64 {
        self.subscription
    }

    /// Asks for messages, and waits until all of them are there, the time has passed, or there are no more to be had. That there
    /// were none is no error.
    ///
    /// # Errors
    /// When nothing came: 409 (the consumer was deleted meanwhile, or can't take this request), 10014 (there is none any more).
    pub fn fetch<W: Wire, M: Meter>(
        &mut self,
        jetstream: &JetStream,
        client: &mut Client<W, M>,
        fetch: Fetch,
    ) -> Result<Vec<Message>, Fault> {
        if fetch.most == 0 {
            return Ok(Vec::new());
        }
        let reply = self.ask(jetstream, client, fetch)?;
        let patience = client.session().options().request_timeout.min(SECOND);
        let deadline = client.wire().now() + fetch.expires.unwrap_or(4 * SECOND) + patience;
        let mut messages = Vec::new();
        while messages.len() < fetch.most as usize {
            let Some(message) = client.next(self.subscription, deadline)? else {
                // Not even that there is nothing was said: whom was it asked?
                if messages.is_empty() {
                    jetstream.consumer_info(client, &self.stream, &self.consumer)?;
                }
                break;
            };
            match status(&message) {
                None => messages.push(message),
                // What is said about an earlier request.
                Some(_) if message.subject() != reply => {}
                Some((code, words)) => match ended(code, &words) {
                    None => {}
                    Some(Err(fault)) if messages.is_empty() => return client.counted(Err(fault)),
                    Some(_) => break,
                },
            }
        }
        Ok(messages)
    }

    fn ask<W: Wire, M: Meter>(
        &mut self,
        jetstream: &JetStream,
        client: &mut Client<W, M>,
        fetch: Fetch,
    ) -> Result<String, Fault> {
        self.requests += 1;
        let reply = format!("{}.{}", self.inbox, self.requests);
        let body = match fetch.expires {
            Some(expires) => json!({ "batch": fetch.most, "expires": expires }),
            None => json!({ "batch": fetch.most, "no_wait": true }),
        };
        client.publish(&Outgoing {
            subject: &format!(
                "{}.CONSUMER.MSG.NEXT.{}.{}",
                jetstream.prefix, self.stream, self.consumer
            ),
            reply: Some(&reply),
            payload: body.to_string().as_bytes(),
            ..Outgoing::default()
        })?;
        Ok(reply)
    }
}

/// Whether a status ends a request: 404 (no messages) and 408 (the time has passed) as expected.
fn ended(code: u16, words: &str) -> Option<Result<(), Fault>> {
    match code {
        // A heart-beat.
        100 => None,
        404 | 408 => Some(Ok(())),
        503 => Some(Err(fault(code, "there is no such consumer any more"))),
        _ => Some(Err(fault(code, words))),
    }
}

fn fault(code: u16, words: &str) -> Fault {
    let message = format!("JetStream says to a pull: {words} ({code})");
    Fault::with_code(Kind::Jetstream, code.into(), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_end_a_pull_or_do_not() {
        assert_eq!(ended(100, "Idle Heartbeat"), None);
        assert_eq!(ended(404, "No Messages"), Some(Ok(())));
        assert_eq!(ended(408, "Request Timeout"), Some(Ok(())));
        let deleted = ended(409, "Consumer Deleted")
            .expect("ends")
            .expect_err("an error");
        assert_eq!((deleted.kind, deleted.code), (Kind::Jetstream, 409));
    }
}
