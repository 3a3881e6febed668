//! The key or token that goes with every call.

use tonic::metadata::Ascii;
use tonic::metadata::MetadataValue;
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Request, Status};

use crate::error::Error;

/// A connection on which every call has its credential.
pub(crate) type Keyed = InterceptedService<Channel, Credential>;

/// A key, or none. Shown by nothing: it is marked as sensitive, which `Debug` and HTTP/2's compression respect.
#[derive(Clone, Debug)]
pub(crate) struct Credential(Option<MetadataValue<Ascii>>);

impl Credential {
    pub(crate) fn none() -> Credential {
        Credential(None)
    }

    pub(crate) fn key(key: &str) -> Result<Credential, Error> {
        let mut value: MetadataValue<Ascii> =
            format!("Bearer {key}").parse().map_err(|_| Error::bad_key())?;
        value.set_sensitive(true);
        Ok(Credential(Some(value)))
    }
}

impl Interceptor for Credential {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(value) = &self.0 {
            request.metadata_mut().insert("authorization", value.clone());
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_shown_nowhere() {
        let credential = Credential::key("lk_a_SECRET").unwrap();
        let request = credential.clone().call(Request::new(())).unwrap();
        assert_eq!(request.metadata().get("authorization").unwrap().to_str().unwrap(), "Bearer lk_a_SECRET");
        assert!(!format!("{credential:?} {request:?}").contains("SECRET"));
        let error = Credential::key("SECRET\n").unwrap_err();
        assert!(!format!("{error:?} {error}").contains("SECRET"));
    }
}
