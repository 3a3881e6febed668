//! The client: one connection, shared by all its clones.

use std::time::Duration;

use tokio_stream::{Stream, StreamExt};
use tonic::Request;
use tonic::transport::{Channel, Endpoint};

use crate::answers::Answers;
use crate::backup::Backup;
use crate::credential::{Credential, Keyed};
use crate::error::Error;
use crate::fresh::fresh_id;
use crate::generated::achievement_service_client::AchievementServiceClient;
use crate::generated::admin_service_client::AdminServiceClient;
use crate::generated::backup_request::Until;
use crate::generated::{
    AuditEvent, Award, AwardBadgeRequest, AwardBadgeResponse, BackupRequest, Badge, Event, GetBadgesRequest,
    GetProfileRequest, ListAuditEventsRequest, ListBadgesRequest, Profile, Progress, RecordEventRequest,
    RecordEventResponse, RecordEventsOptions, RecordEventsRequest, ReloadRequest, ReloadResponse,
    RevokeBadgeRequest, RevokeBadgeResponse, UpdateProfileRequest, UpdateProfileResponse,
};
use crate::tls::Tls;
use crate::watch::{Watch, WatchOptions};

/// How long a connection may take. Then the call fails, and may be tried again.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an answer may take. Then the call fails, and may be tried again.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// How often a connection in use is asked whether it still stands.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// The longest wait that a retry respects. A server that asks for more is left to the caller.
const RETRY_WAIT_MAX: Duration = Duration::from_secs(2);
/// How many awards or badges are asked for at once.
const PAGE_SIZE: i32 = 1000;

/// A connection to a Laurels server. Cheap to clone; all clones share the connection, which comes back
/// by itself when it was lost.
#[derive(Clone, Debug)]
pub struct Client {
    service: AchievementServiceClient<Keyed>,
    admin: AdminServiceClient<Keyed>,
    channel: Channel,
}

/// What to say of a user's badges. The default is everything.
#[derive(Clone, Debug, Default)]
pub struct BadgesOptions {
    /// Only these badges, by id. Empty: all.
    pub badges: Vec<String>,
    /// Only badges of these categories. Empty: all.
    pub categories: Vec<String>,
    /// Leave out how far the user is, which is cheaper.
    pub without_progress: bool,
}

/// What to say of the badges there are.
#[derive(Clone, Debug, Default)]
pub struct ListOptions {
    /// Only badges of these categories. Empty: all.
    pub categories: Vec<String>,
    /// Also badges that can no longer be earned.
    pub include_retired: bool,
}

/// What a user has earned, and how far the user is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserBadges {
    /// Every award, newest first.
    pub awards: Vec<Award>,
    /// How far the user is towards badges not yet held, nearest first.
    pub progress: Vec<Progress>,
    /// The badges held as a bit set: number n is bit n % 8 of byte n / 8, from the least significant.
    pub held_bits: Vec<u8>,
    /// Where this answer stands: [`WatchOptions::after`] it, nothing is missing or repeated.
    pub cursor: String,
}

/// The badges there are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BadgeList {
    /// The badges, in the order of the catalog. Of a secret one, only what does not give it away.
    pub badges: Vec<Badge>,
    /// How many users there are: what [`Badge::holders`] is a share of.
    pub user_count: i64,
}

impl Client {
    /// Connects to a server, such as `http://127.0.0.1:50051`, or `https://awards.example.org:50051`.
    pub async fn connect(url: impl Into<String>) -> Result<Client, Error> {
        Client::connect_tls(url, Tls::default()).await
    }

    /// As [`connect`](Client::connect), with a say in whom to believe behind `https://`, and a certificate to show.
    pub async fn connect_tls(url: impl Into<String>, tls: Tls) -> Result<Client, Error> {
        let url = url.into();
        let endpoint = endpoint(&url, tls)?;
        let channel = endpoint.connect().await.map_err(|source| Error::unreachable(&url, source))?;
        Ok(Client::over(channel))
    }

    /// As [`connect`](Client::connect), but connects with the first call: for a server that may not be
    /// there yet. Must be called within a tokio runtime.
    pub fn lazy(url: impl Into<String>) -> Result<Client, Error> {
        Client::lazy_tls(url, Tls::default())
    }

    /// As [`connect_tls`](Client::connect_tls), but connects with the first call.
    pub fn lazy_tls(url: impl Into<String>, tls: Tls) -> Result<Client, Error> {
        let channel = endpoint(&url.into(), tls)?.connect_lazy();
        Ok(Client::over(channel))
    }

    /// The same connection, with this key, or browser token, sent along with every call. It is in no error and in no
    /// `Debug`.
    pub fn with_key(self, key: &str) -> Result<Client, Error> {
        Ok(Client::calling(self.channel, Credential::key(key)?))
    }

    fn over(channel: Channel) -> Client {
        Client::calling(channel, Credential::none())
    }

    fn calling(channel: Channel, credential: Credential) -> Client {
        let service = AchievementServiceClient::with_interceptor(channel.clone(), credential.clone());
        let admin = AdminServiceClient::with_interceptor(channel.clone(), credential);
        Client { service, admin, channel }
    }

    /// Records one event. When it answers, the event is kept and no crash takes it back.
    ///
    /// An event without an id gets one, and where the failure may pass it is sent once more under the same
    /// id: it counts once.
    pub async fn record(&self, event: Event) -> Result<RecordEventResponse, Error> {
        let event = event.with_fresh_id_if_none();
        let request = RecordEventRequest { event: Some(event) };
        let call = || {
            let (mut service, request) = (self.service.clone(), request.clone());
            async move { Ok(service.record_event(unary(request)).await?.into_inner()) }
        };
        twice(call).await
    }

    /// Records a stream of events, for volume: many are under way at once, and each is answered, in the
    /// order sent. Read the answers while you send, or the server stops reading.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/server/mod.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), laurels_client::Error> {
    /// use laurels_client::{Client, Event, ErrorReason};
    ///
    /// # let server = Server::start([("none.toml", String::new())]);
    /// # let client = Client::connect(server.url()).await?;
    /// let events = ["ana", "ben", ""].map(|user| Event::new("photo.posted", user));
    /// let mut answers = client.record_all(tokio_stream::iter(events)).await?;
    /// let mut refused = Vec::new();
    /// while let Some(answer) = answers.next().await {
    ///     let answer = answer?;
    ///     if let Err(error) = answer.result {
    ///         refused.push((answer.index, error.reason()));
    ///     }
    /// }
    /// assert_eq!(refused, [(2, Some(ErrorReason::InvalidField))]);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn record_all<S>(&self, events: S) -> Result<Answers, Error>
    where
        S: Stream<Item = Event> + Send + 'static,
    {
        self.send_all(events, false).await
    }

    /// As [`record_all`](Client::record_all), for events of the past: each must have its time.
    pub async fn record_history<S>(&self, events: S) -> Result<Answers, Error>
    where
        S: Stream<Item = Event> + Send + 'static,
    {
        self.send_all(events, true).await
    }

    async fn send_all<S>(&self, events: S, historical: bool) -> Result<Answers, Error>
    where
        S: Stream<Item = Event> + Send + 'static,
    {
        // The server reads the options from the first message only.
        let mut options = Some(RecordEventsOptions { historical });
        let requests = events.map(move |event| RecordEventsRequest {
            event: Some(event.with_fresh_id_if_none()),
            options: options.take(),
        });
        Ok(Answers::new(self.service.clone().record_events(requests).await?.into_inner()))
    }

    /// The badges of a user, with all awards. A user nobody has heard of has none.
    pub async fn badges(&self, user: impl Into<String>) -> Result<UserBadges, Error> {
        self.badges_with(user, BadgesOptions::default()).await
    }

    /// As [`badges`](Client::badges), of some badges only, or without progress.
    pub async fn badges_with(
        &self,
        user: impl Into<String>,
        options: BadgesOptions,
    ) -> Result<UserBadges, Error> {
        let BadgesOptions { badges, categories, without_progress } = options;
        let (user, page_size, page_token) = (user.into(), PAGE_SIZE, String::new());
        let mut request =
            GetBadgesRequest { user, badges, categories, without_progress, page_size, page_token };
        let mut first: Option<UserBadges> = None;
        loop {
            let page = self.service.clone().get_badges(unary(request.clone())).await?.into_inner();
            let badges = first.get_or_insert_with(|| UserBadges {
                progress: page.progress,
                held_bits: page.held_bits,
                cursor: page.cursor,
                ..UserBadges::default()
            });
            badges.awards.extend(page.awards);
            if page.next_page_token.is_empty() {
                return Ok(first.unwrap_or_default());
            }
            request.page_token = page.next_page_token;
        }
    }

    /// The badges there are, in the order of the catalog.
    pub async fn list_badges(&self) -> Result<BadgeList, Error> {
        self.list_badges_with(ListOptions::default()).await
    }

    /// As [`list_badges`](Client::list_badges), of some categories only, or with badges of the past.
    pub async fn list_badges_with(&self, options: ListOptions) -> Result<BadgeList, Error> {
        let ListOptions { categories, include_retired } = options;
        let (page_size, page_token) = (PAGE_SIZE, String::new());
        let mut request = ListBadgesRequest { categories, include_retired, page_size, page_token };
        let mut list = BadgeList::default();
        loop {
            let page = self.service.clone().list_badges(unary(request.clone())).await?.into_inner();
            list.badges.extend(page.badges);
            list.user_count = page.user_count;
            if page.next_page_token.is_empty() {
                return Ok(list);
            }
            request.page_token = page.next_page_token;
        }
    }

    /// Listens to what is being earned. Nothing is sent before [`Watch::next`] is called.
    pub fn watch(&self, options: WatchOptions) -> Watch {
        Watch::new(self.service.clone(), options)
    }

    /// Everything that the server has, up to there or up to now: `laurels restore` makes a store of it. Recording goes
    /// on meanwhile.
    pub async fn backup(&self, until: Option<Until>) -> Result<Backup, Error> {
        let answer = self.admin.clone().backup(BackupRequest { until }).await?;
        Ok(Backup::new(answer.into_inner()))
    }

    /// Has the server read its badge files again. With a mistake in them the rules in use go on, and
    /// [`Error::fields`] has the mistakes: the place of each, and what to write instead.
    pub async fn reload(&self) -> Result<ReloadResponse, Error> {
        Ok(self.admin.clone().reload(unary(ReloadRequest {})).await?.into_inner())
    }

    /// Gives a badge by hand: no rule takes it back. Sent again as [`record`](Client::record) does.
    pub async fn award_badge(&self, request: AwardBadgeRequest) -> Result<AwardBadgeResponse, Error> {
        let request = AwardBadgeRequest { id: id_or_fresh(request.id), ..request };
        let call = || {
            let (mut admin, request) = (self.admin.clone(), request.clone());
            async move { Ok(admin.award_badge(unary(request)).await?.into_inner()) }
        };
        twice(call).await
    }

    /// Takes an award back by hand: no rule gives it again. Sent again as [`record`](Client::record) does.
    pub async fn revoke_badge(&self, request: RevokeBadgeRequest) -> Result<RevokeBadgeResponse, Error> {
        let request = RevokeBadgeRequest { id: id_or_fresh(request.id), ..request };
        let call = || {
            let (mut admin, request) = (self.admin.clone(), request.clone());
            async move { Ok(admin.revoke_badge(unary(request)).await?.into_inner()) }
        };
        twice(call).await
    }

    /// What was done by hand, newest first: all of it, or so much.
    pub async fn audit_events(&self, most: Option<usize>) -> Result<Vec<AuditEvent>, Error> {
        let mut request = ListAuditEventsRequest { page_size: PAGE_SIZE, ..Default::default() };
        let mut events = Vec::new();
        loop {
            let left = most.map_or(usize::MAX, |most| most.saturating_sub(events.len()));
            if left == 0 {
                return Ok(events);
            }
            let page = self.admin.clone().list_audit_events(unary(request.clone())).await?.into_inner();
            events.extend(page.events.into_iter().take(left));
            if page.next_page_token.is_empty() {
                return Ok(events);
            }
            request.page_token = page.next_page_token;
        }
    }

    /// How a user is shown to others. A user nobody has heard of has an empty profile.
    pub async fn profile(&self, user: impl Into<String>) -> Result<Profile, Error> {
        let request = unary(GetProfileRequest { user: user.into() });
        Ok(self.service.clone().get_profile(request).await?.into_inner().profile.unwrap_or_default())
    }

    /// Sets how a user is shown. Sent again as [`record`](Client::record) does.
    ///
    /// ```no_run
    /// use laurels_client::{Client, Profile, UpdateProfileRequest};
    ///
    /// # async fn example(client: Client) -> Result<(), laurels_client::Error> {
    /// let profile = Profile { user: "ana".into(), name: "Ana".into(), ..Profile::default() };
    /// client.update_profile(UpdateProfileRequest::new(profile, ["name"])).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn update_profile(
        &self,
        request: UpdateProfileRequest,
    ) -> Result<UpdateProfileResponse, Error> {
        let request = UpdateProfileRequest { id: id_or_fresh(request.id), ..request };
        let call = || {
            let (mut service, request) = (self.service.clone(), request.clone());
            async move { Ok(service.update_profile(unary(request)).await?.into_inner()) }
        };
        twice(call).await
    }
}

/// Calls once more where the failure may pass: for what has an id, and so is done once.
async fn twice<T, F: Future<Output = Result<T, Error>>>(call: impl Fn() -> F) -> Result<T, Error> {
    match call().await {
        Err(error) if error.retryable() => {
            let wait = error.retry_after().unwrap_or_default();
            if wait > RETRY_WAIT_MAX {
                return Err(error);
            }
            tokio::time::sleep(wait).await;
            call().await
        }
        answer => answer,
    }
}

fn id_or_fresh(id: String) -> String {
    if id.is_empty() { fresh_id() } else { id }
}

fn endpoint(url: &str, tls: Tls) -> Result<Endpoint, Error> {
    let secure = url.starts_with("https://");
    if !secure && !url.starts_with("http://") {
        return Err(Error::bad_url(url, "begins with neither http:// nor https://"));
    }
    let endpoint = Endpoint::from_shared(url.to_owned()).map_err(|_| Error::bad_url(url, "is not a URL"))?;
    let endpoint = endpoint.connect_timeout(CONNECT_TIMEOUT);
    let endpoint = endpoint.http2_keep_alive_interval(KEEP_ALIVE).keep_alive_timeout(KEEP_ALIVE);
    if !secure {
        return Ok(endpoint);
    }
    let config = tls.config().map_err(Error::bad_tls)?.timeout(CONNECT_TIMEOUT);
    endpoint.tls_config(config).map_err(Error::unusable_tls)
}

fn unary<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(CALL_TIMEOUT);
    request
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Fake;
    use crate::generated::ErrorReason;
    use tonic::{Code, Status};
    use tonic_types::{ErrorDetails, StatusExt};

    fn refusal(reason: ErrorReason, code: Code) -> Status {
        let mut details = ErrorDetails::with_error_info(reason.as_str_name(), "laurels", []);
        details.set_retry_info(Some(Duration::from_millis(1)));
        Status::with_error_details(code, "no", details)
    }

    #[tokio::test]
    async fn what_may_pass_is_sent_once_more_under_the_same_id() {
        let busy = || Err(refusal(ErrorReason::Overloaded, Code::ResourceExhausted));
        let (fake, url) = Fake::start([busy(), Ok(RecordEventResponse::default()), busy(), busy()]).await;
        let client = Client::connect(url).await.unwrap();
        client.record(Event::new("photo.posted", "ana")).await.unwrap();
        let heard = fake.heard();
        assert!(!heard[0].id.is_empty());
        assert_eq!(heard, [heard[0].clone(), heard[0].clone()]);

        let error = client.record(Event::new("photo.posted", "ana")).await.unwrap_err();
        assert_eq!(error.reason(), Some(ErrorReason::Overloaded));
        assert_eq!(fake.heard().len(), 4);
    }

    #[tokio::test]
    async fn what_will_not_pass_is_not_sent_again() {
        let wrong = Err(refusal(ErrorReason::EventIdReused, Code::AlreadyExists));
        let (fake, url) = Fake::start([wrong]).await;
        let client = Client::connect(url).await.unwrap();
        let error = client.record(Event::new("photo.posted", "ana").with_id("7")).await.unwrap_err();
        assert_eq!(error.reason(), Some(ErrorReason::EventIdReused));
        assert_eq!(fake.heard()[0].id, "7");
        assert_eq!(fake.heard().len(), 1);
    }

    #[tokio::test]
    async fn a_url_that_is_none_says_what_to_write() {
        for (url, says) in
            [("localhost:1", "begins with neither http:// nor https://"), ("http://a b", "not a URL")]
        {
            let error = Client::connect(url).await.unwrap_err();
            assert!(error.to_string().contains(says), "{error}");
            assert!(!error.retryable());
        }
    }
}
