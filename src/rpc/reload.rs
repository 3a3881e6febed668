//! `Reload`: the badge files are read again.

use std::path::Path;

use super::proto::{Diagnostic as Told, ErrorReason, ReloadResponse};
use super::status::Refusal;
use crate::access::Caller;
use crate::diagnostic::{Diagnostic, Severity};
use crate::service::{NotReloaded, Reloaded, Service};

/// Most bytes of mistakes in a refusal, their places included: details travel in HTTP headers, of which common
/// clients take 8 KiB. The rest are only counted, and stand in the log.
const MISTAKES_MAX_BYTES: usize = 3_500;

/// Reads the files again.
pub(super) async fn reload(service: &Service, caller: &Caller) -> Result<ReloadResponse, Refusal> {
    let reloaded = service.reload_folder(&caller.name()).await.map_err(refusal)?;
    let badges = reloaded.badge_count();
    let Reloaded { added, retired, restarted, warnings, .. } = reloaded;
    Ok(ReloadResponse {
        badge_count: i32::try_from(badges).unwrap_or(i32::MAX),
        added,
        retired,
        restarted,
        warnings: warnings.iter().map(told).collect(),
    })
}

fn refusal(problem: NotReloaded) -> Refusal {
    match problem {
        NotReloaded::Service(error) => Refusal::from(error),
        NotReloaded::NoFolder => Refusal::new(ErrorReason::BadgesInvalid, problem.to_string()),
        // The path is the server's own.
        NotReloaded::Unreadable(unreadable) => Refusal::new(
            ErrorReason::BadgesInvalid,
            format!("the badge files cannot be read: {}; those read before go on", unreadable.source),
        ),
        NotReloaded::Mistakes(found) => mistakes(&found),
    }
}

fn mistakes(found: &[Diagnostic]) -> Refusal {
    let errors: Vec<_> = found.iter().filter(|one| one.severity == Severity::Error).collect();
    let mut room = MISTAKES_MAX_BYTES;
    let mut fields = Vec::new();
    for mistake in &errors {
        let Told { file, line, column, message } = told(mistake);
        let place = format!("{file}:{line}:{column}");
        let Some(left) = room.checked_sub(place.len() + message.len()) else { break };
        room = left;
        fields.push((place, message));
    }
    let count = match errors.len() {
        1 => "1 mistake".to_owned(),
        several => format!("{several} mistakes"),
    };
    let rest = match errors.len() - fields.len() {
        0 => String::new(),
        left => format!("; {left} more stand in the server's log, and `laurels check` says them all"),
    };
    let message = format!("the badge files have {count}, and those read before go on{rest}");
    Refusal::new(ErrorReason::BadgesInvalid, message).about(fields)
}

fn told(diagnostic: &Diagnostic) -> Told {
    let name = &diagnostic.source.name;
    let file = Path::new(name).file_name().map_or(name.clone(), |name| name.to_string_lossy().into_owned());
    let number = |number| i32::try_from(number).unwrap_or(i32::MAX);
    let (line, column) = (number(diagnostic.line()), number(diagnostic.column()));
    Told { file, line, column, message: diagnostic.message.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Source;
    use std::sync::Arc;
    use tonic::{Code, Status};
    use tonic_types::StatusExt;

    #[test]
    fn however_many_mistakes_there_are_a_refusal_fits_into_headers() {
        let source = Arc::new(Source { name: "/secret/badges/a.toml".into(), text: "é\n".repeat(500) });
        let mistake = |at: usize| Diagnostic::error(&source, at * 3..at * 3 + 1, "é".repeat(100));
        let status = Status::from(mistakes(&(0..500).map(mistake).collect::<Vec<_>>()));
        assert!(status.message().len() * 3 + status.details().len() * 4 / 3 < 8_000);
        assert_eq!(status.code(), Code::FailedPrecondition);
        let details = status.get_error_details();
        let told = &details.bad_request().unwrap().field_violations;
        assert!(told.len() > 10, "{}", told.len());
        assert_eq!((told[1].field.as_str(), told[1].description.chars().count()), ("a.toml:2:1", 100));
        assert!(status.message().contains("500 mistakes"));
        assert!(status.message().contains(&format!("{} more", 500 - told.len())));
        assert!(!format!("{details:?}").contains("secret"));
    }
}
