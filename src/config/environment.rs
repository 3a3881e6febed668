//! Variables of the environment that begin as ours do and are no settings.

use super::declare::{PREFIX, Setting};
use crate::diagnostic::nearest;

/// Variables that other commands and clients read.
const ELSEWHERE: [&str; 7] = [
    "LAURELS_CA",
    "LAURELS_CLIENT_CERT",
    "LAURELS_CLIENT_KEY",
    "LAURELS_CONFIG",
    "LAURELS_KEY",
    "LAURELS_KEY_FILE",
    "LAURELS_SERVER",
];

/// What a variable that is no setting may be.
pub(super) enum Known {
    /// Something of ours, or of the system that the server runs in.
    Elsewhere,
    /// Most likely a setting whose name is misspelt; why, and which.
    Misspelt(String),
    /// Nothing that we know of.
    Nowhere,
}

/// Looks at a variable that is no setting.
pub(super) fn look(variable: &str, settings: &[Setting]) -> Known {
    if ELSEWHERE.contains(&variable) || is_from_kubernetes(variable) {
        return Known::Elsewhere;
    }
    // Without what all begin with, of which half may be wrong otherwise.
    let rest = variable.strip_prefix(PREFIX).unwrap_or_default();
    let variables: Vec<_> = settings.iter().map(Setting::variable).collect();
    let near = nearest(rest, variables.iter().filter_map(|variable| variable.strip_prefix(PREFIX)));
    let is_of_section = |setting: &Setting| {
        setting.place().0.is_some_and(|section| {
            rest.strip_prefix(&section.to_uppercase()).is_some_and(|rest| rest.starts_with('_'))
        })
    };
    let help = match near {
        Some(near) => format!("; did you mean `{PREFIX}{near}`?"),
        None if settings.iter().any(is_of_section) => {
            "; `laurels config default` prints all there are".to_owned()
        }
        None => return Known::Nowhere,
    };
    Known::Misspelt(format!("there is no setting for the variable `{variable}`{help}"))
}

/// Kubernetes gives every container such variables of every service: one of ours is called `laurels` most often.
fn is_from_kubernetes(variable: &str) -> bool {
    let rest = variable.strip_prefix(PREFIX).unwrap_or_default();
    rest == "PORT"
        || rest.starts_with("PORT_")
        || rest.starts_with("SERVICE_HOST")
        || rest.starts_with("SERVICE_PORT")
}
