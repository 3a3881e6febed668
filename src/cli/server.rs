//! Which server a command speaks to, and with which key.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use laurels_client::{Client, Tls};

use super::error::Error;

/// Where a key is looked for that no file has. There is no option for it: what stands on a command line is in the list
/// of processes, for every user of the machine to read.
const KEY_VARIABLE: &str = "LAURELS_KEY";

/// The options that every command which speaks to a server has.
#[derive(Debug, Args)]
pub(super) struct Server {
    /// The server to speak to
    #[arg(
        long = "server",
        value_name = "URL",
        env = "LAURELS_SERVER",
        default_value = "http://127.0.0.1:50051"
    )]
    url: String,
    /// A file with the key to send, where the server wants one; without, the environment variable LAURELS_KEY has it
    #[arg(long, value_name = "FILE", env = "LAURELS_KEY_FILE")]
    key_file: Option<PathBuf>,
    /// Believe servers whose certificate one of these signed, instead of those that the system believes
    #[arg(long, value_name = "FILE", env = "LAURELS_CA")]
    ca: Option<PathBuf>,
    /// The certificate to show to a server that asks for one
    #[arg(long, value_name = "FILE", env = "LAURELS_CLIENT_CERT", requires = "client_key")]
    client_cert: Option<PathBuf>,
    /// Its private key
    #[arg(long, value_name = "FILE", env = "LAURELS_CLIENT_KEY", requires = "client_cert")]
    client_key: Option<PathBuf>,
}

impl Server {
    /// A client that connects when it is used: for who tries again by itself.
    pub(super) fn lazily(&self) -> Result<Client, Error> {
        self.with_key(Client::lazy_tls(&self.url, self.tls()?)?)
    }

    /// Connects, or says how to start a server.
    pub(super) async fn connect(&self) -> Result<Client, Error> {
        let client = Client::connect_tls(&self.url, self.tls()?).await.map_err(|error| match error.retryable() {
            true => Error::Usage(format!(
                "{error}\nIs a server running there? `laurels serve` starts one; --server URL or LAURELS_SERVER names another."
            )),
            // Said of a certificate that is not believed, and of files that cannot be used.
            false if self.url.starts_with("https://") => {
                Error::Usage(format!("{error}\n--ca FILE or LAURELS_CA names the authority; --client-cert and --client-key are what to show."))
            }
            false => Error::Server(error),
        })?;
        self.with_key(client)
    }

    fn with_key(&self, client: Client) -> Result<Client, Error> {
        let key = match &self.key_file {
            Some(file) => Some(
                fs::read_to_string(file)
                    .map_err(|source| Error::io(format!("read the key in {}", file.display()), source))?,
            ),
            None => std::env::var(KEY_VARIABLE).ok(),
        };
        match key.as_deref().map(str::trim) {
            None | Some("") => Ok(client),
            Some(key) => Ok(client.with_key(key)?),
        }
    }

    fn tls(&self) -> Result<Tls, Error> {
        let tls = match &self.ca {
            None => Tls::default(),
            Some(ca) => Tls::default().with_ca(read(ca)?),
        };
        match self.client_cert.as_ref().zip(self.client_key.as_ref()) {
            None => Ok(tls),
            Some((certificate, key)) => Ok(tls.with_identity(read(certificate)?, read(key)?)),
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|source| Error::io(format!("read {}", path.display()), source))
}
