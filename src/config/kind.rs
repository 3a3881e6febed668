//! Kinds of values: how each is read, from a file or as one text, and how it is written again.
//!
//! A kind also says in words what a value must be. That sentence is in messages, in the command line's help, and a test
//! holds the comments of `laurels.default.toml` to it.

use std::net::SocketAddr;
use std::ops::{Bound, RangeBounds};
use std::path::PathBuf;
use std::time::Duration;

use super::site::Site;
use super::size;
use super::written::Written;
use crate::cel::parse_duration;
use crate::telemetry;

/// The longest time: what is longer is "never", and has a word of its own where it may be chosen.
const TIME_MAX: Duration = Duration::from_secs(36_525 * 24 * 60 * 60);

/// What a setting's values are.
pub(super) struct Kind<T> {
    /// What a value is called in the help of the command line.
    pub(super) called: &'static str,
    /// What a value must be, in words that go on from "must be".
    pub(super) must_be: String,
    /// None for what is no such value.
    pub(super) read: Box<dyn Fn(Written<'_>) -> Option<T>>,
    /// As it stands in a file.
    pub(super) show: Box<dyn Fn(&T) -> String>,
    /// The option that sets it, where that is not made of its name.
    pub(super) flag: Option<&'static str>,
    /// Whether the files that it names are read again at SIGHUP.
    pub(super) reread: bool,
    /// Whether its option has no value, and one with `no-` beside it.
    pub(super) switch: bool,
    /// Whether its option may be given many times, a value each.
    pub(super) many: bool,
}

impl<T> Kind<T> {
    fn new(
        called: &'static str,
        must_be: impl Into<String>,
        read: impl Fn(Written<'_>) -> Option<T> + 'static,
        show: impl Fn(&T) -> String + 'static,
    ) -> Kind<T> {
        let (read, show) = (Box::new(read), Box::new(show));
        Kind {
            called,
            must_be: must_be.into(),
            read,
            show,
            flag: None,
            reread: false,
            switch: false,
            many: false,
        }
    }

    /// The option that sets it is this one.
    pub(super) fn flag(self, flag: &'static str) -> Kind<T> {
        Kind { flag: Some(flag), ..self }
    }

    /// The files that it names are read again at SIGHUP.
    pub(super) fn reread(self) -> Kind<T> {
        Kind { reread: true, ..self }
    }
}

/// Yes or no.
pub(super) fn truth() -> Kind<bool> {
    let read = |written: Written<'_>| written.truth();
    Kind { switch: true, ..Kind::new("TRUTH", "true or false", read, bool::to_string) }
}

/// A directory or file that is there, or will be made.
pub(super) fn path() -> Kind<PathBuf> {
    let read = |written: Written<'_>| written.text().filter(|text| !text.is_empty()).map(PathBuf::from);
    Kind::new("PATH", "a path", read, |path| quoted(&path.to_string_lossy()))
}

/// A file, or another or none, for which there is a word.
pub(super) fn path_or(word: &'static str) -> Kind<Option<PathBuf>> {
    let read = move |written: Written<'_>| match written.text()? {
        "" => None,
        text => Some(Some(text).filter(|text| *text != word).map(PathBuf::from)),
    };
    let show = move |path: &Option<PathBuf>| {
        quoted(&path.as_ref().map_or_else(|| word.into(), |path| path.to_string_lossy()))
    };
    Kind::new("PATH", format!("{word:?}, or a path"), read, show)
}

/// An address and a port.
pub(super) fn address() -> Kind<SocketAddr> {
    let read = |written: Written<'_>| written.text()?.parse().ok();
    Kind::new(
        "ADDRESS",
        "an IP address and a port, such as \"127.0.0.1:50051\"",
        read,
        |address: &SocketAddr| quoted(&address.to_string()),
    )
}

/// What is logged.
pub(super) fn log() -> Kind<String> {
    let read =
        |written: Written<'_>| written.text().filter(|text| telemetry::is_filter(text)).map(str::to_owned);
    let must_be = "a level (error, warn, info, debug, trace), or levels of modules, such as \"info,laurels::store=debug\"";
    Kind::new("LEVEL", must_be, read, |text| quoted(text))
}

/// Sites whose pages may call: a list, or one text with commas between them.
pub(super) fn sites() -> Kind<Vec<Site>> {
    let read = |written: Written<'_>| written.texts()?.into_iter().map(|text| text.parse().ok()).collect();
    let show = |sites: &Vec<Site>| {
        let sites = sites.iter().map(|site| quoted(site.as_str())).collect::<Vec<_>>();
        format!("[{}]", sites.join(", "))
    };
    let must_be =
        "a list of origins, each scheme, host and port, such as [\"https://forum.example\"], and never \"*\"";
    Kind { many: true, ..Kind::new("ORIGIN", must_be, read, show) }
}

/// How many.
pub(super) fn count<T>(unit: &str, range: impl RangeBounds<u64> + 'static) -> Kind<T>
where
    T: Copy + TryFrom<u64> + TryInto<u64>,
{
    let must_be = format!("a number of {unit}, {}", bounds(&range, |number| number.to_string()));
    let read = move |written: Written<'_>| {
        let number = written.whole().filter(|number| range.contains(number))?;
        number.try_into().ok()
    };
    Kind::new("COUNT", must_be, read, |number| wide(*number).to_string())
}

/// How many bytes.
pub(super) fn size<T>(range: impl RangeBounds<u64> + 'static) -> Kind<T>
where
    T: Copy + TryFrom<u64> + TryInto<u64>,
{
    let must_be = format!("a size such as \"8MiB\", {}", bounds(&range, size::show));
    let read = move |written: Written<'_>| {
        let bytes = written.text().map_or_else(|| written.whole(), size::parse)?;
        bytes.try_into().ok().filter(|_| range.contains(&bytes))
    };
    Kind::new("SIZE", must_be, read, |bytes| quoted(&size::show(wide(*bytes))))
}

/// How long.
pub(super) fn time(range: impl RangeBounds<Duration> + 'static) -> Kind<Duration> {
    let must_be = format!("a time such as \"20s\", {}", bounds(&range, show_time));
    let read = move |written: Written<'_>| parse_time(written.text()?).filter(|time| range.contains(time));
    Kind::new("TIME", must_be, read, |time| quoted(&show_time(*time)))
}

/// How long, or for ever: that has a word.
pub(super) fn time_or(
    word: &'static str,
    range: impl RangeBounds<Duration> + 'static,
) -> Kind<Option<Duration>> {
    let must_be = format!("{word:?}, or a time such as \"90d\", {}", bounds(&range, show_time));
    let read = move |written: Written<'_>| match written.text()? {
        text if text == word => Some(None),
        text => parse_time(text).filter(|time| range.contains(time)).map(Some),
    };
    Kind::new("TIME", must_be, read, move |time| quoted(&time.map_or_else(|| word.to_owned(), show_time)))
}

/// A time in words that can be read again, in the largest unit that it is a whole number of.
fn show_time(time: Duration) -> String {
    let millis = time.as_millis();
    let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];
    let whole = units.into_iter().find(|(_, unit)| millis.is_multiple_of(*unit));
    let (name, unit) = whole.expect("every number is a multiple of one");
    if millis == 0 { "0s".to_owned() } else { format!("{}{name}", millis / unit) }
}

fn parse_time(text: &str) -> Option<Duration> {
    let micros = parse_duration(text)?;
    Some(Duration::from_micros(micros.try_into().ok()?)).filter(|time| *time <= TIME_MAX)
}

fn bounds<T: Copy>(range: &impl RangeBounds<T>, show: impl Fn(T) -> String) -> String {
    let edge = |bound: Bound<&T>| match bound {
        Bound::Included(edge) | Bound::Excluded(edge) => Some(show(*edge)),
        Bound::Unbounded => None,
    };
    match (edge(range.start_bound()), edge(range.end_bound())) {
        (Some(least), Some(most)) => format!("from {least} to {most}"),
        (Some(least), None) => format!("at least {least}"),
        (None, Some(most)) => format!("at most {most}"),
        (None, None) => "as much as may be".to_owned(),
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn wide<T: TryInto<u64>>(number: T) -> u64 {
    number.try_into().ok().expect("it came from 64 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_so_that_it_is_read_again() {
        let day = Duration::from_secs(86_400);
        let retain = time_or("all", Duration::from_secs(1)..);
        for (text, shown) in [
            ("all", "\"all\""),
            ("90d", "\"90d\""),
            ("24h", "\"1d\""),
            ("1h30m", "\"90m\""),
            ("5m", "\"5m\""),
            ("1500ms", "\"1500ms\""),
        ] {
            let read = (retain.read)(Written::Text(text)).unwrap();
            assert_eq!((retain.show)(&read), shown);
        }
        for wrong in ["", "d", "90", "0s", "0d", "-1d", "90 d", "1ms", "99999999999999999999d", "36526d"] {
            assert!((retain.read)(Written::Text(wrong)).is_none(), "{wrong}");
        }
        assert_eq!(show_time(Duration::ZERO), "0s");
        let bytes = size::<u32>(4096..);
        for (text, shown) in [("4096", "\"4KiB\""), ("8MiB", "\"8MiB\""), ("5000", "\"5000B\"")] {
            let read = (bytes.read)(Written::Text(text)).unwrap();
            assert_eq!((bytes.show)(&read), shown);
        }
        for wrong in ["4095", "8GiB", "8MB", "", "-1", "1.5MiB"] {
            assert!((bytes.read)(Written::Text(wrong)).is_none(), "{wrong}");
        }
        let sites = sites();
        for (text, shown) in [
            ("[]", "[]"),
            ("https://a.example,http://b:81", r#"["https://a.example", "http://b:81"]"#),
            (r#"["https://a.example"]"#, r#"["https://a.example"]"#),
        ] {
            let read = (sites.read)(Written::Text(text)).unwrap();
            assert_eq!((sites.show)(&read), shown);
        }
        for wrong in ["*", "a.example", "https://a.example,*", "https://a.example/"] {
            assert!((sites.read)(Written::Text(wrong)).is_none(), "{wrong}");
        }
        assert_eq!((time(..=day).must_be), "a time such as \"20s\", at most 1d");
    }
}
