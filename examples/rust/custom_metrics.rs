//! Defines a test with metrics of its own, of every kind, one of them with a threshold.

use brunt_sdk::prelude::*;

struct CustomMetrics {
    url: String,
    orders: Counter,
    stock: Gauge,
    in_time: Rate,
    server_time: Trend,
}

#[brunt_sdk::test(
    vus = 5,
    duration = "5s",
    thresholds(in_time = "rate>0.9", server_time = "p(95)<200")
)]
impl CustomMetrics {
    fn init() -> Result<Self> {
        let base = env_or("BASE_URL", "http://127.0.0.1:8080");
        Ok(Self {
            url: format!("{base}/post"),
            orders: Counter::new("orders")?,
            stock: Gauge::new("stock")?,
            in_time: Rate::new("in_time")?,
            server_time: Trend::of_times("server_time")?,
        })
    }

    pub fn default(&mut self) -> Result<()> {
        let article = *random::pick(&["hat", "shoe"]).unwrap_or(&"hat");
        let res = group("order", || {
            http::post(&self.url, json!({ "article": article }))
        })?;

        let waiting = res.timings().waiting;
        self.server_time.add_time(waiting);
        self.in_time.add(waiting < Duration::from_millis(100));
        self.orders.add_tagged(1.0, &[("article", article)]);
        self.stock.set(1000.0 - execution::vu_iteration() as f64);
        sleep(0.2);
        Ok(())
    }
}
