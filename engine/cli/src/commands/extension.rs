//! Defines `brunt extension`: which extensions there are, what one is, and a project for a new one.

use std::path::PathBuf;

use brunt_runner::{Error, Extension, SearchPath};
use serde_json::{Value, json};

use crate::args::{ExtensionArgs, ExtensionCommand, InspectExtensionArgs, ListExtensionsArgs};
use crate::commands::test::extension_folders;
use crate::commands::{new, print};

/// Does what the command under `extension` says.
pub(crate) fn extension(args: &ExtensionArgs) -> Result<u8, Error> {
    match &args.command {
        ExtensionCommand::List(args) => list(args),
        ExtensionCommand::Inspect(args) => inspect(args),
        ExtensionCommand::New(args) => new::extension(args),
    }
}

/// Prints the extensions that a test in this folder could import.
fn list(args: &ListExtensionsArgs) -> Result<u8, Error> {
    let path = search_path(&args.extensions);
    let mut found = path.named()?;
    for extension in path.found() {
        if !found.iter().any(|known| known.path() == extension.path()) {
            found.push(extension);
        }
    }
    print(&match args.json {
        true => pretty(&found.iter().map(to_json).collect()),
        false => listed(&found, &path),
    });
    Ok(0)
}

/// Files that were named, by flag or environment, and the folders that are searched.
fn search_path(files: &[PathBuf]) -> SearchPath {
    let variable = std::env::var_os("BRUNT_EXTENSIONS").unwrap_or_default();
    let variable = variable.to_string_lossy().into_owned();
    let named = variable.split(',').map(str::trim);
    let named = named.filter(|name| !name.is_empty()).map(PathBuf::from);
    let mut folders = extension_folders();
    folders.push(PathBuf::from("."));
    SearchPath {
        files: files.iter().cloned().chain(named).collect(),
        folders,
    }
}

fn listed(found: &[Extension], path: &SearchPath) -> String {
    let mut text = String::new();
    for extension in found {
        text.push_str(&summary(extension));
    }
    if found.is_empty() {
        text.push_str("no extensions were found\n");
    }
    let folders = path
        .folders
        .iter()
        .map(|folder| folder.display().to_string());
    let folders: Vec<String> = folders.collect();
    text.push_str(&format!(
        "\nsearched: {}, and for a run the folder of its test; BRUNT_EXTENSION_PATH names more, --extension one file\n",
        folders.join(", ")
    ));
    text
}

/// An extension in a few lines.
fn summary(extension: &Extension) -> String {
    let mut text = format!(
        "{} {}  {}  {} KB\n",
        extension.name(),
        extension.version().unwrap_or("-"),
        extension.path().display(),
        extension.size().div_ceil(1000)
    );
    let description = extension.description().map(str::to_owned);
    let interfaces = extension.exports().iter().map(ToString::to_string);
    let modules = extension.scripts().iter().map(|(name, _)| name.clone());
    for line in description.into_iter().chain(interfaces).chain(modules) {
        text.push_str(&format!("    {line}\n"));
    }
    text
}

fn to_json(extension: &Extension) -> Value {
    let exports = extension.exports().iter().map(ToString::to_string);
    let scripts = extension.scripts().iter().map(|(name, _)| name);
    json!({
        "name": extension.name(),
        "version": extension.version(),
        "description": extension.description(),
        "file": extension.path(),
        "bytes": extension.size(),
        "exports": exports.collect::<Vec<_>>(),
        "imports": extension.imports(),
        "scripts": scripts.collect::<Vec<_>>(),
    })
}

/// Prints what one extension is: in words and WIT, or as JSON.
fn inspect(args: &InspectExtensionArgs) -> Result<u8, Error> {
    let extension = Extension::open(&args.file)?;
    let wit = extension.contract()?;
    if args.json {
        let mut json = to_json(&extension);
        json["wit"] = wit.into();
        print(&pretty(&json));
        return Ok(0);
    }
    let mut text = summary(&extension);
    text.push('\n');
    for import in extension.imports() {
        text.push_str(&format!("import {import}\n"));
    }
    text.push_str(&format!("\n{}\n", wit.trim_end()));
    print(&text);
    Ok(0)
}

fn pretty(json: &Value) -> String {
    format!("{json:#}\n")
}
