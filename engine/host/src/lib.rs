//! Defines how guest code runs: components loaded, instantiated as VUs, and given measured capabilities.
//!
//! This is the only crate that knows wasmtime. What it offers to the runner is small: an [`Engine`], a [`Test`] loaded
//! from a file, a [`Run`] with all that the VUs of one run share, a [`Worker`] per thread, and a [`Vu`] that turns one
//! iteration into one [`Outcome`].

mod error;
mod hosts;
mod limits;
mod local_ips;
mod settings;

mod cache;
mod compile;
mod componentize;
mod engine;
mod evaluation;
mod extension;
mod image;
mod link;
mod runtime;
mod test;
mod world;

mod arrivals;
mod data;
mod fetch;
mod log;
mod modules;
mod network;
mod pipe;
mod proxies;
mod run;
mod secrets;
mod signal;
mod tags;
mod worker;

mod attendance;
mod bindings;
mod bridge;
mod errand;
mod outcome;
mod state;
mod vu;

mod interfaces;

mod net;

mod http;

mod sockets;

pub use compile::Origin;
pub use data::Data;
pub use error::{Error, ErrorKind};
pub use evaluation::{Evaluation, Snapshot};
pub use extension::{Extension, Interface, SearchPath, Wanted};
pub use fetch::{Fetcher, Page};
pub use hosts::{HostTarget, Hosts, is_host_pattern};
pub use http::{ERROR_CODES, ErrorCode};
pub use limits::Limits;
pub use local_ips::LocalIps;
pub use log::{Level, LogSink};
pub use modules::{ModuleKind, ModuleSource, Modules};
pub use net::{CIPHER_SUITES, is_cipher_suite};
pub use network::{Cidr, NetworkPolicy, NetworkPolicyError};
pub use outcome::{Failure, FailureKind, Outcome};
pub use proxies::{Proxies, ProxyError};
pub use run::{Counter, Counters, Ending, Run};
pub use runtime::Runtime;
pub use secrets::{RedactedLog, Secrets};
pub use settings::{
    Authorities, ClientCertificate, DnsPolicy, DnsSelect, DnsSettings, HttpDebug, HttpSettings,
    HttpVersion, RunSettings, SystemTags, TlsSettings,
};
pub use test::{Description, Test};
pub use vu::{Iteration, Place, Vu};
pub use worker::Worker;
