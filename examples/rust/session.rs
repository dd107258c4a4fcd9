//! Defines a test of a session: log in, keep cookies, send a form, upload a file, each in one request.

use brunt_sdk::prelude::*;

struct Session {
    base: String,
}

#[brunt_sdk::test(vus = 2, duration = "5s", thresholds(checks = "rate==1"))]
impl Session {
    fn init() -> Result<Self> {
        Ok(Self {
            base: env_or("BASE_URL", "http://127.0.0.1:8080"),
        })
    }

    pub fn default(&mut self) -> Result<()> {
        self.log_in()?;
        self.keep_cookies()?;
        self.order()?;
        self.upload()?;
        sleep(0.5);
        Ok(())
    }

    fn log_in(&self) -> Result<()> {
        let basic = Request::get(format!("{}/basic-auth/me/secret", self.base))
            .basic_auth("me", "secret")
            .send()?;
        // The server's challenge and the answer to it are two requests, and both are measured.
        let digest = Request::get(format!("{}/digest-auth/auth/me/secret", self.base))
            .digest_auth("me", "secret")
            .send()?;
        check!(basic, "basic log-in is accepted" => |r| r.status() == 200);
        check!(digest, "digest log-in is accepted" => |r| r.status() == 200);
        Ok(())
    }

    // What a response sets is sent again by the requests that follow, until the iteration ends.
    fn keep_cookies(&self) -> Result<()> {
        let set = format!("{}/cookies/set?session=7", self.base);
        http::get(set)?;
        let url = format!("{}/cookies", self.base);
        CookieJar::of_vu().set(&url, "theme", "dark", &[("path", "/")])?;
        let res = Request::get(&url).cookie("once", "1").send()?;
        check!(res,
            "session cookie is kept" => |r| r.pointer("/cookies/session") == "7",
            "cookie from the jar is sent" => |r| r.pointer("/cookies/theme") == "dark",
            "cookie of this request is sent" => |r| r.pointer("/cookies/once") == "1",
        );
        Ok(())
    }

    fn order(&self) -> Result<()> {
        let res = Request::post(format!("{}/post", self.base))
            .form(&[("item", "bread & butter"), ("count", "2")])
            .send()?;
        check!(res, "form arrives" => |r| r.pointer("/form/item") == "bread & butter");
        Ok(())
    }

    fn upload(&self) -> Result<()> {
        let res = Request::post(format!("{}/post", self.base))
            .part("title", "a note")
            .file("note", "note.txt", Body::from("hello").typed("text/plain"))
            .send()?;
        check!(res,
            "field arrives" => |r| r.pointer("/form/title") == "a note",
            "file arrives" => |r| r.pointer("/files/note") == "hello",
        );
        Ok(())
    }
}
