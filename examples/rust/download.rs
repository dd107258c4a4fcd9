//! Defines a test that downloads a large file without holding it in memory, and measures how fast it comes.

use brunt_sdk::prelude::*;

struct Download {
    url: String,
    rate: Trend,
}

#[brunt_sdk::test(vus = 3, duration = "5s", thresholds(http_req_failed = "rate==0"))]
impl Download {
    fn init() -> Result<Self> {
        let base = env_or("BASE_URL", "http://127.0.0.1:8080");
        Ok(Self {
            url: format!("{base}/stream-bytes/20000000"),
            rate: Trend::new("download_mb_per_second")?,
        })
    }

    pub fn default(&mut self) -> Result<()> {
        let mut stream = Request::get(&self.url)
            .name("a large file")
            .timeout(Duration::from_secs(300))
            .stream()?;
        check!(stream, "status is 200" => |r| r.status() == 200);

        let mut size = 0;
        // Each piece is there as soon as it has come; at the end there is none.
        while let Some(bytes) = stream.chunk(64 << 10)? {
            size += bytes.len();
        }
        check("it is whole", size == 20_000_000);
        let seconds = stream.timings().receiving.as_secs_f64();
        self.rate.add(size as f64 / 1e6 / seconds.max(1e-6));

        // Whoever has seen enough drops the stream: the rest is cancelled.
        let mut again = Request::get(&self.url).name("its beginning").stream()?;
        again.chunk(1000)?;
        drop(again);
        Ok(())
    }
}
