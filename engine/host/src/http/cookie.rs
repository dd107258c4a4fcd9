//! Defines a cookie as a response sets it: `set-cookie` taken apart (RFC 6265, section 5.2).

/// A cookie with its attributes. Those that were not given are empty, false or none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SetCookie {
    pub(crate) name: String,
    pub(crate) value: String,
    /// In lower case, without a leading dot.
    pub(crate) domain: String,
    pub(crate) path: String,
    pub(crate) http_only: bool,
    pub(crate) secure: bool,
    /// Seconds, never negative.
    pub(crate) max_age: Option<i64>,
    /// Seconds since 1970.
    pub(crate) expires: Option<i64>,
    pub(crate) same_site: &'static str,
}

impl SetCookie {
    /// The cookie of a `set-cookie` header; none where it has no name.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(';');
        let (name, value) = parts.next()?.split_once('=')?;
        let mut cookie = Self {
            name: name.trim().to_owned(),
            value: value.trim().to_owned(),
            ..Self::default()
        };
        if cookie.name.is_empty() {
            return None;
        }
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            // What can't be read is as if it were not there.
            let _ = cookie.set_attribute(name.trim(), value.trim());
        }
        Some(cookie)
    }

    /// Sets an attribute. The error says what is wrong with it.
    pub(crate) fn set_attribute(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name.to_ascii_lowercase().as_str() {
            "domain" => {
                value
                    .trim_start_matches('.')
                    .to_ascii_lowercase()
                    .clone_into(&mut self.domain);
            }
            "path" => value.clone_into(&mut self.path),
            "httponly" => self.http_only = !value.eq_ignore_ascii_case("false"),
            "secure" => self.secure = !value.eq_ignore_ascii_case("false"),
            "max-age" => self.max_age = Some(seconds(value)?),
            "expires" => {
                let wrong = || format!("expires is not a date: {value:?}");
                self.expires = Some(date(value).ok_or_else(wrong)?);
            }
            "samesite" => self.same_site = same_site(value)?,
            _ => {
                return Err(format!(
                    "{name:?} is no attribute of a cookie; there are domain, path, expires, max-age, secure, httponly and samesite"
                ));
            }
        }
        Ok(())
    }
}

/// The name of a cookie that a request sends: a token, as RFC 6265 wants it.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    match !name.is_empty() && name.bytes().all(is_token) {
        true => Ok(()),
        false => Err(format!("invalid cookie name {name:?}")),
    }
}

/// The value of a cookie as a request sends it: in quotes where it has a space or a comma.
pub(crate) fn written(name: &str, value: &str) -> Result<String, String> {
    if value
        .bytes()
        .any(|byte| byte.is_ascii_control() || byte == b';' || byte == b'\\')
    {
        return Err(format!("invalid value of cookie {name:?}: {value:?}"));
    }
    let is_quoted = value.len() > 1 && value.starts_with('"') && value.ends_with('"');
    match value.contains([' ', ',']) && !is_quoted {
        true => Ok(format!("\"{value}\"")),
        false => Ok(value.to_owned()),
    }
}

fn seconds(text: &str) -> Result<i64, String> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("max-age is not a number of seconds: {text:?}"));
    }
    match text.starts_with('-') {
        true => Ok(0),
        // More seconds than there is room for are for ever.
        false => Ok(digits.parse().unwrap_or(i64::MAX)),
    }
}

fn same_site(text: &str) -> Result<&'static str, String> {
    ["Strict", "Lax", "None"]
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(text))
        .ok_or_else(|| format!("samesite is none of Strict, Lax and None: {text:?}"))
}

/// Seconds since 1970, read as leniently as RFC 6265 wants it (section 5.1.1): the parts may come in any order.
fn date(text: &str) -> Option<i64> {
    let is_delimiter = |c: char| !(c.is_ascii_alphanumeric() || c == ':');
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    for token in text.split(is_delimiter).filter(|token| !token.is_empty()) {
        if time.is_none() && token.contains(':') {
            time = Some(time_of_day(token)?);
        } else if let (None, Ok(number @ 1..=31)) = (day, token.parse::<i64>()) {
            day = Some(number);
        } else if let (None, Some(number)) = (month, month_of(token)) {
            month = Some(number);
        } else if let (None, Ok(number)) = (year, token.parse::<i64>()) {
            year = Some(whole_year(number));
        }
    }
    let year = year.filter(|year| (1601..=9999).contains(year))?;
    Some(days(year, month?, day?) * 86_400 + time?)
}

fn time_of_day(token: &str) -> Option<i64> {
    let mut parts = token.split(':').map(str::parse::<i64>);
    let (hours, minutes, seconds) = (
        parts.next()?.ok()?,
        parts.next()?.ok()?,
        parts.next()?.ok()?,
    );
    let fits = (0..24).contains(&hours) && (0..60).contains(&minutes) && (0..61).contains(&seconds);
    fits.then_some(hours * 3600 + minutes * 60 + seconds)
}

fn month_of(token: &str) -> Option<i64> {
    let start = token.get(..3)?.to_ascii_lowercase();
    let index = "janfebmaraprmayjunjulaugsepoctnovdec".find(&start)?;
    (index % 3 == 0).then_some(index as i64 / 3 + 1)
}

fn whole_year(year: i64) -> i64 {
    match year {
        0..=69 => year + 2000,
        70..=99 => year + 1900,
        _ => year,
    }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar, whose years begin in March here, so that a leap day is the last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_taken_apart() {
        let text = "id=a=b ; Domain=.Example.com; Path=/x; HttpOnly; secure; Max-Age=-5; SameSite=lax; Unknown=1; \
                    Expires=Wed, 21 Oct 2026 07:28:00 GMT";
        let expected = SetCookie {
            name: "id".into(),
            value: "a=b".into(),
            domain: "example.com".into(),
            path: "/x".into(),
            http_only: true,
            secure: true,
            max_age: Some(0),
            expires: Some(1_792_567_680),
            same_site: "Lax",
        };
        assert_eq!(SetCookie::parse(text), Some(expected));
        assert_eq!(SetCookie::parse("no pair"), None);
        assert_eq!(SetCookie::parse("=value"), None);
    }

    #[test]
    fn dates_are_read_in_all_their_forms() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "08:49:37 1994 nov 6",
        ] {
            assert_eq!(date(text), Some(784_111_777), "{text}");
        }
        for text in [
            "",
            "tomorrow",
            "06 Nov 1994",
            "06 Nov 1994 25:00:00",
            "6 ñov 1994 1:2:3",
        ] {
            assert_eq!(date(text), None, "{text}");
        }
        assert_eq!(date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(date("29 Feb 2024 00:00:00"), Some(1_709_164_800));
    }

    #[test]
    fn what_a_request_can_not_send_is_refused() {
        assert!(check_name("a b").is_err() && check_name("").is_err() && check_name("a_b").is_ok());
        assert!(written("a", "x;y").is_err() && written("a", "x\ny").is_err());
        assert_eq!(written("a", "x y").as_deref(), Ok("\"x y\""));
    }
}
