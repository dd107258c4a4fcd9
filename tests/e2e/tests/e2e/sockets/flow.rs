//! Tests what happens to a connection while its VU does something else: what is read ahead, written later, and beaten.

use std::io::{BufRead, BufReader, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use brunt_e2e::{Peer, read_out, read_text, say};
use serde_json::json;

use super::{did, only, playing};

const PIECE: usize = 64 << 10;

#[test]
fn a_server_waits_for_a_vu_that_does_not_read_and_nothing_is_lost() {
    let peer = Peer::listen();
    let pieces = 1024;
    let running = playing(peer.address(), "dial;sleep 2000;drain").start();
    let mut stream = peer.accept();
    let sent = Arc::new(AtomicU64::new(0));
    let ours = Arc::clone(&sent);
    let sum = thread::spawn(move || {
        let mut sum = 0_u64;
        for piece in 0..pieces {
            let bytes: Vec<u8> = (0..PIECE).map(|at| (at + piece) as u8).collect();
            stream.write_all(&bytes).expect("the VU reads on");
            ours.fetch_add(PIECE as u64, Ordering::Relaxed);
            sum = bytes.iter().fold(sum, |sum, byte| {
                sum.wrapping_mul(31).wrapping_add(u64::from(*byte))
            });
        }
        sum
    });
    // What fits into the system's own buffers passes, and the engine's buffer beside it; then nothing more.
    let stalled = await_stall(&sent);
    assert!(stalled < 32 << 20, "{stalled} bytes passed");
    let sum = sum.join().expect("a sum");
    let ended = running.wait().expect_code(0);
    let drained = only(&ended, "drain");
    assert_eq!(drained["size"], pieces * PIECE);
    assert_eq!(drained["sum"], sum.to_string());
    let received = ended.metric("data_received", "count");
    assert_eq!(received, (pieces * PIECE) as f64);
}

fn await_stall(sent: &AtomicU64) -> u64 {
    let start = Instant::now();
    let (mut last, mut since) = (0, Instant::now());
    loop {
        let now = sent.load(Ordering::Relaxed);
        if now != last {
            (last, since) = (now, Instant::now());
        } else if now > 0 && since.elapsed() > Duration::from_millis(400) {
            return now;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "{now} bytes");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn what_is_read_ahead_has_a_limit_that_can_be_set() {
    let peer = Peer::listen();
    let run = playing(peer.address(), "dial;sleep 700;look;drain");
    let running = run.args(["--limit", "socketBuffer=10000"]).start();
    let mut stream = peer.accept();
    stream
        .write_all(&vec![b'x'; 1 << 20])
        .expect("the VU reads on");
    drop(stream);
    let ended = running.wait().expect_code(0);
    let available = only(&ended, "look")["available"].as_u64();
    assert!(
        available > Some(5_000) && available <= Some(10_000),
        "{available:?}"
    );
    assert_eq!(only(&ended, "drain")["size"], 1 << 20);
}

#[test]
fn a_writer_waits_while_too_much_is_left_to_be_written() {
    let peer = Peer::listen();
    let size = 40_000_000;
    let steps = format!("dial;fill {size};look;dial-more;fill 5;look;drop");
    let running = playing(peer.address(), &steps).start();
    let mut stream = peer.accept();
    // By its second connection the VU says that the first writing has ended.
    let _second = peer.accept();
    thread::sleep(Duration::from_millis(500));
    let received = read_out(&mut stream);
    drop(stream);
    let ended = running.wait().expect_code(0);
    assert_eq!(received, size + 5);
    let (filled, looked) = (did(&ended, "fill"), did(&ended, "look"));
    assert!(filled[1]["ms"].as_u64() >= Some(250), "{filled:?}");
    let writable = |at: usize| &looked[at]["writable"];
    assert_eq!((writable(0), writable(1)), (&json!(false), &json!(true)));
}

#[test]
fn many_small_messages_of_an_iteration_arrive_in_order() {
    let peer = Peer::listen();
    let running = playing(peer.address(), "dial;publish 5000;drop").start();
    let mut text = String::new();
    peer.accept().read_to_string(&mut text).expect("text");
    running.wait().expect_code(0);
    let expected: String = (0..5000)
        .map(|number| format!("PUB {number:08}\r\n"))
        .collect();
    assert!(
        text == expected,
        "{} bytes instead of {}",
        text.len(),
        expected.len()
    );
}

#[test]
fn hearts_beat_while_the_vu_sleeps() {
    let peer = Peer::listen();
    let running = playing(
        peer.address(),
        "dial;beat 100;sleep 1500;beat 0;sleep 300;send end;drop",
    )
    .start();
    let mut lines = BufReader::new(peer.accept());
    let mut beats = Vec::new();
    let mut line = String::new();
    while lines.read_line(&mut line).expect("text") > 0 {
        beats.push((std::mem::take(&mut line), Instant::now()));
    }
    running.wait().expect_code(0);
    let end = beats.pop().expect("the end");
    assert_eq!(end.0, "end");
    assert!(
        beats.len() >= 8 && beats.len() <= 15,
        "{} beats",
        beats.len()
    );
    assert!(beats.iter().all(|(line, _)| line == "BEAT\n"), "{beats:?}");
    let first_to_last = beats[beats.len() - 1].1 - beats[0].1;
    let least = Duration::from_millis(95) * (beats.len() as u32 - 1);
    assert!(
        first_to_last >= least,
        "{first_to_last:?} for {} beats",
        beats.len()
    );
}

#[test]
fn what_waits_for_a_vu_that_sleeps_has_come_before() {
    let peer = Peer::listen();
    let running = playing(
        peer.address(),
        "dial;send now;sleep 800;look;read 3;read 9;await",
    )
    .start();
    let mut stream = peer.accept();
    read_text(&mut stream, 3);
    say(&mut stream, "message");
    drop(stream);
    let ended = running.wait().expect_code(0);
    let read = did(&ended, "read");
    assert_eq!(
        (&read[0]["text"], &read[1]["text"]),
        (&"mes".into(), &"sage".into())
    );
    for read in read {
        assert!(read["age"].as_u64() >= Some(500), "{read}");
        assert!(read["ms"].as_u64() < Some(200), "{read}");
    }
    let looked = only(&ended, "look");
    assert_eq!(
        (&looked["ready"], &looked["available"]),
        (&true.into(), &7.into())
    );
    assert!(looked["heard"].as_u64() >= Some(500), "{looked}");
}

#[test]
fn questions_and_answers_take_turns() {
    let peer = Peer::listen();
    let running = playing(peer.address(), "dial;echo 1000;drop").start();
    let mut stream = peer.accept();
    for _ in 0..1000 {
        let text = read_text(&mut stream, 16);
        say(&mut stream, &text);
    }
    assert_eq!(read_out(&mut stream), 0);
    drop(stream);
    let ended = running.wait().expect_code(0);
    assert_eq!(only(&ended, "echo")["came"], 16_000);
    assert_eq!(ended.metric("data_sent", "count"), 16_000.0);
    assert_eq!(ended.metric("data_received", "count"), 16_000.0);
}
