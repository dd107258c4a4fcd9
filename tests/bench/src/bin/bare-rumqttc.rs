//! Defines the yardstick of MQTT: rumqttc's client, on one thread, publishing to one topic.
//!
//! `bare-rumqttc HOST PORT COUNT SIZE QOS` prints the number of messages and the seconds that they took.

use std::env;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Outgoing, Packet, QoS};

fn main() -> Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [host, port, count, size, qos] = args.as_slice() else {
        bail!("usage: bare-rumqttc HOST PORT COUNT SIZE QOS")
    };
    let count: u64 = count.parse().context("the number of messages")?;
    let payload = vec![b'x'; size.parse().context("the size")?];
    let qos = rumqttc::qos(qos.parse().context("the QoS")?).context("the QoS")?;
    let mut options = MqttOptions::new("bare", host, port.parse().context("the port")?);
    options.set_inflight(1000);
    let (client, connection) = AsyncClient::new(options, 1000);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let start = Instant::now();
    runtime.block_on(async {
        let sent = publish(&client, count, &payload, qos);
        let (sent, done) = tokio::join!(sent, all_done(connection, count, qos));
        sent.and(done)
    })?;
    println!("{count} {}", start.elapsed().as_secs_f64());
    Ok(())
}

async fn publish(client: &AsyncClient, count: u64, payload: &[u8], qos: QoS) -> Result<()> {
    for _ in 0..count {
        client
            .publish("bench/topic", qos, false, payload.to_vec())
            .await?;
    }
    Ok(())
}

/// Drives the connection until all messages are sent, or with QoS 1 acknowledged.
async fn all_done(mut connection: EventLoop, count: u64, qos: QoS) -> Result<()> {
    let mut done = 0;
    while done < count {
        done += match (connection.poll().await?, qos) {
            (Event::Outgoing(Outgoing::Publish(_)), QoS::AtMostOnce)
            | (Event::Incoming(Packet::PubAck(_)), QoS::AtLeastOnce) => 1,
            _ => 0,
        };
    }
    Ok(())
}
