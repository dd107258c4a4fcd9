//! Defines a guest that visits each of `URLS` (parted by commas) and logs what TLS came to, as one line of JSON each.

use brunt_sdk::prelude::*;

#[brunt_sdk::test]
fn tls() {
    for url in env_or("URLS", "https://localhost:8443/").split(',') {
        let visit = match http::get(url) {
            Ok(response) => visited(&response),
            Err(error) => json!({ "code": error.code(), "message": error.message() }),
        };
        log::info!("tls {visit}");
    }
}

fn visited(response: &Response) -> Json {
    json!({
        "code": 0,
        "body": response.text(),
        "protocol": response.protocol(),
        "version": response.tls_version(),
        "suite": response.tls_cipher_suite(),
        "ocsp": response.ocsp().map(|ocsp| stapled(&ocsp)),
        "handshaking_us": response.timings().tls_handshaking.as_micros() as u64,
    })
}

fn stapled(ocsp: &http::Ocsp) -> Json {
    let seconds = |time: Option<std::time::SystemTime>| {
        let since = time?.duration_since(std::time::UNIX_EPOCH);
        since.ok().map(|since| since.as_secs())
    };
    json!({
        "status": ocsp.status,
        "revocation_reason": ocsp.revocation_reason,
        "produced_at": seconds(ocsp.produced_at),
        "this_update": seconds(ocsp.this_update),
        "next_update": seconds(ocsp.next_update),
        "revoked_at": seconds(ocsp.revoked_at),
    })
}
