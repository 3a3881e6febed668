//! Laurels and a peer in turn, under the same load: how many times as fast, and what each spends on an event.

use laurels::cli::bench::users::{Distribution, Users};

use super::Peer;
use super::drive::{Drive, Measured};
use super::laurels::Laurels;
use super::mariadb::{Flush, MariaDb};
use super::postgres::Postgres;
use super::redis::{Fsync, Redis};
use crate::catalog;
use crate::load::Load;
use crate::report::{Bar, Figure};
use crate::setting::Setting;
use crate::subject::Subject;

/// Events on their way at any time, to Laurels and to its peers, one connection each; but for these two.
const IN_FLIGHT: usize = 1024;
/// How many events Redis is sent at once where it is not one.
const PIPELINE: usize = 50;
/// Of PostgreSQL each is a process; more of them would only wait for the same rows and the same sync.
const POSTGRES_CONNECTIONS: usize = 64;
/// Of MariaDB a pool of threads serves them.
const MARIADB_CONNECTIONS: usize = 256;
const USERS: Users = Users { count: 1_000_000, distribution: Distribution::Zipf };

/// Redis, synced always and every second, one event at a time and fifty; against Laurels one at a time and streamed.
pub(crate) fn redis(setting: &Setting) -> anyhow::Result<Vec<Figure>> {
    runtime()?.block_on(async {
        let (always, second) = (Redis::start(Fsync::Always).await?, Redis::start(Fsync::EverySecond).await?);
        let one = |peer, rate, bar, cpu| Way { peer, connections: IN_FLIGHT, pipeline: 1, rate, bar, cpu };
        let ways = [
            one(&always, "rate_over_redis_always_p1", Some(4.0), "redis_always_p1_cpu_us"),
            one(&second, "rate_over_redis_everysec_p1", None, "redis_everysec_p1_cpu_us"),
        ];
        let unary = Rounds { asked: Asked::ByCalls, events: 100_000, cpu: "redis_laurels_unary_cpu_us" };
        let mut figures = unary.of(setting, &ways).await?;

        let connections = IN_FLIGHT.div_ceil(PIPELINE);
        let fifty = |peer, rate, bar, cpu| Way { peer, connections, pipeline: PIPELINE, rate, bar, cpu };
        let ways = [
            fifty(&always, "rate_over_redis_always_p50_stream", Some(8.0), "redis_always_p50_cpu_us"),
            fifty(&second, "rate_over_redis_everysec_p50_stream", None, "redis_everysec_p50_cpu_us"),
        ];
        let stream = Rounds { asked: Asked::ByStream, events: 300_000, cpu: "redis_laurels_stream_cpu_us" };
        figures.extend(stream.of(setting, &ways).await?);
        Ok(figures)
    })
}

/// PostgreSQL, with commits that are on the disk when they are answered, and some that are not.
pub(crate) fn postgres(setting: &Setting) -> anyhow::Result<Vec<Figure>> {
    runtime()?.block_on(async {
        let (on, off) = (Postgres::start(true).await?, Postgres::start(false).await?);
        let connections = POSTGRES_CONNECTIONS;
        let way = |peer, rate, bar, cpu| Way { peer, connections, pipeline: 1, rate, bar, cpu };
        let ways = [
            way(&on, "rate_over_postgres_on", Some(8.0), "postgres_on_cpu_us"),
            way(&off, "rate_over_postgres_off", None, "postgres_off_cpu_us"),
        ];
        Rounds { asked: Asked::ByCalls, events: 30_000, cpu: "postgres_laurels_cpu_us" }
            .of(setting, &ways)
            .await
    })
}

/// MariaDB, likewise.
pub(crate) fn mariadb(setting: &Setting) -> anyhow::Result<Vec<Figure>> {
    runtime()?.block_on(async {
        let (on, off) = (MariaDb::start(Flush::AtCommit).await?, MariaDb::start(Flush::EverySecond).await?);
        let connections = MARIADB_CONNECTIONS;
        let way = |peer, rate, bar, cpu| Way { peer, connections, pipeline: 1, rate, bar, cpu };
        let ways = [
            way(&on, "rate_over_mariadb", Some(8.0), "mariadb_cpu_us"),
            way(&off, "rate_over_mariadb_everysec", None, "mariadb_everysec_cpu_us"),
        ];
        Rounds { asked: Asked::ByCalls, events: 30_000, cpu: "mariadb_laurels_cpu_us" }
            .of(setting, &ways)
            .await
    })
}

/// One thread, as that of `laurels bench`, so that the load leaves the peer as much of the machine as it can.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// A peer, how it is asked, and under which keys it is told what came of it.
struct Way<'a, P> {
    peer: &'a P,
    connections: usize,
    pipeline: usize,
    /// How many times as many events Laurels takes in a second.
    rate: &'static str,
    bar: Option<f64>,
    /// What the peer spends on one.
    cpu: &'static str,
}

/// What Laurels does beside the peers.
struct Rounds {
    asked: Asked,
    events: u64,
    /// The key of what Laurels spends on an event.
    cpu: &'static str,
}

/// How Laurels is asked.
#[derive(Clone, Copy, Debug)]
enum Asked {
    /// Each event in a call of its own, by the load that the peers have.
    ByCalls,
    /// By `laurels bench stream`.
    ByStream,
}

impl Rounds {
    /// Laurels, then each of the others, and that again.
    async fn of<P: Peer>(&self, setting: &Setting, ways: &[Way<'_, P>]) -> anyhow::Result<Vec<Figure>> {
        let laurels = Subject::laurels(&setting.laurels, catalog::POSTER, &[])?;
        let events = setting.events(self.events);
        let warm_up = events / 10;
        let peer = Laurels::new(laurels.address()?, laurels.pid());
        let mut of_laurels = Vec::new();
        let mut of_peers = vec![Vec::new(); ways.len()];
        for round in 0..setting.rounds {
            let measured = match self.asked {
                Asked::ByCalls => {
                    let (connections, pipeline, run) = (IN_FLIGHT, 1, round as u64);
                    Drive { connections, pipeline, users: USERS, events, warm_up, run }.on(&peer).await?
                }
                Asked::ByStream => {
                    let load =
                        Load { scenario: "stream", in_flight: IN_FLIGHT, events, warm_up, ..Load::default() };
                    let measured = load.on(&setting.load, &laurels)?;
                    Measured { rate_per_s: measured.rate_per_s, cpu_us: measured.cpu_us }
                }
            };
            setting.tell(&format!(
                "laurels {:?}: {:.0}/s, {:.2} µs",
                self.asked, measured.rate_per_s, measured.cpu_us
            ));
            for (way, measured) in ways.iter().zip(&mut of_peers) {
                measured.push(way.measure(setting, events, warm_up, round).await?);
            }
            of_laurels.push(measured);
        }
        let mut figures = Vec::new();
        for (way, of_peer) in ways.iter().zip(&of_peers) {
            figures.extend(way.figures(&of_laurels, of_peer));
        }
        let cpu = of_laurels.iter().map(|measured| measured.cpu_us).collect();
        figures.push(Figure::new(self.cpu, None, cpu));
        Ok(figures)
    }
}

impl<P: Peer> Way<'_, P> {
    async fn measure(
        &self,
        setting: &Setting,
        events: u64,
        warm_up: u64,
        round: usize,
    ) -> anyhow::Result<Measured> {
        // Ids begin with the key as well, since one server is asked in several ways.
        let run = self.rate.bytes().fold(round as u64, |run, byte| run.wrapping_mul(31) + u64::from(byte));
        let Way { connections, pipeline, .. } = *self;
        let drive = Drive { connections, pipeline, users: USERS, events, warm_up, run };
        let measured = drive.on(self.peer).await?;
        setting.tell(&format!("{}: {:.0}/s, {:.2} µs", self.cpu, measured.rate_per_s, measured.cpu_us));
        Ok(measured)
    }

    fn figures(&self, of_laurels: &[Measured], of_peer: &[Measured]) -> [Figure; 2] {
        let rounds = of_laurels.iter().zip(of_peer);
        let ratios = rounds.map(|(laurels, peer)| laurels.rate_per_s / peer.rate_per_s).collect();
        let spent = of_peer.iter().map(|measured| measured.cpu_us).collect();
        [Figure::new(self.rate, self.bar.map(Bar::AtLeast), ratios), Figure::new(self.cpu, None, spent)]
    }
}
