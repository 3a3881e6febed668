//! Random numbers, without a library for them.

use std::hash::{BuildHasher, RandomState};

/// An event id that nobody has used: 128 random bits.
pub(crate) fn fresh_id() -> String {
    format!("laurels-client-{:016x}{:016x}", random(), random())
}

/// A random number below 1.
pub(crate) fn fraction() -> f64 {
    // The 53 bits that a double can hold.
    (random() >> 11) as f64 / (1_u64 << 53) as f64
}

/// Each `RandomState` has keys of its own, which begin with the system's randomness.
fn random() -> u64 {
    RandomState::new().hash_one(0_u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_and_are_short_enough() {
        let ids: std::collections::BTreeSet<_> = (0..1000).map(|_| fresh_id()).collect();
        assert_eq!(ids.len(), 1000);
        assert!(ids.iter().all(|id| id.len() <= 128 && id.is_ascii()));
    }

    #[test]
    fn fractions_lie_below_one() {
        assert!((0..1000).map(|_| fraction()).all(|fraction| (0.0..1.0).contains(&fraction)));
    }
}
