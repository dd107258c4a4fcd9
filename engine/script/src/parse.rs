//! Defines how the text of a file becomes a module: its kind, its syntax checked, its types stripped.

use std::path::Path;

use oxc_allocator::Allocator;
use oxc_codegen::{Codegen, CodegenOptions};
use oxc_diagnostics::{Diagnostics, OxcDiagnostic, Severity};
use oxc_parser::{Parser, ParserReturn};
use oxc_semantic::SemanticBuilder;
use oxc_span::SourceType;
use oxc_transformer::{TransformOptions, Transformer};

use crate::positions::Positions;

/// How a module is to be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An ECMAScript module.
    Module,
    /// A CommonJS module: a function's body.
    CommonJs,
    /// A JSON document.
    Json,
}

/// A module, as a runtime gets it.
#[derive(Debug)]
pub struct Module {
    /// Its kind.
    pub kind: Kind,
    /// Its text, in JavaScript.
    pub text: String,
    /// The specifiers that its text says are imported: by `import`, `export … from`, and calls of `require` and `import`.
    pub imports: Vec<String>,
    positions: Positions,
    /// Where it imports what, by `import` and `export … from`.
    places: Vec<(String, (usize, usize))>,
    /// How it was written, where that is something else.
    written: Option<String>,
}

impl Module {
    /// Where this place of the text was in the file, as line and column from 1.
    pub fn original(&self, line: u32, column: u32) -> (u32, u32) {
        self.positions.before(line, column)
    }

    /// Its text as it was written.
    pub(crate) fn written(&self) -> &str {
        self.written.as_deref().unwrap_or(&self.text)
    }

    /// Where it imports this, as line and column from 1.
    pub(crate) fn place_of(&self, specifier: &str) -> Option<(usize, usize)> {
        let mut places = self.places.iter();
        places
            .find(|(known, _)| known == specifier)
            .map(|(_, place)| *place)
    }

    /// The module in a file of this name.
    ///
    /// # Errors
    /// `SyntaxError: `, the file with line and column, and what is wrong there.
    pub(crate) fn parse(path: &Path, text: String) -> Result<Self, String> {
        let end = path.extension().unwrap_or_default().to_string_lossy();
        Self::of(&end, path, text)
    }

    /// The module at this address. Where its path has no end that says what it is, it is JavaScript or else TypeScript.
    ///
    /// # Errors
    /// As for a file.
    pub(crate) fn parse_remote(url: &str, text: String) -> Result<Self, String> {
        let path = url.split(['?', '#']).next().unwrap_or_default();
        let end = path
            .rsplit('/')
            .next()
            .and_then(|file| file.rsplit_once('.'));
        let end = end.map_or("", |(_, end)| end);
        let known = ["js", "mjs", "cjs", "ts", "mts", "cts", "json"].contains(&end);
        Self::of(if known { end } else { "" }, Path::new(url), text)
    }

    fn of(end: &str, path: &Path, text: String) -> Result<Self, String> {
        match end {
            "json" => json(path, text),
            "mjs" => script(path, text, SourceType::mjs()),
            "cjs" => script(path, text, SourceType::cjs()),
            "ts" => typed(path, &text, SourceType::ts().with_unambiguous(true)),
            "mts" => typed(path, &text, SourceType::ts()),
            "cts" => typed(path, &text, SourceType::ts().with_commonjs(true)),
            "" | "-" => any(path, text),
            _ => script(path, text, SourceType::unambiguous()),
        }
    }
}

fn json(path: &Path, text: String) -> Result<Module, String> {
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&text) {
        let (line, column) = (error.line(), error.column());
        return Err(format!(
            "SyntaxError: {}:{line}:{column}: {error}",
            path.display()
        ));
    }
    Ok(plain(Kind::Json, text, Vec::new()))
}

/// A script whose file does not say what it is, as one from standard input: JavaScript, or else TypeScript.
fn any(path: &Path, text: String) -> Result<Module, String> {
    match script(path, text.clone(), SourceType::unambiguous()) {
        Ok(module) => Ok(module),
        Err(error) => {
            typed(path, &text, SourceType::ts().with_unambiguous(true)).map_err(|_| error)
        }
    }
}

/// JavaScript, which stays as it was written.
fn script(path: &Path, text: String, source: SourceType) -> Result<Module, String> {
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, &text, source).parse();
    refuse(path, &text, &parsed.diagnostics)?;
    let (kind, places) = (kind(&parsed, source), places(&text, &parsed));
    let imports = imports(&text, &places);
    drop(allocator);
    Ok(Module {
        imports,
        ..plain(kind, text, places)
    })
}

/// TypeScript, which loses its types.
fn typed(path: &Path, text: &str, source: SourceType) -> Result<Module, String> {
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, text, source).parse();
    refuse(path, text, &parsed.diagnostics)?;
    let (kind, places) = (kind(&parsed, source), places(text, &parsed));
    let imports = imports(text, &places);
    let mut program = parsed.program;
    let checked = SemanticBuilder::new().with_enum_eval(true).build(&program);
    refuse(path, text, &checked.diagnostics)?;
    let scoping = checked.semantic.into_scoping();
    let options = TransformOptions::default();
    let stripped =
        Transformer::new(&allocator, path, &options).build_with_scoping(scoping, &mut program);
    refuse(path, text, &stripped.diagnostics)?;
    let options = CodegenOptions {
        source_map_path: Some(path.to_owned()),
        ..CodegenOptions::default()
    };
    let made = Codegen::new().with_options(options).build(&program);
    let positions = made.map.as_ref().map(Positions::of).unwrap_or_default();
    Ok(Module {
        kind,
        text: made.code,
        imports,
        positions,
        places,
        written: Some(text.to_owned()),
    })
}

fn plain(kind: Kind, text: String, places: Vec<(String, (usize, usize))>) -> Module {
    Module {
        kind,
        text,
        imports: Vec::new(),
        positions: Positions::default(),
        places,
        written: None,
    }
}

/// What it imports by `import` and `export … from`, and where.
fn places(text: &str, parsed: &ParserReturn<'_>) -> Vec<(String, (usize, usize))> {
    let requested = parsed.module_record.requested_modules.iter();
    requested
        .filter_map(|(specifier, requests)| {
            let first = requests.iter().map(|request| request.span.start).min()?;
            Some((specifier.to_string(), line_and_column(text, first as usize)))
        })
        .collect()
}

/// What is imported, without following what a program computes.
fn imports(text: &str, places: &[(String, (usize, usize))]) -> Vec<String> {
    let mut found: Vec<String> = places.iter().map(|(name, _)| name.clone()).collect();
    for call in ["require(", "import("] {
        let after = text
            .match_indices(call)
            .map(|(at, _)| &text[at + call.len()..]);
        found.extend(after.filter_map(quoted));
    }
    found.sort();
    found.dedup();
    found
}

/// The text in quotes that this begins with.
fn quoted(text: &str) -> Option<String> {
    let text = text.trim_start();
    let quote = text
        .chars()
        .next()
        .filter(|first| "'\"`".contains(*first))?;
    let (inner, _) = text[1..].split_once(quote)?;
    Some(inner.to_owned())
}

fn kind(parsed: &ParserReturn<'_>, source: SourceType) -> Kind {
    match source.is_module() || parsed.module_record.has_module_syntax {
        true => Kind::Module,
        false => Kind::CommonJs,
    }
}

/// The first error, in words with its place.
fn refuse(path: &Path, text: &str, found: &Diagnostics) -> Result<(), String> {
    let Some(error) = found.iter().find(|found| found.severity == Severity::Error) else {
        return Ok(());
    };
    let (line, column) = place(text, error);
    let message = &error.message;
    let help = error.help.as_ref().map(|help| format!(" ({help})"));
    let help = help.unwrap_or_default();
    Err(format!(
        "SyntaxError: {}:{line}:{column}: {message}{help}",
        path.display()
    ))
}

/// The line and the column, in characters, of an error, from 1.
fn place(text: &str, error: &OxcDiagnostic) -> (usize, usize) {
    let at = error
        .labels
        .iter()
        .next()
        .map_or(0, |label| label.offset() as usize);
    line_and_column(text, at)
}

fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(path: &str, text: &str) -> Result<Module, String> {
        Module::parse(Path::new(path), text.to_owned())
    }

    #[test]
    fn modules_are_told_apart_by_their_syntax_and_their_name() {
        for (path, text, kind) in [
            ("a.js", "export default function () {}", Kind::Module),
            ("a.js", "import http from 'k6/http';", Kind::Module),
            ("a.js", "module.exports = 1;", Kind::CommonJs),
            ("a.mjs", "1;", Kind::Module),
            ("a.cjs", "exports.a = 1;", Kind::CommonJs),
            ("a.ts", "export const a: number = 1;", Kind::Module),
            ("a.ts", "module.exports = 1 as number;", Kind::CommonJs),
            ("a.json", "{\"a\": [1]}", Kind::Json),
        ] {
            assert_eq!(parse(path, text).expect(text).kind, kind, "{path}: {text}");
        }
    }

    #[test]
    fn what_comes_from_an_address_is_told_apart_by_its_path() {
        for (url, text, stripped) in [
            (
                "https://a.org/a.ts?v=1.js",
                "export const a: number = 1;",
                "export const a = 1;",
            ),
            (
                "https://a.org/lodash@4.17",
                "module.exports = 1;",
                "module.exports = 1;",
            ),
            (
                "https://a.org/pkg",
                "export const a: number = 1;",
                "export const a = 1;",
            ),
            (
                "https://a.org/a.js#b.ts",
                "export default 1",
                "export default 1",
            ),
        ] {
            let module = Module::parse_remote(url, text.to_owned()).expect(url);
            assert_eq!(module.text.trim(), stripped, "{url}");
        }
        let text = "export const a: number = 1;".to_owned();
        let error = Module::parse_remote("https://a.org/a.js", text).expect_err("types");
        assert!(
            error.starts_with("SyntaxError: https://a.org/a.js:1:14: "),
            "{error}"
        );
    }

    #[test]
    fn an_import_is_known_by_its_place() {
        let text = "// é\nimport a from './a.js'; import './b.js';\nexport * from './a.js';\n";
        let module = parse("x.js", text).expect(text);
        assert_eq!(module.place_of("./a.js"), Some((2, 15)));
        assert_eq!(module.place_of("./b.js"), Some((2, 32)));
        assert_eq!(module.place_of("./c.js"), None);
    }

    #[test]
    fn javascript_stays_as_it_was_written() {
        let text = "export  const a = 1 ; // one\n";
        assert_eq!(parse("a.js", text).expect(text).text, text);
    }

    #[test]
    fn types_go_and_places_are_found_again() {
        let text = "interface A {\n  b: string;\n}\nexport default function (): void {\n  throw new Error('x');\n}\n";
        let module = parse("a.ts", text).expect(text);
        assert!(!module.text.contains("interface") && !module.text.contains("void"));
        let line = module.text.lines().position(|line| line.contains("throw"));
        let line = line.expect("the line is there") as u32 + 1;
        assert_eq!(module.original(line, 2).0, 5);
    }

    #[test]
    fn a_wrong_syntax_is_told_with_its_place() {
        let error = parse("x/a.js", "let a = 1;\nlet b = ;\n").expect_err("wrong");
        assert!(error.starts_with("SyntaxError: x/a.js:2:9: "), "{error}");
        let error = parse("x/a.json", "{\n  1\n}").expect_err("wrong");
        assert!(error.starts_with("SyntaxError: x/a.json:2:3: "), "{error}");
    }
}
