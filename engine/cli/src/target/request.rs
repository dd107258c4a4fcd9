//! Defines a request as the endpoints see it, and its echo in JSON in the shape of httpbin's.

use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderMap, Method, Uri, header};
use serde_json::{Map, Value, json};

use super::{bodies, forms};

/// A request whose body was read.
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) origin: IpAddr,
}

impl Request {
    /// `http://HOST`, as the client named this server.
    pub(super) fn base(&self) -> String {
        let authority = self
            .uri
            .authority()
            .map(|authority| authority.as_str().to_owned());
        let host = || self.header(header::HOST).map(str::to_owned);
        format!(
            "http://{}",
            authority
                .or_else(host)
                .unwrap_or_else(|| "localhost".to_owned())
        )
    }

    pub(super) fn url(&self) -> String {
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        format!("{}{path}", self.base())
    }

    pub(super) fn header(&self, name: header::HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The pairs of the query, decoded, in their order.
    pub(super) fn query(&self) -> impl Iterator<Item = (String, String)> {
        forms::pairs(self.uri.query().unwrap_or_default().as_bytes())
    }

    /// The first value of this name in the query.
    pub(super) fn argument(&self, name: &str) -> Option<String> {
        self.query()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    /// The cookies that the client sent, in their order.
    pub(super) fn cookies(&self) -> Map<String, Value> {
        let lines = self
            .headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok());
        let pairs = lines
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='));
        pairs
            .map(|(name, value)| (name.to_owned(), Value::from(value)))
            .collect()
    }

    /// What `/get` answers.
    pub(super) fn echo(&self) -> Map<String, Value> {
        let mut echo = Map::new();
        echo.insert("args".to_owned(), forms::object(self.query()));
        echo.insert("headers".to_owned(), self.headers_echo());
        echo.insert("origin".to_owned(), json!(self.origin));
        echo.insert("url".to_owned(), json!(self.url()));
        echo
    }

    /// What `/post` answers.
    pub(super) fn echo_with_body(&self) -> Map<String, Value> {
        let content = forms::content(
            self.header(header::CONTENT_TYPE).unwrap_or_default(),
            &self.body,
        );
        let data = if content.is_form {
            String::new()
        } else {
            text(&self.body)
        };
        let mut echo = Map::new();
        echo.insert("args".to_owned(), forms::object(self.query()));
        echo.insert("data".to_owned(), json!(data));
        echo.insert("files".to_owned(), content.files);
        echo.insert("form".to_owned(), content.form);
        echo.insert("headers".to_owned(), self.headers_echo());
        echo.insert(
            "json".to_owned(),
            serde_json::from_slice(&self.body).unwrap_or(Value::Null),
        );
        echo.insert("method".to_owned(), json!(self.method.as_str()));
        echo.insert("origin".to_owned(), json!(self.origin));
        echo.insert("url".to_owned(), json!(self.url()));
        echo
    }

    /// All headers, their names in Title-Case; several values of one name are joined with a comma.
    pub(super) fn headers_echo(&self) -> Value {
        let mut echo = Map::new();
        for name in self.headers.keys() {
            let values = self
                .headers
                .get_all(name)
                .iter()
                .map(|value| String::from_utf8_lossy(value.as_bytes()));
            echo.insert(
                title_case(name.as_str()),
                json!(values.collect::<Vec<_>>().join(",")),
            );
        }
        if let Some(authority) = self.uri.authority() {
            echo.entry("Host")
                .or_insert_with(|| json!(authority.as_str()));
        }
        Value::Object(echo)
    }
}

fn title_case(name: &str) -> String {
    let mut start = true;
    let upper_first = |c: char| {
        let shown = if start { c.to_ascii_uppercase() } else { c };
        start = c == '-';
        shown
    };
    name.chars().map(upper_first).collect()
}

/// A body as JSON can carry it: text, or a data URL of bytes that are none.
pub(super) fn text(body: &[u8]) -> String {
    match std::str::from_utf8(body) {
        Ok(text) => text.to_owned(),
        Err(_) => format!(
            "data:application/octet-stream;base64,{}",
            bodies::base64(body)
        ),
    }
}
