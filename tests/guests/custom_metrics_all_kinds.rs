//! Defines a guest that adds known values to metrics of every kind and unit.

use brunt_sdk::prelude::*;

struct AllKinds {
    counter: Counter,
    bytes: Counter,
    gauge: Gauge,
    rate: Rate,
    trend: Trend,
    time: Trend,
    tagged: TagSet,
}

#[brunt_sdk::test]
impl AllKinds {
    fn init() -> Result<Self> {
        if Counter::new("not a name").is_ok() {
            fail!("a metric's name with spaces was accepted");
        }
        if Counter::new("http_reqs").is_ok() {
            fail!("the name of a built-in metric was accepted");
        }
        let all = Self {
            counter: Counter::new("my_counter")?,
            bytes: Counter::of_bytes("my_bytes")?,
            gauge: Gauge::new("my_gauge")?,
            rate: Rate::new("my_rate")?,
            trend: Trend::new("my_trend")?,
            time: Trend::of_times("my_time")?,
            tagged: TagSet::new(&[("part", "tagged")]),
        };
        if Rate::new("my_counter").is_ok() {
            fail!("one name was accepted for two kinds");
        }
        Ok(all)
    }

    // Per iteration: counter 3, of which 2 tagged; bytes 1024; gauge 7 then 5; rate 1 of 4; trend 1, 2, 3, 4; time 1.5 ms.
    pub fn default(&mut self) {
        self.counter.add(1.0);
        self.counter.add_in(2.0, &self.tagged);
        self.bytes.add(1024.0);
        self.gauge.set(7.0);
        self.gauge.set(5.0);
        self.rate.add(true);
        for value in [1.0, 2.0, 3.0, 4.0] {
            self.trend.add(value);
        }
        for _ in 0..3 {
            self.rate.add(false);
        }
        self.time.add_time(Duration::from_micros(1500));
        // Refused, counted and warned about by the engine: these change nothing.
        self.trend.add(f64::NAN);
        self.trend.add(f64::INFINITY);
        let late = Counter::new("too_late");
        check("metrics are made in init only", late.is_err());
    }
}
