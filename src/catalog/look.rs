//! Which stats a rule may look at, and how it must say so.

use smol_str::SmolStr;

use super::fields::listed;
use super::keys::within;
use super::scope::Stands;
use crate::event::Period;

/// Whether an expression may name this stat, which is kept per `parts`, bare or with so many arguments.
/// `key` is what the rule is kept per, if that is known. If not, why.
pub(super) fn check(
    name: &str,
    parts: &[SmolStr],
    arguments: Option<usize>,
    stands: Stands,
    key: Option<&[SmolStr]>,
) -> Result<(), String> {
    match (stands, arguments) {
        (_, Some(count)) if count != parts.len() => {
            let takes = if parts.len() == 1 { "1 part".to_owned() } else { format!("{} parts", parts.len()) };
            let example = called(name, parts, &[], stands);
            Err(format!(
                "`{name}` is kept {}: it takes {takes} and not {count}, for example `{example}`",
                per(parts)
            ))
        }
        (_, Some(_)) => Ok(()),
        (Stands::InBy, None) if parts.is_empty() => Ok(()),
        (Stands::InBy, None) => {
            let which = called(name, parts, &[], stands);
            Err(format!(
                "`{name}` is kept {}, and in `by` there is no key yet; say which: `{which}`",
                per(parts)
            ))
        }
        (Stands::BesideOn | Stands::WithoutOn, None) => match key {
            Some(key) if !within(parts, key) => {
                let which = called(name, parts, key, stands);
                Err(format!(
                    "`{name}` is kept {} and this rule {}; say which: `{which}`{}",
                    per(parts),
                    per(key),
                    if stands == Stands::WithoutOn { ", or ask for it beside `on`" } else { "" }
                ))
            }
            _ => Ok(()),
        },
    }
}

/// What something is kept per, for messages.
pub(super) fn per(parts: &[SmolStr]) -> String {
    if parts.is_empty() { "for the whole site".to_owned() } else { format!("per {}", listed(parts)) }
}

/// How a stat is asked for at another key: what the key has is taken from it, the rest from the event, or from
/// a stat that knows it.
fn called(name: &str, parts: &[SmolStr], key: &[SmolStr], stands: Stands) -> String {
    let from = |part: &SmolStr| match part.as_str() {
        _ if key.contains(part) => format!("key.{part}"),
        _ if stands == Stands::WithoutOn => format!("{part}_of"),
        "user" | "subject" => format!("event.{part}"),
        period if Period::named(period).is_some() => format!("{period}(event.time)"),
        other => format!("event.data.{other}"),
    };
    format!("{name}({})", parts.iter().map(from).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(names: &str) -> Vec<SmolStr> {
        names.split_whitespace().map(SmolStr::from).collect()
    }

    #[test]
    fn beside_on_a_stat_of_fewer_parts_is_read_at_this_key_and_any_other_is_called() {
        let check = |of: &str, arguments| {
            check("s", &parts(of), arguments, Stands::BesideOn, Some(&parts("user day")))
        };
        assert_eq!(check("day user", None), Ok(()));
        assert_eq!(check("user", None), Ok(()));
        assert_eq!(check("", None), Ok(()));
        assert_eq!(check("photo", Some(1)), Ok(()));
        assert!(
            check("user photo week", None)
                .unwrap_err()
                .ends_with("`s(key.user, event.data.photo, week(event.time))`")
        );
        assert!(check("user photo", Some(1)).unwrap_err().contains("takes 2 parts and not 1"));
    }

    #[test]
    fn without_on_it_is_the_same_but_that_no_event_says_which() {
        let check = |of: &str, arguments| {
            check("s", &parts(of), arguments, Stands::WithoutOn, Some(&parts("user day")))
        };
        assert_eq!(check("day user", None), Ok(()));
        assert_eq!(check("user", None), Ok(()));
        assert_eq!(check("photo", Some(1)), Ok(()));
        assert!(check("photo user", None).unwrap_err().contains("say which: `s(photo_of, key.user)`"));
        assert!(check("user day", Some(1)).unwrap_err().contains("takes 2 parts and not 1"));
    }
}
