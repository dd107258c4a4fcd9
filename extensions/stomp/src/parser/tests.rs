//! Tests how frames are read and written: whole or byte by byte, right or wrong.

use proptest::prelude::*;

use super::*;
use crate::frame::Writer;

const MOST: usize = 1 << 20;

fn all(bytes: &[u8], piece: usize, escapes: Escapes) -> Result<Vec<Frame>, Fault> {
    let mut parser = Parser::default();
    let mut frames = Vec::new();
    for piece in bytes.chunks(piece.max(1)) {
        parser.feed(piece);
        while let Some(frame) = parser.frame(escapes, MOST)? {
            frames.push(frame);
        }
    }
    Ok(frames)
}

fn message(headers: &[(&str, &str)], body: &[u8]) -> Frame {
    let headers = headers.iter();
    Frame {
        command: "MESSAGE".to_owned(),
        headers: headers
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        body: body.to_vec(),
    }
}

#[test]
fn frames_with_and_without_a_length_are_read() {
    let text = b"\n\r\nMESSAGE\na:1\r\ncontent-length:3\n\nx\0y\0\n\nMESSAGE\n\nbody\0MESSAGE\r\na:b:c\r\n\r\n\0";
    for piece in [1, 2, 3, 7, 1000] {
        let frames = all(text, piece, Escapes::None).unwrap();
        let expected = [
            message(&[("a", "1"), ("content-length", "3")], b"x\0y"),
            message(&[], b"body"),
            message(&[("a", "b:c")], b""),
        ];
        assert_eq!(frames, expected, "in pieces of {piece}");
    }
}

#[test]
fn the_first_of_headers_with_one_name_counts() {
    let frames = all(b"MESSAGE\nfoo:World\nfoo:Hello\n\n\0", 100, Escapes::All).unwrap();
    assert_eq!(frames[0].header("foo"), Some("World"));
}

#[test]
fn headers_are_unescaped_as_the_version_says() {
    let text = b"MESSAGE\na\\cb:c\\nd\\\\e\\r\n\n\0";
    let frames = all(text, 100, Escapes::All).unwrap();
    assert_eq!(frames[0].header("a:b"), Some("c\nd\\e\r"));
    assert_eq!(
        all(text, 100, Escapes::Feeds).unwrap_err().kind,
        Kind::Protocol
    );
    let frames = all(text, 100, Escapes::None).unwrap();
    assert_eq!(frames[0].header("a\\cb"), Some("c\\nd\\\\e\\r"));
}

#[test]
fn what_is_no_stomp_is_told() {
    for (text, why) in [
        (&b"HTTP/1.1 400 Bad Request\r\nx: y\r\n\r\n"[..], "no frame"),
        (b"MESSAGE\nno header\n\n\0", "no header"),
        (b"MESSAGE\ncontent-length:x\n\n\0", "no number"),
        (
            b"MESSAGE\ncontent-length:1\n\nxyz\0",
            "longer than its content-length",
        ),
        (b"MESSAGE\na:\\t\n\n\0", "no header"),
        (b"MESSAGE\na:\xff\n\n\0", "UTF-8"),
    ] {
        let fault = all(text, 1000, Escapes::All).unwrap_err();
        assert_eq!(fault.kind, Kind::Protocol);
        assert!(fault.message.contains(why), "{fault}");
    }
}

#[test]
fn frames_that_are_too_long_are_refused_before_they_came() {
    let told = all(b"MESSAGE\ncontent-length:99999999\n\n", 1000, Escapes::All);
    assert_eq!(told.unwrap_err().kind, Kind::Limit);
    let mut endless = b"MESSAGE\n\n".to_vec();
    endless.resize(MOST + 100, b'x');
    assert_eq!(
        all(&endless, 4096, Escapes::All).unwrap_err().kind,
        Kind::Limit
    );
    let mut heads = b"MESSAGE\n".to_vec();
    heads.resize(HEAD_MOST + 100, b'x');
    assert_eq!(
        all(&heads, 4096, Escapes::All).unwrap_err().kind,
        Kind::Limit
    );
}

fn frames() -> impl Strategy<Value = Vec<Frame>> {
    let header = ("[a-z:\\\\\n\r]{1,6}", "[a-z:\\\\\n\r é]{0,8}");
    let frame = (
        prop::collection::vec(header, 0..4),
        prop::collection::vec(any::<u8>(), 0..50),
    );
    let frame = frame.prop_map(|(mut headers, body)| {
        headers.push(("content-length".to_owned(), body.len().to_string()));
        Frame {
            command: "MESSAGE".to_owned(),
            headers,
            body,
        }
    });
    prop::collection::vec(frame, 0..6)
}

proptest! {
    #[test]
    fn what_is_written_is_read_in_pieces_of_any_size(frames in frames(), piece in 1_usize..40) {
        let mut bytes = Vec::new();
        for frame in &frames {
            let writer = Writer::new(&mut bytes, Escapes::All, &frame.command);
            writer.headers(&frame.headers).body(&frame.body).unwrap();
            bytes.push(b'\n');
        }
        prop_assert_eq!(all(&bytes, piece, Escapes::All).unwrap(), frames);
    }

    #[test]
    fn any_bytes_are_read_alike_in_pieces_of_any_size(bytes in prop::collection::vec(any::<u8>(), 0..300), piece in 1_usize..20) {
        let mut text = b"MESSAGE\n".to_vec();
        text.extend(bytes);
        let (whole, pieces) = (all(&text, 1000, Escapes::All), all(&text, piece, Escapes::All));
        prop_assert_eq!(whole.map_err(|fault| fault.kind), pieces.map_err(|fault| fault.kind));
    }
}
