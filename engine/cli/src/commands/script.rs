//! Defines what a file is as a test: a component, a script or an archive of one, with the JavaScript runtime that runs it.

use std::fs::File;
use std::io::{BufReader, Cursor, ErrorKind, Read};
use std::path::{Path, PathBuf};

use brunt_runner::{Error, ExitCode, Runtime, Script, ScriptError, TestFile};

use crate::args::TestType;
use crate::commands::print;

/// The runtime, where it was built before this binary was.
const RUNTIME: Option<Runtime> = include!(concat!(env!("OUT_DIR"), "/js_runtime.rs"));

/// The variable that names another runtime, for those who work on it.
const OTHER: &str = "BRUNT_JS_RUNTIME";

/// Ends of the names of scripts.
const ENDS: [&str; 6] = ["js", "ts", "mjs", "mts", "cjs", "cts"];

/// The test of this name: a component, a script, or an archive of one, as its content and its name say unless somebody knows
/// better.
pub(crate) fn test_file(path: &Path, kind: Option<TestType>) -> Result<TestFile, Error> {
    if path == Path::new("-") {
        return from_standard_input(kind);
    }
    match kind {
        Some(TestType::Archive) => archive(path),
        None if begins_as_tar(path) => archive(path),
        Some(TestType::Js) => script(path),
        None if is_named_as_script(path) => script(path),
        None => Ok(TestFile::Component(path.to_owned())),
    }
}

/// Whether this is a script, by the end of its name.
pub(crate) fn is_named_as_script(path: &Path) -> bool {
    let end = path.extension().unwrap_or_default();
    ENDS.iter().any(|known| end == *known)
}

fn begins_as_tar(path: &Path) -> bool {
    let mut start = Vec::new();
    let file = File::open(path);
    let read = file.and_then(|file| file.take(BLOCK).read_to_end(&mut start));
    read.is_ok() && is_tar(&start)
}

/// Whether this begins as a tar does: with the mark that all of the last decades have.
fn is_tar(start: &[u8]) -> bool {
    start.get(257..262) == Some(b"ustar")
}

fn script(path: &Path) -> Result<TestFile, Error> {
    let script = Script::open(path, &working());
    of_script(script)
}

fn archive(path: &Path) -> Result<TestFile, Error> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|error| {
        let why = match error.kind() {
            ErrorKind::NotFound => format!("{name} does not exist"),
            _ => format!("{name} can't be read: {error}"),
        };
        Error::new(ExitCode::InvalidConfig, why)
            .hint("give the path of an archive: brunt run archive.tar")
    })?;
    of_archive(name, BufReader::new(file))
}

fn from_standard_input(kind: Option<TestType>) -> Result<TestFile, Error> {
    let content = standard_input()?;
    if kind == Some(TestType::Archive) || kind.is_none() && is_tar(&content) {
        return of_archive(
            "the archive on standard input".to_owned(),
            Cursor::new(content),
        );
    }
    let text = String::from_utf8(content).map_err(|_| unreadable("it is not UTF-8"))?;
    of_script(Script::of_text(text, &working()))
}

fn of_script(script: Result<Script, ScriptError>) -> Result<TestFile, Error> {
    Ok(TestFile::Script {
        script: Box::new(script.map_err(|error| invalid(&error))?),
        runtime: runtime()?,
    })
}

fn of_archive(name: String, content: impl Read + Send + 'static) -> Result<TestFile, Error> {
    Ok(TestFile::Archive {
        name,
        content: Box::new(content),
        runtime: runtime()?,
    })
}

/// The folder that the run is started in.
fn working() -> PathBuf {
    std::env::current_dir().unwrap_or_default()
}

/// `brunt compile-runtime`: compiles the runtime that this binary ships, for the next build to ship that too, unless it is
/// in this file already.
pub(crate) fn compile_runtime(file: &Path) -> Result<u8, Error> {
    let runtime = RUNTIME.ok_or_else(no_runtime)?;
    if std::fs::read(file).is_ok_and(|compiled| runtime.is_source_of(&compiled)) {
        return Ok(0);
    }
    let compiled = runtime.compiled()?;
    std::fs::write(file, &compiled).map_err(|error| {
        let message = format!("{} can't be written: {error}", file.display());
        Error::new(ExitCode::EngineFailure, message)
    })?;
    print(&format!(
        "{}: {} KB\n",
        file.display(),
        compiled.len() / 1024
    ));
    Ok(0)
}

fn runtime() -> Result<Runtime, Error> {
    if let Some(path) = std::env::var_os(OTHER).filter(|path| !path.is_empty()) {
        let bytes = std::fs::read(&path).map_err(|error| {
            let message = format!("{OTHER}: {}: {error}", Path::new(&path).display());
            Error::new(ExitCode::InvalidConfig, message)
        })?;
        return Ok(bytes.into());
    }
    RUNTIME.ok_or_else(no_runtime)
}

fn no_runtime() -> Error {
    let message = "this brunt was built without the JavaScript runtime, and can't run scripts";
    Error::new(ExitCode::InvalidConfig, message).hint(
        "`cargo xtask runtime` builds it in a few seconds; build brunt again after it, or use `cargo xtask demo`, which does both",
    )
}

fn standard_input() -> Result<Vec<u8>, Error> {
    let mut content = Vec::new();
    std::io::stdin()
        .read_to_end(&mut content)
        .map_err(|error| unreadable(&error.to_string()))?;
    Ok(content)
}

fn unreadable(why: &str) -> Error {
    let message = format!("the script on standard input can't be read: {why}");
    Error::new(ExitCode::InvalidConfig, message)
}

fn invalid(error: &ScriptError) -> Error {
    Error::new(ExitCode::InvalidConfig, error)
        .hint("give the path of a script: brunt run path/to/script.js")
}

/// Bytes of a tar's first header.
const BLOCK: u64 = 512;
