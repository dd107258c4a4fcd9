//! Defines how execution options become scenarios and the share of them that this machine runs.

use brunt_plan::{PlanError, Scenario, Segment, SegmentError, Sequence, Share, parse_scenarios};
use serde_json::{Map, Value};

use super::reader::{self, Reader};

/// Which part of the load this machine runs.
pub(super) struct SegmentOptions {
    pub(super) segment: Segment,
    pub(super) sequence: Option<Sequence>,
    pub(super) share: Share,
}

/// Reads `scenarios`, or the shortcuts that stand for one.
pub(super) fn read_scenarios(reader: &mut Reader<'_>) -> Vec<Scenario> {
    let scenarios = match reader.raw("scenarios") {
        Some(value) => read_map(reader, value),
        None => shortcuts(reader).map(|scenario| vec![scenario]),
    };
    scenarios.unwrap_or_default()
}

/// Reads `executionSegment` and `executionSegmentSequence`.
pub(super) fn read_segment(reader: &mut Reader<'_>) -> SegmentOptions {
    let segment = reader
        .read("executionSegment", parse::<Segment>)
        .unwrap_or(Segment::WHOLE);
    let sequence = reader.read("executionSegmentSequence", parse::<Sequence>);
    let share = match (&sequence, reader.given("executionSegment")) {
        (Some(_), false) => Ok(Share::whole()),
        (sequence, _) => Share::segment(&segment, sequence.as_ref()),
    };
    let share = share
        .map_err(|error| reader.problem("executionSegment", error))
        .unwrap_or_else(|()| Share::whole());
    SegmentOptions {
        segment,
        sequence,
        share,
    }
}

fn read_map(reader: &mut Reader<'_>, value: &Value) -> Option<Vec<Scenario>> {
    for shortcut in ["iterations", "duration", "stages"] {
        if reader
            .raw(shortcut)
            .is_some_and(|value| value.as_array().is_none_or(|stages| !stages.is_empty()))
        {
            let origin = reader.origin("scenarios");
            reader.problem(
                shortcut,
                format!("can't be used together with scenarios (from {origin}); choose one"),
            );
        }
    }
    let Value::Object(map) = value else {
        reader.problem("scenarios", format!("must be an object, got {value}"));
        return None;
    };
    let parsed = parse_scenarios(map);
    parsed
        .map_err(|error| note(reader, "scenarios", &error))
        .ok()
}

fn shortcuts(reader: &mut Reader<'_>) -> Option<Scenario> {
    let given = |name: &str| Some((name.to_owned(), reader.raw(name)?.clone()));
    let options: Map<String, Value> = ["vus", "duration", "iterations", "stages"]
        .into_iter()
        .filter_map(given)
        .collect();
    let origins = ["stages", "iterations", "duration", "vus"];
    let named = origins
        .into_iter()
        .find(|name| options.contains_key(*name))
        .unwrap_or("vus");
    Scenario::from_shortcuts(&options)
        .map_err(|error| note(reader, named, &error))
        .ok()
}

fn note(reader: &mut Reader<'_>, name: &str, error: &PlanError) {
    let origin = reader.origin(name);
    for problem in error.problems() {
        reader.general_problem(format!("{problem} (from {origin})"));
    }
}

fn parse<T: std::str::FromStr<Err = SegmentError>>(value: &Value) -> Result<T, String> {
    reader::text(value)?
        .parse()
        .map_err(|error: SegmentError| error.to_string())
}
