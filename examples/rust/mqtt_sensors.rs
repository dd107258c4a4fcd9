//! Defines a test of MQTT: sensors that stay connected publish readings, and see what they are told.
//!
//! `brunt run --extension brunt_mqtt.wasm --env MQTT=mqtt://127.0.0.1:1883 mqtt_sensors.wasm`

use brunt_sdk::prelude::*;
use mqtt::brunt::mqtt::client::{Client, Error as MqttError, Options as MqttOptions};

mod mqtt {
    #![allow(missing_docs, unreachable_pub, clippy::all)]

    brunt_sdk::import_extension!({
        path: ["../../wit", "../../extensions/mqtt/wit"],
        inline: "
            package sensors:test;

            world importing {
                import brunt:time/clock@0.1.0;
                import brunt:time/waiting@0.1.0;
                import brunt:mqtt/client@0.1.0;
            }
        ",
    });
}

/// What a VU keeps: its connection.
struct Sensor {
    client: Client,
}

const SECOND: u64 = 1_000_000_000;

#[brunt_sdk::test(
    vus = 5,
    duration = "10s",
    thresholds(mqtt_publish_duration = "p(95)<100", mqtt_errors = "count<1")
)]
impl Sensor {
    fn init() -> Result<Self> {
        let options = MqttOptions::new(&env_or("MQTT", "mqtt://127.0.0.1:1883"));
        options.set_reconnect(SECOND, 30 * SECOND, None);
        let client = Client::new(&options);
        Ok(Self { client })
    }

    pub fn default(&mut self) -> Result<()> {
        self.report().map_err(|error| Error::new(error.message))?;
        sleep(0.1);
        Ok(())
    }
}

impl Sensor {
    fn report(&self) -> Result<(), MqttError> {
        let topic = format!("readings/{}", execution::vu_in_test());
        if !self.client.is_connected() {
            self.client.connect()?;
            self.client.subscribe(&topic, 1)?;
        }
        self.client.publish(&topic, b"21.5", 1, false)?;
        let reading = self.client.receive(Some(5 * SECOND))?;
        check(
            "the reading came",
            reading.is_some_and(|reading| reading.payload == b"21.5"),
        );
        Ok(())
    }
}
