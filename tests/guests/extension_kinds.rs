//! Defines an extension with every kind of type in its interface, and everything that an extension should not do.

use std::cell::{Cell, RefCell};

use bindings::exports::brunt::worlds::extension_lifecycle;
use bindings::exports::sample::kinds::kinds::{
    Color, Counter, CounterBorrow, Failure, Guest, GuestCounter, Point, Rights, Shape, Waitable,
};
use brunt_sdk::bindings::brunt::execution::execution;
use brunt_sdk::bindings::brunt::metrics::metrics::{Kind, Metric, Unit};
use brunt_sdk::bindings::brunt::time::waiting;

mod bindings {
    #![allow(missing_docs, unreachable_pub, clippy::all)]

    wit_bindgen::generate!({
        path: ["../../wit", "wit/kinds"],
        world: "sample:kinds/kinds-extension",
        with: {
            "brunt:execution/execution@0.1.0": brunt_sdk::bindings::brunt::execution::execution,
            "brunt:metrics/metrics@0.1.0": brunt_sdk::bindings::brunt::metrics::metrics,
            "brunt:time/clock@0.1.0": brunt_sdk::bindings::brunt::time::clock,
            "brunt:time/waiting@0.1.0": brunt_sdk::bindings::brunt::time::waiting,
        },
        generate_all,
    });
}

/// What `brunt extension list` says of it.
#[used]
#[unsafe(link_section = "brunt:description")]
static DESCRIPTION: [u8; TEXT.len()] = *TEXT;
const TEXT: &[u8; 44] = b"Everything that can be in an extension's API";

bindings::export!(Kinds with_types_in bindings);

struct Kinds;

thread_local! {
    static COUNTERS: Cell<u32> = const { Cell::new(0) };
    static ATTENDED: Cell<u32> = const { Cell::new(0) };
    static EVERY_MS: Cell<u32> = const { Cell::new(0) };
    static NEXT: RefCell<Option<String>> = const { RefCell::new(None) };
    static METRIC: RefCell<Option<Metric>> = const { RefCell::new(None) };
    /// Set while a function of this instance runs: it can't be entered then.
    static ENTERED: Cell<bool> = const { Cell::new(false) };
}

/// Notes that a function runs, and panics when another one does.
fn entered<T>(call: impl FnOnce() -> T) -> T {
    assert!(!ENTERED.replace(true), "entered while it was called");
    let value = call();
    ENTERED.set(false);
    value
}

impl extension_lifecycle::Guest for Kinds {
    fn init() -> Result<(), String> {
        if execution::env("INIT_FAILS").is_some() {
            return Err("it was told to fail".to_owned());
        }
        let metric = Metric::register("kinds_attended", Kind::Counter, Unit::None)?;
        METRIC.set(Some(metric));
        Ok(())
    }

    fn attend() -> Option<u64> {
        entered(|| {
            ATTENDED.set(ATTENDED.get() + 1);
            METRIC.with_borrow(|metric| metric.as_ref().expect("a metric").add(1.0));
            if let Some(how) = NEXT.take() {
                misbehave(&how);
            }
            let every = EVERY_MS.get();
            (every > 0).then_some(u64::from(every) * 1_000_000)
        })
    }
}

impl Guest for Kinds {
    type Counter = Count;

    fn echo_point(value: Point) -> Point {
        value
    }

    fn echo_shape(value: Shape) -> Shape {
        value
    }

    fn echo_color(value: Color) -> Color {
        value
    }

    fn echo_rights(value: Rights) -> Rights {
        value
    }

    fn echo_option(value: Option<u32>) -> Option<u32> {
        value
    }

    fn echo_nested(value: Option<Option<u32>>) -> Option<Option<u32>> {
        value
    }

    fn echo_tuple(value: (u8, String)) -> (u8, String) {
        value
    }

    fn echo_u64(value: u64) -> u64 {
        value
    }

    fn echo_s64(value: i64) -> i64 {
        value
    }

    fn echo_f32(value: f32) -> f32 {
        value
    }

    fn echo_char(value: char) -> char {
        value
    }

    fn echo_bool(value: bool) -> bool {
        value
    }

    fn echo_bytes(value: Vec<u8>) -> Vec<u8> {
        value
    }

    fn echo_points(value: Vec<Point>) -> Vec<Point> {
        value
    }

    fn echo_result(value: Result<u32, String>) -> Result<u32, String> {
        value
    }

    fn fail(code: u32) -> Result<(), Failure> {
        let message = format!("failed with code {code}");
        Err(Failure { code, message })
    }

    fn value_of(this: CounterBorrow<'_>) -> u64 {
        this.get::<Count>().0.get()
    }

    fn counters() -> u32 {
        COUNTERS.get()
    }

    fn later(ms: u32) -> Waitable {
        waiting::after(u64::from(ms) * 1_000_000)
    }

    fn wait(ms: u32) {
        entered(|| waiting::after(u64::from(ms) * 1_000_000).wait());
    }

    fn attended() -> u32 {
        ATTENDED.get()
    }

    fn attend_every(ms: u32) {
        EVERY_MS.set(ms);
    }

    fn misbehave(how: String) {
        match how.strip_prefix("later-") {
            Some(how) => NEXT.set(Some(how.to_owned())),
            None => misbehave(&how),
        }
    }
}

/// A number that counts.
struct Count(Cell<u64>);

impl Count {
    fn starting_at(start: u64) -> Self {
        COUNTERS.set(COUNTERS.get() + 1);
        Self(Cell::new(start))
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        COUNTERS.set(COUNTERS.get() - 1);
    }
}

impl GuestCounter for Count {
    fn new(start: u64) -> Self {
        Self::starting_at(start)
    }

    fn add(&self, by: u64) -> u64 {
        self.0.set(self.0.get() + by);
        self.0.get()
    }

    fn value(&self) -> u64 {
        self.0.get()
    }

    fn sum_of(these: Vec<CounterBorrow<'_>>) -> Counter {
        let sum = these.iter().map(|one| one.get::<Count>().0.get()).sum();
        Counter::new(Self::starting_at(sum))
    }

    fn end(this: Counter) -> u64 {
        this.into_inner::<Count>().0.get()
    }
}

fn misbehave(how: &str) {
    match how {
        "spin" => loop {
            std::hint::black_box(());
        },
        "trap" => core::arch::wasm32::unreachable(),
        "memory" => {
            let mut hoard = Vec::new();
            loop {
                hoard.push(vec![1_u8; 1 << 20]);
            }
        }
        "handles" => loop {
            std::mem::forget(waiting::after(0));
        },
        "tags" => METRIC.with_borrow(|metric| {
            let metric = metric.as_ref().expect("a metric");
            for number in 0..50_000 {
                metric.add_tagged(1.0, &[("number", &number.to_string())]);
            }
        }),
        other => panic!("unknown misbehaviour {other}"),
    }
}
