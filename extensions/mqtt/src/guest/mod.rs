//! Defines the extension: what the engine calls, and what tests call.
//!
//! Each VU has one instance of it, with all its clients. While a client waits, all of them are attended to.

mod bell;
mod client;
mod config;
mod conversation;
mod convert;
mod driving;
mod errand;
mod link;
mod meter;
mod options;
mod publisher;
mod waiting;

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::time::Duration;

use brunt_sdk::time;
use conversation::Conversation;

mod bindings {
    #![allow(missing_docs, unreachable_pub, unused_qualifications, clippy::all)]
    #![allow(clippy::undocumented_unsafe_blocks)]
    brunt_sdk::extension_bindings!({ world: "brunt:mqtt/mqtt", path: ["../../wit", "wit"] });
}

struct Mqtt;

impl brunt_sdk::Extension for Mqtt {
    fn init() -> brunt_sdk::Result<()> {
        meter::register()
    }

    fn attend() -> Option<Duration> {
        let now = now_ns();
        let due = attend_to(now, None)?;
        Some(Duration::from_nanos(due.saturating_sub(now)))
    }
}

impl bindings::exports::brunt::mqtt::client::Guest for Mqtt {
    type Options = options::OptionsHandle;
    type Pending = errand::PendingHandle;
    type Publisher = publisher::PublisherHandle;
    type Client = client::ClientHandle;
}

brunt_sdk::export_extension!(Mqtt, bindings);

brunt_sdk::script!("k6/x/mqtt", include_str!("../../js/k6-x-mqtt.js"));

thread_local! {
    static CLIENTS: RefCell<Vec<Weak<RefCell<Conversation>>>> = const { RefCell::new(Vec::new()) };
}

/// Attends to this client from now on, for as long as somebody has it.
fn attend_from_now_on(client: &Rc<RefCell<Conversation>>) {
    CLIENTS.with_borrow_mut(|clients| {
        clients.retain(|other| other.strong_count() > 0);
        clients.push(Rc::downgrade(client));
    });
}

/// The clients that there are.
fn clients() -> Vec<Rc<RefCell<Conversation>>> {
    CLIENTS.with_borrow(|clients| clients.iter().filter_map(Weak::upgrade).collect())
}

/// Whether there is one client at most.
fn are_alone() -> bool {
    CLIENTS.with_borrow(|clients| {
        clients.len() < 2 || clients.iter().filter(|one| one.strong_count() > 0).count() < 2
    })
}

/// Goes on with all clients but the one that is in use; returns when to look at them again at the latest.
fn attend_to(now_ns: u64, except: Option<&RefCell<Conversation>>) -> Option<u64> {
    let mut due: Option<u64> = None;
    for client in clients() {
        if except.is_some_and(|one| std::ptr::eq(one, Rc::as_ptr(&client))) {
            continue;
        }
        let mut conversation = client.borrow_mut();
        conversation.drive(now_ns);
        due = [due, conversation.due_ns()].into_iter().flatten().min();
    }
    due
}

/// Now, on the engine's clock.
fn now_ns() -> u64 {
    nanoseconds(time::now())
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
