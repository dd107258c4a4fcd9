//! Defines the host's side of responses: what came, and what was sent for it.

use std::time::Duration;

use http::HeaderMap;
use http::header::{CONTENT_LENGTH, COOKIE};
use wasmtime::component::Resource;

use crate::bindings::brunt::http::client;
use crate::http::{Hop, Response, SetCookie, content_length, protocol, tls_version};
use crate::interfaces::http::Stream;
use crate::net::{Remote, cipher_suite_name};
use crate::state::{Misuse, VuState};

impl client::HostResponse for VuState {
    fn status(&mut self, response: Resource<Response>) -> wasmtime::Result<u16> {
        Ok(self.table.get(&response)?.head.status.as_u16())
    }

    fn header(
        &mut self,
        response: Resource<Response>,
        name: String,
    ) -> wasmtime::Result<Option<String>> {
        let values = self.table.get(&response)?.head.headers.values(&name);
        let values: Vec<_> = values.into_iter().map(String::from_utf8_lossy).collect();
        Ok((!values.is_empty()).then(|| values.join(", ")))
    }

    fn headers(&mut self, response: Resource<Response>) -> wasmtime::Result<Vec<(String, String)>> {
        Ok(texts(self.table.get(&response)?.head.headers.map()))
    }

    fn body(&mut self, response: Resource<Response>) -> wasmtime::Result<Vec<u8>> {
        Ok(self.table.get(&response)?.body.to_vec())
    }

    fn text(&mut self, response: Resource<Response>) -> wasmtime::Result<String> {
        Ok(String::from_utf8_lossy(&self.table.get(&response)?.body).into_owned())
    }

    fn cookies(
        &mut self,
        response: Resource<Response>,
    ) -> wasmtime::Result<Vec<client::ReceivedCookie>> {
        let cookies = self.table.get(&response)?.set_cookies();
        Ok(cookies.map(received).collect())
    }

    fn body_size(&mut self, response: Resource<Response>) -> wasmtime::Result<u64> {
        let response = self.table.get(&response)?;
        let streamed = response.stream.as_ref();
        Ok(streamed.map_or(response.body_size, |streamed| streamed.facts.size()))
    }

    fn body_stream(
        &mut self,
        response: Resource<Response>,
    ) -> wasmtime::Result<Option<Resource<Stream>>> {
        let streamed = self.table.get_mut(&response)?.stream.as_mut();
        match streamed.and_then(|streamed| streamed.body.take()) {
            Some(body) => Ok(Some(self.table.push(Stream::new(body))?)),
            None => Ok(None),
        }
    }

    fn url(&mut self, response: Resource<Response>) -> wasmtime::Result<String> {
        Ok(self.table.get(&response)?.url.to_string())
    }

    fn protocol(&mut self, response: Resource<Response>) -> wasmtime::Result<String> {
        Ok(protocol(Some(self.table.get(&response)?.head.version)).to_owned())
    }

    fn remote(&mut self, response: Resource<Response>) -> wasmtime::Result<(String, u16)> {
        Ok(match &self.table.get(&response)?.remote {
            Remote::Tcp(address) => (address.ip().to_string(), address.port()),
            Remote::Unix(path) => (path.display().to_string(), 0),
        })
    }

    fn tls_version(&mut self, response: Resource<Response>) -> wasmtime::Result<Option<String>> {
        let tls = self.table.get(&response)?.tls.as_ref();
        Ok(tls.map(|tls| tls_version(Some(tls)).to_owned()))
    }

    fn tls_cipher_suite(
        &mut self,
        response: Resource<Response>,
    ) -> wasmtime::Result<Option<String>> {
        let tls = self.table.get(&response)?.tls.as_ref();
        let name = tls.and_then(|tls| cipher_suite_name(tls.cipher?));
        Ok(name.map(str::to_owned))
    }

    fn ocsp(
        &mut self,
        response: Resource<Response>,
    ) -> wasmtime::Result<Option<client::OcspStaple>> {
        let tls = self.table.get(&response)?.tls.as_ref();
        let ocsp = tls.and_then(|tls| tls.ocsp.as_deref());
        Ok(ocsp.map(|ocsp| client::OcspStaple {
            status: ocsp.status.name().to_owned(),
            revocation_reason: ocsp.revocation_reason.map(str::to_owned),
            produced_at: ocsp.produced_at,
            this_update: ocsp.this_update,
            next_update: ocsp.next_update,
            revoked_at: ocsp.revoked_at,
        }))
    }

    fn timings(&mut self, response: Resource<Response>) -> wasmtime::Result<client::Timings> {
        let response = self.table.get(&response)?;
        let streamed = response.stream.as_ref();
        let timings = streamed.map_or(response.timings, |streamed| streamed.facts.timings());
        let ns = |duration: Duration| duration.as_nanos() as u64;
        Ok(client::Timings {
            blocked: ns(timings.blocked),
            looking_up: ns(timings.looking_up),
            connecting: ns(timings.connecting),
            tls_handshaking: ns(timings.tls_handshaking),
            sending: ns(timings.sending),
            waiting: ns(timings.waiting),
            receiving: ns(timings.receiving),
        })
    }

    fn sent_method(&mut self, response: Resource<Response>) -> wasmtime::Result<String> {
        Ok(self.sent(&response)?.method.to_string())
    }

    fn sent_url(&mut self, response: Resource<Response>) -> wasmtime::Result<String> {
        Ok(self.sent(&response)?.target.url.to_string())
    }

    fn sent_headers(
        &mut self,
        response: Resource<Response>,
    ) -> wasmtime::Result<Vec<(String, String)>> {
        let sent = self.sent(&response)?;
        let mut headers = sent.all_headers();
        if let Some(length) = content_length(sent) {
            headers.insert(CONTENT_LENGTH, length);
        }
        Ok(texts(&headers))
    }

    fn sent_body(&mut self, response: Resource<Response>) -> wasmtime::Result<Vec<u8>> {
        Ok(self.sent(&response)?.body.to_vec())
    }

    fn sent_cookies(
        &mut self,
        response: Resource<Response>,
    ) -> wasmtime::Result<Vec<(String, String)>> {
        let headers = self.sent(&response)?.all_headers();
        let mut cookies = Vec::new();
        for value in headers.get_all(COOKIE) {
            let text = String::from_utf8_lossy(value.as_bytes());
            let pairs = text.split(';').filter_map(|pair| pair.split_once('='));
            cookies.extend(pairs.map(|(name, value)| (name.trim().into(), value.trim().into())));
        }
        Ok(cookies)
    }

    fn drop(&mut self, response: Resource<Response>) -> wasmtime::Result<()> {
        self.table.delete(response)?;
        Ok(())
    }
}

impl VuState {
    /// The first hop of the request that brought a response.
    fn sent(&self, response: &Resource<Response>) -> wasmtime::Result<&Hop> {
        let sent = self.table.get(response)?.sent.as_ref();
        // The client never gives a response without it.
        let sent = sent.ok_or_else(|| Misuse("the response has no request".into()))?;
        Ok(sent)
    }
}

/// Headers as guests see them.
fn texts(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers
        .iter()
        .map(|(name, value)| (name.to_string(), text(value)))
        .collect()
}

fn received(cookie: SetCookie) -> client::ReceivedCookie {
    client::ReceivedCookie {
        name: cookie.name,
        value: cookie.value,
        domain: cookie.domain,
        path: cookie.path,
        http_only: cookie.http_only,
        secure: cookie.secure,
        max_age: cookie.max_age,
        expires: cookie.expires,
        same_site: cookie.same_site.to_owned(),
    }
}
