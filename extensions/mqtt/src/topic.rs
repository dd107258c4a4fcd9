//! Defines topics and filters: which are valid, and which topic a filter matches.

use std::rc::Rc;

use crate::error::Error;

/// A topic that messages can be published to.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Topic(Rc<str>);

impl Topic {
    /// A topic of this name.
    ///
    /// # Errors
    /// When it is empty, longer than 65,535 bytes, or has a wildcard or a null character.
    pub fn new(name: &str) -> Result<Self, Error> {
        if name.bytes().any(|byte| matches!(byte, b'+' | b'#')) {
            return Err(Error::options(format!(
                "{name:?} is no topic to publish to: it has a wildcard\nhint: `+` and `#` belong into filters"
            )));
        }
        check_text("topic", name)?;
        Ok(Self(name.into()))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0
    }
}

/// Whether a filter can be subscribed to.
///
/// # Errors
/// When it is empty, too long, has wildcards in wrong places, or is a shared one without a group.
pub fn check_filter(filter: &str) -> Result<(), Error> {
    check_text("topic filter", filter)?;
    let wrong = |why: &str| Err(Error::options(format!("topic filter {filter:?}: {why}")));
    let pattern = match shared(filter) {
        Some(None) => return wrong("a shared one is `$share/GROUP/FILTER`"),
        Some(Some(pattern)) => pattern,
        None => filter,
    };
    let mut levels = pattern.split('/').peekable();
    while let Some(level) = levels.next() {
        if level.len() > 1 && level.contains(['+', '#']) {
            return wrong("a wildcard stands alone between two `/`");
        }
        if level == "#" && levels.peek().is_some() {
            return wrong("`#` can only be its last level");
        }
    }
    Ok(())
}

/// Whether a filter has wildcards.
pub fn has_wildcards(filter: &str) -> bool {
    filter.contains(['+', '#'])
}

/// Whether it is a shared subscription's.
pub fn is_shared(filter: &str) -> bool {
    filter.starts_with("$share/")
}

/// Whether messages of this topic come to this filter.
pub fn matches(filter: &str, topic: &str) -> bool {
    let filter = shared(filter).flatten().unwrap_or(filter);
    // What servers say about themselves has to be asked for by name.
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let mut levels = topic.split('/');
    for pattern in filter.split('/') {
        match (pattern, levels.next()) {
            ("#", _) => return true,
            ("+", Some(_)) => {}
            (pattern, Some(level)) if pattern == level => {}
            _ => return false,
        }
    }
    levels.next().is_none()
}

/// What a shared subscription's filter shares: none within when it has no group or no filter; none when it is not shared.
fn shared(filter: &str) -> Option<Option<&str>> {
    let rest = filter.strip_prefix("$share/")?;
    let pattern = rest.split_once('/').filter(|(group, pattern)| {
        !group.is_empty() && !group.contains(['+', '#']) && !pattern.is_empty()
    });
    Some(pattern.map(|(_, pattern)| pattern))
}

fn check_text(what: &str, text: &str) -> Result<(), Error> {
    match text.len() {
        0 => Err(Error::options(format!("a {what} is empty"))),
        1..=65_535 if text.contains('\0') => Err(Error::options(format!(
            "the {what} {text:?} has a null character"
        ))),
        1..=65_535 => Ok(()),
        length => Err(Error::options(format!(
            "a {what} of {length} bytes: more than the protocol's 65,535"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(filter: &str, those: &[&str], not: &[&str]) {
        check_filter(filter).unwrap();
        for topic in those {
            assert!(matches(filter, topic), "{filter} {topic}");
        }
        for topic in not {
            assert!(!matches(filter, topic), "{filter} {topic}");
        }
    }

    #[test]
    fn filters_match_as_the_specification_says() {
        check("a/b", &["a/b"], &["a", "a/b/c", "a/", "A/b"]);
        check("a/#", &["a", "a/", "a/b", "a/b/c"], &["ab", "b/a"]);
        check("#", &["a", "/", "a/b"], &["$SYS/a"]);
        check("+/b", &["a/b", "/b"], &["a/b/c", "$SYS/b"]);
        check("+", &["a"], &["/a", "a/"]);
        check("/+", &["/a"], &["a"]);
        check("$SYS/#", &["$SYS/a"], &["a"]);
        check("a/+/c", &["a//c", "a/b/c"], &["a/c"]);
        check("$share/g/a/+", &["a/b"], &["a/b/c", "$share/g/a/b"]);
    }

    #[test]
    fn a_wrong_filter_is_refused_with_the_reason() {
        for (filter, why) in [
            ("", "empty"),
            ("a#", "stands alone"),
            ("a/b+/c", "stands alone"),
            ("a/#/b", "last level"),
            ("$share/g", "$share/GROUP/FILTER"),
            ("$share//a", "$share/GROUP/FILTER"),
            ("$share/+/a", "$share/GROUP/FILTER"),
            ("a\0", "null character"),
        ] {
            let error = check_filter(filter).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn a_topic_has_no_wildcards() {
        assert!(Topic::new("a/+").unwrap_err().message.contains("wildcard"));
        assert!(Topic::new("").unwrap_err().message.contains("empty"));
        assert!(
            Topic::new(&"a".repeat(70_000))
                .unwrap_err()
                .message
                .contains("65,535")
        );
        assert_eq!(Topic::new("a/b").unwrap().name(), "a/b");
    }
}
