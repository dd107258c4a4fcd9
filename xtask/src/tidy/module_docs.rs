//! Defines the check that every Rust file opens with one sentence that says what it defines.

use super::Finding;
use super::rust::Source;

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    sources
        .iter()
        .filter_map(|source| problem(&source.file.text).map(|what| (source, what)))
        .map(finding)
        .collect()
}

fn finding((source, what): (&Source, &str)) -> Finding {
    Finding::error(&source.file.path, 1, what)
}

fn problem(text: &str) -> Option<&'static str> {
    let docs: Vec<&str> = text
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(str::trim)
        .collect();
    let opening = docs
        .iter()
        .take_while(|line| !line.is_empty())
        .copied()
        .collect::<Vec<_>>()
        .join(" ");
    if opening.is_empty() {
        Some("the file must open with a sentence about what it defines (`//! Defines …`)")
    } else if opening == "To be written." {
        Some("the file's opening sentence is a placeholder: say what the file defines")
    } else if !opening.ends_with(['.', ':']) {
        Some("the file's opening sentence must end with a full stop, before anything else")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opening_sentence_is_wanted() {
        for (text, fine) in [
            ("//! Defines a thing.\n\nfn a() {}", true),
            (
                "//! Defines a thing\n//! on two lines.\n//!\n//! Because of this",
                true,
            ),
            ("fn a() {}", false),
            ("\n//! Late.", false),
            ("//!\n//! Late.", false),
            ("//! No stop\n", false),
            ("//! To be written.\n", false),
            ("// Not a doc comment.\n", false),
        ] {
            assert_eq!(problem(text).is_none(), fine, "{text:?}");
        }
    }
}
