//! Every input that fuzzing found worth keeping, again: those of `fuzz/corpus/TARGET/` go wherever there is to be
//! gone, and each of `fuzz/regressions/TARGET/` once made its target fail.

use std::fs;
use std::path::{Path, PathBuf};

#[expect(unreachable_pub, reason = "it is a crate of its own too, whose binaries call the targets")]
#[path = "../../fuzz/src/lib.rs"]
mod targets;

fn folder(kept: &str, target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(kept).join(target)
}

/// Gives a target the inputs that are kept for it.
fn replay(target: &str, run: targets::Target) {
    let regressions = fs::read_dir(folder("regressions", target)).into_iter().flatten();
    let mut inputs = 0;
    for entry in fs::read_dir(folder("corpus", target)).unwrap().chain(regressions) {
        let path = entry.unwrap().path();
        // Shown where the target fails.
        println!("{}", path.display());
        run(&fs::read(path).unwrap());
        inputs += 1;
    }
    assert!(inputs > 10, "there should be more than {inputs} inputs for {target}");
}

#[test]
fn every_badge_file_compiles_to_the_same_or_says_why_not() {
    replay("badges", targets::badges);
}

#[test]
fn whatever_stands_for_json_is_answered_with_json() {
    replay("connect", targets::connect);
}

#[test]
fn no_credential_that_somebody_made_up_is_let_in() {
    replay("credential", targets::credential);
}

#[test]
fn every_cursor_is_written_as_it_was_read_or_refused() {
    replay("cursor", targets::cursor);
}

#[test]
fn every_document_is_written_as_it_was_read_or_refused() {
    replay("document", targets::document);
}

#[test]
fn every_expression_has_a_value_of_its_type_or_says_why_not() {
    replay("expression", targets::expression);
}

#[test]
fn whatever_stands_for_grpc_web_is_answered_with_frames() {
    replay("grpc_web", targets::grpc_web);
}

#[test]
fn every_journal_gives_all_its_events_or_is_refused_unchanged() {
    replay("journal", targets::journal);
}

#[test]
fn all_json_is_written_as_it_was_read_or_refused() {
    replay("json", targets::json);
}

#[test]
fn every_line_is_an_event_or_a_mistake_of_its_own() {
    replay("json_lines", targets::json_lines);
}

#[test]
fn every_request_is_answered_and_counts_once() {
    replay("request", targets::request);
}

#[test]
fn what_is_kept_is_kept_for_a_target_that_there_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let known: Vec<_> = targets::TARGETS.iter().map(|(name, _)| *name).collect();
    for (folder, ending) in [("corpus", ""), ("regressions", ""), ("fuzz_targets", ".rs")] {
        for entry in fs::read_dir(root.join(folder)).into_iter().flatten() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(known.contains(&name.trim_end_matches(ending)), "fuzz/{folder}/{name} is of no target");
        }
    }
}
