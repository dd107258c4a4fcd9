//! Defines a load of NATS: variable `DO` names what each iteration does, `NATS` the server, and `READY` the subject that is told once a VU has
//! subscribed.

use brunt_sdk::prelude::*;
use nats::brunt::nats::client::{Client, NatsError, Options, State, Subscription};

mod nats {
    #![allow(missing_docs, unreachable_pub, clippy::all)]

    brunt_sdk::import_extension!({
        path: ["../../wit", "../../extensions/nats/wit"],
        inline: "
            package test:nats;

            world importing {
                import brunt:time/clock@0.1.0;
                import brunt:time/waiting@0.1.0;
                import brunt:nats/client@0.1.0;
            }
        ",
    });
}

const SECOND: u64 = 1_000_000_000;

/// A VU with a connection that outlives its iterations.
struct Load {
    client: Option<Client>,
    subscription: Option<Subscription>,
}

#[brunt_sdk::test]
impl Load {
    fn init() -> Result<Self> {
        Ok(Self {
            client: None,
            subscription: None,
        })
    }

    pub fn default(&mut self) -> Result<()> {
        match env_or("DO", "echo").as_str() {
            "echo" => self.echo(),
            "publish" => self.publish(),
            "fan-in" => self.fan_in(),
            "request" => self.request(),
            "idle" => self.idle(),
            other => return Err(Error::new(format!("nothing is known of {other}"))),
        }
        .map_err(|error: NatsError| Error::new(error.message))
    }
}

fn client() -> Client {
    Client::new(&Options::new(&[env_or("NATS", "nats://127.0.0.1:4222")]))
}

fn payload() -> Vec<u8> {
    vec![b'x'; env_or("SIZE", "128").parse().unwrap_or(128)]
}

impl Load {
    fn connected(&mut self) -> Result<(&Client, &Subscription), NatsError> {
        if self.client.is_none() {
            let client = client();
            let subject = env_or("SUBJECT", &format!("vu.{}", execution::vu_in_test()));
            self.subscription = Some(client.subscribe(&subject, None)?);
            client.flush(None)?;
            if let Some(subject) = env("READY") {
                client.publish(&subject, b"")?;
            }
            self.client = Some(client);
        }
        match (&self.client, &self.subscription) {
            (Some(client), Some(subscription)) => Ok((client, subscription)),
            _ => unreachable!("both were just made"),
        }
    }

    /// One message there and back; over a broker that ends and comes back too.
    fn echo(&mut self) -> Result<(), NatsError> {
        let (client, subscription) = self.connected()?;
        let subject = subscription.subject();
        client.publish(&subject, b"tick")?;
        let came = subscription.next(Some(SECOND / 2))?;
        check("came back", came.is_some());
        sleep(Duration::from_millis(20));
        Ok(())
    }

    fn publish(&mut self) -> Result<(), NatsError> {
        let count: u32 = env_or("COUNT", "1000").parse().unwrap_or(1);
        let payload = payload();
        if self.client.is_none() {
            let client = client();
            client.connect()?;
            self.client = Some(client);
        }
        let client = self.client.as_ref().expect("just made");
        match env("MANY") {
            None => {
                for _ in 0..count {
                    client.publish("load", &payload)?;
                }
            }
            Some(most) => {
                let most: usize = most.parse().unwrap_or(100);
                for _ in 0..count as usize / most {
                    client.publish_all("load", &vec![payload.clone(); most])?;
                }
            }
        }
        client.flush(None).map(drop)
    }

    fn fan_in(&mut self) -> Result<(), NatsError> {
        let wanted: usize = env_or("COUNT", "20000").parse().unwrap_or(1);
        let (_, subscription) = self.connected()?;
        let mut count = 0;
        while count < wanted {
            let batch = subscription.next_batch(1000, Some(5 * SECOND))?;
            if batch.is_empty() {
                break;
            }
            count += batch.len();
        }
        check("all came", count == wanted);
        check("none dropped", subscription.dropped() == 0);
        Ok(())
    }

    fn request(&mut self) -> Result<(), NatsError> {
        let count: u32 = env_or("COUNT", "100").parse().unwrap_or(1);
        if self.client.is_none() {
            self.client = Some(client());
        }
        let client = self.client.as_ref().expect("just made");
        let payload = payload();
        for _ in 0..count {
            client.request("echo", &payload, None)?;
        }
        Ok(())
    }

    fn idle(&mut self) -> Result<(), NatsError> {
        let (client, subscription) = self.connected()?;
        check(
            "there",
            client.state() == State::Connected && subscription.pending() == 0,
        );
        sleep(Duration::from_secs(1));
        Ok(())
    }
}
