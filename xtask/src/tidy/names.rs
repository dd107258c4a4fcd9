//! Defines the check that modules and types are named after what they are, not after how little one knew of them.

use super::Finding;
use super::rust::{Source, line_of, words};

const EMPTY_WORDS: &[&str] = &[
    "manager", "helper", "helpers", "util", "utils", "common", "base", "misc",
];

/// Keywords after which a module's or a type's name stands.
const NAMING: &[&str] = &["mod", "struct", "enum", "trait", "type", "union"];

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    sources
        .iter()
        .flat_map(|source| file_name(source).into_iter().chain(declared(source)))
        .collect()
}

fn file_name(source: &Source) -> Option<Finding> {
    let word = source
        .file
        .path
        .split('/')
        .find_map(|part| empty_word(part.split('.').next().unwrap_or_default()))?;
    Some(Finding::error(
        &source.file.path,
        0,
        format!("`{word}` in a file's name says nothing: name what it defines"),
    ))
}

fn declared(source: &Source) -> Vec<Finding> {
    let words = words(&source.code);
    let names = words
        .windows(2)
        .filter(|pair| NAMING.contains(&pair[0].text))
        .map(|pair| &pair[1]);
    let empty = names.filter_map(|name| Some((name, empty_word(name.text)?)));
    let place = |start| line_of(&source.code, start);
    empty
        .map(|(name, word)| {
            let message = format!("`{}`: `{word}` says nothing: name what it is", name.text);
            Finding::error(&source.file.path, place(name.start), message)
        })
        .collect()
}

/// The word of a snake_case, kebab-case or CamelCase name that must not be there.
fn empty_word(name: &str) -> Option<&'static str> {
    let mut spaced = String::new();
    for c in name.chars() {
        if c.is_uppercase() {
            spaced.push(' ');
        }
        spaced.extend(c.to_lowercase());
    }
    let mut parts = spaced.split([' ', '_', '-']);
    parts.find_map(|part| EMPTY_WORDS.iter().find(|word| **word == part).copied())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::File;

    #[test]
    fn empty_words_are_found_in_any_case() {
        for (name, found) in [
            ("ConnectionManager", Some("manager")),
            ("http_utils", Some("utils")),
            ("BaseUrl", Some("base")),
            ("database", None),
            ("Commons", None),
        ] {
            assert_eq!(empty_word(name), found, "{name}");
        }
    }

    #[test]
    fn files_and_types_are_checked_functions_are_not() {
        let file = File::new(
            "engine/util/lib.rs",
            "struct Misc;\nfn helper() {}\n// enum Common\n",
        );
        let found: Vec<usize> = check(&[Source::new(&file)])
            .iter()
            .map(|finding| finding.line)
            .collect();
        assert_eq!(found, [0, 1]);
    }
}
