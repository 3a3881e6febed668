//! A real php-fpm with one worker, asked as a web server would ask it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use fastcgi_client::{Client, Params, Request, io};
use rustix::process::Signal;
use tokio::net::UnixStream;

use crate::peers::process::{Directory, Process, is_root};

/// A running php-fpm.
pub(crate) struct Fpm {
    _process: Process,
    socket: PathBuf,
}

impl Fpm {
    /// With these settings of php.ini, and these variables for its pages.
    pub(crate) async fn start(settings: &[String], variables: &[(&str, String)]) -> anyhow::Result<Fpm> {
        let directory = Directory::new()?;
        let socket = directory.path().join("socket");
        let configuration = directory.path().join("fpm.conf");
        // As many pages as there are go to one worker, which is warm after the first.
        let text = format!(
            "[global]\ndaemonize = no\nerror_log = /dev/stderr\n[site]\nlisten = {}\npm = static\npm.max_children = 1\n\
             catch_workers_output = yes\nclear_env = no\n{}",
            socket.display(),
            if is_root() { "user = root\ngroup = root\n" } else { "" }
        );
        fs::write(&configuration, text)?;
        let mut command = Command::new("/usr/sbin/php-fpm8.2");
        if is_root() {
            command.arg("--allow-to-run-as-root");
        }
        for setting in settings {
            command.args(["-d", setting]);
        }
        command
            .arg("--fpm-config")
            .arg(configuration)
            .envs(variables.iter().map(|(name, value)| (name, value)));
        let mut process = Process::start(command, directory, Signal::TERM)?;
        process.until_ready(async || UnixStream::connect(&socket).await).await?;
        Ok(Fpm { _process: process, socket })
    }

    /// What a page answers, and how long that takes as the web server sees it.
    pub(crate) async fn get(&self, page: &Path, query: &str) -> anyhow::Result<(String, Duration)> {
        let page = page.to_str().context("the path of the page is UTF-8")?;
        let parameters = Params::default()
            .request_method("GET")
            .script_filename(page)
            .script_name("/page.php")
            .query_string(query)
            .content_length(0);
        let began = Instant::now();
        let stream = UnixStream::connect(&self.socket).await.context("connect to php-fpm")?;
        let client = Client::new_tokio(stream);
        let answer = client.execute_once(Request::new(parameters, io::empty())).await?;
        let took = began.elapsed();
        let text = |bytes: Option<Vec<u8>>| String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned();
        let (said, complained) = (text(answer.stdout), text(answer.stderr));
        ensure!(complained.is_empty(), "the page {query} complains: {complained}");
        let (head, body) =
            said.split_once("\r\n\r\n").with_context(|| format!("the page answers {said:?}"))?;
        ensure!(!head.contains("Status:"), "the page {query} fails: {said}");
        Ok((body.to_owned(), took))
    }
}
