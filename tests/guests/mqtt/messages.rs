//! Defines what is done with messages: published, received, acknowledged.

use super::*;
use crate::bindings::brunt::mqtt::client::{Properties, Publisher, RetainHandling, Subscription};

type Done = Result<(), Error>;

/// Each level of delivery, both ways, in both versions.
pub(crate) fn levels() -> Done {
    for version in versions() {
        let receiver = client(version, "receiver")?;
        let sender = client(version, "sender")?;
        for granted in 0..3 {
            check(
                "granted",
                receiver.subscribe("level/+", granted)? == granted,
            );
            for sent in 0..3 {
                let payload = [granted, sent, 0, 255];
                sender.publish("level/a", &payload, sent, false)?;
                let message = next(&receiver)?;
                check("payload", message.payload == payload);
                check("topic", message.topic == "level/a");
                check("qos", message.qos == sent.min(granted));
            }
        }
        receiver.unsubscribe(&["level/+".into()])?;
        sender.publish("level/a", b"x", 1, false)?;
        check("unsubscribed", quiet(&receiver)?);
        receiver.disconnect()?;
        sender.disconnect()?;
        check("disconnected", !sender.is_connected());
    }
    Ok(())
}

/// What only version 5 has.
pub(crate) fn properties() -> Done {
    let client = client(Version::V5, "properties")?;
    let loud = Subscription {
        filter: "loud".into(),
        qos: 1,
        no_local: None,
        retain_as_published: Some(true),
        retain_handling: Some(RetainHandling::SendIfNew),
        identifier: Some(7),
    };
    let silent = Subscription {
        filter: "silent".into(),
        no_local: Some(true),
        ..loud.clone()
    };
    check(
        "both granted",
        client.subscribe_to(&[loud, silent])? == [1, 1],
    );
    let properties = Properties {
        content_type: Some("text/plain".into()),
        response_topic: Some("answer/here".into()),
        correlation_data: Some(vec![1, 2, 3]),
        message_expiry: Some(100 * SECOND),
        payload_is_text: Some(true),
        user_properties: Some(vec![("a".into(), "ä".into()), ("a".into(), "b".into())]),
    };
    client.publish("silent", b"x", 1, false)?;
    client.publish_message(&Outgoing {
        properties: Some(properties.clone()),
        ..outgoing("loud", "grüße".as_bytes(), 1)
    })?;
    let message = next(&client)?;
    check("the other was not local", message.topic == "loud");
    check("identifiers", message.subscriptions == [7]);
    let Some(got) = message.properties else {
        check("properties", false);
        return Ok(());
    };
    check("content type", got.content_type == properties.content_type);
    check(
        "response topic",
        got.response_topic == properties.response_topic,
    );
    check(
        "correlation data",
        got.correlation_data == properties.correlation_data,
    );
    check("text", got.payload_is_text == Some(true));
    check(
        "user properties",
        got.user_properties == properties.user_properties,
    );
    let expiry = got.message_expiry.unwrap_or(0);
    check("expiry", expiry > 50 * SECOND && expiry <= 100 * SECOND);
    Ok(())
}

pub(crate) fn retained() -> Done {
    let sender = client(Version::V5, "sender")?;
    sender.publish("kept", b"still here", 1, true)?;
    for version in versions() {
        let late = client(version, "late")?;
        late.subscribe("kept", 1)?;
        let message = next(&late)?;
        check("kept", message.retain && message.payload == b"still here");
    }
    sender.publish("kept", b"", 1, true)?;
    let later = client(Version::V5, "later")?;
    later.subscribe("kept", 1)?;
    check("forgotten", quiet(&later)?);
    Ok(())
}

/// Each message goes to one of those who share.
pub(crate) fn shared() -> Done {
    let members = [client(Version::V5, "m1")?, client(Version::V311, "m2")?];
    for member in &members {
        member.subscribe("$share/team/work", 1)?;
    }
    let sender = client(Version::V5, "sender")?;
    for number in 0..20u8 {
        sender.publish("work", &[number], 1, false)?;
    }
    let mut seen = Vec::new();
    for member in &members {
        let mut own = 0;
        while let Some(message) = member.receive(Some(100 * MS))? {
            seen.extend(message.payload);
            own += 1;
        }
        check("a share", own > 0 && own < 20);
    }
    seen.sort_unstable();
    check("each once", seen == (0..20).collect::<Vec<u8>>());
    Ok(())
}

/// Many messages on their way at once, and received in batches.
pub(crate) fn pipelined() -> Done {
    let receiver = client(Version::V5, "receiver")?;
    let sender = client(Version::V5, "sender")?;
    for qos in 0..3 {
        let topic = format!("many/{qos}");
        receiver.subscribe(&topic, qos)?;
        let publisher: Publisher = sender.publisher(&topic, qos, false)?;
        let payloads: Vec<Vec<u8>> = (0..500u16)
            .map(|number| number.to_be_bytes().to_vec())
            .collect();
        publisher.send_all(&payloads)?;
        let mut received = Vec::new();
        while received.len() < 500 {
            let batch = receiver.receive_batch(100, Some(10 * SECOND))?;
            check("at most as many as asked for", batch.len() <= 100);
            if batch.is_empty() {
                break;
            }
            received.extend(batch.into_iter().map(|message| message.payload));
        }
        check("all in their order", received == payloads);
    }
    check("none dropped", receiver.dropped() == 0);
    Ok(())
}

/// What was begun is waited for by handles.
pub(crate) fn handles() -> Done {
    let client = client(Version::V5, "handles")?;
    let subscribed = client.start_subscribe(&[Subscription {
        filter: "h/#".into(),
        qos: 2,
        no_local: None,
        retain_as_published: None,
        retain_handling: None,
        identifier: None,
    }])?;
    check("granted", subscribed.take()? == [2]);
    let first = client.start_publish(&outgoing("h/1", b"one", 1))?;
    let second = client.start_publish(&outgoing("h/2", b"two", 2))?;
    let unsent = client.start_publish(&outgoing("h/0", b"zero", 0))?;
    check("qos 0 has ended", unsent.done().ready());
    for pending in [&first, &second] {
        let waitable = pending.done();
        waitable.wait();
        check("ended without an error", pending.take()?.is_empty());
        check("and says so again", pending.take()?.is_empty());
    }
    let arrived = client.arrived();
    arrived.wait();
    let mut topics = Vec::new();
    while topics.len() < 3 {
        topics.push(next(&client)?.topic);
    }
    topics.sort_unstable();
    check("all came", topics == ["h/0", "h/1", "h/2"]);
    client.start_unsubscribe(&["h/#".into()])?.take()?;
    Ok(())
}

/// Who takes slowly loses none with QoS 1, and knows how many with QoS 0 were lost.
pub(crate) fn slow() -> Done {
    for version in versions() {
        let slow = options(version, "slow");
        slow.set_queue(5, 1 << 20);
        slow.set_receive_maximum(4);
        let slow = Client::new(&slow);
        slow.connect()?;
        slow.subscribe("flood/#", 1)?;
        let sender = client(version, "sender")?;
        let sure = sender.publisher("flood/sure", 1, false)?;
        sure.send_all(&vec![b"x".to_vec(); 300])?;
        sleep(0.1);
        check("the queue has its limit", slow.queued() <= 9);
        let mut sure = 0;
        while slow.receive(Some(300 * MS))?.is_some() {
            sure += 1;
        }
        check("none was lost", sure == 300 && slow.dropped() == 0);
        for _ in 0..300 {
            sender.publish("flood/unsure", b"x", 0, false)?;
        }
        // Once this is there, so were those before it.
        sender.publish("flood/last", b"x", 1, false)?;
        sleep(0.2);
        let mut unsure = 0;
        while slow.receive(Some(300 * MS))?.is_some() {
            unsure += 1;
        }
        check(
            "those that were lost are counted",
            unsure + slow.dropped() == 301 && slow.dropped() > 0,
        );
    }
    Ok(())
}

/// For measuring: `COUNT` messages of `SIZE` bytes with `QOS`, by `HOW`.
pub(crate) fn publish() -> Done {
    let number = |name, default| env_or(name, default).parse::<usize>().unwrap_or(0);
    let (count, size, qos) = (
        number("COUNT", "1000"),
        number("SIZE", "128"),
        number("QOS", "0") as u8,
    );
    let sender = client(Version::V5, "")?;
    let payload = vec![b'x'; size];
    let publisher = sender.publisher("bench/topic", qos, false)?;
    match env_or("HOW", "publish").as_str() {
        "publisher" => (0..count).try_for_each(|_| publisher.send(&payload))?,
        "all" => {
            let batch = vec![payload; 100];
            (0..count / 100).try_for_each(|_| publisher.send_all(&batch))?;
        }
        _ => (0..count).try_for_each(|_| sender.publish("bench/topic", &payload, qos, false))?,
    }
    sender.disconnect()
}
