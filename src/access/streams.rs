//! How many live streams each caller holds open.
//!
//! A stream costs memory for as long as it is open, and a site opens one for each page that somebody looks at: a page
//! that opens another and another must not take what all others of the site need.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::key::KeyId;
use super::refused::{Refused, Why};
use crate::config;
use crate::event::UserId;

/// How long to wait before another stream is asked for: some end meanwhile.
const STREAMS_PAUSE: Duration = Duration::from_secs(10);

/// Most live streams at once. A further one is refused. Without keys there is no such limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamLimits {
    /// With one API key.
    pub per_key: u32,
    /// With browser tokens of one user, all together.
    pub per_user: u32,
}

impl Default for StreamLimits {
    fn default() -> StreamLimits {
        StreamLimits { per_key: 10_000, per_user: 32 }
    }
}

impl From<&config::Limits> for StreamLimits {
    fn from(limits: &config::Limits) -> StreamLimits {
        StreamLimits { per_key: limits.streams_per_key, per_user: limits.streams_per_user }
    }
}

/// Who holds a stream open.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Holder {
    Key(KeyId),
    User(UserId),
}

/// The streams that are open.
#[derive(Debug)]
pub(super) struct Streams {
    limits: StreamLimits,
    /// Those who hold none are not in it.
    open: Mutex<HashMap<Holder, u32>>,
}

/// A stream that is open, and counts until it is dropped.
#[derive(Debug, Default)]
pub struct OpenStream(Option<(Arc<Streams>, Holder)>);

impl Streams {
    pub(super) fn new(limits: StreamLimits) -> Streams {
        Streams { limits, open: Mutex::default() }
    }

    /// Counts one more, or says that there are as many as may be.
    pub(super) fn open(self: &Arc<Self>, holder: Holder) -> Result<OpenStream, Refused> {
        let (most, setting, whose) = match &holder {
            Holder::Key(id) => (self.limits.per_key, "limits.streams_per_key", format!("the key {id}")),
            Holder::User(_) => {
                (self.limits.per_user, "limits.streams_per_user", "the user of this token".to_owned())
            }
        };
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let held = open.get(&holder).copied().unwrap_or_default();
        if held >= most {
            let problem = format!(
                "{whose} holds {held} live streams open, and `{setting}` allows no more; close one, or share one among many listeners"
            );
            return Err(Refused::new(Why::TooFast(STREAMS_PAUSE), problem));
        }
        open.insert(holder.clone(), held + 1);
        Ok(OpenStream(Some((self.clone(), holder))))
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        let Some((streams, holder)) = self.0.take() else { return };
        let mut open = streams.open.lock().unwrap_or_else(PoisonError::into_inner);
        match open.get_mut(&holder) {
            Some(held) if *held > 1 => *held -= 1,
            Some(_) | None => drop(open.remove(&holder)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_of_streams_are_those_of_the_settings() {
        assert_eq!(StreamLimits::default(), StreamLimits::from(&config::Config::default().limits));
    }

    #[test]
    fn streams_count_while_they_are_open_and_for_each_holder_alone() {
        let streams = Arc::new(Streams::new(StreamLimits { per_key: 2, per_user: 1 }));
        let key = |id: &str| Holder::Key(KeyId::parse(id).unwrap());
        let user = || Holder::User(UserId::parse("ana").unwrap());
        let first = streams.open(key("site")).unwrap();
        let _second = streams.open(key("site")).unwrap();
        let refused = streams.open(key("site")).unwrap_err();
        assert_eq!(refused.why, Why::TooFast(STREAMS_PAUSE));
        assert!(refused.message.contains("`limits.streams_per_key` allows no more"), "{refused}");
        let _others = streams.open(key("other")).unwrap();
        let of_ana = streams.open(user()).unwrap();
        assert!(streams.open(user()).unwrap_err().message.contains("limits.streams_per_user"));

        drop(first);
        let _third = streams.open(key("site")).unwrap();
        drop(of_ana);
        assert_eq!(streams.open.lock().unwrap().len(), 2, "who holds none takes no memory");
    }
}
