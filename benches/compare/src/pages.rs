//! What two events cost a page of PHP, under php-fpm: with Laurels, and by PDO on MariaDB as sites do it today.
//!
//! Pages that record and pages that do not come in turn, to one worker each of two php-fpm: with the extension
//! protobuf and with its pure runtime. A page that records its events together waits for the disk once, and twice
//! where it waits for each, as it does with MariaDB; so what a sync of the disk takes is told beside it.

mod fpm;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use crate::catalog;
use crate::peers::mariadb::{DATABASE, Flush, MariaDb};
use crate::report::{Bar, Figure};
use crate::setting::Setting;
use crate::subject::Subject;
use fpm::Fpm;

/// Pages of each kind in a round.
const PAGES: u64 = 400;
/// Pages of each kind in a smoke run.
const SMOKE_PAGES: u64 = 20;
/// Pages before, after which everything is loaded and compiled.
const WARM_UP: u64 = 20;

/// Milliseconds that a page takes longer than one that records nothing.
pub(crate) fn measure(setting: &Setting) -> anyhow::Result<Vec<Figure>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let laurels = Subject::laurels(&setting.laurels, catalog::POSTER, &[])?;
        let mariadb = MariaDb::start(Flush::AtCommit).await?;
        let variables = [
            ("LAURELS_SERVER", laurels.url().to_owned()),
            ("GRPC_PHP_LIB", top().join("target/tools/source/grpc/src/php/lib").display().to_string()),
            ("COMPARE_DSN", format!("mysql:host=127.0.0.1;port={};dbname={DATABASE}", mariadb.port())),
        ];
        let extension = top().join("target/php/protobuf.so");
        ensure!(extension.exists(), "there is no {}; `tests/run bench` makes it", extension.display());
        let fast = Fpm::start(&[format!("extension={}", extension.display())], &variables).await?;
        let pure = Fpm::start(&[], &variables).await?;

        let mut over_none: [Vec<f64>; 6] = Default::default();
        for round in 0..setting.rounds {
            let fast = Took::by(&fast, setting, &format!("{round}-fast")).await?;
            let pure = Took::by(&pure, setting, &format!("{round}-pure")).await?;
            setting.tell(&format!("with the extension {fast:?}; pure {pure:?}"));
            let figures = [
                fast.laurels - fast.none,
                pure.laurels - pure.none,
                fast.one_by_one - fast.none,
                pure.one_by_one - pure.none,
                pure.pdo - pure.none,
                sync()?,
            ];
            over_none.iter_mut().zip(figures).for_each(|(rounds, figure)| rounds.push(figure));
        }
        let [fast, pure, fast_one_by_one, pure_one_by_one, pdo, sync] = over_none;
        Ok(vec![
            Figure::new("php_page_ms_over_none", Some(Bar::AtMost(1.0)), fast),
            Figure::new("php_page_ms_over_none_pure", Some(Bar::AtMost(3.0)), pure),
            Figure::new("php_page_ms_over_none_one_by_one", None, fast_one_by_one),
            Figure::new("php_page_ms_over_none_one_by_one_pure", None, pure_one_by_one),
            Figure::new("php_page_ms_over_none_pdo", None, pdo),
            Figure::new("php_disk_sync_ms", None, sync),
        ])
    })
}

/// How many milliseconds each kind of page took, the middle ones.
#[derive(Debug)]
struct Took {
    none: f64,
    laurels: f64,
    one_by_one: f64,
    pdo: f64,
}

impl Took {
    async fn by(fpm: &Fpm, setting: &Setting, round: &str) -> anyhow::Result<Took> {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("php/page.php");
        let mut took: [Vec<Duration>; 4] = Default::default();
        let pages = if setting.smoke { SMOKE_PAGES } else { PAGES };
        for number in 0..pages + WARM_UP {
            for (kind, took) in ["none", "laurels", "laurels-one-by-one", "pdo"].into_iter().zip(&mut took) {
                // Some users earn badges meanwhile, and most do not.
                let query = format!("do={kind}&user=user-{}-{round}&page={round}-{number}", number % 50);
                let (body, page) = fpm.get(&page, &query).await?;
                ensure!(body.starts_with("earned: "), "the page {query} answers {body:?}");
                if number >= WARM_UP {
                    took.push(page);
                }
            }
        }
        let [none, laurels, one_by_one, pdo] = took.map(middle);
        Ok(Took { none, laurels, one_by_one, pdo })
    }
}

/// The middle one, in milliseconds.
fn middle(mut took: Vec<Duration>) -> f64 {
    took.sort_unstable();
    took.get(took.len() / 2).copied().unwrap_or_default().as_secs_f64() * 1e3
}

/// What a sync of what was written takes here.
fn sync() -> anyhow::Result<f64> {
    use std::os::unix::fs::FileExt as _;
    let file = tempfile::tempfile().context("make a file")?;
    let mut took = Vec::new();
    for number in 0..100 {
        file.write_all_at(&[b'x'; 200], number * 200)?;
        let began = Instant::now();
        file.sync_data()?;
        took.push(began.elapsed());
    }
    Ok(middle(took))
}

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
