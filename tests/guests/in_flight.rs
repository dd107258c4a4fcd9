//! Defines a guest that makes `REQUESTS` (100 by default) requests of `BASE_URL`, `IN_FLIGHT` (10 by default) under way at a time.

use std::collections::VecDeque;

use brunt_sdk::prelude::*;

struct Visitor {
    request: Request,
    in_flight: usize,
    requests: usize,
}

#[brunt_sdk::test]
impl Visitor {
    fn init() -> Result<Self> {
        Ok(Self {
            request: Request::get(env_or("BASE_URL", "http://127.0.0.1:8080/get")),
            in_flight: env_or("IN_FLIGHT", "10").parse()?,
            requests: env_or("REQUESTS", "100").parse()?,
        })
    }

    /// The oldest is taken before another is started: servers that answer in order are kept busy all the time.
    pub fn default(&mut self) {
        let first = self.in_flight.min(self.requests);
        let mut under_way: VecDeque<_> = (0..first).map(|_| self.request.start()).collect();
        let mut left = self.requests - first;
        while let Some(oldest) = under_way.pop_front() {
            let res = oldest.take();
            if left > 0 {
                left -= 1;
                under_way.push_back(self.request.start());
            }
            check!(res,
                "status is 200" => |r| r.status() == 200,
                "body is not empty" => |r| r.as_ref().is_ok_and(|r| r.body_size() > 0),
            );
        }
    }
}
