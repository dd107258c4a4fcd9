//! Defines a test that uses two extensions: each kind of type goes there and back, and variable `DO` names what else is done.

use brunt_sdk::bindings::brunt::time::waiting;
use brunt_sdk::prelude::*;
use kinds_bindings::sample::kinds::kinds::{self, Color, Counter, Point, Rights, Shape};
use store_bindings::sample::store::store;

mod kinds_bindings {
    #![allow(missing_docs, unreachable_pub, clippy::all)]

    wit_bindgen::generate!({
        path: ["../../wit", "wit/kinds"],
        world: "sample:kinds/kinds-user",
        with: {
            "brunt:time/clock@0.1.0": brunt_sdk::bindings::brunt::time::clock,
            "brunt:time/waiting@0.1.0": brunt_sdk::bindings::brunt::time::waiting,
        },
        generate_all,
    });
}

mod store_bindings {
    #![allow(missing_docs, unreachable_pub, clippy::all)]

    wit_bindgen::generate!({
        path: ["../../wit", "wit/store"],
        world: "sample:store/store-user",
        generate_all,
    });
}

#[brunt_sdk::test]
fn use_extensions() -> Result<()> {
    match env_or("DO", "echo").as_str() {
        "echo" => echo(),
        "sleep" => {
            kinds::attend_every(10);
            sleep(Duration::from_millis(55));
            let often = kinds::attended();
            check("attended every 10 ms of a sleep", (4..=6).contains(&often));
            kinds::attend_every(0);
            let before = kinds::attended();
            sleep(Duration::from_millis(1));
            // It was asked for once more, and then no longer.
            sleep(Duration::from_millis(50));
            check("attended no longer", kinds::attended() <= before + 1);
        }
        "wait" => {
            kinds::attend_every(10);
            let first = waiting::wait_any(&[&kinds::later(10_000), &kinds::later(55)]);
            check("the second is first", first == 1);
            let often = kinds::attended();
            check("attended every 10 ms of a wait", (4..=6).contains(&often));
        }
        "inside" => {
            kinds::attend_every(1);
            sleep(Duration::from_millis(5));
            let before = kinds::attended();
            kinds::wait(50);
            check(
                "not attended while it is called",
                kinds::attended() == before,
            );
        }
        how => {
            kinds::misbehave(how);
            sleep(Duration::from_millis(20));
        }
    }
    Ok(())
}

fn echo() {
    let point = Point {
        x: -1,
        dark_y: 2,
        label: Some("ä".to_owned()),
    };
    let back = kinds::echo_point(&point);
    check(
        "record",
        back.x == -1 && back.dark_y == 2 && back.label == point.label,
    );
    let shape = kinds::echo_shape(Shape::WideBox((1, 2)));
    check("variant", matches!(shape, Shape::WideBox((1, 2))));
    check(
        "enum",
        kinds::echo_color(Color::DarkBlue) == Color::DarkBlue,
    );
    check(
        "flags",
        kinds::echo_rights(Rights::WRITE_ALL) == Rights::WRITE_ALL,
    );
    check("option", kinds::echo_option(None).is_none());
    check("u64", kinds::echo_u64(u64::MAX) == u64::MAX);
    check("bytes", kinds::echo_bytes(&[0, 255, 7]) == [0, 255, 7]);
    check(
        "result",
        kinds::echo_result(Err("no")) == Err("no".to_owned()),
    );
    check(
        "error",
        kinds::fail(7).is_err_and(|failure| failure.code == 7),
    );
    let (two, three) = (Counter::new(2), Counter::new(3));
    let sum = Counter::sum_of(&[&two, &three]);
    check("resources", sum.add(5) == 10 && kinds::value_of(&two) == 2);
    check("counters", kinds::counters() == 3);
    check("owned", Counter::end(sum) == 10 && kinds::counters() == 2);
    drop((two, three));
    check("dropped", kinds::counters() == 0);
    let later = kinds::later(1);
    later.wait();
    check("waitable", later.ready());
    store::put("a", "b");
    check(
        "store",
        store::get("a").as_deref() == Some("b") && store::get("c").is_none(),
    );
}
