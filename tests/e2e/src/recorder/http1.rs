//! Defines HTTP/1.1 by hand, because a well-behaved library can't send what a fault needs.

use std::io;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::answer::{Answer, Kind, Response};
use super::{Record, Seen};

/// Serves a TCP connection, which alone can be reset.
pub(super) async fn serve_tcp(mut stream: TcpStream, connection: u64, record: &Record) {
    if let Ok(End::Reset) = exchange_all(&mut stream, connection, record).await {
        // With a linger time of zero, closing sends a reset.
        let _ = stream.set_zero_linger();
    }
}

/// Serves any connection.
pub(super) async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    connection: u64,
    record: &Record,
) {
    let _ = exchange_all(&mut stream, connection, record).await;
    let _ = stream.shutdown().await;
}

enum End {
    Closed,
    Reset,
}

async fn exchange_all(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    connection: u64,
    record: &Record,
) -> io::Result<End> {
    let mut input = Vec::new();
    while let Some(seen) = read_request(stream, &mut input, connection).await? {
        let Answer { delay, kind } = record.arrived(seen);
        // A timer that is due at once would still cost a turn of the runtime, a millisecond at worst.
        if delay > Duration::ZERO {
            sleep(delay).await;
        }
        match kind {
            Kind::Respond(response) => stream.write_all(&encoded(&response)).await?,
            Kind::Close => return Ok(End::Closed),
            Kind::Reset => return Ok(End::Reset),
            Kind::Raw(bytes) => {
                stream.write_all(&bytes).await?;
                return Ok(End::Closed);
            }
            Kind::Never => std::future::pending().await,
        }
    }
    Ok(End::Closed)
}

/// The next request; `None` at the end of the connection, or when what came is not HTTP.
async fn read_request(
    stream: &mut (impl AsyncRead + Unpin),
    input: &mut Vec<u8>,
    connection: u64,
) -> io::Result<Option<Seen>> {
    let Some(end) = read_until(stream, input, 0, b"\r\n\r\n").await? else {
        return Ok(None);
    };
    let at = Instant::now();
    let head = String::from_utf8_lossy(&input[..end]).into_owned();
    input.drain(..end + 4);
    let mut lines = head.split("\r\n");
    let mut first = lines
        .next()
        .unwrap_or_default()
        .split(' ')
        .map(str::to_owned);
    let (Some(method), Some(path)) = (first.next(), first.next()) else {
        return Ok(None);
    };
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(header)
        .collect();
    let Some(body) = read_body(stream, input, &headers).await? else {
        return Ok(None);
    };
    Ok(Some(Seen {
        at,
        connection,
        protocol: "HTTP/1.1",
        method,
        path,
        headers,
        body,
    }))
}

fn header((name, value): (&str, &str)) -> (String, String) {
    (name.to_ascii_lowercase(), value.trim().to_owned())
}

async fn read_body(
    stream: &mut (impl AsyncRead + Unpin),
    input: &mut Vec<u8>,
    headers: &[(String, String)],
) -> io::Result<Option<Vec<u8>>> {
    let value = |wanted: &str| {
        headers
            .iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.as_str())
    };
    if value("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        return read_chunks(stream, input).await;
    }
    let length = value("content-length")
        .and_then(|length| length.parse().ok())
        .unwrap_or(0);
    while input.len() < length {
        if stream.read_buf(input).await? == 0 {
            return Ok(None);
        }
    }
    Ok(Some(input.drain(..length).collect()))
}

/// A body in chunks, without trailers.
async fn read_chunks(
    stream: &mut (impl AsyncRead + Unpin),
    input: &mut Vec<u8>,
) -> io::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    loop {
        let Some(end) = read_until(stream, input, 0, b"\r\n").await? else {
            return Ok(None);
        };
        let size = usize::from_str_radix(String::from_utf8_lossy(&input[..end]).trim(), 16);
        let Ok(size) = size else { return Ok(None) };
        input.drain(..end + 2);
        if read_until(stream, input, size, b"\r\n").await? != Some(size) {
            return Ok(None);
        }
        body.extend(input.drain(..size));
        input.drain(..2);
        if size == 0 {
            return Ok(Some(body));
        }
    }
}

/// Reads until these bytes stand in the input, at `from` or later: where. `None` at the end of the connection.
async fn read_until(
    stream: &mut (impl AsyncRead + Unpin),
    input: &mut Vec<u8>,
    from: usize,
    wanted: &[u8],
) -> io::Result<Option<usize>> {
    loop {
        let rest = input.get(from..).unwrap_or_default();
        if let Some(at) = rest
            .windows(wanted.len())
            .position(|window| window == wanted)
        {
            return Ok(Some(from + at));
        }
        if stream.read_buf(input).await? == 0 {
            return Ok(None);
        }
    }
}

fn encoded(response: &Response) -> Vec<u8> {
    let reason = http::StatusCode::from_u16(response.status)
        .ok()
        .and_then(|status| status.canonical_reason());
    let mut head = format!(
        "HTTP/1.1 {} {}\r\n",
        response.status,
        reason.unwrap_or("Unknown")
    );
    for (name, value) in &response.headers {
        head += &format!("{name}: {value}\r\n");
    }
    if response.status >= 200 && response.status != 204 && response.status != 304 {
        head += &format!("Content-Length: {}\r\n", response.body.len());
    }
    head += "\r\n";
    [head.as_bytes(), &response.body].concat()
}
