//! `[[test]]`: events, and the awards that are held after them.

use smol_str::{SmolStr, format_smolstr};

use crate::catalog::fields::{Field, Fields};
use crate::catalog::mistakes::{At, Mistakes, Spot};
use crate::event::{Draft, DraftData, Event, Map, Time, UserId, Value};

/// Most events of one test, repeated ones counted. More is refused.
const EVENTS_MAX: usize = 100_000;

/// What the first event comes after.
const BEGINNING: &str = "2026-01-01T00:00:00Z";
const SECOND_MICROS: i64 = 1_000_000;

/// One `[[test]]`, its events ready to be heard.
#[derive(Debug)]
pub(in crate::catalog) struct TrialDeclaration {
    /// Where it stands.
    pub(in crate::catalog) spot: Spot,
    /// What it claims.
    pub(in crate::catalog) name: String,
    /// The badges it is about. None: those of its file.
    pub(in crate::catalog) only: Option<Vec<At<SmolStr>>>,
    /// What happens, in order.
    pub(in crate::catalog) events: Vec<At<Event>>,
    /// What is held at the end.
    pub(in crate::catalog) awards: Vec<At<String>>,
}

impl TrialDeclaration {
    /// Reads one table of `[[test]]`.
    pub(super) fn read(field: Field<'_>, mistakes: &mut Mistakes) -> Option<TrialDeclaration> {
        let Some(table) = field.table() else {
            mistakes.error(&field.spot(), "a test must be a table: `[[test]]`, its fields below");
            return None;
        };
        let mut fields = Fields::new("a test", field.spot(), table);
        let name = fields.text(mistakes, "name");
        let only = read_texts(
            &mut fields,
            mistakes,
            "only",
            "the ids of badges, for example `only = [\"first-post\"]`",
        );
        let must_be =
            "a list of events, for example `events = [{ type = \"post.created\", user = \"ann\" }]`";
        let events = fields.read(mistakes, "events", must_be, Field::items);
        let awards = read_texts(
            &mut fields,
            mistakes,
            "awards",
            "a list of texts, for example `awards = [\"ann first-post\"]`",
        );
        let broken = fields.finish(mistakes);
        let missing = [
            (name.is_none(), "`name`, what it claims: `name = \"ten posts are enough\"`"),
            (
                events.is_none(),
                "`events`, what happens: `events = [{ type = \"post.created\", user = \"ann\" }]`",
            ),
            (awards.is_none(), "`awards`, what is held at the end: `awards = [\"ann first-post\"]`, or `[]`"),
        ];
        for (_, needs) in missing.iter().filter(|(missing, _)| *missing && !broken) {
            mistakes.error(&field.spot(), format!("a test needs {needs}"));
        }
        let mut script = Script::default();
        for event in events.into_iter().flat_map(|events| events.value) {
            script.read(event, mistakes);
        }
        let only = only
            .map(|only| only.into_iter().map(|id| At { value: id.value.into(), spot: id.spot }).collect());
        let spot = name.as_ref().map_or(field.spot(), |name| name.spot.clone());
        Some(TrialDeclaration { spot, name: name?.value, only, events: script.events, awards: awards? })
    }
}

/// The events read so far, and the time of the last one.
#[derive(Default)]
struct Script {
    now: Option<Time>,
    events: Vec<At<Event>>,
}

/// When an event is.
enum When {
    At(Time),
    After(i64),
}

impl Script {
    fn read(&mut self, field: Field<'_>, mistakes: &mut Mistakes) {
        let Some(table) = field.table() else {
            let message = format!(
                "an event must be a table, for example `{{ type = \"post.created\", user = \"ann\" }}`; this is {}",
                field.kind()
            );
            mistakes.error(&field.spot(), message);
            return;
        };
        let mut fields = Fields::new("an event of a test", field.spot(), table);
        let r#type = fields.text(mistakes, "type");
        let user = fields.text(mistakes, "user");
        let subject = fields.text(mistakes, "subject");
        let data = read_data(&mut fields, mistakes);
        let times = fields.whole(mistakes, "times");
        let when = read_when(&mut fields, mistakes);
        if fields.finish(mistakes) {
            return;
        }
        let Some(r#type) = r#type else {
            if user.is_some() || subject.is_some() || data.is_some() || times.is_some() {
                mistakes.error(&field.spot(), "an event needs `type`; without one it only lets time pass");
            }
            let time = self.pass(&when);
            if self.events.len() < EVENTS_MAX {
                let id = format_smolstr!("{}", self.events.len() + 1);
                self.events.push(At { value: Event::tick(id, time), spot: field.spot() });
            }
            return;
        };
        let repeats = times.as_ref().map_or(1, |times| times.value);
        let room = EVENTS_MAX - self.events.len();
        let Some(repeats) = usize::try_from(repeats).ok().filter(|repeats| (1..=room).contains(repeats))
        else {
            let spot = times.map_or(field.spot(), |times| times.spot);
            mistakes.error(
                &spot,
                format!("`times` must be at least 1, and a test has at most {EVENTS_MAX} events"),
            );
            return;
        };
        let text =
            |text: &Option<At<String>>| text.as_ref().map_or_else(String::new, |text| text.value.clone());
        let template = Template {
            r#type: r#type.value.clone(),
            user: text(&user),
            subject: text(&subject),
            data: data.unwrap_or(Value::Map(Map::default())),
        };
        for n in 1..=repeats {
            let time = self.pass(&when);
            let filled = if times.is_some() { template.filled(n) } else { template.clone() };
            match filled.event(self.events.len() + 1, time) {
                Ok(value) => self.events.push(At { value, spot: field.spot() }),
                Err(problem) => return mistakes.error(&field.spot(), problem),
            }
        }
    }

    fn pass(&mut self, when: &When) -> Time {
        let before = || self.now.or_else(|| Time::parse(BEGINNING)).unwrap_or(Time::MIN);
        let next = match when {
            When::At(time) => *time,
            When::After(wait) => before().plus_micros(*wait).unwrap_or(Time::MAX),
        };
        self.now = Some(next);
        next
    }
}

fn read_data(fields: &mut Fields<'_>, mistakes: &mut Mistakes) -> Option<Value> {
    let must_be = "a table of values, for example `data = { score = 3 }`";
    let field = fields.read(mistakes, "data", must_be, |field| field.table().map(|_| field))?;
    let data = field.value.json();
    if data.is_none() {
        let message = "`data` has what an event cannot carry: a date, which is written as a text, or a number without end";
        fields.broken_at(&field.spot, mistakes, message);
    }
    data
}

fn read_when(fields: &mut Fields<'_>, mistakes: &mut Mistakes) -> When {
    let must_be = "an RFC 3339 time in quotes, for example `time = \"2026-01-31T12:00:00Z\"`";
    let time = fields.read(mistakes, "time", must_be, |field| Time::parse(field.text()?));
    let must_be = "a number and one of `s m h d w`, for example `wait = \"31d\"`";
    let wait = fields.read(mistakes, "wait", must_be, |field| micros(field.text()?));
    match (time, wait) {
        (Some(_), Some(wait)) => {
            fields.broken_at(&wait.spot, mistakes, "`wait` cannot stand beside `time`; take one of them out");
            When::After(wait.value)
        }
        (Some(time), None) => When::At(time.value),
        (None, Some(wait)) => When::After(wait.value),
        (None, None) => When::After(SECOND_MICROS),
    }
}

/// The length of time that is written so: `31d`.
fn micros(text: &str) -> Option<i64> {
    let unit = text.chars().last()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        'w' => 7 * 86_400,
        _ => return None,
    };
    let number: u32 = text[..text.len() - 1].parse().ok()?;
    i64::from(number).checked_mul(seconds * SECOND_MICROS)
}

/// An event that may be sent several times.
#[derive(Clone)]
struct Template {
    r#type: String,
    user: String,
    subject: String,
    data: Value,
}

impl Template {
    fn filled(&self, n: usize) -> Template {
        let number = n.to_string();
        let fill = |text: &str| text.replace("{n}", &number);
        Template {
            r#type: fill(&self.r#type),
            user: fill(&self.user),
            subject: fill(&self.subject),
            data: filled(&self.data, n),
        }
    }

    fn event(self, number: usize, time: Time) -> Result<Event, String> {
        // Sites must say who; what they send through their own back door, as tests do, need not.
        let nobody = self.user.is_empty();
        let draft = Draft {
            id: number.to_string(),
            r#type: self.r#type,
            user: if nobody { "nobody".to_owned() } else { self.user },
            subject: self.subject,
            time: Some(time.to_unix()),
            data: DraftData::Json(self.data.to_string()),
        };
        let mut event = draft.parse(time).map_err(|wrong| {
            let said = wrong.iter().map(|invalid| {
                let field = if invalid.field == "data_json" { "data" } else { invalid.field.as_str() };
                format!("the event's `{field}` {}", invalid.problem)
            });
            said.collect::<Vec<_>>().join("; ")
        })?;
        if nobody {
            event.user = UserId::default();
        }
        Ok(event)
    }
}

fn filled(value: &Value, n: usize) -> Value {
    match value {
        Value::Text(text) if text == "{n}" => Value::Int(i64::try_from(n).unwrap_or(i64::MAX)),
        Value::Text(text) => Value::text(text.replace("{n}", &n.to_string())),
        Value::List(items) => Value::List(items.iter().map(|item| filled(item, n)).collect()),
        Value::Map(map) => {
            Value::Map(map.iter().map(|(name, value)| (name.clone(), filled(value, n))).collect())
        }
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Double(_)
        | Value::Time(_)
        | Value::Duration(_) => value.clone(),
    }
}

fn read_texts(
    fields: &mut Fields<'_>,
    mistakes: &mut Mistakes,
    name: &'static str,
    must_be: &str,
) -> Option<Vec<At<String>>> {
    let items = fields.read(mistakes, name, must_be, |field| Some(field.items()?.collect::<Vec<_>>()))?;
    let mut texts = Vec::new();
    for item in items.value {
        match item.text_at() {
            Some(text) => texts.push(text),
            None => {
                let message = format!("`{name}` must be {must_be}; this item is {}", item.kind());
                fields.broken_at(&item.spot(), mistakes, message);
            }
        }
    }
    Some(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_a_number_and_a_unit() {
        assert_eq!(micros("31d"), Some(31 * 86_400 * SECOND_MICROS));
        assert_eq!(micros("2w"), Some(14 * 86_400 * SECOND_MICROS));
        for wrong in ["", "d", "-1d", "1.5h", "1mo", "1 d", "1é"] {
            assert_eq!(micros(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_text_that_is_only_n_becomes_a_number() {
        let list = Value::List([Value::text("{n}"), Value::text("p{n}")].into());
        assert_eq!(filled(&list, 3).to_string(), r#"[3,"p3"]"#);
    }
}
