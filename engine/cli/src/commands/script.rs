//! Defines how a script becomes a test: the file, and the JavaScript runtime that runs it.

use std::io::Read;
use std::path::Path;

use brunt_runner::{Error, ExitCode, Runtime, Script, ScriptError, TestFile};

use crate::commands::print;

/// The runtime, where it was built before this binary was.
const RUNTIME: Option<Runtime> = include!(concat!(env!("OUT_DIR"), "/js_runtime.rs"));

/// The variable that names another runtime, for those who work on it.
const OTHER: &str = "BRUNT_JS_RUNTIME";

/// Ends of the names of scripts.
const ENDS: [&str; 6] = ["js", "ts", "mjs", "mts", "cjs", "cts"];

/// Whether this is a script: by its name, or `-` for one that comes by standard input.
pub(crate) fn is_script(path: &Path) -> bool {
    let end = path.extension().unwrap_or_default();
    path == Path::new("-") || ENDS.iter().any(|known| end == *known)
}

/// A script with its runtime.
pub(crate) fn script(path: &Path) -> Result<TestFile, Error> {
    let working = std::env::current_dir().unwrap_or_default();
    let script = match path == Path::new("-") {
        true => Script::of_text(standard_input()?, &working),
        false => Script::open(path, &working),
    };
    Ok(TestFile::Script {
        script: Box::new(script.map_err(|error| invalid(&error))?),
        runtime: runtime()?,
    })
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

fn standard_input() -> Result<String, Error> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| {
            let message = format!("the script on standard input can't be read: {error}");
            Error::new(ExitCode::InvalidConfig, message)
        })?;
    Ok(text)
}

fn invalid(error: &ScriptError) -> Error {
    Error::new(ExitCode::InvalidConfig, error)
        .hint("give the path of a script: brunt run path/to/script.js")
}
