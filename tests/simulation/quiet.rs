//! Quiet points: everybody finishes, nothing goes wrong any more, and everything is looked at.

use std::time::Duration;

use crate::process::Process;
use crate::schedule::broken;
use crate::tasks::{Owner, Task};
use crate::world::World;

/// Whoever waits for an answer longer than so many steps in which everybody could go on will wait for ever.
const STUCK_AFTER: usize = 20_000;
impl Process {
    /// Lets everybody finish, with nothing that goes wrong any more, and looks at everything.
    pub(crate) async fn quiet(&mut self, world: &mut World) {
        world.end_faults();
        // What the disk said a moment ago is asked again.
        world.pass_time(Duration::from_millis(800)).await;
        self.settle(world, |owner| matches!(owner, Owner::Client | Owner::Reload)).await;
        if self.is_dead(world) {
            return;
        }
        self.writing_goes_on(world).await;
        if self.is_dead(world) {
            return;
        }
        self.what_is_due_is_heard(world).await;
        if self.is_dead(world) {
            return;
        }
        for at in 0..world.listeners.len() {
            world.listeners[at].slow = false;
            self.listen(world, at);
        }
        while self.tasks.iter().any(Task::is_woken) && !self.is_dead(world) {
            self.poll(world);
            world.turns.turn();
        }
        self.learn(world);
        if self.is_dead(world) {
            return;
        }
        world.listeners.iter().for_each(|listener| listener.is_up_to_date(&world.history));
        let last_only = world.dice.bool();
        if let Err(error) = world.history.check_all(&*self.store, last_only)
            && !self.is_dead(world)
        {
            broken("everything can be read", error);
        }
        world.quiet_points += 1;
    }

    /// The cause is gone: an event is kept, unless the journal has failed; then that is said, and reading goes on.
    async fn writing_goes_on(&mut self, world: &mut World) {
        let contents = world.happens(false);
        let of = world.clients.send(contents);
        let refusals = world.clients.refusals;
        self.record(world, of);
        self.settle(world, |owner| owner == Owner::Client).await;
        let failed = world.platter.state().happened.journal_failed;
        if !self.is_dead(world) && !failed && world.clients.refusals != refusals {
            broken("writing goes on when the cause is gone", "an event was refused");
        }
    }

    /// Time passes without events, too: what is due is heard, unless the journal has failed.
    async fn what_is_due_is_heard(&mut self, world: &mut World) {
        self.learn(world);
        let mut steps = 0;
        while !self.is_dead(world) && !world.platter.state().happened.journal_failed {
            let Some(due) = world.history.overdue(world.now()) else { return };
            world.turns.pass();
            self.learn(world);
            steps += 1;
            if steps % 64 == 0 {
                // What could not be kept is tried again after a while.
                world.pass_time(Duration::from_millis(50)).await;
            }
            if steps > STUCK_AFTER {
                broken("what is due is heard without an event", due);
            }
        }
    }

    /// Until none of these tasks is left.
    pub(crate) async fn settle(&mut self, world: &mut World, owners: impl Fn(Owner) -> bool) {
        let mut steps = 0;
        while self.has(&owners) && !self.is_dead(world) {
            self.poll(world);
            world.turns.pass();
            steps += 1;
            if steps % 64 == 0 {
                world.pass_time(Duration::from_millis(1)).await;
            }
            if steps > STUCK_AFTER {
                let waiting: Vec<_> = self.tasks.iter().map(|task| (task.owner, task.is_woken())).collect();
                broken("who asks is answered", format!("{waiting:?} wait for ever"));
            }
        }
    }
}
