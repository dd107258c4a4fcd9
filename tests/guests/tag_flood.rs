//! Defines a hostile guest with ever new tags: of a metric, and of requests by their URLs.

use brunt_sdk::prelude::*;

struct TagFlood {
    seen: Counter,
}

#[brunt_sdk::test]
impl TagFlood {
    fn init() -> Result<Self> {
        let seen = Counter::new("seen")?;
        Ok(Self { seen })
    }

    pub fn default(&mut self) {
        for _ in 0..1000 {
            let value = format!("{:016x}", random::next());
            self.seen.add_tagged(1.0, &[("id", &value)]);
            check_tagged(&value, true, &[(&value, &value)]);
        }
        let id = random::next();
        http::get(brunt_test_guests::url(&format!("/get?id={id}"))).ok();
    }
}
