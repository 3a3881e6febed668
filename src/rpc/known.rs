//! Badges and categories that a request names: those that the catalog has, and no others.

use smol_str::SmolStr;

use super::proto::ErrorReason;
use super::status::Refusal;
use crate::badge::{Badge, BadgeNumber};
use crate::catalog::Catalog;
use crate::diagnostic::nearest;

/// Longest id for which a similar one is looked for: no badge has a longer one.
const SIMILAR_MAX_BYTES: usize = 64;

/// The numbers of the badges with these ids.
pub(super) fn badges(catalog: &Catalog, ids: &[String]) -> Result<Vec<BadgeNumber>, Refusal> {
    let known = || catalog.badges.iter().map(|badge| badge.id.as_str());
    let missing = |id| {
        let message = format!("there is no badge {}", quoted(id, known()));
        Refusal::new(ErrorReason::BadgeNotFound, message).with("badge", id)
    };
    ids.iter().map(|id| Ok(catalog.badge_by_id(id).ok_or_else(|| missing(id))?.number)).collect()
}

/// Categories with these ids: of a file, or of a badge whose file is gone.
pub(super) fn categories(catalog: &Catalog, ids: &[String]) -> Result<Vec<SmolStr>, Refusal> {
    let files = || catalog.categories.iter().map(|category| category.id.as_str());
    let known = || files().chain(catalog.badges.iter().map(|badge| badge.category.as_str()));
    let find = |(at, id): (usize, &String)| match known().any(|known| known == id) {
        true => Ok(SmolStr::from(id)),
        false => {
            let problem = format!("names no category: there is no {}", quoted(id, known()));
            Err(Refusal::field(format!("categories[{at}]"), problem))
        }
    };
    ids.iter().enumerate().map(find).collect()
}

/// Whether a badge is among these; every badge is among none.
pub(super) fn among(badge: &Badge, numbers: &[BadgeNumber], categories: &[SmolStr]) -> bool {
    (numbers.is_empty() || numbers.contains(&badge.number))
        && (categories.is_empty() || categories.contains(&badge.category))
}

fn quoted<'a>(id: &str, known: impl Iterator<Item = &'a str>) -> String {
    match nearest(id, known.filter(|_| id.len() <= SIMILAR_MAX_BYTES)) {
        Some(nearest) => format!("{id:?}; did you mean {nearest:?}?"),
        None => format!("{id:?}; ListBadges has all there are"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Numbers, Source};

    #[test]
    fn an_unknown_id_is_answered_with_the_nearest() {
        let text = "[badge.first-photo]\non = 'photo.posted'\n[badge.loved]\non = 'heart.given'\n";
        let photos = Source { name: "photos.toml".into(), text: text.into() };
        let (catalog, ..) = Catalog::compile(&[photos], &Numbers::default()).unwrap();
        let message = |refusal: Refusal| tonic::Status::from(refusal).message().to_owned();

        let refusal = badges(&catalog, &["loved".into(), "frist-photo".into()]).unwrap_err();
        assert_eq!(refusal.reason, ErrorReason::BadgeNotFound);
        assert_eq!(message(refusal), r#"there is no badge "frist-photo"; did you mean "first-photo"?"#);
        let refusal = badges(&catalog, &["fixed".into()]).unwrap_err();
        assert_eq!(message(refusal), r#"there is no badge "fixed"; ListBadges has all there are"#);
        let refusal = badges(&catalog, &["x".repeat(60_000)]).unwrap_err();
        assert!(message(refusal).len() < 1000);
        let refusal = categories(&catalog, &["photos".into(), "photo".into()]).unwrap_err();
        assert_eq!(
            message(refusal),
            r#"categories[1] names no category: there is no "photo"; did you mean "photos"?"#
        );
    }
}
