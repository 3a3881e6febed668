//! Badge files that change while a server runs: by call, by signal, and by themselves. Whatever stands in them,
//! the server goes on.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::binary::Server;

const FIRST: &str = "[badge.first-photo]\non = \"photo.posted\"\n";

/// A server over a folder with one file, with further options.
fn served(options: &[&str]) -> (TempDir, Server) {
    let directory = tempfile::tempdir().expect("a directory");
    fs::create_dir(directory.path().join("badges")).expect("a folder");
    fs::write(directory.path().join("badges/photos.toml"), FIRST).expect("a file");
    let server = Server::start_with(directory.path(), &directory.path().join("badges"), options);
    (directory, server)
}

fn gives(server: &Server, event: &str, badge: &str) -> bool {
    // Somebody new each time: most badges are given once.
    let user = format!("u{}", server.awards().lines().count() + server.log().len());
    server.run(&["record", &user, event]).out.contains(badge)
}

/// Writes a file as many editors do: another one first, which then takes its name.
fn write_by_rename(path: &Path, text: &str) {
    let unfinished = path.with_extension("swp");
    fs::write(&unfinished, text).expect("it is written");
    fs::rename(unfinished, path).expect("it is renamed");
}

#[test]
fn a_call_takes_changed_files_into_use_and_says_what_is_new_and_what_is_gone() {
    let (directory, server) = served(&["--no-watch"]);
    let said = server.run(&["reload"]);
    assert_eq!((said.out.as_str(), said.code), ("1 badges are in use\n", Some(0)), "{}", said.err);
    let calls = "[badge.first-call]\non = \"call.made\"\n[stat.unused]\non = \"call.made\"\n";
    fs::write(directory.path().join("badges/photos.toml"), calls).expect("it is written");
    let said = server.run(&["reload"]);
    assert_eq!(
        said.out,
        "photos.toml:3:7: warning: nobody uses the stat `unused`; name it in a flag or badge, or take it out\n\
         1 badges are in use; new: first-call; declared no longer: first-photo\n"
    );
    assert!(gives(&server, "call.made", "first-call"));
}

#[test]
fn a_changed_definition_counts_from_nothing_and_the_reload_says_so() {
    let (directory, server) = served(&["--no-watch"]);
    let file = directory.path().join("badges/photos.toml");
    let twice = |on: &str| format!("[badge.second]\ntitle = \"Second\"\n{on}\nat = 2\n");
    fs::write(&file, twice("on = \"photo.posted\"")).expect("it is written");
    assert_eq!(server.run(&["reload"]).code, Some(0));
    server.run(&["record", "ann", "photo.posted"]);
    // Another title, and another place in the file: the same number.
    fs::write(&file, format!("# photos\n{}", twice("on = \"photo.posted\"").replace("Second", "2")))
        .expect("written");
    let said = server.run(&["reload"]);
    assert_eq!(said.out, "1 badges are in use\n", "{}", said.err);
    // Another definition: another number.
    fs::write(&file, twice("on = [\"photo.posted\", \"film.posted\"]")).expect("it is written");
    let said = server.run(&["reload"]);
    assert_eq!(said.out, "1 badges are in use; changed, and counts from nothing: second\n", "{}", said.err);
    assert!(server.log().contains("`second` is defined in another way than before"), "{}", server.log());
    assert!(!server.run(&["record", "ann", "photo.posted"]).out.contains("second"));
    assert!(server.run(&["record", "ann", "film.posted"]).out.contains("second"));
}

#[test]
fn a_call_says_every_mistake_and_the_rules_in_use_go_on() {
    let (directory, server) = served(&["--no-watch"]);
    fs::write(directory.path().join("badges/photos.toml"), "[badge.first-photo]\non = 7\n").expect("written");
    fs::write(directory.path().join("badges/b.toml"), "[badge.b]\non = \"a\"\nfoo = 1\n").expect("written");
    let said = server.run(&["reload"]);
    assert_eq!((said.out.as_str(), said.code), ("", Some(1)));
    let lines: Vec<_> = said.err.lines().collect();
    assert!(lines[0].starts_with("b.toml:3:1: badge `b` has no field `foo`"), "{}", said.err);
    assert!(lines[1].starts_with("photos.toml:2:6: `on` must be an event's type"), "{}", said.err);
    assert_eq!(lines[2], "error: the badge files have 2 mistakes, and those read before go on");
    assert!(
        server.log().contains("b.toml:3:1") && server.log().contains("photos.toml:2:6"),
        "{}",
        server.log()
    );
    assert!(gives(&server, "photo.posted", "first-photo"));

    fs::remove_dir_all(directory.path().join("badges")).expect("it is taken away");
    let said = server.run(&["reload"]);
    assert!(said.err.contains("the badge files cannot be read"), "{}", said.err);
    assert!(
        !said.err.contains(directory.path().to_str().expect("UTF-8")),
        "no path of the server: {}",
        said.err
    );
    assert!(gives(&server, "photo.posted", "first-photo"));
}

#[test]
fn files_that_are_written_are_taken_into_use_by_themselves() {
    let (directory, server) = served(&[]);
    let file = directory.path().join("badges/photos.toml");
    write_by_rename(&file, &format!("{FIRST}\n[badge.first-call]\non = \"call.made\"\n"));
    while !server.log().contains("were read again") {}
    assert!(gives(&server, "call.made", "first-call"), "{}", server.log());

    write_by_rename(&file, "[badge.first-photo]\non = 7\n[badge.x]\n");
    while !server.log().contains("those read before go on") {}
    assert!(server.log().contains("photos.toml:2:6") && server.log().contains("photos.toml:3:8"));
    assert!(gives(&server, "call.made", "first-call"), "{}", server.log());

    // What a call has read is not read once more.
    write_by_rename(&file, FIRST);
    assert_eq!(server.run(&["reload"]).code, Some(0));
    write_by_rename(&file, &format!("{FIRST}\n[badge.last-call]\non = \"call.made\"\n"));
    while server.log().matches("added=1").count() < 2 {}
    assert_eq!(server.log().matches("were read again").count(), 3, "{}", server.log());
}
