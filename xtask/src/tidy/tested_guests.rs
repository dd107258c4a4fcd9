//! Defines the check that every test guest is named by a test: a behaviour that nobody runs is not proved.

use super::Finding;
use crate::tree::File;

const GUESTS: &str = "tests/guests/";
const TESTS: &str = "tests/e2e/";

pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let is_test = |file: &&File| file.path.starts_with(TESTS) && file.path.ends_with(".rs");
    let tests: Vec<&File> = files.iter().filter(is_test).collect();
    let guests = files
        .iter()
        .filter_map(|file| Some((file, guest(&file.path)?)));
    let untested = guests.filter(|(_, name)| {
        let quoted = format!("\"{name}\"");
        !tests.iter().any(|test| test.text.contains(&quoted))
    });
    untested
        .map(|(file, name)| {
            Finding::error(
                &file.path,
                0,
                format!("no test in {TESTS} names \"{name}\""),
            )
        })
        .collect()
}

/// The name of the guest in this file: `spin` for one in Rust, `c/contract` for one in another language's folder.
fn guest(path: &str) -> Option<&str> {
    let (name, extension) = path.strip_prefix(GUESTS)?.rsplit_once('.')?;
    match (name.split_once('/'), extension) {
        (None, "rs") | (Some(("c", _)), "c") | (Some(("python", _)), "py") => Some(name),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_without_a_test_is_an_error() {
        let files = [
            File::new("tests/guests/get_checks.rs", ""),
            File::new("tests/guests/spin.rs", ""),
            File::new("tests/guests/src/lib.rs", ""),
            File::new("tests/guests/c/contract.c", ""),
            File::new(
                "tests/e2e/tests/e2e/smoke.rs",
                "run(guest(\"get_checks\")) // spin",
            ),
        ];
        let found = check(&files);
        let found: Vec<&str> = found
            .iter()
            .map(|finding| finding.message.as_str())
            .collect();
        let missing = [
            "no test in tests/e2e/ names \"c/contract\"",
            "no test in tests/e2e/ names \"spin\"",
        ];
        assert_eq!(found.len(), 2);
        assert!(
            missing.iter().all(|message| found.contains(message)),
            "{found:?}"
        );
    }
}
