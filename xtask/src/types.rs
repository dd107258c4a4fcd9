//! Defines `cargo xtask types`: TypeScript and the types of k6, by which tests compare what scripts have.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::process;

/// npm's packages, each with its version.
const PACKAGES: [(&str, &str); 2] = [("@types/k6", "2.3.0"), ("typescript", "5.9.3")];

/// Installs them into `target/tools/types`, where they are missing or of other versions.
///
/// # Errors
/// When npm can't install them.
pub(crate) fn install(root: &Path) -> Result<()> {
    let folder = root.join("target/tools/types");
    let is_there = |(name, version): &(&str, &str)| {
        let manifest = folder.join("node_modules").join(name).join("package.json");
        let manifest = fs::read_to_string(manifest).unwrap_or_default();
        manifest.contains(&format!("\"version\": \"{version}\""))
    };
    if PACKAGES.iter().all(is_there) {
        return Ok(());
    }
    let packages = PACKAGES.map(|(name, version)| format!("{name}@{version}"));
    let names = packages.join(" and ");
    println!("Installing the npm packages {names} into target/tools");
    fs::create_dir_all(&folder)?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-save", "--no-package-lock", "--no-audit"]);
    npm.args(["--no-fund", "--ignore-scripts", "--prefix"]);
    process::run(npm.arg(&folder).args(packages))
}
