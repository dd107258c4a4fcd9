//! Tests the target through real sockets: every endpoint, limits, both versions of HTTP.

mod paced;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroUsize;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::Result;
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::listen;
use super::server::{Served, serve};

/// A server that ends with the test.
struct Target {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<Result<Served>>,
}

impl Target {
    fn start(threads: usize) -> Target {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let threads = NonZeroUsize::new(threads).unwrap();
        let thread = thread::spawn(move || {
            serve(listener, threads, async {
                let _ = stopped.await;
                Ok(())
            })
        });
        Target {
            address,
            stop,
            thread,
        }
    }

    fn stop(self) -> Served {
        self.stop.send(()).unwrap();
        self.thread.join().unwrap().unwrap()
    }

    /// Sends a request as it stands, but for `Connection: close`, and splits the answer.
    fn send(&self, first_line: &str, rest: &str) -> Reply {
        let mut stream = TcpStream::connect(self.address).unwrap();
        write!(
            stream,
            "{first_line} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n{rest}"
        )
        .unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let end = bytes
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap();
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        Reply {
            head,
            body: bytes[end + 4..].to_vec(),
        }
    }

    fn get(&self, path: &str) -> Reply {
        self.send(&format!("GET {path}"), "\r\n")
    }

    fn post(&self, path: &str, content_type: &str, body: &str) -> Reply {
        let length = body.len();
        let rest =
            format!("Content-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n{body}");
        self.send(&format!("POST {path}"), &rest)
    }
}

struct Reply {
    head: String,
    body: Vec<u8>,
}

impl Reply {
    fn status(&self) -> u16 {
        self.head[9..12].parse().unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .into_iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

#[test]
fn more_connections_may_wait_than_the_128_of_the_standard_library() {
    let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    // Nobody accepts them. One that finds no room is dialled again after a second.
    let dial = |_| TcpStream::connect_timeout(&address, Duration::from_millis(900));
    let waiting: Result<Vec<_>, _> = (0..400).map(dial).collect();
    assert_eq!(waiting.map(|all| all.len()).ok(), Some(400));
}

#[test]
fn get_echoes_the_request() {
    let target = Target::start(1);
    let reply = target.send("GET /get?a=1&b=x%20y&a=2", "x-my-header: one\r\n\r\n");
    assert_eq!(reply.status(), 200);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    let expected = json!({
        "args": { "a": ["1", "2"], "b": "x y" },
        "headers": { "Host": "here", "Connection": "close", "X-My-Header": "one" },
        "origin": "127.0.0.1",
        "url": "http://here/get?a=1&b=x%20y&a=2",
    });
    assert_eq!(reply.json(), expected);
}

#[test]
fn post_echoes_json_forms_and_text() {
    let target = Target::start(1);
    let reply = target
        .post("/post?q=1", "application/json", r#"{"name":"lorem"}"#)
        .json();
    assert_eq!(reply["json"], json!({ "name": "lorem" }));
    assert_eq!(reply["data"], r#"{"name":"lorem"}"#);
    assert_eq!(
        (&reply["method"], &reply["args"]),
        (&json!("POST"), &json!({ "q": "1" }))
    );
    let reply = target
        .post("/post", "application/x-www-form-urlencoded", "a=1&b=2+3")
        .json();
    assert_eq!(
        (&reply["form"], &reply["data"], &reply["json"]),
        (&json!({ "a": "1", "b": "2 3" }), &json!(""), &json!(null))
    );
    let reply = target.post("/anything/else", "text/plain", "plain").json();
    assert_eq!(
        (&reply["data"], &reply["url"]),
        (&json!("plain"), &json!("http://here/anything/else"))
    );
}

#[test]
fn verbs_have_their_own_endpoints() {
    let target = Target::start(1);
    for verb in ["PUT", "PATCH", "DELETE"] {
        let path = verb.to_lowercase();
        assert_eq!(
            target.send(&format!("{verb} /{path}"), "\r\n").json()["method"],
            verb
        );
        let wrong = target.get(&format!("/{path}"));
        assert_eq!((wrong.status(), wrong.header("allow")), (405, Some(verb)));
    }
    assert_eq!(target.send("HEAD /get", "\r\n").body, b"");
    let unknown = target.get("/nowhere");
    assert_eq!(unknown.status(), 404);
    assert!(String::from_utf8_lossy(&unknown.body).contains("no endpoint /nowhere"));
}

#[test]
fn statuses_come_as_asked() {
    let target = Target::start(1);
    for status in [200, 204, 404, 418, 503] {
        assert_eq!(target.get(&format!("/status/{status}")).status(), status);
    }
    let seen: Vec<u16> = (0..64)
        .map(|_| target.get("/status/200,500").status())
        .collect();
    assert!(
        seen.contains(&200)
            && seen.contains(&500)
            && seen.iter().all(|code| [200, 500].contains(code)),
        "{seen:?}"
    );
    assert_eq!(
        target.get("/status/302").header("location"),
        Some("/redirect/1")
    );
    for bad in ["abc", "99", "600", "200:-1", "100", ""] {
        assert!(
            [400, 404].contains(&target.get(&format!("/status/{bad}")).status()),
            "{bad}"
        );
    }
}

#[test]
fn delays_take_their_time_and_have_a_limit() {
    let target = Target::start(1);
    let start = Instant::now();
    assert_eq!(target.get("/delay/0.05").status(), 200);
    assert!(start.elapsed() >= Duration::from_millis(50));
    for bad in ["61", "-1", "x", "NaN"] {
        assert_eq!(target.get(&format!("/delay/{bad}")).status(), 400, "{bad}");
    }
}

#[test]
fn bytes_are_streamed_and_seeded() {
    let target = Target::start(1);
    let reply = target.get("/bytes/200000?seed=5");
    assert_eq!(
        (reply.header("content-length"), reply.body.len()),
        (Some("200000"), 200_000)
    );
    assert_eq!(reply.body, target.get("/bytes/200000?seed=5").body);
    assert_ne!(reply.body, target.get("/bytes/200000?seed=6").body);
    let streamed = target.get("/stream-bytes/100");
    assert_eq!(
        (
            streamed.header("content-length"),
            streamed.header("transfer-encoding")
        ),
        (None, Some("chunked"))
    );
    assert_eq!(target.get("/bytes/0").body.len(), 0);
    assert_eq!(target.get("/bytes/104857601").status(), 400);
}

#[test]
fn redirects_lead_to_get() {
    let target = Target::start(1);
    let location = |path: &str| target.get(path).header("location").map(str::to_owned);
    assert_eq!(location("/redirect/3").unwrap(), "/redirect/2");
    assert_eq!(location("/redirect/1").unwrap(), "/get");
    assert_eq!(
        location("/absolute-redirect/2").unwrap(),
        "http://here/absolute-redirect/1"
    );
    assert_eq!(
        location("/redirect-to?url=http%3A%2F%2Fthere%2F").unwrap(),
        "http://there/"
    );
    assert_eq!(
        target.get("/redirect-to?url=/get&status_code=307").status(),
        307
    );
    assert_eq!(target.get("/redirect/0").status(), 400);
    assert_eq!(target.get("/redirect-to").status(), 400);
}

#[test]
fn cookies_are_set_shown_and_deleted() {
    let target = Target::start(1);
    let set = target.get("/cookies/set?a=1");
    assert_eq!(
        (set.status(), set.header("set-cookie")),
        (302, Some("a=1; Path=/"))
    );
    assert_eq!(
        target.get("/cookies/set/b/2").header("set-cookie"),
        Some("b=2; Path=/")
    );
    assert!(
        target
            .get("/cookies/delete?a")
            .header("set-cookie")
            .unwrap()
            .contains("Max-Age=0")
    );
    let shown = target
        .send("GET /cookies", "Cookie: a=1; b=2\r\n\r\n")
        .json();
    assert_eq!(shown, json!({ "cookies": { "a": "1", "b": "2" } }));
}

#[test]
fn compressed_answers_can_be_unpacked() {
    let target = Target::start(1);
    let reply = target.get("/gzip");
    assert_eq!(reply.header("content-encoding"), Some("gzip"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(&reply.body[..])
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(&text).unwrap()["gzipped"],
        true
    );
    let mut text = String::new();
    flate2::read::ZlibDecoder::new(&target.get("/deflate").body[..])
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(&text).unwrap()["deflated"],
        true
    );
}

#[test]
fn the_small_endpoints_answer() {
    let target = Target::start(1);
    assert_eq!(target.get("/basic-auth/me/secret").status(), 401);
    let known = target.send(
        "GET /basic-auth/me/secret",
        "Authorization: Basic bWU6c2VjcmV0\r\n\r\n",
    );
    assert_eq!(known.json(), json!({ "authenticated": true, "user": "me" }));
    assert_eq!(target.get("/ip").json(), json!({ "origin": "127.0.0.1" }));
    let agent = target.send("GET /user-agent", "User-Agent: test/1\r\n\r\n");
    assert_eq!(agent.json(), json!({ "user-agent": "test/1" }));
    assert_eq!(
        target.get("/uuid").json()["uuid"].as_str().unwrap().len(),
        36
    );
    assert_eq!(
        target.get("/response-headers?x-a=1").header("x-a"),
        Some("1")
    );
    assert_eq!(
        target
            .send("GET /cache", "If-None-Match: x\r\n\r\n")
            .status(),
        304
    );
    assert_eq!(
        target.get("/cache/60").header("cache-control"),
        Some("public, max-age=60")
    );
    for path in ["/", "/json", "/html", "/headers"] {
        assert_eq!(target.get(path).status(), 200, "{path}");
    }
}

#[test]
fn http2_is_spoken_to_those_who_begin_with_it() {
    let target = Target::start(1);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let echo: Value = runtime.block_on(async {
        let stream = TokioIo::new(
            tokio::net::TcpStream::connect(target.address)
                .await
                .unwrap(),
        );
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), stream)
                .await
                .unwrap();
        tokio::spawn(connection);
        let request = http::Request::get("http://over.h2/get")
            .body(Empty::<bytes::Bytes>::new())
            .unwrap();
        let reply = sender.send_request(request).await.unwrap();
        assert_eq!(reply.version(), http::Version::HTTP_2);
        serde_json::from_slice(&reply.into_body().collect().await.unwrap().to_bytes()).unwrap()
    });
    assert_eq!(
        (&echo["url"], &echo["headers"]["Host"]),
        (&json!("http://over.h2/get"), &json!("over.h2"))
    );
}

#[test]
fn threads_share_the_connections() {
    let target = Target::start(3);
    let replies: Vec<u16> = (0..7).map(|_| target.get("/get").status()).collect();
    assert_eq!(replies, [200; 7]);
    let served = target.stop();
    assert_eq!((served.connections, served.requests), (7, 7));
}

#[test]
fn a_port_in_use_is_explained() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let error = listen(address).unwrap_err().to_string();
    assert!(
        error.starts_with(&format!("can't listen on {address}: "))
            && error.contains("hint: another program"),
        "{error}"
    );
}
