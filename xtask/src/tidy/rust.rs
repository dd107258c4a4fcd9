//! Defines how far the checks understand Rust: code and comments told apart, words, and the bodies of functions.

use crate::tree::File;

/// A Rust file, and two copies of it with every other part blanked, line for line and byte for byte.
pub(super) struct Source<'a> {
    pub(super) file: &'a File,
    /// Without comments and without the contents of literals.
    pub(super) code: String,
    /// Comments only.
    pub(super) comments: String,
}

/// A function with a body; lines from 1, both inclusive.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) first: usize,
    pub(super) last: usize,
}

impl<'a> Source<'a> {
    pub(super) fn new(file: &'a File) -> Source<'a> {
        let parts = split(file.text.as_bytes());
        let keep = |wanted: Part| -> String {
            let bytes = file.text.bytes().zip(&parts);
            let kept = bytes
                .map(|(byte, part)| {
                    if *part == wanted || byte == b'\n' {
                        byte
                    } else {
                        b' '
                    }
                })
                .collect();
            String::from_utf8(kept).unwrap_or_default()
        };
        Source {
            file,
            code: keep(Part::Code),
            comments: keep(Part::Comment),
        }
    }

    /// The code up to the tests at the bottom of the file.
    pub(super) fn code_before_tests(&self) -> &str {
        let end = self
            .code
            .find("#[cfg(test)]\nmod ")
            .unwrap_or(self.code.len());
        &self.code[..end]
    }

    /// Every function that has a body, in the order of their first lines.
    pub(super) fn functions(&self) -> Vec<Function> {
        let words = words(&self.code);
        let named = words
            .windows(2)
            .filter(|pair| pair[0].text == "fn" && is_next_to(&self.code, &pair[0], &pair[1]));
        named
            .filter_map(|pair| self.function(pair[0].start, &pair[1]))
            .collect()
    }

    fn function(&self, start: usize, name: &Word) -> Option<Function> {
        let end = body_end(&self.code.as_bytes()[start..])? + start;
        Some(Function {
            name: name.text.to_owned(),
            first: line_of(&self.code, start),
            last: line_of(&self.code, end),
        })
    }
}

/// A word (identifier, keyword or number) and the byte where it starts.
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    pub(super) start: usize,
}

pub(super) fn words(code: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in code.char_indices().chain([(code.len(), ' ')]) {
        let inside = c.is_alphanumeric() || c == '_';
        match (inside, start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                words.push(Word {
                    text: &code[from..at],
                    start: from,
                });
                start = None;
            }
            _ => {}
        }
    }
    words
}

/// The line, from 1, of this byte.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at.min(text.len())]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}

fn is_next_to(code: &str, first: &Word, second: &Word) -> bool {
    code[first.start + first.text.len()..second.start]
        .trim()
        .is_empty()
}

/// Where the braces of a function close, counted from `fn`; `None` when it has no body.
fn body_end(code: &[u8]) -> Option<usize> {
    let (mut round, mut curly) = (0, 0);
    for (at, byte) in code.iter().enumerate() {
        match byte {
            b'(' | b'[' => round += 1,
            b')' | b']' => round -= 1,
            b';' if round == 0 && curly == 0 => return None,
            b'{' => curly += 1,
            b'}' => {
                curly -= 1;
                if curly <= 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Part {
    Code,
    Comment,
    Literal,
}

/// What every byte belongs to.
fn split(text: &[u8]) -> Vec<Part> {
    let mut parts = vec![Part::Code; text.len()];
    let mut at = 0;
    while at < text.len() {
        let (part, length) = token(&text[at..], at.checked_sub(1).map(|before| text[before]));
        let end = (at + length.max(1)).min(text.len());
        parts[at..end].fill(part);
        at = end;
    }
    parts
}

/// The part that starts here, and its length.
fn token(rest: &[u8], before: Option<u8>) -> (Part, usize) {
    match rest {
        [b'/', b'/', ..] => (Part::Comment, until(rest, b"\n")),
        [b'/', b'*', ..] => (Part::Comment, block_comment(rest)),
        [b'"', ..] => (Part::Literal, 1 + string(&rest[1..])),
        [b'r', b'"' | b'#', ..] if !before.is_some_and(is_word) => raw_string(rest, 1),
        [b'b' | b'c', b'r', b'"' | b'#', ..] if !before.is_some_and(is_word) => raw_string(rest, 2),
        [b'\'', b'\\', _, tail @ ..] => (Part::Literal, 3 + until(tail, b"'") + 1),
        [b'\'', ..] => char_literal(rest),
        _ => (Part::Code, 1),
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn until(text: &[u8], end: &[u8]) -> usize {
    text.windows(end.len())
        .position(|window| window == end)
        .unwrap_or(text.len())
}

fn block_comment(text: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        match &text[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// The length of a string's rest, its closing quote included.
fn string(text: &[u8]) -> usize {
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

fn raw_string(text: &[u8], prefix: usize) -> (Part, usize) {
    let hashes = text[prefix..]
        .iter()
        .take_while(|byte| **byte == b'#')
        .count();
    if text.get(prefix + hashes) != Some(&b'"') {
        return (Part::Code, prefix + hashes);
    }
    let mut end = vec![b'"'];
    end.resize(hashes + 1, b'#');
    let body = prefix + hashes + 1;
    (Part::Literal, body + until(&text[body..], &end) + end.len())
}

/// A quote is a character when another quote closes it after one character; a lifetime otherwise.
fn char_literal(text: &[u8]) -> (Part, usize) {
    let width = match text.get(1) {
        Some(byte) if *byte >= 0xf0 => 4,
        Some(byte) if *byte >= 0xe0 => 3,
        Some(byte) if *byte >= 0xc0 => 2,
        _ => 1,
    };
    if text.get(1 + width) == Some(&b'\'') {
        (Part::Literal, width + 2)
    } else {
        (Part::Code, 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (String, String) {
        let file = File::new("a.rs", text);
        let source = Source::new(&file);
        (source.code.clone(), source.comments.clone())
    }

    #[test]
    fn comments_and_literals_are_no_code() {
        let (code, comments) =
            parts("let a = \"x // }\"; // {\n/* /* } */ */ 'y' '\\'' r#\"{\"\"#;");
        assert_eq!(
            code.split_whitespace().collect::<Vec<_>>(),
            ["let", "a", "=", ";", ";"]
        );
        assert_eq!(
            comments.split_whitespace().collect::<String>(),
            "//{/*/*}*/*/"
        );
    }

    #[test]
    fn lifetimes_and_raw_identifiers_are_code() {
        for text in [
            "fn a<'a>(x: &'a str) {}",
            "r#type(1)",
            "'label: loop {}",
            "for_r\"\"".trim_end_matches('"'),
        ] {
            assert_eq!(parts(text).0, text);
        }
    }

    #[test]
    fn functions_end_where_their_braces_close() {
        let text = "fn a() {\n  let s = \"}\";\n  if x { }\n}\ntrait T { fn b(&self); fn c(x: [u8; 2]) -> u8 { 1 } }\n";
        let file = File::new("a.rs", text);
        let found: Vec<_> = Source::new(&file)
            .functions()
            .into_iter()
            .map(|f| (f.name, f.first, f.last))
            .collect();
        assert_eq!(found, [("a".to_owned(), 1, 4), ("c".to_owned(), 5, 5)]);
    }

    #[test]
    fn an_unfinished_file_does_no_harm() {
        for text in [
            "\"abc",
            "'",
            "/* ",
            "fn a() {",
            "r#\"",
            "'\\",
            "b'\\x",
            "let é = 'é'; // é",
        ] {
            let file = File::new("a.rs", text);
            Source::new(&file).functions();
        }
    }
}
