//! Defines answers whose bodies take their time: lines, drops and events, one after the other.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode, header};
use http_body_util::Either;
use hyper::body::{Body, Frame, SizeHint};
use serde_json::{Value, json};
use tokio::time::{Instant, Sleep, sleep_until};

use super::answers::{Answer, error, with_header, with_status};
use super::request::Request;

/// A body of pieces, with a pause before each of them.
pub(super) struct Paced {
    pieces: Box<dyn Iterator<Item = Bytes>>,
    pause: Duration,
    due: Pin<Box<Sleep>>,
    /// How many bytes are left, where that is told beforehand.
    left: Option<u64>,
}

impl Paced {
    fn new(
        first: Duration,
        pause: Duration,
        pieces: impl Iterator<Item = Bytes> + 'static,
    ) -> Self {
        Self {
            pieces: Box::new(pieces),
            pause,
            due: Box::pin(sleep_until(Instant::now() + first)),
            left: None,
        }
    }
}

impl Body for Paced {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        ready!(self.due.as_mut().poll(context));
        let Some(piece) = self.pieces.next() else {
            return Poll::Ready(None);
        };
        let next = self.due.deadline() + self.pause;
        self.due.as_mut().reset(next);
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(piece.len() as u64);
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.left
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// `/stream/N[?delay=SECONDS]`: so many lines of JSON.
pub(super) fn lines(request: &Request, count: &str) -> Answer {
    let count = count.parse().ok().filter(|count| *count <= MOST_PIECES);
    let (Some(count), Some(pause)) = (count, seconds(request, "delay", 0.0)) else {
        return refused();
    };
    let echo = request.echo();
    let pieces = (0..count).map(move |number| {
        let mut line = echo.clone();
        line.insert("id".to_owned(), Value::from(number));
        let mut text = Value::from(line).to_string();
        text.push('\n');
        text.into()
    });
    answer(
        "application/json",
        Paced::new(Duration::ZERO, pause, pieces),
    )
}

/// `/drip?numbytes=10&duration=2&delay=0&code=200`: so many bytes, one by one or in a hundred pieces, over this time.
pub(super) fn drip(request: &Request) -> Answer {
    let number = |name, default| match request.argument(name) {
        None => Some(default),
        Some(value) => value.parse::<u64>().ok(),
    };
    let bytes = number("numbytes", 10).filter(|bytes| *bytes <= MOST_DRIP);
    let status = number("code", 200).and_then(|code| u16::try_from(code).ok());
    let status = status.and_then(|code| StatusCode::from_u16(code).ok());
    let times = (
        seconds(request, "duration", 2.0),
        seconds(request, "delay", 0.0),
    );
    let (Some(bytes), Some(status), (Some(duration), Some(delay))) = (bytes, status, times) else {
        return refused();
    };
    let count = bytes.clamp(1, MOST_DROPS);
    let pieces = (0..count).map(move |index| {
        let size = bytes * (index + 1) / count - bytes * index / count;
        vec![b'*'; usize::try_from(size).unwrap_or_default()].into()
    });
    let pause = duration / u32::try_from(count).unwrap_or(1);
    let mut body = Paced::new(delay, pause, pieces);
    body.left = Some(bytes);
    with_status(answer("application/octet-stream", body), status)
}

/// `/sse?count=10&delay=0.1[&retry=MS]`: so many events, with ids from 1, after the one that `last-event-id` names.
pub(super) fn events(request: &Request) -> Answer {
    let count = match request.argument("count") {
        None => Some(10),
        Some(count) => count.parse().ok(),
    };
    let count: Option<u64> = count.filter(|count| *count <= MOST_PIECES);
    let (Some(count), Some(pause)) = (count, seconds(request, "delay", 0.1)) else {
        return refused();
    };
    let retry = request
        .argument("retry")
        .and_then(|ms| ms.parse::<u64>().ok());
    let seen = request.headers.get("last-event-id");
    let seen = seen
        .and_then(|id| id.to_str().ok()?.parse().ok())
        .unwrap_or(0_u64);
    let pieces = (seen + 1..=count).map(move |id| {
        let data = json!({ "id": id, "of": count });
        let retry = match retry.filter(|_| id == seen + 1) {
            Some(ms) => format!("retry: {ms}\n"),
            None => String::new(),
        };
        format!("{retry}id: {id}\nevent: ping\ndata: {data}\n\n").into()
    });
    let answer = answer(
        "text/event-stream",
        Paced::new(Duration::ZERO, pause, pieces),
    );
    with_header(answer, header::CACHE_CONTROL, "no-store")
}

fn answer(content_type: &'static str, body: Paced) -> Answer {
    let answer = Response::new(Either::Right(Either::Right(body)));
    with_header(answer, header::CONTENT_TYPE, content_type)
}

/// An argument in seconds; none when it is not from 0 to 60.
fn seconds(request: &Request, name: &str, default: f64) -> Option<Duration> {
    let seconds = match request.argument(name) {
        None => default,
        Some(value) => value.parse().ok()?,
    };
    (0.0..=MOST_SECONDS)
        .contains(&seconds)
        .then(|| Duration::from_secs_f64(seconds))
}

fn refused() -> Answer {
    error(
        StatusCode::BAD_REQUEST,
        "counts go up to 100000, bytes up to 104857600, and times are seconds from 0 to 60",
    )
}

const MOST_SECONDS: f64 = 60.0;
const MOST_PIECES: u64 = 100_000;
const MOST_DRIP: u64 = 100 << 20;
/// Pieces of one drip, if it has so many bytes.
const MOST_DROPS: u64 = 100;
