//! Defines what option `httpDebug` logs: each request as it was sent, and what came back, under one number.
//!
//! Credentials are not shown: neither those of the URL nor the values of `authorization` and `proxy-authorization`.

use std::cell::RefCell;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, PROXY_AUTHORIZATION};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Version};

use crate::http::connection::{Answer, content_length};
use crate::http::failure::RequestFailure;
use crate::http::head::Head;
use crate::http::hop::Hop;
use crate::http::samples::protocol;
use crate::log::{Level, LogBudget};
use crate::run::Run;
use crate::settings::HttpDebug;

/// Logs the exchanges of one VU.
pub(crate) struct DebugLog {
    run: Arc<Run>,
    what: HttpDebug,
    /// A VU logs no more of this than of its own lines: limit `logBytes`.
    budget: RefCell<LogBudget>,
}

impl DebugLog {
    /// What the run's settings ask for.
    pub(crate) fn new(run: &Arc<Run>) -> Option<Box<Self>> {
        let what = run.settings.http.debug?;
        let budget = RefCell::new(LogBudget::new());
        Some(Box::new(Self {
            run: run.clone(),
            what,
            budget,
        }))
    }

    /// Logs a request, and gives its number.
    pub(crate) fn request<B>(&self, request: &Request<B>, hop: &Hop) -> u64 {
        let body = &hop.body;
        let number = self.run.next_exchange();
        let version = protocol(Some(request.version()));
        let mut text = format!(
            "request {number}:\n{} {} {version}\n",
            request.method(),
            request.uri()
        );
        push_headers(&mut text, request.headers());
        let length = content_length(hop).filter(|_| request.version() < Version::HTTP_2);
        if let Some(length) = length {
            let _ = writeln!(
                text,
                "{CONTENT_LENGTH}: {}",
                shown(&CONTENT_LENGTH, &length)
            );
        }
        self.push_body(&mut text, body, body.len() as u64);
        if hop.upload.is_some() {
            text.push_str("(the body is streamed)\n");
        }
        self.log(&text);
        number
    }

    /// Logs the head of a response whose body is streamed.
    pub(crate) fn head(&self, number: u64, head: &Head) {
        let text = shown_head(&number.to_string(), head);
        self.log(&format!("{text}\n(the body is streamed)\n"));
    }

    /// Logs what a request came to. One without a number was never sent.
    pub(crate) fn outcome(&self, number: u64, result: &Result<Answer, RequestFailure>) {
        let number = match number {
            0 => "of a request that was not sent".to_owned(),
            number => number.to_string(),
        };
        let text = match result {
            Ok(answer) => self.response(&number, answer),
            Err(failure) => {
                let (code, message) = (failure.code, &failure.message);
                format!("response {number}: none, error {code}: {message}\n")
            }
        };
        self.log(&text);
    }

    fn response(&self, number: &str, answer: &Answer) -> String {
        let mut text = shown_head(number, &answer.head);
        self.push_body(&mut text, &answer.body, answer.body_size);
        text
    }

    /// An empty line and, where bodies are wanted, the body.
    fn push_body(&self, text: &mut String, body: &Bytes, size: u64) {
        text.push('\n');
        if self.what != HttpDebug::Full || size == 0 {
            return;
        }
        let _ = match std::str::from_utf8(body) {
            _ if (body.len() as u64) < size => writeln!(text, "({size} bytes, not kept)"),
            Ok(words) => writeln!(text, "{words}"),
            Err(_) => writeln!(text, "({size} bytes that are no text)"),
        };
    }

    fn log(&self, text: &str) {
        // Before it is cut: half a secret is one too.
        let text = &*self.run.settings.secrets.redacted(text);
        let limit = self.run.settings.limits.log_bytes;
        let admission = self
            .budget
            .borrow_mut()
            .admit(text.len(), limit, Instant::now());
        let Some(bytes) = admission.bytes else {
            return self.tell_loss(admission.first_loss);
        };
        let shown = &text[..text.floor_char_boundary(bytes)];
        self.run.log.log(Level::Info, "http-debug", shown);
        self.tell_loss(admission.first_loss);
    }

    fn tell_loss(&self, is_first: bool) {
        if !is_first {
            return;
        }
        let limit = self.run.settings.limits.log_bytes;
        let words = format!(
            "httpDebug: exchanges were cut or dropped: limit logBytes lets {limit} bytes per VU and second through"
        );
        self.run.log.log(Level::Warn, "brunt", &words);
    }
}

fn shown_head(number: &str, head: &Head) -> String {
    let mut text = format!(
        "response {number}:\n{} {}\n",
        protocol(Some(head.version)),
        head.status
    );
    push_headers(&mut text, head.headers.map());
    text
}

fn push_headers(text: &mut String, headers: &HeaderMap) {
    for (name, value) in headers {
        let _ = writeln!(text, "{name}: {}", shown(name, value));
    }
}

/// A header's value; of credentials the scheme alone.
fn shown(name: &HeaderName, value: &HeaderValue) -> String {
    let text = String::from_utf8_lossy(value.as_bytes());
    if *name != AUTHORIZATION && *name != PROXY_AUTHORIZATION {
        return text.into_owned();
    }
    match text.split_once(' ') {
        Some((scheme, _)) => format!("{scheme} ****"),
        None => "****".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_not_shown() {
        let secret = HeaderValue::from_static("Bearer abc");
        assert_eq!(shown(&AUTHORIZATION, &secret), "Bearer ****");
        assert_eq!(
            shown(&AUTHORIZATION, &HeaderValue::from_static("abc")),
            "****"
        );
        assert_eq!(shown(&CONTENT_LENGTH, &HeaderValue::from_static("3")), "3");
    }
}
