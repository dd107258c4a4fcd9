//! Defines how the paths of relative references are resolved (RFC 3986, section 5.2).

/// A reference's path beside that of the page it is on; one from the root stands for itself.
pub(super) fn beside(page: &str, reference: &str) -> String {
    if reference.starts_with('/') {
        return reference.to_owned();
    }
    let folder = page.rfind('/').map_or("/", |end| &page[..=end]);
    format!("{folder}{reference}")
}

/// A path without `.` and `..`. A `..` that leads to the root takes an empty part after it along: the rest must not look like
/// a host.
pub(super) fn without_dots(path: &str) -> String {
    let Some(parts) = path.strip_prefix('/') else {
        return path.to_owned();
    };
    let mut kept: Vec<&str> = Vec::new();
    let mut back_at_root = false;
    for part in parts.split('/') {
        let was_back = std::mem::take(&mut back_at_root);
        match part {
            "." => {}
            ".." => {
                kept.pop();
                back_at_root = kept.is_empty();
            }
            "" if was_back => {}
            part => kept.push(part),
        }
    }
    if path.ends_with("/.") || path.ends_with("/..") {
        kept.push("");
    }
    format!("/{}", kept.join("/"))
}
