//! Pages: walked to the end they have everything once, also when something is new in between.

use super::proto::{
    Event, GetBadgesRequest, GetBadgesResponse, ListBadgesRequest, ListBadgesResponse, RecordEventRequest,
};
use super::server::{Server, event, start};

async fn post(server: &Server, photo: &str, second: i64) {
    let time = Some(prost_types::Timestamp { seconds: second, nanos: 0 });
    let event = Event { subject: photo.into(), time, ..event(photo) };
    server.client().record_event(RecordEventRequest { event: Some(event) }).await.unwrap();
}

async fn badges(server: &Server, page_size: i32, page_token: &str) -> GetBadgesResponse {
    let (user, badges) = ("ann".into(), vec!["framed".into()]);
    let page_token = page_token.into();
    let request = GetBadgesRequest { user, badges, page_size, page_token, ..GetBadgesRequest::default() };
    server.client().get_badges(request).await.unwrap().into_inner()
}

fn keys(page: &GetBadgesResponse) -> Vec<&str> {
    page.awards.iter().map(|award| award.key.as_str()).collect()
}

#[tokio::test]
async fn a_users_badges_come_newest_first_and_each_once_whatever_is_new() {
    let server = start().await;
    // By time, not by arrival; of two at the same time the later arrival is the newer.
    for (photo, second) in [("a", 50), ("b", 10), ("c", 40), ("d", 20), ("e", 40)] {
        post(&server, photo, second).await;
    }
    let first = badges(&server, 2, "").await;
    assert_eq!(keys(&first), ["a", "e"]);
    // Five photos, and the first.
    assert_eq!(first.total_size, 6);
    post(&server, "new", 60).await;
    let second = badges(&server, 2, &first.next_page_token).await;
    assert_eq!(keys(&second), ["c", "d"]);
    let third = badges(&server, 1000, &second.next_page_token).await;
    assert_eq!(keys(&third), ["b"]);
    assert_eq!(third.next_page_token, "");
    assert_eq!(first.held_bits, third.held_bits);
}

#[tokio::test]
async fn progress_comes_with_the_first_page_and_as_it_was_asked_for() {
    let server = start().await;
    post(&server, "a", 1).await;
    let ask = async |request| server.client().get_badges(request).await.unwrap().into_inner();
    let ann = GetBadgesRequest { user: "ann".into(), page_size: 1, ..GetBadgesRequest::default() };

    let first = ask(ann.clone()).await;
    let progress: Vec<_> =
        first.progress.iter().map(|one| (one.badge.as_str(), one.current, one.goal)).collect();
    assert_eq!(progress, [("collector", 1.0, 10.0)]);
    assert!(!first.next_page_token.is_empty());
    let next = ask(GetBadgesRequest { page_token: first.next_page_token, ..ann.clone() }).await;
    assert!(next.progress.is_empty());
    assert!(ask(GetBadgesRequest { without_progress: true, ..ann.clone() }).await.progress.is_empty());
    assert!(ask(GetBadgesRequest { badges: vec!["framed".into()], ..ann }).await.progress.is_empty());

    let nobody = ask(GetBadgesRequest { user: "never seen".into(), ..GetBadgesRequest::default() }).await;
    assert_eq!((nobody.awards.len(), nobody.total_size, nobody.held_bits.len()), (0, 0, 0));
}

#[tokio::test]
async fn the_catalog_is_listed_in_its_order_and_secrets_stay_secret() {
    let server = start().await;
    post(&server, "a", 1).await;
    let list = async |page_size, page_token: &str| -> ListBadgesResponse {
        let page_token = page_token.into();
        let request = ListBadgesRequest { page_size, page_token, ..ListBadgesRequest::default() };
        server.client().list_badges(request).await.unwrap().into_inner()
    };
    let first = list(3, "").await;
    let second = list(3, &first.next_page_token).await;
    assert_eq!(second.next_page_token, "");
    let shown = first.badges.iter().chain(&second.badges);
    let shown: Vec<_> = shown
        .map(|badge| (badge.id.as_str(), badge.title.as_str(), badge.repeatable, badge.holders))
        .collect();
    let all = [
        ("first-photo", "First light", false, 1),
        ("framed", "Framed: {subject}", true, 1),
        ("collector", "Collector", false, 0),
        ("owl", "", false, 0),
    ];
    assert_eq!(shown, all);
    assert_eq!(first.user_count, 1);
}
