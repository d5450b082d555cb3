//! Stores pass three stations: they are read, scored and written. Each station works while the others do.

use std::num::NonZero;
use std::sync::{Arc, Mutex};
use std::{thread, vec};

use futures_util::future::try_join_all;
use tokio::sync::Mutex as AsyncMutex;
use tokio::sync::mpsc::{Receiver, Sender, UnboundedSender, channel, unbounded_channel};

use super::load::{self, StoreMonth, StoreRules};
use super::write::Station;
use super::{Generated, Problem};
use crate::auth::{Context, Paused};
use crate::period::Period;
use crate::reviews::compute::{Computed, compute};
use crate::reviews::store::ReviewCycle;
use crate::rules::folder::RulesFolder;
use crate::rules::in_force::InForce;
use crate::rules::library::Library;
use crate::rules::memo::Memos;
use crate::rules::sandbox::on_deep_stack;
use crate::said::say;

/// So many people are read, scored and written at a time, unless a store has more.
const PEOPLE: usize = 2_000;
/// So many stores are read before it is known how many people they have.
const FIRST: usize = 20;
/// So many chunks wait before a station.
const WAITING: usize = 1;

/// What is to be generated.
pub(super) struct Job<'a> {
    pub folder: &'a RulesFolder,
    pub library: &'a Library,
    pub period: Period,
    /// Their codes, each with its place among those asked for.
    pub stores: Vec<Place>,
}

/// A store's place among those asked for, and its code.
type Place = (usize, String);

/// What came out at the end.
pub(super) enum Passed {
    /// It was generated, or cannot be.
    Through(Box<Result<Generated, Problem>>),
    /// Somebody else moved the cycle meanwhile.
    Moved,
}

/// A store's month between reading and scoring.
pub(super) struct Read {
    pub place: Place,
    pub month: StoreMonth,
    pub rules: Arc<InForce>,
}

/// A store's month between scoring and writing.
pub(super) struct Scored {
    pub place: Place,
    pub store_id: i64,
    /// As it was seen; none while it has not been opened.
    pub cycle: Option<ReviewCycle>,
    pub rules: Arc<InForce>,
    pub computed: Computed,
}

type Told = (Place, Passed);

/// Lets the stores pass through, and tells of each what became of it.
///
/// Two readers take turns: while PostgreSQL finds one's rows, the other's are taken apart. No connection is held that no
/// station needs: those of the readers go back when everything is read, that of the writer is asked for when there is
/// something to write.
pub(super) async fn run(
    paused: &Paused,
    job: Job<'_>,
    mut tell: impl FnMut(usize, String, Passed),
) -> Result<(), Problem> {
    let mut contexts = vec![paused.resume().await?];
    // A few stores are read at once, and where connections are rare one has to do.
    if job.stores.len() > FIRST {
        contexts.extend(paused.resume_at_once().await);
    }
    let station = Station::new(paused.clone(), job.period);
    let (read, to_score) = channel(WAITING);
    let (scored, to_write) = channel(WAITING);
    let (told, mut passed) = unbounded_channel::<Told>();
    // Fewer stores than cores are no work for more threads.
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(job.stores.len()).max(1);
    let to_score = Arc::new(Mutex::new(to_score));
    let scoring = (0..threads).map(|_| {
        let (to_score, scored) = (Arc::clone(&to_score), scored.clone());
        on_deep_stack(move || score_all(&to_score, &scored))
    });
    let scoring = scoring.collect::<Vec<_>>();
    // What is left is held by the threads: when they end, the stations beside them do.
    drop((to_score, scored));
    let writing = tokio::spawn(write_all(station, to_write, told.clone()));
    let stations = async {
        let Job { folder, library, period, stores } = job;
        let queue = Mutex::new(Queue { stores: stores.into_iter(), some: FIRST });
        let rules = AsyncMutex::new(StoreRules::new(folder, library, period));
        let reading = Reading { period, queue: &queue, rules: &rules };
        let reading = contexts.into_iter().map(|cx| reading.read_all(cx, read.clone(), told.clone()));
        let reading = try_join_all(reading.collect::<Vec<_>>());
        // As with the threads.
        drop((read, told));
        // The threads are started by whoever first asks how they are.
        let (scored, read) = tokio::join!(try_join_all(scoring), reading);
        let written = writing.await.map_err(|error| Problem::internal(&error))?;
        // Where writing fails the others just end.
        written.and(read.map(|_| ())).and(scored.map(|_| ()))
    };
    let telling = async {
        while let Some(((place, store), passed)) = passed.recv().await {
            tell(place, store, passed);
        }
    };
    tokio::join!(stations, telling).0
}

/// The stores that nobody reads yet.
struct Queue {
    stores: vec::IntoIter<Place>,
    /// How many of them are about as many people as are read at a time.
    some: usize,
}

impl Queue {
    fn take(&mut self) -> Vec<Place> {
        self.stores.by_ref().take(self.some).collect()
    }

    /// So many stores were so many people.
    fn were(&mut self, stores: usize, people: usize) {
        self.some = (stores * PEOPLE / people.max(1)).clamp(1, PEOPLE);
    }
}

/// What readers have in common.
struct Reading<'a, 'r> {
    period: Period,
    queue: &'a Mutex<Queue>,
    /// One reader asks for rules, and the other has them then, too.
    rules: &'a AsyncMutex<StoreRules<'r>>,
}

impl Reading<'_, '_> {
    /// Reads stores, some at a time, until there are none left.
    async fn read_all(
        &self,
        mut cx: Context,
        read: Sender<Vec<Read>>,
        told: UnboundedSender<Told>,
    ) -> Result<(), Problem> {
        let cx = &mut cx;
        loop {
            let some = self.queue.lock().map_or_else(|_| Vec::new(), |mut queue| queue.take());
            if some.is_empty() {
                break;
            }
            let codes = some.iter().map(|(_, code)| code.clone()).collect::<Vec<_>>();
            let months = load::load(cx, self.period, &codes).await?;
            let people = months.iter().flatten().map(StoreMonth::postings).sum();
            if let Ok(mut queue) = self.queue.lock() {
                queue.were(some.len(), people);
            }
            let chunk = self.with_rules(cx, some.into_iter().zip(months), &told).await?;
            // Nobody takes it any more when a later station has failed, which says why.
            if read.send(chunk).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Those months that can be scored, with their rules; of the others it tells why they cannot.
    async fn with_rules(
        &self,
        cx: &mut Context,
        months: impl Iterator<Item = (Place, Option<StoreMonth>)>,
        told: &UnboundedSender<Told>,
    ) -> Result<Vec<Read>, Problem> {
        let mut rules = self.rules.lock().await;
        let mut chunk = Vec::new();
        for (place, month) in months {
            let scored_by = match &month {
                Some(month) => rules.of(cx, month.cycle.as_ref()).await?,
                None => Err(Problem::field("store", say!("没有门店“{}”", "there is no store '{}'", place.1))),
            };
            match (month, scored_by) {
                (Some(month), Ok(rules)) => chunk.push(Read { place, month, rules }),
                (_, Err(problem)) => {
                    let _ = told.send((place, Passed::Through(Box::new(Err(problem)))));
                }
                (None, Ok(_)) => {}
            }
        }
        Ok(chunk)
    }
}

/// Scores what comes, on one thread.
fn score_all(to_score: &Mutex<Receiver<Vec<Read>>>, scored: &Sender<Vec<Scored>>) {
    let mut memos = Memos::default();
    loop {
        let chunk = match to_score.lock() {
            Ok(mut to_score) => to_score.blocking_recv(),
            Err(_) => None,
        };
        let Some(chunk) = chunk else { break };
        let chunk = chunk.into_iter().map(|Read { place, month, rules }| {
            let computed = compute(&rules.bundle, &month.month, month.before, &mut memos);
            Scored { place, store_id: month.store_id, cycle: month.cycle, rules, computed }
        });
        if scored.blocking_send(chunk.collect()).is_err() {
            break;
        }
    }
}

/// Writes what was scored, a chunk a transaction.
async fn write_all(
    mut station: Station,
    mut to_write: Receiver<Vec<Scored>>,
    told: UnboundedSender<Told>,
) -> Result<(), Problem> {
    while let Some(chunk) = to_write.recv().await {
        for passed in station.write(chunk).await? {
            // Whoever asked has gone; what was scored is written all the same.
            let _ = told.send(passed);
        }
    }
    Ok(())
}
