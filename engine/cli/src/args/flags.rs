//! Defines the flags that set options, and the layer of options that they make.
//!
//! Values stay text here: the table of options knows how each is read, from a flag as from an environment variable.

mod http;

use brunt_runner::options::{LIMITS, Layer, OptionsError, Source};

use http::HttpFlags;

/// Every flag that sets an option.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct OptionFlags {
    #[command(flatten, next_help_heading = "Load")]
    load: LoadFlags,
    #[command(flatten, next_help_heading = "Run")]
    run: RunFlags,
    #[command(flatten, next_help_heading = "HTTP")]
    http: HttpFlags,
    #[command(flatten, next_help_heading = "Results")]
    results: ResultFlags,
    #[command(flatten, next_help_heading = "Limits")]
    limits: LimitFlags,
}

#[derive(Debug, Default, clap::Args)]
struct LoadFlags {
    /// How many VUs there are
    #[arg(long, short = 'u', value_name = "N")]
    vus: Option<String>,
    /// How long the VUs loop, such as 30s
    #[arg(long, short, value_name = "TIME")]
    duration: Option<String>,
    /// How many iterations are shared among the VUs
    #[arg(long, short, value_name = "N")]
    iterations: Option<String>,
    /// Ramp to a number of VUs in a time, such as 30s:10; repeat for more
    #[arg(long = "stage", short, value_name = "TIME:VUS")]
    stages: Vec<String>,
    /// The part of the load that this machine runs, such as 0:1/3
    #[arg(long, value_name = "FROM:TO")]
    execution_segment: Option<String>,
    /// The parts that all machines run, such as 0,1/3,2/3,1
    #[arg(long, value_name = "BORDERS")]
    execution_segment_sequence: Option<String>,
    /// The least time of an iteration; what is left of it is waited
    #[arg(long, value_name = "TIME")]
    min_iteration_duration: Option<String>,
    /// The most requests per second over all VUs
    #[arg(long, value_name = "N")]
    rps: Option<String>,
}

#[derive(Debug, Default, clap::Args)]
struct RunFlags {
    /// How many worker threads run VUs; one for each core by default
    #[arg(long, value_name = "N")]
    workers: Option<String>,
    /// Warn when a worker thread is busy for so many percent of its time; 0 never does
    #[arg(long, value_name = "PERCENT")]
    busy_warning: Option<String>,
    /// Use this protocol extension, a .wasm file; may be repeated
    #[arg(long = "extension", value_name = "FILE")]
    extensions: Vec<String>,
    /// Seed all random numbers, for a repeatable run
    #[arg(long, value_name = "N")]
    seed: Option<String>,
    /// Give every iteration a fresh instance of the test
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    instance_per_iteration: Option<String>,
    /// Start paused
    #[arg(long, short, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    paused: Option<String>,
    /// Leave out setup
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    no_setup: Option<String>,
    /// Leave out teardown
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    no_teardown: Option<String>,
    /// Stay when the run is over, until told to end
    #[arg(long, short, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    linger: Option<String>,
    /// Let the test see this process's environment (the default)
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    include_system_env_vars: Option<String>,
    /// Fetch modules from https:// addresses anew, also those kept from before
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    reload_modules: Option<String>,
    /// Fetch modules whose addresses start so from there instead; may be repeated
    #[arg(long = "module-mirror", value_name = "START=START")]
    module_mirrors: Vec<String>,
    /// Write what the test prints to a file in place of the log
    #[arg(long, value_name = "FILE")]
    console_output: Option<String>,
}

#[derive(Debug, Default, clap::Args)]
struct ResultFlags {
    /// Send samples to an output, such as json=FILE or csv=FILE; may be repeated
    #[arg(long, short, value_name = "NAME[=ARG]")]
    out: Vec<String>,
    /// Tag everything that is measured, NAME=VALUE; may be repeated
    #[arg(long = "tag", value_name = "NAME=VALUE")]
    tags: Vec<String>,
    /// Which of the engine's tags samples get, such as url,method,status
    #[arg(long, value_name = "NAMES")]
    system_tags: Option<String>,
    /// How much the summary shows: compact, full, legacy or disabled
    #[arg(long, value_name = "MODE")]
    summary_mode: Option<String>,
    /// Show no summary
    #[arg(long, conflicts_with = "summary_mode")]
    no_summary: bool,
    /// Write the summary as JSON to a file
    #[arg(long, value_name = "FILE")]
    summary_export: Option<String>,
    /// The columns of trends, such as avg,med,p(99)
    #[arg(long, value_name = "NAMES")]
    summary_trend_stats: Option<String>,
    /// The unit of times in the summary: s, ms or us
    #[arg(long, value_name = "UNIT")]
    summary_time_unit: Option<String>,
    /// Leave out thresholds
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    no_thresholds: Option<String>,
}

#[derive(Debug, Default, clap::Args)]
struct LimitFlags {
    /// Set a limit, such as memory=64MiB or cpuTime=1s; may be repeated
    #[arg(long = "limit", value_name = "NAME=VALUE")]
    limits: Vec<String>,
    /// Let the test connect to this host, address range or unix:PATH, and to no other than those so named
    #[arg(long = "allow-host", value_name = "HOST")]
    allow_hosts: Vec<String>,
    /// Do not let the test connect to this host or address range
    #[arg(long = "deny-host", value_name = "HOST")]
    deny_hosts: Vec<String>,
}

impl OptionFlags {
    /// What the flags say about options.
    ///
    /// # Errors
    /// Everything that is wrong with the texts of flags.
    pub(crate) fn layer(&self) -> Result<Layer, OptionsError> {
        let mut layer = Layer::new(Source::Flags);
        let mut problems = Vec::new();
        for (name, flag, text) in self.single() {
            let Some(text) = text else { continue };
            note(&mut problems, layer.set_text(name, text, flag));
        }
        for (name, flag, texts) in self.repeated() {
            if !texts.is_empty() {
                note(&mut problems, layer.set_text(name, &texts.join(","), flag));
            }
        }
        if let Some(dns) = &self.http.dns {
            layer
                .set_dns(dns, "--dns")
                .unwrap_or_else(|message| problems.push(format!("--dns: {message}")));
        }
        self.set_outputs(&mut layer);
        self.set_extensions(&mut layer);
        note(&mut problems, self.set_pairs(&mut layer));
        self.limits
            .limits
            .iter()
            .for_each(|limit| note(&mut problems, set_limit(&mut layer, limit)));
        OptionsError::check(problems, layer)
    }

    /// Flags that are given once.
    fn single(&self) -> impl Iterator<Item = Single<'_>> {
        let parts = [
            self.load.single(),
            self.run.single(),
            self.http.single(),
            self.results.single(),
        ];
        parts.into_iter().flatten()
    }

    /// Flags that may be repeated, each with one text or several between commas.
    fn repeated(&self) -> [(&'static str, &'static str, &[String]); 5] {
        [
            ("stages", "--stage", &self.load.stages),
            ("blacklistIPs", "--blacklist-ip", &self.http.blacklist_ips),
            (
                "blockHostnames",
                "--block-hostnames",
                &self.http.block_hostnames,
            ),
            ("network.allow", "--allow-host", &self.limits.allow_hosts),
            ("network.deny", "--deny-host", &self.limits.deny_hosts),
        ]
    }

    /// An output's argument may have commas of its own.
    fn set_outputs(&self, layer: &mut Layer) {
        if !self.results.out.is_empty() {
            layer.set_from("out", self.results.out.clone().into(), "--out");
        }
    }

    /// A path may have commas of its own.
    fn set_extensions(&self, layer: &mut Layer) {
        let files = &self.run.extensions;
        if !files.is_empty() {
            layer.set_from("extensions", files.clone().into(), "--extension");
        }
    }

    /// Flags of names and values, which may have commas of their own.
    fn set_pairs(&self, layer: &mut Layer) -> Result<(), OptionsError> {
        for (option, flag, pairs) in [
            ("tags", "--tag", &self.results.tags),
            ("moduleMirrors", "--module-mirror", &self.run.module_mirrors),
        ] {
            let pairs = pairs.iter().map(|pair| name_and_value(pair, flag));
            let pairs = pairs.map(|pair| pair.map(|(name, value)| (name.to_owned(), value.into())));
            let map = pairs.collect::<Result<serde_json::Map<_, _>, _>>()?;
            if !map.is_empty() {
                layer.set_from(option, map.into(), flag);
            }
        }
        Ok(())
    }
}

/// A flag that is given once: option, flag, text.
type Single<'a> = (&'static str, &'static str, Option<&'a str>);

impl LoadFlags {
    fn single(&self) -> Vec<Single<'_>> {
        let segments = self.execution_segment_sequence.as_deref();
        let least = self.min_iteration_duration.as_deref();
        vec![
            ("vus", "--vus", self.vus.as_deref()),
            ("duration", "--duration", self.duration.as_deref()),
            ("iterations", "--iterations", self.iterations.as_deref()),
            (
                "executionSegment",
                "--execution-segment",
                self.execution_segment.as_deref(),
            ),
            (
                "executionSegmentSequence",
                "--execution-segment-sequence",
                segments,
            ),
            ("minIterationDuration", "--min-iteration-duration", least),
            ("rps", "--rps", self.rps.as_deref()),
        ]
    }
}

impl RunFlags {
    fn single(&self) -> Vec<Single<'_>> {
        let instance = self.instance_per_iteration.as_deref();
        let system = self.include_system_env_vars.as_deref();
        vec![
            ("workers", "--workers", self.workers.as_deref()),
            (
                "busyWarning",
                "--busy-warning",
                self.busy_warning.as_deref(),
            ),
            ("seed", "--seed", self.seed.as_deref()),
            ("instancePerIteration", "--instance-per-iteration", instance),
            ("paused", "--paused", self.paused.as_deref()),
            ("noSetup", "--no-setup", self.no_setup.as_deref()),
            ("noTeardown", "--no-teardown", self.no_teardown.as_deref()),
            ("linger", "--linger", self.linger.as_deref()),
            ("includeSystemEnvVars", "--include-system-env-vars", system),
            (
                "reloadModules",
                "--reload-modules",
                self.reload_modules.as_deref(),
            ),
            (
                "consoleOutput",
                "--console-output",
                self.console_output.as_deref(),
            ),
        ]
    }
}

impl ResultFlags {
    fn single(&self) -> Vec<Single<'_>> {
        let stats = self.summary_trend_stats.as_deref();
        let disabled = self.no_summary.then_some("disabled");
        vec![
            ("systemTags", "--system-tags", self.system_tags.as_deref()),
            (
                "summaryMode",
                "--summary-mode",
                self.summary_mode.as_deref(),
            ),
            ("summaryMode", "--no-summary", disabled),
            (
                "summaryExport",
                "--summary-export",
                self.summary_export.as_deref(),
            ),
            ("summaryTrendStats", "--summary-trend-stats", stats),
            (
                "summaryTimeUnit",
                "--summary-time-unit",
                self.summary_time_unit.as_deref(),
            ),
            (
                "noThresholds",
                "--no-thresholds",
                self.no_thresholds.as_deref(),
            ),
        ]
    }
}

fn set_limit(layer: &mut Layer, limit: &str) -> Result<(), OptionsError> {
    let (name, value) = name_and_value(limit, "--limit")?;
    match LIMITS.iter().find(|spec| spec.name == name) {
        Some(spec) => layer.set_text(&spec.option(), value, "--limit"),
        None => {
            let known: Vec<&str> = LIMITS.iter().map(|spec| spec.name).collect();
            Err(OptionsError::one(format!(
                "--limit: {name:?} is not a limit; there are {}",
                known.join(", ")
            )))
        }
    }
}

fn name_and_value<'a>(text: &'a str, flag: &str) -> Result<(&'a str, &'a str), OptionsError> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    pair.ok_or_else(|| OptionsError::one(format!("{flag}: {text:?} is not of the form NAME=VALUE")))
}

fn note(problems: &mut Vec<String>, result: Result<(), OptionsError>) {
    if let Err(error) = result {
        problems.extend_from_slice(error.problems());
    }
}

#[cfg(test)]
mod tests {
    use super::OptionFlags;

    impl OptionFlags {
        /// Every option that a flag sets, with the flag.
        pub(crate) fn names() -> Vec<(&'static str, &'static str)> {
            let flags = OptionFlags::default();
            let single = flags.single().map(|(option, flag, _)| (option, flag));
            let repeated = flags.repeated().map(|(option, flag, _)| (option, flag));
            let written = [
                ("out", "--out"),
                ("tags", "--tag"),
                ("extensions", "--extension"),
                ("moduleMirrors", "--module-mirror"),
                ("dns.ttl", "--dns"),
                ("dns.select", "--dns"),
                ("dns.policy", "--dns"),
                ("dns.server", "--dns"),
            ];
            single.chain(repeated).chain(written).collect()
        }
    }
}
