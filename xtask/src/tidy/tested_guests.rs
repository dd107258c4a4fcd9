//! Defines the check that every test guest is named by a test: a behaviour that nobody runs is not proved.

use super::Finding;
use crate::tree::File;

const GUESTS: &str = "tests/guests/";
const TESTS: &str = "tests/e2e/";

pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let tests: Vec<&File> = files
        .iter()
        .filter(|file| file.path.starts_with(TESTS) && file.path.ends_with(".rs"))
        .collect();
    let untested = files
        .iter()
        .filter(|file| is_guest(&file.path))
        .filter(|guest| {
            let quoted = format!("\"{}\"", guest.stem());
            !tests.iter().any(|test| test.text.contains(&quoted))
        });
    untested
        .map(|guest| {
            Finding::error(
                &guest.path,
                0,
                format!("no test in {TESTS} names \"{}\"", guest.stem()),
            )
        })
        .collect()
}

/// Rust guests are the files of the folder itself.
fn is_guest(path: &str) -> bool {
    path.strip_prefix(GUESTS)
        .is_some_and(|name| name.ends_with(".rs") && !name.contains('/'))
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
            File::new(
                "tests/e2e/tests/e2e/smoke.rs",
                "run(guest(\"get_checks\")) // spin",
            ),
        ];
        let found = check(&files);
        assert_eq!(
            found,
            [Finding::error(
                "tests/guests/spin.rs",
                0,
                "no test in tests/e2e/ names \"spin\""
            )]
        );
    }
}
