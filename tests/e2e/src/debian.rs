//! Defines programs of Debian's that tests run against: found, or installed, aloud, when they are missing and this is root.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// The first of these files that there is; from the package, where there is none.
///
/// # Panics
/// When it can't be installed.
pub(crate) fn program(places: &[&str], package: &str, why: &str) -> PathBuf {
    // One at a time: the package system lets in one only.
    static INSTALLING: Mutex<()> = Mutex::new(());
    let _guard = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    let found = || places.iter().map(PathBuf::from).find(|path| path.is_file());
    found().unwrap_or_else(|| {
        eprintln!("Installing the Debian package {package}, {why}");
        let install = format!("apt-get update -q && apt-get install -q -y --no-install-recommends {package}");
        let status = Command::new("sh")
            .args(["-c", &install])
            .env("DEBIAN_FRONTEND", "noninteractive")
            // A service of the machine is not wanted, only the program.
            .env("RUNLEVEL", "1")
            .status();
        assert!(
            status.is_ok_and(|status| status.success()),
            "there is no {package}, and it can't be installed\nhint: run this first: sudo sh -c '{install}'"
        );
        found().unwrap_or_else(|| panic!("{package} is installed, and none of {places:?} is there"))
    })
}
