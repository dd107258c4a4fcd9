// A sensor that publishes readings, with k6's own API.
//
// brunt run --extension brunt_mqtt.wasm --env MQTT=mqtt://127.0.0.1:1883 mqtt.js
import { check } from 'k6';
import { Client } from 'k6/x/mqtt';

export const options = {
  vus: 5,
  duration: '10s',
  thresholds: { mqtt_errors: ['count<1'], mqtt_publish_duration: ['p(95)<100'], checks: ['rate>0.99'] },
};

export default function () {
  const client = new Client({ client_id: `sensor-${__VU}`, will: { topic: 'lost', payload: `sensor-${__VU}` } });
  const topic = `readings/${__VU}`;
  const readings = [];

  client.on('connect', () => {
    client.subscribe(topic, { qos: 1 });
    const interval = setInterval(() => client.publish(topic, '21.5', { qos: 1 }), 50);
    setTimeout(() => {
      clearInterval(interval);
      client.end();
    }, 500);
  });
  client.on('message', (_, payload) => readings.push(String.fromCharCode(...new Uint8Array(payload))));
  client.on('end', () => {
    check(readings, { 'readings came': (r) => r.length > 0 && r.every((reading) => reading === '21.5') });
  });

  client.connect(__ENV.MQTT || 'mqtt://127.0.0.1:1883');
}
