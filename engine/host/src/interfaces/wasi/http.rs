//! Defines `wasi:http/outgoing-handler`, by which the HTTP libraries of guest languages send: through the same measured client.
//!
//! Bodies are streamed both ways and are as they came: what is on top of HTTP (cookies, redirects, decompression) is the
//! library's own affair.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, HOST};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use send_wrapper::SendWrapper;
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

use crate::http::{
    BodyStream, Client, DEFAULT_TIMEOUT, Jar, Patience, Request, RequestFailure, Response,
    StreamPolicy, Upload,
};
use crate::state::{Phase, VuState};
use crate::tags::TagScope;

/// `wasi:http` of one VU.
pub(crate) struct WasiHttp {
    context: WasiHttpCtx,
    sender: Sender,
}

/// What sends the requests: the VU's client, with the tags that the VU has now.
struct Sender {
    client: SendWrapper<Rc<Client>>,
    base: SendWrapper<Rc<TagScope>>,
    is_allowed: bool,
}

impl WasiHttpView for VuState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        let (client, base) = (&self.local.http, &self.local.base);
        let sender = Sender {
            client: SendWrapper::new(client.clone()),
            base: SendWrapper::new(base.clone()),
            is_allowed: self.phase != Phase::Init,
        };
        let wasi = match &mut self.wasi_http {
            Some(wasi) => {
                wasi.sender = sender;
                wasi
            }
            none => none.insert(Box::new(WasiHttp {
                context: WasiHttpCtx::new(),
                sender,
            })),
        };
        WasiHttpCtxView {
            hooks: &mut wasi.sender,
            table: &mut self.table,
            ctx: &mut wasi.context,
        }
    }
}

/// What a request comes to, and what there is to do beside its body: nothing, as the body does all of it.
type Sent = Result<(http::Response<WasiBody>, Rest), Error>;
type Rest = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl WasiHttpHooks for Sender {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        if !self.is_allowed {
            return Box::new(async { Err(Error::HttpRequestDenied) });
        }
        let (client, base) = (self.client.clone(), self.base.clone());
        let patience = Rc::new(patience(options.unwrap_or_default()));
        let request = outgoing(request, &client, &patience);
        Box::new(SendWrapper::new(async move {
            let sent = client.send(&request, &base).await;
            let response = sent.map_err(|failure| error(failure, &patience))?;
            let rest: Rest = Box::new(async { Ok(()) });
            Ok((incoming(response), rest))
        }))
    }
}

fn patience(options: RequestOptions) -> Patience {
    let or_default = |limit: Option<Duration>| Some(limit.unwrap_or(DEFAULT_TIMEOUT));
    Patience::new(
        or_default(options.connect_timeout),
        or_default(options.first_byte_timeout),
        options.between_bytes_timeout,
    )
}

/// A request as the client takes it.
fn outgoing(request: http::Request<WasiBody>, client: &Client, patience: &Rc<Patience>) -> Request {
    let (mut head, body) = request.into_parts();
    let mut request = Request::new(head.method.to_string(), head.uri.to_string());
    if !body.is_end_stream() {
        let length = body
            .size_hint()
            .exact()
            .or_else(|| told_length(&head.headers));
        request.set_upload(Upload::new(Box::pin(body.map_err(Into::into)), length));
    }
    request.timeout = Duration::MAX;
    request.redirects = Some(0);
    // The target has its own.
    head.headers.remove(HOST);
    let rare = request.rare();
    rare.given_headers = head.headers;
    // A jar that nobody else knows: no cookies are sent but those that the guest sends itself.
    rare.jar = Some(SendWrapper::new(Rc::new(Jar::new(client.most_cookies()))));
    rare.patience = Some(SendWrapper::new(patience.clone()));
    rare.streaming = Some(StreamPolicy {
        unpacks: false,
        endless: true,
        gap: patience.between_bytes,
    });
    request
}

/// The length that the guest itself told; it is held to it.
fn told_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// A response as the guest takes it.
fn incoming(mut response: Response) -> http::Response<WasiBody> {
    let streamed = response
        .stream
        .take()
        .and_then(|streamed| streamed.take().body);
    let body = match streamed {
        Some(body) => Incoming(SendWrapper::new(body)).boxed_unsync(),
        None => http_body_util::Full::new(response.body.clone())
            .map_err(Error::from)
            .boxed_unsync(),
    };
    let mut answer = http::Response::new(body);
    *answer.status_mut() = response.head.status;
    *answer.version_mut() = response.head.version;
    *answer.headers_mut() = response.head.headers.map().clone();
    answer
}

/// The body of a response. Dropping it cancels the rest.
struct Incoming(SendWrapper<BodyStream>);

/// What is handed over at once.
const PIECE: usize = 64 << 10;

impl Body for Incoming {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.0.poll_read(PIECE, context).map(|read| match read {
            Ok(bytes) => bytes.map(|bytes| Ok(Frame::data(bytes.into()))),
            Err(failure) => Some(Err(error_of_body(failure))),
        })
    }
}

/// Why a request brought no response, in the words of `wasi:http`.
fn error(failure: RequestFailure, patience: &Patience) -> Error {
    match failure.code {
        1020 => Error::HttpRequestUriInvalid,
        1050 if patience.ended_connecting() => Error::ConnectionTimeout,
        1050 => Error::ConnectionReadTimeout,
        1101 => Error::DnsError {
            rcode: Some("NXDOMAIN".to_owned()),
            info_code: None,
        },
        1100..1110 => Error::DnsError {
            rcode: None,
            info_code: None,
        },
        1110 => Error::DestinationIpProhibited,
        1111 => Error::HttpRequestDenied,
        1211 => Error::ConnectionTimeout,
        1212 => Error::ConnectionRefused,
        1210 => Error::DestinationUnavailable,
        1200..1300 => Error::ConnectionTerminated,
        1310..1320 => Error::TlsCertificateError,
        1300..1400 => Error::TlsProtocolError,
        1600..1700 => Error::HttpProtocolError,
        _ => Error::InternalError(Some(failure.message)),
    }
}

/// Why a body broke off.
fn error_of_body(failure: RequestFailure) -> Error {
    match failure.code {
        1050 => Error::ConnectionReadTimeout,
        1203 => Error::HttpResponseIncomplete,
        1200..1300 => Error::ConnectionTerminated,
        1600..1700 => Error::HttpProtocolError,
        _ => Error::InternalError(Some(failure.message)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_have_the_words_of_wasi() {
        let patience = patience(RequestOptions::default());
        let told = |code| format!("{:?}", error(RequestFailure::new(code, "why"), &patience));
        for (code, words) in [
            (1020, "HttpRequestUriInvalid"),
            (1050, "ConnectionReadTimeout"),
            (1101, "NXDOMAIN"),
            (1110, "DestinationIpProhibited"),
            (1111, "HttpRequestDenied"),
            (1211, "ConnectionTimeout"),
            (1212, "ConnectionRefused"),
            (1220, "ConnectionTerminated"),
            (1310, "TlsCertificateError"),
            (1300, "TlsProtocolError"),
            (1000, "why"),
        ] {
            assert!(told(code).contains(words), "{code}: {}", told(code));
        }
    }
}
