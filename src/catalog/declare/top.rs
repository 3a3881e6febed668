//! `top` and `among`.

use smol_str::SmolStr;

use crate::catalog::fields::Fields;
use crate::catalog::mistakes::{At, Mistakes};

/// Most that `top` may ask for. More is a mistake: rankings keep ten times as many, so that who comes in is known
/// when others fall.
pub(super) const TOP_MAX: i64 = 1_000;

/// How many are first.
pub(super) fn read_top(fields: &mut Fields<'_>, mistakes: &mut Mistakes) -> Option<At<usize>> {
    let must_be = format!("a whole number from 1 to {TOP_MAX}, for example `top = 3`");
    fields.read(mistakes, "top", &must_be, |field| {
        let count = field.whole().filter(|count| (1..=TOP_MAX).contains(count))?;
        usize::try_from(count).ok()
    })
}

/// Which parts of the key the compared ones have in common.
pub(super) fn read_among(fields: &mut Fields<'_>, mistakes: &mut Mistakes) -> Option<At<Vec<At<SmolStr>>>> {
    let must_be = "the name of a part of the key or a list of them, for example `among = [\"month\"]`";
    fields.read(mistakes, "among", must_be, |field| {
        let items = field.items().map_or_else(|| vec![field], Iterator::collect);
        let names = items.into_iter().map(|item| {
            let text = item.text_at()?;
            Some(At { value: text.value.into(), spot: text.spot })
        });
        names.collect()
    })
}
