//! Defines the native tests of MQTT's machine: its codec, the machine against a server in memory, and against mosquitto.

mod codec;
mod conversation;
mod garbage;
mod machine;
mod mosquitto;
mod packets;
mod server;
mod wire;
