//! Mistakes that the reference makes on purpose: each must come to light, or the comparison would show nothing.

/// What the reference gets wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slip {
    FallenFlagsStayCounted,
    NothingIsTakenBack,
    NoValueIsTrue,
    AtIsNotNeeded,
    WindowsHaveTheirBeginning,
    GapsAreDistances,
    LastIsTheFirstOfATie,
    NothingIsRevoked,
    NobodyWaits,
    TiesGoByTheKey,
    OnesOwnCounts,
    MostIsOneMore,
    WaitsGoOn,
}

impl Slip {
    pub(crate) const ALL: [Slip; 13] = [
        Slip::FallenFlagsStayCounted,
        Slip::NothingIsTakenBack,
        Slip::NoValueIsTrue,
        Slip::AtIsNotNeeded,
        Slip::WindowsHaveTheirBeginning,
        Slip::GapsAreDistances,
        Slip::LastIsTheFirstOfATie,
        Slip::NothingIsRevoked,
        Slip::NobodyWaits,
        Slip::TiesGoByTheKey,
        Slip::OnesOwnCounts,
        Slip::MostIsOneMore,
        Slip::WaitsGoOn,
    ];
}
