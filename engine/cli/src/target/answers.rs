//! Defines the forms of an answer: JSON, text, statuses, compressed and random bodies.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use http::header::{self, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::{Either, Full};
use serde::Serialize;
use serde_json::json;

use super::bodies::{AnswerBody, RandomBytes};

/// An answer of the server.
pub(super) type Answer = Response<AnswerBody>;

/// 200 with this value.
pub(super) fn json(value: &impl Serialize) -> Answer {
    typed("application/json", pretty(value))
}

/// 200 with this content type and body.
pub(super) fn typed(content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Either::Left(Full::new(body.into())));
    answer
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

/// This status with a JSON document that says why.
pub(super) fn error(status: StatusCode, why: &str) -> Answer {
    with_status(json(&json!({ "error": why })), status)
}

/// An answer without a body.
pub(super) fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(Either::Left(Full::default()));
    *answer.status_mut() = status;
    answer
}

pub(super) fn with_status(mut answer: Answer, status: StatusCode) -> Answer {
    *answer.status_mut() = status;
    answer
}

/// The answer with one more header; a value that HTTP can't carry is left out.
pub(super) fn with_header(mut answer: Answer, name: HeaderName, value: &str) -> Answer {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().append(name, value);
    }
    answer
}

/// How a body is compressed.
#[derive(Clone, Copy)]
pub(super) enum Encoding {
    Gzip,
    Deflate,
}

/// 200 with this value, compressed.
pub(super) fn compressed(value: &impl Serialize, encoding: Encoding) -> Answer {
    let body = pretty(value);
    let (name, packed) = match encoding {
        Encoding::Gzip => (
            "gzip",
            pack(
                GzEncoder::new(Vec::new(), Compression::fast()),
                &body,
                GzEncoder::finish,
            ),
        ),
        Encoding::Deflate => (
            "deflate",
            pack(
                ZlibEncoder::new(Vec::new(), Compression::fast()),
                &body,
                ZlibEncoder::finish,
            ),
        ),
    };
    match packed {
        Ok(packed) => with_header(
            typed("application/json", packed),
            header::CONTENT_ENCODING,
            name,
        ),
        Err(why) => error(
            StatusCode::INTERNAL_SERVER_ERROR,
            &format!("can't compress: {why}"),
        ),
    }
}

fn pack<W: Write>(
    mut encoder: W,
    body: &[u8],
    finish: fn(W) -> std::io::Result<Vec<u8>>,
) -> std::io::Result<Vec<u8>> {
    encoder.write_all(body)?;
    finish(encoder)
}

/// 200 with random bytes.
pub(super) fn random(bytes: RandomBytes) -> Answer {
    let mut answer = Response::new(Either::Right(Either::Left(bytes)));
    answer.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    answer
}

/// Two spaces, and a line break at the end, as httpbin has it.
fn pretty(value: &impl Serialize) -> Vec<u8> {
    let mut body = serde_json::to_vec_pretty(value).unwrap_or_default();
    body.push(b'\n');
    body
}
