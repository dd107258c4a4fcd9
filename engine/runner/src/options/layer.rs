//! Defines a layer: what one source says about options, each value with where it was found.

use std::collections::BTreeMap;
use std::fmt;

use brunt_plan::suggest;
use serde_json::{Map, Value};

use super::error::OptionsError;
use super::table::{self, BareNumber, GROUPS, IGNORED, OPTIONS, OptionSpec, Scope};

/// Where options come from, the weakest first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// What scripts have where nobody says otherwise.
    ScriptDefaults,
    /// A config file, by its path.
    Config(String),
    /// The test itself.
    Test,
    /// Environment variables.
    Environment,
    /// Flags of the command line.
    Flags,
}

/// Options that count before the test has said anything, beside the grants.
const BEFORE_THE_TEST: [&str; 19] = [
    "includeSystemEnvVars",
    "seed",
    "extensions",
    "moduleMirrors",
    "reloadModules",
    "userAgent",
    "insecureSkipTLSVerify",
    "tlsCipherSuites",
    "tlsVersion",
    "tlsAuth",
    "tlsCA",
    "hosts",
    "blacklistIPs",
    "blockHostnames",
    "localIPs",
    "dns.ttl",
    "dns.select",
    "dns.policy",
    "dns.server",
];

/// What one source says. Whatever it doesn't mention is left to the layers below.
#[derive(Debug, Clone)]
pub struct Layer {
    pub(super) source: Source,
    pub(super) values: BTreeMap<&'static str, Given>,
    pub(super) warnings: Vec<String>,
}

/// A value and where it was found, in words for messages.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Given {
    pub(super) value: Value,
    pub(super) origin: String,
}

impl Layer {
    /// A layer that says nothing yet.
    pub fn new(source: Source) -> Layer {
        Layer {
            source,
            values: BTreeMap::new(),
            warnings: Vec::new(),
        }
    }

    /// Options in k6's JSON shape, from a config file or a test. `null` leaves an option unset; an unknown one is ignored with
    /// a warning, as is one that the source may not set.
    ///
    /// # Errors
    /// When `options` is not an object, or `dns`, `limits` or `network` in it is none.
    pub fn from_json(source: Source, options: &Value) -> Result<Layer, OptionsError> {
        let mut layer = Layer::new(source);
        let Value::Object(options) = options else {
            return Err(OptionsError::one(format!(
                "{} must be a JSON object, got {options}",
                layer.source
            )));
        };
        for (key, value) in options.iter().filter(|(_, value)| !value.is_null()) {
            match value {
                Value::Object(group) if GROUPS.contains(&key.as_str()) => {
                    layer.add_group(key, group)
                }
                _ if GROUPS.contains(&key.as_str()) => {
                    return Err(OptionsError::one(format!(
                        "{key} in {} must be an object, got {value}",
                        layer.source
                    )));
                }
                _ => layer.add(key, value),
            }
        }
        Ok(layer)
    }

    /// The options in environment variables `BRUNT_<NAME>` and, where that is not set, `K6_<NAME>`. Empty variables and
    /// those that are no options don't count, but for `GODEBUG=http2client=0`, which k6 users know.
    ///
    /// # Errors
    /// All variables whose text is wrong.
    pub fn from_env(
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Layer, OptionsError> {
        let variables: BTreeMap<String, String> = variables
            .into_iter()
            .filter(|(_, text)| !text.is_empty())
            .collect();
        let mut layer = Layer::new(Source::Environment);
        let mut problems = Vec::new();
        for option in OPTIONS.iter().filter(|option| !option.env.is_empty()) {
            let Some((name, text)) = find_variable(&variables, option) else {
                continue;
            };
            match option.shape.read_text(text, BareNumber::Millis) {
                Ok(value) => layer.set_from(option.name, value, name),
                Err(message) => problems.push(format!("{name}: {message}")),
            }
        }
        if let Some((name, text)) =
            first_of(&variables, ["BRUNT_DNS".to_owned(), "K6_DNS".to_owned()])
        {
            layer
                .set_dns(text, &name)
                .unwrap_or_else(|message| problems.push(format!("{name}: {message}")));
        }
        // As in Go, on which k6 stands.
        let go = variables.get("GODEBUG").map_or("", String::as_str);
        if go.split(',').any(|word| word.trim() == "http2client=0")
            && !layer.values.contains_key("httpVersion")
        {
            layer.set_from("httpVersion", "1.1".into(), "GODEBUG");
        }
        OptionsError::check(problems, layer)
    }

    /// Sets an option in the JSON shape that it has in a config file; `origin` is what messages call the place, such as
    /// `--vus`. A name that is no option is ignored.
    pub fn set_from(&mut self, name: &str, value: Value, origin: impl Into<String>) {
        if let Some(option) = table::find(name) {
            self.values.insert(
                option.name,
                Given {
                    value,
                    origin: origin.into(),
                },
            );
        }
    }

    /// Sets an option from the text of a flag, `origin`, such as `--vus`. A duration needs a unit there.
    ///
    /// # Errors
    /// What is wrong with the text, with the flag's name.
    pub fn set_text(&mut self, name: &str, text: &str, origin: &str) -> Result<(), OptionsError> {
        let Some(option) = table::find(name) else {
            return Ok(());
        };
        let value = option.shape.read_text(text, BareNumber::Refused);
        let value = value.map_err(|message| OptionsError::one(format!("{origin}: {message}")))?;
        self.set_from(name, value, origin);
        Ok(())
    }

    /// What this layer says about what a test may use and see before it has said anything, and how its modules are fetched.
    pub(crate) fn grants(&self) -> Layer {
        let granted = |name: &str| {
            BEFORE_THE_TEST.contains(&name)
                || table::find(name).is_some_and(|option| option.scope == Scope::Grant)
        };
        let values = self.values.iter().filter(|(name, _)| granted(name));
        Layer {
            source: self.source.clone(),
            values: values.map(|(name, given)| (*name, given.clone())).collect(),
            warnings: Vec::new(),
        }
    }

    /// Sets the parts of `dns` that are written `ttl=5m,select=random,policy=any,server=127.0.0.1:53`.
    ///
    /// # Errors
    /// A part of the text that is none of these.
    pub fn set_dns(&mut self, text: &str, origin: &str) -> Result<(), String> {
        for part in text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            match part.split_once('=') {
                Some((key @ ("ttl" | "select" | "policy" | "server"), value)) => {
                    self.set_from(&format!("dns.{key}"), Value::from(value), origin);
                }
                _ => {
                    return Err(format!(
                        "{part:?} is not part of a DNS setting; write ttl=5m,select=random,policy=preferIPv4"
                    ));
                }
            }
        }
        Ok(())
    }

    fn add_group(&mut self, group: &str, members: &Map<String, Value>) {
        for (key, value) in members.iter().filter(|(_, value)| !value.is_null()) {
            self.add(&format!("{group}.{key}"), value);
        }
    }

    fn add(&mut self, key: &str, value: &Value) {
        match table::find(key) {
            Some(option) if option.scope == Scope::Operator && self.source == Source::Test => {
                self.warn(format!(
                    "{key} in {} is ignored: only whoever runs the test may set it",
                    self.source
                ));
            }
            Some(_) => self.set_from(key, value.clone(), self.source.to_string()),
            None if IGNORED.contains(&key) => {
                self.warn(format!("{key} in {} has no effect in Brunt", self.source))
            }
            None => {
                let hint = suggest::hint(key, OPTIONS.iter().map(|option| option.name));
                self.warn(format!(
                    "unknown option {key:?} in {} is ignored{hint}",
                    self.source
                ));
            }
        }
    }

    fn warn(&mut self, warning: String) {
        self.warnings.push(warning);
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::ScriptDefaults => f.write_str("the defaults of scripts"),
            Source::Config(path) => write!(f, "config file {path}"),
            Source::Test => f.write_str("the test's options"),
            Source::Environment => f.write_str("the environment"),
            Source::Flags => f.write_str("the command line"),
        }
    }
}

/// The variable that sets an option. What k6 doesn't have is not read from its variables.
fn find_variable<'a>(
    variables: &'a BTreeMap<String, String>,
    option: &OptionSpec,
) -> Option<(String, &'a str)> {
    let ours = format!("BRUNT_{}", option.env);
    let theirs = format!("K6_{}", option.env);
    let both = option.scope != Scope::Grant
        && ![
            "workers",
            "seed",
            "instancePerIteration",
            "tlsCA",
            "extensions",
            "httpVersion",
            "moduleMirrors",
            "reloadModules",
        ]
        .contains(&option.name);
    first_of(
        variables,
        [Some(ours), both.then_some(theirs)].into_iter().flatten(),
    )
}

fn first_of(
    variables: &BTreeMap<String, String>,
    names: impl IntoIterator<Item = String>,
) -> Option<(String, &str)> {
    names
        .into_iter()
        .find_map(|name| variables.get(&name).map(|text| (name, text.as_str())))
}
