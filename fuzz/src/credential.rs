//! Credentials, as anybody may send them, and key files, as a person may write them.

use std::sync::LazyLock;

use laurels::access::{Access, Keyring, Needs, Scope, StreamLimits};
use laurels::clock::Clock;
use laurels::event::Time;

/// A key whose secret nobody knows, and one to sign with that nobody signs with.
const FILE: &str = r#"
[[key]]
id     = "a"
sha256 = "07cab19209fb07c93d893c4aaac23f14d00e6d854ac65765a24c9b32aa9d387b"
scopes = ["record", "read", "watch", "admin"]

[[signing]]
id     = "s"
secret = "6b1d3f2e7c9a48d0b5e4f6a7182930c4d5e6f708192a3b4c5d6e7f8091a2b3c4"
"#;

static ACCESS: LazyLock<Access> = LazyLock::new(|| {
    let clock = Clock::fixed(Time::from_unix(1_767_225_600, 0).expect("this time is in range"));
    Access::new(Keyring::parse(FILE).expect("this file is right"), StreamLimits::default(), clock)
});

/// None is let in, and a file is read or said to be wrong.
pub fn credential(bytes: &[u8]) {
    let [kind, rest @ ..] = bytes else { return };
    let header = match kind % 3 {
        0 => rest.to_vec(),
        1 => [b"Bearer ", rest].concat(),
        _ => {
            if let Ok(text) = str::from_utf8(rest) {
                let read = Keyring::parse(text);
                // Whoever reads it again reads the same.
                assert_eq!(read.is_ok(), Keyring::parse(text).is_ok());
            }
            return;
        }
    };
    let caller = ACCESS.caller(Some(&header));
    for scope in Scope::ALL {
        let refused = caller.may(Needs::Scope(scope)).expect_err("nobody knows the secrets");
        assert!(!refused.message.is_empty());
    }
    assert!(caller.may(Needs::Key).is_err() && caller.may(Needs::Nothing).is_ok());
}
