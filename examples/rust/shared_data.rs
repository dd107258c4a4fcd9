//! Defines a test with data: every iteration posts another user of `users.json`, which all VUs share.

use brunt_sdk::prelude::*;

#[derive(Serialize, Deserialize)]
struct User {
    username: String,
    surname: String,
}

#[derive(Deserialize)]
struct Users {
    users: Vec<User>,
}

struct SharedData {
    url: String,
    users: SharedList<User>,
}

#[brunt_sdk::test(vus = 5, duration = "5s", thresholds(checks = "rate>0.99"))]
impl SharedData {
    fn init() -> Result<Self> {
        let base = env_or("BASE_URL", "http://127.0.0.1:8080");
        Ok(Self {
            url: format!("{base}/post"),
            // Only the first VU reads the file; the others find the list.
            users: SharedList::new("users", || {
                let file: Users = File::open("users.json")?.json()?;
                Ok(file.users)
            })?,
        })
    }

    pub fn default(&mut self) -> Result<()> {
        let user = self.users.random()?;
        let person = json!({ "name": user.username, "surname": user.surname });
        let res = http::post(&self.url, person)?;
        check!(res,
            "Post status is 200" => |r| r.status() == 200,
            "Post response name" => |r| r.pointer("/json/name") == user.username.as_str(),
        );
        sleep(0.5);
        Ok(())
    }
}
