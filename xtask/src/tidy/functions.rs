//! Defines the check that a function fits a screen.

use super::Finding;
use super::rust::{Function, Source};

/// A function that may be longer than the limit: its file, its name, and why.
pub(super) type Allowed = (&'static str, &'static str, &'static str);

pub(super) const ALLOWED: &[Allowed] = &[];

/// The longest function, in lines from `fn` to its closing brace.
const MOST_LINES: usize = 70;

pub(super) fn check(sources: &[Source], allowed: &[Allowed]) -> Vec<Finding> {
    let mut used = vec![false; allowed.len()];
    let mut findings = Vec::new();
    for source in sources {
        for function in source
            .functions()
            .iter()
            .filter(|function| lines(function) > MOST_LINES)
        {
            match allowed
                .iter()
                .position(|entry| entry.0 == source.file.path && entry.1 == function.name)
            {
                Some(at) => used[at] = true,
                None => findings.push(too_long(&source.file.path, function)),
            }
        }
    }
    let stale = allowed.iter().zip(used).filter(|(_, used)| !used);
    findings.extend(stale.map(|(entry, _)| {
        Finding::error(
            entry.0,
            0,
            format!(
                "`{}` is short enough now: take it off the list of long functions",
                entry.1
            ),
        )
    }));
    findings
}

fn lines(function: &Function) -> usize {
    function.last + 1 - function.first
}

fn too_long(path: &str, function: &Function) -> Finding {
    let message = format!(
        "`{}` has {} lines, more than {MOST_LINES}: split it",
        function.name,
        lines(function)
    );
    Finding::error(path, function.first, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::File;

    fn found(body_lines: usize, allowed: &[Allowed]) -> Vec<Finding> {
        let file = File::new(
            "a.rs",
            &format!("fn long() {{\n{}}}\n", "    step();\n".repeat(body_lines)),
        );
        check(&[Source::new(&file)], allowed)
    }

    #[test]
    fn a_long_function_is_an_error_unless_it_has_a_reason() {
        assert_eq!(found(68, &[]).len(), 0);
        assert_eq!(
            found(69, &[])[0].to_string(),
            "error: a.rs:1: `long` has 71 lines, more than 70: split it"
        );
        assert_eq!(found(69, &[("a.rs", "long", "a table")]).len(), 0);
    }

    #[test]
    fn a_stale_reason_is_an_error() {
        assert_eq!(found(3, &[("a.rs", "long", "a table")]).len(), 1);
    }
}
