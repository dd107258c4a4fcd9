//! Defines the tests that keep the tables of docs/ true to the code, rewritten when `UPDATE_SNAPSHOTS` is set.
//!
//! What the code knows is written anew; the sentences of the last column are the documents' own, and are kept.

use std::collections::BTreeSet;
use std::path::Path;

use brunt_runner::ERROR_CODES;
use brunt_runner::metrics::{Contains, Registry};
use brunt_runner::options::{
    LIMITS, LimitUnit, OPTIONS, OptionSpec, Options, SystemTags, WITHOUT_EFFECT,
};
use clap::CommandFactory;
use serde_json::{Map, Value};

use crate::args::{Args, OptionFlags};

#[test]
fn every_option_is_documented() {
    let json = Options::default().to_operator_json();
    let rows = OPTIONS
        .iter()
        .filter(|option| !option.name.starts_with("limits."));
    let rows = rows.map(|option| Row {
        key: code(option.name),
        cells: vec![
            flags(option.name),
            variable(option),
            default(&json, option.name),
        ],
        end: missing_effect(option.name),
    });
    check("options.md", "options", rows.collect());
}

#[test]
fn every_limit_is_documented() {
    let json = Options::default().to_operator_json();
    let limits = LIMITS.iter().map(|limit| {
        let name = limit.name;
        let default = number(&json, &limit.option());
        let default = match limit.unit {
            LimitUnit::Bytes => size(default.as_u64().unwrap_or_default()),
            LimitUnit::Time | LimitUnit::Count => plain(&default),
        };
        let option = OPTIONS.iter().find(|option| option.name == limit.option());
        let variable = option.map(variable).unwrap_or_default();
        Row {
            key: code(name),
            cells: vec![default, code(&format!("--limit {name}=")), variable],
            end: Some(limit.effect.to_owned()),
        }
    });
    check("limits.md", "limits", limits.collect());
}

#[test]
fn every_metric_is_documented() {
    let emitted = Registry::new().all().into_iter().filter(|metric| {
        // The metrics of protocols that this version doesn't speak have names only.
        !["ws_", "grpc_"]
            .iter()
            .any(|protocol| metric.name.starts_with(protocol))
    });
    let rows = emitted.map(|metric| {
        let unit = match metric.contains {
            Contains::Default => "",
            Contains::Time => "ms",
            Contains::Data => "bytes",
        };
        Row {
            key: code(&metric.name),
            cells: vec![metric.kind.as_str().to_owned(), unit.to_owned()],
            end: None,
        }
    });
    check("metrics.md", "metrics", rows.collect());
}

#[test]
fn every_error_code_is_documented() {
    let rows = ERROR_CODES.iter().map(|row| Row {
        key: row.code.to_string(),
        cells: vec![row.tag.to_owned()],
        end: Some(row.when.to_owned()),
    });
    check("http-errors.md", "error-codes", rows.collect());
}

#[test]
fn every_system_tag_is_documented() {
    let default: BTreeSet<&str> = SystemTags::on_by_default().collect();
    let all: BTreeSet<&str> = SystemTags::all().collect();
    let tags = default.iter().map(|tag| (tag, "on"));
    let rows = tags.chain(all.difference(&default).map(|tag| (tag, "off")));
    let rows = rows.map(|(tag, state)| Row {
        key: code(tag),
        cells: vec![state.to_owned()],
        end: None,
    });
    check("metrics.md", "system-tags", rows.collect());
}

/// One row of a table, without its last cell.
struct Row {
    key: String,
    cells: Vec<String>,
    /// The last cell, or how it has to end; none where the document decides.
    end: Option<String>,
}

impl Row {
    /// The row's line, with the document's own sentence where the code has none.
    fn line(&self, old: &str) -> String {
        let start = format!("| {} |", self.key);
        let written = old.lines().find_map(|line| line.strip_prefix(&start));
        let written = written.and_then(|rest| rest.trim_end_matches(" |").rsplit(" | ").next());
        let own = written
            .unwrap_or("not described")
            .split(" **No effect")
            .next();
        let last = match &self.end {
            Some(end) if !end.starts_with("**") => end.clone(),
            Some(end) => format!("{} {end}", own.unwrap_or_default()),
            None => own.unwrap_or_default().to_owned(),
        };
        assert_ne!(
            last, "not described",
            "{} lacks its description in docs/",
            self.key
        );
        format!("{start} {} | {last} |", self.cells.join(" | "))
    }
}

/// Compares a table of a document with its rows; the two lines of the table's head stay.
fn check(file: &str, block: &str, rows: Vec<Row>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs")
        .join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
    let (open, close) = (
        format!("<!-- generated: {block} -->\n"),
        format!("<!-- end of {block} -->"),
    );
    let (before, rest) = text
        .split_once(&open)
        .unwrap_or_else(|| panic!("{file} has no {open}"));
    let (old, after) = rest
        .split_once(&close)
        .unwrap_or_else(|| panic!("{file} has no {close}"));
    let head: Vec<String> = old.lines().take(2).map(str::to_owned).collect();
    let lines: Vec<String> = head
        .into_iter()
        .chain(rows.iter().map(|row| row.line(old)))
        .collect();
    let fresh = format!("{before}{open}{}\n{close}{after}", lines.join("\n"));
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, &fresh).expect("a writable docs folder");
        return;
    }
    assert_eq!(
        text, fresh,
        "docs/{file} is stale; UPDATE_SNAPSHOTS=1 rewrites its tables"
    );
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

/// The flags that set an option, the short forms too.
fn flags(option: &str) -> String {
    let command = Args::command();
    let run = command
        .find_subcommand("run")
        .expect("there is a command run");
    let flags = OptionFlags::names()
        .into_iter()
        .filter(|(name, _)| *name == option);
    let flags = flags.map(|(_, flag)| {
        let argument = run.get_arguments().find(|argument| {
            argument
                .get_long()
                .is_some_and(|long| flag.strip_prefix("--") == Some(long))
        });
        let argument = argument.unwrap_or_else(|| panic!("{flag} is no flag"));
        match argument.get_short() {
            Some(short) => format!("`-{short}` `{flag}`"),
            None => code(flag),
        }
    });
    flags.collect::<Vec<_>>().join(" ")
}

fn variable(option: &OptionSpec) -> String {
    match option.env {
        "" if option.name.starts_with("dns.") => code("BRUNT_DNS"),
        "" => String::new(),
        name => code(&format!("BRUNT_{name}")),
    }
}

/// The default as `inspect` prints it; options that it leaves out are off or empty.
fn default(json: &Map<String, Value>, option: &str) -> String {
    let beside = [
        ("workers", "one per core"),
        ("userAgent", "`brunt/` and the version"),
        ("vus", "`1`"),
        ("rps", "no limit"),
        ("dns.server", "the system's"),
        ("summaryTimeUnit", "as suits"),
        ("executionSegmentSequence", "none"),
        ("systemTags", "[those on](metrics.md#system-tags)"),
        ("scenarios", "one iteration of one VU"),
        ("tlsVersion", "all"),
    ];
    if let Some((_, text)) = beside.iter().find(|(name, _)| *name == option) {
        return (*text).to_owned();
    }
    plain(&number(json, option))
}

/// The value below a name with dots.
fn number(json: &Map<String, Value>, option: &str) -> Value {
    let value = match option.split_once('.') {
        Some((group, name)) => json.get(group).and_then(|group| group.get(name)),
        None => json.get(option),
    };
    value.cloned().unwrap_or_default()
}

/// A value as one writes it in a table.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) if text.is_empty() => "none".to_owned(),
        Value::String(text) => code(text),
        Value::Array(list) if list.is_empty() => "none".to_owned(),
        Value::Array(list) => code(
            &list
                .iter()
                .filter_map(Value::as_str)
                .collect::<Vec<_>>()
                .join(","),
        ),
        Value::Object(map) if map.is_empty() => "none".to_owned(),
        value => code(&value.to_string()),
    }
}

fn size(bytes: u64) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let unit = units
        .iter()
        .find(|(unit, _)| bytes >= *unit && bytes.is_multiple_of(*unit));
    unit.map_or_else(
        || code(&bytes.to_string()),
        |(unit, name)| code(&format!("{}{name}", bytes / unit)),
    )
}

fn missing_effect(option: &str) -> Option<String> {
    let row = WITHOUT_EFFECT.iter().find(|row| row.name == option)?;
    Some(format!("**No effect yet**{}.", row.instead))
}
