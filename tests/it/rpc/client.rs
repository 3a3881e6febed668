//! The Rust client's generated code is committed, so that whoever depends on the client needs neither
//! `proto/` nor a build script. This proves that it is what `proto/` says.

use std::fs;
use std::path::Path;

#[test]
fn the_committed_client_is_what_the_protos_say() {
    let files = ["achievements", "admin", "errors", "event"].map(|name| format!("laurels/v1/{name}.proto"));
    let descriptors = protox::compile(files, ["proto"]).unwrap();
    let out = tempfile::tempdir().unwrap();
    tonic_prost_build::configure()
        .build_server(false)
        .emit_rerun_if_changed(false)
        .out_dir(out.path())
        .compile_fds(descriptors)
        .unwrap();
    let generated = fs::read_to_string(out.path().join("laurels.v1.rs")).unwrap();

    let committed = Path::new("clients/rust/src/generated/laurels.v1.rs");
    if std::env::var_os("LAURELS_BLESS").is_some() {
        fs::write(committed, &generated).unwrap();
    }
    assert!(
        fs::read_to_string(committed).unwrap() == generated,
        "{} differs from proto/; run `LAURELS_BLESS=1 cargo test --test it rpc::client`",
        committed.display()
    );
}
