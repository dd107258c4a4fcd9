//! Defines a guest whose setup makes data that iterations and teardown see; each asks another path of the target.

use brunt_sdk::prelude::*;

#[derive(Serialize, Deserialize)]
struct Data {
    answer: u32,
    vu: u64,
}

#[derive(Default)]
struct SetupTeardown;

#[brunt_sdk::test]
impl SetupTeardown {
    fn setup(&mut self) -> Result<Data> {
        http::get(brunt_test_guests::url("/anything/setup"))?;
        let vu = execution::vu_in_test();
        Ok(Data { answer: 42, vu })
    }

    pub fn default(&mut self) -> Result<()> {
        let data: Data = execution::setup_data()?;
        http::get(brunt_test_guests::url("/anything/iteration"))?;
        check("setup's data is here", data.answer == 42);
        check("setup ran outside of all VUs", data.vu == 0);
        Ok(())
    }

    fn teardown(&mut self) -> Result<()> {
        let data: Data = execution::setup_data()?;
        let answer = data.answer;
        http::get(brunt_test_guests::url(&format!(
            "/anything/teardown/{answer}"
        )))?;
        Ok(())
    }
}
