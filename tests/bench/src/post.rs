//! Defines the measurement of a request with more to do: a POST of JSON whose answer is parsed and checked, beside a GET.

use anyhow::Result;

use crate::client::{Load, brunt};
use crate::race;
use crate::table::Table;
use crate::target::{Speaks, Target};

const GET: &str = "brunt, GET and two checks";

/// Runs both once per round.
///
/// # Errors
/// When one of them fails.
pub(crate) fn measure(rounds: usize) -> Result<Table> {
    let target = Target::start(Speaks::Http)?;
    let url = target.url();
    let load = |url| Load {
        url,
        connections: 50,
        seconds: 5,
    };
    let clients = vec![
        brunt(&load(&url), "get_checks").named(GET),
        brunt(&load(url.trim_end_matches('/')), "post_json")
            .named("brunt, POST of JSON and three checks"),
    ];
    Ok(race::run(rounds, clients)?.table("request", GET))
}
