//! Defines how sources of secrets are written and read: `mock=KEY=VALUE,…`, `file=PATH`, each with `name=NAME` and `default`.
//!
//! No message shows what a source holds, nor the text of one that was written wrong: it may be a secret.

use std::collections::BTreeMap;

use brunt_host::Secrets;

use crate::error::Error;
use crate::exit::ExitCode;

/// The variables that give a source where no flag does. A test never sees them, nor any that begin like them.
pub const SECRET_VARIABLES: [&str; 2] = ["BRUNT_SECRET_SOURCE", "K6_SECRET_SOURCE"];

/// Secrets by their keys.
type Values = BTreeMap<String, String>;

/// One source, as it is written.
struct Written<'a> {
    kind: &'a str,
    name: &'a str,
    is_default: bool,
    /// What follows the kind, without the name and `default`.
    rest: Vec<&'a str>,
}

/// Reads all sources. The name of one that has none is its kind.
///
/// # Errors
/// A source that is written wrong, of a kind that is not there, or whose file can't be read; two with one name, two defaults.
pub fn read_secrets(sources: &[String]) -> Result<Secrets, Error> {
    let mut all = BTreeMap::new();
    let mut default = None;
    for text in sources {
        let written = Written::read(text)?;
        let values = written.values()?;
        if all.insert(written.name.to_owned(), values).is_some() {
            return Err(written
                .wrong("there is another one with this name")
                .hint("name them: file=name=NAME,PATH"));
        }
        if written.is_default && default.replace(written.name.to_owned()).is_some() {
            return Err(written.wrong("there is another one that is the default"));
        }
    }
    Ok(Secrets::new(all, default))
}

impl<'a> Written<'a> {
    fn read(text: &'a str) -> Result<Self, Error> {
        let Some((kind, rest)) = text.split_once('=') else {
            return Err(invalid("a secret source is none").hint(HOW));
        };
        let (mut name, mut is_default) = (kind, false);
        let mut others = Vec::new();
        for part in rest.split(',') {
            match (part, part.split_once('=')) {
                ("default", _) => is_default = true,
                (_, Some(("name", given))) => name = given,
                _ => others.push(part),
            }
        }
        let written = Self {
            kind,
            name,
            is_default,
            rest: others,
        };
        match name {
            "" => Err(written.wrong("its name is empty")),
            "default" => Err(written.wrong("no source can have the name `default`")),
            _ => Ok(written),
        }
    }

    fn values(&self) -> Result<Values, Error> {
        match (self.kind, self.rest.as_slice()) {
            ("mock", pairs) => self.pairs("part", pairs.iter().copied().enumerate()),
            ("file", [path]) => self.file(path.strip_prefix("filename=").unwrap_or(path)),
            ("file", _) => Err(self.wrong("it needs one path").hint(HOW)),
            ("url", _) => Err(self
                .wrong("secrets from URLs are not in this version of brunt")
                .hint("fetch them into a file before the run, and give file=PATH")),
            (kind, _) => {
                let why = format!("there is no kind {kind:?}, only file and mock");
                Err(invalid(&format!("a secret source is none: {why}")).hint(HOW))
            }
        }
    }

    fn file(&self, path: &str) -> Result<Values, Error> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| self.wrong(&format!("cannot read '{path}': {error}")))?;
        let lines = text.lines().enumerate();
        let lines = lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
        self.pairs(&format!("'{path}', line"), lines)
    }

    /// Pairs with their numbers from 0; `what` is what they are called.
    fn pairs<'t>(
        &self,
        what: &str,
        pairs: impl Iterator<Item = (usize, &'t str)>,
    ) -> Result<Values, Error> {
        let mut values = Values::new();
        for (number, pair) in pairs {
            let pair = pair.split_once('=').filter(|(key, _)| !key.is_empty());
            let (key, value) =
                pair.ok_or_else(|| self.wrong(&format!("{what} {} is not KEY=VALUE", number + 1)))?;
            values.insert(key.to_owned(), value.to_owned());
        }
        Ok(values)
    }

    fn wrong(&self, why: &str) -> Error {
        invalid(&format!("secret source {}: {why}", self.name))
    }
}

fn invalid(why: &str) -> Error {
    Error::new(ExitCode::InvalidConfig, why)
}

/// How a source is written.
const HOW: &str = "write file=PATH, a file with lines KEY=VALUE, or mock=KEY=VALUE,KEY=VALUE, with name=NAME and default, if wanted, in front";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(sources: &[&str]) -> Result<Secrets, String> {
        let sources: Vec<String> = sources.iter().map(|text| (*text).to_owned()).collect();
        read_secrets(&sources).map_err(|error| {
            let hint = error.hint_text().unwrap_or_default();
            format!("{error}; {hint}")
        })
    }

    #[test]
    fn sources_have_names() {
        for (sources, names) in [
            (&[][..], "{}"),
            (&["mock=a=1"], r#"{"mock"}"#),
            (
                &["mock=name=one,a=1", "mock=default,a=b=c"],
                r#"{"mock", "one"}"#,
            ),
        ] {
            let read = read(sources).expect("they are written well");
            assert_eq!(format!("{read:?}"), names);
        }
    }

    #[test]
    fn what_is_wrong_is_told_without_secrets() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secrets");
        std::fs::write(&path, "# keys\n\na=1\nhush\n").expect("a file");
        let file = format!("file=name=vault,{}", path.display());
        let cases: [(&[&str], &str); 10] = [
            (&["hush"], "a secret source is none; write file=PATH"),
            (
                &["vault=hush"],
                "there is no kind \"vault\", only file and mock",
            ),
            (
                &["mock=a=1,hush"],
                "secret source mock: part 2 is not KEY=VALUE",
            ),
            (&["mock==hush"], "part 1 is not KEY=VALUE"),
            (
                &["file=no-such-file"],
                "secret source file: cannot read 'no-such-file': ",
            ),
            (&["file=a,b"], "it needs one path"),
            (&["url=https://hush"], "not in this version of brunt"),
            (&["mock=a=1", "mock=a=hush"], "another one with this name"),
            (
                &["mock=default,a=1", "mock=default,name=b,a=hush"],
                "another one that is the default",
            ),
            (&[&file], ", line 4 is not KEY=VALUE"),
        ];
        for (sources, words) in cases {
            let told = read(sources).expect_err("they are written wrong");
            assert!(told.contains(words), "{told}");
            assert!(!told.contains("hush"), "{told}");
        }
    }
}
