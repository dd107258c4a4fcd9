//! Defines the tables in documents that are written by the code: checked here, rewritten by `tidy --fix`.
//!
//! A table stands between `<!-- generated: NAME -->` and `<!-- end of NAME -->`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::Finding;
use crate::tree::File;

/// The names of the tables, and what writes each from the project's files.
const TABLES: &[(&str, Generator)] = &[
    ("crates", Generator::From(crate_table)),
    ("exit-codes", Generator::From(exit_code_table)),
    ("options", Generator::Elsewhere),
    ("limits", Generator::Elsewhere),
    ("metrics", Generator::Elsewhere),
    ("error-codes", Generator::Elsewhere),
    ("system-tags", Generator::Elsewhere),
    ("benchmarks-http", Generator::Elsewhere),
    ("benchmarks-https", Generator::Elsewhere),
    ("benchmarks-http2", Generator::Elsewhere),
    ("benchmarks-dial", Generator::Elsewhere),
    ("benchmarks-post", Generator::Elsewhere),
    ("benchmarks-scripts", Generator::Elsewhere),
    ("benchmarks-mqtt", Generator::Elsewhere),
    ("benchmarks-nats", Generator::Elsewhere),
    ("benchmarks-nats-vus", Generator::Elsewhere),
    ("benchmarks-nats-fan-in", Generator::Elsewhere),
    ("benchmarks-connections", Generator::Elsewhere),
    ("benchmarks-idle-vus", Generator::Elsewhere),
    ("benchmarks-start", Generator::Elsewhere),
    ("benchmarks-script-start", Generator::Elsewhere),
    ("benchmarks-arrival", Generator::Elsewhere),
];

#[derive(Clone, Copy)]
enum Generator {
    From(fn(&[File]) -> String),
    /// Written by a command that measures, or by the tests of `engine/cli/src/documents.rs`: only the markers are checked.
    Elsewhere,
}

pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let documents = files.iter().filter(|file| file.path.ends_with(".md"));
    documents.flat_map(|file| problems(file, files)).collect()
}

/// Rewrites every stale table.
///
/// # Errors
/// When a file can't be written.
pub(super) fn fix(root: &Path, files: &[File]) -> Result<()> {
    for file in files.iter().filter(|file| file.path.ends_with(".md")) {
        let mut text = file.text.clone();
        for (name, generator) in TABLES {
            if let Generator::From(generate) = generator {
                text = with_block(&text, name, &generate(files)).unwrap_or(text);
            }
        }
        if text != file.text {
            println!("rewriting the generated tables of {}", file.path);
            fs::write(root.join(&file.path), text)
                .with_context(|| format!("can't write {}", file.path))?;
        }
    }
    Ok(())
}

/// `text` with this content in the block of this name; `None` when there is no such block.
pub(crate) fn with_block(text: &str, name: &str, content: &str) -> Option<String> {
    let (start, end) = block(text, name)?;
    Some(format!(
        "{}\n{}\n{}",
        &text[..start],
        content.trim_end(),
        &text[end..]
    ))
}

fn problems(file: &File, files: &[File]) -> Vec<Finding> {
    let opened = file.text.match_indices(OPEN);
    let names =
        opened.filter_map(|(at, _)| Some((at, file.text[at + OPEN.len()..].split_once(" -->")?.0)));
    names
        .filter_map(|(at, name)| Some((at, problem(file, files, name)?)))
        .map(|(at, what)| finding(file, at, what))
        .collect()
}

fn problem(file: &File, files: &[File], name: &str) -> Option<String> {
    let Some((_, generator)) = TABLES.iter().find(|(known, _)| *known == name) else {
        return Some(format!("nothing generates a table named `{name}`"));
    };
    if block(&file.text, name).is_none() {
        return Some(format!(
            "the block `{name}` has no `<!-- end of {name} -->`"
        ));
    }
    let Generator::From(generate) = generator else {
        return None;
    };
    let fresh = with_block(&file.text, name, &generate(files))?;
    (fresh != file.text)
        .then(|| format!("the table `{name}` is stale: `cargo xtask tidy --fix` rewrites it"))
}

fn finding(file: &File, at: usize, what: String) -> Finding {
    Finding::error(&file.path, super::rust::line_of(&file.text, at), what)
}

const OPEN: &str = "<!-- generated: ";

/// Where the content of a block starts (after its opening line's text) and ends (before its closing line).
fn block(text: &str, name: &str) -> Option<(usize, usize)> {
    let open = format!("{OPEN}{name} -->");
    let start = text.find(&open)? + open.len();
    let end = text[start..].find(&format!("<!-- end of {name} -->"))?;
    Some((start, start + end))
}

/// Our packages, as their manifests describe them.
fn crate_table(files: &[File]) -> String {
    let mut table = "| folder | package | what it is |\n| --- | --- | --- |\n".to_owned();
    for file in files
        .iter()
        .filter(|file| file.path.ends_with("/Cargo.toml") && !file.path.contains("/template/"))
    {
        let folder = file.path.trim_end_matches("/Cargo.toml");
        if let (Some(name), Some(description)) =
            (value(&file.text, "name"), value(&file.text, "description"))
        {
            table += &format!("| [{folder}]({folder}) | `{name}` | {description} |\n");
        }
    }
    table
}

/// The exit codes, as the runner's own table has them.
fn exit_code_table(files: &[File]) -> String {
    let source = files
        .iter()
        .find(|file| file.path == "engine/runner/src/exit.rs");
    let rows = source.and_then(|file| file.text.split_once("EXIT_CODES: [")?.1.split_once("\n];"));
    let mut table = "| code | what it says |\n| --- | --- |\n".to_owned();
    for row in rows
        .into_iter()
        .flat_map(|(rows, _)| rows.split("ExitCode::").skip(1))
    {
        let number = row.split(',').nth(1).unwrap_or_default().trim();
        let meaning = row.split('"').nth(1).unwrap_or_default();
        table += &format!("| {number} | {meaning} |\n");
    }
    table
}

/// The first string of this key in a manifest.
fn value<'a>(manifest: &'a str, key: &str) -> Option<&'a str> {
    let line = manifest
        .lines()
        .find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix('='))?;
    line.split('"').nth(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(table: &str) -> [File; 2] {
        let manifest = "[package]\nname = \"xtask\"\ndescription = \"Commands\"\n";
        let document =
            format!("# A\n\n<!-- generated: crates -->\n{table}\n<!-- end of crates -->\n");
        [
            File::new("xtask/Cargo.toml", manifest),
            File::new("A.md", &document),
        ]
    }

    #[test]
    fn a_stale_table_is_found_and_can_be_rewritten() {
        let stale = tree("| old |");
        assert!(
            check(&stale)[0]
                .to_string()
                .contains("A.md:3: the table `crates` is stale")
        );
        let fresh = with_block(&stale[1].text, "crates", &crate_table(&stale)).unwrap();
        assert!(
            fresh.contains("| [xtask](xtask) | `xtask` | Commands |\n<!-- end"),
            "{fresh}"
        );
        assert_eq!(check(&[stale[0].clone(), File::new("A.md", &fresh)]), []);
    }

    #[test]
    fn the_exit_code_table_is_read_from_the_runner() {
        let source = "pub const EXIT_CODES: [(ExitCode, u8, &str); 2] = [\n    (ExitCode::Success, 0, \"well, fine\"),\n    \
            (\n        ExitCode::Failed,\n        99,\n        \"not fine\",\n    ),\n];\nother(\"text\")";
        let table = exit_code_table(&[File::new("engine/runner/src/exit.rs", source)]);
        assert!(
            table.ends_with("| --- | --- |\n| 0 | well, fine |\n| 99 | not fine |\n"),
            "{table}"
        );
    }

    #[test]
    fn unknown_and_open_blocks_are_found() {
        let unknown = File::new(
            "A.md",
            "<!-- generated: surprise -->\n<!-- end of surprise -->\n",
        );
        let open = File::new("B.md", "<!-- generated: benchmarks-http -->\n");
        assert_eq!(check(&[unknown, open]).len(), 2);
    }
}
