//! Defines a guest with nested groups, a tag on the VU, on a request, on a check, and a group left open.

use brunt_sdk::prelude::*;

struct GroupsAndTags {
    seen: Counter,
}

#[brunt_sdk::test]
impl GroupsAndTags {
    fn init() -> Result<Self> {
        let seen = Counter::new("seen")?;
        Ok(Self { seen })
    }

    pub fn default(&mut self) -> Result<()> {
        self.seen.add(1.0);
        group("outer", || {
            check("in outer", true);
            group("inner", || {
                self.seen.add(1.0);
                check("in inner", true);
            });
        });
        metrics::set_tag("colour", "red");
        self.seen.add(1.0);
        let res = Request::get(brunt_test_guests::url("/get"))
            .name("named")
            .tag("kind", "probe")
            .send()?;
        check_tagged("tagged", res.status() == 200, &[("kind", "probe")]);
        metrics::remove_tag("colour");
        self.seen.add(1.0);
        // The error leaves the closure, but not the group: the engine sees both ends.
        group("failing", || -> Result<()> { fail!("left early") }).ok();
        check("after the groups", true);
        Ok(())
    }
}
