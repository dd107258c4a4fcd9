//! Defines what the guests share: where the target is.

use brunt_sdk::prelude::*;

/// A URL of the target: `BASE_URL`, by default `http://127.0.0.1:8080`, and this path.
pub fn url(path: &str) -> String {
    let mut url = env_or("BASE_URL", "http://127.0.0.1:8080");
    url.push_str(path);
    url
}
