//! `[stat.NAME]`, `[flag.NAME]` and `[badge.ID]`.

use smol_str::SmolStr;

use super::hearing::Hearing;
use super::looks::{Looks, TierDeclaration};
use super::{name, top};
use crate::catalog::fields::{Field, Fields};
use crate::catalog::mistakes::{At, Mistakes, Spot};
use crate::cel::compare;
use crate::event::{Time, Value};
use crate::stat::Span;

/// Which of the three a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::catalog) enum Sort {
    /// A number kept per key.
    Stat,
    /// A condition with a name.
    Flag,
    /// What people earn.
    Badge,
}

/// A stat, a flag or a badge, as it is written.
#[derive(Debug)]
pub(in crate::catalog) struct Declaration {
    /// Which of the three.
    pub(in crate::catalog) sort: Sort,
    /// Its name, or a badge's or family's id.
    pub(in crate::catalog) name: At<SmolStr>,
    /// What stands beside `on`. Every stat has it.
    pub(in crate::catalog) hearing: Option<Hearing>,
    /// `when`.
    pub(in crate::catalog) when: Option<At<String>>,
    /// `value`.
    pub(in crate::catalog) value: Option<At<String>>,
    /// `at`.
    pub(in crate::catalog) at: Option<At<Value>>,
    /// `tiers`.
    pub(in crate::catalog) tiers: Option<At<Vec<TierDeclaration>>>,
    /// `repeat`.
    pub(in crate::catalog) repeat: Option<At<Value>>,
    /// `top`: how many are first.
    pub(in crate::catalog) top: Option<At<usize>>,
    /// `among`: the parts that the compared ones have in common.
    pub(in crate::catalog) among: Option<At<Vec<At<SmolStr>>>>,
    /// `from`: not given before.
    pub(in crate::catalog) from: Option<Time>,
    /// `until`: not given from then on.
    pub(in crate::catalog) until: Option<Time>,
    /// `manual = true`: given by hand only.
    pub(in crate::catalog) manual: bool,
    /// `to`.
    pub(in crate::catalog) to: Option<At<String>>,
    /// `once`.
    pub(in crate::catalog) once: bool,
    /// `revoke = false` on a flag.
    pub(in crate::catalog) kept: bool,
    /// `revoke = true` on a badge.
    pub(in crate::catalog) revoke: Option<Spot>,
    /// `expires`: taken back so long after it was last found true.
    pub(in crate::catalog) expires: Option<At<Span>>,
    /// What people see.
    pub(in crate::catalog) looks: Looks,
    /// A field could not be read: what follows from its absence is not said again.
    pub(in crate::catalog) broken: bool,
}

impl Sort {
    /// The word for it.
    pub(in crate::catalog) fn name(self) -> &'static str {
        match self {
            Sort::Stat => "stat",
            Sort::Flag => "flag",
            Sort::Badge => "badge",
        }
    }
}

impl Declaration {
    /// Which one it is, for messages: "badge `first-post`".
    pub(in crate::catalog) fn what(&self) -> String {
        format!("{} `{}`", self.sort.name(), self.name.value)
    }

    /// One of which nothing is said but what it hears.
    pub(in crate::catalog) fn new(sort: Sort, name: At<SmolStr>, hearing: Option<Hearing>) -> Declaration {
        Declaration {
            sort,
            name,
            hearing,
            when: None,
            value: None,
            at: None,
            tiers: None,
            repeat: None,
            top: None,
            among: None,
            from: None,
            until: None,
            manual: false,
            to: None,
            once: false,
            kept: false,
            revoke: None,
            expires: None,
            looks: Looks::default(),
            broken: false,
        }
    }

    /// All its expressions.
    pub(in crate::catalog) fn expressions(&self) -> impl Iterator<Item = &At<String>> {
        let hearing = self.hearing.iter();
        let heard = hearing.flat_map(|hearing| {
            let parts = hearing.by.iter().chain(&hearing.limits.per);
            let parts = parts.filter_map(|part| part.from.as_ref());
            parts.chain(hearing.amount.as_ref().map(|(_, amount)| amount))
        });
        heard.chain([&self.when, &self.value, &self.to].into_iter().flatten())
    }

    /// Reads one table. None where it is no table or has no name that could be used.
    pub(super) fn read(sort: Sort, field: Field<'_>, mistakes: &mut Mistakes) -> Option<Declaration> {
        let name = field.named();
        let Some(table) = field.table() else {
            let message =
                format!("a {0} must be a table: `[{0}.{1}]`, its fields below", sort.name(), name.value);
            mistakes.error(&field.name_spot(), message);
            return None;
        };
        let mut fields = Fields::new(format!("{} `{}`", sort.name(), name.value), field.name_spot(), table);
        let hearing = Hearing::read(sort, &mut fields, mistakes);
        let when = fields.expression(mistakes, "when");
        let mut declaration = Declaration { when, ..Declaration::new(sort, name, hearing) };
        match sort {
            Sort::Stat => refuse(
                &mut fields,
                CONDITION,
                "is for flags and badges, not for stats; take it out",
                mistakes,
            ),
            Sort::Flag | Sort::Badge => declaration.read_condition(&mut fields, mistakes),
        }
        match sort {
            Sort::Stat => refuse(&mut fields, GIVING, "is for badges, not for stats; take it out", mistakes),
            Sort::Flag => refuse(&mut fields, GIVING, "is for badges, not for flags; take it out", mistakes),
            Sort::Badge => declaration.read_giving(&mut fields, mistakes),
        }
        declaration.broken = fields.finish(mistakes);
        declaration.has_usable_name(mistakes).then_some(declaration)
    }

    fn read_condition(&mut self, fields: &mut Fields<'_>, mistakes: &mut Mistakes) {
        self.value = fields.expression(mistakes, "value");
        self.at = fields.number(mistakes, "at");
        self.repeat = fields.number(mistakes, "repeat").filter(|repeat| {
            let positive = compare(&repeat.value, &Value::Int(0)).is_some_and(|order| order.is_gt());
            if !positive {
                let message =
                    "`repeat` must be more than 0, for example `repeat = 100`: at 100, at 200, and so on";
                fields.broken_at(&repeat.spot, mistakes, message);
            }
            positive
        });
        (self.top, self.among) = (top::read_top(fields, mistakes), top::read_among(fields, mistakes));
        let Some(revoke) = fields.truth(mistakes, "revoke") else { return };
        if self.sort == Sort::Flag {
            self.kept = !revoke.value;
        } else if revoke.value {
            self.revoke = Some(revoke.spot);
        }
    }

    fn read_giving(&mut self, fields: &mut Fields<'_>, mistakes: &mut Mistakes) {
        self.tiers = TierDeclaration::read_all(fields, mistakes);
        self.read_season(fields, mistakes);
        let must_be = "a length of time of `s`, `m`, `h`, `d`, `w`, `mo` or `y`, at most 100 years, for example `expires = \"30d\"`";
        self.expires = fields.read(mistakes, "expires", must_be, |field| Span::parse(field.text()?));
        self.manual = fields.truth(mistakes, "manual").is_some_and(|manual| manual.value);
        self.to = fields.expression(mistakes, "to");
        self.once = fields.truth(mistakes, "once").is_some_and(|once| once.value);
        self.looks = Looks::read(fields, mistakes);
        self.looks.secret = fields.truth(mistakes, "secret").is_some_and(|secret| secret.value);
    }

    fn read_season(&mut self, fields: &mut Fields<'_>, mistakes: &mut Mistakes) {
        let mut read = |name| {
            let must_be = format!("a time, for example `{name} = \"2026-12-01T00:00:00Z\"`");
            fields.read(mistakes, name, &must_be, |field| Time::parse(field.text()?))
        };
        let (from, until) = (read("from"), read("until"));
        if let (Some(from), Some(until)) = (&from, &until)
            && from.value >= until.value
        {
            let message = "`until` must be later than `from`, or it is never given";
            fields.broken_at(&until.spot, mistakes, message);
        }
        (self.from, self.until) = (from.map(|from| from.value), until.map(|until| until.value));
    }

    fn has_usable_name(&self, mistakes: &mut Mistakes) -> bool {
        let (word, checked) = match self.sort {
            Sort::Stat | Sort::Flag => ("name", name::check_name(&self.name.value)),
            Sort::Badge => ("id", name::check_id(&self.name.value)),
        };
        if let Err(problem) = &checked {
            mistakes.error(&self.name.spot, format!("the {word} {problem}"));
        }
        checked.is_ok()
    }
}

const CONDITION: &[&str] = &["value", "at", "repeat", "top", "among", "revoke"];
const GIVING: &[&str] = &[
    "tiers",
    "to",
    "once",
    "from",
    "until",
    "expires",
    "manual",
    "title",
    "description",
    "medal",
    "points",
    "icon",
    "secret",
];

fn refuse(fields: &mut Fields<'_>, names: &[&'static str], why: &str, mistakes: &mut Mistakes) {
    for name in names {
        fields.refuse(mistakes, name, why);
    }
}
