//! Tests datagrams.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use serde_json::json;

use super::{did, expect_failure, only, playing};

fn bound() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let patience = Some(Duration::from_secs(20));
    socket.set_read_timeout(patience).expect("a timeout");
    let address = socket.local_addr().expect("the socket's address");
    (socket, address)
}

fn receive(socket: &UdpSocket) -> (String, SocketAddr) {
    let mut bytes = [0; 2048];
    let (length, from) = socket.recv_from(&mut bytes).expect("a datagram");
    (String::from_utf8_lossy(&bytes[..length]).into_owned(), from)
}

#[test]
fn datagrams_go_and_come_one_by_one_and_are_counted() {
    let (socket, address) = bound();
    let steps =
        "udp;udp-send hello;udp-send world;udp-receive;udp-receive;udp-timeout 100;udp-receive";
    let running = playing(address, steps).start();
    let (first, from) = receive(&socket);
    assert_eq!(
        (first.as_str(), receive(&socket).0.as_str()),
        ("hello", "world")
    );
    socket.send_to(b"one", from).expect("a datagram is sent");
    socket.send_to(b"", from).expect("a datagram is sent");
    let ended = running.wait().expect_code(0);
    assert_eq!(only(&ended, "udp")["remote"], address.to_string());
    let received = did(&ended, "udp-receive");
    assert_eq!(
        (&received[0]["text"], &received[1]["size"]),
        (&json!("one"), &json!(0))
    );
    expect_failure(&received[2], 1050, "timeout after 100ms");
    assert_eq!(ended.metric("data_sent", "count"), 10.0);
    assert_eq!(ended.metric("data_received", "count"), 3.0);
}

#[test]
fn datagrams_beyond_the_limit_are_dropped_and_counted() {
    let (socket, address) = bound();
    let run = playing(address, "udp;udp-send go;sleep 1000;udp-look;udp-receive");
    let running = run.args(["--limit", "socketBuffer=10000"]).start();
    let (_, from) = receive(&socket);
    for _ in 0..20 {
        socket
            .send_to(&[b'x'; 1000], from)
            .expect("a datagram is sent");
    }
    let ended = running.wait().expect_code(0);
    let looked = only(&ended, "udp-look");
    assert_eq!(
        (&looked["ready"], &looked["dropped"]),
        (&json!(true), &json!(11))
    );
    assert_eq!(only(&ended, "udp-receive")["size"], 1000);
}

#[test]
fn datagrams_that_nobody_takes_or_that_are_too_long_are_errors() {
    let (socket, address) = bound();
    drop(socket);
    let ended = playing(address, "udp;udp-fill 70000;udp-send hello;udp-receive")
        .run()
        .expect_code(0);
    expect_failure(&only(&ended, "udp-fill"), 1000, "70000 bytes are too many");
    assert_eq!(only(&ended, "udp-send")["code"], 0);
    expect_failure(&only(&ended, "udp-receive"), 1212, "refused");
}
