//! Defines the measurement of MQTT: messages of 128 bytes to mosquitto, by extension `brunt:mqtt` and by rumqttc.

use std::env;

use anyhow::Result;
use brunt_e2e::Mosquitto;

use crate::client::Client;
use crate::race;
use crate::report;
use crate::table::Table;

const SIZE: usize = 128;

/// Runs each once per round.
///
/// # Errors
/// When one of them fails.
pub(crate) fn measure(rounds: usize) -> Result<Table> {
    let target = Mosquitto::start("allow_anonymous true");
    let lanes = |qos, count, hows: &[(&str, &str)]| {
        let bare = rumqttc(&target, count, qos).named(&yardstick(qos));
        let ours = hows.iter().map(|(how, name)| {
            brunt(&target, count, qos, how).named(&format!("brunt, QoS {qos}, {name}"))
        });
        race::run(rounds, [bare].into_iter().chain(ours).collect())
    };
    let single = ("publisher", "one by one");
    let many = ("all", "100 at a time");
    let mut table = lanes(0, 2_000_000, &[single, many])?.table("message", &yardstick(0));
    lanes(1, 500_000, &[many])?.add_rows(&mut table, &yardstick(1));
    Ok(table)
}

fn yardstick(qos: u8) -> String {
    format!("rumqttc, QoS {qos}")
}

fn rumqttc(target: &Mosquitto, count: usize, qos: u8) -> Client {
    let address = target.address();
    let program = env::current_exe().unwrap_or_default();
    let args = format!("{} {} {count} {SIZE} {qos}", address.ip(), address.port());
    Client::new(
        "rumqttc",
        program.with_file_name("bare-rumqttc"),
        &args,
        report::bare,
    )
}

fn brunt(target: &Mosquitto, count: usize, qos: u8, how: &str) -> Client {
    let args = format!(
        "run {} --extension {} --iterations 1 --limit cpuTime=600s --quiet --workers 1 --summary-export {} \
         --env DO=publish --env SERVER={} --env COUNT={count} --env SIZE={SIZE} --env QOS={qos} --env HOW={how}",
        brunt_e2e::guest("mqtt").display(),
        brunt_e2e::extension("mqtt").display(),
        report::SUMMARY,
        target.url(),
    );
    Client::new("brunt", brunt_e2e::binary(), &args, report::mqtt)
}
