//! Defines how an output is named: `json`, `json=results.json.gz`, `csv=results.csv`.

use std::str::FromStr;

use super::OutputError;

/// Outputs of k6 that need no place here, with what to use instead.
const ELSEWHERE: &str = "write json or csv and load the file from there";

/// An output as the user named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputSpec {
    /// Which output.
    pub kind: OutputKind,
    /// What follows the `=`; empty when nothing does.
    pub argument: String,
}

/// The outputs that exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputKind {
    /// Lines of JSON.
    Json,
    /// Comma-separated values.
    Csv,
}

impl FromStr for OutputSpec {
    type Err = OutputError;

    /// Reads `name` or `name=argument`.
    fn from_str(text: &str) -> Result<Self, OutputError> {
        let (name, argument) = text.split_once('=').unwrap_or((text, ""));
        let kind = match name {
            "json" => OutputKind::Json,
            "csv" => OutputKind::Csv,
            _ => {
                let message = format!(
                    "unknown output '{name}': there are json[=file] and csv[=file]; for other systems, {ELSEWHERE}"
                );
                return Err(OutputError::new(message));
            }
        };
        Ok(Self {
            kind,
            argument: argument.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_named() {
        let cases = [
            ("json", OutputKind::Json, ""),
            ("json=a=b.json", OutputKind::Json, "a=b.json"),
            ("csv=r.csv.gz", OutputKind::Csv, "r.csv.gz"),
        ];
        for (text, kind, argument) in cases {
            let spec: OutputSpec = text.parse().expect(text);
            assert_eq!(
                spec,
                OutputSpec {
                    kind,
                    argument: argument.to_owned()
                }
            );
        }
        let error = "influxdb=http://x"
            .parse::<OutputSpec>()
            .map_err(|e| e.to_string());
        assert!(error.is_err_and(|text| text.contains("unknown output 'influxdb'")));
    }
}
