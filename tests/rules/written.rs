//! Rules as plain data, and how they are written in a badge file.
//!
//! Both sides of the comparison begin here: the engine is given the text, the reference this.

use std::fmt::{self, Write};

use laurels::event::{Period, Time, Value};

/// What is declared by one file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules(pub(crate) Vec<Rule>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sort {
    Stat,
    Flag,
    Badge,
}

/// A stat, a flag or a badge.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) sort: Sort,
    pub(crate) name: String,
    pub(crate) hearing: Option<Hearing>,
    pub(crate) when: Option<Expr>,
    pub(crate) value: Option<Expr>,
    pub(crate) at: Option<Value>,
    /// Each is a badge of its own, called `NAME-AT`.
    pub(crate) tiers: Vec<i64>,
    pub(crate) repeat: Option<Value>,
    pub(crate) top: Option<usize>,
    pub(crate) among: Vec<String>,
    /// `revoke = false`
    pub(crate) kept: bool,
    /// `revoke = true`
    pub(crate) revoke: bool,
    /// In months and seconds.
    pub(crate) expires: Option<(i64, i64)>,
    pub(crate) to: Option<Expr>,
    pub(crate) once: bool,
    pub(crate) from: Option<Time>,
    pub(crate) until: Option<Time>,
    pub(crate) points: i32,
    /// The parts of its key, in the order in which they are written.
    pub(crate) parts: Vec<String>,
}

impl Rule {
    /// One that says nothing but its name.
    pub(crate) fn new(sort: Sort, name: &str) -> Rule {
        Rule {
            sort,
            name: name.to_owned(),
            hearing: None,
            when: None,
            value: None,
            at: None,
            tiers: Vec::new(),
            repeat: None,
            top: None,
            among: Vec::new(),
            kept: false,
            revoke: false,
            expires: None,
            to: None,
            once: false,
            from: None,
            until: None,
            points: 0,
            parts: Vec::new(),
        }
    }
}

/// What stands beside `on`.
#[derive(Clone, Debug)]
pub(crate) struct Hearing {
    pub(crate) on: Vec<String>,
    pub(crate) undo: Vec<String>,
    pub(crate) reset: Vec<String>,
    pub(crate) by: Vec<(String, Part)>,
    pub(crate) keeps: Keeps,
    /// In seconds.
    pub(crate) within: Option<i64>,
    /// `own = false`
    pub(crate) others_only: bool,
    pub(crate) most: Option<i64>,
    pub(crate) per: Vec<(String, Part)>,
    /// In seconds.
    pub(crate) cooldown: Option<i64>,
    pub(crate) delay: Option<Delay>,
}

/// How much later something is heard: months and seconds, or when the period ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delay {
    After(i64, i64),
    Every(i64, i64),
    End(Period),
}

/// Where a part of a key comes from.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    User,
    Subject,
    Period(Period),
    Expr(Expr),
}

/// What a number keeps.
#[derive(Clone, Debug)]
pub(crate) enum Keeps {
    Count,
    Sum(Expr),
    Distinct(Expr),
    Run(Expr),
    Min(Expr),
    Max(Expr),
    First(Expr),
    Last(Expr),
}

#[derive(Clone, Debug)]
pub(crate) enum Expr {
    Literal(Value),
    /// `event.data.x`
    Data(&'static str),
    EventType,
    EventUser,
    EventSubject,
    /// `day(event.time)`
    PeriodOfEvent(Period),
    /// `event.time.getHours()`
    HoursOfEvent,
    /// `now.getHours()`
    HoursOfNow,
    /// `profile.x`
    Profile(&'static str),
    /// `has(profile.x)`
    HasProfile(&'static str),
    /// `day(event.time, profile.time_zone)`
    PeriodThere(Period),
    /// `event.time.getHours(profile.time_zone)`
    HoursThere,
    /// `key.x`
    Key(String),
    /// A stat or flag, perhaps a side of it, perhaps at another key.
    Named {
        name: String,
        side: Option<Side>,
        at: Option<Vec<Expr>>,
    },
    Holds(String),
    Has(&'static str),
    Not(Box<Expr>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    If(Box<[Expr; 3]>),
    Compare(&'static str, Box<[Expr; 2]>),
    Arithmetic(&'static str, Box<[Expr; 2]>),
    In(Box<Expr>, Vec<Expr>),
}

/// A side of a set or run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    List,
    Longest,
    Streak,
    Size,
    First,
    Last,
    Gap,
}

impl Side {
    pub(crate) const OF_RUN: [Side; 6] =
        [Side::Longest, Side::Streak, Side::Size, Side::Gap, Side::First, Side::Last];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Side::List => "list",
            Side::Longest => "longest",
            Side::Streak => "streak",
            Side::Size => "size",
            Side::First => "first",
            Side::Last => "last",
            Side::Gap => "gap",
        }
    }
}

impl Keeps {
    /// The word for it and what it keeps of an event; none for a count.
    pub(crate) fn amount(&self) -> Option<(&'static str, &Expr)> {
        match self {
            Keeps::Count => None,
            Keeps::Sum(amount) => Some(("sum", amount)),
            Keeps::Distinct(amount) => Some(("distinct", amount)),
            Keeps::Run(amount) => Some(("run", amount)),
            Keeps::Min(amount) => Some(("min", amount)),
            Keeps::Max(amount) => Some(("max", amount)),
            Keeps::First(amount) => Some(("first", amount)),
            Keeps::Last(amount) => Some(("last", amount)),
        }
    }
}

impl Rule {
    /// The ids of the badges that it gives, with what each needs.
    pub(crate) fn badges(&self) -> Vec<(String, Value)> {
        match (self.sort, &self.tiers[..]) {
            (Sort::Stat | Sort::Flag, _) => Vec::new(),
            (Sort::Badge, []) => vec![(self.name.clone(), self.needs())],
            (Sort::Badge, tiers) => {
                tiers.iter().map(|at| (format!("{}-{at}", self.name), Value::Int(*at))).collect()
            }
        }
    }

    /// How much of its value is needed.
    pub(crate) fn needs(&self) -> Value {
        self.at.clone().unwrap_or(Value::Int(1))
    }

    /// What it looks at when it is looked at.
    pub(crate) fn conditions(&self) -> impl Iterator<Item = &Expr> {
        // Beside `on`, `when` says which events count.
        let when = self.when.iter().filter(|_| self.hearing.is_none());
        when.chain(&self.value).chain(&self.to)
    }
}

impl Rules {
    pub(crate) fn named(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|rule| rule.sort != Sort::Badge && rule.name == name)
    }

    /// The text of the file.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for rule in &self.0 {
            rule.write(&mut text).expect("a String takes everything");
        }
        text
    }
}

impl Expr {
    /// Every part of it, itself first.
    pub(crate) fn walk(&self, visit: &mut impl FnMut(&Expr)) {
        visit(self);
        match self {
            Expr::Literal(_) | Expr::Data(_) | Expr::EventType | Expr::EventUser | Expr::EventSubject => {}
            Expr::PeriodOfEvent(_) | Expr::HoursOfEvent | Expr::Key(_) | Expr::Holds(_) | Expr::Has(_) => {}
            Expr::HoursOfNow | Expr::Profile(_) | Expr::HasProfile(_) => {}
            Expr::PeriodThere(_) | Expr::HoursThere => {}
            Expr::Named { at, .. } => at.iter().flatten().for_each(|part| part.walk(visit)),
            Expr::Not(inner) => inner.walk(visit),
            Expr::And(parts) | Expr::Or(parts) => parts.iter().for_each(|part| part.walk(visit)),
            Expr::If(parts) => parts.iter().for_each(|part| part.walk(visit)),
            Expr::Compare(_, sides) | Expr::Arithmetic(_, sides) => {
                sides.iter().for_each(|part| part.walk(visit));
            }
            Expr::In(item, items) => {
                item.walk(visit);
                items.iter().for_each(|item| item.walk(visit));
            }
        }
    }

    /// Whether it looks at a stat, a flag, a badge or a profile.
    pub(crate) fn looks(&self) -> bool {
        let mut looks = false;
        self.walk(&mut |part| {
            looks |= matches!(part, Expr::Named { .. } | Expr::Holds(_)) || part.of_profile().is_some();
        });
        looks
    }

    /// The field of a profile that it reads itself.
    pub(crate) fn of_profile(&self) -> Option<&'static str> {
        match self {
            Expr::Profile(field) | Expr::HasProfile(field) => Some(field),
            Expr::PeriodThere(_) | Expr::HoursThere => Some("time_zone"),
            Expr::Literal(_) | Expr::Data(_) | Expr::EventType | Expr::EventUser | Expr::EventSubject => None,
            Expr::PeriodOfEvent(_) | Expr::HoursOfEvent | Expr::Key(_) | Expr::Holds(_) | Expr::Has(_) => {
                None
            }
            Expr::HoursOfNow | Expr::Named { .. } | Expr::Not(_) | Expr::And(_) | Expr::Or(_) => None,
            Expr::If(_) | Expr::Compare(..) | Expr::Arithmetic(..) | Expr::In(..) => None,
        }
    }

    /// Whether it asks for the type of the event.
    pub(crate) fn asks_for_the_type(&self) -> bool {
        let mut asks = false;
        self.walk(&mut |part| asks |= matches!(part, Expr::EventType));
        asks
    }
}

impl Rule {
    fn write(&self, text: &mut String) -> fmt::Result {
        let sort = match self.sort {
            Sort::Stat => "stat",
            Sort::Flag => "flag",
            Sort::Badge => "badge",
        };
        writeln!(text, "[{sort}.{}]", self.name)?;
        if let Some(hearing) = &self.hearing {
            hearing.write(text)?;
        }
        for (name, expr) in [("when", &self.when), ("value", &self.value), ("to", &self.to)] {
            if let Some(expr) = expr {
                writeln!(text, "{name} = '{expr}'")?;
            }
        }
        for (name, number) in [("at", &self.at), ("repeat", &self.repeat)] {
            if let Some(number) = number {
                writeln!(text, "{name} = {number}")?;
            }
        }
        if !self.tiers.is_empty() {
            let tiers: Vec<_> = self.tiers.iter().map(|at| format!("{{ at = {at} }}")).collect();
            writeln!(text, "tiers = [{}]", tiers.join(", "))?;
        }
        if let Some(top) = self.top {
            writeln!(text, "top = {top}")?;
        }
        if !self.among.is_empty() {
            writeln!(text, "among = {:?}", self.among)?;
        }
        if let Some((months, seconds)) = self.expires {
            writeln!(text, "expires = \"{}\"", span(months, seconds))?;
        }
        for (name, time) in [("from", self.from), ("until", self.until)] {
            if let Some(time) = time {
                writeln!(text, "{name} = \"{time}\"")?;
            }
        }
        for (line, there) in
            [("revoke = false", self.kept), ("revoke = true", self.revoke), ("once = true", self.once)]
        {
            if there {
                writeln!(text, "{line}")?;
            }
        }
        if self.points != 0 {
            writeln!(text, "points = {}", self.points)?;
        }
        writeln!(text)
    }
}

impl Hearing {
    /// What only hears.
    pub(crate) fn of(on: Vec<String>, by: Vec<(String, Part)>, keeps: Keeps) -> Hearing {
        let (undo, reset, within, others_only, most, per, cooldown, delay) = Default::default();
        Hearing { on, undo, reset, by, keeps, within, others_only, most, per, cooldown, delay }
    }

    /// Without it, what counts does not go by order.
    pub(crate) fn forget_cooldown(&mut self) {
        self.cooldown = None;
        if self.most.is_none() {
            self.per.clear();
        }
    }

    fn write(&self, text: &mut String) -> fmt::Result {
        for (name, events) in [("on", &self.on), ("undo", &self.undo), ("reset", &self.reset)] {
            if !events.is_empty() {
                writeln!(text, "{name} = {events:?}")?;
            }
        }
        match &self.by[..] {
            [(name, Part::User)] if name == "user" => {}
            parts => write_parts(text, "by", parts)?,
        }
        if let Some((word, amount)) = self.keeps.amount() {
            writeln!(text, "{word} = '{amount}'")?;
        }
        for (name, seconds) in [("within", self.within), ("cooldown", self.cooldown)] {
            if let Some(seconds) = seconds {
                writeln!(text, "{name} = \"{seconds}s\"")?;
            }
        }
        match self.delay {
            None => {}
            Some(Delay::After(months, seconds)) => writeln!(text, "after = \"{}\"", span(months, seconds))?,
            Some(Delay::Every(months, seconds)) => writeln!(text, "every = \"{}\"", span(months, seconds))?,
            Some(Delay::End(period)) => writeln!(text, "after = \"{}\"", period.name())?,
        }
        if self.others_only {
            writeln!(text, "own = false")?;
        }
        if let Some(most) = self.most {
            writeln!(text, "most = {most}")?;
        }
        if self.per.is_empty() { Ok(()) } else { write_parts(text, "per", &self.per) }
    }
}

fn span(months: i64, seconds: i64) -> String {
    match (months, seconds) {
        (0, seconds) => format!("{seconds}s"),
        (months, 0) => format!("{months}mo"),
        (months, seconds) => format!("{months}mo{seconds}s"),
    }
}

fn write_parts(text: &mut String, field: &str, parts: &[(String, Part)]) -> fmt::Result {
    let short = |(name, part): &(String, Part)| match part {
        Part::User => name == "user",
        Part::Subject => name == "subject",
        Part::Period(period) => name == period.name(),
        Part::Expr(Expr::Data(field)) => name == field,
        Part::Expr(_) => false,
    };
    let names: Vec<_> = parts.iter().map(|(name, _)| name).collect();
    if parts.iter().all(short) {
        return writeln!(text, "{field} = {names:?}");
    }
    let written: Vec<_> = parts.iter().map(|(name, part)| format!("{name} = '{part}'")).collect();
    writeln!(text, "{field} = {{ {} }}", written.join(", "))
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Part::User => f.write_str("event.user"),
            Part::Subject => f.write_str("event.subject"),
            Part::Period(period) => write!(f, "{}(event.time)", period.name()),
            Part::Expr(expr) => expr.fmt(f),
        }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |exprs: &[Expr], between: &str| {
            exprs.iter().map(ToString::to_string).collect::<Vec<_>>().join(between)
        };
        match self {
            Expr::Literal(value) => value.fmt(f),
            Expr::Data(field) => write!(f, "event.data.{field}"),
            Expr::EventType => f.write_str("event.type"),
            Expr::EventUser => f.write_str("event.user"),
            Expr::EventSubject => f.write_str("event.subject"),
            Expr::PeriodOfEvent(period) => write!(f, "{}(event.time)", period.name()),
            Expr::HoursOfEvent => f.write_str("event.time.getHours()"),
            Expr::HoursOfNow => f.write_str("now.getHours()"),
            Expr::Profile(field) => write!(f, "profile.{field}"),
            Expr::HasProfile(field) => write!(f, "has(profile.{field})"),
            Expr::PeriodThere(period) => write!(f, "{}(event.time, profile.time_zone)", period.name()),
            Expr::HoursThere => f.write_str("event.time.getHours(profile.time_zone)"),
            Expr::Key(part) => write!(f, "key.{part}"),
            Expr::Named { name, side, at } => {
                f.write_str(name)?;
                if let Some(at) = at {
                    write!(f, "({})", list(at, ", "))?;
                }
                side.map_or(Ok(()), |side| write!(f, ".{}", side.word()))
            }
            Expr::Holds(id) => write!(f, "holds(\"{id}\")"),
            Expr::Has(field) => write!(f, "has(event.data.{field})"),
            Expr::Not(inner) => write!(f, "!({inner})"),
            Expr::And(parts) => write!(f, "({})", list(parts, " && ")),
            Expr::Or(parts) => write!(f, "({})", list(parts, " || ")),
            Expr::If(parts) => write!(f, "({} ? {} : {})", parts[0], parts[1], parts[2]),
            Expr::Compare(operator, sides) | Expr::Arithmetic(operator, sides) => {
                write!(f, "({} {operator} {})", sides[0], sides[1])
            }
            Expr::In(item, items) => write!(f, "({item} in [{}])", list(items, ", ")),
        }
    }
}
