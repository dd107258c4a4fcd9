//! Defines which modules of the network a specifier may mean: those of `https://` addresses, from anywhere, and nothing of this
//! machine from there.

use url::Url;

/// Whether a module of this name came from the network.
pub(crate) fn is_remote(name: &str) -> bool {
    name.starts_with("https://")
}

/// The address that `specifier` means in a module from `base`.
///
/// # Errors
/// Why such a module can't import it.
pub(crate) fn relative(specifier: &str, base: &str) -> Result<String, String> {
    let refused = |why: &str| Err(format!("\"{specifier}\", imported by {base}, {why}"));
    if specifier.starts_with("file:") {
        return refused("is a file of this machine, and a module from https:// can't see any");
    }
    if specifier.contains("://") {
        return absolute(specifier);
    }
    if !specifier.starts_with(['.', '/']) {
        return refused(
            "was not found: a module from https:// has no packages, it imports by whole or relative addresses",
        );
    }
    joined(specifier, base)
}

/// The address that this location, of a redirect, means where it comes from `base`.
///
/// # Errors
/// Why nothing is fetched from there.
pub fn joined(location: &str, base: &str) -> Result<String, String> {
    let url = Url::parse(base).and_then(|base| base.join(location));
    match url {
        Ok(url) => checked(url, location),
        Err(error) => Err(error.to_string()),
    }
}

/// The address itself.
///
/// # Errors
/// Why nothing is imported from there.
pub(crate) fn absolute(specifier: &str) -> Result<String, String> {
    match Url::parse(specifier) {
        Ok(url) => checked(url, specifier),
        Err(error) => Err(format!("\"{specifier}\" can't be imported: {error}")),
    }
}

fn checked(mut url: Url, specifier: &str) -> Result<String, String> {
    let refused = |why: &str| Err(format!("\"{specifier}\" can't be imported: {why}"));
    match url.scheme() {
        "https" => {}
        "http" => {
            return refused(
                "what comes over http:// can be changed on its way; only https:// addresses are fetched (hint: write https://, or put a copy beside the script)",
            );
        }
        scheme => {
            return refused(&format!(
                "there are no modules of {scheme}:// addresses; a script imports files, packages and https:// addresses"
            ));
        }
    }
    if !url.username().is_empty() || url.password().is_some() {
        let why = "an address can't have a user and a password, as it is shown in logs and stacks";
        // Without the specifier, which has them.
        return Err(format!(
            "https://{} can't be imported: {why}",
            url.host_str().unwrap_or_default()
        ));
    }
    url.set_fragment(None);
    Ok(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_specifiers_go_by_the_address_that_imports_them() {
        let base = "https://example.com/lib/index.js?v=1";
        for (specifier, address) in [
            ("./a.js", "https://example.com/lib/a.js"),
            ("../b.ts?x=1", "https://example.com/b.ts?x=1"),
            ("/c.js#part", "https://example.com/c.js"),
            ("//other.org/d.js", "https://other.org/d.js"),
            ("https://other.org/../e.js", "https://other.org/e.js"),
        ] {
            assert_eq!(
                relative(specifier, base).as_deref(),
                Ok(address),
                "{specifier}"
            );
        }
    }

    #[test]
    fn nothing_but_https_is_imported() {
        let base = "https://example.com/index.js";
        for (specifier, words) in [
            ("file:///etc/passwd", "a file of this machine"),
            ("file:/etc/passwd", "a file of this machine"),
            ("http://example.com/a.js", "only https://"),
            ("ftp://example.com/a.js", "no modules of ftp://"),
            ("lodash", "has no packages"),
            ("https://", "can't be imported"),
        ] {
            let error = relative(specifier, base).expect_err(specifier);
            assert!(error.contains(words), "{specifier}: {error}");
        }
        let error = absolute("https://me:secret@example.com/a.js").expect_err("a password");
        assert!(
            error.contains("example.com") && !error.contains("secret"),
            "{error}"
        );
    }
}
