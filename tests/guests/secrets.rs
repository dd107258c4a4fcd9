//! Defines a guest that asks for secrets, sends one, logs them all, and logs why it does not get others.

use brunt_sdk::prelude::*;

struct Secrets {
    at_init: String,
}

#[brunt_sdk::test(vus = 2, iterations = 2)]
impl Secrets {
    fn init() -> Result<Self> {
        let at_init = secrets::get("token")?;
        Ok(Self { at_init })
    }

    pub fn default(&mut self) -> Result<()> {
        let token = secrets::get("token")?;
        check("it is the same as in init", token == self.at_init);
        Request::get(brunt_test_guests::url("/"))
            .header("authorization", format!("Bearer {token}"))
            .send()?;
        let password = secrets::get_from("vault", "password")?;
        log::info!("they are {token} and {password}.");
        for refused in [secrets::get("password"), secrets::get_from("safe", "token")] {
            log::info!(
                "refused: {}",
                refused.err().map_or(String::new(), |why| why.to_string())
            );
        }
        fail!("the password {password} does not open it")
    }
}
