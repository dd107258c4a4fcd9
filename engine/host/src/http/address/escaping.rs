//! Defines what is encoded in a URL: what may not be there, and no more.

use std::borrow::Cow;

use percent_encoding::{
    AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, percent_encode, utf8_percent_encode,
};

/// What Go encodes in a path once it has to encode anything.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b',')
    .remove(b'/')
    .remove(b':')
    .remove(b';')
    .remove(b'=')
    .remove(b'@');

/// What else a path may have without being touched.
const ALSO_IN_PATH: &[u8] = b"!'()*[]%";

/// What would end a query, or the line that it is sent in.
const IN_QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>');

/// A path as it is sent. One with nothing but what a path may have stays as it is. Any other is decoded and encoded as a
/// whole, and then `%2F` is a `/`: so Go does it.
///
/// # Errors
/// A `%` that two hexadecimal digits don't follow.
pub(super) fn path(path: &str) -> Result<String, String> {
    check(path)?;
    let may_stay = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || b"-_.~$&+,/:;=@".contains(&byte)
            || ALSO_IN_PATH.contains(&byte)
    };
    if path.bytes().all(may_stay) {
        return Ok(path.to_owned());
    }
    let decoded: Vec<u8> = percent_decode_str(path).collect();
    Ok(percent_encode(&decoded, IN_PATH).to_string())
}

/// A query as it is sent.
pub(super) fn query(query: &str) -> Cow<'_, str> {
    match query.contains([' ', '"', '<', '>']) {
        false => Cow::Borrowed(query),
        // What is not ASCII stays, as Go leaves it.
        true => query
            .split_inclusive(|c: char| !c.is_ascii())
            .map(|part| {
                let ascii = part.trim_end_matches(|c: char| !c.is_ascii());
                format!(
                    "{}{}",
                    utf8_percent_encode(ascii, IN_QUERY),
                    &part[ascii.len()..]
                )
            })
            .collect(),
    }
}

/// Refuses a `%` that two hexadecimal digits don't follow.
pub(super) fn check(text: &str) -> Result<(), String> {
    let is_hex = |digits: &[u8]| digits.len() == 2 && digits.iter().all(u8::is_ascii_hexdigit);
    for (at, _) in text.match_indices('%') {
        let digits = text.as_bytes().get(at + 1..at + 3).unwrap_or_default();
        if !is_hex(digits) {
            let shown: String = text[at..].chars().take(3).collect();
            return Err(format!(
                "invalid escape {shown:?}, write %25 for a percent sign"
            ));
        }
    }
    Ok(())
}
