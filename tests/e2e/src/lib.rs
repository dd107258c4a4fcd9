//! Defines what tests of whole programs need: a server that records, the real binary, and the built guests.
//!
//! A load tester is tested by what its target saw: [`Recorder`] keeps the instant of every request's arrival, and
//! answers as a script says, with faults too; [`Scripted`] follows a script byte by byte, and
//! [`FrameServer`] frame by frame of HTTP/2. [`Brunt`] runs the binary and reads its summary.
//!
//! ```no_run
//! use brunt_e2e::{Brunt, Recorder};
//!
//! let server = Recorder::start();
//! let ended = Brunt::guest("get_checks").base_url(&server.url()).args(["--iterations", "10"]).run();
//! assert_eq!((ended.code, server.seen().len()), (Some(0), 10));
//! ```
//!
//! Everything here panics, with an explanation, when the machine does not play along: it is for tests only.

mod brunt;
mod certificates;
mod debian;
mod dns;
mod frames;
mod guests;
mod httpbin;
mod mosquitto;
mod nats;
mod nginx;
mod peer;
mod proxy;
mod rabbitmq;
mod recorder;
mod relay;
mod scripted;
mod serving;
mod witness;

pub use brunt::{Brunt, Ended, Running, binary};
pub use certificates::{Authority, Credentials, ServerTls};
pub use dns::{NameServer, Question};
pub use frames::{FrameServer, Play, Stream};
pub use guests::{example, extension, guest, script};
pub use httpbin::Httpbin;
pub use mosquitto::Mosquitto;
pub use nats::Nats;
pub use nginx::Nginx;
pub use peer::{Peer, Secured, read_out, read_text, say, secured};
pub use proxy::Proxy;
pub use rabbitmq::RabbitMq;
pub use recorder::{Answer, Recorder, Seen};
pub use relay::{Manner as RelayManner, Relay};
pub use scripted::{FullBacklog, Passed, Scripted, Step};
pub use witness::{Met, Witness};
