//! What a key is narrowed to: event types, and users whose names begin alike.

use smol_str::SmolStr;

use crate::event::{EventType, UserId};

/// Most types that a key is narrowed to. More are refused.
const TYPES_MAX: usize = 100;

/// Of all events and users, those that a key is for. One that is not narrowed is for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Narrowing {
    /// Empty: all types.
    types: Vec<Types>,
    /// Empty: all users.
    user_prefix: SmolStr,
}

/// One type, or all that begin with the same words.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Types {
    /// `post.created`
    One(EventType),
    /// `post.*`, of which this is `post.`
    Under(SmolStr),
}

impl Narrowing {
    /// Reads what a key is narrowed to, or says what is wrong: the name of the field, and the problem.
    pub fn parse<T: AsRef<str>>(types: &[T], user_prefix: &str) -> Result<Narrowing, (&'static str, String)> {
        if types.len() > TYPES_MAX {
            return Err(("types", format!("has {}; at most {TYPES_MAX} are allowed", types.len())));
        }
        let types = types.iter().map(|text| Types::parse(text.as_ref())).collect::<Result<_, _>>();
        let types = types.map_err(|problem| ("types", problem))?;
        if !user_prefix.is_empty() {
            UserId::parse(user_prefix).map_err(|problem| ("user_prefix", problem))?;
        }
        Ok(Narrowing { types, user_prefix: SmolStr::from(user_prefix) })
    }

    /// Whether it leaves anything out.
    pub fn is_narrow(&self) -> bool {
        !self.types.is_empty() || !self.user_prefix.is_empty()
    }

    /// Whether it leaves any user out.
    pub(super) fn has_user_prefix(&self) -> bool {
        !self.user_prefix.is_empty()
    }

    /// Whether it is for events of this type.
    pub(super) fn has_type(&self, name: &str) -> bool {
        self.types.is_empty() || self.types.iter().any(|types| types.has(name))
    }

    /// Whether it is for this user.
    pub(super) fn has_user(&self, user: &str) -> bool {
        user.starts_with(self.user_prefix.as_str())
    }

    /// The types, as they are written.
    pub fn types(&self) -> impl Iterator<Item = String> {
        self.types.iter().map(|types| match types {
            Types::One(name) => name.as_str().to_owned(),
            Types::Under(words) => format!("{words}*"),
        })
    }

    /// What its users begin with. Empty: anything.
    pub fn user_prefix(&self) -> &str {
        &self.user_prefix
    }
}

impl Types {
    fn parse(text: &str) -> Result<Types, String> {
        let said = |problem: String| format!("has {text:?}, which {problem}");
        match text.strip_suffix(".*") {
            Some(words) => {
                EventType::parse(words).map_err(said)?;
                Ok(Types::Under(SmolStr::from(text.trim_end_matches('*'))))
            }
            None => Ok(Types::One(EventType::parse(text).map_err(said)?)),
        }
    }

    fn has(&self, name: &str) -> bool {
        match self {
            Types::One(one) => one.as_str() == name,
            Types::Under(words) => name.starts_with(words.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_named_one_by_one_or_by_their_first_words() {
        let narrowing = Narrowing::parse(&["post.*", "heart.given"], "").unwrap();
        for (name, is_in) in [
            ("post.created", true),
            ("post.comment.created", true),
            ("post", false),
            ("poster.printed", false),
            ("heart.given", true),
            ("heart.given.twice", false),
            ("", false),
        ] {
            assert_eq!(narrowing.has_type(name), is_in, "{name}");
        }
        assert_eq!(narrowing.types().collect::<Vec<_>>(), ["post.*", "heart.given"]);
        for wrong in ["*", ".*", "post*", "post.*.created", "Post.*", "", "badge.*.x"] {
            assert_eq!(Narrowing::parse(&[wrong], "").unwrap_err().0, "types", "{wrong}");
        }
    }

    #[test]
    fn users_are_named_by_how_they_begin() {
        let narrowing = Narrowing::parse::<&str>(&[], "eu/").unwrap();
        for (user, is_in) in
            [("eu/ana", true), ("eu/", true), ("eu", false), ("us/ana", false), ("EU/ana", false)]
        {
            assert_eq!(narrowing.has_user(user), is_in, "{user}");
        }
        assert!(Narrowing::default().has_user("us/ana") && !Narrowing::default().is_narrow());
        assert!(Narrowing::parse::<&str>(&[], "a\n").is_err());
    }
}
