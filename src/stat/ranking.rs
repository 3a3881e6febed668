//! Who is first: the keys of a group in the order of their values.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::cel::compare;
use crate::event::{Time, Value};
use crate::key::Key;

/// Most keys that a ranking keeps. With one more the last is forgotten, until its value changes again.
pub const RANKING_MAX: usize = 10_000;

/// Keys with their values, the greatest first; of the same value who reached it earlier, then the smaller key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<Ranked>", into = "Vec<Ranked>")]
pub struct Ranking {
    /// Copies share their branches, here and below.
    order: imbl::Vector<Ranked>,
    values: imbl::OrdMap<Key, (Value, Time)>,
}

/// One key of a ranking.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    /// Which one.
    pub key: Key,
    /// Its value: a number.
    pub value: Value,
    /// Since when it has it.
    pub since: Time,
}

impl Ranking {
    /// Keeps the value that a key has since then, instead of the one it had. One that is no number is not kept.
    pub fn put(&mut self, ranked: Ranked) -> bool {
        if !is_number(&ranked.value) {
            return false;
        }
        let Ranked { key, value, since } = ranked.clone();
        let same = self.values.get(&key).is_some_and(|(known, at)| (known, *at) == (&value, since));
        if same {
            return false;
        }
        let known = self.remove(&key);
        self.order.insert(self.before(&ranked), ranked);
        self.values.insert(key.clone(), (value, since));
        if self.order.len() <= RANKING_MAX {
            return true;
        }
        let Some(last) = self.order.pop_back() else { return true };
        self.values.remove(&last.key);
        known || last.key != key
    }

    /// Forgets a key; says whether it was there.
    pub fn remove(&mut self, key: &Key) -> bool {
        let Some(place) = self.place(key) else { return false };
        self.order.remove(place);
        self.values.remove(key);
        true
    }

    /// The value of a key.
    pub fn value(&self, key: &Key) -> Option<&Value> {
        self.values.get(key).map(|(value, _)| value)
    }

    /// How many are before a key.
    pub fn place(&self, key: &Key) -> Option<usize> {
        let (value, since) = self.values.get(key)?.clone();
        Some(self.before(&Ranked { key: key.clone(), value, since }))
    }

    /// Who has so many before it.
    pub fn at(&self, place: usize) -> Option<&Ranked> {
        self.order.get(place)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    fn before(&self, ranked: &Ranked) -> usize {
        self.order.binary_search_by(|known| known.compare(ranked)).unwrap_or_else(|at| at)
    }
}

impl Ranked {
    fn compare(&self, other: &Ranked) -> Ordering {
        // Two numbers always compare.
        let by_value = compare(&other.value, &self.value).unwrap_or(Ordering::Equal);
        by_value.then(self.since.cmp(&other.since)).then_with(|| self.key.cmp(&other.key))
    }
}

/// Whether it has its place among numbers.
fn is_number(value: &Value) -> bool {
    match value {
        Value::Int(_) => true,
        Value::Double(double) => double.is_finite(),
        Value::Null | Value::Bool(_) | Value::Text(_) | Value::Time(_) => false,
        Value::Duration(_) | Value::List(_) | Value::Map(_) => false,
    }
}

impl From<Vec<Ranked>> for Ranking {
    fn from(all: Vec<Ranked>) -> Ranking {
        let mut ranking = Ranking::default();
        for ranked in all {
            ranking.put(ranked);
        }
        ranking
    }
}

impl From<Ranking> for Vec<Ranked> {
    fn from(ranking: Ranking) -> Vec<Ranked> {
        ranking.order.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn key(number: i64) -> Key {
        Key::new([("user", &*format!("u{number:05}"))])
    }

    fn ranked(number: i64, value: Value, since: i64) -> Ranked {
        Ranked { key: key(number), value, since: Time::from_unix(since, 0).unwrap() }
    }

    fn order(ranking: &Ranking) -> Vec<Key> {
        Vec::from(ranking.clone()).into_iter().map(|ranked| ranked.key).collect()
    }

    #[test]
    fn the_greatest_is_first_then_who_reached_it_earlier_then_the_smaller_key() {
        let mut ranking = Ranking::default();
        for (number, value, since) in [
            (1, Value::Int(5), 9),
            (2, Value::Double(5.5), 9),
            (3, Value::Int(5), 8),
            (4, Value::Double(5.0), 9),
        ] {
            assert!(ranking.put(ranked(number, value, since)));
        }
        assert_eq!(order(&ranking), [key(2), key(3), key(1), key(4)]);
        assert!(!ranking.put(ranked(1, Value::Int(5), 9)));
        assert!(!ranking.put(ranked(5, Value::text("6"), 9)));
        assert!(!ranking.put(ranked(5, Value::Double(f64::NAN), 9)));
    }

    #[test]
    fn of_too_many_the_last_is_forgotten_until_its_value_changes() {
        let all: Vec<_> = (0..RANKING_MAX as i64).map(|n| ranked(n, Value::Int(n + 10), 0)).collect();
        let mut ranking = Ranking::from(all);
        let newcomer = RANKING_MAX as i64;
        assert!(!ranking.put(ranked(newcomer, Value::Int(9), 0)), "it would be the last");
        assert_eq!((ranking.len(), ranking.place(&key(newcomer))), (RANKING_MAX, None));
        assert!(ranking.put(ranked(newcomer, Value::Int(15), 0)));
        assert_eq!((ranking.len(), ranking.place(&key(0))), (RANKING_MAX, None));
        assert!(ranking.put(ranked(newcomer, Value::Int(1), 0)), "who is there may become the last");
        assert_eq!(ranking.place(&key(newcomer)), Some(RANKING_MAX - 1));
    }

    proptest! {
        #[test]
        fn it_is_what_sorting_all_of_them_says(
            moves in prop::collection::vec((0i64..8, prop::option::of(-3i64..4), 0i64..3), 0..60),
        ) {
            let (mut ranking, mut all) = (Ranking::default(), BTreeMap::new());
            for (number, value, since) in moves {
                match value {
                    Some(value) => {
                        ranking.put(ranked(number, Value::Int(value), since));
                        all.insert(number, (value, since));
                    }
                    None => prop_assert_eq!(ranking.remove(&key(number)), all.remove(&number).is_some()),
                }
                let mut sorted: Vec<_> = all.iter().map(|(number, (value, since))| (-value, since, number)).collect();
                sorted.sort();
                let sorted: Vec<_> = sorted.into_iter().map(|(_, _, number)| key(*number)).collect();
                for (place, key) in sorted.iter().enumerate() {
                    prop_assert_eq!(ranking.place(key), Some(place));
                }
                prop_assert_eq!(order(&ranking), sorted);
            }
            prop_assert_eq!(&Ranking::from(Vec::from(ranking.clone())), &ranking);
        }
    }
}
