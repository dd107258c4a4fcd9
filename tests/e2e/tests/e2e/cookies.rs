//! Tests cookies: which are kept, which are sent where, and jars that a test fills by hand.

use brunt_e2e::{Answer, Brunt, Ended, Recorder, Seen};
use serde_json::{Value, json};

use crate::requests::steps;

#[track_caller]
fn jar(ended: &Ended) -> Vec<Value> {
    let logged = ended.logged("JAR").into_iter();
    logged.map(|line| line["cookies"].clone()).collect()
}

/// Sets cookies by path, and tells the cookies that came.
fn baker(seen: &Seen) -> Answer {
    let answer = Answer::ok().body(seen.header("cookie").unwrap_or("none"));
    match seen.path.as_str() {
        "/set" => answer
            .header(
                "Set-Cookie",
                "a=1; Path=/; HttpOnly; SameSite=Lax; Max-Age=60",
            )
            .header("Set-Cookie", "b=2; Path=/deep")
            .header("Set-Cookie", "foreign=3; Domain=example.com")
            .header(
                "Set-Cookie",
                "gone=4; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            ),
        "/hop" => Answer::status(302)
            .header("Set-Cookie", "hop=5")
            .header("Location", "/end"),
        _ => answer,
    }
}

fn bodies(ended: &Ended) -> Vec<String> {
    let responses = ended.logged("RESPONSE").into_iter();
    responses
        .map(|response| response["body"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn cookies_come_back_to_where_they_belong() {
    let server = Recorder::answering(baker);
    let plans = json!([
        { "send": { "url": "/set" } },
        { "send": { "url": "/" } },
        { "send": { "url": "/deep/er" } },
        { "send": { "url": "/hop" } },
        { "send": { "url": "/", "cookies": [["a", "mine", true], ["c", "x y", false]] } },
        { "send": { "url": "/", "own_jar": true } },
        { "send": { "url": "/", "headers": [["Cookie", "by=hand"]] } },
    ]);
    let (ended, _) = steps(&server.url(), &plans, &[]);
    let expected = [
        "none",
        "a=1",
        "b=2; a=1",
        "a=1; hop=5",
        "a=mine; c=\"x y\"; hop=5",
        "none",
        "by=hand; a=1; hop=5",
    ];
    assert_eq!(bodies(&ended), expected);
    let cookies = &ended.logged("RESPONSE")[0]["cookies"];
    assert_eq!(cookies.as_array().map(Vec::len), Some(4));
    let first = json!({
        "name": "a", "value": "1", "domain": "", "path": "/", "http_only": true, "secure": false,
        "max_age": 60, "expires": null, "same_site": "Lax",
    });
    assert_eq!(cookies[0], first);
    assert_eq!(cookies[3]["expires"], 0);
    let sent = &ended.logged("RESPONSE")[4]["sent"]["cookies"];
    assert_eq!(sent[0], json!(["a", "mine"]));
}

#[test]
fn jars_are_emptied_after_each_iteration_unless_they_must_not() {
    let plans = json!([
        { "send": { "url": "/" } },
        { "send": { "url": "/set" } },
        { "send": { "url": "/set", "own_jar": true } },
        { "send": { "url": "/", "own_jar": true } },
    ]);
    for (args, second) in [
        (&["--iterations", "2"][..], "none"),
        (&["--iterations", "2", "--config"], "a=1"),
    ] {
        let server = Recorder::answering(baker);
        let mut run = Brunt::guest("requests").base_url(&server.url());
        run = run
            .test_env("STEPS", &plans.to_string())
            .args(args[..2].iter().copied());
        if args.len() > 2 {
            run = run.config(&json!({ "noCookiesReset": true }));
        }
        let ended = run.run().expect_code(0);
        let bodies = bodies(&ended);
        assert_eq!((bodies[0].as_str(), bodies[4].as_str()), ("none", second));
        assert_eq!(bodies[3], "a=1");
        assert!(!ended.stderr.contains("noCookiesReset"), "{}", ended.stderr);
    }
}

#[test]
fn jars_are_filled_and_emptied_by_hand() {
    let server = Recorder::answering(baker);
    let plans = json!([
        { "set": ["/", "a", "1", []] },
        { "set": ["/", "b", "2", [["path", "/deep"], ["Max-Age", "100"]]] },
        { "show": "/deep/" },
        { "send": { "url": "/deep/x" } },
        { "delete": ["/", "a"] },
        { "show": "/deep/" },
        { "clear": "/deep/" },
        { "show": "/deep/" },
        { "set": ["/", "c", "1", [["colour", "red"]]] },
        { "set": ["/", "c", "1", [["domain", "example.com"]]] },
        { "set": ["/", "c d", "1", []] },
        { "show": "nowhere" },
    ]);
    let (ended, _) = steps(&server.url(), &plans, &[]);
    assert_eq!(bodies(&ended), ["b=2; a=1"]);
    let lines = jar(&ended);
    assert_eq!(lines[2], json!([["b", "2"], ["a", "1"]]));
    assert_eq!((&lines[4], &lines[6]), (&json!([["b", "2"]]), &json!([])));
    let errors: Vec<Value> = ended.logged("JAR").split_off(7);
    let expected = [
        "\"colour\" is no attribute of a cookie",
        "a cookie of 127.0.0.1 can't have the domain \"example.com\"",
        "invalid cookie name \"c d\"",
        "invalid URL \"nowhere\"",
    ];
    for (error, expected) in errors.iter().zip(expected) {
        let text = error["error"].as_str().unwrap_or_default();
        assert!(text.starts_with(expected), "{error}");
    }
}

#[test]
fn a_jar_that_is_full_forgets_and_says_so() {
    let server = Recorder::answering(|seen| {
        let cookie = format!("{}={}", &seen.path[1..], "x".repeat(400));
        Answer::ok()
            .header("Set-Cookie", &cookie)
            .body(seen.header("cookie").unwrap_or("none")[..1].to_owned())
    });
    let plans: Vec<Value> = (0..6)
        .map(|i| json!({ "send": { "url": format!("/c{i}") } }))
        .collect();
    let mut plans = Value::from(plans);
    plans
        .as_array_mut()
        .expect("a list")
        .push(json!({ "show": "/" }));
    let (ended, _) = steps(&server.url(), &plans, &["--limit", "cookies=1000"]);
    let kept = &jar(&ended)[0];
    let names: Vec<_> = kept
        .as_array()
        .into_iter()
        .flatten()
        .map(|pair| &pair[0])
        .collect();
    assert_eq!(names, ["c4", "c5"]);
    let warnings = ended.stderr.matches("limit cookies reached").count();
    assert_eq!(warnings, 1, "{}", ended.stderr);
}
