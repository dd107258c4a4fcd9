//! Defines the warning about long files.

use super::Finding;
use super::rust::Source;

/// Lines of a file, without the tests at its bottom; files of tests may be longer.
const MOST_LINES: usize = 400;

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let lengths = sources
        .iter()
        .filter(|source| source.file.stem() != "tests")
        .map(|source| (source, source.code_before_tests().lines().count()));
    let long = lengths.filter(|(_, lines)| *lines > MOST_LINES);
    long.map(|(source, lines)| {
        Finding::warning(
            &source.file.path,
            0,
            format!("{lines} lines, more than {MOST_LINES}"),
        )
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::File;

    #[test]
    fn tests_at_the_bottom_do_not_count() {
        let code = "const A: u8 = 1;\n";
        let long = File::new("long.rs", &code.repeat(401));
        let tested = File::new(
            "tested.rs",
            &format!(
                "{}#[cfg(test)]\nmod tests {{\n{}}}\n",
                code.repeat(399),
                code.repeat(99)
            ),
        );
        let found = check(&[Source::new(&long), Source::new(&tested)]);
        assert_eq!(
            found,
            [Finding::warning("long.rs", 0, "401 lines, more than 400")]
        );
    }
}
