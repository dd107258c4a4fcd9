//! Defines the table of all options: names, environment variables, the shape of values, and who may set each.

use brunt_plan::duration;
use serde_json::{Map, Value, json};

/// One option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptionSpec {
    /// k6's name in JSON; a name with a dot is a key of an object, such as `dns.ttl`.
    pub name: &'static str,
    /// The environment variable without `BRUNT_` or `K6_`; empty if there is none.
    pub env: &'static str,
    /// What values look like.
    pub shape: Shape,
    /// Who may set it.
    pub scope: Scope,
}

/// What a value looks like, which decides how it is written in an environment variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A whole number.
    Count,
    /// True or false.
    Flag,
    /// A duration; a bare number is milliseconds.
    Duration,
    /// Any text.
    Text,
    /// A list of texts; written with commas.
    Words,
    /// A map of texts; written `a=1,b=2`.
    Texts,
    /// A list of stages; written `10s:5,1m:0`.
    Stages,
    /// A structure; written as JSON.
    Json,
}

/// Who may set an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Every layer.
    Anyone,
    /// Every layer but the test, whose attempt is ignored with a warning.
    Operator,
    /// Every layer, but the test may only narrow what the others grant.
    Grant,
}

/// What a bare number means where a duration is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BareNumber {
    /// Milliseconds, as in environment variables.
    Millis,
    /// A mistake, as in flags.
    Refused,
}

impl Shape {
    /// Reads the text of an environment variable or flag into the JSON that the option takes.
    ///
    /// # Errors
    /// What is wrong with the text, to follow the name of the variable or flag.
    pub fn read_text(self, text: &str, bare: BareNumber) -> Result<Value, String> {
        match self {
            Shape::Count => read_count(text),
            Shape::Flag => read_flag(text),
            Shape::Duration => read_duration(text, bare),
            Shape::Text => Ok(Value::from(text)),
            Shape::Words => Ok(split(text).collect()),
            Shape::Texts => read_texts(text),
            Shape::Stages => split(text).map(|stage| read_stage(stage, bare)).collect(),
            Shape::Json => {
                serde_json::from_str(text).map_err(|error| format!("is not JSON: {error}"))
            }
        }
    }
}

/// The option of a name.
pub(crate) fn find(name: &str) -> Option<&'static OptionSpec> {
    OPTIONS.iter().find(|option| option.name == name)
}

/// The parts between commas; what is empty doesn't count.
fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

fn read_count(text: &str) -> Result<Value, String> {
    text.trim()
        .parse::<i64>()
        .map(Value::from)
        .map_err(|_| format!("{text:?} is not a whole number"))
}

fn read_flag(text: &str) -> Result<Value, String> {
    match text.trim() {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(Value::Bool(true)),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(Value::Bool(false)),
        _ => Err(format!("{text:?} is neither true nor false")),
    }
}

fn read_duration(text: &str, bare: BareNumber) -> Result<Value, String> {
    let duration = match bare {
        BareNumber::Millis => duration::parse_or_millis(text),
        BareNumber::Refused => duration::parse(text),
    };
    duration
        .map(|duration| Value::from(duration::format(duration)))
        .map_err(|error| error.to_string())
}

/// Reads a stage written `duration:target`, such as `10s:5`.
fn read_stage(text: &str, bare: BareNumber) -> Result<Value, String> {
    let message = || format!("{text:?} is not a stage; write duration:target, such as 10s:5");
    let (duration, target) = text.split_once(':').ok_or_else(message)?;
    let target: i64 = target.trim().parse().map_err(|_| message())?;
    Ok(json!({ "duration": read_duration(duration.trim(), bare)?, "target": target }))
}

fn read_texts(text: &str) -> Result<Value, String> {
    let mut texts = Map::new();
    for pair in text
        .split(',')
        .map(str::trim)
        .filter(|pair| !pair.is_empty())
    {
        let (name, value) = pair
            .split_once(['=', ':'])
            .ok_or_else(|| format!("{pair:?} is not of the form name=value"))?;
        texts.insert(name.trim().to_owned(), Value::from(value.trim()));
    }
    Ok(Value::Object(texts))
}

const fn anyone(name: &'static str, env: &'static str, shape: Shape) -> OptionSpec {
    OptionSpec {
        name,
        env,
        shape,
        scope: Scope::Anyone,
    }
}

const fn operator(name: &'static str, env: &'static str, shape: Shape) -> OptionSpec {
    OptionSpec {
        name,
        env,
        shape,
        scope: Scope::Operator,
    }
}

const fn grant(name: &'static str, env: &'static str, shape: Shape) -> OptionSpec {
    OptionSpec {
        name,
        env,
        shape,
        scope: Scope::Grant,
    }
}

/// All options: k6's first, Brunt's own last.
pub const OPTIONS: &[OptionSpec] = &[
    anyone("vus", "VUS", Shape::Count),
    anyone("duration", "DURATION", Shape::Duration),
    anyone("iterations", "ITERATIONS", Shape::Count),
    anyone("stages", "STAGES", Shape::Stages),
    anyone("scenarios", "", Shape::Json),
    anyone("executionSegment", "EXECUTION_SEGMENT", Shape::Text),
    anyone(
        "executionSegmentSequence",
        "EXECUTION_SEGMENT_SEQUENCE",
        Shape::Text,
    ),
    anyone("paused", "PAUSED", Shape::Flag),
    anyone("noSetup", "NO_SETUP", Shape::Flag),
    anyone("noTeardown", "NO_TEARDOWN", Shape::Flag),
    anyone("setupTimeout", "SETUP_TIMEOUT", Shape::Duration),
    anyone("teardownTimeout", "TEARDOWN_TIMEOUT", Shape::Duration),
    anyone(
        "handleSummaryTimeout",
        "HANDLE_SUMMARY_TIMEOUT",
        Shape::Duration,
    ),
    anyone(
        "minIterationDuration",
        "MIN_ITERATION_DURATION",
        Shape::Duration,
    ),
    anyone("rps", "RPS", Shape::Count),
    anyone("thresholds", "THRESHOLDS", Shape::Json),
    anyone("tags", "TAGS", Shape::Texts),
    anyone("systemTags", "SYSTEM_TAGS", Shape::Words),
    anyone("maxRedirects", "MAX_REDIRECTS", Shape::Count),
    anyone("userAgent", "USER_AGENT", Shape::Text),
    anyone("batch", "BATCH", Shape::Count),
    anyone("batchPerHost", "BATCH_PER_HOST", Shape::Count),
    anyone("httpVersion", "HTTP_VERSION", Shape::Text),
    anyone("httpDebug", "HTTP_DEBUG", Shape::Text),
    anyone(
        "insecureSkipTLSVerify",
        "INSECURE_SKIP_TLS_VERIFY",
        Shape::Flag,
    ),
    anyone("tlsCipherSuites", "TLS_CIPHER_SUITES", Shape::Words),
    anyone("tlsVersion", "TLS_VERSION", Shape::Text),
    anyone("tlsAuth", "TLSAUTH", Shape::Json),
    anyone("tlsCA", "TLS_CA", Shape::Text),
    anyone("throw", "THROW", Shape::Flag),
    anyone("noConnectionReuse", "NO_CONNECTION_REUSE", Shape::Flag),
    anyone("noVUConnectionReuse", "NO_VU_CONNECTION_REUSE", Shape::Flag),
    anyone("noCookiesReset", "NO_COOKIES_RESET", Shape::Flag),
    anyone(
        "discardResponseBodies",
        "DISCARD_RESPONSE_BODIES",
        Shape::Flag,
    ),
    anyone("hosts", "HOSTS", Shape::Json),
    anyone("blacklistIPs", "BLACKLIST_IPS", Shape::Words),
    anyone("blockHostnames", "BLOCK_HOSTNAMES", Shape::Words),
    anyone("dns.ttl", "", Shape::Duration),
    anyone("dns.select", "", Shape::Text),
    anyone("dns.policy", "", Shape::Text),
    operator("dns.server", "", Shape::Text),
    anyone("summaryTrendStats", "SUMMARY_TREND_STATS", Shape::Words),
    anyone("summaryTimeUnit", "SUMMARY_TIME_UNIT", Shape::Text),
    anyone(
        "metricSamplesBufferSize",
        "METRIC_SAMPLES_BUFFER_SIZE",
        Shape::Count,
    ),
    operator("summaryMode", "SUMMARY_MODE", Shape::Text),
    operator("summaryExport", "SUMMARY_EXPORT", Shape::Text),
    operator("noThresholds", "NO_THRESHOLDS", Shape::Flag),
    operator("out", "OUT", Shape::Words),
    operator("linger", "LINGER", Shape::Flag),
    operator("consoleOutput", "CONSOLE_OUTPUT", Shape::Text),
    operator("localIPs", "LOCAL_IPS", Shape::Words),
    operator(
        "includeSystemEnvVars",
        "INCLUDE_SYSTEM_ENV_VARS",
        Shape::Flag,
    ),
    operator("extensions", "EXTENSIONS", Shape::Words),
    operator("moduleMirrors", "MODULE_MIRRORS", Shape::Texts),
    operator("reloadModules", "RELOAD_MODULES", Shape::Flag),
    operator("workers", "WORKERS", Shape::Count),
    operator("busyWarning", "BUSY_WARNING", Shape::Count),
    anyone("seed", "SEED", Shape::Count),
    anyone(
        "instancePerIteration",
        "INSTANCE_PER_ITERATION",
        Shape::Flag,
    ),
    grant("limits.memory", "LIMIT_MEMORY", Shape::Text),
    grant("limits.stack", "LIMIT_STACK", Shape::Text),
    grant("limits.cpuTime", "LIMIT_CPU_TIME", Shape::Duration),
    grant("limits.tableElements", "LIMIT_TABLE_ELEMENTS", Shape::Count),
    grant("limits.connections", "LIMIT_CONNECTIONS", Shape::Count),
    grant("limits.responseBody", "LIMIT_RESPONSE_BODY", Shape::Text),
    grant(
        "limits.responseHeaders",
        "LIMIT_RESPONSE_HEADERS",
        Shape::Count,
    ),
    grant("limits.responseHead", "LIMIT_RESPONSE_HEAD", Shape::Text),
    grant("limits.streamBuffer", "LIMIT_STREAM_BUFFER", Shape::Text),
    grant("limits.socketBuffer", "LIMIT_SOCKET_BUFFER", Shape::Text),
    grant("limits.sseEvent", "LIMIT_SSE_EVENT", Shape::Text),
    grant("limits.cookies", "LIMIT_COOKIES", Shape::Text),
    grant("limits.logBytes", "LIMIT_LOG_BYTES", Shape::Text),
    grant("limits.handles", "LIMIT_HANDLES", Shape::Count),
    grant("limits.series", "LIMIT_SERIES", Shape::Count),
    grant("limits.moduleSize", "LIMIT_MODULE_SIZE", Shape::Text),
    grant("limits.moduleTime", "LIMIT_MODULE_TIME", Shape::Duration),
    grant("limits.archiveSize", "LIMIT_ARCHIVE_SIZE", Shape::Text),
    grant("network.allow", "NETWORK_ALLOW", Shape::Words),
    grant("network.deny", "NETWORK_DENY", Shape::Words),
];

/// Options of k6 that are known and have no meaning here.
pub(crate) const IGNORED: &[&str] = &[
    "cloud",
    "ext",
    "features",
    "noUsageReport",
    "webDashboard",
    "collectors",
    "compatibilityMode",
];

/// Objects whose keys are options of their own.
pub(crate) const GROUPS: &[&str] = &["dns", "limits", "network"];
