//! Defines what was sent for a response, the engine's own headers and the encoded body included.

use crate::bindings::brunt::http::client as wit;

/// A request as its first hop was sent. Each part is copied when it is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    response: &'a wit::Response,
}

impl<'a> Sent<'a> {
    pub(super) fn new(response: &'a wit::Response) -> Self {
        Self { response }
    }

    /// The method.
    pub fn method(&self) -> String {
        self.response.sent_method()
    }

    /// The URL; credentials in it are masked.
    pub fn url(&self) -> String {
        self.response.sent_url()
    }

    /// All headers, names in lower case.
    pub fn headers(&self) -> Vec<(String, String)> {
        self.response.sent_headers()
    }

    /// The first value of this header, whatever its case.
    pub fn header(&self, name: &str) -> Option<String> {
        let mut headers = self.headers().into_iter();
        headers
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// The body: encoded and compressed.
    pub fn body(&self) -> Vec<u8> {
        self.response.sent_body()
    }

    /// The cookies, as pairs of a name and a value.
    pub fn cookies(&self) -> Vec<(String, String)> {
        self.response.sent_cookies()
    }
}
