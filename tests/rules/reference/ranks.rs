//! The order in which rules are looked at, and which rules rest on what.

use std::collections::BTreeSet;

use super::super::written::{Expr, Rule, Rules, Sort};

/// What is looked at when, worked out once from the rules alone.
pub(super) struct Ranks {
    /// Flags and badges: by rank, flags before badges, by name.
    pub(super) order: Vec<usize>,
    /// By number or flag: the places in `order` of what reads it at its own key, and at others.
    of_rule: Vec<[Vec<usize>; 2]>,
    of_award: Vec<(String, [Vec<usize>; 2])>,
    /// By field of a profile.
    of_profile: Vec<(&'static str, [Vec<usize>; 2])>,
    is_stat: Vec<bool>,
    flags: BTreeSet<String>,
    /// The badges that `badge.*` means.
    all_badges: BTreeSet<String>,
}

impl Ranks {
    /// The rules must have been accepted: there is no circle in them.
    pub(super) fn of(rules: &Rules) -> Ranks {
        let count = rules.0.len();
        let hears_all: Vec<bool> =
            (0..count).map(|rule| rests(rules, rule).contains(&Rest::OnAllBadges)).collect();
        // `badge.*` hears every badge but those that themselves rest on `badge.*`, directly or not.
        let mut outside = hears_all.clone();
        for _ in 0..count {
            for rule in 0..count {
                let on_outside =
                    rests(rules, rule).iter().any(|rest| matches!(rest, Rest::On(on) if outside[*on]));
                outside[rule] |= on_outside;
            }
        }
        let badges_of = |rule: usize| rules.0[rule].badges().into_iter().map(|(id, _)| id);
        let all_badges = (0..count).filter(|rule| !outside[*rule]).flat_map(badges_of).collect();
        let mut ranks = vec![0; count];
        // One more than the highest it rests on: after so many rounds nothing moves, since there is no circle.
        for _ in 0..=count {
            for rule in 0..count {
                for rest in rests(rules, rule) {
                    let highest = match rest {
                        Rest::On(on) => Some(ranks[on]),
                        Rest::OnAllBadges => {
                            let meant = (0..count)
                                .filter(|rule| !outside[*rule] && rules.0[*rule].sort == Sort::Badge);
                            meant.map(|rule| ranks[rule]).max()
                        }
                    };
                    ranks[rule] = ranks[rule].max(highest.map_or(0, |highest| highest + 1));
                }
            }
        }
        let mut order: Vec<usize> = (0..count).filter(|rule| rules.0[*rule].sort != Sort::Stat).collect();
        order.sort_by_key(|rule| (ranks[*rule], rules.0[*rule].sort, rules.0[*rule].name.clone()));
        let places = |looks: &dyn Fn(usize, &Rule) -> bool| -> Vec<usize> {
            let looking = order.iter().enumerate().filter(|(_, rule)| looks(**rule, &rules.0[**rule]));
            looking.map(|(place, _)| place).collect()
        };
        let reads = |rule: &Rule, of: usize, elsewhere: bool| {
            let target = &rules.0[of];
            let at = |called: bool| called || !same_parts(&target.parts, &rule.parts);
            target.sort != Sort::Badge
                && looks(rule).iter().any(|(name, called)| *name == target.name && at(*called) == elsewhere)
        };
        let on = |of: usize| [false, true].map(|elsewhere| places(&|_, rule| reads(rule, of, elsewhere)));
        let of_rule = (0..count).map(on).collect();
        let of_award = (0..count).flat_map(badges_of).map(|id| {
            let asks = |elsewhere| {
                places(&|_, rule| held(rule).contains(&id) && (rule.parts != ["user"]) == elsewhere)
            };
            let looking = [asks(false), asks(true)];
            (id, looking)
        });
        let of_award = of_award.collect();
        let of_profile = rules.0.iter().flat_map(profile).map(|field| {
            let asks = |elsewhere| {
                places(&|_, rule| profile(rule).contains(&field) && (rule.parts != ["user"]) == elsewhere)
            };
            (field, [asks(false), asks(true)])
        });
        let of_profile = of_profile.collect();
        let flags =
            rules.0.iter().filter(|rule| rule.sort == Sort::Flag).map(|rule| rule.name.clone()).collect();
        let is_stat = rules.0.iter().map(|rule| rule.sort == Sort::Stat).collect();
        Ranks { order, of_rule, of_award, of_profile, is_stat, flags, all_badges }
    }

    /// What is looked at when this rule's number changed.
    pub(super) fn look_at_number(&self, rule: usize) -> Vec<usize> {
        let own = self.order.iter().position(|looking| *looking == rule);
        // Who names a flag asks whether it is up, and not for its number.
        let named = self.of_rule[rule][0].iter().copied().filter(|_| self.is_stat[rule]);
        named.chain(own).collect()
    }

    /// What is looked at where it waits for the key at which this number changed.
    pub(super) fn waiting_for_number(&self, rule: usize) -> Vec<usize> {
        if self.is_stat[rule] { self.of_rule[rule][1].clone() } else { Vec::new() }
    }

    /// What is looked at when this flag rose or fell.
    pub(super) fn look_at_flag(&self, rule: usize) -> Vec<usize> {
        self.of_rule[rule][0].clone()
    }

    /// What is looked at where it waits for the key at which this flag rose or fell.
    pub(super) fn waiting_for_flag(&self, rule: usize) -> Vec<usize> {
        self.of_rule[rule][1].clone()
    }

    /// What is looked at when this badge was given.
    pub(super) fn look_at_award(&self, id: &str) -> Vec<usize> {
        self.asking(id, 0)
    }

    /// What is looked at where it waits for a user who was given this badge.
    pub(super) fn waiting_for_award(&self, id: &str) -> Vec<usize> {
        self.asking(id, 1)
    }

    /// What is looked at when this field of a profile changed.
    pub(super) fn look_at_profile(&self, field: &str) -> Vec<usize> {
        self.reading(field, 0)
    }

    /// What is looked at where it waits for a user whose profile changed in this field.
    pub(super) fn waiting_for_profile(&self, field: &str) -> Vec<usize> {
        self.reading(field, 1)
    }

    fn reading(&self, field: &str, elsewhere: usize) -> Vec<usize> {
        let of_field = self.of_profile.iter().filter(|(known, _)| *known == field);
        of_field.flat_map(|(_, places)| places[elsewhere].clone()).collect()
    }

    fn asking(&self, id: &str, elsewhere: usize) -> Vec<usize> {
        let of_badge = self.of_award.iter().filter(|(badge, _)| badge == id);
        of_badge.flat_map(|(_, places)| places[elsewhere].clone()).collect()
    }

    /// Whether an item of `on` means events of this type.
    pub(super) fn means(&self, pattern: &str, r#type: &str) -> bool {
        match pattern {
            "badge.*" => r#type.strip_prefix("badge.").is_some_and(|id| self.all_badges.contains(id)),
            "flag.*" => r#type.strip_prefix("flag.").is_some_and(|name| self.flags.contains(name)),
            pattern => match pattern.strip_suffix('*') {
                Some(prefix) => r#type.starts_with(prefix),
                None => pattern == r#type,
            },
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    On(usize),
    OnAllBadges,
}

/// What a rule rests on: the flags and badges that its own number hears, those that it names, and those that the stats
/// hear which it names.
fn rests(rules: &Rules, rule: usize) -> Vec<Rest> {
    let declared = &rules.0[rule];
    if declared.sort == Sort::Stat {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut numbers: Vec<usize> = declared.hearing.is_some().then_some(rule).into_iter().collect();
    for name in named(declared) {
        let named = rules.named(&name).expect("what is named is declared");
        match rules.0[named].sort {
            Sort::Flag => found.push(Rest::On(named)),
            Sort::Stat | Sort::Badge => numbers.push(named),
        }
    }
    let giving =
        |id: &str| rules.0.iter().position(|rule| rule.badges().iter().any(|(known, _)| known == id));
    for id in held(declared) {
        found.push(Rest::On(giving(&id).expect("what is held is declared")));
    }
    for number in numbers {
        let hearing = rules.0[number].hearing.as_ref().expect("it has a number");
        for heard in hearing.on.iter().chain(&hearing.undo).chain(&hearing.reset) {
            match heard.as_str() {
                "badge.*" => found.push(Rest::OnAllBadges),
                "flag.*" => {
                    let flags = rules.0.iter().enumerate().filter(|(_, rule)| rule.sort == Sort::Flag);
                    found.extend(flags.map(|(flag, _)| Rest::On(flag)));
                }
                heard => {
                    let flag = heard.strip_prefix("flag.").and_then(|name| rules.named(name));
                    let badge = heard.strip_prefix("badge.").and_then(giving);
                    found.extend(flag.or(badge).map(Rest::On));
                }
            }
        }
    }
    found
}

/// The stats and flags that a rule looks at when it is looked at.
fn named(rule: &Rule) -> Vec<String> {
    looks(rule).into_iter().map(|(name, _)| name).collect()
}

/// The same, with whether they are called: at a key that is said.
fn looks(rule: &Rule) -> Vec<(String, bool)> {
    let mut names = Vec::new();
    rule.conditions().for_each(|expr| {
        expr.walk(&mut |part| {
            if let Expr::Named { name, at, .. } = part {
                names.push((name.clone(), at.is_some()));
            }
        });
    });
    names
}

fn same_parts(a: &[String], b: &[String]) -> bool {
    a.len() == b.len() && a.iter().all(|part| b.contains(part))
}

/// The fields of profiles that a rule reads when it is looked at.
fn profile(rule: &Rule) -> Vec<&'static str> {
    let mut fields = Vec::new();
    rule.conditions().for_each(|expr| expr.walk(&mut |part| fields.extend(part.of_profile())));
    fields
}

/// The badges that a rule asks for when it is looked at.
fn held(rule: &Rule) -> Vec<String> {
    let mut ids = Vec::new();
    rule.conditions().for_each(|expr| {
        expr.walk(&mut |part| {
            if let Expr::Holds(id) = part {
                ids.push(id.clone());
            }
        });
    });
    ids
}
