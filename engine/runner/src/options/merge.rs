//! Defines how layers become one: the higher wins, and execution options wipe each other.

use std::collections::BTreeMap;

use super::layer::{Given, Layer, Source};
use super::table::{self, Scope};

/// Options by name.
pub(super) type Values = BTreeMap<&'static str, Given>;

/// The outcome of all layers.
pub(super) struct Merged {
    /// What is in force.
    pub(super) values: Values,
    /// What the test asks for where it may only narrow what it is granted; its `hosts` too, if they are in force.
    pub(super) by_test: Values,
    pub(super) warnings: Vec<String>,
}

/// The options that replace each other.
const EXECUTION: [&str; 4] = ["duration", "iterations", "stages", "scenarios"];

/// Puts the layers on top of each other, the weakest source first.
pub(super) fn merge(mut layers: Vec<Layer>) -> Merged {
    layers.sort_by(|left, right| left.source.cmp(&right.source));
    let mut merged = Merged {
        values: Values::new(),
        by_test: Values::new(),
        warnings: Vec::new(),
    };
    for layer in layers {
        merged.warnings.extend(layer.warnings.iter().cloned());
        merged.wipe_execution(&layer);
        merged.apply(layer);
    }
    merged.warn_of_idle_vus();
    merged
}

impl Merged {
    fn wipe_execution(&mut self, layer: &Layer) {
        let Some(given) = EXECUTION
            .iter()
            .find_map(|name| Some((name, layer.values.get(name)?)))
        else {
            return;
        };
        let (by, Given { origin, .. }) = given;
        for name in EXECUTION {
            // To give another value to the same option is no surprise.
            if let Some(wiped) = self.values.remove(name)
                && name != *by
            {
                self.warnings.push(format!(
                    "{by} from {origin} replaces {name} from {}",
                    wiped.origin
                ));
            }
        }
    }

    fn apply(&mut self, layer: Layer) {
        let from_test = layer.source == Source::Test;
        for (name, given) in layer.values {
            let grant = table::find(name).is_some_and(|option| option.scope == Scope::Grant);
            if from_test && (grant || name == "hosts") {
                self.by_test.insert(name, given.clone());
            }
            if !(from_test && grant) {
                self.values.insert(name, given);
            }
            if !from_test && name == "hosts" {
                self.by_test.remove(name);
            }
        }
    }

    fn warn_of_idle_vus(&mut self) {
        if let (Some(vus), true) = (
            self.values.get("vus"),
            self.values.contains_key("scenarios"),
        ) {
            let warning = format!(
                "vus from {} has no effect, as scenarios say how many VUs they use",
                vus.origin
            );
            self.warnings.push(warning);
        }
    }
}
