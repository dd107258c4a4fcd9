//! Defines the name of an interface, such as `brunt:nats/client@0.1.0`, and which versions of one fit each other.

use std::fmt;

/// The name of an interface. In a script the version can be left out, or only begun.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interface {
    /// The package: `brunt:nats`.
    pub package: String,
    /// The interface's own name: `client`.
    pub name: String,
    /// The version: `0.1.0`.
    pub version: Option<String>,
}

impl Interface {
    /// Reads a name; none where it is not one of an interface.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, version) = match text.split_once('@') {
            Some((name, version)) => (name, Some(version.to_owned())),
            None => (text, None),
        };
        let (package, name) = name.split_once('/')?;
        let is_plain = |part: &str| {
            let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            !part.is_empty() && part.chars().all(allowed)
        };
        let (namespace, own) = package.split_once(':')?;
        [namespace, own, name]
            .into_iter()
            .all(is_plain)
            .then(|| Self {
                package: package.to_owned(),
                name: name.to_owned(),
                version,
            })
    }

    /// Whether it is the same interface, of whatever version.
    pub fn is_other_version_of(&self, other: &Self) -> bool {
        self.package == other.package && self.name == other.name
    }

    /// Whether what `wanted` names can be given by this one: the same interface, on the same track.
    pub fn fits(&self, wanted: &Self) -> bool {
        let fits = match (&self.version, &wanted.version) {
            (_, None) => true,
            (Some(offered), Some(wanted)) => {
                let offered_track = track(offered);
                // In a script `@0.1` and `@1` are enough.
                offered_track == track(wanted) || *offered_track == **wanted
            }
            (None, Some(_)) => false,
        };
        self.is_other_version_of(wanted) && fits
    }
}

/// The part of a version that must be the same: `0.1` of `0.1.7`, `2` of `2.3.4`.
fn track(version: &str) -> &str {
    let first = version.find('.').unwrap_or(version.len());
    if &version[..first] != "0" {
        return &version[..first];
    }
    let rest = version.get(first + 1..).unwrap_or_default();
    let second = rest.find('.').unwrap_or(rest.len());
    version.get(..first + 1 + second).unwrap_or(version)
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.package, self.name)?;
        match &self.version {
            Some(version) => write!(f, "@{version}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_one_track_fit() {
        for (offered, wanted, fits) in [
            ("brunt:a/b@0.1.0", "brunt:a/b@0.1.9", true),
            ("brunt:a/b@0.1.0", "brunt:a/b@0.2.0", false),
            ("brunt:a/b@0.1.0", "brunt:a/b@0.10.0", false),
            ("brunt:a/b@1.4.0", "brunt:a/b@1.0.0", true),
            ("brunt:a/b@2.0.0", "brunt:a/b@1.0.0", false),
            ("brunt:a/b@0.1.3", "brunt:a/b", true),
            ("brunt:a/b@0.1.3", "brunt:a/b@0.1", true),
            ("brunt:a/b@0.1.3", "brunt:a/c@0.1.3", false),
        ] {
            let [offered_name, wanted_name] =
                [offered, wanted].map(|name| Interface::parse(name).expect("a name"));
            assert_eq!(
                offered_name.fits(&wanted_name),
                fits,
                "{offered} for {wanted}"
            );
        }
    }

    #[test]
    fn what_is_no_name_of_an_interface_is_none() {
        for text in [
            "k6/http",
            "brunt:nats",
            "./a.js",
            "https://a.b/c",
            "a:b/C",
            "brunt:/x",
        ] {
            assert_eq!(Interface::parse(text), None, "{text}");
        }
    }
}
