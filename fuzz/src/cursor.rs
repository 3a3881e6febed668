//! Cursors, which callers keep and hand back.

use std::sync::{Arc, LazyLock};

use laurels::catalog::Catalog;
use laurels::clock::Clock;
use laurels::event::Time;
use laurels::service::Service;

use super::memory::{IDENTITY, Memory};

/// A store with nearly as many events as there can be, so that every cursor may be its own.
static SERVICE: LazyLock<Service> = LazyLock::new(|| {
    let store = Memory::after(u64::MAX - 1);
    Service::start(Arc::new(store), Arc::new(Catalog::default()), Clock::fixed(Time::MIN))
});

/// A cursor that is understood is one that was written so.
pub fn cursor(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    // The input is a whole cursor, or what follows the store's identity in one.
    for cursor in [text.to_owned(), format!("{:016x}{text}", IDENTITY.0)] {
        if let Ok(place) = SERVICE.place(&cursor) {
            assert_eq!(SERVICE.cursor(place), cursor);
        }
    }
}
