//! Defines the check that notes to come back later name an issue.

use super::Finding;
use super::rust::Source;
use crate::tree::File;

// Spelled in two halves, so that this file passes its own check.
const MARKS: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
];

pub(super) fn check(files: &[File], sources: &[Source]) -> Vec<Finding> {
    let comments = sources
        .iter()
        .map(|source| (source.file, source.comments.as_str()));
    let others = files
        .iter()
        .filter(|file| !file.path.ends_with(".rs"))
        .map(|file| (file, file.text.as_str()));
    comments
        .chain(others)
        .flat_map(|(file, text)| findings(file, text))
        .collect()
}

fn findings(file: &File, text: &str) -> Vec<Finding> {
    let marked = text
        .lines()
        .enumerate()
        .filter(|(_, line)| MARKS.iter().any(|mark| is_bare(line, mark)));
    marked
        .map(|(at, _)| Finding::error(&file.path, at + 1, "name the issue: `MARK(#123): …`"))
        .collect()
}

/// Whether the mark stands here as a word of its own and no issue follows it in brackets.
fn is_bare(line: &str, mark: &str) -> bool {
    line.match_indices(mark).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = &line[at + mark.len()..];
        let whole =
            !before.is_some_and(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric);
        whole && !names_issue(after)
    })
}

fn names_issue(after: &str) -> bool {
    let number = after
        .strip_prefix("(#")
        .and_then(|rest| rest.split_once(')'))
        .map(|(number, _)| number);
    number.is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_needs_an_issue() {
        let mark = MARKS[0];
        for (text, found) in [
            (format!("// {mark}: later"), 1),
            (format!("// {mark}(somebody): later"), 1),
            (format!("// {mark}(#12): later"), 0),
            (format!("let a = \"{mark}\";"), 0),
            (format!("// {mark}S are many"), 0),
        ] {
            let file = File::new("a.rs", &text);
            assert_eq!(
                check(std::slice::from_ref(&file), &[Source::new(&file)]).len(),
                found,
                "{text}"
            );
        }
    }

    #[test]
    fn other_files_are_read_as_a_whole() {
        let file = File::new("a.md", &format!("# A\n{} later\n", MARKS[1]));
        assert_eq!(
            check(&[file], &[]),
            [Finding::error("a.md", 2, "name the issue: `MARK(#123): …`")]
        );
    }
}
