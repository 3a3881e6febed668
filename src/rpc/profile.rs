//! `GetProfile` and `UpdateProfile`: how a user is shown to others.

use smol_str::SmolStr;

use super::proto::{
    GetProfileRequest, GetProfileResponse, Profile, UpdateProfileRequest, UpdateProfileResponse,
};
use super::record;
use super::status::Refusal;
use crate::access::Caller;
use crate::document::Document;
use crate::event::{Draft, DraftData, Invalid, Map, UserId, Value, Zone};
use crate::profile::{FIELDS, Field, UPDATED};
use crate::service::{Error, Service};

/// The profile of one user.
pub(super) async fn get(
    service: &Service,
    caller: &Caller,
    request: &GetProfileRequest,
) -> Result<GetProfileResponse, Refusal> {
    let user = UserId::parse(&request.user).map_err(|problem| Refusal::field("user", problem))?;
    caller.may_see(user.as_str())?;
    Ok(GetProfileResponse { profile: Some(profile(service, &user).await?) })
}

/// Changes a profile: records the event that says so.
pub(super) async fn update(
    service: &Service,
    caller: &Caller,
    request: UpdateProfileRequest,
) -> Result<UpdateProfileResponse, Refusal> {
    let Some(profile) = request.profile else {
        return Err(Refusal::field("profile", "must be set, with its user and what is to change"));
    };
    caller.may_record(UPDATED, &profile.user)?;
    let data = changed(&profile, request.update_mask.map(|mask| mask.paths).unwrap_or_default())?;
    let draft = Draft {
        id: request.id,
        r#type: UPDATED.to_owned(),
        user: profile.user.clone(),
        data: DraftData::Values(data),
        ..Draft::default()
    };
    let recorded = service.record(draft).await.map_err(refusal)?;
    let user = UserId::parse(&profile.user).map_err(|problem| Refusal::field("profile.user", problem))?;
    Ok(UpdateProfileResponse {
        profile: Some(self::profile(service, &user).await?),
        recorded: Some(record::answer(service, &recorded)),
    })
}

/// The fields to set, with what they are set to.
fn changed(profile: &Profile, paths: Vec<String>) -> Result<Map, Refusal> {
    let fields = match &paths[..] {
        [] => FIELDS.into_iter().filter(|field| !text(profile, *field).is_empty()).collect(),
        [all] if all == "*" => FIELDS.to_vec(),
        some => some.iter().map(|path| field(path)).collect::<Result<Vec<_>, _>>()?,
    };
    if fields.is_empty() {
        return Err(Refusal::field(
            "profile",
            "must have something to set; to empty a field, name it in update_mask",
        ));
    }
    let value = |field| match (field, text(profile, field)) {
        (Field::TimeZone, "") => Value::text(Zone::UTC),
        (_, text) => Value::text(text),
    };
    Ok(fields.into_iter().map(|field| (SmolStr::new_static(field.name()), value(field))).collect())
}

fn field(path: &str) -> Result<Field, Refusal> {
    Field::named(path).ok_or_else(|| {
        let fields = FIELDS.map(Field::name).join(", ");
        Refusal::field("update_mask", format!("names {path:?}, which cannot be set; there are {fields}"))
    })
}

fn text(profile: &Profile, field: Field) -> &str {
    match field {
        Field::Name => &profile.name,
        Field::Link => &profile.link,
        Field::Picture => &profile.picture,
        Field::TimeZone => &profile.time_zone,
        Field::Language => &profile.language,
    }
}

/// What is wrong with the event is said of the request that it was made of.
fn refusal(error: Error) -> Refusal {
    let of_request = |invalid: Invalid| {
        let field = match (invalid.field.as_str(), invalid.field.strip_prefix("data.")) {
            (_, Some(field)) => format!("profile.{field}"),
            ("user", None) => "profile.user".to_owned(),
            (other, None) => other.to_owned(),
        };
        Invalid { field: field.into(), ..invalid }
    };
    if let Error::Invalid(wrong) = error {
        return Refusal::from(Error::InvalidRequest(wrong.into_iter().map(of_request).collect()));
    }
    Refusal::from(error).without_event()
}

async fn profile(service: &Service, user: &UserId) -> Result<Profile, Refusal> {
    let (document, _) = service.document(user).await?;
    Ok(shown(user, &document))
}

fn shown(user: &UserId, document: &Document) -> Profile {
    let text = |field: Field| field.read(document).to_string();
    Profile {
        user: user.to_string(),
        name: text(Field::Name),
        link: text(Field::Link),
        picture: text(Field::Picture),
        time_zone: text(Field::TimeZone),
        language: text(Field::Language),
        points: document.awards().iter().map(|award| i64::from(award.points)).sum(),
        award_count: i32::try_from(document.awards().len()).unwrap_or(i32::MAX),
    }
}
