//! Tests the example of a third party's extension: in Rust and in C, from a test in Rust and from a script.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use brunt_e2e::{Brunt, root};

/// A server of the line protocol, with one store for all its connections. Its threads end with the process.
fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener
        .local_addr()
        .expect("the listener's address")
        .port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer(stream));
        }
    });
    port
}

fn answer(mut stream: TcpStream) {
    let mut values = HashMap::new();
    let reader = BufReader::new(stream.try_clone().expect("a second handle"));
    for line in reader.lines().map_while(Result::ok) {
        let mut words = line.splitn(3, ' ').map(str::to_owned);
        let word = |word: Option<String>| word.unwrap_or_default();
        let (command, key, value) = (word(words.next()), word(words.next()), word(words.next()));
        let answer = match (command.as_str(), values.get(&key)) {
            ("SET", _) => {
                values.insert(key, value);
                "OK".to_owned()
            }
            ("GET", Some(value)) => format!("OK {value}"),
            _ => "ERROR no such key".to_owned(),
        };
        // In two parts, as a network may bring it.
        let (first, rest) = answer.split_at(1);
        let sent = stream
            .write_all(first.as_bytes())
            .and_then(|()| stream.write_all(format!("{rest}\n").as_bytes()));
        if sent.is_err() {
            return;
        }
    }
}

#[test]
fn an_extension_of_a_third_party_serves_tests_of_every_language() {
    let port = server().to_string();
    let guests = root().join("target/guests");
    let release = guests.join("wasm32-unknown-unknown/release");
    let script = root().join("examples/extensions/line-protocol/test.js");
    for extension in [
        release.join("line_protocol.wasm"),
        guests.join("c/line_protocol.wasm"),
    ] {
        for test in [release.join("line_protocol_test.wasm"), script.clone()] {
            let ended = Brunt::test(&test)
                .arg("--extension")
                .arg(&extension)
                .test_env("PORT", &port)
                .run()
                .expect_code(0);
            let counts = ["line_requests", "line_errors", "iterations"]
                .map(|metric| ended.metric(metric, "count"));
            assert_eq!(
                counts,
                [30.0, 10.0, 10.0],
                "{} with {}",
                test.display(),
                extension.display()
            );
            assert!(ended.metric("line_duration", "max") > 0.0);
        }
    }
}
