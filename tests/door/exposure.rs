//! Where a server listens: beyond this machine not by accident.

use super::certificates::Authority;
use super::program::refused;

/// An address for documentation, which no machine has: listening there fails, once it is allowed.
const ELSEWHERE: &str = "192.0.2.1:50051";

#[test]
fn beyond_this_machine_a_server_without_tls_and_a_key_does_not_start() {
    for address in ["0.0.0.0:50051", "[::]:50051", ELSEWHERE] {
        let said = refused(&["--listen", address]);
        assert!(said.contains(&format!("not listening on {address}")), "{said}");
        for way_out in
            ["--tls-cert FILE --tls-key FILE", "laurels key create", "127.0.0.1:50051", "--insecure"]
        {
            assert!(said.contains(way_out), "{said}");
        }
        assert!(!said.contains("LAURELS_TLS_KEY"), "{said}");
    }
}

#[test]
fn tls_alone_is_not_enough_and_the_key_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let files = Authority::new().sign().write(folder.path());
    let (cert, key) = (files.cert.to_str().unwrap(), files.key.to_str().unwrap());
    let said = refused(&["--listen", ELSEWHERE, "--tls-cert", cert, "--tls-key", key]);
    assert!(said.contains("laurels key create") && !said.contains("--tls-cert"), "{said}");
    // With a certificate that callers need, there is nothing to refuse: the address is tried, and nobody has it.
    let options = ["--listen", ELSEWHERE, "--tls-cert", cert, "--tls-key", key, "--tls-client-ca", cert];
    let said = refused(&options);
    assert!(said.contains("cannot listen on") && !said.contains("INSECURE"), "{said}");
}

#[test]
fn who_insists_is_warned_once() {
    let said = refused(&["--listen", ELSEWHERE, "--insecure"]);
    assert_eq!(said.matches("INSECURE").count(), 1, "{said}");
    assert!(said.contains("WARN") && said.contains("neither TLS nor a key"), "{said}");
    assert!(said.contains("cannot listen on"), "the address is tried: {said}");
}
