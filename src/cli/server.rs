//! Which server a command speaks to.

use clap::Args;
use laurels_client::Client;

use super::error::Error;

/// The option that every command which speaks to a server has.
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
}

impl Server {
    /// A client that connects when it is used: for who tries again by itself.
    pub(super) fn lazily(&self) -> Result<Client, Error> {
        Ok(Client::lazy(&self.url)?)
    }

    /// Connects, or says how to start a server.
    pub(super) async fn connect(&self) -> Result<Client, Error> {
        Client::connect(&self.url).await.map_err(|error| match error.retryable() {
            true => Error::Usage(format!(
                "{error}\nIs a server running there? `laurels serve` starts one; --server URL or LAURELS_SERVER names another."
            )),
            false => Error::Server(error),
        })
    }
}
