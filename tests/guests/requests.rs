//! Defines a guest that does what the variable `STEPS` says, a list of requests and of changes to jars as JSON, and logs
//! what came back: one line `RESPONSE {…}`, `ERROR {…}` or `JAR {…}` per step. It asks for the URL `IN_INIT` where it must not.

use brunt_sdk::prelude::*;

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Step {
    Send(Box<Plan>),
    Set(String, String, String, Vec<(String, String)>),
    Delete(String, String),
    Clear(String),
    Show(String),
    Expect(Vec<(u16, u16)>),
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Plan {
    method: Option<String>,
    url: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
    form: Vec<(String, String)>,
    parts: Vec<(String, Option<String>, Option<String>, String)>,
    compress: Vec<String>,
    basic: Option<(String, String)>,
    digest: Option<(String, String)>,
    ntlm: Option<(String, String)>,
    scheme: Option<String>,
    cookies: Vec<(String, String, bool)>,
    own_jar: bool,
    name: Option<String>,
    redirects: Option<u32>,
    discard: bool,
    expect: Option<Vec<(u16, u16)>>,
}

struct Requests {
    steps: Vec<Step>,
    jar: CookieJar,
}

#[brunt_sdk::test]
impl Requests {
    fn init() -> Result<Self> {
        if let Some(url) = env("IN_INIT") {
            told(http::get(url));
        }
        Ok(Self {
            steps: brunt_sdk::serde_json::from_str(&env_or("STEPS", "[]"))?,
            jar: CookieJar::new(),
        })
    }

    pub fn default(&mut self) -> Result<()> {
        self.steps.iter().try_for_each(|step| self.run(step))
    }

    fn run(&self, step: &Step) -> Result<()> {
        let jar = CookieJar::of_vu();
        match step {
            Step::Send(plan) => self.send(plan),
            Step::Set(url, name, value, attributes) => {
                let attributes: Vec<_> = attributes
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str()))
                    .collect();
                tell(jar.set(address(url), name, value, &attributes));
            }
            Step::Delete(url, name) => tell(jar.delete(address(url), name)),
            Step::Clear(url) => tell(jar.clear(address(url))),
            Step::Show(url) => match jar.cookies_for(address(url)) {
                Ok(cookies) => log::info!("JAR {}", json!({ "cookies": cookies })),
                error => tell(error.map(drop)),
            },
            Step::Expect(ranges) => http::expect_statuses(&inclusive(ranges)),
        }
        Ok(())
    }

    fn send(&self, plan: &Plan) {
        let mut request = plan.request();
        if plan.own_jar {
            request = request.jar(&self.jar);
        }
        told(request.send());
    }
}

fn told(answer: http::Result) {
    match answer {
        Ok(response) => log::info!("RESPONSE {}", shown(&response)),
        Err(error) => {
            let error = json!({ "code": error.code(), "message": error.message() });
            log::info!("ERROR {error}");
        }
    }
}

impl Plan {
    fn request(&self) -> Request {
        let mut request = self.content(Request::new(
            self.method.as_deref().unwrap_or("GET"),
            address(&self.url),
        ));
        if let Some((user, password)) = &self.basic {
            request = request.basic_auth(user, password);
        }
        if let Some((user, password)) = &self.digest {
            request = request.digest_auth(user, password);
        }
        if let Some((user, password)) = &self.ntlm {
            request = request.ntlm_auth(user, password);
        }
        if let Some(scheme) = &self.scheme {
            request = request.auth_scheme(scheme);
        }
        for (name, value, replace) in &self.cookies {
            request = match replace {
                true => request.replace_cookie(name, value),
                false => request.cookie(name, value),
            };
        }
        if let Some(name) = &self.name {
            request = request.name(name);
        }
        if let Some(most) = self.redirects {
            request = request.redirects(most);
        }
        if let Some(ranges) = &self.expect {
            request = request.expect_statuses(&inclusive(ranges));
        }
        match self.discard {
            true => request.discard_body(true),
            false => request,
        }
    }

    fn content(&self, mut request: Request) -> Request {
        for (name, value) in &self.headers {
            request = request.add_header(name, value);
        }
        if let Some(body) = &self.body {
            request = request.body(body);
        }
        if !self.form.is_empty() {
            request = request.form(&self.form);
        }
        for (name, filename, content_type, content) in &self.parts {
            let mut body = Body::from(content);
            if let Some(content_type) = content_type {
                body = body.typed(content_type.clone());
            }
            request = match filename {
                Some(filename) => request.file(name, filename, body),
                None => request.part(name, body),
            };
        }
        match self.compress.is_empty() {
            true => request,
            false => {
                let names: Vec<&str> = self.compress.iter().map(String::as_str).collect();
                request.compress(&names)
            }
        }
    }
}

/// A path is one of the server under test.
fn address(url: &str) -> String {
    match url.starts_with('/') {
        true => brunt_test_guests::url(url),
        false => url.to_owned(),
    }
}

fn inclusive(ranges: &[(u16, u16)]) -> Vec<std::ops::RangeInclusive<u16>> {
    ranges.iter().map(|(from, to)| *from..=*to).collect()
}

fn tell(result: Result<()>) {
    match result {
        Ok(()) => log::info!("JAR {}", json!({ "done": true })),
        Err(error) => log::info!("JAR {}", json!({ "error": error.message() })),
    }
}

fn shown(response: &Response) -> Json {
    let cookies = response.cookies().into_iter().map(|cookie| {
        json!({
            "name": cookie.name, "value": cookie.value, "domain": cookie.domain, "path": cookie.path,
            "http_only": cookie.http_only, "secure": cookie.secure, "max_age": cookie.max_age,
            "expires": cookie.expires, "same_site": cookie.same_site,
        })
    });
    let sent = response.sent();
    json!({
        "status": response.status(),
        "url": response.url(),
        "remote": response.remote(),
        "body": response.text(),
        "size": response.body_size(),
        "headers": response.headers(),
        "cookies": cookies.collect::<Vec<_>>(),
        "sent": {
            "method": sent.method(), "url": sent.url(), "headers": sent.headers(), "cookies": sent.cookies(),
            "body": String::from_utf8_lossy(&sent.body()),
        },
    })
}
