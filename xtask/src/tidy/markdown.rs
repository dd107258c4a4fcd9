//! Defines the checks of Markdown files: one title each, and links within the project that lead somewhere.

use super::Finding;
use crate::tree::File;

pub(super) fn check(files: &[File], exists: &dyn Fn(&str) -> bool) -> Vec<Finding> {
    let documents = files.iter().filter(|file| file.path.ends_with(".md"));
    documents
        .flat_map(|file| titles(file).into_iter().chain(broken_links(file, exists)))
        .collect()
}

fn titles(file: &File) -> Option<Finding> {
    let titles: Vec<usize> = prose(&file.text)
        .filter(|(_, line)| line.starts_with("# "))
        .map(|(at, _)| at)
        .collect();
    match titles.as_slice() {
        [_] => None,
        [] => Some(Finding::error(
            &file.path,
            1,
            "no title: the file must have one line that starts with `# `",
        )),
        [_, second, ..] => Some(Finding::error(
            &file.path,
            *second,
            "a second title: one per file, sections start with `## `",
        )),
    }
}

fn broken_links(file: &File, exists: &dyn Fn(&str) -> bool) -> Vec<Finding> {
    let links = prose(&file.text)
        .flat_map(|(at, line)| links(line).into_iter().map(move |link| (at, link)));
    let broken =
        links.filter(|(_, link)| !resolve(&file.path, link).is_none_or(|path| exists(&path)));
    broken
        .map(|(at, link)| {
            Finding::error(&file.path, at, format!("the link `{link}` leads nowhere"))
        })
        .collect()
}

/// Lines outside code blocks, without code spans, each with its number from 1.
fn prose(text: &str) -> impl Iterator<Item = (usize, String)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(at, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        let code = fenced || fence;
        (!code).then(|| {
            (
                at + 1,
                line.split('`').step_by(2).collect::<Vec<_>>().join(""),
            )
        })
    })
}

fn links(line: String) -> Vec<String> {
    let targets = line
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'));
    targets
        .filter_map(|(target, _)| target.split_whitespace().next().map(str::to_owned))
        .collect()
}

/// The path, relative to the root, that a link in the file `from` means; `None` when it leaves the project or stays
/// on the page.
fn resolve(from: &str, link: &str) -> Option<String> {
    let link = link.split('#').next().unwrap_or_default();
    if link.is_empty() || link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let mut parts: Vec<&str> = if link.starts_with('/') {
        Vec::new()
    } else {
        from.split('/').collect()
    };
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        let exists = |path: &str| ["docs/a.md", "README.md"].contains(&path);
        check(&[File::new("docs/here.md", text)], &exists)
            .iter()
            .map(|finding| finding.line)
            .collect()
    }

    #[test]
    fn one_title_and_no_more() {
        assert_eq!(lines("# A\n\n```sh\n# a comment\n```\n## B\n"), []);
        assert_eq!(lines("## B\n"), [1]);
        assert_eq!(lines("# A\n\n# B\n"), [3]);
    }

    #[test]
    fn relative_links_must_lead_somewhere() {
        assert_eq!(
            lines(
                "# A\n[a](a.md#part) [b](../README.md) [c](https://example.org/x) [d](#here) `[e](no.md)`\n"
            ),
            []
        );
        assert_eq!(
            lines("# A\n[a](missing.md)\n[b](../docs/missing.md \"title\")\n"),
            [2, 3]
        );
    }
}
