//! Lists that most documents have nothing in: an empty one takes no memory, and is copied at no cost.

use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A list that is mostly empty, written as any other. Cheap to copy.
#[derive(Clone, Debug)]
pub(super) struct Seldom<T>(Option<Arc<Vec<T>>>);

impl<T: Clone> Seldom<T> {
    /// The list to be changed; copied before where others hold it too.
    pub(super) fn make_mut(&mut self) -> &mut Vec<T> {
        Arc::make_mut(self.0.get_or_insert_default())
    }
}

impl<T> Default for Seldom<T> {
    fn default() -> Self {
        Seldom(None)
    }
}

impl<T> Deref for Seldom<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.0.as_ref().map_or(&[], |list| list)
    }
}

impl<T: PartialEq> PartialEq for Seldom<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Serialize> Serialize for Seldom<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Seldom<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let list = Vec::deserialize(deserializer)?;
        Ok(Seldom((!list.is_empty()).then(|| Arc::new(list))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_written_as_any_other_and_equals_one_that_was_emptied() {
        let mut list = Seldom::default();
        assert_eq!(serde_json::to_string(&list).unwrap(), "[]");
        let empty = list.clone();
        list.make_mut().push(7);
        assert_eq!((&list[..], &empty[..]), (&[7][..], &[][..]));
        let read: Seldom<i32> = serde_json::from_str("[7]").unwrap();
        assert_eq!(read, list);
        list.make_mut().pop();
        assert_eq!(list, empty);
    }
}
