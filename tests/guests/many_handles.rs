//! Defines a hostile guest that makes a million handles and drops none: `KIND` is `request`, `timer` or `pending`.

use brunt_sdk::prelude::*;

const MANY: usize = 1_000_000;

#[brunt_sdk::test]
fn many_handles() -> Result<()> {
    match env_or("KIND", "request").as_str() {
        "request" => keep(|| Request::get("http://127.0.0.1:1/")),
        "timer" => keep(|| time::after(3600)),
        "pending" => keep(|| Request::get("http://127.0.0.1:1/").start()),
        other => fail!("KIND is request, timer or pending, not {other}"),
    }
    Ok(())
}

fn keep<T>(make: impl Fn() -> T) {
    let kept: Vec<T> = (0..MANY).map(|_| make()).collect();
    log::info!("kept {}", kept.len());
}
