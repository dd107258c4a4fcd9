//! Defines which endpoint answers which path.

use std::net::IpAddr;
use std::time::Duration;

use http::{Method, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde_json::{Value, json};

use super::answers::{
    Answer, Encoding, compressed, empty, error, json, random, typed, with_header, with_status,
};
use super::bodies::{Random, RandomBytes};
use super::paced;
use super::redirects;
use super::request::Request;

/// Reads the request's body and answers. Every failure is an answer too.
pub(super) async fn answer(request: http::Request<Incoming>, origin: IpAddr) -> Answer {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MOST_BODY).collect().await else {
        return error(
            StatusCode::PAYLOAD_TOO_LARGE,
            "a body of more than 100 MiB, or one that broke off",
        );
    };
    let request = Request {
        method: head.method,
        uri: head.uri,
        headers: head.headers,
        body: body.to_bytes(),
        origin,
    };
    route(&request).await
}

async fn route(request: &Request) -> Answer {
    let path = request
        .uri
        .path()
        .trim_start_matches('/')
        .trim_end_matches('/')
        .to_owned();
    let segments: Vec<&str> = path.split('/').collect();
    match segments.as_slice() {
        [verb @ ("get" | "post" | "put" | "patch" | "delete")] => echo(request, verb),
        ["anything", ..] => json(&request.echo_with_body()),
        ["delay", seconds] => delay(request, seconds).await,
        _ => pages(request, &segments).unwrap_or_else(|| not_found(&path)),
    }
}

/// The endpoints that show parts of the request, or fixed content.
fn pages(request: &Request, segments: &[&str]) -> Option<Answer> {
    Some(match segments {
        [""] => typed("text/plain; charset=utf-8", INDEX),
        ["headers"] => json(&json!({ "headers": request.headers_echo() })),
        ["ip"] => json(&json!({ "origin": request.origin })),
        ["user-agent"] => json(&json!({ "user-agent": request.header(header::USER_AGENT) })),
        ["uuid"] => json(&json!({ "uuid": Random::unseeded().uuid() })),
        ["json"] => json(&sample()),
        ["html"] => typed("text/html; charset=utf-8", HTML),
        ["gzip"] => compressed(&packed(request, "gzipped"), Encoding::Gzip),
        ["deflate"] => compressed(&packed(request, "deflated"), Encoding::Deflate),
        ["cache"] => cache(request),
        ["cache", seconds] => cached_for(request, seconds),
        ["response-headers"] => response_headers(request),
        ["basic-auth", user, password] => basic_auth(request, user, password),
        ["status", codes] => status(codes),
        ["bytes", length] => bytes(request, length, true),
        ["stream-bytes", length] => bytes(request, length, false),
        ["stream", count] => paced::lines(request, count),
        ["drip"] => paced::drip(request),
        ["sse"] => paced::events(request),
        _ => return redirecting(request, segments),
    })
}

/// The endpoints that lead elsewhere, and the cookies that they set.
fn redirecting(request: &Request, segments: &[&str]) -> Option<Answer> {
    Some(match segments {
        [
            prefix @ ("redirect" | "relative-redirect" | "absolute-redirect"),
            count,
        ] => redirects::redirect(request, count, prefix),
        ["redirect-to"] => redirects::redirect_to(request),
        ["cookies"] => json(&json!({ "cookies": request.cookies() })),
        ["cookies", "set"] => redirects::set_cookies(request.query()),
        ["cookies", "set", name, value] => {
            redirects::set_cookies([((*name).to_owned(), (*value).to_owned())].into_iter())
        }
        ["cookies", "delete"] => redirects::delete_cookies(request),
        _ => return None,
    })
}

fn echo(request: &Request, verb: &str) -> Answer {
    let head_of_get = verb == "get" && request.method == Method::HEAD;
    if !head_of_get && !request.method.as_str().eq_ignore_ascii_case(verb) {
        let verb = verb.to_ascii_uppercase();
        let wrong = error(
            StatusCode::METHOD_NOT_ALLOWED,
            &format!("this endpoint answers {verb} only"),
        );
        return with_header(wrong, header::ALLOW, &verb);
    }
    if verb == "get" {
        json(&request.echo())
    } else {
        json(&request.echo_with_body())
    }
}

async fn delay(request: &Request, seconds: &str) -> Answer {
    match seconds.parse::<f64>() {
        Ok(seconds) if (0.0..=MOST_DELAY_SECONDS).contains(&seconds) => {
            tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
            json(&request.echo_with_body())
        }
        _ => error(
            StatusCode::BAD_REQUEST,
            "the delay must be a number of seconds from 0 to 60",
        ),
    }
}

/// `/status/CODES`: one of the codes, by chance; `200:9,500:1` weighs them.
fn status(codes: &str) -> Answer {
    let parsed: Option<Vec<(StatusCode, f64)>> = codes.split(',').map(weighted).collect();
    let Some(choices) = parsed else {
        return error(
            StatusCode::BAD_REQUEST,
            "give statuses from 200 to 599: /status/503, /status/200,500 or /status/200:9,500:1",
        );
    };
    let answer = empty(choose(&choices));
    match answer.status() {
        StatusCode::UNAUTHORIZED => with_header(answer, header::WWW_AUTHENTICATE, REALM),
        status if status.is_redirection() && status != StatusCode::NOT_MODIFIED => {
            with_header(answer, header::LOCATION, "/redirect/1")
        }
        _ => answer,
    }
}

fn weighted(choice: &str) -> Option<(StatusCode, f64)> {
    let (code, weight) = choice.split_once(':').unwrap_or((choice, "1"));
    let code = code
        .trim()
        .parse()
        .ok()
        .filter(|code| (200..600).contains(code))?;
    let weight = weight
        .trim()
        .parse()
        .ok()
        .filter(|weight: &f64| weight.is_finite() && *weight > 0.0)?;
    Some((StatusCode::from_u16(code).ok()?, weight))
}

fn choose(choices: &[(StatusCode, f64)]) -> StatusCode {
    let total: f64 = choices.iter().map(|(_, weight)| weight).sum();
    let mut left = Random::unseeded().next() as f64 / u64::MAX as f64 * total;
    let chosen = choices.iter().find(|(_, weight)| {
        left -= weight;
        left <= 0.0
    });
    chosen
        .or(choices.last())
        .map_or(StatusCode::OK, |(code, _)| *code)
}

/// `/bytes/N[?seed=N]` and `/stream-bytes/N[?seed=N&chunk_size=N]`
fn bytes(request: &Request, length: &str, sized: bool) -> Answer {
    let Some(length) = length.parse().ok().filter(|length| *length <= MOST_BODY) else {
        return error(
            StatusCode::BAD_REQUEST,
            "the length must be a number of bytes up to 104857600 (100 MiB)",
        );
    };
    let number = |name| {
        request
            .argument(name)
            .and_then(|value| value.parse::<u64>().ok())
    };
    let seed = number("seed").unwrap_or_else(|| Random::unseeded().next());
    let chunk = number("chunk_size").map_or(CHUNK, |size| size.clamp(1, CHUNK as u64) as usize);
    random(RandomBytes::new(seed, length, chunk, sized))
}

fn basic_auth(request: &Request, user: &str, password: &str) -> Answer {
    let expected = format!(
        "Basic {}",
        super::bodies::base64(format!("{user}:{password}").as_bytes())
    );
    if request.header(header::AUTHORIZATION) == Some(&expected) {
        json(&json!({ "authenticated": true, "user": user }))
    } else {
        with_header(
            empty(StatusCode::UNAUTHORIZED),
            header::WWW_AUTHENTICATE,
            REALM,
        )
    }
}

/// `/cache`: 304 for a request that has a copy already.
fn cache(request: &Request) -> Answer {
    let has_copy = request.headers.contains_key(header::IF_MODIFIED_SINCE)
        || request.headers.contains_key(header::IF_NONE_MATCH);
    if has_copy {
        return empty(StatusCode::NOT_MODIFIED);
    }
    let answer = with_header(json(&request.echo()), header::ETAG, "\"brunt\"");
    with_header(
        answer,
        header::LAST_MODIFIED,
        "Thu, 01 Jan 2026 00:00:00 GMT",
    )
}

fn cached_for(request: &Request, seconds: &str) -> Answer {
    match seconds.parse::<u32>() {
        Ok(seconds) => with_header(
            json(&request.echo()),
            header::CACHE_CONTROL,
            &format!("public, max-age={seconds}"),
        ),
        Err(_) => error(
            StatusCode::BAD_REQUEST,
            "the age must be a number of seconds",
        ),
    }
}

/// `/response-headers?name=value…`: these headers, and the same in JSON.
fn response_headers(request: &Request) -> Answer {
    let answer = json(&super::forms::object(request.query()));
    request
        .query()
        .fold(answer, |answer, (name, value)| match name.parse() {
            Ok(header::CONTENT_LENGTH | header::TRANSFER_ENCODING) | Err(_) => answer,
            Ok(header::CONTENT_TYPE) => replace_content_type(answer, &value),
            Ok(name) => with_header(answer, name, &value),
        })
}

fn replace_content_type(mut answer: Answer, value: &str) -> Answer {
    answer.headers_mut().remove(header::CONTENT_TYPE);
    with_header(answer, header::CONTENT_TYPE, value)
}

fn packed(request: &Request, how: &str) -> Value {
    json!({ how: true, "headers": request.headers_echo(), "method": request.method.as_str(), "origin": request.origin })
}

fn sample() -> Value {
    json!({ "title": "A sample document", "items": [{ "id": 1, "name": "bolt" }, { "id": 2, "name": "nut" }], "total": 2 })
}

fn not_found(path: &str) -> Answer {
    let text = format!("there is no endpoint /{path}\n\n{INDEX}");
    with_status(
        typed("text/plain; charset=utf-8", text),
        StatusCode::NOT_FOUND,
    )
}

const REALM: &str = "Basic realm=\"brunt target\"";
const HTML: &str = "<!DOCTYPE html>\n<html>\n<head><title>Brunt target</title></head>\n<body>\n\
    <h1>Brunt target</h1>\n<p>A page to test against. <a href=\"/get\">Look at a request</a>.</p>\n</body>\n</html>\n";
const INDEX: &str = "\
brunt target: what it answers

/get /post /put /patch /delete   the request, as JSON
/anything[/...]                  the same for any method
/headers /ip /user-agent         parts of it
/status/503 /status/200,500      this status, or one of them by chance (200:9,500:1 weighs)
/delay/0.25                      the request, after so many seconds (60 at most)
/bytes/1024 /stream-bytes/1024   random bytes (?seed=1 for the same ones), with and without a length
/stream/20                       so many lines of JSON (?delay=0.1 seconds between them)
/drip?numbytes=10&duration=2     so many bytes over so many seconds (&delay=1&code=200)
/sse?count=10&delay=0.1          so many server-sent events, after last-event-id (&retry=1000)
/redirect/3 /absolute-redirect/3 so many redirects; /redirect-to?url=/get
/cookies /cookies/set?a=1 /cookies/delete?a
/gzip /deflate                   compressed JSON
/basic-auth/user/password        401 without them
/json /html /uuid                fixed content
/response-headers?name=value     headers of your choice
/cache /cache/60                 304 for a copy; a cache's lifetime
";

/// The largest body, in either direction, in bytes.
const MOST_BODY: usize = 100 * 1024 * 1024;
const MOST_DELAY_SECONDS: f64 = 60.0;
/// Random bodies are made in pieces of this many bytes.
const CHUNK: usize = 64 * 1024;
