//! Defines tunnels: what is said to a proxy until it leads to the target.

use data_encoding::BASE64;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_socks::tcp::Socks5Stream;

use crate::http::failure::RequestFailure;
use crate::net::socket::Wire;
use crate::proxies::{Credentials, Proxy, ProxyKind};

/// The longest answer to `CONNECT` that is read.
const MOST_HEAD: usize = 16 * 1024;

/// Asks the proxy at the other end to lead to this host and port; what goes over the wire from then on goes there.
pub(crate) async fn open(
    wire: Wire,
    proxy: &Proxy,
    host: &str,
    port: u16,
    user_agent: &str,
) -> Result<Wire, RequestFailure> {
    match proxy.kind {
        ProxyKind::Http | ProxyKind::Https => {
            http(wire, proxy, &authority(host, port), user_agent).await
        }
        ProxyKind::Socks5 => socks5(wire, proxy, host, port).await,
    }
}

/// The header `proxy-authorization`.
pub(crate) fn authorization(credentials: &Credentials) -> String {
    let Credentials { user, password } = credentials;
    format!(
        "Basic {}",
        BASE64.encode(format!("{user}:{password}").as_bytes())
    )
}

fn authority(host: &str, port: u16) -> String {
    match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    }
}

async fn http(
    mut wire: Wire,
    proxy: &Proxy,
    target: &str,
    user_agent: &str,
) -> Result<Wire, RequestFailure> {
    let mut request =
        format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nUser-Agent: {user_agent}\r\n");
    if let Some(credentials) = &proxy.credentials {
        request += &format!("Proxy-Authorization: {}\r\n", authorization(credentials));
    }
    request += "\r\n";
    let broken = |error| RequestFailure::dial(&error, format!("{target} through {proxy}"));
    wire.write_all(request.as_bytes()).await.map_err(broken)?;
    let mut answer = Vec::with_capacity(512);
    loop {
        let read = wire.read_buf(&mut answer).await.map_err(broken)?;
        if let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") {
            return match status(&answer) {
                // After a success the client is the first to speak.
                Some(status) if status.starts_with('2') && answer.len() == end + 4 => Ok(wire),
                Some(status) if !status.starts_with('2') => Err(refused(proxy, target, &status)),
                _ => Err(refused(proxy, target, "its answer to CONNECT is none")),
            };
        }
        if read == 0 || answer.len() > MOST_HEAD {
            let why = "it ends its answer to CONNECT too early, or never";
            return Err(refused(proxy, target, why));
        }
    }
}

/// The status and its reason, such as `200 OK`.
fn status(answer: &[u8]) -> Option<String> {
    let line = answer.split(|byte| *byte == b'\r').next()?;
    let line = String::from_utf8_lossy(line).into_owned();
    let (version, status) = line.split_once(' ')?;
    let is_status = status.len() >= 3 && status.as_bytes()[..3].iter().all(u8::is_ascii_digit);
    (version.starts_with("HTTP/1.") && is_status).then(|| status.to_owned())
}

async fn socks5(wire: Wire, proxy: &Proxy, host: &str, port: u16) -> Result<Wire, RequestFailure> {
    let target = (host, port);
    let opened = match &proxy.credentials {
        None => Socks5Stream::connect_with_socket(wire, target).await,
        Some(Credentials { user, password }) => {
            Socks5Stream::connect_with_password_and_socket(wire, target, user, password).await
        }
    };
    let target = authority(host, port);
    opened
        .map(Socks5Stream::into_inner)
        .map_err(|error| match error {
            tokio_socks::Error::Io(error) => {
                RequestFailure::dial(&error, format!("{target} through {proxy}"))
            }
            error => refused(proxy, &target, &error.to_string()),
        })
}

fn refused(proxy: &Proxy, target: &str, why: &str) -> RequestFailure {
    RequestFailure::new(
        1000,
        format!("proxy {proxy} does not lead to {target}: {why}"),
    )
}
