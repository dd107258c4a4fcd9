//! Defines the CSV output: one row per sample, one column per system tag.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use brunt_metrics::{RawBatch, RawSample, TagSet};

use super::sink::{Sink, describe};
use super::time::{FORMATS, TimeFormat};
use super::{Definitions, Output, OutputContext, OutputError, OutputSpec};

/// The file k6 writes when none is named.
const DEFAULT_FILE: &str = "file.csv";

/// System tags that describe a sample without being a dimension: they are metadata, not columns.
const NOT_COLUMNS: [&str; 2] = ["iter", "vu"];

/// Rows of comma-separated values, in the shape that k6 writes.
pub(crate) struct CsvOutput {
    settings: Settings,
    writer: csv::Writer<Sink>,
    definitions: Definitions,
    /// The system tags that have a column, sorted.
    columns: Vec<String>,
}

#[derive(Debug, PartialEq)]
struct Settings {
    path: String,
    time_format: TimeFormat,
    save_interval: Duration,
}

impl CsvOutput {
    /// Opens the file that `spec` names and writes the row of headings.
    pub(crate) fn open(spec: &OutputSpec, context: &OutputContext) -> Result<Self, OutputError> {
        let settings = Settings::read(&spec.argument, &context.env)?;
        let sink = Sink::open("csv", &settings.path)?;
        let mut columns = context.system_tags.clone();
        columns.retain(|tag| !NOT_COLUMNS.contains(&tag.as_str()));
        columns.sort_unstable();
        columns.dedup();
        let mut writer = csv::Writer::from_writer(sink);
        let fixed = ["metric_name", "timestamp", "metric_value"].into_iter();
        let headings = fixed.chain(columns.iter().map(String::as_str));
        let written = writer.write_record(headings.chain(["extra_tags", "metadata"]));
        written
            .and_then(|()| Ok(writer.flush()?))
            .map_err(|error| {
                OutputError::new(format!(
                    "output csv: cannot write to '{}': {error}",
                    settings.path
                ))
            })?;
        Ok(Self {
            settings,
            writer,
            definitions: Definitions::new(&context.registry),
            columns,
        })
    }

    fn write_sample(&mut self, sample: &RawSample, tags: &TagSet) -> io::Result<()> {
        let Some(definition) = self.definitions.get(sample.metric) else {
            return Ok(());
        };
        self.writer.write_field(&*definition.name)?;
        self.writer
            .write_field(self.settings.time_format.write(sample.time_unix_ns))?;
        self.writer.write_field(format!("{:.6}", sample.value))?;
        for column in &self.columns {
            self.writer
                .write_field(tags.get(column).unwrap_or_default())?;
        }
        let extra = tags
            .iter()
            .filter(|(key, _)| !self.columns.iter().any(|c| c == key));
        self.writer.write_field(joined(extra))?;
        let metadata = sample.metadata.as_ref().map(|set| joined(set.iter()));
        self.writer.write_field(metadata.unwrap_or_default())?;
        Ok(self.writer.write_record(None::<&[u8]>)?)
    }
}

impl Output for CsvOutput {
    fn description(&self) -> String {
        describe("csv", &self.settings.path)
    }

    fn write(&mut self, batch: &RawBatch) -> io::Result<()> {
        batch
            .iter()
            .try_for_each(|(sample, tags)| self.write_sample(sample, tags))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }

    fn flush_interval(&self) -> Duration {
        self.settings.save_interval
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        match self.writer.into_inner() {
            Ok(sink) => sink.finish(),
            Err(error) => Err(error.into_error()),
        }
    }
}

impl Settings {
    /// Defaults, then `K6_CSV_*`, then the argument: a file name, or `key=value` pairs separated by commas.
    fn read(argument: &str, env: &BTreeMap<String, String>) -> Result<Self, OutputError> {
        let (time_format, save_interval) = (TimeFormat::Unix, Duration::from_secs(1));
        let mut settings = Self {
            path: DEFAULT_FILE.to_owned(),
            time_format,
            save_interval,
        };
        let variables = [
            ("K6_CSV_FILENAME", "fileName"),
            ("K6_CSV_SAVE_INTERVAL", "saveInterval"),
            ("K6_CSV_TIME_FORMAT", "timeFormat"),
        ];
        for (variable, key) in variables {
            if let Some(value) = env.get(variable) {
                settings.set(key, value, variable)?;
            }
        }
        for (position, part) in argument
            .split(',')
            .filter(|part| !part.is_empty())
            .enumerate()
        {
            match part.split_once('=') {
                Some((key, value)) => settings.set(key, value, "-o csv")?,
                None if position == 0 => settings.path = part.to_owned(),
                None => {
                    return Err(OutputError::new(format!(
                        "output csv: '{part}' in '{argument}' is not key=value; write csv=file.csv or csv=fileName=file.csv,timeFormat=unix_nano"
                    )));
                }
            }
        }
        Ok(settings)
    }

    fn set(&mut self, key: &str, value: &str, origin: &str) -> Result<(), OutputError> {
        let wrong = |what: String| Err(OutputError::new(format!("output csv ({origin}): {what}")));
        match key {
            _ if value.is_empty() => return wrong(format!("'{key}' has no value")),
            "fileName" => self.path = value.to_owned(),
            "timeFormat" => match FORMATS.iter().find(|(name, _)| *name == value) {
                Some((_, format)) => self.time_format = *format,
                None => {
                    let names = FORMATS.map(|(name, _)| name).join(", ");
                    return wrong(format!("'{value}' is no timeFormat: there are {names}"));
                }
            },
            "saveInterval" => match interval(value) {
                Some(interval) => self.save_interval = interval,
                None => {
                    return wrong(format!(
                        "'{value}' is no saveInterval: write a duration such as 1s or 500ms"
                    ));
                }
            },
            _ => {
                return wrong(format!(
                    "unknown key '{key}': there are fileName, saveInterval and timeFormat"
                ));
            }
        }
        Ok(())
    }
}

/// A positive number with one unit; a bare number is milliseconds.
fn interval(text: &str) -> Option<Duration> {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let seconds_per_unit = match &text[end..] {
        "" | "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    let seconds = text[..end].parse::<f64>().ok()? * seconds_per_unit;
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|interval| !interval.is_zero())
}

fn joined<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let pairs: Vec<_> = pairs.map(|(key, value)| format!("{key}={value}")).collect();
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(argument: &str, env: &[(&str, &str)]) -> Result<Settings, String> {
        let env = env
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        Settings::read(argument, &env).map_err(|error| error.to_string())
    }

    #[test]
    fn the_argument_wins_over_the_environment() {
        let env = [
            ("K6_CSV_FILENAME", "e.csv"),
            ("K6_CSV_TIME_FORMAT", "rfc3339"),
            ("K6_CSV_SAVE_INTERVAL", "2s"),
        ];
        let cases: [(&str, &[_], &str, TimeFormat, u64); 5] = [
            ("", &[], "file.csv", TimeFormat::Unix, 1_000),
            ("r.csv.gz", &[], "r.csv.gz", TimeFormat::Unix, 1_000),
            ("r.csv", &env, "r.csv", TimeFormat::Rfc3339, 2_000),
            ("", &env, "e.csv", TimeFormat::Rfc3339, 2_000),
            (
                "fileName=r.csv,timeFormat=unix_nano,saveInterval=250ms",
                &env,
                "r.csv",
                TimeFormat::UnixNano,
                250,
            ),
        ];
        for (argument, env, path, time_format, ms) in cases {
            let save_interval = Duration::from_millis(ms);
            let expected = Settings {
                path: path.to_owned(),
                time_format,
                save_interval,
            };
            assert_eq!(read(argument, env), Ok(expected), "{argument}");
        }
    }

    #[test]
    fn wrong_arguments_say_what_is_right() {
        let cases = [
            ("timeFormat=iso", "'iso' is no timeFormat: there are unix,"),
            ("saveInterval=soon", "'soon' is no saveInterval"),
            ("file=x", "unknown key 'file'"),
            ("fileName=", "'fileName' has no value"),
            ("r.csv,unix", "'unix' in 'r.csv,unix' is not key=value"),
        ];
        for (argument, part) in cases {
            let text = read(argument, &[]).err().unwrap_or_default();
            assert!(text.contains(part), "{argument}: {text}");
        }
    }
}
