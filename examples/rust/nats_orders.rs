//! Defines a test of NATS: orders are sent as requests, taken by a worker of a queue, and confirmed.
//!
//! `brunt run --extension brunt_nats.wasm --env NATS=nats://127.0.0.1:4222 nats_orders.wasm`

use brunt_sdk::prelude::*;
use nats::brunt::nats::client::{Client, NatsError, Options, Outgoing, Subscription};

mod nats {
    #![allow(missing_docs, unreachable_pub, clippy::all)]

    brunt_sdk::import_extension!({
        path: ["../../wit", "../../extensions/nats/wit"],
        inline: "
            package orders:test;

            world importing {
                import brunt:time/clock@0.1.0;
                import brunt:time/waiting@0.1.0;
                import brunt:nats/client@0.1.0;
            }
        ",
    });
}

/// What a VU keeps: its connection, and its share of the orders.
struct Orders {
    client: Client,
    work: Option<Subscription>,
}

const SECOND: u64 = 1_000_000_000;

#[brunt_sdk::test(
    vus = 5,
    duration = "10s",
    thresholds(nats_request_duration = "p(95)<50", nats_errors = "count<1")
)]
impl Orders {
    fn init() -> Result<Self> {
        let server = env_or("NATS", "nats://127.0.0.1:4222");
        Ok(Self {
            client: Client::new(&Options::new(&[server])),
            work: None,
        })
    }

    pub fn default(&mut self) -> Result<()> {
        self.order().map_err(|error| Error::new(error.message))?;
        sleep(0.1);
        Ok(())
    }
}

impl Orders {
    /// Each VU is the worker of its own orders, so that there is somebody who confirms them.
    fn order(&mut self) -> Result<(), NatsError> {
        let subject = format!("orders.{}", execution::vu_in_test());
        if self.work.is_none() {
            self.work = Some(self.client.subscribe(&subject, Some("workers"))?);
            self.client.flush(None)?;
        }
        let order = Outgoing {
            subject,
            reply: None,
            headers: Some(vec![(
                "customer".to_owned(),
                execution::vu_in_test().to_string(),
            )]),
            payload: b"one of everything".to_vec(),
        };
        let pending = self.client.start_request(&order, Some(2 * SECOND))?;
        let done = pending.done();
        while !done.ready() {
            self.confirm()?;
        }
        let answer = pending.take()?;
        check("confirmed", answer.payload == b"confirmed");
        Ok(())
    }

    fn confirm(&self) -> Result<(), NatsError> {
        let Some(work) = &self.work else {
            return Ok(());
        };
        for order in work.next_batch(10, Some(SECOND / 100))? {
            self.client
                .publish(order.reply.as_deref().unwrap_or_default(), b"confirmed")?;
        }
        Ok(())
    }
}
