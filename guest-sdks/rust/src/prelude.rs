//! Defines what nearly every test uses: `use brunt_sdk::prelude::*;`.

pub use crate::data::{File, SharedList};
pub use crate::http::{self, Answer, Body, CookieJar, Request, Response, sse};
pub use crate::metrics::{self, Counter, Gauge, Rate, TagSet, Trend};
pub use crate::options::{Options, Scenario};
pub use crate::time::{self, Wait, wait_any};
pub use crate::{
    Error, Json, Result, Summary, check, check_tagged, env, env_or, execution, fail, group, json,
    log, random, secrets, sleep,
};
pub use serde::{Deserialize, Serialize};
pub use std::time::Duration;
