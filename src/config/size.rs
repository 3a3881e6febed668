//! Numbers of bytes as text: `64KiB`, `8MiB`, or only a number.

/// Units, from the largest on. `MB` is none: it means a million bytes to some, and more to others.
const UNITS: [(&str, u64); 5] =
    [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// Reads a size.
pub(super) fn parse(text: &str) -> Option<u64> {
    let unit = UNITS.into_iter().find_map(|(name, bytes)| Some((text.strip_suffix(name)?, bytes)));
    let (number, bytes) = unit.unwrap_or((text, 1));
    // A sign would be read too.
    let number = Some(number).filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()))?;
    number.parse::<u64>().ok()?.checked_mul(bytes)
}

/// Writes a size in the largest unit that it is a whole number of.
pub(super) fn show(size: u64) -> String {
    let whole = UNITS.into_iter().find(|(_, bytes)| size > 0 && size.is_multiple_of(*bytes));
    let (name, bytes) = whole.unwrap_or(("B", 1));
    format!("{}{name}", size / bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_a_number_and_a_unit() {
        for (text, bytes) in [("0", 0), ("1B", 1), ("64KiB", 65_536), ("8MiB", 8 << 20), ("3TiB", 3 << 40)] {
            assert_eq!(parse(text), Some(bytes));
            assert_eq!(parse(&show(bytes)), Some(bytes));
        }
        for wrong in ["", "KiB", "8MB", "8 MiB", "+8MiB", "-1", "1.5GiB", "20000000TiB", "8mib"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
        assert_eq!(show(1536), "1536B");
    }
}
