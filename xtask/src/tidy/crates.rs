//! Defines the check of the crate-edge table: which of our crates may name which, who may name wasmtime, and where features
//! are named.

use super::Finding;
use crate::tree::File;

/// Our crates and all that each may depend on, of ours.
const EDGES: &[(&str, &[&str])] = &[
    ("brunt", &["brunt-runner"]),
    (
        "brunt-runner",
        &["brunt-host", "brunt-plan", "brunt-metrics", "brunt-script"],
    ),
    ("brunt-host", &["brunt-metrics"]),
    ("brunt-plan", &[]),
    ("brunt-script", &[]),
    ("brunt-metrics", &[]),
    ("brunt-sdk", &["brunt-sdk-macros"]),
    ("brunt-sdk-macros", &[]),
    ("brunt-examples", &["brunt-sdk"]),
    ("brunt-test-guests", &["brunt-sdk"]),
    ("brunt-js-runtime", &[]),
    ("brunt-mqtt", &["brunt-sdk", "brunt-e2e"]),
    ("brunt-c-bindings", &[]),
    ("brunt-stomp", &["brunt-sdk", "brunt-e2e"]),
    ("brunt-nats", &["brunt-sdk", "brunt-e2e"]),
    ("brunt-e2e", &[]),
    ("brunt-bench", &["brunt-e2e"]),
    ("xtask", &[]),
];

/// Crates that one of ours alone may name, by prefix.
const OWNED: &[(&str, &str)] = &[("wasmtime", "brunt-host")];

pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let manifests = files
        .iter()
        .filter(|file| file.path.ends_with("/Cargo.toml"));
    manifests
        .filter(|file| !file.path.contains("template/"))
        .flat_map(findings)
        .collect()
}

fn findings(file: &File) -> Vec<Finding> {
    let Some(package) = package_name(&file.text) else {
        return Vec::new();
    };
    let Some((_, allowed)) = EDGES.iter().find(|(name, _)| *name == package) else {
        return vec![Finding::error(
            &file.path,
            0,
            format!("`{package}` is missing in the crate-edge table of `cargo xtask tidy`"),
        )];
    };
    let named = dependencies(&file.text);
    let features = features_of_tests(file);
    let edges = named.into_iter().filter_map(|(line, name)| {
        Some(Finding::error(
            &file.path,
            line,
            problem(package, allowed, name)?,
        ))
    });
    edges.chain(features).collect()
}

fn problem(package: &str, allowed: &[&str], name: &str) -> Option<String> {
    let ours = EDGES.iter().any(|(known, _)| *known == name);
    if ours && !allowed.contains(&name) {
        return Some(format!(
            "`{package}` must not depend on `{name}`: allowed are {allowed:?}"
        ));
    }
    let (_, owner) = OWNED.iter().find(|(prefix, _)| name.starts_with(prefix))?;
    (*owner != package).then(|| format!("only `{owner}` may depend on `{name}`"))
}

/// Features that only tests ask for: the engine built with its tests would not be the engine built without them.
fn features_of_tests(file: &File) -> Option<Finding> {
    let lines = file.text.lines().enumerate();
    let mut inside = lines.skip_while(|(_, line)| line.trim() != "[dev-dependencies]");
    inside.next();
    let mut inside = inside.take_while(|(_, line)| !line.starts_with('['));
    let (at, _) = inside.find(|(_, line)| line.contains("features"))?;
    let message = "name the features in the workspace's manifest: programs built with the tests and without them would differ, and be compiled twice";
    Some(Finding::error(&file.path, at + 1, message))
}

fn package_name(manifest: &str) -> Option<&str> {
    let mut lines = manifest
        .lines()
        .skip_while(|line| line.trim() != "[package]");
    let value = lines.find_map(|line| line.trim().strip_prefix("name"))?;
    value
        .trim_start()
        .strip_prefix('=')?
        .trim()
        .split('"')
        .nth(1)
}

/// The dependencies of every kind, each with its line from 1.
fn dependencies(manifest: &str) -> Vec<(usize, &str)> {
    let mut inside = false;
    let mut found = Vec::new();
    for (at, line) in manifest.lines().enumerate() {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            let header = header.trim_end_matches(']');
            inside = header.ends_with("dependencies");
            if let Some((table, name)) = header.rsplit_once('.')
                && table.ends_with("dependencies")
            {
                found.push((at + 1, name));
            }
        } else if inside && !line.is_empty() && !line.starts_with('#') {
            let name = line.split(['=', '.', ' ']).next().unwrap_or_default();
            found.push((at + 1, name.trim_matches('"')));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(manifest: &str) -> Vec<String> {
        check(&[File::new("a/Cargo.toml", manifest)])
            .into_iter()
            .map(|finding| finding.to_string())
            .collect()
    }

    #[test]
    fn a_lower_crate_must_not_name_a_higher_one() {
        let found = messages(
            "[package]\nname = \"brunt-plan\"\n\n[dependencies]\nserde.workspace = true\nbrunt-runner.workspace = true\n",
        );
        assert_eq!(found.len(), 1);
        assert!(
            found[0].contains("a/Cargo.toml:6") && found[0].contains("`brunt-runner`"),
            "{found:?}"
        );
    }

    #[test]
    fn only_the_host_knows_wasmtime() {
        let with = |name: &str| {
            messages(&format!(
                "[package]\nname = \"{name}\"\n[dev-dependencies.wasmtime-wasi]\nversion = \"1\"\n"
            ))
        };
        assert_eq!(with("brunt-host").len(), 0);
        assert_eq!(with("brunt-runner").len(), 1);
    }

    #[test]
    fn tests_ask_for_no_features_of_their_own() {
        let with = |line: &str| {
            messages(&format!(
                "[package]\nname = \"brunt-plan\"\n[dependencies]\na = {{ features = [] }}\n[dev-dependencies]\n{line}\n[lints]\n"
            ))
        };
        assert_eq!(with("tokio.workspace = true").len(), 0);
        let found = with("tokio = { workspace = true, features = [\"test-util\"] }");
        assert!(found[0].starts_with("error: a/Cargo.toml:6"), "{found:?}");
    }

    #[test]
    fn an_unknown_package_is_reported() {
        assert_eq!(messages("[package]\nname = \"brunt-surprise\"\n").len(), 1);
    }
}
