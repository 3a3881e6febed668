//! How a user is shown to others: set, asked for, heard by rules, and kept.

use std::fs;

use laurels_client::{Client, Error, ErrorReason, Event, Profile, UpdateProfileRequest};

use crate::binary::Server;

const BADGES: &str = r#"
[badge.met-us]
manual = true
points = 50

[badge.introduced]
title = "Introduced"
on    = "profile.updated"
when  = "event.data.name != ''"

[badge.at-home]
title = "At home"
when  = "profile.language == 'pt-BR'"
"#;

fn started(directory: &std::path::Path) -> Server {
    let badges = directory.join("badges");
    fs::create_dir(&badges).unwrap();
    fs::write(badges.join("a.toml"), BADGES).unwrap();
    Server::start(directory, &badges)
}

fn ann() -> Profile {
    Profile {
        user: "ann".into(),
        name: "Ann".into(),
        link: "https://example.com/ann".into(),
        picture: "https://example.com/ann.png".into(),
        time_zone: "Europe/Rome".into(),
        language: "pt-BR".into(),
        ..Profile::default()
    }
}

fn all(profile: Profile) -> UpdateProfileRequest {
    UpdateProfileRequest::new(profile, Vec::<String>::new())
}

fn fields(error: &Error) -> Vec<&str> {
    error.fields().iter().map(|problem| problem.field.as_str()).collect()
}

#[tokio::test]
async fn a_profile_has_all_that_was_said_last_though_no_rule_asks_for_it() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = started(directory.path());
    let client = Client::connect(server.url()).await.unwrap();
    assert_eq!(client.profile("ann").await.unwrap(), Profile { user: "ann".into(), ..Profile::default() });

    let updated = client.update_profile(all(ann()).with_id("p1")).await.unwrap();
    let given: Vec<_> = updated.recorded.unwrap().awards.into_iter().map(|award| award.badge).collect();
    assert_eq!(given, ["at-home", "introduced"]);
    assert_eq!(updated.profile, Some(Profile { award_count: 2, ..ann() }));
    server.run(&["award", "ann", "met-us", "--reason", "fair"]);

    // An event says it too, and what comes late changes nothing that is newer.
    let event =
        |name: &str| Event::new("profile.updated", "ann").with_data_json(format!("{{\"name\":\"{name}\"}}"));
    client.record(event("Anna")).await.unwrap();
    client.record(event("Annie").with_time("2020-01-01T00:00:00Z".parse().unwrap())).await.unwrap();
    let masked = UpdateProfileRequest::new(
        Profile { user: "ann".into(), ..Profile::default() },
        ["link", "time_zone"],
    );
    let profile = client.update_profile(masked).await.unwrap().profile.unwrap();
    let expected = Profile {
        name: "Anna".into(),
        link: String::new(),
        time_zone: "UTC".into(),
        points: 50,
        award_count: 3,
        ..ann()
    };
    assert_eq!(profile, expected);

    // Sent again it is made once, and answered with the profile as it is.
    let again = client.update_profile(all(ann()).with_id("p1")).await.unwrap();
    assert!(again.recorded.unwrap().duplicate);
    assert_eq!(again.profile.as_ref(), Some(&expected));
    let other = Profile { name: "Bob".into(), ..ann() };
    let error = client.update_profile(all(other).with_id("p1")).await.unwrap_err();
    assert_eq!((error.reason(), fields(&error)), (Some(ErrorReason::EventIdReused), vec!["id"]));

    server.kill_and_restart();
    let client = Client::connect(server.url()).await.unwrap();
    assert_eq!(client.profile("ann").await.unwrap(), expected);
    drop(server);
    fs::remove_dir_all(directory.path().join("data/sled")).unwrap();
    let server = Server::start(directory.path(), &directory.path().join("badges"));
    let client = Client::connect(server.url()).await.unwrap();
    assert_eq!(client.profile("ann").await.unwrap(), expected);
}

#[tokio::test]
async fn everything_wrong_with_a_profile_is_said_with_the_name_of_its_field() {
    let directory = tempfile::tempdir().unwrap();
    let server = started(directory.path());
    let client = Client::connect(server.url()).await.unwrap();
    let wrong = Profile {
        user: String::new(),
        name: "a\nb".into(),
        link: "javascript:alert(1)".into(),
        picture: "ann.png".into(),
        time_zone: "Rome".into(),
        language: "Portuguese (Brazil)".into(),
        ..Profile::default()
    };
    let error = client.update_profile(all(wrong.clone())).await.unwrap_err();
    assert_eq!((error.reason(), fields(&error)), (Some(ErrorReason::InvalidField), vec!["profile.user"]));
    let error = client.update_profile(all(Profile { user: "ann".into(), ..wrong })).await.unwrap_err();
    let expected =
        ["profile.name", "profile.link", "profile.picture", "profile.time_zone", "profile.language"];
    assert_eq!(fields(&error), expected);

    let empty = || Profile { user: "ann".into(), ..Profile::default() };
    for (request, field) in [
        (UpdateProfileRequest::default(), "profile"),
        (all(empty()), "profile"),
        (UpdateProfileRequest::new(ann(), ["shoe_size"]), "update_mask"),
        (UpdateProfileRequest::new(ann(), ["points"]), "update_mask"),
        (all(ann()).with_id("é"), "id"),
    ] {
        let error = client.update_profile(request).await.unwrap_err();
        assert_eq!(
            (error.reason(), fields(&error)),
            (Some(ErrorReason::InvalidField), vec![field]),
            "{error}"
        );
    }
    assert_eq!(client.profile("ann").await.unwrap(), empty());
    // What a page would show as a link is refused as an event too.
    let event = Event::new("profile.updated", "ann").with_data_json(r#"{"link":"javascript:alert(1)"}"#);
    assert_eq!(fields(&client.record(event).await.unwrap_err()), ["event.data.link"]);
}

#[test]
fn a_profile_is_shown_and_changed_from_the_command_line() {
    let directory = tempfile::tempdir().unwrap();
    let server = started(directory.path());
    assert_eq!(server.run(&["profile", "ann"]).out, "ann: 0 awards, 0 points\n");
    let said =
        server.run(&["profile", "ann", "--set", "name=Ann = me", "--set", "language=de", "--id", "p1"]);
    assert!(
        said.out.starts_with(
            "ann: 1 awards, 0 points\n  name  Ann = me\n  language  de\nand so these were given\n"
        ),
        "{said:?}"
    );
    let said = server.run(&["profile", "ann", "--set", "language="]);
    assert_eq!(said.out, "ann: 1 awards, 0 points\n  name  Ann = me\n");
    for (word, says) in [
        ("name", "--set name=Ann"),
        ("shoe_size=43", "it has name, link"),
        ("link=x", "profile.link must be"),
    ] {
        let said = server.run(&["profile", "ann", "--set", word]);
        assert!(said.err.contains(says) && said.code == Some(1), "{said:?}");
    }
}
