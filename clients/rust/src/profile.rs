//! How an [`UpdateProfileRequest`] is put together.

use prost_types::FieldMask;

use crate::generated::{Profile, UpdateProfileRequest};

impl UpdateProfileRequest {
    /// Sets these fields of a profile: `name`, `link`, `picture`, `time_zone`, `language`. One that is empty in the profile
    /// is emptied. With no field, every one that is not empty is set.
    pub fn new<T: Into<String>>(
        profile: Profile,
        fields: impl IntoIterator<Item = T>,
    ) -> UpdateProfileRequest {
        let mask = FieldMask { paths: fields.into_iter().map(Into::into).collect() };
        UpdateProfileRequest { profile: Some(profile), update_mask: Some(mask), id: String::new() }
    }

    /// Names the change for ever: sent again under this id, it is made once.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> UpdateProfileRequest {
        self.id = id.into();
        self
    }
}
