//! Replays `clients/conformance.json`, which says what every client does alike, against a real server.

mod server;

use std::collections::HashMap;

use laurels_client::{
    Award, BadgesOptions, Client, Error, Event, ListOptions, Notification, NotificationKind, Profile,
    Progress, Recorded, UpdateProfileRequest, WatchOptions,
};
use serde_json::{Map, Value, json};
use server::Server;
use tokio_stream::StreamExt;

const FILE: &str = include_str!("../../conformance.json");

// The connection goes on while a restart of the server is waited for, which blocks.
#[tokio::test(flavor = "multi_thread")]
async fn every_case_of_the_conformance_file_holds() {
    let file: Value = serde_json::from_str(FILE).unwrap();
    let badges = file["badges"].as_object().unwrap().iter().map(|(name, lines)| {
        let lines: Vec<_> = lines.as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
        (name.as_str(), lines.join("\n"))
    });
    let server = Server::start(badges);
    let client = Client::connect(server.url()).await.unwrap();
    let mut replay = Replay { server, client, kept: HashMap::new() };
    let cases = file["cases"].as_array().unwrap();
    assert!(cases.len() > 20);
    for case in cases {
        println!("{}", case["name"]);
        replay.kept.clear();
        replay.play(&case["steps"]).await;
    }
}

struct Replay {
    server: Server,
    client: Client,
    /// What later steps call `$name`.
    kept: HashMap<String, Value>,
}

impl Replay {
    /// Does steps in their order. Those of a `while` are never streams themselves, and so not deeper.
    async fn play(&mut self, steps: &Value) {
        for step in steps.as_array().unwrap() {
            let said = match self.call(step).await {
                Ok(said) => self.compared(&step["gives"], said, step),
                Err(error) => self.compared(&step["fails"], shown_error(&error), step),
            };
            for (name, path) in step["keep"].as_object().into_iter().flatten() {
                let pointer = format!("/{}", path.as_str().unwrap().replace('.', "/"));
                self.kept.insert(name.clone(), said.pointer(&pointer).expect("what is kept came").clone());
            }
        }
    }

    async fn call(&mut self, step: &Value) -> Result<Value, Error> {
        let with = self.filled(&step["with"]);
        match step["call"].as_str().unwrap() {
            "record" => self.client.record(event(&with)).await.map(|recorded| shown_recorded(&recorded)),
            "recordAll" => self.record_all(&with["events"]).await,
            "badges" | "progress" => self.badges(&with).await,
            "profile" => {
                self.client.profile(text(&with, "user")).await.map(|profile| shown_profile(&profile))
            }
            "updateProfile" => self.update_profile(&with).await,
            "listBadges" => self.list_badges(&with).await,
            "watch" => self.watch(step, &with).await,
            "restart" => self.restarted("-TERM"),
            "kill" => self.restarted("-KILL"),
            other => panic!("this client knows no call {other:?}"),
        }
    }

    fn restarted(&mut self, signal: &str) -> Result<Value, Error> {
        self.server.restart(signal);
        Ok(Value::Null)
    }

    async fn record_all(&self, events: &Value) -> Result<Value, Error> {
        let events: Vec<_> = events.as_array().unwrap().iter().map(event).collect();
        let mut answers = self.client.record_all(tokio_stream::iter(events)).await?;
        let mut recorded = Vec::new();
        while let Some(answer) = answers.next().await {
            recorded.push(answer?.result.ok().as_ref().map_or(Value::Null, shown_recorded));
        }
        Ok(json!({ "recorded": recorded }))
    }

    async fn badges(&self, with: &Value) -> Result<Value, Error> {
        let chosen = BadgesOptions {
            badges: texts(with, "only"),
            categories: texts(with, "categories"),
            ..BadgesOptions::default()
        };
        let badges = self.client.badges_with(text(with, "user"), chosen).await?;
        let progress: Vec<_> = badges.progress.iter().map(shown_progress).collect();
        Ok(json!({ "awards": shown_awards(&badges.awards), "progress": progress, "cursor": badges.cursor }))
    }

    async fn update_profile(&self, with: &Value) -> Result<Value, Error> {
        let profile = Profile {
            user: text(with, "user"),
            name: text(with, "name"),
            link: text(with, "link"),
            picture: text(with, "picture"),
            time_zone: text(with, "timeZone"),
            language: text(with, "language"),
            ..Profile::default()
        };
        let names = [
            ("name", "name"),
            ("link", "link"),
            ("picture", "picture"),
            ("timeZone", "time_zone"),
            ("language", "language"),
        ];
        let given = names.iter().filter(|(shown, _)| with[*shown].is_string()).map(|(_, field)| *field);
        let request = UpdateProfileRequest::new(profile, given).with_id(text(with, "id"));
        let updated = self.client.update_profile(request).await?;
        let (profile, recorded) = (updated.profile.unwrap_or_default(), updated.recorded.unwrap_or_default());
        Ok(json!({ "profile": shown_profile(&profile), "recorded": shown_recorded(&recorded) }))
    }

    async fn list_badges(&self, with: &Value) -> Result<Value, Error> {
        let options = ListOptions {
            categories: texts(with, "categories"),
            include_retired: with["includeRetired"] == true,
        };
        let list = self.client.list_badges_with(options).await?;
        let badges = list.badges.iter().map(|badge| {
            json!({
                "id": badge.id, "number": badge.number, "category": badge.category, "title": badge.title,
                "description": badge.description, "medal": badge.medal, "family": badge.family, "tier": badge.tier,
                "points": badge.points, "icon": badge.icon, "secret": badge.secret,
                "repeatable": badge.repeatable, "retired": badge.retired, "holders": badge.holders,
            })
        });
        let badges: Vec<Value> = badges.collect();
        Ok(json!({ "badges": badges, "userCount": list.user_count }))
    }

    async fn watch(&mut self, step: &Value, with: &Value) -> Result<Value, Error> {
        let wanted = step["gives"]["notifications"].as_array().map_or(0, Vec::len);
        let mut watch = self.client.watch(WatchOptions {
            users: texts(with, "users"),
            badges: texts(with, "badges"),
            categories: texts(with, "categories"),
            after: text(with, "after"),
            from_beginning: with["fromBeginning"] == true,
            heartbeats: true,
            ..WatchOptions::default()
        });
        let mut seen = Vec::new();
        let mut live = false;
        while seen.len() < wanted || (!live && (wanted == 0 || step["while"].is_array())) {
            let notification = StreamExt::next(&mut watch).await.expect("a watch does not end")?;
            if let Some(NotificationKind::Heartbeat(heartbeat)) = &notification.kind {
                if heartbeat.live && !live {
                    live = true;
                    if step["while"].is_array() {
                        Box::pin(self.play(&step["while"])).await;
                    }
                }
                continue;
            }
            seen.push(shown_notification(&notification));
        }
        Ok(json!({ "notifications": seen }))
    }

    /// The value, with what was kept in the place of `$name`.
    fn filled(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => match text.strip_prefix('$') {
                Some(name) => self.kept[name].clone(),
                None => value.clone(),
            },
            Value::Array(parts) => parts.iter().map(|part| self.filled(part)).collect(),
            Value::Object(fields) => {
                let filled = fields.iter().map(|(name, part)| (name.clone(), self.filled(part)));
                filled.collect::<Map<_, _>>().into()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    /// What was said, which has all that is wanted: objects may have more, lists may not.
    fn compared(&self, wanted: &Value, said: Value, step: &Value) -> Value {
        // Neither gives nor fails: it only has to succeed, and a failure is shown by what it said.
        if wanted.is_null() {
            assert!(said.get("retryable").is_none(), "{said} at {step}");
        } else {
            compare(&self.filled(wanted), &said, step);
        }
        said
    }
}

fn compare(wanted: &Value, said: &Value, step: &Value) {
    match (wanted, said) {
        (Value::String(any), _) if any == "*" => {
            assert!(said.as_str().is_some_and(|said| !said.is_empty()), "{said} at {step}");
        }
        (Value::Object(fields), _) => {
            for (name, part) in fields {
                compare(
                    part,
                    said.get(name).unwrap_or_else(|| panic!("no {name} in {said} at {step}")),
                    step,
                );
            }
        }
        (Value::Array(parts), Value::Array(others)) => {
            assert_eq!(parts.len(), others.len(), "{said} at {step}");
            parts.iter().zip(others).for_each(|(part, other)| compare(part, other, step));
        }
        // 1 and 1.0 are one number.
        (Value::Number(_), Value::Number(_)) => assert_eq!(wanted.as_f64(), said.as_f64(), "at {step}"),
        _ => assert_eq!(wanted, said, "at {step}"),
    }
}

fn event(with: &Value) -> Event {
    let mut event = Event::new(text(with, "type"), text(with, "user"))
        .with_subject(text(with, "subject"))
        .with_id(text(with, "id"));
    if let Some(time) = with["time"].as_str() {
        event = event.with_time(time.parse().unwrap());
    }
    let data = &with["data"];
    if data.is_null() { event } else { event.with_data_json(data.to_string()) }
}

fn text(with: &Value, name: &str) -> String {
    with[name].as_str().unwrap_or_default().to_owned()
}

fn texts(with: &Value, name: &str) -> Vec<String> {
    with[name].as_array().into_iter().flatten().map(|text| text.as_str().unwrap().to_owned()).collect()
}

fn shown_recorded(recorded: &Recorded) -> Value {
    json!({
        "eventId": recorded.event_id, "duplicate": recorded.duplicate, "cursor": recorded.cursor,
        "awards": shown_awards(&recorded.awards), "revoked": shown_awards(&recorded.revoked),
    })
}

fn shown_profile(profile: &Profile) -> Value {
    json!({
        "user": profile.user, "name": profile.name, "link": profile.link, "picture": profile.picture,
        "timeZone": profile.time_zone, "language": profile.language, "points": profile.points,
        "awardCount": profile.award_count,
    })
}

fn shown_awards(awards: &[Award]) -> Value {
    awards.iter().map(shown_award).collect()
}

fn shown_award(award: &Award) -> Value {
    json!({
        "user": award.user, "badge": award.badge, "key": award.key, "number": award.number,
        "time": award.time.as_ref().map(ToString::to_string), "eventId": award.event_id, "title": award.title,
        "medal": award.medal, "icon": award.icon, "category": award.category, "tier": award.tier,
        "points": award.points,
    })
}

fn shown_progress(progress: &Progress) -> Value {
    json!({
        "badge": progress.badge, "key": progress.key, "current": progress.current, "goal": progress.goal,
        "title": progress.title, "tier": progress.tier,
    })
}

fn shown_notification(notification: &Notification) -> Value {
    let (kind, award, event) = match notification.kind.as_ref().unwrap() {
        NotificationKind::Award(award) => ("award", award, &award.event_id),
        NotificationKind::Revocation(revocation) => {
            ("revocation", revocation.award.as_ref().unwrap(), &revocation.event_id)
        }
        NotificationKind::Heartbeat(_) => unreachable!("heartbeats are not shown"),
    };
    json!({ "kind": kind, "cursor": notification.cursor, "award": shown_award(award), "eventId": event })
}

fn shown_error(error: &Error) -> Value {
    let fields: Vec<_> = error.fields().iter().map(|field| &field.field).collect();
    json!({
        "reason": error.reason().map(|reason| reason.as_str_name()), "retryable": error.retryable(),
        "fields": fields, "oldestCursor": error.oldest_cursor(),
    })
}
