//! Defines how queries, forms and multipart bodies are read into JSON.

use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::request::text;

/// The fields and files of a body.
pub(super) struct Content {
    pub(super) form: Value,
    pub(super) files: Value,
    /// Whether the body was a form of one kind or the other.
    pub(super) is_form: bool,
}

/// Reads a body that this content type says is a form; any other body has no fields.
pub(super) fn content(content_type: &str, body: &[u8]) -> Content {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Content {
            form: object(pairs(body)),
            files: json!({}),
            is_form: true,
        };
    }
    match boundary(content_type).filter(|_| kind.eq_ignore_ascii_case("multipart/form-data")) {
        Some(boundary) => multipart(boundary, body),
        None => Content {
            form: json!({}),
            files: json!({}),
            is_form: false,
        },
    }
}

/// The decoded pairs of a query or of a URL-encoded form.
pub(super) fn pairs(encoded: &[u8]) -> impl Iterator<Item = (String, String)> {
    form_urlencoded::parse(encoded).map(|(name, value)| (name.into_owned(), value.into_owned()))
}

/// An object of these pairs; a name that comes again makes a list.
pub(super) fn object(pairs: impl Iterator<Item = (String, String)>) -> Value {
    let mut object = Map::new();
    for (name, value) in pairs {
        match object.get_mut(&name) {
            None => drop(object.insert(name, Value::from(value))),
            Some(Value::Array(values)) => values.push(Value::from(value)),
            Some(single) => *single = json!([single.take(), value]),
        }
    }
    Value::Object(object)
}

fn boundary(content_type: &str) -> Option<&str> {
    let parameter = content_type
        .split(';')
        .find_map(|part| part.trim().strip_prefix("boundary="))?;
    Some(parameter.trim_matches('"')).filter(|boundary| !boundary.is_empty())
}

fn multipart(boundary: &str, body: &[u8]) -> Content {
    let (mut form, mut files) = (Vec::new(), Vec::new());
    for part in parts(boundary, body) {
        let Some(end) = find(part, b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&part[..end]);
        let Some(name) = quoted(&head, " name=\"") else {
            continue;
        };
        let list = if quoted(&head, "filename=\"").is_some() {
            &mut files
        } else {
            &mut form
        };
        list.push((name, text(&part[end + 4..])));
    }
    Content {
        form: object(form.into_iter()),
        files: object(files.into_iter()),
        is_form: true,
    }
}

/// What stands between the boundaries, without the line breaks around them.
fn parts<'a>(boundary: &str, body: &'a [u8]) -> Vec<&'a [u8]> {
    let mark = format!("--{boundary}");
    let mut parts = Vec::new();
    let Some(first) = find(body, mark.as_bytes()) else {
        return parts;
    };
    let mut rest = &body[first + mark.len()..];
    let next = format!("\r\n{mark}");
    while let Some(end) = find(rest, next.as_bytes()) {
        parts.push(rest[..end].strip_prefix(b"\r\n").unwrap_or(&rest[..end]));
        rest = &rest[end + next.len()..];
    }
    parts
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len())
        .position(|window| window == wanted)
}

fn quoted(head: &str, before: &str) -> Option<String> {
    let (_, rest) = head.split_once(before)?;
    rest.split_once('"').map(|(value, _)| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_names_become_lists() {
        let read = |query: &str| object(pairs(query.as_bytes()));
        assert_eq!(
            read("a=1&b=%20x&a=2&a=3"),
            json!({"a": ["1", "2", "3"], "b": " x"})
        );
        assert_eq!(read(""), json!({}));
    }

    #[test]
    fn multipart_bodies_are_split_into_fields_and_files() {
        let body = b"--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--X\r\nContent-Disposition: \
            form-data; name=\"f\"; filename=\"f.txt\"\r\nContent-Type: text/plain\r\n\r\nline\r\n\r\nend\r\n--X--\r\n";
        let content = content("multipart/form-data; boundary=X", body);
        assert_eq!(
            (content.form, content.files),
            (json!({"a": "1"}), json!({"f": "line\r\n\r\nend"}))
        );
    }

    #[test]
    fn broken_multipart_bodies_have_no_fields() {
        for body in ["", "--X", "--X\r\n", "--X\r\n\r\n--X--", "no boundary"] {
            let content = content("multipart/form-data; boundary=\"X\"", body.as_bytes());
            assert_eq!(
                (content.form, content.files),
                (json!({}), json!({})),
                "{body:?}"
            );
        }
    }
}
