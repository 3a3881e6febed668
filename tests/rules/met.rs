//! What came about while the two were compared: a generator that no longer makes something must not pass for agreement.

/// What is rare enough to be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Met {
    /// An award was taken back since it had expired.
    Expired,
    /// One was found true again and held longer.
    HeldLonger,
    /// Something was heard, or taken back, at a tick.
    Ticked,
    /// Something was due by the clock on the wall, and was not heard: the last event was of the past.
    NotTickedInThePast,
    /// What a window heard later did not count, since it came too soon after another.
    TooSoonLater,
    /// The zone of a profile was asked for while another was waiting for the end of the day.
    ZoneYetToHold,
    /// A day, week, month or year was another where the user is than in UTC.
    AnotherDayThere,
}

impl Met {
    pub(crate) const ALL: [Met; 7] = [
        Met::Expired,
        Met::HeldLonger,
        Met::Ticked,
        Met::NotTickedInThePast,
        Met::TooSoonLater,
        Met::ZoneYetToHold,
        Met::AnotherDayThere,
    ];
}
