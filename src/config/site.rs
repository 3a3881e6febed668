//! Sites whose pages may call from a browser.

use std::fmt;
use std::str::FromStr;

use http::Uri;

/// A site whose pages may call, as a browser says it: `https://forum.example`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site(String);

impl FromStr for Site {
    type Err = String;

    fn from_str(text: &str) -> Result<Site, String> {
        if text == "*" {
            return Err(
                "* would let the pages of every site call as whoever reads them; name each site".to_owned()
            );
        }
        let wrong = || {
            format!(
                "{text:?} is no origin; write scheme, host and port, if any, such as https://forum.example"
            )
        };
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(wrong());
        };
        let is_plain = matches!(scheme, "http" | "https") && authority.as_str().rsplit('@').count() == 1;
        // As browsers send it: without a path, a port that goes without saying, or capitals.
        let default_port = if scheme == "https" { 443 } else { 80 };
        let port = authority.port_u16().filter(|port| *port != default_port);
        let port = port.map_or_else(String::new, |port| format!(":{port}"));
        let said = format!("{scheme}://{}{port}", authority.host().to_ascii_lowercase());
        match is_plain && said == text {
            true => Ok(Site(said)),
            false if is_plain => Err(format!("{text:?} is written {said:?} by browsers; write it so")),
            false => Err(wrong()),
        }
    }
}

impl Site {
    /// As browsers send it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for text in ["https://forum.example", "http://localhost:8080", "https://[::1]:444"] {
            assert_eq!(text.parse::<Site>().unwrap().to_string(), text);
        }
        for (text, says) in [
            ("*", "name each site"),
            ("", "is no origin"),
            ("null", "is no origin"),
            ("forum.example", "is no origin"),
            ("ftp://forum.example", "is no origin"),
            ("https://me@forum.example", "is no origin"),
            ("https://forum.example/", "is written \"https://forum.example\""),
            ("https://Forum.example", "is written \"https://forum.example\""),
            ("https://forum.example:443", "is written \"https://forum.example\""),
        ] {
            let error = text.parse::<Site>().unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
