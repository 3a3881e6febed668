//! What stands beside `on` against farming: `own`, `most`, `cooldown`, and `per`, which both of these may have.

use super::hearing::{PartDeclaration, read_parts};
use crate::catalog::fields::Fields;
use crate::catalog::mistakes::{At, Mistakes, Spot};
use crate::cel::parse_duration;

/// The longest cooldown.
const COOLDOWN_MAX_MICROS: i64 = 36_525 * 86_400 * 1_000_000;

/// Every field that is read here.
pub(super) const LIMITS: [&str; 4] = ["own", "most", "per", "cooldown"];

/// What of all that is heard does not count.
#[derive(Debug, Default)]
pub(in crate::catalog) struct LimitsDeclaration {
    /// `own = false`: not what one did to oneself.
    pub(in crate::catalog) own: Option<Spot>,
    /// `most`: of each group so many.
    pub(in crate::catalog) most: Option<At<i64>>,
    /// `cooldown`, in microseconds.
    pub(in crate::catalog) cooldown: Option<At<i64>>,
    /// `per`: the parts that make a group at the key.
    pub(in crate::catalog) per: Vec<PartDeclaration>,
}

impl LimitsDeclaration {
    pub(super) fn read(fields: &mut Fields<'_>, mistakes: &mut Mistakes) -> LimitsDeclaration {
        let before = mistakes.mark();
        let own = fields.truth(mistakes, "own").filter(|own| !own.value).map(|own| own.spot);
        let must_be = "a whole number of at least 1, for example `most = 5`";
        let most = fields.read(mistakes, "most", must_be, |field| field.whole().filter(|most| *most >= 1));
        let must_be = "a length of time of `s`, `m`, `h`, `d` or `w`, at most 100 years, for example `cooldown = \"10m\"`";
        let cooldown = fields.read(mistakes, "cooldown", must_be, |field| {
            parse_duration(field.text()?).filter(|micros| (1..=COOLDOWN_MAX_MICROS).contains(micros))
        });
        let any_broken = mistakes.mark() > before;
        let mut limits = LimitsDeclaration { own, most, cooldown, per: Vec::new() };
        let Some(per) = fields.take("per") else {
            if let Some(most) = &limits.most {
                let message = "`most` needs `per`: of what at most so many, for example `per = \"day\"`, or `per = [\"user\", \"day\"]`";
                fields.broken_at(&most.spot, mistakes, message);
            }
            return limits;
        };
        let spot = per.name_spot();
        limits.per = read_parts("per", per, fields, mistakes);
        if limits.most.is_none() && limits.cooldown.is_none() && !any_broken {
            let message =
                "`per` stands only beside `most` or `cooldown`; say how many of each count: `most = 1`";
            fields.broken_at(&spot, mistakes, message);
        }
        limits
    }
}
