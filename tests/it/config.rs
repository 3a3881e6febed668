//! Settings, as whoever runs a server meets them: files, the environment, options, and `laurels config`.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::binary::{Said, Server, laurels, run};

fn in_directory(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = laurels(arguments);
    command.current_dir(directory);
    command
}

fn line<'a>(said: &'a Said, begins: &str) -> &'a str {
    said.out.lines().find(|line| line.starts_with(begins)).unwrap_or_else(|| panic!("{begins}: {said:?}"))
}

#[test]
fn show_says_where_every_value_comes_from() {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("laurels.toml"), "# ours\nretain = \"90d\"\n[limits]\nresets = 7\n")
        .expect("a file");
    let mut show = in_directory(directory.path(), &["config", "show", "--no-watch", "--cache-bytes", "1GiB"]);
    show.env("LAURELS_LIMITS_CONNECTIONS", "100");
    let said = run(show);
    assert_eq!(said.code, Some(0), "{}", said.err);
    for (begins, ends) in [
        ("data = \"laurels-data\" ", "# default; restart"),
        ("badges = \"badges\" ", "# default; SIGHUP"),
        ("retain = \"90d\" ", "# laurels.toml:2; restart"),
        ("resets = 7 ", "# laurels.toml:4; restart"),
        ("connections = 100 ", "# LAURELS_LIMITS_CONNECTIONS; restart"),
        ("watch = false ", "# --no-watch; restart"),
        ("cache_bytes = \"1GiB\" ", "# --cache-bytes; restart"),
    ] {
        assert!(line(&said, begins).ends_with(ends), "{}", said.out);
    }

    // What is shown is a file that comes to the same.
    fs::write(directory.path().join("shown.toml"), &said.out).expect("a file");
    let mut again = in_directory(directory.path(), &["config", "show"]);
    again.env("LAURELS_CONFIG", "shown.toml");
    let again = run(again);
    let values = |out: &str| {
        out.lines().map(|line| line.split(" #").next().unwrap().trim_end().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(values(&again.out), values(&said.out), "{}", again.err);
    assert!(line(&again, "data").ends_with(" # shown.toml:3; restart"), "{}", again.out);
}

#[test]
fn the_defaults_are_printed_as_a_file_of_which_nothing_is_wrong() {
    let directory = tempfile::tempdir().expect("a directory");
    let said = run(laurels(&["config", "default"]));
    assert_eq!(said.out, include_str!("../../laurels.default.toml"));
    fs::write(directory.path().join("laurels.toml"), said.out).expect("a file");
    let checked = run(in_directory(directory.path(), &["config", "check"]));
    assert_eq!(
        (checked.code, checked.out.as_str()),
        (Some(0), "laurels.toml can be used\n"),
        "{}",
        checked.err
    );
}

#[test]
fn a_server_does_not_start_with_settings_that_are_wrong_and_says_all_of_it() {
    let directory = tempfile::tempdir().expect("a directory");
    fs::create_dir(directory.path().join("badges")).expect("a folder");
    fs::write(
        directory.path().join("wrong.toml"),
        "lisen = \"0.0.0.0:1\"\n[limits]\nconnections = \"many\"\n",
    )
    .expect("a file");
    let serve = ["serve", "--config", "wrong.toml", "--listen", "127.0.0.1:0"];
    for arguments in [&serve[..], &["config", "check", "wrong.toml"]] {
        let said = run(in_directory(directory.path(), arguments));
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
        for says in [
            "wrong.toml:1:1",
            "did you mean `listen`?",
            "wrong.toml:3:15",
            "must be a number of connections",
            "2 mistakes",
        ] {
            assert!(said.err.contains(says), "{says} is not in\n{}", said.err);
        }
    }
    assert!(!directory.path().join("laurels-data").exists(), "nothing was begun");
    let said = run(in_directory(directory.path(), &["serve", "--config", "none.toml"]));
    assert!(said.code == Some(1) && said.err.contains("none.toml"), "{}", said.err);
}

/// A variable that nobody knows keeps no server from starting, unless it looks like a setting.
#[test]
fn a_misspelt_variable_is_refused_and_a_strange_one_is_mentioned() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut show = in_directory(directory.path(), &["config", "show"]);
    show.env("LAURELS_LIMITS_CONECTIONS", "1");
    let said = run(show);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("did you mean `LAURELS_LIMITS_CONNECTIONS`?"), "{}", said.err);
    let mut show = in_directory(directory.path(), &["config", "show"]);
    show.env("LAURELS_SITE", "ours");
    let said = run(show);
    assert!(
        said.code == Some(0) && said.out.contains("# LAURELS_SITE is set, and is no setting"),
        "{said:?}"
    );
}

#[test]
fn help_shows_the_usual_settings_and_long_help_all_of_them() {
    let short = run(laurels(&["serve", "-h"])).out;
    let long = run(laurels(&["serve", "--help"])).out;
    for setting in laurels::config::settings() {
        let option = format!("--{} ", setting.flag);
        let in_section = setting.place().0.is_some();
        let has = |help: &str| help.lines().any(|line| format!("{line} ").contains(&option));
        assert!(has(&long) && long.contains(&setting.variable()), "{option}\n{long}");
        assert_eq!(has(&short), !in_section, "{option}\n{short}");
    }
}

#[test]
fn a_server_keeps_to_the_limits_that_its_settings_say() {
    let directory = tempfile::tempdir().expect("a directory");
    let badges = directory.path().join("badges");
    fs::create_dir(&badges).expect("a folder");
    let file = badges.join("photos.toml");
    fs::write(&file, "[badge.first]\non = \"photo.posted\"\n").expect("a file");
    let options = [
        "--limits-data-bytes",
        "20B",
        "--limits-catalog-rules",
        "2",
        "--limits-catalog-bytes",
        "1KiB",
        "--no-watch",
    ];
    let server = Server::start_with(directory.path(), &badges, &options);
    let record = |data: &str| server.run(&["record", "ana", "photo.posted", data]);
    assert_eq!(record("tag=short").code, Some(0));
    let said = record("tag=long-enough-to-be-refused");
    assert!(said.code == Some(1) && said.err.contains("at most 20 are allowed"), "{said:?}");

    let three = "[badge.first]\non = \"photo.posted\"\n[badge.b]\non = \"b.b\"\n[badge.c]\non = \"c.c\"\n";
    fs::write(&file, three).expect("a file");
    let said = server.run(&["reload"]);
    assert!(said.code == Some(1) && said.err.contains("`limits.catalog_rules`"), "{said:?}");
    fs::write(&file, format!("# {}", "long ".repeat(300))).expect("a file");
    let said = server.run(&["reload"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(server.log().contains("`limits.catalog_bytes`"), "{}", server.log());
    assert_eq!(record("tag=short").code, Some(0), "those read before go on");
}

/// What a server would do in this directory, the commands that work on its files do too.
#[test]
fn commands_that_work_on_a_server_s_files_have_its_settings() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = "data = \"kept\"\nbadges = \"rules\"\n[limits]\ncatalog_rules = 1\n";
    fs::write(directory.path().join("site.toml"), file).expect("a file");
    for name in ["rules", "more"] {
        fs::create_dir(directory.path().join(name)).expect("a folder");
    }
    let two = "[stat.visits]\non = \"visit\"\n[badge.one]\non = \"visit\"\n[badge.two]\non = \"visit\"\n";
    fs::write(directory.path().join("more/a.toml"), two).expect("a file");
    fs::write(directory.path().join("rules/a.toml"), "[stat.visits]\non = \"visit\"\n").expect("a file");
    let event = "{\"type\":\"visit\",\"user\":\"ann\"}";
    fs::write(directory.path().join("event.json"), event).expect("a file");
    let here = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = in_directory(directory.path(), arguments);
        command.env("LAURELS_CONFIG", "site.toml").envs(variables.iter().copied());
        run(command)
    };
    // The file, the environment over it, the command line over both.
    let said = here(&["check"], &[]);
    assert!(said.out.starts_with("0 badges"), "{said:?}");
    let said = here(&["check"], &[("LAURELS_BADGES", "more")]);
    assert!(said.code == Some(1) && said.err.contains("limits.catalog_rules"), "{said:?}");
    let said =
        here(&["check", "more", "--limits-catalog-rules", "2"], &[("LAURELS_LIMITS_CATALOG_RULES", "1")]);
    assert!(said.out.starts_with("2 badges"), "{said:?}");
    let said = here(&["try", "visits + 1", "--event", "event.json"], &[]);
    assert_eq!(said.out, "1, a whole number\n", "{said:?}");
    let said = here(&["try", "visits", "--event", "event.json", "--badges", "none"], &[]);
    assert!(said.code == Some(1) && said.err.contains("none"), "{said:?}");

    let server = Server::start(directory.path(), &directory.path().join("rules"));
    assert_eq!(server.run(&["record", "ann", "visit"]).code, Some(0));
    let backup = directory.path().join("backup");
    assert_eq!(server.run(&["backup", backup.to_str().unwrap()]).code, Some(0));
    drop(server);
    let said = here(&["restore", "backup"], &[]);
    assert!(said.out.contains("are in kept;") && directory.path().join("kept").is_dir(), "{said:?}");
    let said = here(&["verify"], &[]);
    assert!(said.code == Some(0) && said.out.starts_with("1 event"), "{said:?}");
    let said = here(&["verify", "--data", "elsewhere"], &[]);
    assert!(said.code == Some(1) && said.err.contains("elsewhere"), "{said:?}");

    // What is wrong with the settings is wrong for all of them, and nothing is done.
    fs::write(directory.path().join("site.toml"), "dta = \"x\"\n").expect("a file");
    for arguments in
        [&["check"][..], &["verify"], &["restore", "backup"], &["try", "1", "--event", "event.json"]]
    {
        let said = here(arguments, &[]);
        assert!(said.code == Some(1) && said.err.contains("did you mean"), "{arguments:?}: {said:?}");
    }
}
