//! Defines the options as JSON in k6's shape: for the test at run time, and with more for `inspect`.

use std::time::Duration;

use brunt_host::{Authorities, Cidr};
use brunt_plan::duration;
use serde_json::{Map, Value, json};

use super::Options;
use super::dns;
use super::http::{HttpDebug, HttpOptions, TlsOptions};
use super::summary::{SummaryMode, TimeUnit};
use super::thresholds::ThresholdOption;

/// Everything that a test may read; what only concerns the operator, and private keys, are left out.
pub(super) fn to_json(options: &Options) -> Map<String, Value> {
    let mut all = Map::new();
    for part in [
        execution(options),
        measuring(options),
        connections(&options.http),
        tls(&options.http.tls),
    ] {
        all.extend(part.as_object().cloned().unwrap_or_default());
    }
    all
}

/// Everything but private keys.
pub(super) fn to_operator_json(options: &Options) -> Map<String, Value> {
    let mut all = to_json(options);
    all.extend(operator(options).as_object().cloned().unwrap_or_default());
    all
}

/// What only concerns whoever runs the test.
fn operator(options: &Options) -> Value {
    let texts = |list: &[Cidr]| list.iter().map(Cidr::to_string).collect::<Vec<_>>();
    let network = &options.network;
    json!({
        "network": { "allow": network.allowed(), "deny": network.denied() },
        "blacklistIPs": texts(&options.http.blacklist_ips),
        "localIPs": options.http.local_ips.words(),
        "dns": dns::to_operator_json(&options.http.dns),
        "tlsCA": options.http.tls.authorities.as_ref().map(authorities),
        "summaryMode": name_of(options.summary.mode, &SummaryMode::NAMES),
        "summaryExport": options.summary.export,
        "noThresholds": options.no_thresholds,
        "out": options.outputs,
        "consoleOutput": options.console_output,
        "linger": options.linger,
        "includeSystemEnvVars": options.include_system_env_vars,
        "moduleMirrors": options.module_mirrors,
        "reloadModules": options.reload_modules,
        "workers": options.workers,
        "busyWarning": options.busy_warning,
        "extensions": options.extensions,
        "seed": options.seed,
    })
}

fn execution(options: &Options) -> Value {
    let scenarios: Map<String, Value> = options
        .scenarios
        .iter()
        .map(|scenario| {
            (
                scenario.name.clone(),
                Value::Object(scenario.config.clone()),
            )
        })
        .collect();
    json!({
        "scenarios": scenarios,
        "executionSegment": options.execution_segment.to_string(),
        "executionSegmentSequence": options.execution_segment_sequence.as_ref().map(ToString::to_string),
        "paused": options.paused,
        "noSetup": options.no_setup,
        "noTeardown": options.no_teardown,
        "setupTimeout": text(options.setup_timeout),
        "teardownTimeout": text(options.teardown_timeout),
        "handleSummaryTimeout": text(options.handle_summary_timeout),
        "minIterationDuration": text(options.min_iteration_duration),
        "rps": options.rps,
        "instancePerIteration": options.instance_per_iteration,
        "limits": options.limits.to_json(),
    })
}

fn measuring(options: &Options) -> Value {
    let thresholds: Map<String, Value> = options
        .thresholds
        .iter()
        .map(|(metric, list)| (metric.clone(), list.iter().map(threshold).collect()))
        .collect();
    json!({
        "thresholds": thresholds,
        "tags": options.tags,
        "systemTags": options.system_tags,
        "summaryTrendStats": options.summary.trend_stats,
        "summaryTimeUnit": time_unit(options.summary.time_unit),
        "metricSamplesBufferSize": options.metric_samples_buffer_size,
    })
}

fn connections(http: &HttpOptions) -> Value {
    let hosts: Map<String, Value> = http
        .hosts
        .iter()
        .map(|(host, to)| (host.clone(), Value::from(to.to_string())))
        .collect();
    json!({
        "maxRedirects": http.max_redirects,
        "userAgent": http.user_agent,
        "batch": http.batch,
        "batchPerHost": http.batch_per_host,
        "httpVersion": http.version.name(),
        "httpDebug": match http.debug {
            HttpDebug::Off => "",
            HttpDebug::Heads => "headers",
            HttpDebug::Full => "full",
        },
        "throw": http.throw,
        "noConnectionReuse": http.no_connection_reuse,
        "noVUConnectionReuse": http.no_vu_connection_reuse,
        "noCookiesReset": http.no_cookies_reset,
        "discardResponseBodies": http.discard_response_bodies,
        "hosts": hosts,
        "blockHostnames": http.block_hostnames,
        "dns": dns::to_json(&http.dns),
    })
}

fn tls(tls: &TlsOptions) -> Value {
    json!({
        "insecureSkipTLSVerify": tls.insecure_skip_verify,
        "tlsCipherSuites": tls.cipher_suites,
        "tlsVersion": { "min": tls.min_version.name(), "max": tls.max_version.name() },
    })
}

fn authorities(authorities: &Authorities) -> String {
    match authorities {
        Authorities::Pem(text) => text.clone(),
        Authorities::File(file) => file.display().to_string(),
    }
}

fn threshold(option: &ThresholdOption) -> Value {
    match option.abort_on_fail {
        false => Value::from(option.threshold.as_str()),
        true => json!({
            "threshold": option.threshold,
            "abortOnFail": true,
            "delayAbortEval": text(option.delay_abort_eval),
        }),
    }
}

/// The unit's name, or null where each figure has its own.
fn time_unit(unit: TimeUnit) -> Option<&'static str> {
    name_of(unit, &TimeUnit::NAMES).filter(|name| !name.is_empty())
}

pub(super) fn name_of<T: PartialEq>(value: T, names: &[(&'static str, T)]) -> Option<&'static str> {
    names
        .iter()
        .find(|(_, named)| *named == value)
        .map(|(name, _)| *name)
}

pub(super) fn text(duration: Duration) -> String {
    duration::format(duration)
}
