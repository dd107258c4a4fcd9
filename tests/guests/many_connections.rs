//! Defines a hostile guest that has `CONNECTIONS` (1000 by default) requests under way at once.

use brunt_sdk::prelude::*;

#[brunt_sdk::test]
fn many_connections() -> Result<()> {
    let connections: usize = env_or("CONNECTIONS", "1000").parse()?;
    let request = || Request::get(brunt_test_guests::url("/delay/0.5"));
    let results = http::all((0..connections).map(|_| request()));
    let failed: Vec<_> = results
        .iter()
        .filter_map(|res| res.as_ref().err())
        .collect();
    if let Some(error) = failed.first() {
        log::info!(
            "{} of {connections} failed, the first with: {error}",
            failed.len()
        );
    }
    check("all are answered or refused", results.len() == connections);
    Ok(())
}
