//! Defines how a connection that is open begins to speak TLS.

use std::time::Instant;

use rustls::ProtocolVersion;
use tokio_rustls::client::TlsStream;

use crate::http::RequestFailure;
use crate::net::cipher_suite_name;
use crate::net::dial::{DialTimings, tls};
use crate::net::socket::Wire;
use crate::sockets::connection::{Facts, Shared, closed};
use crate::sockets::open::without_http;
use crate::sockets::wishes::Upgrade;

/// Shakes hands on a connection, and gives the same with TLS over it; none when that came to nothing, or the connection is to be
/// closed.
pub(super) async fn shake_hands(shared: &Shared, wire: Wire, upgrade: Upgrade) -> Option<Wire> {
    if let Some(refusal) = refusal(shared, &wire) {
        upgrade.done.end(Err(refusal));
        return Some(wire);
    }
    let began = Instant::now();
    let shaken = tokio::select! {
        shaken = by_then(wire, &upgrade) => shaken,
        () = shared.wishes.closed() => Err(closed()),
    };
    match shaken {
        Ok(stream) => {
            shared.add_handshake(began.elapsed());
            *shared.facts.borrow_mut() = Some(facts_of(&stream));
            upgrade.done.end(Ok(()));
            Some(Wire::Tls(Box::new(stream)))
        }
        Err(failure) => {
            shared.fail(&failure);
            upgrade.done.end(Err(failure));
            None
        }
    }
}

async fn by_then(wire: Wire, upgrade: &Upgrade) -> Result<TlsStream<Wire>, RequestFailure> {
    let mut timings = DialTimings::default();
    let config = upgrade.config.clone();
    let shaking = tls(config, &upgrade.name, wire, &mut timings);
    match tokio::time::timeout(upgrade.timeout, shaking).await {
        Ok(Ok((stream, _))) => Ok(stream),
        Ok(Err(failure)) => Err(without_http(failure)),
        Err(_) => {
            let words = format!(
                "TLS handshake with {}: timeout after {:?}",
                upgrade.name, upgrade.timeout
            );
            Err(RequestFailure::new(1050, words))
        }
    }
}

/// Why TLS can't begin, if so. The connection stays as it is.
fn refusal(shared: &Shared, wire: &Wire) -> Option<RequestFailure> {
    let refused = |words: &str| Some(RequestFailure::new(1300, words));
    if let Wire::Tls(_) = wire {
        return refused("TLS: it is spoken already, and not inside of TLS");
    }
    if !shared.inbox.is_empty() {
        return refused(
            "TLS: bytes came before the handshake and were not read; they can't be trusted",
        );
    }
    let ended = shared.inbox.ended();
    let ended = ended.map(|end| end.err().unwrap_or_else(closed));
    ended.or_else(|| shared.outbox.ended())
}

/// What was agreed on.
pub(in crate::sockets) fn facts_of(stream: &TlsStream<Wire>) -> Facts {
    let session = stream.get_ref().1;
    let protocol = session.alpn_protocol();
    let suite = session.negotiated_cipher_suite();
    Facts {
        version: match session.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => "tls1.2",
            _ => "tls1.3",
        },
        cipher_suite: suite
            .and_then(|suite| cipher_suite_name(suite.suite()))
            .unwrap_or_default(),
        protocol: protocol.map(|name| String::from_utf8_lossy(name).into_owned()),
    }
}
