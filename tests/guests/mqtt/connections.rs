//! Defines what is done with connections: kept alive, broken, opened again.

use super::*;
use crate::bindings::brunt::mqtt::client::Event;

type Done = Result<(), Error>;

/// Another client sees the will of one that broke off, and not of one that left.
pub(crate) fn will() -> Done {
    for version in versions() {
        let watcher = client(version, "watcher")?;
        watcher.subscribe("will/+", 1)?;
        for (name, qos) in [("left", 0), ("dropped", 1), ("willing", 2)] {
            let mortal = options(version, name);
            mortal.set_will(&outgoing(&format!("will/{name}"), b"farewell", qos), 0);
            let mortal = Client::new(&mortal);
            mortal.connect()?;
            match name {
                "left" => mortal.disconnect()?,
                "willing" if version == Version::V5 => mortal.disconnect_with(4, None)?,
                _ => {}
            }
        }
        for name in ["dropped", "willing"] {
            let message = next(&watcher)?;
            check("farewell", message.payload == b"farewell");
            check(
                "of those who did not leave",
                message.topic == format!("will/{name}"),
            );
        }
        check("no more of them", quiet(&watcher)?);
    }
    Ok(())
}

/// A session that is kept brings what came meanwhile.
pub(crate) fn session() -> Done {
    for version in versions() {
        let kept = options(version, "kept");
        kept.set_clean_start(false);
        if version == Version::V5 {
            kept.set_session_expiry(300 * SECOND);
        }
        let away = Client::new(&kept);
        away.connect()?;
        check("no session before", !away.session_present());
        away.subscribe("news", 2)?;
        away.disconnect()?;
        let sender = client(version, "sender")?;
        for payload in [b"1", b"2"] {
            sender.publish("news", payload, 2, false)?;
        }
        away.connect()?;
        check("the session is there", away.session_present());
        check("the first", next(&away)?.payload == b"1");
        check("the second", next(&away)?.payload == b"2");
        away.disconnect()?;
        let clean = client(version, "kept")?;
        check("a clean start", !clean.session_present() && quiet(&clean)?);
    }
    let short = options(Version::V5, "short");
    short.set_session_expiry(SECOND);
    let short = Client::new(&short);
    short.connect()?;
    short.disconnect_with(0, Some(0))?;
    short.connect()?;
    check("an expiry on leaving", !short.session_present());
    Ok(())
}

/// A sleep longer than one and a half of the keep-alive ends no connection.
pub(crate) fn sleep_long() -> Done {
    for version in versions() {
        let options = options(version, "sleeper");
        options.set_keep_alive(SECOND);
        let sleeper = Client::new(&options);
        sleeper.connect()?;
        sleeper.subscribe("s", 1)?;
        sleep(4);
        check("still connected", sleeper.is_connected());
        sleeper.publish("s", b"x", 1, false)?;
        check("it works", next(&sleeper)?.payload == b"x");
    }
    Ok(())
}

/// What comes while the test sleeps is taken in and acknowledged then.
pub(crate) fn attended() -> Done {
    let receiver = client(Version::V5, "receiver")?;
    receiver.subscribe("a", 2)?;
    let sender = client(Version::V5, "sender")?;
    let mut pending = Vec::new();
    for qos in [1, 2, 1, 2] {
        pending.push(sender.start_publish(&outgoing("a", b"x", qos))?);
    }
    let done: Vec<_> = pending.iter().map(|one| one.done()).collect();
    let arrived = receiver.arrived();
    sleep(0.5);
    check("acknowledged meanwhile", done.iter().all(|one| one.ready()));
    check("noticed meanwhile", arrived.ready());
    let woken = time::now().as_nanos() as u64;
    check("all came", receiver.queued() == 4);
    for message in receiver.receive_batch(10, Some(0))? {
        check("early in the sleep", message.arrival + 250 * MS < woken);
    }
    Ok(())
}

/// TLS, with an authority and a certificate of the test's own.
pub(crate) fn tls() -> Done {
    let authority = env_or("CA", "");
    let trusting = || {
        let options = options(Version::V5, "tls");
        options.add_authorities(authority.as_bytes());
        options
    };
    let known = trusting();
    let (chain, key) = (env_or("CERT", ""), env_or("KEY", ""));
    known.set_client_certificate(chain.as_bytes(), key.as_bytes());
    let known = Client::new(&known);
    known.connect()?;
    known.subscribe("t", 1)?;
    known.publish("t", &vec![b'x'; 100_000], 1, false)?;
    check("it works", next(&known)?.payload.len() == 100_000);
    let unknown = Client::new(&trusting());
    check(
        "who shows no certificate is not let in",
        unknown.connect().is_err(),
    );
    let distrusting = Client::new(&options(Version::V5, "tls"));
    fails(
        "an unknown authority",
        distrusting.connect(),
        ErrorKind::Connection,
        "",
    );
    let other = trusting();
    other.set_server_name("other.test");
    fails(
        "another name",
        Client::new(&other).connect(),
        ErrorKind::Connection,
        "",
    );
    Ok(())
}

/// Of several servers the first that takes the client in.
pub(crate) fn servers() -> Done {
    let options = Options::new(&env_or("AWAY", ""));
    options.add_server(&server());
    let client = Client::new(&options);
    client.connect()?;
    check("the second", client.server() == server());
    check(
        "a name of its own",
        client.client_id().starts_with("brunt-"),
    );
    check(
        "one event",
        matches!(client.next_event(), Some(Event::Connected(false))),
    );
    check("and no more", client.next_event().is_none());
    Ok(())
}

/// The server goes and comes back: the client goes on, with what it has subscribed to.
pub(crate) fn outlive() -> Done {
    let options = options(Version::V5, "survivor");
    options.set_reconnect(50 * MS, 200 * MS, None);
    options.set_answer_timeout(20 * SECOND);
    let client = Client::new(&options);
    client.connect()?;
    client.subscribe("after/+", 1)?;
    client.next_event();
    let mut told = Vec::new();
    loop {
        client.changed().wait();
        let Some(event) = client.next_event() else {
            continue;
        };
        let is_back = matches!(event, Event::Connected(_));
        told.push(event);
        if is_back {
            break;
        }
    }
    check("told of the loss", matches!(told[0], Event::Lost(_)));
    check(
        "told of the attempts",
        matches!(told[1], Event::Reconnecting(1)),
    );
    client.publish("after/all", b"x", 1, false)?;
    check("subscribed again", next(&client)?.topic == "after/all");
    Ok(())
}

/// Messages with QoS 2 are delivered once each, by connections that break again and again.
pub(crate) fn exact() -> Done {
    let receiver = client(Version::V5, "receiver")?;
    receiver.subscribe("exact", 2)?;
    let sender = Options::new(&env_or("BREAKING", ""));
    sender.set_client_id("sender");
    sender.set_session_expiry(300 * SECOND);
    sender.set_reconnect(5 * MS, 50 * MS, None);
    let sender = Client::new(&sender);
    sender.connect()?;
    let mut pending = Vec::new();
    for number in 0..100u8 {
        pending.push(sender.start_publish(&outgoing("exact", &[number], 2))?);
    }
    for one in &pending {
        one.take()?;
    }
    let mut seen = Vec::new();
    while let Some(message) = receiver.receive(Some(300 * MS))? {
        seen.extend(message.payload);
    }
    seen.sort_unstable();
    check("each once", seen == (0..100).collect::<Vec<u8>>());
    Ok(())
}
