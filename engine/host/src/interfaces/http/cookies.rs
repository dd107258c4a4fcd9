//! Defines the host's side of cookie jars.

use std::rc::Rc;

use send_wrapper::SendWrapper;
use wasmtime::component::Resource;

use crate::bindings::brunt::http::cookies::{Host, HostCookieJar};
use crate::http::{Address, Jar, JarTrouble, SetCookie, cookie};
use crate::state::VuState;

/// A jar as a guest holds it: its own, or the VU's.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct CookieJar(SendWrapper<Rc<Jar>>);

impl CookieJar {
    pub(crate) fn shared(&self) -> SendWrapper<Rc<Jar>> {
        self.0.clone()
    }

    fn of(jar: Rc<Jar>) -> Self {
        Self(SendWrapper::new(jar))
    }
}

impl Host for VuState {}

impl HostCookieJar for VuState {
    fn new(&mut self) -> wasmtime::Result<Resource<CookieJar>> {
        let jar = Rc::new(Jar::new(self.run.settings.limits.cookies));
        Ok(self.table.push(CookieJar::of(jar))?)
    }

    fn vu_jar(&mut self) -> wasmtime::Result<Resource<CookieJar>> {
        let jar = CookieJar::of(self.local.http.jar.clone());
        Ok(self.table.push(jar)?)
    }

    fn cookies_for(
        &mut self,
        jar: Resource<CookieJar>,
        url: String,
    ) -> wasmtime::Result<Result<Vec<(String, String)>, String>> {
        let jar = &self.table.get(&jar)?.0;
        let now = self.local.http.unix_seconds();
        let pairs = |url: Address| {
            let cookies = jar.cookies_for(&url, now).into_iter();
            cookies
                .map(|(name, value)| (name.into(), value.into()))
                .collect()
        };
        Ok(parsed(&url).map(pairs))
    }

    fn set(
        &mut self,
        jar: Resource<CookieJar>,
        url: String,
        name: String,
        value: String,
        attributes: Vec<(String, String)>,
    ) -> wasmtime::Result<Result<(), String>> {
        let jar = &self.table.get(&jar)?.0;
        let http = &self.local.http;
        let set = || -> Result<(), String> {
            let url = parsed(&url)?;
            let cookie = made(name, &value, &attributes)?;
            let domain = cookie.domain.clone();
            match jar.store(&url, cookie, http.unix_seconds()) {
                Ok(()) => Ok(()),
                Err(JarTrouble::Domain) => Err(format!(
                    "a cookie of {} can't have the domain {domain:?}",
                    url.host()
                )),
                Err(JarTrouble::Limit) => {
                    http.warn_of_cookies();
                    Ok(())
                }
            }
        };
        Ok(set())
    }

    fn clear(
        &mut self,
        jar: Resource<CookieJar>,
        url: String,
    ) -> wasmtime::Result<Result<(), String>> {
        let jar = &self.table.get(&jar)?.0;
        Ok(parsed(&url).map(|url| jar.forget(&url, None)))
    }

    fn delete(
        &mut self,
        jar: Resource<CookieJar>,
        url: String,
        name: String,
    ) -> wasmtime::Result<Result<(), String>> {
        let jar = &self.table.get(&jar)?.0;
        Ok(parsed(&url).map(|url| jar.forget(&url, Some(&name))))
    }

    fn drop(&mut self, jar: Resource<CookieJar>) -> wasmtime::Result<()> {
        self.table.delete(jar)?;
        Ok(())
    }
}

fn parsed(url: &str) -> Result<Address, String> {
    Address::parse(url).map_err(|why| format!("invalid URL {url:?}: {why}"))
}

fn made(name: String, value: &str, attributes: &[(String, String)]) -> Result<SetCookie, String> {
    cookie::check_name(&name)?;
    let value = cookie::written(&name, value)?;
    let mut cookie = SetCookie {
        name,
        value,
        ..SetCookie::default()
    };
    for (name, value) in attributes {
        cookie.set_attribute(name, value)?;
    }
    Ok(cookie)
}
