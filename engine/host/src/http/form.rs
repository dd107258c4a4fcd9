//! Defines the bodies of forms: `application/x-www-form-urlencoded` and `multipart/form-data` (RFC 7578).

use bytes::Bytes;
use url::form_urlencoded::Serializer;

use crate::http::chance;

/// The type of a form that is encoded as a URL's query is.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// A part of a `multipart/form-data` body.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) filename: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) content: Bytes,
}

/// The body of a form with these fields.
pub(crate) fn urlencoded(fields: &[(String, String)]) -> Bytes {
    Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
        .into()
}

/// The body of these parts, and its type: `given` with a boundary, if that is multipart too.
pub(crate) fn multipart(
    parts: &[Part],
    given: Option<&str>,
) -> Result<(Bytes, Option<String>), String> {
    let is_ours = given.is_none_or(|given| given.to_ascii_lowercase().starts_with("multipart/"));
    let own = given.and_then(boundary_of);
    let boundary = own.clone().unwrap_or_else(new_boundary);
    let mut body = Vec::new();
    for part in parts {
        check_type(part)?;
        body.extend_from_slice(part.head(&boundary).as_bytes());
        body.extend_from_slice(&part.content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    let content_type = (is_ours && own.is_none()).then(|| {
        let given = given.unwrap_or("multipart/form-data");
        format!("{given}; boundary={boundary}")
    });
    Ok((body.into(), content_type))
}

impl Part {
    fn head(&self, boundary: &str) -> String {
        let name = escaped(&self.name);
        let mut head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"");
        if let Some(filename) = &self.filename {
            head.push_str(&format!("; filename=\"{}\"", escaped(filename)));
        }
        let file = self.filename.as_ref().map(|_| "application/octet-stream");
        if let Some(content_type) = self.content_type.as_deref().or(file) {
            head.push_str(&format!("\r\nContent-Type: {content_type}"));
        }
        head.push_str("\r\n\r\n");
        head
    }
}

fn check_type(part: &Part) -> Result<(), String> {
    match &part.content_type {
        Some(text) if text.contains(char::is_control) => Err(format!(
            "invalid content type {text:?} of part {:?}",
            part.name
        )),
        _ => Ok(()),
    }
}

/// A name in quotes, as browsers write it.
fn escaped(text: &str) -> String {
    text.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn boundary_of(content_type: &str) -> Option<String> {
    let mut parameters = content_type.split(';').skip(1);
    let boundary = parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("boundary")
            .then(|| value.trim().trim_matches('"').to_owned())
    });
    boundary.filter(|boundary| !boundary.is_empty())
}

/// A boundary that no content has, but by a chance of one in 2^128.
fn new_boundary() -> String {
    format!("brunt-{:016x}{:016x}", chance::number(), chance::number())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str, filename: Option<&str>, content_type: Option<&str>) -> Part {
        Part {
            name: name.into(),
            filename: filename.map(str::to_owned),
            content_type: content_type.map(str::to_owned),
            content: "x\r\ny".into(),
        }
    }

    #[test]
    fn fields_are_encoded_in_their_order() {
        let fields = [("b", "x y&z"), ("a", "ü"), ("b", "")];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(urlencoded(&fields), "b=x+y%26z&a=%C3%BC&b=");
    }

    #[test]
    fn parts_are_written_as_browsers_do() {
        let parts = [
            part("plain", None, None),
            part("a\"b", Some("f\r\n.txt"), None),
            part("typed", Some("x"), Some("image/png")),
        ];
        let given = "multipart/form-data; boundary=\"B\"";
        let (body, content_type) = multipart(&parts, Some(given)).unwrap();
        assert_eq!(content_type, None);
        let expected = "--B\r\nContent-Disposition: form-data; name=\"plain\"\r\n\r\nx\r\ny\r\n\
            --B\r\nContent-Disposition: form-data; name=\"a%22b\"; filename=\"f%0D%0A.txt\"\r\n\
            Content-Type: application/octet-stream\r\n\r\nx\r\ny\r\n\
            --B\r\nContent-Disposition: form-data; name=\"typed\"; filename=\"x\"\r\n\
            Content-Type: image/png\r\n\r\nx\r\ny\r\n--B--\r\n";
        assert_eq!(body, expected);
    }

    #[test]
    fn a_type_that_is_given_stays() {
        let parts = [part("a", None, None)];
        let content_type = |given| multipart(&parts, given).unwrap().1;
        let ours = content_type(None).unwrap();
        assert!(ours.starts_with("multipart/form-data; boundary=brunt-"));
        assert_ne!(content_type(None).unwrap(), ours);
        let mixed = content_type(Some("multipart/mixed")).unwrap();
        assert!(mixed.starts_with("multipart/mixed; boundary=brunt-"));
        assert_eq!(content_type(Some("text/plain")), None);
        assert!(multipart(&[part("a", None, Some("x\r\nBad: y"))], None).is_err());
    }
}
