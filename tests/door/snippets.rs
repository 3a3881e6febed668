//! The lines of docs/keys.md with which a site mints browser tokens, as they stand there: what they mint is let in.

use std::process::Command;

use laurels::access::{Access, Grant, KeyFile, StreamLimits};
use laurels::clock::Clock;
use laurels::event::Time;
use laurels_client::{Client, ErrorReason};
use secrecy::ExposeSecret;

use crate::server::start_for;

/// The one block of the page in this language.
fn block(language: &str) -> String {
    let page = include_str!("../../docs/keys.md");
    let begin = format!("\n```{language}\n");
    let mut blocks = page.split(&begin).skip(1);
    let (Some(block), None) = (blocks.next(), blocks.next()) else { panic!("not one block of {language}") };
    block.split("\n```").next().unwrap().to_owned()
}

/// What a program of this language writes, when the block stands between these lines.
fn run(interpreter: &[&str], before: String, block: &str, after: &str) -> String {
    let program = [&before, block, after].join("\n");
    let mut command = Command::new(interpreter[0]);
    let output = command.args(&interpreter[1..]).arg(program).output();
    let output = output.unwrap_or_else(|error| panic!("{interpreter:?}: {error}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn tokens_that_are_minted_as_the_docs_say_are_let_in_for_their_user_only() {
    let directory = tempfile::tempdir().unwrap();
    let file = KeyFile::at(directory.path().join("keys.toml"));
    let made = file.create(&Grant::Signing, Time::MIN, None, "").unwrap();
    let (kid, secret) = (made.id.as_str(), made.secret.expose_secret());
    let keys = file.read().unwrap().unwrap();
    let server = start_for(Access::new(keys, StreamLimits::default(), Clock::system())).await;

    let php = format!("$kid = '{kid}'; $secret = '{secret}'; $user = 'ana';");
    let python = format!("kid, secret, user = '{kid}', '{secret}', 'ana'");
    let tokens = [
        run(&["php8.2", "-r"], php, &block("php"), "echo $token;"),
        run(&["python3", "-c"], python, &block("python"), "print(token, end='')"),
    ];
    for token in tokens {
        let client = Client::connect(format!("http://{}", server.address)).await.unwrap();
        let client = client.with_key(&token).unwrap();
        assert_eq!(client.badges("ana").await.unwrap().awards.len(), 0);
        let refused = client.badges("ben").await.unwrap_err();
        assert_eq!(refused.reason(), Some(ErrorReason::PermissionDenied), "{refused}");
    }
}
