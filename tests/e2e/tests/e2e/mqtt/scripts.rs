//! Tests MQTT from JavaScript: the module of k6's extension, and the typed interface.

use std::time::Duration;

use brunt_e2e::{Brunt, Ended, Mosquitto, extension};

use super::{ANYONE, passed};

fn script(text: &str, broker: &Mosquitto) -> Brunt {
    Brunt::text(text)
        .arg("--extension")
        .arg(extension("mqtt"))
        .test_env("MQTT_BROKER_ADDRESS", &broker.url())
}

#[track_caller]
fn passes(text: &str) -> Ended {
    let broker = Mosquitto::start(ANYONE);
    passed(script(text, &broker).run())
}

#[test]
fn a_script_of_k6_runs_as_it_stands() {
    let ended = passes(
        r#"
        import { check } from 'k6';
        import { Client } from 'k6/x/mqtt';

        export const options = { thresholds: { mqtt_calls: ['count==5'], mqtt_messages_sent: ['count==1'] } };

        export default function () {
          const client = new Client({ client_id: 'k6', tags: { own: 'tag' } });
          const events = [];
          client.on('connect', async () => {
            events.push('connect');
            check(client, { 'connected on connect': (c) => c.connected });
            await client.subscribeAsync('test/topic');
            client.publish('test/topic', 'Hello, MQTT!');
          });
          client.on('message', (topic, message) => {
            events.push('message');
            check(topic, { 'topic': (t) => t === 'test/topic' });
            check(message, { 'an ArrayBuffer': (m) => m instanceof ArrayBuffer });
            const text = String.fromCharCode.apply(null, new Uint8Array(message));
            check(text, { 'message': (m) => m === 'Hello, MQTT!' });
            client.end();
          });
          client.on('end', () => {
            check(client, { 'not connected at the end': (c) => !c.connected });
            check(events, { 'in their order': (e) => e.join() === 'connect,message' });
          });
          check(client, { 'not connected at first': (c) => !c.connected });
          client.connect(__ENV.MQTT_BROKER_ADDRESS);
          check(client, { 'connected afterwards': (c) => c.connected });
        }
        "#,
    );
    assert_eq!(ended.metric("checks", "passes"), 8.0);
    assert_eq!(ended.metric("mqtt_messages_received", "count"), 1.0);
}

#[test]
fn an_iteration_lasts_until_its_client_ends() {
    let ended = passes(
        r#"
        import { check } from 'k6';
        import { Client } from 'k6/x/mqtt';

        export default function () {
          const client = new Client();
          let pings = 0;
          client.on('connect', () => {
            client.subscribe('probe');
            const interval = setInterval(() => client.publish('probe', 'ping'), 100);
            setTimeout(() => { clearInterval(interval); client.end(); }, 550);
          });
          client.on('message', () => { pings += 1; });
          client.on('end', () => check(pings, { 'five pings': (n) => n === 5 }));
          client.connect(__ENV.MQTT_BROKER_ADDRESS);
        }
        "#,
    );
    assert!(ended.took > Duration::from_millis(550));
}

#[test]
fn callbacks_are_called_during_a_blocking_sleep() {
    passes(
        r#"
        import { check, sleep } from 'k6';
        import { Client } from 'k6/x/mqtt';

        export default function () {
          const client = new Client();
          let came = 0;
          client.on('message', () => { came += 1; });
          client.connect(__ENV.MQTT_BROKER_ADDRESS, { keepalive: 1 });
          client.subscribe(['a', 'b'], { qos: 1 });
          client.publish('a', 'x', { qos: 1 });
          client.publish('b', new Uint8Array([1, 2]).buffer, { qos: 2 });
          sleep(2.5);
          check(came, { 'both came meanwhile': (n) => n === 2 });
          check(client, { 'still connected': (c) => c.connected });
          client.end();
        }
        "#,
    );
}

#[test]
fn every_level_goes_both_ways_and_promises_end_with_the_acknowledgement() {
    let ended = passes(
        r#"
        import { check } from 'k6';
        import { Client, QoS } from 'k6/x/mqtt';

        export default async function () {
          const client = new Client();
          const got = [];
          client.on('message', (topic, payload) => got.push(`${topic}=${new Uint8Array(payload)[0]}`));
          client.connect(__ENV.MQTT_BROKER_ADDRESS);
          await client.subscribeAsync({ 'l/0': { qos: QoS.AtMostOnce }, 'l/1': { qos: 1 }, 'l/2': { qos: 2 } });
          await Promise.all([0, 1, 2].map((qos) => client.publishAsync(`l/${qos}`, String.fromCharCode(qos), { qos })));
          await client.unsubscribeAsync(['l/0', 'l/1', 'l/2']);
          await client.publishAsync('l/1', 'x', { qos: 1 });
          check(got.sort().join(), { 'each once': (g) => g === 'l/0=0,l/1=1,l/2=2' });
          await client.endAsync();
        }
        "#,
    );
    assert_eq!(ended.metric("mqtt_messages_sent", "count"), 4.0);
}

#[test]
fn errors_go_to_their_handler_or_are_thrown() {
    let broker = Mosquitto::start(ANYONE);
    let text = r#"
        import { check } from 'k6';
        import { Client } from 'k6/x/mqtt';

        const thrown = (action) => { try { action(); } catch (error) { return error; } };

        export default function () {
          const client = new Client();
          const away = thrown(() => client.connect('mqtt://127.0.0.1:1'));
          check(away, {
            'a name': (e) => e.name === 'MQTTError',
            'the method': (e) => e.method === 'connect' && e.message.startsWith('MQTT error during connect'),
          });
          check(thrown(() => client.publish('a', 'x')), { 'not connected': (e) => e.message.includes('not connected') });
          check(thrown(() => client.subscribe('a')), { 'neither': (e) => e.message.includes('not connected') });
          check(thrown(() => client.connect('ws://127.0.0.1:1')), { 'no WebSocket': (e) => e.message.includes('WebSocket') });
          check(thrown(() => new Client(['mqtt://a'], 'user')), { 'the other API': (e) => e.message.includes('pmalhaire') });

          const calm = new Client();
          const errors = [];
          calm.on('error', (error) => errors.push(error.method));
          calm.connect(__ENV.MQTT_BROKER_ADDRESS);
          calm.publish('a/#', 'x');
          setTimeout(() => {
            check(errors, { 'told': (e) => e.join() === 'publish' });
            calm.end();
          }, 50);
        }
        "#;
    let ended = script(text, &broker).run().expect_code(0);
    assert_eq!(ended.metric("checks", "fails"), 0.0, "{}", ended.stderr);
    assert_eq!(ended.metric("checks", "passes"), 7.0, "{}", ended.stderr);
}

#[test]
fn a_will_and_credentials_are_given_as_to_k6() {
    let users = Mosquitto::password_file("me", "right");
    let lines = "allow_anonymous false\npassword_file FOLDER/users";
    let broker = Mosquitto::with_files(lines, &[("users", &users)]);
    let text = r#"
        import { check } from 'k6';
        import { Client } from 'k6/x/mqtt';

        export default function () {
          const watcher = new Client({ credentials_provider: () => ({ username: 'me', password: 'right' }) });
          watcher.on('message', (topic, payload) => {
            check(topic, { 'the will': (t) => t === 'will' });
            watcher.end();
          });
          watcher.connect({ servers: ['mqtt://127.0.0.1:1', __ENV.MQTT_BROKER_ADDRESS] });
          watcher.subscribe('will');
          const mortal = new Client({
            client_id: 'same', username: 'me', password: 'right', will: { topic: 'will', payload: 'gone', qos: 1 },
          });
          let connected = 0;
          mortal.on('connect', () => { if (++connected === 2) mortal.end(); });
          mortal.connect(__ENV.MQTT_BROKER_ADDRESS, { connect_timeout: 5000 });
          // Another of the same name: the server breaks the first one off.
          const other = new Client({ client_id: 'same', username: 'me', password: 'right' });
          other.connect(__ENV.MQTT_BROKER_ADDRESS);
          other.end();
        }
        "#;
    let ended = script(text, &broker).run();
    assert_eq!(ended.metric("checks", "passes"), 1.0, "{}", ended.stderr);
}

#[test]
fn a_lost_connection_is_opened_again_and_told() {
    let mut broker = Mosquitto::start(ANYONE);
    let text = r#"
        import { check } from 'k6';
        import { Client } from 'k6/x/mqtt';

        export default function () {
          const client = new Client({ client_id: 'survivor' });
          const events = [];
          client.on('reconnect', () => events.push('reconnect'));
          client.on('connect', () => {
            events.push('connect');
            if (events.length === 1) client.subscribe('s', { qos: 1 });
            else client.publish('s', 'x', { qos: 1 });
          });
          client.on('message', () => {
            check(events, { 'told': (e) => e[1] === 'reconnect' && e[e.length - 1] === 'connect' });
            client.end();
          });
          client.connect(__ENV.MQTT_BROKER_ADDRESS);
        }
        "#;
    let run = script(text, &broker).start();
    broker.wait_for_log("Received SUBSCRIBE from survivor");
    broker.kill();
    broker.restart();
    let ended = run.wait().expect_code(0);
    assert_eq!(ended.metric("checks", "passes"), 1.0, "{}", ended.stderr);
}

#[test]
fn the_typed_interface_is_a_module() {
    passes(
        r#"
        import { check } from 'k6';
        import { Client, Options } from 'brunt:mqtt/client';

        export default function () {
          const options = new Options(__ENV.MQTT_BROKER_ADDRESS);
          options.setClientId('typed');
          const client = new Client(options);
          client.connect();
          client.subscribeTo([{ filter: 't/#', qos: 1, identifier: 5 }]);
          const pending = client.startPublish({
            topic: 't/1', payload: 'grüße', qos: 1,
            properties: { contentType: 'text/plain', userProperties: [['a', 'b']] },
          });
          pending.done().wait();
          pending.take();
          const message = client.receive(5e9);
          check(message, {
            'bytes': (m) => m.payload instanceof Uint8Array && m.payload.length === 7,
            'properties': (m) => m.properties.contentType === 'text/plain' && m.properties.userProperties[0][1] === 'b',
            'identifiers': (m) => m.subscriptions.length === 1 && m.subscriptions[0] === 5,
            'arrival': (m) => m.arrival > 0,
          });
          try {
            client.publish('a', 'x', 7, false);
          } catch (error) {
            check(error, { 'an error': (e) => e.message.includes('QoS 7') && e.payload.kind === 'options' });
          }
          client.disconnect();
        }
        "#,
    );
}
