//! Defines what few requests have.

use std::borrow::Cow;
use std::rc::Rc;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use send_wrapper::SendWrapper;

use super::{Login, OwnCookie};
use crate::http::encoding::Encoding;
use crate::http::failure::RequestFailure;
use crate::http::form::{self, Part};
use crate::http::jar::Jar;
use crate::http::patience::Patience;
use crate::http::stream::StreamPolicy;
use crate::http::upload::Upload;

/// What few requests have, kept apart so that the others don't pay for it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rare {
    /// The type of the body, unless a header says it.
    pub(crate) content_type: Option<Cow<'static, str>>,
    /// The body, if there are any.
    pub(crate) parts: Vec<Part>,
    pub(crate) compression: Vec<String>,
    pub(crate) login: Option<Login>,
    /// How the URL's userinfo is used.
    pub(crate) auth_scheme: Option<String>,
    pub(crate) cookies: Vec<OwnCookie>,
    pub(crate) jar: Option<SendWrapper<Rc<Jar>>>,
    /// The name of the version of HTTP that it speaks.
    pub(crate) http_version: Option<String>,
    /// Headers as they are, beside those of the request.
    pub(crate) given_headers: HeaderMap,
    /// How long its parts may take, where it says so.
    pub(crate) patience: Option<SendWrapper<Rc<Patience>>>,
    /// The body, where it is streamed.
    pub(crate) upload: Option<SendWrapper<Rc<Upload>>>,
    /// Set when the response's body is streamed.
    pub(crate) streaming: Option<StreamPolicy>,
}

impl Rare {
    pub(super) fn content(
        &self,
        body: &Bytes,
        headers: &mut HeaderMap,
    ) -> Result<Bytes, RequestFailure> {
        let wrong = |message: String| RequestFailure::new(1000, message);
        let mut body = body.clone();
        let given = headers.get(CONTENT_TYPE).map(HeaderValue::to_str);
        let given = given.transpose().unwrap_or_default();
        let mut content_type = match given {
            None => self.content_type.clone().map(Cow::into_owned),
            Some(_) => None,
        };
        if !self.parts.is_empty() {
            (body, content_type) = form::multipart(&self.parts, given).map_err(wrong)?;
        }
        if let Some(content_type) = content_type {
            let value = HeaderValue::from_str(&content_type);
            let value = value.map_err(|_| wrong(format!("invalid type {content_type:?}")))?;
            headers.insert(CONTENT_TYPE, value);
        }
        self.compressed(body, headers)
    }

    fn compressed(&self, body: Bytes, headers: &mut HeaderMap) -> Result<Bytes, RequestFailure> {
        let named = |name: &String| {
            Encoding::named(name).ok_or_else(|| {
                let message =
                    format!("unknown compression {name:?}, use gzip, deflate, br or zstd");
                RequestFailure::new(1000, message)
            })
        };
        let encodings = self.compression.iter().map(named);
        let encodings = encodings.collect::<Result<Vec<_>, _>>()?;
        if self.upload.is_some() && !encodings.is_empty() {
            return Err(RequestFailure::new(
                1000,
                "a body that is streamed is not compressed (hint: write it compressed, and set content-encoding)",
            ));
        }
        if body.is_empty() || encodings.is_empty() {
            return Ok(body);
        }
        let compressed = encodings
            .iter()
            .try_fold(body, |body, encoding| {
                encoding.compress(&body).map(Bytes::from)
            })
            .map_err(|error| RequestFailure::new(1000, format!("compression: {error}")))?;
        if !headers.contains_key(CONTENT_ENCODING)
            && let Ok(value) = HeaderValue::from_str(&self.compression.join(", "))
        {
            headers.insert(CONTENT_ENCODING, value);
        }
        Ok(compressed)
    }
}
