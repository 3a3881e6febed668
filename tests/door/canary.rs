//! No secret is ever shown: the built server runs at its most talkative with secrets that are known here, is used
//! rightly and wrongly in every way, and then all that it said is searched for them. And without being asked to, it
//! says nothing of people.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use laurels::clock::Clock;
use ring::hmac;
use serde_json::{Value, json};

use crate::http::{open, over_http2, post, send};

/// How long something may take that happens at once: only a failure takes so long.
const PATIENCE: Duration = Duration::from_secs(60);

fn laurels(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_laurels"));
    command.args(arguments).stdin(Stdio::null());
    for (variable, _) in std::env::vars_os() {
        if variable.as_encoded_bytes().starts_with(b"LAURELS_") {
            command.env_remove(variable);
        }
    }
    command
}

/// All that a command says, and whether it did well.
fn said(mut command: Command) -> (String, bool) {
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (String::from_utf8(text).unwrap(), output.status.success())
}

/// A running server, and what it says.
struct Server {
    child: Child,
    address: SocketAddr,
    log: Receiver<String>,
    reader: Option<JoinHandle<()>>,
    said: String,
}

impl Server {
    fn start(directory: &Path, options: &[&str]) -> Server {
        let badges = directory.join("badges");
        std::fs::create_dir_all(&badges).unwrap();
        std::fs::write(badges.join("photos.toml"), "[badge.first-photo]\non = 'photo.posted'\n").unwrap();
        let mut command = laurels(&["serve", "--listen", "127.0.0.1:0", "--data", "data"]);
        command.args(options).current_dir(directory).env("RUST_BACKTRACE", "full");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let (sender, log) = channel();
        let err = BufReader::new(child.stderr.take().unwrap());
        let reader = std::thread::spawn(move || {
            for line in err.lines() {
                // Who no longer listens has failed before.
                let _ = sender.send(line.unwrap());
            }
        });
        let mut first = String::new();
        out.read_line(&mut first).unwrap();
        let address =
            first.trim().strip_prefix("Laurels listens on ").map(|address| address.parse().unwrap());
        std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
        let address = address.unwrap_or_else(|| panic!("{first}: {:?}", log.iter().collect::<Vec<_>>()));
        Server { child, address, log, reader: Some(reader), said: first }
    }

    /// Waits until it says this.
    fn wait_for(&mut self, text: &str) {
        loop {
            let line = self.log.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("it never said {text:?}"));
            let found = line.contains(text);
            self.said.push_str(&line);
            self.said.push('\n');
            if found {
                return;
            }
        }
    }

    fn signal(&self, name: &str) {
        let kill = format!("kill -s {name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Ends it; all that it said.
    fn end(mut self) -> String {
        self.signal("TERM");
        assert!(self.child.wait().unwrap().success());
        self.reader.take().unwrap().join().unwrap();
        self.log.try_iter().for_each(|line| {
            self.said.push_str(&line);
            self.said.push('\n');
        });
        std::mem::take(&mut self.said)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn create(directory: &Path, options: &[&str]) -> Value {
    let mut command = laurels(&["key", "create", "--data", "data", "--json"]);
    command.args(options).current_dir(directory);
    let (text, well) = said(command);
    assert!(well, "{text}");
    serde_json::from_str(&text).unwrap()
}

fn token(signing: &Value, user: &str, seconds: i64) -> String {
    let part = |json: Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
    let now = Clock::system().now().to_unix().0;
    let claims = part(json!({ "sub": user, "aud": "laurels", "exp": now + seconds }));
    let signed = format!("{}.{claims}", part(json!({ "alg": "HS256", "kid": signing["kid"] })));
    let key = hmac::Key::new(hmac::HMAC_SHA256, signing["secret"].as_str().unwrap().as_bytes());
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes())))
}

const RECORD: &str = "/laurels.v1.AchievementService/RecordEvent";
const BADGES: &str = "/laurels.v1.AchievementService/GetBadges";

/// Uses it with this credential in every way that there is, and in some that there are not.
async fn use_with(address: SocketAddr, credential: &str) {
    let bearer = format!("Bearer {credential}");
    let with = |mut request: Request<Full<Bytes>>, name: &str, value: &str| {
        request.headers_mut().insert(http::HeaderName::try_from(name).unwrap(), value.parse().unwrap());
        request
    };
    let bodies =
        [r#"{"event":{"type":"photo.posted","user":"ana"}}"#, r#"{"event":{"type":"NO"}}"#, "{", "[]"];
    for body in bodies {
        let request = || post(RECORD, "application/json", body);
        send(address, with(request(), "authorization", &bearer)).await;
        send(address, over_http2(with(request(), "authorization", &bearer))).await;
        send(address, with(request(), "cookie", &format!("laurels_token={credential}"))).await;
        send(address, with(request(), "authorization", credential)).await;
        send(address, with(request(), "authorization", &format!("Basic {credential}"))).await;
        let query = format!("{RECORD}?access_token={credential}");
        send(address, post(&query, "application/json", body)).await;
    }
    for media in ["application/grpc-web+proto", "application/grpc", "text/plain"] {
        for path in [BADGES, RECORD, "/laurels.v1.AchievementService/NoSuchCall", "/nowhere"] {
            for frame in [&b"\x00\x00\x00\x00\x00"[..], b"\x00\xff\xff\xff\xff", b"\x07", b""] {
                let request = || with(post(path, media, frame.to_vec()), "authorization", &bearer);
                send(address, over_http2(request())).await;
                send(address, request()).await;
            }
        }
    }
    let paths = ["/v1/notifications?user=ana&", "/v1/notifications?", "/nowhere?", "/?", "/healthz?"];
    for path in paths {
        let get = |uri: &str| Request::get(uri).body(Full::<Bytes>::default()).unwrap();
        let requests = || {
            [
                get(&format!("{path}access_token={credential}")),
                with(get(path), "cookie", &format!("a=b; laurels_token={credential}")),
                with(get(path), "authorization", &bearer),
            ]
        };
        for request in requests().into_iter().chain(requests().map(over_http2)) {
            // A stream of events has no end; its beginning is enough.
            let (_, mut body) = open(address, request).await.into_parts();
            let _ = body.frame().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_shown_however_talkative_the_server_and_whatever_goes_wrong() {
    let directory = tempfile::tempdir().unwrap();
    let key = create(directory.path(), &["--scope", "record,read,watch,admin"]);
    let limited = create(directory.path(), &["--scope", "read", "--types", "none.*", "--rate", "1"]);
    let revoked = create(directory.path(), &["--scope", "read"]);
    let signing = create(directory.path(), &["--signing"]);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut server = Server::start(directory.path(), &["--log", "trace"]);

    let wrong = format!("lk_{}_{}", text(&key["id"]), "c0ffee".repeat(11).split_at(64).0);
    let credentials = [
        text(&key["key"]),
        text(&limited["key"]),
        text(&revoked["key"]),
        wrong,
        token(&signing, "ana", 600),
        token(&signing, "ana", -600),
        format!("{}x", token(&signing, "ana", 600)),
        "lk_misplaced_CANARY7c1f".to_owned(),
        "CANARY55aa".to_owned(),
    ];
    let mut told = String::new();
    let mut command = laurels(&["key", "revoke", "--data", "data", &text(&revoked["id"])]);
    command.current_dir(directory.path());
    told.push_str(&said(command).0);
    server.wait_for("the keys were read again");
    for credential in &credentials {
        use_with(server.address, credential).await;
    }

    // Commands, by the environment and by a file; and all help, which says what variables are set to.
    let url = format!("http://{}", server.address);
    let key_file = directory.path().join("key");
    for credential in &credentials {
        std::fs::write(&key_file, format!("{credential}\n")).unwrap();
        let mut by_file = laurels(&["badges", "ana", "--server", &url, "--key-file"]);
        by_file.arg(&key_file);
        let mut by_environment = laurels(&["record", "ana", "NO", "--server", &url]);
        by_environment.env("LAURELS_KEY", credential).env("RUST_BACKTRACE", "full").env("RUST_LOG", "trace");
        told.push_str(&said(by_file).0);
        told.push_str(&said(by_environment).0);
    }
    for arguments in [
        &["--help"][..],
        &["serve", "--help"],
        &["record", "--help"],
        &["watch", "--help"],
        &["key", "--help"],
        &["key", "create", "--help"],
        &["key", "list", "--data", "data"],
        &["key", "list", "--jsonl", "--data", "data"],
        &["config", "show"],
        &["record", "--nonsense"],
    ] {
        let mut command = laurels(arguments);
        command.env("LAURELS_KEY", &credentials[0]).env("LAURELS_SERVER", &url).current_dir(directory.path());
        told.push_str(&said(command).0);
    }

    // A file that is broken just where the secrets are; it is read at once when it is said to.
    let keys = directory.path().join("data/keys.toml");
    let good = std::fs::read_to_string(&keys).unwrap();
    let secret = text(&signing["secret"]);
    for broken in [
        good.replace(&format!("\"{secret}\""), &secret),
        good.replace("secret =", "scopes ="),
        good.replace("secret =", "expires ="),
        format!("{good}\n[[signing]]\nid = \"{secret}\"\nsecret = \"{secret}\"\n"),
        format!("{good}\n\"{secret}"),
        format!("{good}\n[[key]]\n{secret} = 1\n"),
    ] {
        std::fs::write(&keys, &broken).unwrap();
        server.signal("HUP");
        server.wait_for("the key file cannot be used");
        for arguments in
            [&["key", "list", "--data", "data"][..], &["key", "create", "--scope", "read", "--data", "data"]]
        {
            let mut command = laurels(arguments);
            command.current_dir(directory.path());
            let (text, well) = said(command);
            assert!(!well);
            told.push_str(&text);
        }
    }
    // The keys that were read before stay in use.
    let request = post(BADGES, "application/json", r#"{"user":"ana"}"#);
    let request = |credential: &str| {
        let mut request = request.clone();
        request.headers_mut().insert("authorization", format!("Bearer {credential}").parse().unwrap());
        request
    };
    assert_eq!(send(server.address, request(&credentials[0])).await.status, 200);
    assert_eq!(send(server.address, request(&credentials[3])).await.status, 401);

    // With such a file no server starts, and says why.
    let mut command =
        laurels(&["serve", "--listen", "127.0.0.1:0", "--data", "other", "--log", "trace", "--keys"]);
    command.arg(&keys).current_dir(directory.path()).env("RUST_BACKTRACE", "full");
    let (text_of_start, well) = said(command);
    assert!(!well && text_of_start.contains("keys.toml"), "{text_of_start}");
    told.push_str(&text_of_start);

    for file in ["cmdline", "environ"] {
        let mut bytes = Vec::new();
        let path = format!("/proc/{}/{file}", server.child.id());
        std::fs::File::open(path).unwrap().read_to_end(&mut bytes).unwrap();
        told.push_str(&String::from_utf8_lossy(&bytes));
    }
    told.push_str(&server.end());
    assert!(told.contains("TRACE"), "it was as talkative as it can be");
    assert!(told.contains("a call was not let in"));

    for (at, credential) in credentials.iter().enumerate() {
        // Of a token its signature, of a key its secret.
        let (_, secret) =
            credential.rsplit_once('.').or(credential.rsplit_once('_')).unwrap_or(("", credential));
        let shown = told.lines().find(|line| line.contains(secret));
        assert!(shown.is_none(), "credential {at}: {shown:?}");
    }
    let shown = told.lines().find(|line| line.contains(&secret));
    assert!(shown.is_none(), "{shown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_people_is_logged_unless_it_is_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[]);
    let people = ["ana.canary@example.org", "Ana Canary", "canary-subject", "canary-id"];
    let [user, name, subject, id] = people;
    for (event_type, time) in
        [("photo.posted", "2026-01-01T00:00:00Z"), ("photo.posted", "2126-01-01T00:00:00Z"), ("NO", "")]
    {
        let mut event = json!({ "type": event_type, "user": user, "subject": subject, "id": id, "dataJson": json!({ "name": name }).to_string() });
        if !time.is_empty() {
            event["time"] = time.into();
        }
        for _ in 0..2 {
            send(server.address, post(RECORD, "application/json", json!({ "event": event }).to_string()))
                .await;
        }
    }
    for body in [
        json!({ "user": user }),
        json!({ "user": format!("{user}\n") }),
        json!({ "user": user, "badges": [name] }),
    ] {
        send(server.address, post(BADGES, "application/json", body.to_string())).await;
    }
    let said = server.end();
    for canary in people {
        assert!(!said.contains(canary), "{said}");
    }
    assert!(said.contains("there are no keys"), "{said}");
}
