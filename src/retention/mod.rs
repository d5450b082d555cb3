//! Retention 数据保存: how long what is kept of people is kept, what is held beyond that, and how it is erased.
//!
//! What goes is a kind of data (reviews with all around them, facts, the diary) of a person's month, once its months are over
//! and the month is locked, or everything of a person: some time after leaving, or because two people have decided it. What
//! stays: the sums of units, exactly; hashes of what people were shown; and the audit trail with its chain. A person's number,
//! name and logins become a pseudonym that nothing leads back from.
//!
//! | File | What it is about |
//! |---|---|
//! | `policy` | the months, as data; from which day on something is due (pure) |
//! | `holds` | legal holds: placed by one, released by another |
//! | `months` | whose months have data of a kind, and what keeps them: a hold, a month that is not locked |
//! | `erase` | the statements that erase a kind of data of some people's month |
//! | `person` | the rest of a person: number, name, logins, and where they are named |
//! | `requests` | erasing a person: proposed by one, decided by another |
//! | `run` | what is over the term, chunk by chunk |
//! | `due` | the same as a list, with nothing done |
//!
//! One transaction erases at a time in the whole database, and holds and the policy wait for it: [`lock`]. It is taken after
//! everything has been computed and before anything else is locked.

pub mod due;
mod erase;
pub mod holds;
pub mod http;
mod months;
mod person;
pub mod policy;
pub mod requests;
pub mod run;

use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::db::sql;
use crate::http::Problem;
use crate::words::words;

words! {
    /// A kind of data that is kept for a time of its own.
    pub enum RetentionKind in "erasure.kind" {
        /// Reviews with contributions, adjustments, appeals, evidence, acknowledgements, talks and improvement plans.
        Reviews = "reviews" "考核",
        /// The ledger, people's months, frozen months and late corrections.
        Facts = "facts" "数据",
        /// Events, plans and summaries, daily sheets, activities.
        Diary = "diary" "日常记录",
        /// Who has read whose review.
        AccessLog = "access_log" "访问记录",
        /// What entries of the trail say; that there are entries stays, and so does their chain.
        Audit = "audit" "审计明细",
    }

    /// Why something was erased.
    pub enum ErasureCause in "erasure.cause" {
        /// Two people have decided it.
        Requested = "requested" "依申请",
        /// The months are over for which it is kept.
        Term = "term" "保存期满",
        /// The person left long ago.
        Left = "left" "离职期满",
    }

    /// How far an erasure has come.
    pub enum ErasureState in "erasure.state" {
        /// It waits for a second person.
        Proposed = "proposed" "待批",
        /// It was refused.
        Rejected = "rejected" "已驳回",
        /// Whoever proposed it has taken it back.
        Withdrawn = "withdrawn" "已撤回",
        /// It is done.
        Erased = "erased" "已删除",
    }
}

impl RetentionKind {
    /// The kinds whose data are people's months.
    pub const OF_MONTHS: [Self; 3] = [Self::Reviews, Self::Facts, Self::Diary];
}

/// Lets one transaction at a time erase, or change what may be erased.
async fn lock(connection: &mut AsyncPgConnection) -> Result<(), Problem> {
    sql("SELECT pg_advisory_xact_lock(hashtext('retention'), 0)").execute(connection).await?;
    Ok(())
}
