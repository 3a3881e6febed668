//! Keys, tokens and what they open, by a clock that the tests set.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::{Value, json};

use super::*;
use crate::event::Time;

const START: &str = "2026-01-01T00:00:00Z";
const SECRET: &str = "a signing secret of at least 32 bytes";
/// Of `key(id)`, for each of the keys of `FILE`.
const FILE: &str = r#"
[[key]]
id     = "all"
sha256 = "HASH-all"
scopes = ["record", "read", "watch", "admin"]

[[key]]
id          = "eu"
sha256      = "HASH-eu"
scopes      = ["record", "read", "watch"]
types       = ["post.*"]
user_prefix = "eu/"

[[key]]
id      = "brief"
sha256  = "HASH-brief"
scopes  = ["read"]
expires = 2026-01-01T01:00:00Z

[[key]]
id      = "gone"
sha256  = "HASH-gone"
scopes  = ["read"]
revoked = 2025-12-31T00:00:00Z

[[key]]
id     = "slow"
sha256 = "HASH-slow"
scopes = ["read"]
rate   = 1
burst  = 2

[[signing]]
id     = "site"
secret = "a signing secret of at least 32 bytes"

[[signing]]
id      = "old"
revoked = 2025-12-31T00:00:00Z
"#;

fn key(id: &str) -> String {
    format!("lk_{id}_{}", "5".repeat(64))
}

fn ring(file: &str) -> Keyring {
    let mut text = file.to_owned();
    for id in ["all", "eu", "brief", "gone", "slow"] {
        let hash = ring::digest::digest(&ring::digest::SHA256, key(id).as_bytes());
        let hex: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        text = text.replace(&format!("HASH-{id}\""), &format!("{hex}\""));
    }
    Keyring::parse(&text).unwrap()
}

fn start() -> Time {
    Time::parse(START).unwrap()
}

fn access() -> (Access, Clock) {
    let clock = Clock::fixed(start());
    (Access::new(ring(FILE), StreamLimits::default(), clock.clone()), clock)
}

fn call(access: &Access, credential: &str) -> Caller {
    access.caller(Some(format!("Bearer {credential}").as_bytes()))
}

fn why<T: std::fmt::Debug>(result: Result<T, Refused>) -> Why {
    result.unwrap_err().why
}

const READ: Needs = Needs::Scope(Scope::Read);

fn sign(header: &Value, claims: &Value, secret: &str) -> String {
    let part = |json: &Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes()));
    format!("{signed}.{signature}")
}

fn header() -> Value {
    json!({ "alg": "HS256", "typ": "JWT", "kid": "site" })
}

/// Claims of a token for ana that ends in 15 minutes, with other values for some.
fn claims(others: &[(&str, Value)]) -> Value {
    let mut claims = json!({ "sub": "ana", "aud": "laurels", "exp": start().to_unix().0 + 900 });
    for (name, value) in others {
        claims[*name] = value.clone();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(*name);
        }
    }
    claims
}

#[test]
fn without_keys_everybody_may_do_everything_and_the_first_key_closes_the_door() {
    let access = Access::open(Clock::fixed(start()));
    let before = access.caller(None);
    assert!(access.is_open() && before.may(Needs::Scope(Scope::Admin)).is_ok());
    assert!(before.may_listen([].into_iter()).is_ok());
    assert!(call(&access, "whatever").may(READ).is_ok());

    access.replace(ring(FILE)).unwrap();
    assert_eq!(why(before.may(READ)), Why::Missing);
    assert_eq!(why(access.caller(None).may(READ)), Why::Missing);
    assert!(access.caller(None).may(Needs::Nothing).is_ok());
    // No way back while it runs: not by an emptied file, not by keys that are all revoked.
    assert!(access.replace(Keyring::default()).is_err());
    access
        .replace(ring(
            "[[key]]\nid = 'gone'\nsha256 = \"HASH-gone\"\nscopes = []\nrevoked = 2020-01-01T00:00:00Z",
        ))
        .unwrap();
    assert!(!access.is_open());
}

#[test]
fn a_key_opens_its_scopes_and_no_others() {
    let (access, _) = access();
    for scope in Scope::ALL {
        assert!(call(&access, &key("all")).may(Needs::Scope(scope)).is_ok());
        let brief = call(&access, &key("brief")).may(Needs::Scope(scope));
        assert_eq!(brief.is_ok(), scope == Scope::Read, "{scope}");
    }
    assert!(call(&access, &key("brief")).may(Needs::Key).is_ok());
    assert_eq!(why(call(&access, &key("brief")).may(Needs::Scope(Scope::Admin))), Why::Denied);
}

#[test]
fn what_is_no_key_of_this_server_is_told_the_same_whether_its_id_is_known_or_not() {
    let (access, _) = access();
    let refused = |credential: &str| call(&access, credential).may(READ).unwrap_err();
    let wrong_secret = format!("lk_all_{}", "6".repeat(64));
    let unknown = format!("lk_nobody_{}", "5".repeat(64));
    assert_eq!(refused(&wrong_secret), refused(&unknown));
    assert_eq!(refused(&wrong_secret).why, Why::Invalid);
    for malformed in ["", "lk_", "lk_all_5", "x.y", "a.b.c", &key("all")[1..], &format!("{}0", key("all"))] {
        assert_eq!(refused(malformed).why, Why::Invalid, "{malformed}");
    }
    for header in ["", "Bearer", "Basic YTpi", &key("all"), "Bearer\u{e9} x"] {
        assert_eq!(why(access.caller(Some(header.as_bytes())).may(READ)), Why::Invalid, "{header}");
    }
    assert_eq!(why(access.caller(Some(b"Bearer \xff")).may(READ)), Why::Invalid);
    assert!(access.caller(Some(format!("bEARER  {} ", key("all")).as_bytes())).may(READ).is_ok());
}

#[test]
fn a_key_is_good_until_the_moment_it_expires() {
    let (access, clock) = access();
    let caller = call(&access, &key("brief"));
    clock.set(Time::parse("2026-01-01T00:59:59.999999Z").unwrap());
    assert!(caller.may(READ).is_ok());
    clock.set(Time::parse("2026-01-01T01:00:00Z").unwrap());
    assert_eq!(why(caller.may(READ)), Why::Expired);
    assert_eq!(why(call(&access, &key("brief")).may(READ)), Why::Expired);
    assert_eq!(why(call(&access, &key("gone")).may(READ)), Why::Revoked);
}

#[test]
fn a_narrowed_key_is_for_its_types_and_users_only() {
    let (access, _) = access();
    let eu = call(&access, &key("eu"));
    assert!(eu.may_record("post.created", "eu/ana").is_ok());
    for (event_type, user) in
        [("heart.given", "eu/ana"), ("post.created", "us/bob"), ("", ""), ("post", "eu/ana")]
    {
        assert_eq!(why(eu.may_record(event_type, user)), Why::Denied, "{event_type} {user}");
    }
    assert!(eu.may_see("eu/ana").is_ok() && eu.may_see("ana").is_err());
    assert!(eu.may_listen(["eu/ana", "eu/ben"].into_iter()).is_ok());
    assert_eq!(why(eu.may_listen(["eu/ana", "us/bob"].into_iter())), Why::Denied);
    assert_eq!(why(eu.may_listen([].into_iter())), Why::Denied, "to all users");
    assert!(call(&access, &key("all")).may_listen([].into_iter()).is_ok());
}

#[test]
fn a_key_that_may_call_so_often_is_told_how_long_to_wait() {
    let (access, clock) = access();
    let caller = call(&access, &key("slow"));
    assert!(caller.step().is_ok() && caller.step().is_ok());
    assert_eq!(why(call(&access, &key("slow")).step()), Why::TooFast(Duration::from_secs(1)));
    assert!(call(&access, &key("all")).step().is_ok());
    // The file is read again: what was counted stays.
    access.replace(ring(FILE)).unwrap();
    assert_eq!(call(&access, &key("slow")).wait(), Some(Duration::from_secs(1)));
    clock.set(start().plus_micros(1_000_000).unwrap());
    assert_eq!(call(&access, &key("slow")).wait(), None);
}

#[test]
fn a_token_is_for_one_user_who_reads_and_watches() {
    let (access, _) = access();
    let ana = call(&access, &sign(&header(), &claims(&[]), SECRET));
    assert!(ana.may(READ).is_ok() && ana.may(Needs::Scope(Scope::Watch)).is_ok());
    for needs in [Needs::Scope(Scope::Record), Needs::Scope(Scope::Admin), Needs::Key] {
        assert_eq!(why(ana.may(needs)), Why::Denied, "{needs}");
    }
    assert!(ana.may_see("ana").is_ok());
    assert_eq!(why(ana.may_see("anabel")), Why::Denied);
    assert!(ana.may_listen(["ana"].into_iter()).is_ok());
    assert_eq!(why(ana.may_listen(["ana", "ben"].into_iter())), Why::Denied);
    assert_eq!(why(ana.may_listen([].into_iter())), Why::Denied);

    let only = call(&access, &sign(&header(), &claims(&[("scope", json!("watch"))]), SECRET));
    assert!(only.may(Needs::Scope(Scope::Watch)).is_ok() && only.may(READ).is_err());
    let several = claims(&[("aud", json!(["others", "laurels"]))]);
    assert!(call(&access, &sign(&header(), &several, SECRET)).may(READ).is_ok());
}

#[test]
fn a_token_is_verified_by_the_one_algorithm_and_never_by_what_it_says() {
    let (access, _) = access();
    let refused = |token: &str| call(&access, token).may(READ).unwrap_err();
    let good = sign(&header(), &claims(&[]), SECRET);
    assert!(call(&access, &good).may(READ).is_ok());
    for alg in ["none", "None", "RS256", "HS512", "hs256", ""] {
        let header = json!({ "alg": alg, "kid": "site" });
        assert_eq!(refused(&sign(&header, &claims(&[]), SECRET)).why, Why::Invalid, "{alg}");
    }
    let (signed, _) = good.rsplit_once('.').unwrap();
    for wrong in [
        format!("{signed}."),
        signed.to_owned(),
        format!("{good}A"),
        format!("{good}="),
        format!("{good}.x"),
        sign(&header(), &claims(&[]), "another secret of at least 32 bytes"),
        sign(&header(), &claims(&[]), ""),
        sign(&json!({ "alg": "HS256" }), &claims(&[]), SECRET),
        sign(&json!({ "alg": "HS256", "kid": "nobody" }), &claims(&[]), SECRET),
        sign(&json!({ "alg": "HS256", "kid": "all" }), &claims(&[]), SECRET),
        sign(&json!({ "alg": "HS256", "kid": "site", "crit": ["exp"] }), &claims(&[]), SECRET),
        // Claims of another token under this one's signature.
        {
            let other = sign(&header(), &claims(&[("sub", json!("ben"))]), SECRET);
            let (signed, _) = other.rsplit_once('.').unwrap();
            format!("{signed}.{}", good.rsplit_once('.').unwrap().1)
        },
        format!("{good}{}", "A".repeat(TOKEN_MAX_BYTES)),
    ] {
        assert_eq!(refused(&wrong).why, Why::Invalid, "{wrong}");
    }
    let old = sign(&json!({ "alg": "HS256", "kid": "old" }), &claims(&[]), SECRET);
    assert_eq!(refused(&old).why, Why::Revoked);
}

#[test]
fn a_token_says_whom_it_is_for_and_lives_an_hour_at_most() {
    let (access, _) = access();
    let now = start().to_unix().0;
    let said = |others: &[(&str, Value)]| {
        let caller = call(&access, &sign(&header(), &claims(others), SECRET));
        caller.may(READ).map_err(|refused| refused.why)
    };
    for (others, expected) in [
        (("exp", json!(now + 3600 + 30)), Ok(())),
        (("exp", json!(now + 3600 + 31)), Err(Why::Invalid)),
        (("exp", json!(now - 29)), Ok(())),
        (("exp", json!(now - 30)), Err(Why::Expired)),
        (("exp", json!(now as f64 + 60.5)), Ok(())),
        (("exp", json!(now.to_string())), Err(Why::Invalid)),
        (("exp", Value::Null), Err(Why::Invalid)),
        (("exp", json!(1e300)), Err(Why::Invalid)),
        (("exp", json!(-1e300)), Err(Why::Expired)),
        (("iat", json!(now - 3000)), Err(Why::Invalid)),
        (("iat", json!(now)), Ok(())),
        (("nbf", json!(now + 30)), Ok(())),
        (("nbf", json!(now + 31)), Err(Why::Invalid)),
        (("aud", Value::Null), Err(Why::Invalid)),
        (("aud", json!("others")), Err(Why::Invalid)),
        (("aud", json!([])), Err(Why::Invalid)),
        (("sub", Value::Null), Err(Why::Invalid)),
        (("sub", json!("")), Err(Why::Invalid)),
        (("sub", json!("a\nb")), Err(Why::Invalid)),
        (("sub", json!(7)), Err(Why::Invalid)),
        (("scope", json!("read admin")), Err(Why::Invalid)),
        (("scope", json!("record")), Err(Why::Invalid)),
        (("scope", json!("read watch")), Ok(())),
        (("scope", json!("")), Err(Why::Denied)),
        (("custom", json!({ "of": "the site" })), Ok(())),
    ] {
        assert_eq!(said(std::slice::from_ref(&others)), expected, "{others:?}");
    }
}

#[tokio::test]
async fn what_is_held_open_ends_with_its_key_or_token() {
    let (access, clock) = access();
    let ana = call(&access, &sign(&header(), &claims(&[]), SECRET));
    let brief = call(&access, &key("brief"));
    let all = call(&access, &key("all"));
    let eu = call(&access, &key("eu"));
    let ends = |caller: &Caller, needs| tokio::spawn(caller.clone().until_refused(needs));
    let (token, brief, revoked) = (ends(&ana, READ), ends(&brief, READ), ends(&all, READ));
    let changed = ends(&eu, READ);
    tokio::task::yield_now().await;

    clock.set(start().plus_micros(930_000_000).unwrap());
    assert_eq!(token.await.unwrap().why, Why::Expired);
    clock.set(start().plus_micros(3_600_000_000).unwrap());
    assert_eq!(brief.await.unwrap().why, Why::Expired);
    access
        .replace(ring(&FILE.replace(
            "scopes = [\"record\", \"read\", \"watch\", \"admin\"]",
            "scopes = [\"read\"]\nrevoked = 2026-01-01T01:00:00Z",
        )))
        .unwrap();
    assert_eq!(revoked.await.unwrap().why, Why::Revoked);
    assert!(!changed.is_finished());
    access.replace(ring(&FILE.replace("\"eu/\"", "\"eu/x\""))).unwrap();
    assert_eq!(changed.await.unwrap().why, Why::Revoked);
}

#[test]
fn no_secret_is_shown_by_debug_or_by_a_refusal() {
    let (access, _) = access();
    let token = sign(&header(), &claims(&[("exp", json!(1))]), SECRET);
    let refused = call(&access, &token).may(READ).unwrap_err();
    let wrong = call(&access, &format!("lk_all_{}", "6".repeat(64))).may(READ).unwrap_err();
    let shown = format!("{access:?} {:?} {refused:?} {wrong:?} {:?}", ring(FILE), call(&access, &key("all")));
    for secret in [SECRET, &"5".repeat(64), &"6".repeat(64), token.rsplit_once('.').unwrap().1] {
        assert!(!shown.contains(secret), "{secret}");
    }
}

#[test]
fn a_file_with_a_mistake_is_told_its_place_and_no_secret() {
    let hash = "0".repeat(64);
    for (text, says) in [
        ("[[key]]\nid = \"SECRET", "line 2"),
        ("[[keys]]", "unknown field `keys`"),
        ("[[key]]\nid = 'a'\nscope = ['read']", "line 3: unknown field `scope`"),
        ("[[key]]\nid = 'A'\nsha256 = ''\nscopes = []", "the id of a key must have"),
        ("[[key]]\nid = 'a'\nsha256 = 'SECRET'\nscopes = []", "sha256 of the key a must have 64 digits"),
        (&format!("[[key]]\nid = 'a'\nsha256 = '{hash}'\nscopes = ['write']"), "there are record, read"),
        (
            &format!("[[key]]\nid = 'a'\nsha256 = '{hash}'\nscopes = []\nrate = 'SECRET'"),
            "line 5: invalid type",
        ),
        (&format!("[[key]]\nid = 'a'\nsha256 = '{hash}'\nscopes = []\nrate = 0"), "line 5"),
        (&format!("[[key]]\nid = 'a'\nsha256 = '{hash}'\nscopes = []\nburst = 5"), "needs a rate"),
        (
            &format!("[[key]]\nid = 'a'\nsha256 = '{hash}'\nscopes = []\nexpires = 2026-01-01"),
            "with its zone",
        ),
        (
            &format!("[[key]]\nid = 'a'\nsha256 = '{hash}'\nscopes = ['admin']\nuser_prefix = 'eu/'"),
            "make two keys",
        ),
        (&format!("[[key]]\nid = 'a'\nsha256 = '{hash}'\nscopes = []\n").repeat(2), "two keys have the id a"),
        (
            "[[signing]]\nid = 'a'\nsecret = 'SECRET'",
            "secret of the signing key a must have at least 32 bytes",
        ),
        ("[[signing]]\nid = 'a'", "secret of the signing key a must have"),
    ] {
        let problem = Keyring::parse(text).unwrap_err();
        assert!(problem.contains(says), "{text}: {problem}");
        assert!(!problem.contains("SECRET"), "{problem}");
    }
    assert!(Keyring::parse("").unwrap().is_empty());
}

#[test]
fn keys_that_are_others_are_told_with_what_became_of_them() {
    let (access, _) = access();
    assert_eq!(access.replace(ring(FILE)).unwrap(), []);
    let changed = FILE
        .replace("id     = \"site\"", "id     = \"kiosk\"")
        .replace("scopes = [\"read\"]\nrate   = 1", "scopes = [\"read\", \"watch\"]\nrate   = 1")
        .replace("sha256 = \"HASH-all\"", "sha256 = \"HASH-all\"\nrevoked = 2026-01-01T00:00:00Z")
        .replace("id      = \"old\"", "id      = \"older\"");
    let told = access.replace(ring(&changed)).unwrap();
    let told: Vec<_> = told.iter().map(|change| (change.note.name(), change.key.as_str())).collect();
    assert_eq!(
        told,
        [
            ("revoke-key", "all: record, read, watch, admin"),
            ("change-key", "slow: read, watch"),
            ("add-key", "kiosk: signs browser tokens"),
            ("remove-key", "old: signs browser tokens"),
            ("add-key", "older: signs browser tokens"),
            ("remove-key", "site: signs browser tokens"),
        ]
    );
}
