//! Changes as they come (Server-Sent Events). A server looks once a second for all that follow it whether anything is new, and
//! only then asks what each may be told. A stream holds no connection to the database.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::web::Bytes;
use actix_web::{FromRequest as _, HttpRequest};
use futures_util::Stream;
use futures_util::stream;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::MissedTickBehavior;

use super::cursor::Position;
use super::{Sight, store};
use crate::auth::Caller;
use crate::auth::access::FollowChanges;
use crate::dashboard::unchanged;
use crate::db::Pool;
use crate::http::{Code, Problem};
use crate::said::say;

/// Most streams that a server has open at a time.
const MOST: usize = 256;
/// How often it is looked whether anything is new.
const EVERY: Duration = Duration::from_secs(1);
/// After how many looks needless entries are taken away.
const LOOKS_A_PRUNING: u32 = 600;
/// How long nothing is said at most: proxies close what stands still. Who follows is looked at anew, too.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Tells streams that something is new. A clone is another hand on the same feed.
#[derive(Clone)]
pub struct Feed {
    news: watch::Receiver<()>,
    places: Arc<Semaphore>,
}

impl Feed {
    /// A feed of the database of `pool`. It ends with its last hand, or when the program is told to stop.
    pub fn open(pool: &Pool) -> Self {
        let (teller, news) = watch::channel(());
        let places = Arc::new(Semaphore::new(MOST));
        tokio::spawn(follow(pool.clone(), teller, Arc::clone(&places)));
        Self { news, places }
    }

    /// What changes for whoever has sent `request`, from behind a cursor on, or from now on. It ends with the token or the key, with
    /// the server, or where the database cannot be reached: whoever follows it comes again with the last id.
    ///
    /// # Errors
    ///
    /// Where the server has as many streams as it can, and where the cursor is none.
    pub async fn stream(
        &self,
        caller: &Caller<FollowChanges>,
        request: HttpRequest,
        after: Option<String>,
    ) -> Result<impl Stream<Item = Result<Bytes, Infallible>> + use<>, Problem> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| {
            let said =
                say!("同时跟随的连接已满，请稍后再来", "too many follow the changes just now; come later");
            Problem::new(Code::TooManyRequests, said).after(30)
        })?;
        // What is new while this is asked is told once more; what is wrong with the cursor is answered as a problem.
        let mut news = self.news.clone();
        news.mark_unchanged();
        let sight = Sight::of(caller);
        let after = after.filter(|after| !after.is_empty());
        let first = store::told(&mut caller.context().await?, &sight, after.as_deref(), Some(1)).await?;
        let cursor = after.unwrap_or(first.1);
        let begin = format!("retry: 3000\nid: {cursor}\n\n");
        let follower = Follower { request, news, cursor, begin: Some(begin), is_behind: true, _place: place };
        Ok(stream::unfold(follower, |follower| async {
            follower.next().await.map(|(text, next)| (Ok(text), next))
        }))
    }
}

/// Whoever follows.
struct Follower {
    request: HttpRequest,
    news: watch::Receiver<()>,
    /// Up to where everything has been told.
    cursor: String,
    begin: Option<String>,
    /// Whether there may be something that has not been told.
    is_behind: bool,
    _place: OwnedSemaphorePermit,
}

impl Follower {
    /// What is said next; nothing more where it ends.
    async fn next(mut self) -> Option<(Bytes, Self)> {
        if let Some(begin) = self.begin.take() {
            return Some((begin.into(), self));
        }
        loop {
            if self.is_behind {
                let text = self.news().await.ok()?;
                if !text.is_empty() {
                    return Some((text.into(), self));
                }
            }
            tokio::select! {
                changed = self.news.changed() => {
                    changed.ok()?;
                    self.is_behind = true;
                }
                () = tokio::time::sleep(HEARTBEAT) => {
                    self.caller().await.ok()?;
                    return Some((Bytes::from_static(b":\n\n"), self));
                }
            }
        }
    }

    /// Who follows, looked at as at the first time.
    async fn caller(&self) -> Result<Caller<FollowChanges>, Problem> {
        Caller::from_request(&self.request, &mut Payload::None).await
    }

    /// What is new, as messages.
    async fn news(&mut self) -> Result<String, Problem> {
        let caller = self.caller().await?;
        let mut cx = caller.context().await?;
        let (items, cursor, more) =
            store::told(&mut cx, &Sight::of(&caller), Some(&self.cursor), None).await?;
        (self.cursor, self.is_behind) = (cursor, more);
        let mut text = String::new();
        for (change, cursor) in items {
            let change = serde_json::to_string(&change).map_err(|error| Problem::internal(&error))?;
            let _ = write!(text, "id: {cursor}\ndata: {change}\n\n");
        }
        Ok(text)
    }
}

/// Looks whether anything is new while anybody follows, and takes away what is needless, until nobody is left to be told or the
/// program is told to stop.
async fn follow(pool: Pool, teller: watch::Sender<()>, places: Arc<Semaphore>) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut stopped = pin!(stopped());
    let mut last = None;
    let mut looks = 0;
    loop {
        tokio::select! {
            () = &mut stopped => return,
            () = teller.closed() => return,
            _ = ticks.tick() => looks += 1,
        }
        let is_followed = places.available_permits() < MOST;
        match look(&pool, is_followed, looks >= LOOKS_A_PRUNING).await {
            Ok(newest) if is_followed && newest != last => {
                last = newest;
                // Nobody may be there any more.
                let _ = teller.send(());
            }
            Ok(_) => {}
            Err(problem) => tracing::debug!(%problem, "it is not known what has changed"),
        }
        looks %= LOOKS_A_PRUNING;
    }
}

async fn look(pool: &Pool, is_followed: bool, is_to_prune: bool) -> Result<Option<Position>, Problem> {
    if !is_followed && !is_to_prune {
        return Ok(None);
    }
    let mut connection = pool.get().await?;
    if is_to_prune {
        store::prune(&mut connection).await?;
        unchanged::prune(&mut connection).await?;
    }
    store::newest(&mut connection).await
}

/// Returns when the program is told to stop: the server waits for what is under way, and a stream would never end.
async fn stopped() {
    let (Ok(mut interrupted), Ok(mut terminated)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupted.recv() => {}
        _ = terminated.recv() => {}
    }
}
