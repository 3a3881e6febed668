//! How an [`Event`] is put together.

use crate::fresh::fresh_id;
use crate::generated::Event;
use crate::generated::event::Payload;
use prost_types::Timestamp;

impl Event {
    /// This happened, and this user did it. Everything else is optional.
    ///
    /// ```
    /// use laurels_client::Event;
    ///
    /// let event = Event::new("heart.given", "ben")
    ///     .with_id("heart:1234")
    ///     .with_subject("photo:7")
    ///     .with_data_json(r#"{"owner":"ana"}"#)
    ///     .with_time("2026-01-31T12:00:00Z".parse().expect("an RFC 3339 time"));
    /// assert_eq!(event.user, "ben");
    /// ```
    pub fn new(r#type: impl Into<String>, user: impl Into<String>) -> Event {
        Event { r#type: r#type.into(), user: user.into(), ..Event::default() }
    }

    /// Names the event for ever: sent again under this id, it counts once. Take the site's own name
    /// for it, such as `heart:1234`, so that also a request that comes twice counts once.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Event {
        self.id = id.into();
        self
    }

    /// What it was done to.
    #[must_use]
    pub fn with_subject(mut self, subject: impl Into<String>) -> Event {
        self.subject = subject.into();
        self
    }

    /// When it happened. Left out: when it arrives.
    #[must_use]
    pub fn with_time(mut self, time: Timestamp) -> Event {
        self.time = Some(time);
        self
    }

    /// Whatever else the rules need, as the text of one JSON object.
    #[must_use]
    pub fn with_data_json(mut self, json: impl Into<String>) -> Event {
        self.payload = Some(Payload::DataJson(json.into()));
        self
    }

    /// Makes an id, if there is none: the event may then be sent again. [`Client::record`] and
    /// [`Client::record_all`] do this by themselves; who wants to send again what
    /// `record_all` could not must do it before.
    ///
    /// [`Client::record`]: crate::Client::record
    /// [`Client::record_all`]: crate::Client::record_all
    #[must_use]
    pub fn with_fresh_id_if_none(mut self) -> Event {
        if self.id.is_empty() {
            self.id = fresh_id();
        }
        self
    }
}
