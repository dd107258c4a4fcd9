//! Defines which headers of a request HTTP/2 and HTTP/3 carry: those of connections are HTTP/1.1's alone.

use http::{HeaderMap, HeaderName, header};

/// Takes out what is HTTP/1.1's (RFC 9113, 8.2.2; RFC 9114, 4.2).
pub(super) fn prepare(headers: &mut HeaderMap) {
    for name in OF_CONNECTIONS {
        headers.remove(name);
    }
    if headers.get(header::TE).is_some_and(|te| te != "trailers") {
        headers.remove(header::TE);
    }
}

const OF_CONNECTIONS: [HeaderName; 5] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_connections_stay_behind() {
        let mut headers = HeaderMap::new();
        for name in ["connection", "keep-alive", "upgrade", "x-own"] {
            headers.insert(name, "v".parse().unwrap());
        }
        headers.insert("te", "gzip".parse().unwrap());
        prepare(&mut headers);
        let names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["x-own"]);
        headers.insert("te", "trailers".parse().unwrap());
        prepare(&mut headers);
        assert_eq!(headers["te"], "trailers");
    }
}
