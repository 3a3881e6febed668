//! What it costs to decide an event: CPU time of `engine::decide` alone, with all documents at hand.
//!
//! Three questions. What does an event cost that twenty stats hear, each with a filter, some of which look at other
//! stats and at flags? Does it cost more when there are ten thousand other rules that do not hear it, or a thousand
//! with rankings, flags that fall and looks at other keys? And what does every event cost where some rule waits for
//! the clock?
//!
//! `cargo bench --bench decide`. Each figure is the least of several rounds, since other work on the machine only adds;
//! compare ratios rather than figures of different machines.

use std::hint::black_box;

use laurels::catalog::{Catalog, Numbers, Source};
use laurels::engine::{Decision, InMemory, Moment, decide};
use laurels::event::{Draft, DraftData, Event, Sequence, Time};
use rustix::time::{ClockId, clock_gettime};

/// Events of one round: few enough that a round is rarely interrupted.
const EVENTS: usize = 2_000;
/// Rounds of each figure.
const ROUNDS: usize = 25;

fn main() {
    println!("CPU time of one decision, the least of {ROUNDS} rounds of {EVENTS} events");
    let unheard = figure("an event that nothing hears", &catalog(&others(10)));
    let of_ten = figure("three stats hear it, 10 rules in all", &catalog(&[three(), others(7)].concat()));
    let of_many =
        figure("three stats hear it, 10,000 rules in all", &catalog(&[three(), others(9_997)].concat()));
    let of_lookers =
        figure("the same, 1,000 rules with `top`, looks, flags", &catalog(&(three() + &lookers())));
    let of_timers = figure("the same, and one rule has `after`", &catalog(&(three() + timer())));
    let heard = figure("twenty stats with filters hear it", &catalog(&twenty("")));
    let looking = figure("the same, and each looks at a flag", &catalog(&twenty("!done && ")));
    println!("10,000 rules instead of 10: {:.2} times", of_many / of_ten);
    println!("1,000 rules with `top`, looks and flags instead: {:.2} times", of_lookers / of_ten);
    println!("keeping time: {:.2} µs an event", of_timers - of_ten);
    println!(
        "twenty stats instead of none: {:.2} µs, {:.0} ns a stat",
        heard - unheard,
        (heard - unheard) * 50.0
    );
    println!("looking at a flag: {:.0} ns each", (looking - heard) * 50.0);
}

/// Prints and answers how many microseconds one event takes.
fn figure(what: &str, catalog: &Catalog) -> f64 {
    let mut least = f64::MAX;
    for _ in 0..ROUNDS {
        let mut documents = InMemory::default();
        let events: Vec<Event> = (0..EVENTS).map(event).collect();
        let mut spent = 0.0;
        for (event, sequence) in events.iter().zip(1..) {
            let moment = Moment { sequence: Sequence(sequence), arrival: event.time, historical: false };
            let begin = cpu();
            let decision = black_box(decide(catalog, moment, black_box(event), &documents));
            spent += cpu() - begin;
            let Decision::Done(outcome) = decision else { panic!("all documents are at hand") };
            documents.0.extend(outcome.documents);
        }
        least = least.min(spent / EVENTS as f64);
    }
    let least = least - clock_costs();
    println!("{least:8.2} µs  {what}");
    least
}

/// What asking for the time costs, which is in every figure once.
fn clock_costs() -> f64 {
    let begin = cpu();
    for _ in 0..EVENTS {
        black_box(cpu());
    }
    (cpu() - begin) / EVENTS as f64
}

/// The CPU time of this thread, in microseconds.
fn cpu() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
}

fn event(number: usize) -> Event {
    let draft = Draft {
        id: format!("e{number}"),
        r#type: "post".to_owned(),
        user: format!("u{}", number % 50),
        data: DraftData::Json(format!(
            r#"{{"score":{},"topic":"t{}","lines":[1,2,3]}}"#,
            number % 9,
            number % 7
        )),
        ..Draft::default()
    };
    let second = i64::try_from(number).expect("there are few") * 60;
    let time = Time::from_unix(1_770_000_000 + second, 0).expect("these are years in which we live");
    draft.parse(time).expect("it is right")
}

/// Twenty stats of several kinds, each with a filter and a badge that rests on it.
fn twenty(look: &str) -> String {
    let mut text = "[flag.done]\non = \"finished\"\n".to_owned();
    let kinds = [
        "",
        "sum = \"event.data.score\"",
        "distinct = \"event.data.topic\"",
        "max = \"event.data.score\"",
        "run = \"day(event.time)\"",
    ];
    for number in 0..20 {
        let kind = kinds[number % kinds.len()];
        let at = number % 9;
        text += &format!(
            "[stat.s{number}]\non = \"post\"\nwhen = '{look}event.data.score >= {at} && event.data.topic != \"t{at}\"'\n{kind}\n\
             [badge.b{number}]\nvalue = \"s{number}\"\nat = 1000000\n"
        );
    }
    text
}

/// Three stats that hear the event, each with a badge.
fn three() -> String {
    "[badge.a]\non = \"post\"\nat = 1000000\n[badge.b]\non = \"post\"\nrun = \"day(event.time)\"\nat = 1000000\n[badge.c]\non = \"post\"\nby = [\"user\", \"topic\"]\nat = 1000000\n".to_owned()
}

/// So many rules that hear other events.
fn others(rules: usize) -> String {
    (0..rules).map(|number| format!("[badge.o-{number}]\non = \"other.n{number}\"\nat = 5\n")).collect()
}

/// A thousand rules of the kinds that could concern every event: rankings, looks at other keys, flags that fall, awards that
/// are taken back. They hear other events.
fn lookers() -> String {
    let group = |n: usize| {
        format!(
            "[stat.hearts_{n}]\non = \"heart.n{n}\"\nundo = \"unheart.n{n}\"\nby = \"subject\"\n\
             [badge.best-{n}]\nvalue = \"score_{n}\"\ntop = 3\nrevoke = true\n\
             [stat.score_{n}]\non = \"won.n{n}\"\nsum = \"event.data.score\"\n\
             [flag.loved_{n}]\nby = [\"user\", \"subject\"]\non = \"written.n{n}\"\nwhen = \"hearts_{n}(key.subject) > 9\"\n\
             [badge.loved-{n}]\nwhen = \"score_{n} > 5 && hearts_{n}(key.user) > 9\"\n"
        )
    };
    (0..200).map(group).collect()
}

/// A rule that hears another event, later.
fn timer() -> &'static str {
    "[badge.guardian]\non = \"role.given\"\nafter = \"6mo\"\n"
}

fn catalog(text: &str) -> Catalog {
    let files = [Source { name: "rules.toml".to_owned(), text: text.to_owned() }];
    let compiled = Catalog::compile(&files, &Numbers::default());
    compiled.unwrap_or_else(|mistakes| panic!("{mistakes:#?}")).0
}
