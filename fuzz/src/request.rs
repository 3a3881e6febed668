//! Requests, as anybody may send them: through the guard of frames, our codec and the translation, to the service and
//! back.

use std::sync::{Arc, LazyLock};

use laurels::catalog::{Catalog, Numbers, Source};
use laurels::clock::Clock;
use laurels::event::Time;
use laurels::rpc::Calls;
use laurels::service::Service;
use tokio::runtime::{Builder, Runtime};
use tonic::Code;

use super::call::{Answer, body, call};
use super::memory::Memory;

/// The calls there are; a path that is none is answered too.
const METHODS: [&str; 6] =
    ["RecordEvent", "RecordEvents", "GetBadges", "LiveNotifications", "ListBadges", "NoSuchCall"];
/// A live stream never ends: so many of its messages are read. The first comes at once, others may take their time.
const NOTIFICATIONS: usize = 1;

const BADGES: &str = r#"
[event]
"item.sold"  = { price = "float", at = "time", tags = "list", owner = "string" }
"day.passed" = {}

[badge.seller]
on    = "item.sold"
sum   = "event.data.price"
tiers = [{ at = 0.5, id = "half" }, { at = 100 }]

[badge.days]
on     = "day.passed"
run    = "day(event.time)"
at     = 2
secret = true

[badge.thing]
on       = "item.sold"
by       = { user = "event.data.owner", thing = "event.subject" }
distinct = "event.data.tags"
at       = 2
title    = "Two kinds of {thing}"
"#;

/// Rules for a shop.
pub static CATALOG: LazyLock<Arc<Catalog>> = LazyLock::new(|| {
    let files = [Source { name: "shop.toml".to_owned(), text: BADGES.to_owned() }];
    Arc::new(Catalog::compile(&files, &Numbers::default()).expect("this file is right").0)
});

/// Where calls run.
pub static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_current_thread().enable_time().build().expect("the system has room for a runtime")
});

/// Every request is answered; one that cannot be served is said to be the caller's fault, and what to send instead.
pub fn request(bytes: &[u8]) {
    let [method, cut, bytes @ ..] = bytes else { return };
    let method = METHODS[usize::from(method & 0x0f) % METHODS.len()];
    // The input is a whole body, or messages, each behind its length.
    let body = match cut >> 7 {
        0 => bytes.to_vec(),
        _ => body(&messages(bytes)),
    };
    let piece = if cut & 0x7f == 0 { usize::MAX } else { usize::from(cut & 0x7f) };
    RUNTIME.block_on(async {
        let clock = Clock::fixed(Time::from_unix(1_767_225_600, 0).expect("this time is in range"));
        let service = Service::start(Arc::new(Memory::default()), CATALOG.clone(), clock);
        let calls = Calls::over(service.clone());
        let most = if method == "LiveNotifications" { NOTIFICATIONS } else { usize::MAX };
        let answer = call(&calls, method, &body, piece, most).await;
        check(method, &answer);
        // Asked again, however the body is cut, it is answered again; what was recorded counted once.
        let users = service.rarity().users;
        let again = call(&calls, method, &body, usize::MAX, most).await;
        assert_eq!(again.is_ok(), answer.is_ok(), "{method}");
        // Notifications that are there at once come in one piece or in two, beyond those that are waited for.
        let counted = |answer: &Answer| answer.messages.len().min(most);
        assert_eq!(counted(&again), counted(&answer), "{method}");
        assert!(has_unnamed_events(method, &answer, &again) || service.rarity().users == users, "{method}");
        drop(calls);
        service.shut_down().await;
    });
}

/// Lengths of two bytes, each with its message.
fn messages(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut messages = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk() {
        let (message, rest) = rest.split_at(rest.len().min(usize::from(u16::from_be_bytes(*length))));
        messages.push(message);
        bytes = rest;
    }
    messages
}

fn check(method: &str, answer: &Answer) {
    let Some(status) = &answer.status else {
        assert_eq!(method, "LiveNotifications", "every other call comes to an end");
        return;
    };
    let code = status.code();
    // What gRPC itself prescribes: there is no such call, or a message is said to be compressed.
    let prescribed = (code == Code::Unimplemented && method == "NoSuchCall")
        || (code == Code::Internal && status.message().contains("compressed-flag"));
    let callers_fault = matches!(
        code,
        Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::OutOfRange
            | Code::ResourceExhausted
    );
    assert!(code == Code::Ok || prescribed || callers_fault, "{method} is answered {status:?}");
    let is_explained = !status.message().is_empty() && !status.details().is_empty();
    assert!(is_explained || !callers_fault, "{method} is answered {status:?}");
}

/// Events without an id are others when they are sent again.
fn has_unnamed_events(method: &str, answer: &Answer, again: &Answer) -> bool {
    method.starts_with("RecordEvent") && answer.messages.iter().ne(&again.messages)
}
