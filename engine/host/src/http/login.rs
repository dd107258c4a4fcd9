//! Defines log-ins that take several exchanges: digest and NTLM, each exchange a measured hop of its own.

use std::time::Instant;

use data_encoding::BASE64;
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::http::auth::challenge::{self, Challenge};
use crate::http::auth::{Credentials, Scheme, digest, ntlm};
use crate::http::chance;
use crate::http::client::{Client, Sending};
use crate::http::failure::RequestFailure;
use crate::http::hop::{Held, Hop};
use crate::http::message::{Login, Response};

type Outcome = Result<Response, RequestFailure>;

/// Whether a 401 with these headers asks for the next step of a log-in by this scheme.
pub(crate) fn is_asked_for(scheme: Scheme, headers: &HeaderMap) -> bool {
    match scheme {
        Scheme::Basic => false,
        Scheme::Digest => digest::Prompt::best(headers).is_some(),
        Scheme::Ntlm => ntlm_challenge(headers).is_some() || is_basic_offered(headers),
    }
}

impl Client {
    /// Sends a hop, and logs in when the server asks for it.
    pub(crate) async fn logged_in(
        &self,
        sending: &Sending<'_>,
        hop: &mut Hop,
        login: &Login,
    ) -> Outcome {
        hop.challenged = Some(login.scheme);
        match login.scheme {
            Scheme::Ntlm => {
                hop.held = Some(Box::<Held>::default());
                let outcome = self.by_ntlm(sending, hop, &login.credentials).await;
                self.release(hop);
                outcome
            }
            Scheme::Basic | Scheme::Digest => {
                self.by_digest(sending, hop, &login.credentials).await
            }
        }
    }

    async fn by_digest(
        &self,
        sending: &Sending<'_>,
        hop: &mut Hop,
        credentials: &Credentials,
    ) -> Outcome {
        let mut response = self.timed_hop(sending, hop).await?;
        hop.challenged = None;
        for is_first in [true, false] {
            if !is_refused(&response) {
                break;
            }
            match digest::Prompt::best(response.head.headers.map()) {
                Some(prompt) if is_first || prompt.is_stale() => {
                    let cnonce = format!("{:016x}", chance::number());
                    let exchange = digest::Exchange {
                        method: hop.method.as_str(),
                        uri: hop.target.path_and_query(),
                        body: &hop.body,
                    };
                    let answer = prompt.answer(credentials, &exchange, &cnonce);
                    hop.authorization = Some(answer);
                    // Servers may tie a nonce to a cookie.
                    self.keep_cookies(sending.request, hop, &response);
                    hop.cookie = self.cookies(sending.request, hop)?;
                    response = self.timed_hop(sending, hop).await?;
                }
                _ => break,
            }
        }
        Ok(response)
    }

    /// Asks without credentials first: the connection may be logged in already. A server that offers `Basic` and no NTLM gets
    /// the credentials by that, as from k6's client.
    async fn by_ntlm(
        &self,
        sending: &Sending<'_>,
        hop: &mut Hop,
        credentials: &Credentials,
    ) -> Outcome {
        let mut first = self.timed_hop(sending, hop).await?;
        if is_refused(&first)
            && asked(&first).is_none()
            && is_basic_offered(first.head.headers.map())
        {
            hop.challenged = None;
            hop.authorization = Some(credentials.basic());
            first = self.timed_hop(sending, hop).await?;
        }
        let Some(asked) = asked(&first) else {
            return Ok(first);
        };
        hop.challenged = Some(Scheme::Ntlm);
        hop.authorization = Some(message(&asked.scheme, &ntlm::negotiate()));
        let second = self.timed_hop(sending, hop).await?;
        hop.challenged = None;
        let token = self::asked(&second).and_then(|challenge| challenge.token);
        let bytes = token.and_then(|token| BASE64.decode(token.as_bytes()).ok());
        let Some(prompt) = bytes.and_then(|bytes| ntlm::Challenge::parse(&bytes)) else {
            return Ok(second);
        };
        let now = self.worker.run.unix_ns(Instant::now()) / 1_000_000_000;
        let answer = prompt.authenticate(credentials, now, chance::number().to_le_bytes());
        hop.authorization = Some(message(&asked.scheme, &answer));
        self.timed_hop(sending, hop).await
    }
}

fn is_refused(response: &Response) -> bool {
    response.head.status == StatusCode::UNAUTHORIZED
}

fn is_basic_offered(headers: &HeaderMap) -> bool {
    let challenges = challenge::all(headers);
    challenges.iter().any(|challenge| challenge.is("Basic"))
}

fn asked(response: &Response) -> Option<Challenge> {
    is_refused(response)
        .then(|| ntlm_challenge(response.head.headers.map()))
        .flatten()
}

/// What a server asks for NTLM by, its own name for it first.
fn ntlm_challenge(headers: &HeaderMap) -> Option<Challenge> {
    let mut challenges = challenge::all(headers);
    let place = ["NTLM", "Negotiate"]
        .into_iter()
        .find_map(|name| challenges.iter().position(|challenge| challenge.is(name)))?;
    Some(challenges.swap_remove(place))
}

fn message(scheme: &str, bytes: &[u8]) -> HeaderValue {
    let text = format!("{scheme} {}", BASE64.encode(bytes));
    let mut value =
        HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("NTLM"));
    value.set_sensitive(true);
    value
}
