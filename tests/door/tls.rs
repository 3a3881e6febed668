//! TLS: what is agreed on, who is let in, and certificates that are exchanged while streams go on.

use laurels::clock::Clock;
use laurels::event::Time;
use laurels::port::tls::{Files, Tls};
use laurels_client::{Client, Event, NotificationKind, Watch, WatchOptions};
use tokio::net::TcpStream;

use super::answering::{Answering, ask, ended, in_time, post};
use super::certificates::{Authority, Signed, agree, write};
use super::program::{Program, laurels, refused};

fn clock() -> Clock {
    Clock::fixed(Time::parse("2026-01-01T00:00:00Z").unwrap())
}

fn believing(authority: &Authority) -> laurels_client::Tls {
    laurels_client::Tls::default().with_ca(authority.pem.clone())
}

/// The program with TLS by these files.
fn program(files: &Files) -> Program {
    let mut options =
        vec!["--tls-cert", files.cert.to_str().unwrap(), "--tls-key", files.key.to_str().unwrap()];
    if let Some(ca) = &files.client_ca {
        options.extend(["--tls-client-ca", ca.to_str().unwrap()]);
    }
    Program::start(&options)
}

fn url(program: &Program) -> String {
    format!("https://localhost:{}", program.port())
}

async fn next_award(watch: &mut Watch) -> String {
    loop {
        let next = in_time("an award", watch.next()).await.unwrap();
        if let Some(NotificationKind::Award(award)) = next.kind {
            return award.user;
        }
    }
}

#[tokio::test]
async fn http2_and_http11_are_offered_and_both_are_served() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let program = program(&authority.sign().write(folder.path()));
    for (offered, agreed) in [
        (&["h2", "http/1.1"][..], Some("h2")),
        (&["http/1.1"], Some("http/1.1")),
        (&["h2"], Some("h2")),
        (&[], None),
    ] {
        let connection = TcpStream::connect(&program.address).await.unwrap();
        let connection = agree(connection, &authority, offered, None).await.unwrap();
        let (_, session) = connection.get_ref();
        assert_eq!(session.alpn_protocol(), agreed.map(str::as_bytes), "{offered:?}");
    }

    let client = Client::connect_tls(url(&program), believing(&authority)).await.unwrap();
    let recorded = client.record(Event::new("photo.posted", "ana")).await.unwrap();
    assert_eq!(recorded.awards[0].badge, "first-photo");

    let connection = TcpStream::connect(&program.address).await.unwrap();
    let mut connection = agree(connection, &authority, &["http/1.1"], None).await.unwrap();
    let answer = ask(&mut connection, &post("")).await;
    assert!(answer.starts_with("HTTP/1.1 "), "{answer}");
}

#[tokio::test]
async fn what_is_sent_in_the_clear_is_not_answered_and_harms_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let tls = Tls::load(authority.sign().write(folder.path()), clock()).unwrap();
    let answering = Answering::start(|port| port.tls(tls)).await;
    let mut plain = answering.connect().await;
    tokio::io::AsyncWriteExt::write_all(&mut plain, post("secret").as_bytes()).await.unwrap();
    let answer = ended(&mut plain).await;
    assert!(!answer.contains("HTTP") && !answer.contains("secret"), "{answer}");
    let mut good = agree(answering.connect().await, &authority, &["http/1.1"], None).await.unwrap();
    assert!(ask(&mut good, &post("hello")).await.ends_with("hello"));
    answering.stop().await;
}

#[tokio::test]
async fn a_caller_without_a_certificate_is_refused_where_one_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let (authority, of_callers, stranger) = (Authority::new(), Authority::new(), Authority::new());
    let client_ca = Some(write(folder.path(), "callers.pem", &of_callers.pem));
    let program = program(&Files { client_ca, ..authority.sign().write(folder.path()) });

    // With TLS 1.3 a caller learns of it when it reads for the first time.
    for identity in [None, Some(stranger.sign())] {
        let connection = TcpStream::connect(&program.address).await.unwrap();
        let agreed = agree(connection, &authority, &["http/1.1"], identity.as_ref()).await;
        if let Ok(mut connection) = agreed {
            // The answer, if it comes to one, is the alert.
            let _ = tokio::io::AsyncWriteExt::write_all(&mut connection, post("").as_bytes()).await;
            assert_eq!(ended(&mut connection).await, "");
        }
    }
    let error = async {
        let client = Client::connect_tls(url(&program), believing(&authority)).await?;
        client.record(Event::new("photo.posted", "ana")).await
    };
    assert!(in_time("a refusal", error).await.is_err());
    program.says("callers were let go, since they could not agree with the server on TLS");

    let Signed { cert, key } = of_callers.sign();
    let tls = believing(&authority).with_identity(cert, key);
    let client = Client::connect_tls(url(&program), tls).await.unwrap();
    client.record(Event::new("photo.posted", "ana")).await.unwrap();
}

#[tokio::test]
async fn a_new_certificate_is_used_from_the_next_connection_on_and_streams_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (Authority::new(), Authority::new());
    let program = program(&old.sign().write(folder.path()));
    let before = Client::connect_tls(url(&program), believing(&old)).await.unwrap();
    let mut watch = before.watch(WatchOptions { heartbeats: true, ..WatchOptions::default() });
    in_time("a heartbeat", watch.next()).await.unwrap();

    new.sign_until(3000).write(folder.path());
    program.hang_up();
    program.says("the certificate was read again");
    assert!(
        Client::connect_tls(url(&program), believing(&old)).await.is_err(),
        "the old one is shown no more"
    );
    let after = Client::connect_tls(url(&program), believing(&new)).await.unwrap();
    after.record(Event::new("photo.posted", "ana")).await.unwrap();
    // By its old connection, since no other would be believed.
    assert_eq!(next_award(&mut watch).await, "ana");
    before.record(Event::new("photo.posted", "bob")).await.unwrap();
    assert_eq!(next_award(&mut watch).await, "bob");

    // The badge files are read after it.
    program.says("the badge files were read again");
    let log = after.audit_events(None).await.unwrap();
    let entry =
        log.iter().find(|entry| entry.action == "reload-certificate").expect("it is in the audit log");
    let said = (entry.actor.as_str(), entry.details.as_str());
    assert_eq!(said, ("SIGHUP", "it is good until 3000-01-01T00:00:00Z"));
}

#[tokio::test]
async fn files_that_cannot_be_used_leave_the_certificate_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let program = program(&authority.sign().write(folder.path()));
    // As a renewal that was cut short leaves it: the certificate is new, the key is not yet.
    let renewed = authority.sign();
    write(folder.path(), "cert.pem", &renewed.cert);
    program.hang_up();
    let said = program.says("the files for TLS cannot be used");
    assert!(said.contains("is not that of the certificate") && said.contains("goes on"), "{said}");
    let client = Client::connect_tls(url(&program), believing(&authority)).await.unwrap();
    client.record(Event::new("photo.posted", "ana")).await.unwrap();
    write(folder.path(), "key.pem", &renewed.key);
    program.hang_up();
    program.says("the certificate was read again");
    Client::connect_tls(url(&program), believing(&authority)).await.unwrap();
}

#[test]
fn each_file_that_cannot_be_used_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let good = authority.sign();
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let of_old =
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    let (mut half, other) = (good.cert.clone(), authority.sign().key);
    half.truncate(half.len() / 2);
    let no_certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let no_key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    for (cert, key, says) in [
        (
            "0\u{1}binary",
            &*good.key,
            "cert.pem has no certificate in PEM, which begins with -----BEGIN CERTIFICATE-----; of DER, `openssl x509 -inform der",
        ),
        (&good.key, &good.key, "cert.pem has no certificate in PEM"),
        (&half, &good.key, "cert.pem is damaged"),
        (no_certificate, &good.key, "cert.pem is damaged"),
        (&good.cert, &good.cert, "key.pem has no private key in PEM"),
        (&good.cert, "", "key.pem has no private key in PEM"),
        (
            &good.cert,
            encrypted,
            "key.pem is encrypted, and nobody is there to type its password; write it without one, by `openssl pkey -in",
        ),
        (&good.cert, of_old, "key.pem is encrypted"),
        (&good.cert, no_key, "key.pem cannot be used"),
        (&good.cert, &other, "key.pem is not that of the certificate in"),
    ] {
        let files = Signed { cert: cert.to_owned(), key: key.to_owned() }.write(folder.path());
        let said = Tls::load(files, clock()).unwrap_err().to_string();
        assert!(said.contains(says), "{said:?} should say {says:?}");
        let private = good.key.lines().nth(1).unwrap();
        assert!(!said.contains(private), "{said}");
    }
    let gone = Files { key: folder.path().join("gone.pem"), ..good.write(folder.path()) };
    let said = Tls::load(gone, clock()).unwrap_err().to_string();
    assert!(said.starts_with("cannot read ") && said.contains("gone.pem: No such file"), "{said}");
    let client_ca = Some(write(folder.path(), "ca.pem", "nothing"));
    let said = Tls::load(Files { client_ca, ..good.write(folder.path()) }, clock()).unwrap_err().to_string();
    assert!(said.contains("ca.pem has no certificate in PEM"), "{said}");
}

#[test]
fn a_server_with_files_it_cannot_use_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let files = Signed { key: authority.sign().key, ..authority.sign() }.write(folder.path());
    let (cert, key) = (files.cert.to_str().unwrap(), files.key.to_str().unwrap());
    let said = refused(&["--tls-cert", cert, "--tls-key", key]);
    assert!(said.contains("name the two that belong together"), "{said}");
    let said = refused(&["--tls-cert", cert]);
    assert!(said.contains("--tls-key"), "{said}");
}

#[test]
fn a_certificate_that_has_ended_is_served_and_warned_about() {
    let folder = tempfile::tempdir().unwrap();
    let program = program(&Authority::new().sign_until(2020).write(folder.path()));
    let said = program.says("the certificate has ended");
    assert!(said.contains("WARN") && said.contains("2020-01-01") && said.contains("cert.pem"), "{said}");
}

#[test]
fn every_command_speaks_tls() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let ca = write(folder.path(), "ca.pem", &authority.pem);
    let Signed { cert, key } = authority.sign();
    let (mine, my_key) = (write(folder.path(), "mine.pem", &cert), write(folder.path(), "mine.key", &key));
    let client_ca = Some(ca.clone());
    let program = program(&Files { client_ca, ..authority.sign().write(folder.path()) });
    let (ca, mine, my_key) = (ca.to_str().unwrap(), mine.to_str().unwrap(), my_key.to_str().unwrap());
    let url = url(&program);
    let secure = ["--server", &url, "--ca", ca, "--client-cert", mine, "--client-key", my_key];

    let (well, said) = laurels(&[&["record", "ana", "photo.posted"][..], &secure].concat());
    assert!(well && said.contains("First light"), "{said}");
    for command in [&["badges", "ana"][..], &["awards"], &["reload"]] {
        let (well, said) = laurels(&[command, &secure].concat());
        assert!(well, "{said}");
    }
    let (well, said) = laurels(&["badges", "ana", "--server", &url, "--client-cert", mine]);
    assert!(!well && said.contains("--client-key"), "{said}");
    let (well, said) = laurels(&["badges", "ana", "--server", &url, "--ca", my_key]);
    assert!(!well && said.contains("the CA has no certificate"), "{said}");
    // Nobody signed by an authority that the system knows: it is said what helps.
    let (well, said) = laurels(&["badges", "ana", "--server", &url, "--ca", mine]);
    assert!(!well && said.contains("is not believed") && said.contains("--ca FILE"), "{said}");
}

#[test]
fn certificates_made_as_the_docs_say_work() {
    let (_, page) = include_str!("../../docs/operations.md").split_once("\n## TLS\n").unwrap();
    let (_, block) = page.split_once("```sh\n").unwrap();
    let (commands, _) = block.split_once("```").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let made = std::process::Command::new("sh").args(["-c", commands]).current_dir(folder.path()).output();
    let made = made.unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let file = |name: &str| folder.path().join(name);
    let client_ca = Some(file("ca.pem"));
    let program = program(&Files { cert: file("server.pem"), key: file("server.key"), client_ca });
    let [ca, cert, key] = ["ca.pem", "client.pem", "client.key"].map(|name| file(name).display().to_string());
    let secure = ["--ca", &*ca, "--client-cert", &*cert, "--client-key", &*key];
    for host in ["localhost", "127.0.0.1"] {
        let url = format!("https://{host}:{}", program.port());
        let (well, said) = laurels(&[&["badges", "ana", "--server", &url][..], &secure].concat());
        assert!(well, "{said}");
    }
}
