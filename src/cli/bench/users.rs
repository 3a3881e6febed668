//! Who comes, and how often.

use clap::ValueEnum;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use rand_distr::Distribution as _;
use rand_distr::Zipf;

/// Of Zipf's law: the second comes half as often as the first, the third a third as often.
const EXPONENT: f64 = 1.0;
/// Scatters the ranks over the numbers, so that those who come often are not neighbours in the store. A prime, so
/// that no two ranks become one number.
const SCATTER: u64 = 2_654_435_761;

/// Which users come how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Distribution {
    /// A few often, most seldom: Zipf's law with the exponent 1
    Zipf,
    /// All alike
    Uniform,
    /// One user only
    One,
    /// Each in turn, beginning again after the last
    Turn,
}

/// So many users, numbered from 0.
#[derive(Clone, Copy, Debug)]
pub struct Users {
    /// How many there are.
    pub count: u64,
    /// Which of them come how often.
    pub distribution: Distribution,
}

/// Who comes, one after the other. The same seed gives the same ones.
#[derive(Clone, Debug)]
pub struct Arrivals {
    users: Users,
    zipf: Zipf<f64>,
    random: SmallRng,
}

impl Users {
    /// Who comes, from a seed.
    pub fn arrivals(self, seed: u64) -> Arrivals {
        let zipf = Zipf::new(self.count.max(1) as f64, EXPONENT)
            .expect("there is a user, and the exponent is right");
        Arrivals { users: self, zipf, random: SmallRng::seed_from_u64(seed) }
    }
}

impl Arrivals {
    /// The number of the user who comes with the call of this number.
    pub fn user_number(&mut self, call: u64) -> u64 {
        let Users { count, distribution } = self.users;
        match distribution {
            Distribution::Uniform => self.random.random_range(0..count.max(1)),
            Distribution::Zipf => scatter(self.zipf.sample(&mut self.random) as u64, count),
            Distribution::One => 0,
            Distribution::Turn => call % count.max(1),
        }
    }

    /// The name of that user.
    pub fn user(&mut self, call: u64) -> String {
        name(self.user_number(call))
    }
}

/// What the user of this number is called.
pub fn name(number: u64) -> String {
    format!("user-{number}")
}

fn scatter(rank: u64, count: u64) -> u64 {
    let number = u128::from(rank) * u128::from(SCATTER) % u128::from(count.max(1));
    u64::try_from(number).expect("it is less than the count")
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn arrivals(distribution: Distribution, count: u64) -> Arrivals {
        Users { count, distribution }.arrivals(1)
    }

    #[test]
    fn the_second_of_zipf_comes_half_as_often_as_the_first() {
        let mut often: BTreeMap<u64, u32> = BTreeMap::new();
        let mut arrivals = arrivals(Distribution::Zipf, 1_000_000);
        for call in 0..200_000 {
            *often.entry(arrivals.user_number(call)).or_default() += 1;
        }
        let first = f64::from(often[&scatter(1, 1_000_000)]);
        let second = f64::from(often[&scatter(2, 1_000_000)]);
        assert!((1.8..2.2).contains(&(first / second)), "{first} and {second}");
        // 1 of 14.4, the millionth harmonic number.
        assert!((13_000.0..15_000.0).contains(&first), "{first}");
        assert!(often.len() > 50_000, "most are seldom: {}", often.len());
    }

    #[test]
    fn every_rank_is_a_user_of_its_own() {
        let numbers: BTreeSet<u64> = (1..=10_000).map(|rank| scatter(rank, 10_000)).collect();
        assert_eq!(numbers, (0..10_000).collect());
    }

    #[test]
    fn all_come_alike_or_only_one_does_or_each_in_turn() {
        let mut uniform = arrivals(Distribution::Uniform, 10);
        let mut often = [0; 10];
        for call in 0..10_000 {
            often[usize::try_from(uniform.user_number(call)).expect("few")] += 1;
        }
        assert!(often.iter().all(|times| (800..1200).contains(times)), "{often:?}");
        let mut one = arrivals(Distribution::One, 10);
        assert_eq!([4, 5].map(|call| one.user(call)), ["user-0", "user-0"]);
        let mut turn = arrivals(Distribution::Turn, 10);
        assert_eq!([9, 10, 11].map(|call| turn.user(call)), ["user-9", "user-0", "user-1"]);
    }
}
