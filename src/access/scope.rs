//! What may be done, and what each call needs for it: the one table.

use std::fmt;

/// A kind of thing that a key may be for. None includes another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Say what happened.
    Record,
    /// Ask what was earned.
    Read,
    /// Listen to what is being earned.
    Watch,
    /// Run the server.
    Admin,
}

impl Scope {
    /// All of them.
    pub const ALL: [Scope; 4] = [Scope::Record, Scope::Read, Scope::Watch, Scope::Admin];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Scope::Record => "record",
            Scope::Read => "read",
            Scope::Watch => "watch",
            Scope::Admin => "admin",
        }
    }

    /// The scope with this name, or which there are.
    pub fn parse(text: &str) -> Result<Scope, String> {
        let found = Scope::ALL.into_iter().find(|scope| scope.name() == text);
        found.ok_or_else(|| format!("{text:?} is no scope; there are record, read, watch and admin"))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a call needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// A key or token with this scope.
    Scope(Scope),
    /// A key, whatever its scopes. A token is not enough.
    Key,
    /// Nothing, as far as the whole server is asked about; a key, where a part of it is.
    KeyForDetails,
    /// Nothing.
    Nothing,
}

impl fmt::Display for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Needs::Scope(scope) => write!(f, "`{scope}`"),
            Needs::Key => f.write_str("any key"),
            Needs::KeyForDetails => f.write_str("nothing; any key to ask about one service"),
            Needs::Nothing => f.write_str("nothing"),
        }
    }
}

/// Every gRPC method, by its path, with what it needs. One that is not here is refused to all who need anything.
pub const METHODS: &[(&str, Needs)] = &[
    ("/laurels.v1.AchievementService/RecordEvent", Needs::Scope(Scope::Record)),
    ("/laurels.v1.AchievementService/RecordEvents", Needs::Scope(Scope::Record)),
    ("/laurels.v1.AchievementService/GetBadges", Needs::Scope(Scope::Read)),
    ("/laurels.v1.AchievementService/ListBadges", Needs::Scope(Scope::Read)),
    ("/laurels.v1.AchievementService/LiveNotifications", Needs::Scope(Scope::Watch)),
    ("/laurels.v1.AchievementService/GetProfile", Needs::Scope(Scope::Read)),
    ("/laurels.v1.AchievementService/UpdateProfile", Needs::Scope(Scope::Record)),
    ("/laurels.v1.AdminService/Backup", Needs::Scope(Scope::Admin)),
    ("/laurels.v1.AdminService/Reload", Needs::Scope(Scope::Admin)),
    ("/laurels.v1.AdminService/AwardBadge", Needs::Scope(Scope::Admin)),
    ("/laurels.v1.AdminService/RevokeBadge", Needs::Scope(Scope::Admin)),
    ("/laurels.v1.AdminService/ListAuditEvents", Needs::Scope(Scope::Admin)),
    ("/grpc.health.v1.Health/Check", Needs::KeyForDetails),
    ("/grpc.health.v1.Health/Watch", Needs::Key),
    ("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", Needs::Key),
    ("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", Needs::Key),
];

/// Every path of plain HTTP that is not one of [`METHODS`], with what it needs. What stands for a method is
/// translated into it before it is admitted, so that it needs the same.
pub const PATHS: &[(&str, Needs)] =
    &[("GET /healthz", Needs::Nothing), ("GET /v1/notifications", Needs::Scope(Scope::Watch))];

/// What a gRPC method needs. None: nobody said, so nobody may.
pub fn needs(method: &str) -> Option<Needs> {
    METHODS.iter().find(|(path, _)| *path == method).map(|(_, needs)| *needs)
}
