//! Defines the tests of the parser: each frame, all ways to cut them into pieces, and garbage.

use proptest::prelude::*;

use super::*;

/// Frames as text, so that they can be compared.
fn read_in(pieces: &[&[u8]]) -> Result<Vec<String>, Fault> {
    let mut parser = Parser::default();
    let mut frames = Vec::new();
    for piece in pieces {
        parser.feed(piece.to_vec(), |frame| {
            frames.push(told(&frame));
            Ok(())
        })?;
    }
    Ok(frames)
}

fn told(frame: &Frame<'_>) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match frame {
        Frame::Info(json) => format!("info {}", text(json)),
        Frame::Message(id, message) => format!(
            "{id} {} {:?} {:?} {:?} {:?}",
            message.subject(),
            message.reply(),
            message.status(),
            message.headers(),
            text(message.payload())
        ),
        Frame::Ping => "ping".to_owned(),
        Frame::Pong => "pong".to_owned(),
        Frame::Ok => "ok".to_owned(),
        Frame::Error(words) => format!("error {}", text(words)),
    }
}

#[test]
fn every_frame_is_read() {
    let bytes = b"INFO {\"a\":1} \r\nPING\r\npong\r\n+OK\r\n-ERR 'No'\r\nMSG a.b 7 3\r\nx\r\n\r\nMSG a 8 _INBOX.1 0\r\n\r\n\
        HMSG a 9 12 15\r\nNATS/1.0\r\n\r\nabc\r\nHMSG a 9 r 27 27\r\nNATS/1.0 503 Gone\r\nA: b\r\n\r\n\r\n";
    let frames = read_in(&[bytes]).expect("frames");
    let expected = [
        "info {\"a\":1}",
        "ping",
        "pong",
        "ok",
        "error 'No'",
        "7 a.b None None [] \"x\\r\\n\"",
        "8 a Some(\"_INBOX.1\") None [] \"\"",
        "9 a None None [] \"abc\"",
        "9 a Some(\"r\") Some((503, \"Gone\")) [(\"A\", \"b\")] \"\"",
    ];
    assert_eq!(frames, expected);
}

#[test]
fn what_is_no_nats_is_an_error() {
    for bytes in [
        &b"HTTP/1.1 400 Bad Request\r\n"[..],
        b"MSG a 1\r\n",
        b"MSG a b c d e\r\n",
        b"MSG a x 3\r\nabc\r\n",
        b"MSG a 1 -3\r\nabc\r\n",
        b"MSG a 1 3\r\nabcdef\r\n",
        b"HMSG a 1 9 3\r\nabc\r\n",
        b"MSG a 1 99999999999\r\n",
        b"MSG a 1 999999999999999999999999\r\n",
        b"\r\n",
    ] {
        let fault = read_in(&[bytes]).expect_err("garbage");
        assert_eq!(
            fault.kind,
            Kind::Protocol,
            "{}",
            String::from_utf8_lossy(bytes)
        );
    }
}

#[test]
fn a_line_without_end_is_cut_off() {
    let piece = vec![b'x'; 64 * 1024];
    let fault = read_in(&[&piece, &piece, &piece, &piece]).expect_err("no end");
    assert!(fault.message.contains("256 KiB"), "{fault}");
}

#[test]
fn a_large_message_in_many_pieces_is_put_together() {
    let payload = vec![b'p'; 1_000_000];
    let mut bytes = format!("MSG big 1 {}\r\n", payload.len()).into_bytes();
    bytes.extend_from_slice(&payload);
    bytes.extend_from_slice(b"\r\nPING\r\n");
    let pieces: Vec<&[u8]> = bytes.chunks(1000).collect();
    let frames = read_in(&pieces).expect("frames");
    assert_eq!(frames.len(), 2);
    assert_eq!(frames[1], "ping");
}

/// Bytes of a valid stream.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let payload = prop::collection::vec(any::<u8>(), 0..40);
    let message = (
        "[a-z]{1,5}(\\.[a-z]{1,5}){0,2}",
        any::<u16>(),
        any::<bool>(),
        any::<bool>(),
        payload,
    );
    let message = message.prop_map(|(subject, id, reply, headers, payload)| {
        let reply = if reply { " _INBOX.x.7" } else { "" };
        let head: &[u8] = if headers {
            b"NATS/1.0\r\nA: b\r\n\r\n"
        } else {
            b""
        };
        let all = head.len() + payload.len();
        let mut bytes = match headers {
            false => format!("MSG {subject} {id}{reply} {all}\r\n"),
            true => format!("HMSG {subject} {id}{reply} {} {all}\r\n", head.len()),
        }
        .into_bytes();
        bytes.extend_from_slice(head);
        bytes.extend_from_slice(&payload);
        bytes.extend_from_slice(b"\r\n");
        bytes
    });
    let control = prop::sample::select(vec![
        "PING\r\n",
        "PONG\r\n",
        "+OK\r\n",
        "-ERR 'x'\r\n",
        "INFO {}\r\n",
    ]);
    let control = control.prop_map(|line| line.as_bytes().to_vec());
    prop::collection::vec(prop_oneof![3 => message, 1 => control], 0..12)
        .prop_map(|frames| frames.concat())
}

proptest! {
    #[test]
    fn bytes_fed_one_by_one_or_in_pieces_are_the_same_frames(bytes in stream(), cuts in prop::collection::vec(1usize..50, 1..20)) {
        let whole = read_in(&[&bytes]).expect("a valid stream");
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        prop_assert_eq!(&read_in(&single).expect("a valid stream"), &whole);
        let mut rest = &bytes[..];
        let mut pieces = Vec::new();
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, behind) = rest.split_at((*cut).min(rest.len()));
            pieces.push(piece);
            rest = behind;
        }
        prop_assert_eq!(&read_in(&pieces).expect("a valid stream"), &whole);
    }

    #[test]
    fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read_in(&[&bytes]);
        let pieces: Vec<&[u8]> = bytes.chunks(7).collect();
        let _ = read_in(&pieces);
    }

    #[test]
    fn broken_streams_never_panic(mut bytes in stream(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let whole = read_in(&[&bytes]);
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        let cut = read_in(&single);
        prop_assert_eq!(whole.is_ok(), cut.is_ok());
    }
}
