//! Defines custom metrics and the tags of the VU.
//!
//! A metric is made in `init` and kept in the test's type. All VUs that make one of the same name mean the same one.
//!
//! ```no_run
//! # use brunt_sdk::prelude::*;
//! struct Checkout {
//!     orders: Counter,
//!     basket: Trend,
//! }
//!
//! #[brunt_sdk::test(vus = 5, duration = "10s")]
//! impl Checkout {
//!     fn init() -> Result<Self> {
//!         Ok(Self { orders: Counter::new("orders")?, basket: Trend::new("basket_value")? })
//!     }
//!
//!     pub fn default(&mut self) {
//!         self.orders.add(1.0);
//!         self.basket.add_tagged(49.9, &[("currency", "EUR")]);
//!     }
//! }
//! # fn main() {}
//! ```

use std::time::Duration;

use crate::bindings::brunt::metrics::metrics as wit;
use crate::{Error, Result};

/// Pairs of a name and a value.
pub type Tags<'a> = &'a [(&'a str, &'a str)];

/// Tags that are given over and over: made once, they cost no more than a number at each sample.
///
/// ```no_run
/// # use brunt_sdk::prelude::*;
/// # fn f(published: &Counter) {
/// let orders = TagSet::new(&[("subject", "orders"), ("kind", "request")]);
/// published.add_in(1.0, &orders);
/// # }
/// ```
#[derive(Debug)]
pub struct TagSet(wit::TagSet);

impl TagSet {
    /// Makes a set of these tags.
    pub fn new(tags: Tags<'_>) -> Self {
        Self(wit::TagSet::new(tags))
    }
}

/// A metric that sums up its values.
#[derive(Debug)]
pub struct Counter(wit::Metric);

/// A metric that keeps the latest, the least and the greatest value.
#[derive(Debug)]
pub struct Gauge(wit::Metric);

/// A metric that keeps the share of values that are not zero.
#[derive(Debug)]
pub struct Rate(wit::Metric);

/// A metric that keeps the distribution of its values: average, median, percentiles.
#[derive(Debug)]
pub struct Trend(wit::Metric);

impl Counter {
    /// Registers a counter of plain numbers. Errors: not in `init`; a name other than
    /// `[a-zA-Z_][a-zA-Z0-9_]{0,127}`; a name that is taken by another kind of metric.
    pub fn new(name: &str) -> Result<Self> {
        register(name, wit::Kind::Counter, wit::Unit::None).map(Self)
    }

    /// Registers a counter of bytes. Errors: as [`new`](Self::new).
    pub fn of_bytes(name: &str) -> Result<Self> {
        register(name, wit::Kind::Counter, wit::Unit::Data).map(Self)
    }

    /// Adds to the sum.
    pub fn add(&self, value: f64) {
        self.0.add(value);
    }

    /// Adds to the sum, with tags beside the VU's own.
    pub fn add_tagged(&self, value: f64, tags: Tags<'_>) {
        self.0.add_tagged(value, tags);
    }

    /// Adds to the sum, with the tags of a set beside the VU's own.
    pub fn add_in(&self, value: f64, tags: &TagSet) {
        self.0.add_in(value, &tags.0);
    }
}

impl Gauge {
    /// Registers a gauge of plain numbers. Errors: as [`Counter::new`].
    pub fn new(name: &str) -> Result<Self> {
        register(name, wit::Kind::Gauge, wit::Unit::None).map(Self)
    }

    /// Registers a gauge of bytes. Errors: as [`Counter::new`].
    pub fn of_bytes(name: &str) -> Result<Self> {
        register(name, wit::Kind::Gauge, wit::Unit::Data).map(Self)
    }

    /// Sets the latest value.
    pub fn set(&self, value: f64) {
        self.0.add(value);
    }

    /// Sets the latest value, with tags beside the VU's own.
    pub fn set_tagged(&self, value: f64, tags: Tags<'_>) {
        self.0.add_tagged(value, tags);
    }

    /// Sets the latest value, with the tags of a set beside the VU's own.
    pub fn set_in(&self, value: f64, tags: &TagSet) {
        self.0.add_in(value, &tags.0);
    }
}

impl Rate {
    /// Registers a rate. Errors: as [`Counter::new`].
    pub fn new(name: &str) -> Result<Self> {
        register(name, wit::Kind::Rate, wit::Unit::None).map(Self)
    }

    /// Counts one case, in which it was so or not.
    pub fn add(&self, so: bool) {
        self.0.add(f64::from(u8::from(so)));
    }

    /// Counts one case, with tags beside the VU's own.
    pub fn add_tagged(&self, so: bool, tags: Tags<'_>) {
        self.0.add_tagged(f64::from(u8::from(so)), tags);
    }

    /// Counts one case, with the tags of a set beside the VU's own.
    pub fn add_in(&self, so: bool, tags: &TagSet) {
        self.0.add_in(f64::from(u8::from(so)), &tags.0);
    }
}

impl Trend {
    /// Registers a trend of plain numbers. Errors: as [`Counter::new`].
    pub fn new(name: &str) -> Result<Self> {
        register(name, wit::Kind::Trend, wit::Unit::None).map(Self)
    }

    /// Registers a trend of times, shown with their unit. Errors: as [`Counter::new`].
    pub fn of_times(name: &str) -> Result<Self> {
        register(name, wit::Kind::Trend, wit::Unit::Time).map(Self)
    }

    /// Registers a trend of bytes. Errors: as [`Counter::new`].
    pub fn of_bytes(name: &str) -> Result<Self> {
        register(name, wit::Kind::Trend, wit::Unit::Data).map(Self)
    }

    /// Adds a value; milliseconds in a trend of times.
    pub fn add(&self, value: f64) {
        self.0.add(value);
    }

    /// Adds a value, with tags beside the VU's own.
    pub fn add_tagged(&self, value: f64, tags: Tags<'_>) {
        self.0.add_tagged(value, tags);
    }

    /// Adds a value, with the tags of a set beside the VU's own.
    pub fn add_in(&self, value: f64, tags: &TagSet) {
        self.0.add_in(value, &tags.0);
    }

    /// Adds a time, in milliseconds as k6 has it.
    pub fn add_time(&self, time: Duration) {
        self.0.add(time.as_secs_f64() * 1e3);
    }

    /// Adds a time, with the tags of a set beside the VU's own.
    pub fn add_time_in(&self, time: Duration, tags: &TagSet) {
        self.0.add_in(time.as_secs_f64() * 1e3, &tags.0);
    }
}

/// Sets a tag on all later samples of this VU, over iterations. The engine's own tags can't be replaced.
pub fn set_tag(name: &str, value: &str) {
    wit::set_tag(name, value);
}

/// Removes a tag that [`set_tag`] set.
pub fn remove_tag(name: &str) {
    wit::remove_tag(name);
}

/// Sets metadata on all later samples of this VU, over iterations: outputs that write single samples show it beside the
/// tags, and it makes no series of its own, so that each sample may have another value.
pub fn set_metadata(name: &str, value: &str) {
    wit::set_metadata(name, value);
}

/// Removes metadata that [`set_metadata`] set.
pub fn remove_metadata(name: &str) {
    wit::remove_metadata(name);
}

fn register(name: &str, kind: wit::Kind, unit: wit::Unit) -> Result<wit::Metric> {
    wit::Metric::register(name, kind, unit)
        .map_err(|error| Error::new(error).context(format_args!("metric {name:?}")))
}
