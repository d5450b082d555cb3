//! One piece of work: who asks for it, over which connection, at what time and in which language.

use chrono::{DateTime, NaiveDate, Utc};
use diesel_async::pooled_connection::deadpool::PoolError;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection as _, TransactionManager as _};
use serde::Serialize;
use serde_json::Value;

use super::access_log::{AccessLog, Reading};
use super::audit;
use super::identity::Identity;
use super::scope::Scope;
use super::session;
use crate::clock;
use crate::db::pool::{self, Lent, Purpose};
use crate::db::{Pool, Writer};
use crate::http::Problem;
use crate::http::idempotency::{self, Answer, Key};
use crate::http::language::Language;

type Transactions = <AsyncPgConnection as AsyncConnection>::TransactionManager;

/// What a piece of work needs to know besides its subject.
pub struct Context {
    connection: Lent,
    purpose: Purpose,
    log: Option<AccessLog>,
    /// Who asks; none is the operator at the command line.
    pub identity: Option<Identity>,
    /// The rows that may be reached.
    pub scope: Scope,
    /// The moment at which the work counts as done.
    pub now: DateTime<Utc>,
    /// In which language people's sentences are answered.
    pub language: Language,
}

/// A piece of work that holds no connection, because what is done next needs none or brings its own.
#[derive(Clone)]
pub struct Paused {
    pool: Pool,
    purpose: Purpose,
    log: Option<AccessLog>,
    identity: Option<Identity>,
    scope: Scope,
    now: DateTime<Utc>,
    language: Language,
}

impl Paused {
    /// Goes on with the work, on a connection of its own.
    pub async fn resume(&self) -> Result<Context, Problem> {
        Ok(self.over(pool::lend(&self.pool, self.purpose).await?))
    }

    /// The same if there is a connection that nobody uses.
    pub async fn resume_at_once(&self) -> Option<Context> {
        pool::lend_at_once(&self.pool, self.purpose).await.map(|connection| self.over(connection))
    }

    fn over(&self, connection: Lent) -> Context {
        let Self { purpose, log, identity, scope, now, language, .. } = self.clone();
        Context { connection, purpose, log, identity, scope, now, language }
    }

    /// A connection that can write in bulk.
    pub async fn writer(&self) -> Result<Writer, Problem> {
        Ok(pool::writer(&self.pool).await?)
    }

    /// The moment at which the work counts as done.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Id of the login that asks; none is the operator.
    pub fn by(&self) -> Option<i64> {
        self.identity.as_ref().map(|identity| identity.user_id)
    }
}

impl Context {
    /// The work of the operator, who reaches everything and shares connections with nobody.
    pub async fn operator(pool: &Pool, now: DateTime<Utc>) -> Result<Self, Problem> {
        let (scope, language, purpose) = (Scope::operator(), Language::default(), Purpose::Reading);
        let connection = pool::lend(pool, purpose).await?;
        Ok(Self { connection, purpose, log: None, identity: None, scope, now, language })
    }

    /// The work of `identity` within `scope`, which changes nothing, on a connection of the pool. `log` is told whose reviews it
    /// reads.
    pub async fn of(
        pool: (&Pool, Purpose),
        log: &AccessLog,
        identity: Identity,
        scope: Scope,
        now: DateTime<Utc>,
        language: Language,
    ) -> Result<Self, Problem> {
        let (log, identity, (pool, purpose)) = (Some(log.clone()), Some(identity), pool);
        Ok(Self {
            connection: pool::lend(pool, purpose).await?,
            purpose,
            log,
            identity,
            scope,
            now,
            language,
        })
    }

    /// The same for work that changes something. It is nobody's whose login has been changed since the token was given:
    /// roles that were taken away and logins that were disabled change nothing more.
    pub async fn of_change(
        pool: &Pool,
        log: &AccessLog,
        identity: Identity,
        scope: Scope,
        now: DateTime<Utc>,
        language: Language,
    ) -> Result<Self, Problem> {
        let purpose = Purpose::Changing;
        let mut connection = pool::lend(pool, purpose).await?;
        session::still(&mut connection, &identity).await?;
        let (log, identity) = (Some(log.clone()), Some(identity));
        Ok(Self { connection, purpose, log, identity, scope, now, language })
    }

    /// The connection.
    pub fn db(&mut self) -> &mut AsyncPgConnection {
        &mut self.connection
    }

    /// The same for statements that are sent together, without waiting for the answer of one before the next.
    pub fn shared(&self) -> &AsyncPgConnection {
        &self.connection
    }

    /// Gives the connection back, to go on later.
    ///
    /// # Errors
    ///
    /// Where the connections have been closed.
    pub fn pause(self) -> Result<Paused, Problem> {
        let Self { connection, purpose, log, identity, scope, now, language } = self;
        let pool = connection.pool().ok_or(PoolError::Closed)?;
        Ok(Paused { pool, purpose, log, identity, scope, now, language })
    }

    /// Id of the login that asks; none is the operator.
    pub fn by(&self) -> Option<i64> {
        self.identity.as_ref().map(|identity| identity.user_id)
    }

    /// The day it is at the dealerships.
    pub fn today(&self) -> NaiveDate {
        clock::day(self.now)
    }

    /// Does some work as a whole or not at all.
    pub async fn transaction<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut Self) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        Transactions::begin_transaction(self.db()).await?;
        match work(self).await {
            Ok(value) => {
                Transactions::commit_transaction(self.db()).await?;
                Ok(value)
            }
            Err(problem) => {
                // A connection that cannot even roll back is broken, and the pool throws it away.
                if let Err(error) = Transactions::rollback_transaction(self.db()).await {
                    tracing::warn!(%error, "a transaction could not be rolled back");
                }
                Err(problem)
            }
        }
    }

    /// The same, and again where PostgreSQL gives up one of two that are in each other's way: twice at most.
    pub async fn transaction_again<T>(
        &mut self,
        work: impl AsyncFn(&mut Self) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        for _ in 0..2 {
            match self.transaction(&work).await {
                Err(problem) if problem.is_clash() => {}
                done => return done,
            }
        }
        self.transaction(work).await
    }

    /// Does some work once, however often it is asked for under one key: the key is kept in the transaction of the work. The
    /// `operation` says what is asked, and of what. Without a key it is just done.
    ///
    /// # Errors
    ///
    /// Those of the work, which then is not done; a field at fault where the key was used for another request.
    pub async fn once<T: Serialize>(
        &mut self,
        operation: &str,
        key: Option<&Key>,
        work: impl AsyncFnOnce(&mut Self) -> Result<T, Problem>,
    ) -> Result<Answer<T>, Problem> {
        let Some((key, user_id)) = key.zip(self.by()) else { return work(self).await.map(Answer::Now) };
        let now = self.now;
        self.transaction(async |cx| {
            if let Some(before) = idempotency::begin(cx.db(), user_id, operation, key, now).await? {
                return Ok(Answer::Before(before));
            }
            let done = work(cx).await?;
            idempotency::finish(cx.db(), user_id, key, &done).await?;
            Ok(Answer::Now(done))
        })
        .await
    }

    /// Reads everything as it was at one moment, in a transaction that cannot write. Within a transaction that has begun
    /// before, it is part of that one and reads what that sees.
    pub async fn snapshot<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut Self) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        if Transactions::transaction_manager_status_mut(self.db()).transaction_depth()?.is_some() {
            return work(self).await;
        }
        self.transaction(async |cx| {
            let mode = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";
            cx.db().batch_execute(mode).await?;
            work(cx).await
        })
        .await
    }

    /// Does some work within another reach than the one of what is asked for.
    pub async fn within<T>(
        &mut self,
        scope: Scope,
        work: impl AsyncFnOnce(&mut Self) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let before = std::mem::replace(&mut self.scope, scope);
        let done = work(self).await;
        self.scope = before;
        done
    }

    /// Leaves in the trail that who asks did `action` to `subject`, in the transaction that does it.
    pub async fn audit(&mut self, action: &str, subject: &str, detail: Value) -> Result<(), Problem> {
        let (now, by) = (self.now, self.by());
        audit::record(self.db(), now, by, action, subject, detail).await
    }

    /// The same for many subjects at once.
    pub async fn audit_all(&mut self, action: &str, subjects: Vec<(String, Value)>) -> Result<(), Problem> {
        let (now, by) = (self.now, self.by());
        audit::record_all(self.db(), now, by, action, subjects).await
    }

    /// Something that tells of reviews, each given with the person whose it is. One's own are nobody else's business, and
    /// the operator's readings are not logged.
    pub fn reading<T>(&self, what: T, reviews: impl IntoIterator<Item = (i64, i64)>) -> Reading<T> {
        let (Some(reader), Some(log)) = (&self.identity, &self.log) else { return Reading::unnoted(what) };
        let others = reviews.into_iter().filter(|(_, person)| reader.employee_id != Some(*person));
        let others = others.map(|(review, _)| review).collect::<Vec<_>>();
        match others.is_empty() {
            true => Reading::unnoted(what),
            false => Reading::noted(what, log.clone(), self.now, reader.user_id, others),
        }
    }
}
