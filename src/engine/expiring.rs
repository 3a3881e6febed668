//! Badges that expire: taken back so long after they were last found true.
//!
//! Until when an award is held is kept with its user, and moves each time it is found true; what waits to take it back
//! moves only when it is due. So a badge that is found true a thousand times a day costs no more than one that is not.

use crate::catalog::Tier;
use crate::event::UserId;
use crate::key::Key;
use crate::stat::{Cell, Delayed, Expiries, Expiring, Held, Slot, TimerCell, TimerStep, Turn};

use super::{Documents, Work};

impl<D: Documents> Work<'_, D> {
    /// Badges were found true at a key: whoever holds them holds them so much longer.
    pub(super) fn hold_all(&mut self, tiers: &[Tier], users: &[UserId], award_key: &Key, key: &Key) {
        for tier in tiers {
            let Some((span, slot)) = tier.expires else { continue };
            let badge = self.view.catalog.badges[tier.badge].number;
            // Where time ends before, it is held for ever.
            let Some(until) = span.after(self.now, 1) else { continue };
            for user in users {
                let of_user = Key::user(user);
                let Some(document) = self.view.document(&of_user) else { continue };
                if document.times(badge, award_key) == 0 {
                    continue;
                }
                let known = self.expiries(&of_user, slot).get(award_key).cloned();
                let held = match &known {
                    // What comes late found it true earlier.
                    Some(known) => Held { until: until.max(known.until), ..known.clone() },
                    None => Held { until, given_with: key.clone() },
                };
                if known.is_none() {
                    let turn = self.next_turn(until);
                    let (user, key) = (user.clone(), award_key.clone());
                    self.put(turn, Delayed::Award(Expiring { slot, user, key }));
                }
                self.time(&of_user, slot, TimerStep::Hold(award_key.clone(), held));
            }
        }
    }

    /// Takes an award back, unless it was found true again since: then it waits on. One that expires no longer, or was
    /// taken back meanwhile, waits no longer. Says whether it was due.
    pub(super) fn expire(&mut self, turn: Turn, expiring: Expiring) -> bool {
        let of_user = Key::user(&expiring.user);
        let Some(held) = self.expiries(&of_user, expiring.slot).get(&expiring.key).cloned() else {
            return false;
        };
        if held.until > turn.due {
            self.put(Turn { due: held.until, ..turn }, Delayed::Award(expiring));
            return false;
        }
        self.now = turn.due;
        self.take_back_expired(&expiring, &held, &of_user);
        true
    }

    fn take_back_expired(&mut self, Expiring { slot, user, key }: &Expiring, held: &Held, of_user: &Key) {
        self.time(of_user, *slot, TimerStep::NoHold(key.clone()));
        let Some(tier) = self.view.catalog.expiring(*slot) else { return };
        let badge = &self.view.catalog.badges[tier.badge];
        let Some(document) = self.view.document(of_user) else { return };
        for number in (1..=document.times(badge.number, key)).rev() {
            let Some(award) = document.award(badge.number, key, number) else { continue };
            self.origin = award.event_id.clone();
            let noted = tier.reasons.as_ref().and_then(|reasons| {
                let held_at = key.with("user", user.as_str());
                self.forget_first(&held_at, reasons, number)
            });
            let given_with = noted.unwrap_or_else(|| held.given_with.clone());
            self.take_back(badge, user, key, number, &given_with);
        }
    }

    pub(super) fn expiries(&self, of_user: &Key, slot: Slot) -> Expiries {
        match self.view.document(of_user).and_then(|document| document.cell(slot).cloned()) {
            Some(Cell::Timer(TimerCell::Expiries(expiries))) => expiries,
            Some(_) | None => Expiries::default(),
        }
    }
}
