//! Defines what goes wrong, and how it is told.

use super::*;

type Done = Result<(), Error>;

/// A server that does not let it in.
pub(crate) fn refused() -> Done {
    for version in versions() {
        for word in ["wrong", ""] {
            let options = options(version, "refused");
            options.set_credentials(Some("me"), Some(word.as_bytes()));
            let result = Client::new(&options).connect();
            fails("refused", result, ErrorKind::Refused, "ot authori");
        }
        let options = options(version, "let-in");
        options.set_credentials(Some("me"), Some(b"right"));
        let client = Client::new(&options);
        client.connect()?;
        if version == Version::V5 {
            let result = client.publish("secret", b"x", 1, false);
            fails(
                "nor published to",
                result,
                ErrorKind::Refused,
                "not authorized",
            );
        }
        check("still connected", client.is_connected());
    }
    Ok(())
}

/// No server at all.
pub(crate) fn away() -> Done {
    let lonely = Client::new(&options(Version::V5, "away"));
    fails(
        "refused",
        lonely.connect(),
        ErrorKind::Connection,
        "mqtt://",
    );
    fails(
        "not connected",
        lonely.publish("a", b"x", 0, false),
        ErrorKind::Connection,
        "",
    );
    let options = options(Version::V5, "away");
    options.set_reconnect(10 * MS, 20 * MS, Some(3));
    let fresh = Client::new(&options);
    fails(
        "never connected",
        fresh.publish("a", b"x", 0, false),
        ErrorKind::NotConnected,
        "not connected",
    );
    fails(
        "nothing to receive",
        fresh.receive(None),
        ErrorKind::NotConnected,
        "not connected",
    );
    fails(
        "nothing to leave",
        fresh.disconnect(),
        ErrorKind::NotConnected,
        "not connected",
    );
    Ok(())
}

/// A server that says something wrong in answer to CONNECT: `KIND` and `WORDS` are expected.
pub(crate) fn hostile() -> Done {
    let kind = match env_or("KIND", "protocol").as_str() {
        "protocol" => ErrorKind::Protocol,
        "limit" => ErrorKind::Limit,
        "timeout" => ErrorKind::Timeout,
        "refused" => ErrorKind::Refused,
        _ => ErrorKind::Connection,
    };
    let options = options(Version::V5, "brave");
    options.set_connect_timeout(SECOND);
    let client = Client::new(&options);
    let result = client
        .connect()
        .and_then(|()| client.receive(Some(5 * SECOND)));
    fails("told", result, kind, &env_or("WORDS", ""));
    check("not connected", !client.is_connected());
    Ok(())
}

/// Packets that are larger than the other side takes.
pub(crate) fn large() -> Done {
    let client = client(Version::V5, "large")?;
    let result = client.publish("a", &vec![0; 5000], 1, false);
    fails(
        "too large for the server",
        result,
        ErrorKind::Limit,
        "takes at most",
    );
    client.subscribe("a", 1)?;
    client.publish("a", &vec![0; 1000], 1, false)?;
    check("what fits comes", next(&client)?.payload.len() == 1000);
    let small = options(Version::V311, "small");
    small.set_maximum_packet_size(500);
    let small = Client::new(&small);
    small.connect()?;
    small.subscribe("a", 0)?;
    client.publish("a", &vec![0; 1000], 1, false)?;
    fails(
        "too large for the client",
        small.receive(Some(5 * SECOND)),
        ErrorKind::Limit,
        "hint: set a larger maximum packet size",
    );
    Ok(())
}

/// A server from which nothing comes any more, though its connection is open.
pub(crate) fn silent() -> Done {
    let options = options(Version::V5, "patient");
    options.set_keep_alive(3 * SECOND);
    options.set_answer_timeout(500 * MS);
    let client = Client::new(&options);
    client.connect()?;
    // Meanwhile the server falls silent.
    sleep(1);
    fails(
        "no acknowledgement",
        client.publish("a", b"x", 1, false),
        ErrorKind::Timeout,
        "in time",
    );
    fails(
        "no sign of life",
        client.receive(Some(10 * SECOND)),
        ErrorKind::Timeout,
        "keep-alive",
    );
    check("not connected", !client.is_connected());
    Ok(())
}

/// What can't be.
pub(crate) fn wrong() -> Done {
    for (url, words) in [
        ("ws://127.0.0.1:1", "WebSocket is not supported"),
        ("http://a", "unknown scheme"),
        ("mqtt://", "no host"),
    ] {
        let result = Client::new(&Options::new(url)).connect();
        fails(url, result, ErrorKind::Options, words);
    }
    let expiring = options(Version::V311, "a");
    expiring.set_session_expiry(SECOND);
    fails(
        "an expiry in 3.1.1",
        Client::new(&expiring).connect(),
        ErrorKind::Options,
        "version 5",
    );
    let client = client(Version::V311, "wrong")?;
    fails(
        "no such QoS",
        client.publish("a", b"x", 3, false),
        ErrorKind::Options,
        "QoS 3",
    );
    fails(
        "a wildcard",
        client.publish("a/#", b"x", 0, false),
        ErrorKind::Options,
        "wildcard",
    );
    fails(
        "a wrong filter",
        client.subscribe("a#", 0),
        ErrorKind::Options,
        "stands alone",
    );
    let with_properties = Outgoing {
        properties: Some(bindings::brunt::mqtt::client::Properties {
            content_type: None,
            response_topic: None,
            correlation_data: None,
            message_expiry: None,
            payload_is_text: None,
            user_properties: None,
        }),
        ..outgoing("a", b"x", 0)
    };
    fails(
        "properties in 3.1.1",
        client.publish_message(&with_properties),
        ErrorKind::Options,
        "version 5",
    );
    check("still connected", client.is_connected());
    Ok(())
}
