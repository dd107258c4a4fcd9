//! Tests the recording server itself: a wrong ruler measures nothing.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use brunt_e2e::{Answer, Recorder};

/// Sends these bytes on a connection of their own and reads what comes until its end.
fn send(server: &Recorder, bytes: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(server.address())?;
    stream.set_read_timeout(Some(Duration::from_millis(200)))?;
    stream.write_all(bytes.as_bytes())?;
    let mut answer = Vec::new();
    let ended = stream.read_to_end(&mut answer);
    match ended {
        Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
        _ => Ok(String::from_utf8_lossy(&answer).into_owned()),
    }
}

#[test]
fn requests_are_kept_in_order_with_instant_and_connection() {
    let server = Recorder::start();
    let before = Instant::now();
    let two = send(
        &server,
        "GET /a?x=1 HTTP/1.1\r\nX-Name: v\r\n\r\nPOST /b HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
    )
    .unwrap();
    assert_eq!(two.matches("HTTP/1.1 200 OK").count(), 2, "{two}");
    send(
        &server,
        "PUT /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwiki\r\n2\r\n\r\n\r\n0\r\n\r\n",
    )
    .unwrap();
    let seen = server.seen();
    let short: Vec<_> = seen
        .iter()
        .map(|seen| {
            (
                seen.method.as_str(),
                seen.path.as_str(),
                seen.connection,
                &seen.body[..],
            )
        })
        .collect();
    assert_eq!(
        short,
        [
            ("GET", "/a?x=1", 0, &b""[..]),
            ("POST", "/b", 0, b"abc"),
            ("PUT", "/c", 1, b"wiki\r\n")
        ]
    );
    assert_eq!(seen[0].header("X-NAME"), Some("v"));
    assert!(seen[0].at >= before && seen[1].at >= seen[0].at && seen[2].at <= Instant::now());
    assert_eq!(server.connections().len(), 2);
}

#[test]
fn answers_follow_the_script() {
    let server = Recorder::answering(|seen| match seen.path.as_str() {
        "/slow" => Answer::status(503).after(Duration::from_millis(60)),
        "/big" => Answer::ok().body_size(100_000).header("X-Size", "big"),
        _ => Answer::status(204),
    });
    let start = Instant::now();
    assert!(
        send(&server, "GET /slow HTTP/1.1\r\n\r\n")
            .unwrap()
            .starts_with("HTTP/1.1 503 Service Unavailable\r\n")
    );
    assert!(start.elapsed() >= Duration::from_millis(60));
    let big = send(&server, "GET /big HTTP/1.1\r\n\r\n").unwrap();
    assert!(
        big.contains("X-Size: big\r\nContent-Length: 100000\r\n\r\nxxx") && big.len() > 100_000
    );
    assert_eq!(
        send(&server, "GET / HTTP/1.1\r\n\r\n").unwrap(),
        "HTTP/1.1 204 No Content\r\n\r\n"
    );
}

#[test]
fn faults_are_faults() {
    let server = Recorder::answering(|seen| match seen.path.as_str() {
        "/close" => Answer::close(),
        "/reset" => Answer::reset(),
        "/malformed" => Answer::malformed(),
        "/cut" => Answer::cut_off(),
        _ => Answer::never(),
    });
    assert_eq!(send(&server, "GET /close HTTP/1.1\r\n\r\n").unwrap(), "");
    assert_eq!(
        send(&server, "GET /reset HTTP/1.1\r\n\r\n")
            .unwrap_err()
            .kind(),
        ErrorKind::ConnectionReset
    );
    assert!(
        send(&server, "GET /malformed HTTP/1.1\r\n\r\n")
            .unwrap()
            .starts_with("HTTP/9.9")
    );
    assert!(
        send(&server, "GET /cut HTTP/1.1\r\n\r\n")
            .unwrap()
            .ends_with("only this")
    );
    assert_eq!(send(&server, "GET /never HTTP/1.1\r\n\r\n").unwrap(), "");
    assert_eq!(server.seen().len(), 5);
}

#[test]
fn nonsense_ends_the_connection_and_is_not_recorded() {
    let server = Recorder::start();
    for nonsense in [
        "\r\n\r\n",
        "nonsense\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ] {
        assert_eq!(send(&server, nonsense).unwrap(), "");
    }
    assert_eq!((server.seen().len(), server.connections().len()), (0, 3));
}

#[test]
fn tls_speaks_http2_by_alpn_and_http1_to_others() {
    let server = Recorder::tls(|_| Answer::ok().header("x-a", "1"));
    for (flag, protocol) in [("--http2", "HTTP/2.0"), ("--http1.1", "HTTP/1.1")] {
        let mut curl = Command::new("curl");
        curl.args([
            "--silent",
            "--show-error",
            "--noproxy",
            "*",
            flag,
            "--data",
            "abc",
            "--cacert",
        ]);
        let output = curl
            .arg(server.ca_file())
            .arg(server.url() + "/path")
            .output()
            .unwrap();
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            "ok",
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let seen = server.seen().pop().unwrap();
        assert_eq!(
            (seen.protocol, seen.path.as_str(), &seen.body[..]),
            (protocol, "/path", &b"abc"[..])
        );
    }
}
