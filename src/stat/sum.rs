//! Sums, kept exactly: 0.1 + 0.2 is 0.3, in whatever order the amounts come.

use serde::{Deserialize, Serialize};

use crate::event::Value;

const PLACES: usize = 9;
const SCALE: i128 = 1_000_000_000;

/// A number with nine decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Decimal(i128);

impl Decimal {
    /// The number, if it is one. A double counts as its shortest decimal form, rounded to nine decimals, a
    /// half away from zero; one of 10¹⁸ or more is none.
    pub fn of(value: &Value) -> Option<Decimal> {
        if let Value::Int(int) = value {
            return Some(Decimal(i128::from(*int) * SCALE));
        }
        let Value::Double(double) = value else { return None };
        if !double.is_finite() || double.abs() >= 1e18 {
            return None;
        }
        // `Display` writes the shortest digits that read back as the same double, and no exponent.
        let text = double.to_string();
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let (kept, rest) = fraction.split_at(fraction.len().min(PLACES));
        let digits: i128 = format!("{whole}{kept:0<PLACES$}").parse().ok()?;
        let away = if double.is_sign_negative() { -1 } else { 1 };
        Some(Decimal(if rest >= "5" { digits + away } else { digits }))
    }

    /// The sum of both; none where it is too large to be kept.
    pub fn plus(self, other: Decimal) -> Option<Decimal> {
        self.0.checked_add(other.0).map(Decimal)
    }

    /// How many times a positive amount goes into this one, wholly. 0 where it is less.
    pub fn multiples(self, of: Decimal) -> u32 {
        let times = if of.0 > 0 { self.0 / of.0 } else { 0 };
        u32::try_from(times.max(0)).unwrap_or(u32::MAX)
    }

    /// The same amount the other way. None for the one that has no opposite.
    pub fn opposite(self) -> Option<Decimal> {
        self.0.checked_neg().map(Decimal)
    }

    /// The sum as a whole number, if it is one of 64 bits.
    pub fn as_int(self) -> Option<i64> {
        if self.0 % SCALE != 0 {
            return None;
        }
        i64::try_from(self.0 / SCALE).ok()
    }

    /// The double nearest to the sum.
    pub fn as_double(self) -> f64 {
        self.0 as f64 / SCALE as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(amounts: &[f64]) -> Decimal {
        let add =
            |sum: Decimal, amount: &f64| sum.plus(Decimal::of(&Value::Double(*amount)).unwrap()).unwrap();
        amounts.iter().fold(Decimal::default(), add)
    }

    #[test]
    fn tenths_add_up_in_any_order() {
        assert_eq!(sum(&[0.1, 0.2]).as_double(), 0.3);
        assert_eq!(sum(&[1e17, 0.1, -1e17]), sum(&[0.1]));
        assert_eq!(sum(&[1_234_567_890.1; 10]).as_double(), 12_345_678_901.0);
        assert_eq!(sum(&[-0.5, -0.000_000_001]).as_double(), -0.500_000_001);
    }

    #[test]
    fn what_lies_beyond_nine_decimals_is_rounded() {
        assert_eq!(sum(&[0.999_999_999_9]), sum(&[1.0]));
        assert_eq!(sum(&[-0.000_000_000_5]), sum(&[-0.000_000_001]));
        assert_eq!(sum(&[0.000_000_000_49]), Decimal::default());
    }

    #[test]
    fn what_is_no_number_has_no_sum() {
        for value in [Value::Double(f64::NAN), Value::Double(1e18), Value::text("1"), Value::Null] {
            assert_eq!(Decimal::of(&value), None, "{value}");
        }
        assert_eq!(Decimal::of(&Value::Int(i64::MAX)).unwrap().as_int(), Some(i64::MAX));
        assert_eq!(sum(&[0.5]).as_int(), None);
    }
}
