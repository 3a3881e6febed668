//! Who may do what: every method, with every kind of credential, by every protocol.
//!
//! The methods are those of the table that the server itself goes by, so that none can be left out; what each is asked
//! stands here.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use laurels::access::{Access, Grant, KeyFile, METHODS, Made, Narrowing, Needs, Scope, StreamLimits};
use laurels::clock::Clock;
use laurels::event::Time;
use laurels::rpc::{Code, Ending};
use prost::Message;
use ring::hmac;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::http::{Reply, open, over_http2, post, send};
use crate::proto::{
    Event, GetBadgesRequest, GetProfileRequest, LiveNotificationsRequest, Profile, RecordEventRequest,
    RecordEventsRequest, UpdateProfileRequest,
};
use crate::server::{Server, start_for};

/// When it is: the clock of the server stands still.
const NOW: &str = "2026-01-01T00:00:00Z";

/// How a call is made.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Protocol {
    Grpc,
    GrpcWeb,
    ConnectJson,
    /// Server-sent events.
    Events,
}

const PROTOCOLS: [Protocol; 4] = [Protocol::Grpc, Protocol::GrpcWeb, Protocol::ConnectJson, Protocol::Events];

/// Whether a call was let in, or which reason it was refused with.
type Verdict = Result<(), String>;

/// A method, and what it is asked, about `user`.
struct Asked {
    path: &'static str,
    needs: Needs,
    message: Vec<u8>,
    json: Value,
    /// Whether it is a unary call, which Connect speaks.
    unary: bool,
    /// Whether it is about one user, for whom a key may not be.
    about_user: bool,
}

fn asked(path: &'static str, needs: Needs, user: &str) -> Asked {
    let event = Event { r#type: "photo.posted".into(), user: user.into(), ..Event::default() };
    let user = user.to_owned();
    let (message, json, unary, about_user) = match path.rsplit_once('/').unwrap().1 {
        "RecordEvent" => {
            let json = json!({ "event": { "type": "photo.posted", "user": user } });
            (RecordEventRequest { event: Some(event) }.encode_to_vec(), json, true, true)
        }
        "RecordEvents" => {
            let request = RecordEventsRequest { event: Some(event), options: None };
            (request.encode_to_vec(), Value::Null, false, true)
        }
        "GetBadges" => {
            let json = json!({ "user": user });
            (GetBadgesRequest { user, ..Default::default() }.encode_to_vec(), json, true, true)
        }
        "LiveNotifications" => {
            let request = LiveNotificationsRequest { users: vec![user], ..Default::default() };
            (request.encode_to_vec(), Value::Null, false, true)
        }
        "GetProfile" => {
            let json = json!({ "user": user });
            (GetProfileRequest { user }.encode_to_vec(), json, true, true)
        }
        "UpdateProfile" => {
            let json = json!({ "profile": { "user": user, "name": "A" } });
            let profile = Profile { user, name: "A".into(), ..Profile::default() };
            let request = UpdateProfileRequest { profile: Some(profile), ..Default::default() };
            (request.encode_to_vec(), json, true, true)
        }
        "ListBadges" | "Reload" | "AwardBadge" | "RevokeBadge" | "ListAuditEvents" => {
            (Vec::new(), json!({}), true, false)
        }
        "Backup" | "Watch" => (Vec::new(), Value::Null, false, false),
        "Check" => (Vec::new(), json!({}), true, false),
        // list_services: "*"
        "ServerReflectionInfo" => (vec![0x3a, 1, b'*'], Value::Null, false, false),
        other => panic!("say here what {other} is asked"),
    };
    Asked { path, needs, message, json, unary, about_user }
}

impl Asked {
    fn is_spoken_by(&self, protocol: Protocol) -> bool {
        match protocol {
            Protocol::Grpc | Protocol::GrpcWeb => true,
            Protocol::ConnectJson => self.unary,
            Protocol::Events => self.path.ends_with("/LiveNotifications"),
        }
    }
}

/// The reason in details: the texts of `ErrorInfo` are in its bytes as they are.
fn reason(details: &[u8]) -> String {
    let text = String::from_utf8_lossy(details);
    let begin = text.find("ERROR_REASON_").map_or("no reason", |at| &text[at..]);
    begin.chars().take_while(|c| c.is_ascii_uppercase() || *c == '_').collect()
}

fn verdict(headers: &HeaderMap) -> Verdict {
    let Some(ending) = Ending::read(headers) else { return Ok(()) };
    judged(ending.code, &ending.details.iter().flat_map(|any| any.value.clone()).collect::<Vec<_>>())
}

/// Only who is refused as a caller is not let in.
fn judged(code: Code, details: &[u8]) -> Verdict {
    if matches!(code, Code::Unauthenticated | Code::PermissionDenied) {
        return Err(reason(details));
    }
    if code == Code::Unimplemented { Err("there is no such method".to_owned()) } else { Ok(()) }
}

async fn ask(server: &Server, protocol: Protocol, asked: &Asked, authorization: Option<&str>) -> Verdict {
    let framed =
        [&[0], &u32::try_from(asked.message.len()).unwrap().to_be_bytes()[..], &asked.message].concat();
    let with = |mut request: Request<Full<bytes::Bytes>>| {
        if let Some(authorization) = authorization {
            request.headers_mut().insert("authorization", authorization.parse().unwrap());
        }
        request
    };
    match protocol {
        Protocol::Grpc => {
            let mut request = over_http2(with(post(asked.path, "application/grpc", framed)));
            request.headers_mut().insert("te", "trailers".parse().unwrap());
            let (head, mut body) = open(server.address, request).await.into_parts();
            if Ending::read(&head.headers).is_some() {
                return verdict(&head.headers);
            }
            // What a stream begins with is enough: some never end.
            match body.frame().await.unwrap().unwrap().into_data() {
                Ok(data) => judged_within(&data),
                Err(frame) => verdict(&frame.into_trailers().unwrap()),
            }
        }
        Protocol::GrpcWeb => {
            let request = with(post(asked.path, "application/grpc-web+proto", framed));
            let (head, mut body) = open(server.address, request).await.into_parts();
            if Ending::read(&head.headers).is_some() {
                return verdict(&head.headers);
            }
            let data = body.frame().await.unwrap().unwrap().into_data().unwrap();
            if data[0] != 0x80 {
                return judged_within(&data);
            }
            let lines = str::from_utf8(&data[5..]).unwrap().lines().map(|line| line.split_once(':').unwrap());
            let pair = |(name, value): (&str, &str)| {
                (name.parse::<http::HeaderName>().unwrap(), value.trim().parse().unwrap())
            };
            verdict(&lines.map(pair).collect())
        }
        Protocol::ConnectJson => {
            let reply =
                send(server.address, with(post(asked.path, "application/json", asked.json.to_string())))
                    .await;
            refusal(&reply)
        }
        Protocol::Events => {
            let request = with(Request::get("/v1/notifications?user=ana").body(Full::default()).unwrap());
            events(server, request).await
        }
    }
}

/// What came of asking for server-sent events, which have no end.
async fn events(server: &Server, request: Request<Full<bytes::Bytes>>) -> Verdict {
    let (head, body) = open(server.address, request).await.into_parts();
    if head.status == 200 {
        assert_eq!(head.headers["content-type"], "text/event-stream");
        return Ok(());
    }
    let body = body.collect().await.unwrap().to_bytes();
    refusal(&Reply { status: head.status, headers: head.headers, body, trailers: HeaderMap::new() })
}

/// What an answer in the words of Connect says.
fn refusal(reply: &Reply) -> Verdict {
    let details = || {
        let details = reply.json()["details"].as_array().cloned().unwrap_or_default();
        let bytes = |one: &Value| STANDARD_NO_PAD.decode(one["value"].as_str().unwrap()).unwrap();
        details.iter().flat_map(bytes).collect::<Vec<_>>()
    };
    match reply.status.as_u16() {
        401 => judged(Code::Unauthenticated, &details()),
        403 => judged(Code::PermissionDenied, &details()),
        404 | 501 if reply.json()["code"] == "unimplemented" => judged(Code::Unimplemented, &[]),
        _ => Ok(()),
    }
}

/// An event of a stream is refused within its answer.
fn judged_within(data: &[u8]) -> Verdict {
    let answer = crate::proto::RecordEventsResponse::decode(&data[5..]);
    match answer.ok().and_then(|answer| answer.result) {
        Some(crate::proto::record_events_response::Result::Error(error)) => {
            Err(error.reason().as_str_name().to_owned())
        }
        Some(_) | None => Ok(()),
    }
}

/// The keys of a server, and what is made of them.
struct Keys {
    _directory: tempfile::TempDir,
    access: Access,
    now: Time,
    by_scope: Vec<(Scope, Made)>,
    /// All scopes but one.
    without: Vec<(Scope, Made)>,
    expired: Made,
    revoked: Made,
    narrowed: Made,
    signing: Made,
}

impl Keys {
    fn make() -> Keys {
        let directory = tempfile::tempdir().unwrap();
        let file = KeyFile::at(directory.path().join("keys.toml"));
        let now = Time::parse(NOW).unwrap();
        let make = |scopes: &[Scope], narrowing: Narrowing, expires| {
            let grant = Grant::Key { scopes: scopes.to_vec(), narrowing, rate: None, burst: None };
            file.create(&grant, now, expires, "").unwrap()
        };
        let all = || Narrowing::default();
        let by_scope = Scope::ALL.map(|scope| (scope, make(&[scope], all(), None))).into();
        let without = Scope::ALL
            .map(|left| {
                let others: Vec<_> = Scope::ALL.into_iter().filter(|scope| *scope != left).collect();
                (left, make(&others, all(), None))
            })
            .into();
        let expired = make(&Scope::ALL, all(), Some(now));
        let revoked = make(&Scope::ALL, all(), None);
        file.revoke(&revoked.id, now).unwrap();
        let users = Narrowing::parse::<&str>(&[], "eu/").unwrap();
        let narrowed = make(&[Scope::Record, Scope::Read, Scope::Watch], users, None);
        let signing = file.create(&Grant::Signing, now, None, "").unwrap();
        let streams = StreamLimits { per_user: 2, ..StreamLimits::default() };
        let access = Access::new(file.read().unwrap().unwrap(), streams, Clock::fixed(now));
        Keys { _directory: directory, access, now, by_scope, without, expired, revoked, narrowed, signing }
    }

    fn token(&self, user: &str, exp: i64, secret: &str) -> String {
        let part = |json: Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
        let header = part(json!({ "alg": "HS256", "kid": self.signing.id.as_str() }));
        let exp = self.now.to_unix().0 + exp;
        let signed = format!("{header}.{}", part(json!({ "sub": user, "aud": "laurels", "exp": exp })));
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        format!("Bearer {signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes())))
    }
}

fn bearer(made: &Made) -> String {
    format!("Bearer {}", made.secret.expose_secret())
}

fn of(keys: &[(Scope, Made)], scope: Scope) -> String {
    bearer(&keys.iter().find(|(of, _)| *of == scope).unwrap().1)
}

/// Each credential by what it is, with what is to come of it.
fn credentials(keys: &Keys, asked: &Asked) -> Vec<(&'static str, Option<String>, Verdict)> {
    let secret = keys.signing.secret.expose_secret();
    let refused = |reason: &str| Err(format!("ERROR_REASON_{reason}"));
    let invalid = || refused("CREDENTIALS_INVALID");
    let denied = || refused("PERMISSION_DENIED");
    let bad = vec![
        ("none", None, refused("CREDENTIALS_MISSING")),
        ("wrong", Some(format!("Bearer lk_none_{}", "0".repeat(64))), invalid()),
        ("malformed", Some("Bearer lk_".to_owned()), invalid()),
        ("another scheme", Some("Basic YTpi".to_owned()), invalid()),
        ("expired", Some(bearer(&keys.expired)), refused("CREDENTIALS_EXPIRED")),
        ("revoked", Some(bearer(&keys.revoked)), refused("CREDENTIALS_REVOKED")),
        ("expired token", Some(keys.token("ana", -60, secret)), refused("CREDENTIALS_EXPIRED")),
        ("forged token", Some(keys.token("ana", 60, &"0".repeat(64))), invalid()),
    ];
    let token = Some(keys.token("ana", 60, secret));
    match asked.needs {
        // Whatever it is sent with, it is open to all.
        Needs::Nothing | Needs::KeyForDetails => bad
            .into_iter()
            .map(|(what, sent, _)| (what, sent, Ok(())))
            .chain([("token", token, Ok(()))])
            .collect(),
        Needs::Key => bad
            .into_iter()
            .chain([
                ("token", token, denied()),
                ("sufficient", Some(of(&keys.by_scope, Scope::Record)), Ok(())),
            ])
            .collect(),
        Needs::Scope(scope) => {
            let may_token = matches!(scope, Scope::Read | Scope::Watch);
            let others = Some(keys.token("ben", 60, secret));
            let narrowed = if asked.about_user || scope == Scope::Admin { denied() } else { Ok(()) };
            let of_other_user = if asked.about_user || !may_token { denied() } else { Ok(()) };
            bad.into_iter()
                .chain([
                    ("sufficient", Some(of(&keys.by_scope, scope)), Ok(())),
                    ("all other scopes", Some(of(&keys.without, scope)), denied()),
                    ("narrowed to others", Some(bearer(&keys.narrowed)), narrowed),
                    ("token", token, if may_token { Ok(()) } else { denied() }),
                    ("token of another user", others, of_other_user),
                ])
                .collect()
        }
    }
}

#[tokio::test]
async fn every_method_lets_in_who_may_and_nobody_else_by_every_protocol() {
    let keys = Keys::make();
    let server = start_for(keys.access.clone()).await;
    let mut wrong = Vec::new();
    let mut calls = BTreeSet::new();
    for (path, needs) in METHODS {
        let asked = asked(path, *needs, "ana");
        for protocol in PROTOCOLS.into_iter().filter(|protocol| asked.is_spoken_by(*protocol)) {
            for (what, sent, expected) in credentials(&keys, &asked) {
                let verdict = ask(&server, protocol, &asked, sent.as_deref()).await;
                if verdict != expected {
                    wrong.push(format!("{path} by {protocol:?} with {what}: {verdict:?}, not {expected:?}"));
                }
                calls.insert((path, format!("{protocol:?}"), what));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(calls.len() > 250, "{}", calls.len());
}

#[tokio::test]
async fn a_user_holds_so_many_streams_open_and_another_when_one_has_ended() {
    let keys = Keys::make();
    let server = start_for(keys.access.clone()).await;
    let listen = async |user: &str| {
        let token = keys.token(user, 60, keys.signing.secret.expose_secret());
        let request = Request::get(format!("/v1/notifications?user={user}")).header("authorization", token);
        open(server.address, request.body(Full::default()).unwrap()).await
    };
    let first = listen("ana").await;
    let second = listen("ana").await;
    assert_eq!((first.status(), second.status()), (StatusCode::OK, StatusCode::OK));
    let refused = listen("ana").await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    let said = refused.into_body().collect().await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&said).contains("`limits.streams_per_user`"), "{said:?}");
    assert_eq!(listen("ben").await.status(), StatusCode::OK);

    drop(first);
    // The server hears of it when it hears of it.
    while listen("ana").await.status() != StatusCode::OK {}
}

#[tokio::test]
async fn a_key_for_some_users_is_let_in_for_these() {
    let keys = Keys::make();
    let server = start_for(keys.access.clone()).await;
    for (path, needs) in METHODS {
        let asked = asked(path, *needs, "eu/ana");
        if asked.about_user {
            let verdict = ask(&server, Protocol::Grpc, &asked, Some(&bearer(&keys.narrowed))).await;
            assert_eq!(verdict, Ok(()), "{path}");
        }
    }
}

#[tokio::test]
async fn a_part_of_the_servers_health_is_for_those_with_a_key() {
    let keys = Keys::make();
    let server = start_for(keys.access.clone()).await;
    let name = "laurels.v1.AchievementService";
    let message = [&[0x0a, u8::try_from(name.len()).unwrap()], name.as_bytes()].concat();
    let path = "/grpc.health.v1.Health/Check";
    let asked = Asked { message, json: json!({ "service": name }), ..asked(path, Needs::KeyForDetails, "") };
    for protocol in PROTOCOLS.into_iter().filter(|protocol| asked.is_spoken_by(*protocol)) {
        let missing = ask(&server, protocol, &asked, None).await;
        assert_eq!(missing, Err("ERROR_REASON_CREDENTIALS_MISSING".to_owned()));
        let revoked = ask(&server, protocol, &asked, Some(&bearer(&keys.revoked))).await;
        assert_eq!(revoked, Err("ERROR_REASON_CREDENTIALS_REVOKED".to_owned()));
        let sufficient = ask(&server, protocol, &asked, Some(&of(&keys.by_scope, Scope::Watch))).await;
        assert_eq!(sufficient, Ok(()));
    }
    assert_eq!(
        send(server.address, Request::get("/healthz").body(Full::default()).unwrap()).await.status,
        200
    );
}

#[tokio::test]
async fn a_token_of_a_page_that_can_send_no_header_comes_as_a_cookie_or_in_the_query() {
    let keys = Keys::make();
    let server = start_for(keys.access.clone()).await;
    let secret = keys.signing.secret.expose_secret();
    let token = |user, exp| keys.token(user, exp, secret).trim_start_matches("Bearer ").to_owned();
    for (token, expected) in [
        (token("ana", 60), Ok(())),
        (token("ana", -60), Err("ERROR_REASON_CREDENTIALS_EXPIRED".to_owned())),
        (token("ben", 60), Err("ERROR_REASON_PERMISSION_DENIED".to_owned())),
        ("nonsense".to_owned(), Err("ERROR_REASON_CREDENTIALS_INVALID".to_owned())),
    ] {
        let get = |uri: &str| Request::get(uri).body(Full::<bytes::Bytes>::default()).unwrap();
        let by_query = get(&format!("/v1/notifications?user=ana&access_token={token}"));
        let mut by_cookie = get("/v1/notifications?user=ana");
        by_cookie.headers_mut().insert("cookie", format!("a=b; laurels_token={token}").parse().unwrap());
        for request in [by_query, by_cookie] {
            assert_eq!(events(&server, request).await, expected, "{token}");
        }
    }
}
