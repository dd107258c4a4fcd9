//! Defines the options of a run: every layer that may set them, merged once into one value without gaps.
//!
//! Built-in defaults < config file < the test's own options < environment < flags. A higher layer replaces an option of a
//! lower one as a whole (`tags` too). The execution options `duration`, `iterations`, `stages` and `scenarios` replace each
//! other: the highest layer that has any of them wipes them all from the layers below, with a warning.
//!
//! Limits and the network policy protect whoever runs a stranger's test, so there the test has no say in what it is
//! granted: its own options may only narrow what the operator's layers (all others) allow.

mod layer;
mod merge;
mod reader;
mod table;

mod addresses;
mod archive;
mod dns;
mod execution;
mod http;
mod limits;
mod modules;
mod network;
mod summary;
mod thresholds;

mod effect;
mod error;
mod json;

use std::collections::{BTreeMap, BTreeSet};
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use brunt_host::NetworkPolicy;
use brunt_plan::{Scenario, Segment, Sequence, Share};
use serde_json::{Map, Value};

pub use brunt_host::{DnsPolicy, DnsSelect, DnsSettings, HostTarget, LocalIps, SystemTags};
pub use effect::{WITHOUT_EFFECT, WithoutEffect};
pub use error::OptionsError;
pub use http::{HttpDebug, HttpOptions, TlsAuth, TlsOptions, TlsVersion};
pub use layer::{Layer, Source};
pub use limits::{LIMITS, LimitSpec, LimitUnit, Limits};
pub use summary::{SummaryMode, SummaryOptions, TimeUnit};
pub use table::{BareNumber, OPTIONS, OptionSpec, Scope, Shape};
pub use thresholds::ThresholdOption;

/// All options of a run, after all layers.
#[derive(Debug, Clone)]
pub struct Options {
    /// What load, when: `scenarios`, or the one scenario that the shortcuts stand for. In order of their start.
    pub scenarios: Vec<Scenario>,
    /// The part of the load that this machine runs (`executionSegment`), the whole by default.
    pub execution_segment: Segment,
    /// The segments that all machines run (`executionSegmentSequence`), if said.
    pub execution_segment_sequence: Option<Sequence>,
    /// The same as arithmetic.
    pub share: Share,
    /// Whether the run waits to be resumed before it starts.
    pub paused: bool,
    /// Whether `setup` is left out.
    pub no_setup: bool,
    /// Whether `teardown` is left out.
    pub no_teardown: bool,
    /// Time limit of `setup`, 60 s.
    pub setup_timeout: Duration,
    /// Time limit of `teardown`, 60 s.
    pub teardown_timeout: Duration,
    /// Time limit of `handleSummary`, 120 s.
    pub handle_summary_timeout: Duration,
    /// Iterations that end sooner are followed by a wait of the rest, 0 by default.
    pub min_iteration_duration: Duration,
    /// Requests per second over all VUs, unlimited when absent.
    pub rps: Option<NonZeroU64>,
    /// Pass and fail criteria by metric key, such as `http_req_duration{status:200}`, in the order given.
    pub thresholds: Vec<(String, Vec<ThresholdOption>)>,
    /// Whether thresholds are left out.
    pub no_thresholds: bool,
    /// Tags of everything that is measured.
    pub tags: BTreeMap<String, String>,
    /// The engine's own tags that are put on samples.
    pub system_tags: BTreeSet<String>,
    /// How HTTP requests behave.
    pub http: HttpOptions,
    /// What the summary shows.
    pub summary: SummaryOptions,
    /// Batches of samples that may wait for each output, 64.
    pub metric_samples_buffer_size: usize,
    /// Outputs, `name` or `name=argument`.
    pub outputs: Vec<String>,
    /// Where guests' console lines go instead of the log.
    pub console_output: Option<PathBuf>,
    /// Whether the process stays when the run is over, until it is told to end.
    pub linger: bool,
    /// Whether the test sees the environment of this process; true by default, as for `k6 run`.
    pub include_system_env_vars: bool,
    /// Where else modules of `https://` addresses are fetched from: starts of addresses, and what they are replaced by.
    pub module_mirrors: BTreeMap<String, String>,
    /// Whether modules that are kept from before are fetched anew.
    pub reload_modules: bool,
    /// Worker threads; one for each core when absent.
    pub workers: Option<NonZeroUsize>,
    /// The percentage of its time from which on a busy worker is warned of, 90; 0 for no warning.
    pub busy_warning: u64,
    /// The seed of all random numbers, for a repeatable run; the machine's randomness when absent.
    pub seed: Option<u64>,
    /// Files of extensions that the test may import.
    pub extensions: Vec<PathBuf>,
    /// Whether every iteration gets a fresh instance of the test.
    pub instance_per_iteration: bool,
    /// What one VU, and the run, may use.
    pub limits: Limits,
    /// Where connections may go.
    pub network: NetworkPolicy,
    /// What was ignored or replaced while merging, for the log.
    pub warnings: Vec<String>,
}

impl Options {
    /// Merges the layers, in whatever order they come, and reads the result.
    ///
    /// # Errors
    /// All that is wrong with the values that are in force; overridden values are not looked at.
    pub fn from_layers(layers: Vec<Layer>) -> Result<Options, OptionsError> {
        let mut merged = merge::merge(layers);
        let mut reader = reader::Reader::new(&merged.values);
        let options = Options::read(&mut reader, &merged.by_test, &mut merged.warnings);
        merged
            .warnings
            .extend(effect::warnings(&options, &Options::default()));
        OptionsError::check(reader.into_problems(), options).map(|options| Options {
            warnings: merged.warnings,
            ..options
        })
    }

    /// What the layers say that a test may say too, with nothing added: the options of an archive, which the test has there
    /// by itself.
    ///
    /// # Errors
    /// A file of authorities that can't be read: an archive has them itself.
    pub fn consolidated(layers: Vec<Layer>) -> Result<Map<String, Value>, OptionsError> {
        archive::consolidated(merge::merge(layers))
    }

    /// The options in k6's shape, as a test sees them at run time.
    pub fn to_json(&self) -> Map<String, Value> {
        json::to_json(self)
    }

    /// The same with what only concerns whoever runs the test. A config file with it makes the same options again, but
    /// for `tlsAuth`, which has private keys.
    pub fn to_operator_json(&self) -> Map<String, Value> {
        json::to_operator_json(self)
    }

    fn read(
        reader: &mut reader::Reader<'_>,
        by_test: &merge::Values,
        warnings: &mut Vec<String>,
    ) -> Options {
        let segment = execution::read_segment(reader);
        Options {
            scenarios: execution::read_scenarios(reader),
            execution_segment: segment.segment,
            execution_segment_sequence: segment.sequence,
            share: segment.share,
            paused: reader.flag("paused", false),
            no_setup: reader.flag("noSetup", false),
            no_teardown: reader.flag("noTeardown", false),
            setup_timeout: reader.duration("setupTimeout", Duration::from_secs(60)),
            teardown_timeout: reader.duration("teardownTimeout", Duration::from_secs(60)),
            handle_summary_timeout: reader
                .duration("handleSummaryTimeout", Duration::from_secs(120)),
            min_iteration_duration: reader.duration("minIterationDuration", Duration::ZERO),
            rps: NonZeroU64::new(reader.count("rps", 0)),
            thresholds: thresholds::read(reader),
            no_thresholds: reader.flag("noThresholds", false),
            tags: reader.texts("tags"),
            system_tags: summary::read_system_tags(reader),
            http: HttpOptions::read(reader),
            summary: SummaryOptions::read(reader),
            metric_samples_buffer_size: reader
                .read("metricSamplesBufferSize", buffer_size)
                .unwrap_or(64),
            outputs: reader.words("out").unwrap_or_default(),
            console_output: reader.text("consoleOutput").map(PathBuf::from),
            linger: reader.flag("linger", false),
            include_system_env_vars: reader.flag("includeSystemEnvVars", true),
            module_mirrors: modules::read_mirrors(reader),
            reload_modules: reader.flag("reloadModules", false),
            workers: usize::try_from(reader.count("workers", 0))
                .ok()
                .and_then(NonZeroUsize::new),
            busy_warning: reader.read("busyWarning", percentage).unwrap_or(90),
            seed: reader.given("seed").then(|| reader.count("seed", 0)),
            extensions: reader
                .words("extensions")
                .unwrap_or_default()
                .into_iter()
                .map(PathBuf::from)
                .collect(),
            instance_per_iteration: reader.flag("instancePerIteration", false),
            limits: Limits::read(reader, by_test, warnings),
            network: network::read(reader, by_test),
            warnings: Vec::new(),
        }
    }
}

/// Room is made for all of them when an output is opened.
fn buffer_size(value: &Value) -> Result<usize, String> {
    let batches = reader::count(value)?;
    match usize::try_from(batches) {
        Ok(batches @ 1..=1_000_000) => Ok(batches),
        _ => Err(format!("must be from 1 to 1000000, got {batches}")),
    }
}

fn percentage(value: &Value) -> Result<u64, String> {
    let percent = reader::count(value)?;
    match percent {
        0..=100 => Ok(percent),
        _ => Err(format!("must be a percentage from 0 to 100, got {percent}")),
    }
}

impl Default for Options {
    /// What is in force where nobody says anything.
    fn default() -> Options {
        let nothing = merge::Values::new();
        Options::read(
            &mut reader::Reader::new(&nothing),
            &nothing,
            &mut Vec::new(),
        )
    }
}

#[cfg(test)]
mod tests;
