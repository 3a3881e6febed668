//! `profile.x`: what users say of themselves, as rules may ask for it.
//!
//! A profile is kept like everything else: by an event, [`UPDATED`], which has the fields that change. Each field that
//! some rule names is a stat that nobody declares, the `last` of that field; the time zone is one of its own kind,
//! which changes at the end of a day.

use std::collections::BTreeMap;

use smol_str::{SmolStr, format_smolstr};

use super::declare::{Declaration, Folder, Hearing, PartDeclaration, Sort};
use super::mistakes::{At, Spot};
use crate::cel::bare_names;
use crate::event::{Event, Invalid, Value};
use crate::profile::{FIELDS, Field, UPDATED};
use crate::stat::Kind;

/// What stands before the name of a field.
const PREFIX: &str = "profile.";
/// The stats for the fields that the rules of a folder name, each as if it were written where it is first named.
pub(super) fn stats(folder: &Folder) -> Vec<Declaration> {
    let mut fields: BTreeMap<SmolStr, Spot> = BTreeMap::new();
    for expression in folder.rules.iter().flat_map(Declaration::expressions) {
        let names = bare_names(&expression.value).into_iter();
        for name in names.filter(|name| name.starts_with(PREFIX)) {
            fields.entry(name).or_insert_with(|| expression.spot.clone());
        }
    }
    fields.into_iter().map(|(name, spot)| stat(name, &spot)).collect()
}

fn stat(name: SmolStr, spot: &Spot) -> Declaration {
    let field = &name[PREFIX.len()..];
    // Its changes wait for the end of the day.
    let kind = if field == Field::TimeZone.name() { Kind::Zone } else { Kind::Last };
    let amount = At { value: format!("event.data.{field}"), spot: spot.clone() };
    let user = PartDeclaration { name: At { value: "user".into(), spot: spot.clone() }, from: None };
    let hearing = Hearing {
        on: vec![At { value: UPDATED.into(), spot: spot.clone() }],
        by: vec![user],
        amount: Some((kind, amount)),
        ..Hearing::default()
    };
    Declaration::new(Sort::Stat, At { value: name, spot: spot.clone() }, Some(hearing))
}

/// What the stat is called that keeps a field.
pub(super) fn stat_name(field: &str) -> SmolStr {
    format_smolstr!("{PREFIX}{field}")
}

/// Whether an event that changes a profile says what can be kept.
pub(super) fn check(event: &Event) -> Vec<Invalid> {
    if event.r#type.as_str() != UPDATED {
        return Vec::new();
    }
    let wrong = FIELDS.into_iter().filter_map(|field| {
        let value = event.data.get(field.name()).filter(|value| **value != Value::Null)?;
        let problem = if let Value::Text(text) = value {
            field.check(text).err()?
        } else {
            format!("is {}; a profile has a text there", value.kind())
        };
        Some(Invalid::new(format!("data.{}", field.name()), problem))
    });
    wrong.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::event::{Draft, DraftData, Time};

    fn problems(data: &str) -> Vec<String> {
        let draft = Draft {
            id: "e1".into(),
            r#type: UPDATED.into(),
            user: "ann".into(),
            data: DraftData::Json(data.into()),
            ..Draft::default()
        };
        let event = draft.parse(Time::MAX).unwrap();
        let wrong = Catalog::default().check_event(&event).err().unwrap_or_default();
        wrong.into_iter().map(|invalid| format!("{} {}", invalid.field, invalid.problem)).collect()
    }

    #[test]
    fn a_profile_is_refused_that_could_not_be_kept() {
        assert!(problems(r#"{"time_zone":"Europe/Berlin","name":null,"shoe_size":43}"#).is_empty());
        let wrong = problems(r#"{"time_zone":"Berlin","name":3}"#);
        assert_eq!(wrong.len(), 2, "{wrong:?}");
        assert_eq!(wrong[0], "data.name is a whole number; a profile has a text there");
        assert!(wrong[1].starts_with("data.time_zone there is no time zone \"Berlin\""));
    }
}
