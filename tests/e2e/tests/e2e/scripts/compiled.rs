//! Tests where the machine code of the JavaScript runtime comes from: the binary, the cache, or the compiler.

use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use brunt_e2e::{Brunt, Ended, guest};

const SHIPPED: &str = "the JavaScript runtime came compiled with this brunt";
const CACHED: &str = "the JavaScript runtime was compiled by an earlier run";
const COMPILED: &str = "the JavaScript runtime was compiled in ";

/// A script with two iterations, and this folder for what is compiled. Compiling takes five seconds of processor time.
fn script(cache: impl AsRef<OsStr>) -> Brunt {
    Brunt::text("export default () => {};\n")
        .args(["--verbose", "--vus", "2", "--iterations", "2"])
        .env("BRUNT_CACHE_DIR", cache)
        .limit(Duration::from_secs(300))
}

fn said(run: Brunt) -> String {
    let ended: Ended = run.run().expect_code(0);
    assert_eq!(ended.metric("iterations", "count"), 2.0, "{}", ended.stderr);
    ended.stderr
}

/// How many compiled components there are.
fn kept(cache: &Path) -> usize {
    let entries = std::fs::read_dir(cache).map(Iterator::count);
    entries.unwrap_or_default()
}

#[test]
fn the_first_script_of_a_machine_compiles_nothing() {
    let cache = tempfile::tempdir().expect("a folder");
    let first = said(script(cache.path()));
    assert!(
        first.contains(SHIPPED) && !first.contains(COMPILED),
        "a brunt that `cargo xtask` builds has its runtime compiled: {first}"
    );
    assert_eq!(kept(cache.path()), 1);
    let second = said(script(cache.path()));
    assert!(second.contains(CACHED), "{second}");
    assert_eq!(kept(cache.path()), 1);
}

#[test]
fn without_a_cache_nothing_is_compiled_either() {
    for nowhere in ["", "/dev/null/no/folder"] {
        let said = said(script(nowhere));
        assert!(said.contains(SHIPPED), "{nowhere}: {said}");
    }
}

#[test]
fn for_another_limit_of_memory_nothing_is_compiled() {
    let cache = tempfile::tempdir().expect("a folder");
    let said = said(script(cache.path()).args(["--limit", "memory=96MiB"]));
    assert!(said.contains(SHIPPED) && !said.contains(COMPILED), "{said}");
}

#[test]
fn where_memories_find_no_4_gib_each_the_runtime_is_compiled_once() {
    let cache = tempfile::tempdir().expect("a folder");
    let run = |gigabytes: u64| {
        let run = script(cache.path()).args(["--limit", "memory=64MiB"]);
        said(run.address_space(gigabytes << 30))
    };
    // Not for one.
    let first = run(3);
    assert!(first.contains(COMPILED), "{first}");
    assert!(
        first.contains("the one that was shipped does not fit"),
        "{first}"
    );
    assert!(run(3).contains(CACHED));
    // For the one that describes the script, and not for those that run it.
    let third = run(8);
    assert!(third.contains(SHIPPED) && third.contains(CACHED), "{third}");
    // What was shipped still fits runs as they are.
    let last = said(script(cache.path()));
    assert!(last.contains(CACHED) && !last.contains(COMPILED), "{last}");
    assert_eq!(kept(cache.path()), 2);
}

#[test]
fn what_was_shipped_is_of_one_runtime_alone() {
    let cache = tempfile::tempdir().expect("a folder");
    let other = guest("js/runtime");
    let said = said(script(cache.path()).env("BRUNT_JS_RUNTIME", other));
    assert!(said.contains(COMPILED), "{said}");
    assert!(said.contains("none was shipped with it"), "{said}");
}
