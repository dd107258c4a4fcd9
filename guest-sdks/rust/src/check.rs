//! Defines checks and groups.

use crate::bindings::brunt::metrics::metrics;

/// Records one check under this name and returns `passed`.
///
/// A check that fails ends nothing: it counts in the metric `checks`, on which a threshold can be set.
pub fn check(name: &str, passed: bool) -> bool {
    metrics::check(name, passed)
}

/// Records one check with tags beside the VU's own, and returns `passed`.
pub fn check_tagged(name: &str, passed: bool, tags: &[(&str, &str)]) -> bool {
    metrics::check_tagged(name, passed, tags)
}

/// Runs `body` in a group: its samples get the tag `group`, and `group_duration` gets the time it took.
///
/// Groups nest. What `body` returns is returned.
///
/// ```no_run
/// # use brunt_sdk::prelude::*;
/// # fn f() -> Result<()> {
/// let token = group("log in", || -> Result<String> {
///     let res = http::post("http://127.0.0.1:8080/post", json!({ "name": "lorem" }))?;
///     Ok(res.text().into_owned())
/// })?;
/// # Ok(()) }
/// ```
pub fn group<T>(name: &str, body: impl FnOnce() -> T) -> T {
    metrics::begin_group(name);
    let value = body();
    metrics::end_group();
    value
}

/// Records named checks on one value and returns whether all passed.
///
/// Each check is a closure that gets a reference to the value:
///
/// ```no_run
/// # use brunt_sdk::prelude::*;
/// # fn f() -> Result<()> {
/// let res = http::get("http://127.0.0.1:8080/get")?;
/// let fine = check!(res,
///     "status is 200" => |r| r.status() == 200,
///     "body is JSON" => |r| r.json::<Json>().is_ok(),
/// );
/// # Ok(()) }
/// ```
///
/// Every check is evaluated and recorded, also after one that failed. Given a `Result` of a request, `status()` is 0
/// when there was no response: `check!(http::get(url), "status is 200" => |r| r.status() == 200)`.
#[macro_export]
macro_rules! check {
    ($subject:expr, $($name:expr => $test:expr),+ $(,)?) => {{
        let subject = &$subject;
        let mut all = true;
        $( all &= $crate::check(::core::convert::AsRef::<str>::as_ref(&$name), $crate::__private::verdict(subject, $test)); )+
        all
    }};
}

/// Applies one check; its only purpose is to tell the compiler what the closure of [`check!`] takes.
#[doc(hidden)]
pub fn verdict<T: ?Sized>(subject: &T, test: impl FnOnce(&T) -> bool) -> bool {
    test(subject)
}
