//! Erasing everything of a person: proposed by one, decided by another; or done by a run, long after the person has left.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Date, Integer, Nullable, Text, Timestamptz};
use diesel_async::RunQueryDsl;
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};
use utoipa::{IntoParams, ToSchema};

use super::holds::{sentence, signed};
use super::person::{self, Person, REACHED};
use super::{ErasureCause, ErasureState, RetentionKind, erase, months, policy};
use crate::auth::scope::CallerScope;
use crate::auth::{Context, audit_seal};
use crate::db::schema::erasure;
use crate::db::sql_of;
use crate::http::etag::Seen;
use crate::http::{Code, Page, Problem, Window};
use crate::ledger;
use crate::period::Period;
use crate::reviews::explain;
use crate::rules::library::Library;
use crate::said::say;

/// How often something is computed anew that has changed before it could be erased.
const ATTEMPTS: usize = 3;

/// The erasure of a person's data.
#[derive(Clone, Debug, QueryableByName, Serialize, Deserialize, ToSchema)]
pub struct Erasure {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// Employee number 工号; once it is done, the pseudonym.
    #[diesel(sql_type = Text)]
    pub employee_no: String,
    /// Why it is done: people have decided it, or the person left long ago.
    #[diesel(sql_type = Text)]
    pub cause: ErasureCause,
    /// The reason given.
    #[diesel(sql_type = Text)]
    pub reason: String,
    /// How far it has come.
    #[diesel(sql_type = Text)]
    pub state: ErasureState,
    /// Whether the term after leaving was not over when it was proposed.
    #[diesel(sql_type = Bool)]
    pub is_early: bool,
    /// Login of who proposed it; null where nobody had to.
    #[diesel(sql_type = Nullable<Text>)]
    pub proposed_by: Option<String>,
    /// When.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub proposed_at: Option<DateTime<Utc>>,
    /// Login of who decided on it, or took it back.
    #[diesel(sql_type = Nullable<Text>)]
    pub decided_by: Option<String>,
    /// When.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub decided_at: Option<DateTime<Utc>>,
    /// What was said of the decision.
    #[diesel(sql_type = Nullable<Text>)]
    pub note: Option<String>,
    /// When the data went.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub erased_at: Option<DateTime<Utc>>,
    /// Grows with every change; also the ETag.
    #[diesel(sql_type = Integer)]
    pub version: i32,
    /// The person, for the program's own use.
    #[diesel(sql_type = BigInt)]
    #[serde(skip)]
    pub employee_id: i64,
}

/// An erasure to be proposed.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewErasure {
    /// Why. It is kept, and shown to whoever asks for what was erased: it should name nobody.
    #[garde(length(chars, min = 1, max = 1000))]
    #[schema(example = "本人依个人信息保护法第四十七条申请删除", min_length = 1, max_length = 1000)]
    pub reason: String,
    /// Whether it is to happen although the term after leaving is not over.
    #[garde(skip)]
    #[serde(default)]
    pub early: bool,
}

/// A decision on an erasure.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ErasureDecision {
    /// Whether the data goes, at once and for good.
    #[garde(skip)]
    pub approve: bool,
    /// What is to be said of it; required where it is refused.
    #[garde(inner(length(chars, min = 1, max = 1000)))]
    #[serde(default)]
    #[schema(min_length = 1, max_length = 1000)]
    pub note: Option<String>,
}

/// Which erasures to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ErasureFilter {
    /// Only those in this state.
    pub state: Option<ErasureState>,
}

const ERASURES: &str =
    "SELECT x.id, e.employee_no, x.cause, x.reason, x.state, x.is_early, p.login AS proposed_by, x.proposed_at,
         d.login AS decided_by, x.decided_at, x.note, x.erased_at, x.version, x.employee_id
     FROM erasure x JOIN employee e ON e.id = x.employee_id LEFT JOIN user_account p ON p.id = x.proposed_by
     LEFT JOIN user_account d ON d.id = x.decided_by WHERE x.id > $1";

/// A page of the erasures of people whom the caller reaches, by id.
pub async fn list(
    cx: &mut Context,
    filter: &ErasureFilter,
    window: Window,
) -> Result<Page<Erasure>, Problem> {
    let (scope, today) = (cx.scope.clone(), cx.today());
    let erasures = sql_of([
        (true, ERASURES),
        (true, REACHED),
        (filter.state.is_some(), " AND x.state = $4"),
        (true, " ORDER BY x.id"),
        (true, window.limit_clause()),
    ])
    .bind::<BigInt, _>(window.after)
    .bind::<CallerScope, _>(scope)
    .bind::<Date, _>(today)
    .bind::<Nullable<Text>, _>(filter.state)
    .load(cx.db())
    .await?;
    Ok(window.page(erasures, |erasure: &Erasure| erasure.id))
}

async fn find(cx: &mut Context, id: i64) -> Result<Erasure, Problem> {
    let window = Window { after: id.saturating_sub(1), limit: 1 };
    let found = list(cx, &ErasureFilter::default(), window).await?.items.into_iter().find(|one| one.id == id);
    found.ok_or_else(|| Problem::not_found("erasure"))
}

/// Proposes that everything of a person is erased.
///
/// # Errors
///
/// Not found where the caller does not reach the person; a conflict where it is the caller, somebody who is still posted or held,
/// where the term is not over and it was not said to be early, where a month is under way, or where one is proposed already.
pub async fn propose(cx: &mut Context, employee_no: &str, new: &NewErasure) -> Result<Erasure, Problem> {
    let reason = sentence(&new.reason)?;
    let by = signed(cx)?;
    cx.transaction(async |cx| {
        super::lock(cx.db()).await?;
        let person = person::reached(cx, employee_no).await?.ok_or_else(|| Problem::not_found("employee"))?;
        let left_on = may_go(cx, &person)?;
        let due = policy::read(cx.db()).await?.policy.due_after_leaving(left_on);
        let is_early = due > cx.today();
        if is_early && !new.early {
            let detail = say!(
                "数据要保存到 {due}；如需提前删除，请写明",
                "the data is kept until {due}; say that it is to go early if it has to"
            );
            return Err(Problem::conflict(detail));
        }
        for period in months::of_person(cx.db(), person.id).await? {
            free(cx, &person, period).await?;
        }
        let id: i64 = diesel::insert_into(erasure::table)
            .values((
                erasure::cause.eq(ErasureCause::Requested),
                erasure::employee_id.eq(person.id),
                erasure::reason.eq(reason),
                erasure::state.eq(ErasureState::Proposed),
                erasure::is_early.eq(is_early),
                erasure::proposed_by.eq(by),
                erasure::proposed_at.eq(cx.now),
            ))
            .returning(erasure::id)
            .get_result(cx.db())
            .await?;
        cx.audit("propose_erasure", &format!("erasure/{id}"), json!({ "early": is_early })).await?;
        find(cx, id).await
    })
    .await
}

/// Decides on an erasure that somebody else has proposed. Approved, the data goes at once and for good.
///
/// # Errors
///
/// Not found where the caller does not reach the person; a conflict where it is decided already, was proposed by the caller, is about
/// the caller, or where something keeps the data now.
pub async fn decide(
    cx: &mut Context,
    library: &Library,
    id: i64,
    decision: &ErasureDecision,
    seen: Seen,
) -> Result<Erasure, Problem> {
    let note = decision.note.as_deref().map(str::trim).filter(|note| !note.is_empty());
    if !decision.approve && note.is_none() {
        return Err(Problem::field("note", say!("请写明为什么不同意", "say why it is refused")));
    }
    let by = signed(cx)?;
    let decided = |state: ErasureState, version: i32| {
        (erasure::state.eq(state), erasure::decided_by.eq(by), erasure::version.eq(version + 1))
    };
    if !decision.approve {
        return cx
            .transaction(async |cx| {
                super::lock(cx.db()).await?;
                let version = open(cx, id, seen).await?.version;
                diesel::update(erasure::table.find(id))
                    .set((
                        decided(ErasureState::Rejected, version),
                        erasure::decided_at.eq(cx.now),
                        erasure::note.eq(note),
                    ))
                    .execute(cx.db())
                    .await?;
                cx.audit("reject_erasure", &format!("erasure/{id}"), json!({})).await?;
                find(cx, id).await
            })
            .await;
    }
    audit_seal::seal(cx).await?;
    for _ in 0..ATTEMPTS {
        let named = open(cx, id, seen).await?.employee_id;
        let hashed = Hashes::of(cx, library, named).await?;
        let erased = cx
            .transaction(async |cx| {
                super::lock(cx.db()).await?;
                let request = open(cx, id, seen).await?;
                let Some(person) = person::of_id(cx, request.employee_id).await? else {
                    return Err(Problem::not_found("erasure"));
                };
                may_go(cx, &person)?;
                let months = months::of_person(cx.db(), person.id).await?;
                for period in &months {
                    free(cx, &person, *period).await?;
                }
                if !hashed.still_hold(cx, &person, &months).await? {
                    return Ok(None);
                }
                diesel::update(erasure::table.find(id))
                    .set((
                        decided(ErasureState::Erased, request.version),
                        erasure::decided_at.eq(cx.now),
                        erasure::erased_at.eq(cx.now),
                        erasure::note.eq(note),
                    ))
                    .execute(cx.db())
                    .await?;
                everything(cx, &person, id, &months, &hashed).await?;
                find(cx, id).await.map(Some)
            })
            .await?;
        if let Some(erased) = erased {
            return Ok(erased);
        }
    }
    Err(Problem::busy(say!(
        "别人同时改了此人的数据，请再试一次",
        "somebody else changed the person's data at the same time; try again"
    )))
}

/// Takes back an erasure that the caller has proposed and that waits for a decision.
///
/// # Errors
///
/// Not found where the caller does not reach the person; forbidden where somebody else proposed it; a conflict where it is decided
/// already.
pub async fn withdraw(cx: &mut Context, id: i64, seen: Seen) -> Result<Erasure, Problem> {
    let by = signed(cx)?;
    cx.transaction(async |cx| {
        super::lock(cx.db()).await?;
        let request = open(cx, id, seen).await?;
        let own = erasure::table.find(id).filter(erasure::proposed_by.eq(by));
        let withdrawn = diesel::update(own)
            .set((
                erasure::state.eq(ErasureState::Withdrawn),
                erasure::decided_by.eq(by),
                erasure::decided_at.eq(cx.now),
                erasure::version.eq(request.version + 1),
            ))
            .execute(cx.db())
            .await?;
        if withdrawn == 0 {
            return Err(Problem::new(
                Code::Forbidden,
                say!(
                    "由提出删除的人撤回；您可以不同意",
                    "whoever proposed an erasure takes it back; refuse it instead"
                ),
            ));
        }
        cx.audit("withdraw_erasure", &format!("erasure/{id}"), json!({})).await?;
        find(cx, id).await
    })
    .await
}

/// The request, if it waits for a decision.
async fn open(cx: &mut Context, id: i64, seen: Seen) -> Result<Erasure, Problem> {
    let request = find(cx, id).await?;
    if request.state != ErasureState::Proposed {
        let who = request.decided_by.as_deref().unwrap_or("a run");
        return Err(Problem::conflict(say!(
            "这项删除已经是 {} 了，由 {who}",
            "the erasure is {} already, by {who}",
            request.state
        )));
    }
    seen.check(request.version)?;
    Ok(request)
}

/// The last day of somebody who is somebody else, is gone, and is not held.
fn may_go(cx: &Context, person: &Person) -> Result<NaiveDate, Problem> {
    if cx.identity.as_ref().is_some_and(|by| by.employee_id == Some(person.id)) {
        return Err(Problem::conflict(say!(
            "这是您自己的数据：由别人提出和决定",
            "the data is your own: somebody else proposes and decides"
        )));
    }
    if person.is_erased {
        return Err(Problem::conflict(say!(
            "此人的数据已经删除",
            "this person's data has been erased already"
        )));
    }
    if person.is_held {
        return Err(Problem::conflict(say!(
            "有法律保留：请先解除",
            "a legal hold keeps the data: have it released first"
        )));
    }
    match person.left_on {
        Some(left_on) if left_on < cx.today() => Ok(left_on),
        Some(left_on) => {
            Err(Problem::conflict(say!("此人任职到 {left_on}", "the person is posted until {left_on}")))
        }
        None if person.is_posted => Err(Problem::conflict(say!(
            "此人还在任职：请先结束任职",
            "the person is still posted: end the posting first"
        ))),
        None => Err(Problem::conflict(say!(
            "此人从未任职：不知道期限从何时算起",
            "the person was never posted: nobody knows since when the term runs"
        ))),
    }
}

/// Whether nothing keeps a person's month; called in a transaction, so that it stays so.
async fn free(cx: &mut Context, person: &Person, period: Period) -> Result<(), Problem> {
    let judged = months::judge_held(cx.db(), period, &[person.id]).await?;
    if judged.iter().any(|month| month.is_held) {
        return Err(Problem::conflict(say!(
            "{period} 有法律保留：请先解除",
            "a legal hold keeps {period}: have it released first"
        )));
    }
    if judged.iter().any(|month| month.is_open) {
        return Err(Problem::conflict(say!(
            "{period} 还没有锁定：请先锁定",
            "{period} is not locked: lock the month first"
        )));
    }
    Ok(())
}

/// The hashes of somebody's reviews, computed before anything is locked.
struct Hashes(HashMap<i64, String>);

impl Hashes {
    async fn of(cx: &mut Context, library: &Library, employee_id: i64) -> Result<Self, Problem> {
        let mut ids = Vec::new();
        for period in months::of_person(cx.db(), employee_id).await? {
            ids.extend(months::reviews(cx.db(), period, &[employee_id]).await?.into_values().flatten());
        }
        Ok(Self(explain::hashes(cx.db(), library, &ids).await?))
    }

    /// Whether they are those of every review there is now.
    async fn still_hold(
        &self,
        cx: &mut Context,
        person: &Person,
        months: &[Period],
    ) -> Result<bool, Problem> {
        for period in months {
            let reviews = months::reviews(cx.db(), *period, &[person.id]).await?;
            if reviews.values().flatten().any(|id| !self.0.contains_key(id)) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Erases everything of a person in an erasure that this transaction has written.
async fn everything(
    cx: &mut Context,
    person: &Person,
    id: i64,
    months: &[Period],
    hashed: &Hashes,
) -> Result<(), Problem> {
    for period in months {
        ledger::lock(cx.db(), *period, &[person.id]).await?;
    }
    erase::begin(cx.db(), id).await?;
    for period in months {
        for kind in RetentionKind::OF_MONTHS {
            let mut reviews = Vec::new();
            if kind == RetentionKind::Reviews {
                let found = months::reviews(cx.db(), *period, &[person.id]).await?;
                let hashed = |id: &i64| Some((*id, hashed.0.get(id)?.clone()));
                reviews.extend(found.values().flatten().filter_map(hashed));
            }
            erase::month(cx.db(), id, (kind, *period), &[person.id], reviews).await?;
        }
    }
    let pseudonym = person::forget(cx.db(), person, id).await?;
    let mut detail = Map::new();
    detail.insert("person".to_owned(), json!(pseudonym));
    detail.insert("months".to_owned(), json!(months.len()));
    erase::note(cx, id, detail).await
}

/// Erases everything of somebody who left so long ago that the term is over on a day; says whether it was done.
///
/// # Errors
///
/// A conflict that says what keeps the data.
pub(super) async fn left(
    cx: &mut Context,
    library: &Library,
    employee_id: i64,
    day: NaiveDate,
) -> Result<bool, Problem> {
    let hashed = Hashes::of(cx, library, employee_id).await?;
    cx.transaction(async |cx| {
        super::lock(cx.db()).await?;
        let Some(person) = person::of_id(cx, employee_id).await?.filter(|person| !person.is_erased) else {
            return Ok(false);
        };
        let policy = policy::read(cx.db()).await?.policy;
        let left_on = may_go(cx, &person)?;
        if policy.due_after_leaving(left_on) > day {
            return Ok(false);
        }
        let months = months::of_person(cx.db(), person.id).await?;
        for period in &months {
            free(cx, &person, *period).await?;
        }
        if !hashed.still_hold(cx, &person, &months).await? {
            return Ok(false);
        }
        let kept = policy.after_leaving_months;
        // Whoever has to decide on it is not passed over.
        let waiting = erasure::table
            .filter(erasure::employee_id.eq(person.id).and(erasure::state.eq(ErasureState::Proposed)));
        let waiting: Option<i64> = waiting.select(erasure::id).first(cx.db()).await.optional()?;
        if waiting.is_some() {
            return Err(Problem::conflict(say!(
                "有一项数据删除待定",
                "an erasure of the data waits for a decision"
            )));
        }
        let id: i64 = diesel::insert_into(erasure::table)
            .values((
                erasure::cause.eq(ErasureCause::Left),
                erasure::employee_id.eq(person.id),
                erasure::reason
                    .eq(format!("kept for {kept} months after leaving · 离职后保存 {kept} 个月期满")),
                erasure::state.eq(ErasureState::Erased),
                erasure::is_early.eq(false),
                erasure::erased_at.eq(cx.now),
            ))
            .returning(erasure::id)
            .get_result(cx.db())
            .await?;
        everything(cx, &person, id, &months, &hashed).await?;
        Ok(true)
    })
    .await
}
