//! Defines the endpoints that send the client elsewhere: redirects, and cookies that are set on the way.

use http::{StatusCode, header};

use super::answers::{Answer, empty, error, with_header};
use super::request::Request;

/// `/redirect/N`: so many redirects, the last of them to `/get`.
pub(super) fn redirect(request: &Request, count: &str, prefix: &str) -> Answer {
    match count.parse::<u32>() {
        Ok(0) | Err(_) => error(
            StatusCode::BAD_REQUEST,
            "the number of redirects must be a number from 1",
        ),
        Ok(1) => found(&format!("{}/get", base(request, prefix))),
        Ok(count) => found(&format!("{}/{prefix}/{}", base(request, prefix), count - 1)),
    }
}

fn base(request: &Request, prefix: &str) -> String {
    let absolute =
        prefix == "absolute-redirect" || request.argument("absolute").as_deref() == Some("true");
    if absolute {
        request.base()
    } else {
        String::new()
    }
}

/// `/redirect-to?url=URL[&status_code=N]`
pub(super) fn redirect_to(request: &Request) -> Answer {
    let Some(url) = request.argument("url") else {
        return error(StatusCode::BAD_REQUEST, "say where: /redirect-to?url=/get");
    };
    let asked = request
        .argument("status_code")
        .and_then(|code| code.parse::<u16>().ok());
    let status = asked
        .filter(|code| (300..400).contains(code))
        .and_then(|code| StatusCode::from_u16(code).ok());
    with_header(
        empty(status.unwrap_or(StatusCode::FOUND)),
        header::LOCATION,
        &url,
    )
}

/// `/cookies/set?name=value…`: sets them and leads to `/cookies`.
pub(super) fn set_cookies(pairs: impl Iterator<Item = (String, String)>) -> Answer {
    pairs.fold(found("/cookies"), |answer, (name, value)| {
        with_header(
            answer,
            header::SET_COOKIE,
            &format!("{name}={value}; Path=/"),
        )
    })
}

/// `/cookies/delete?name…`: lets them expire and leads to `/cookies`.
pub(super) fn delete_cookies(request: &Request) -> Answer {
    request
        .query()
        .fold(found("/cookies"), |answer, (name, _)| {
            let expired =
                format!("{name}=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/");
            with_header(answer, header::SET_COOKIE, &expired)
        })
}

fn found(location: &str) -> Answer {
    with_header(empty(StatusCode::FOUND), header::LOCATION, location)
}
