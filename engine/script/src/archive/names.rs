//! Defines the names of entries: those of modules and files, without the names of people's home folders.

use percent_encoding::percent_decode_str;
use url::Url;

/// The entry of the module or file of this name: `file/home/nobody/lib.js` for `file:///home/me/lib.js`. None for what is
/// neither.
pub(crate) fn entry(name: &str) -> Option<String> {
    let (scheme, rest) = name.split_once("://")?;
    let path = percent_decode_str(rest).decode_utf8().ok()?;
    match scheme {
        "file" => Some(format!("file{}", anonymous(&path))),
        "https" => Some(format!("https/{}", clean(&path))),
        _ => None,
    }
}

/// The name of a file, or of an entry's path, in this folder.
pub(super) fn beside(folder: &str, file: &str) -> String {
    let folder = folder.trim_end_matches('/');
    format!("{folder}/{file}")
}

/// This absolute path, with `nobody` for whose home it is in.
pub(crate) fn anonymous(path: &str) -> String {
    let path = clean(path);
    let mut parts: Vec<&str> = path.split('/').collect();
    let is_drive = |part: &str| part.len() == 1 && part.as_bytes()[0].is_ascii_alphabetic();
    let homes = usize::from(parts.first().is_some_and(|part| is_drive(part)));
    let is_homes = |part: &&str| HOMES.iter().any(|home| home.eq_ignore_ascii_case(part));
    // What lies among the homes is nobody's home.
    if parts.get(homes).is_some_and(is_homes) && parts.len() > homes + 2 {
        parts[homes + 1] = "nobody";
    }
    format!("/{}", parts.join("/"))
}

/// The URL of a file, with `nobody` for whose home it is in. What is no file stays as it is.
pub(crate) fn anonymous_url(name: &str) -> String {
    let path = name.strip_prefix("file://").map(percent_decode_str);
    let path = path.and_then(|path| path.decode_utf8().ok());
    let url = path.and_then(|path| Url::from_file_path(anonymous(&path)).ok());
    url.map_or_else(|| name.to_owned(), String::from)
}

/// The path without empty parts, `.` and `..`, and without a slash at its start.
pub(super) fn clean(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Where home folders lie, behind the letter of a drive too.
const HOMES: [&str; 3] = ["Users", "home", "Documents and Settings"];
