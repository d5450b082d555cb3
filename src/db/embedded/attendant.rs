//! What a process does for a cluster as long as it works with it: an owner starts the server again when it has ended, and
//! a guest takes it over when its owner has gone.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::account::Account;
use super::ownership::{Announcement, Guesthood, Lifeline, Ownership};
use super::programs::Programs;
use super::server::{self, Server, Site};
use super::watchdog::Watchdog;
use super::{EmbeddedError, GLANCE, Tuning, open_to, socket};
use crate::said::Said;

/// How often to look after the server, or after its owner.
const LOOK: Duration = Duration::from_millis(200);
/// The first pause before a server is started again that did not start.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest one.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How long an owner that ends waits for a guest to take the server over.
const HANDOVER: Duration = Duration::from_secs(10);

/// What this process is to the cluster.
#[derive(Debug)]
pub(super) enum Part {
    /// It runs the server.
    Owner(Box<Owned>),
    /// It works with the server of another.
    Guest(Guesthood),
}

/// What an owner must hold on to, in the order in which it is let go of.
#[derive(Debug)]
pub(super) struct Owned {
    server: Server,
    watchdog: Watchdog,
    socket: PathBuf,
    /// None over a server that was taken over: its processes have it.
    lifeline: Option<Lifeline>,
    ownership: Ownership,
    /// When it is started again, if it has ended, and the pause before.
    again: Option<(Instant, Duration)>,
}

impl Owned {
    /// Starts the server, or takes over the one that the last owner has left.
    pub(super) async fn begin(
        mut ownership: Ownership,
        said: Option<Announcement>,
        directory: &Path,
        tuning: Tuning,
    ) -> Result<Owned, EmbeddedError> {
        let data = directory.join("data");
        let made_by = server::major_version(&data)?;
        let account = Account::choose(made_by.map(|_| data.as_path()))?;
        open_to(account, directory)?;
        let programs = Programs::find(&data, made_by).await?;
        let site = Site { directory: directory.to_owned(), data, account, programs, tuning };
        if let Some(Announcement::Left(socket)) = said
            && socket::answers(&socket)
        {
            let watchdog = Watchdog::spawn(&site, &socket, None)?;
            ownership.announce(&Announcement::Ready(socket.clone()))?;
            let server = Server::adopt(site);
            return Ok(Owned { server, watchdog, socket, lifeline: None, ownership, again: None });
        }
        let lifeline = site.take_over().await?;
        if made_by.is_none() {
            site.initialise(&lifeline).await?;
        }
        let socket = socket::prepare(directory, account)?;
        let watchdog = Watchdog::spawn(&site, &socket, Some(&lifeline))?;
        let server = match Server::start(site, &socket, &lifeline).await {
            Ok(server) => server,
            Err(error) => {
                // A server that does not stop is left to the watchdog.
                if !matches!(error, EmbeddedError::NotStopped { .. }) {
                    watchdog.dismiss().await;
                }
                return Err(error);
            }
        };
        ownership.announce(&Announcement::Ready(socket.clone()))?;
        Ok(Owned { server, watchdog, socket, lifeline: Some(lifeline), ownership, again: None })
    }

    /// The folder of the server's socket.
    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Starts the server again if it has ended: at once, and after a pause that grows where it does not start.
    async fn look_after(&mut self) {
        let pause = match self.again {
            None if !self.server.has_ended(&self.socket) => return,
            None => {
                let (log, said) = self.server.last_words();
                tracing::error!(log = %log.display(), said, "the private PostgreSQL has ended; it is started again");
                let reason = Said::fixed("它意外结束了", "it ended unexpectedly");
                self.tell(&Announcement::Down(reason.joined()));
                FIRST_PAUSE
            }
            Some((at, _)) if Instant::now() < at => return,
            Some((_, pause)) => pause,
        };
        match self.start_again().await {
            Ok(()) => {
                tracing::warn!("the private PostgreSQL runs again");
                self.again = None;
                self.tell(&Announcement::Ready(self.socket.clone()));
            }
            Err(error) => {
                tracing::error!(%error, again_in = ?pause, "the private PostgreSQL does not start again");
                self.again = Some((Instant::now() + pause, (pause * 2).min(LONGEST_PAUSE)));
                self.tell(&Announcement::Down(error.said().joined()));
            }
        }
    }

    async fn start_again(&mut self) -> Result<(), EmbeddedError> {
        let lifeline = match self.lifeline.take() {
            Some(lifeline) => lifeline,
            None => self.server.site.take_over().await?,
        };
        socket::prepare(&self.server.site.directory, self.server.site.account)?;
        let started = self.server.start_again(&self.socket, &lifeline).await;
        self.lifeline = Some(lifeline);
        started
    }

    fn tell(&mut self, what: &Announcement) {
        if let Err(error) = self.ownership.announce(what) {
            tracing::warn!(%error, "others cannot be told how the private PostgreSQL is");
        }
    }

    /// Stops the server, unless others work with it: then one of them takes it over.
    async fn end(mut self, directory: &Path) -> Result<(), EmbeddedError> {
        let Some(alone) = Guesthood::try_exclude(directory)? else {
            return self.leave(directory).await;
        };
        self.ownership.retract()?;
        self.server.stop(Some(&self.socket)).await?;
        self.watchdog.dismiss().await;
        socket::remove(&self.socket);
        // Until now, so that nobody joins a server that stops.
        drop(alone);
        Ok(())
    }

    /// Leaves the server to a guest. Until one has taken it over, this process and its watchdog look after it.
    async fn leave(mut self, directory: &Path) -> Result<(), EmbeddedError> {
        let deadline = Instant::now() + HANDOVER;
        self.ownership.announce(&Announcement::Left(self.socket.clone()))?;
        let Owned { mut server, watchdog, socket, lifeline, ownership, .. } = self;
        // A server that is taken over keeps its lifeline by itself.
        drop((ownership, lifeline));
        loop {
            sleep(GLANCE).await;
            // The new owner has said so.
            if matches!(Announcement::read(directory), Some(Announcement::Ready(_))) {
                watchdog.dismiss().await;
                return Ok(());
            }
            // Where the guests have gone meanwhile, nobody takes it over.
            if let Some(_alone) = Guesthood::try_exclude(directory)?
                && let Some((mut ownership, _)) = Ownership::try_take(directory)?
            {
                ownership.retract()?;
                server.stop(Some(&socket)).await?;
                watchdog.dismiss().await;
                socket::remove(&socket);
                return Ok(());
            }
            if Instant::now() > deadline {
                // The watchdog stops it: whoever still works with it starts it anew.
                return Ok(());
            }
        }
    }
}

/// What looks after a cluster until it is told to end.
#[derive(Debug)]
pub(super) struct Attendant {
    directory: PathBuf,
    is_owner: Arc<AtomicBool>,
    /// What tells it to; it ends without a word when this is dropped.
    end: Option<oneshot::Sender<()>>,
    work: Option<JoinHandle<Result<(), EmbeddedError>>>,
}

impl Attendant {
    /// Begins to look after a cluster.
    pub(super) fn of(part: Part, directory: PathBuf, tuning: Tuning) -> Attendant {
        let is_owner = Arc::new(AtomicBool::new(matches!(part, Part::Owner(_))));
        let (end, ended) = oneshot::channel();
        let work = tokio::spawn(attend(part, directory.clone(), tuning, Arc::clone(&is_owner), ended));
        Attendant { directory, is_owner, end: Some(end), work: Some(work) }
    }

    /// Whether this process runs the server.
    #[cfg(test)]
    pub(super) fn is_owner(&self) -> bool {
        self.is_owner.load(Ordering::Relaxed)
    }

    /// Ends the work, and says how it went.
    pub(super) async fn end(mut self) -> Result<(), EmbeddedError> {
        // If nobody hears it, it has ended by itself.
        let is_told = self.end.take().is_some_and(|end| end.send(()).is_ok());
        match self.work.take() {
            Some(work) if is_told => work.await.unwrap_or(Ok(())),
            _ => Ok(()),
        }
    }
}

impl Drop for Attendant {
    fn drop(&mut self) {
        // The work goes on for a moment; nobody is to join a server that is about to be stopped.
        if self.end.is_some() && self.is_owner.load(Ordering::Relaxed) {
            Ownership::retract_for(&self.directory);
        }
    }
}

async fn attend(
    mut part: Part,
    directory: PathBuf,
    tuning: Tuning,
    is_owner: Arc<AtomicBool>,
    mut ended: oneshot::Receiver<()>,
) -> Result<(), EmbeddedError> {
    loop {
        match timeout(LOOK, &mut ended).await {
            Ok(Ok(())) => break,
            // Without a word: the watchdog stops the server.
            Ok(Err(_)) => return Ok(()),
            Err(_) => {}
        }
        part = match part {
            Part::Owner(mut owned) => {
                owned.look_after().await;
                Part::Owner(owned)
            }
            Part::Guest(guest) => match take_over(&directory, tuning).await {
                Ok(None) => Part::Guest(guest),
                Ok(Some(owned)) => {
                    is_owner.store(true, Ordering::Relaxed);
                    Part::Owner(Box::new(owned))
                }
                Err(error) => {
                    tracing::error!(%error, "the private PostgreSQL has lost its owner and cannot be taken over");
                    sleep(FIRST_PAUSE).await;
                    Part::Guest(guest)
                }
            },
        };
    }
    match part {
        Part::Owner(owned) => owned.end(&directory).await,
        Part::Guest(_) => Ok(()),
    }
}

/// Becomes the owner if there is none any more.
async fn take_over(directory: &Path, tuning: Tuning) -> Result<Option<Owned>, EmbeddedError> {
    match Ownership::try_take(directory)? {
        None => Ok(None),
        Some((ownership, said)) => Owned::begin(ownership, said, directory, tuning).await.map(Some),
    }
}
