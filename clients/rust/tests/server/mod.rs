// A real server for tests and examples: the program that `cargo build --bin laurels` makes. Examples include this
// file, so it has no inner doc comment.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Runs until it is dropped. Its store goes with it.
pub(crate) struct Server {
    home: tempfile::TempDir,
    address: String,
    child: Child,
}

impl Server {
    /// Starts one with these badge files, by name and text, on a free port.
    pub(crate) fn start<'a>(badges: impl IntoIterator<Item = (&'a str, String)>) -> Server {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("badges")).unwrap();
        for (name, text) in badges {
            std::fs::write(home.path().join("badges").join(name), text).unwrap();
        }
        let (child, address) = run(home.path(), "127.0.0.1:0");
        Server { home, address, child }
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it by a signal, and starts it again with the same store, on the same port.
    pub(crate) fn restart(&mut self, signal: &str) {
        let process = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &process]).status().unwrap().success());
        self.child.wait().unwrap();
        (self.child, self.address) = run(self.home.path(), &self.address);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended already is as good.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn run(home: &Path, listen: &str) -> (Child, String) {
    let program = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/debug/laurels");
    let mut child = Command::new(program)
        .args(["serve", "--data", "data", "--badges", "badges", "--listen", listen])
        .current_dir(home)
        .env("LAURELS_LOG", "warn")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the server is built: cargo build --bin laurels");
    let mut line = String::new();
    // Byte by byte, so that the pipe stays with the child, which could not write to a closed one.
    let mut byte = [0];
    while child.stdout.as_mut().unwrap().read(&mut byte).unwrap() > 0 && byte != *b"\n" {
        line.push(byte[0].into());
    }
    let address =
        line.trim().strip_prefix("Laurels listens on ").expect("it says where it listens").to_owned();
    (child, address)
}
