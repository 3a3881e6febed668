//! What people see of a badge, and the tiers of a family.

use crate::catalog::fields::{Field, Fields};
use crate::catalog::mistakes::{At, Mistakes};
use crate::event::Value;

/// What people see.
#[derive(Clone, Debug, Default)]
pub(in crate::catalog) struct Looks {
    /// `title`.
    pub(in crate::catalog) title: Option<At<String>>,
    /// `description`.
    pub(in crate::catalog) description: Option<At<String>>,
    /// `medal`.
    pub(in crate::catalog) medal: Option<At<String>>,
    /// `icon`.
    pub(in crate::catalog) icon: Option<At<String>>,
    /// `points`.
    pub(in crate::catalog) points: Option<i32>,
    /// `secret`; a tier is as secret as its family.
    pub(in crate::catalog) secret: bool,
}

/// One of `tiers`.
#[derive(Debug)]
pub(in crate::catalog) struct TierDeclaration {
    /// How much is needed.
    pub(in crate::catalog) at: At<Value>,
    /// Its own id.
    pub(in crate::catalog) id: Option<At<String>>,
    /// What people see of it, where it differs from the family.
    pub(in crate::catalog) looks: Looks,
}

impl Looks {
    /// The fields that a badge and a tier both may have.
    pub(super) fn read(fields: &mut Fields<'_>, mistakes: &mut Mistakes) -> Looks {
        let must_be = "a whole number of 32 bits, for example `points = 10`";
        let points = fields.read(mistakes, "points", must_be, |field| i32::try_from(field.whole()?).ok());
        Looks {
            title: fields.text(mistakes, "title"),
            description: fields.text(mistakes, "description"),
            medal: fields.text(mistakes, "medal"),
            icon: fields.text(mistakes, "icon"),
            points: points.map(|points| points.value),
            secret: false,
        }
    }
}

impl TierDeclaration {
    /// Reads `tiers`. The tiers that cannot be read are left out.
    pub(super) fn read_all(
        fields: &mut Fields<'_>,
        mistakes: &mut Mistakes,
    ) -> Option<At<Vec<TierDeclaration>>> {
        let must_be = "a list of tables, for example `tiers = [{ at = 10 }, { at = 100 }]`";
        let items =
            fields.read(mistakes, "tiers", must_be, |field| Some(field.items()?.collect::<Vec<_>>()))?;
        if items.value.is_empty() {
            fields.broken_at(
                &items.spot,
                mistakes,
                format!("`tiers` must be {must_be}; this is an empty list"),
            );
        }
        let mut tiers = Vec::new();
        for item in items.value {
            match TierDeclaration::read(item, mistakes) {
                Some(tier) => tiers.push(tier),
                None => fields.broken(),
            }
        }
        Some(At { value: tiers, spot: items.spot })
    }

    fn read(field: Field<'_>, mistakes: &mut Mistakes) -> Option<TierDeclaration> {
        let Some(table) = field.table() else {
            mistakes.error(
                &field.spot(),
                format!("a tier must be a table, for example `{{ at = 10 }}`; this is {}", field.kind()),
            );
            return None;
        };
        let mut fields = Fields::new("a tier", field.spot(), table);
        let at = fields.number(mistakes, "at");
        let id = fields.text(mistakes, "id");
        let looks = Looks::read(&mut fields, mistakes);
        let broken = fields.finish(mistakes);
        if at.is_none() && !broken {
            mistakes.error(&field.spot(), "a tier must say how much is needed, for example `{ at = 10 }`");
        }
        Some(TierDeclaration { at: at?, id, looks })
    }
}
