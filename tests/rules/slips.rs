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
    NothingExpires,
    FoundTrueAgainIsNotFoundTrue,
    NothingTicks,
    ThePastTicks,
    CooldownsGoByHearing,
    ProfilesGoByArrival,
    ZonesHoldAtOnce,
    DaysAreThoseOfUtc,
}

impl Slip {
    pub(crate) const ALL: [Slip; 21] = [
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
        Slip::NothingExpires,
        Slip::FoundTrueAgainIsNotFoundTrue,
        Slip::NothingTicks,
        Slip::ThePastTicks,
        Slip::CooldownsGoByHearing,
        Slip::ProfilesGoByArrival,
        Slip::ZonesHoldAtOnce,
        Slip::DaysAreThoseOfUtc,
    ];
}
