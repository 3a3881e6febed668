//! What a request for server-sent events asks, and as whom.

use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE, HeaderName, HeaderValue};
use prost_reflect::MessageDescriptor;
use serde_json::{Map, Value};

use crate::diagnostic::nearest;
use crate::rpc::{Code, Ending};
use crate::web::json;

/// What a browser sends when it connects again.
pub(super) const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// The cookie that may have a browser token.
const COOKIE_NAME: &str = "laurels_token";
/// The parameter that may have one: `EventSource` can send no header.
const TOKEN: &str = "access_token";
/// The parameters, and the fields of `LiveNotificationsRequest` that they are; those that may come often are lists.
const PARAMETERS: [(&str, &str, Form); 6] = [
    ("user", "users", Form::List),
    ("badge", "badges", Form::List),
    ("category", "categories", Form::List),
    ("after", "after", Form::Text),
    ("from_beginning", "from_beginning", Form::Truth),
    ("heartbeat_interval", "heartbeat_interval", Form::Text),
];
/// Longest name that is repeated in an error.
const NAME_MAX_BYTES: usize = 64;

/// How a parameter is written in JSON.
#[derive(Clone, Copy)]
enum Form {
    List,
    Text,
    Truth,
}

/// What is asked.
pub(super) struct Query {
    fields: Map<String, Value>,
    /// Never in an error, and not to be shown: so this type has no `Debug`.
    token: Option<String>,
}

impl Query {
    /// Reads the query, and where the browser has come to.
    pub(super) fn read(query: &str, headers: &HeaderMap) -> Result<Query, Ending> {
        let (mut fields, mut token) = (Map::new(), None);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if name == TOKEN {
                token = Some(value.into_owned()).filter(|token| !token.is_empty());
                continue;
            }
            let known = PARAMETERS.iter().find(|(known, ..)| *known == name);
            let (_, field, form) = known.ok_or_else(|| unknown(&name))?;
            add(&mut fields, field, *form, &name, value.into_owned())?;
        }
        // A browser that connects again asks for the same address: where it has come to holds over where it began.
        if let Some(last) = headers.get(LAST_EVENT_ID).filter(|last| !last.is_empty()) {
            fields.insert("after".to_owned(), String::from_utf8_lossy(last.as_bytes()).into());
            fields.remove("from_beginning");
        }
        Ok(Query { fields, token })
    }

    /// The message of the call.
    pub(super) fn message(&self, input: &MessageDescriptor) -> Result<Vec<u8>, Ending> {
        let json = serde_json::to_vec(&self.fields).expect("texts and lists of texts are JSON");
        json::read(input, &json).map_err(|mistake| Ending::invalid(&mistake.path, &mistake.problem))
    }

    /// What is to be the header `authorization`: the one there is, the parameter, or the cookie.
    pub(super) fn authorization(&self, headers: &HeaderMap) -> Result<Option<HeaderValue>, Ending> {
        if let Some(sent) = headers.get(AUTHORIZATION) {
            return Ok(Some(sent.clone()));
        }
        let Some(token) = self.token.as_deref().or_else(|| cookie(headers)) else { return Ok(None) };
        let mut bearer = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_| Ending::new(Code::Unauthenticated, "the token has characters that no token has"))?;
        bearer.set_sensitive(true);
        Ok(Some(bearer))
    }
}

fn add(
    fields: &mut Map<String, Value>,
    field: &str,
    form: Form,
    name: &str,
    value: String,
) -> Result<(), Ending> {
    let value = match form {
        Form::List => {
            let list = fields.entry(field).or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(list) = list {
                list.push(value.into());
            }
            return Ok(());
        }
        Form::Text => Value::String(value),
        Form::Truth => match value.as_str() {
            "true" | "1" | "" => Value::Bool(true),
            "false" | "0" => Value::Bool(false),
            _ => return Err(Ending::invalid(name, "must be true or false")),
        },
    };
    match fields.insert(field.to_owned(), value) {
        None => Ok(()),
        Some(_) => Err(Ending::invalid(name, "comes twice; leave one of them out")),
    }
}

fn unknown(name: &str) -> Ending {
    let short = &name[..name.floor_char_boundary(NAME_MAX_BYTES)];
    let known = || PARAMETERS.iter().map(|(known, ..)| *known).chain([TOKEN]);
    let instead = match nearest(short, known()) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("there are {}", known().collect::<Vec<_>>().join(", ")),
    };
    Ending::invalid(short, &format!("is no parameter; {instead}"))
}

/// The token of the cookie, if there is one.
fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, value)| *name == COOKIE_NAME && !value.is_empty()).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    fn bearer(query: &str, sent: &[(HeaderName, &'static str)]) -> Option<String> {
        let query = Query::read(query, &headers(sent)).unwrap();
        let authorization = query.authorization(&headers(sent)).unwrap();
        authorization.map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_token_may_come_three_ways_and_the_header_holds() {
        let cookie = (COOKIE, "theme=dark; laurels_token=cc; x=y");
        let header = (AUTHORIZATION, "Bearer hh");
        assert_eq!(bearer("", &[]), None);
        assert_eq!(bearer("access_token=&user=a", &[]), None);
        assert_eq!(bearer("", std::slice::from_ref(&cookie)).as_deref(), Some("Bearer cc"));
        assert_eq!(bearer("access_token=q%71", std::slice::from_ref(&cookie)).as_deref(), Some("Bearer qq"));
        assert_eq!(bearer("access_token=qq", &[cookie, header]).as_deref(), Some("Bearer hh"));
    }

    #[test]
    fn a_token_is_in_no_error() {
        for query in
            ["access_token=s3cret&usr=a", "access_token=s3cret&after=1&after=2", "access_token=s3cret%0a"]
        {
            let ending = match Query::read(query, &HeaderMap::new()) {
                Err(ending) => ending,
                Ok(query) => query.authorization(&HeaderMap::new()).unwrap_err(),
            };
            assert!(!format!("{ending:?}").contains("s3cret"), "{ending:?}");
        }
    }

    #[test]
    fn where_a_browser_has_come_to_holds_over_where_it_began() {
        let fields = |query: &str, sent: &[(HeaderName, &'static str)]| {
            Value::Object(Query::read(query, &headers(sent)).ok().unwrap().fields)
        };
        let again = [(LAST_EVENT_ID, "c9")];
        assert_eq!(
            fields("after=c1&user=a&user=b", &again),
            serde_json::json!({"users": ["a", "b"], "after": "c9"})
        );
        assert_eq!(fields("from_beginning=true", &again), serde_json::json!({"after": "c9"}));
        assert_eq!(fields("from_beginning", &[]), serde_json::json!({"from_beginning": true}));
    }
}
