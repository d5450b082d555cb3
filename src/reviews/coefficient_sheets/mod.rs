//! The monthly coefficient sheet 绩效系数表: the wage document of a store's published month. It is numbered, bound to the
//! revisions that it comes from, signed off by HR and the general manager, and never changed: a later revision makes a
//! supplement.

mod basis;
pub mod http;
mod lines;
mod store;
mod table;

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

pub use self::basis::{Basis, Capacity};
use self::lines::{Place, Statement, changed};
pub use self::table::file;
use super::acknowledgements::document;
use super::allowed::AllowedAction;
use super::cycle::coverage::{self, Coverage};
use super::cycle::{self, CycleState};
use super::store::{ReviewCycle, find_cycle};
use crate::auth::access::Role;
use crate::auth::{Context, Reading};
use crate::http::{Code, Problem};
use crate::period::Period;
use crate::rules::bundle::Bundle;
use crate::said::say;

/// A sheet of a month without what it says.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SheetHead {
    /// Its name: code of the store, month and number.
    #[schema(example = "JC-201403-1")]
    pub sheet: String,
    /// The cycle.
    pub cycle: i64,
    /// Code of the store.
    pub store: String,
    /// The month.
    #[schema(value_type = String, example = "2014-03")]
    pub period: Period,
    /// 1 for the first, which has everybody; a supplement is one more.
    pub number: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Login of who made it.
    pub created_by: String,
    /// SHA-256 of its content: of `GET …/coefficient-sheets/{number}/document`, byte for byte.
    pub sha256: String,
    /// Who has signed it off, HR first.
    pub sign_offs: Vec<SignOff>,
    /// Whether both have.
    pub is_signed_off: bool,
}

/// A sheet of a month.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CoefficientSheet {
    /// The sheet.
    #[serde(flatten)]
    pub head: SheetHead,
    /// What it says, by employee number.
    pub lines: Vec<CoefficientLine>,
    /// What the caller may do with it.
    pub allowed_actions: Vec<AllowedAction>,
}

/// What a sheet says of somebody by a scheme.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CoefficientLine {
    /// Its number in the sheet.
    pub line: i32,
    /// Employee number 工号.
    pub employee_no: String,
    /// The person's name when the sheet was made.
    pub name: String,
    /// The position.
    pub position: String,
    /// The scheme; null where the person has no review.
    pub scheme: Option<String>,
    /// Id of the revision that it is bound to.
    pub review: Option<i64>,
    /// Its number.
    pub revision: Option<i32>,
    /// The grade that counts; null where payroll goes by something else.
    pub grade: Option<String>,
    /// Performance coefficient 绩效系数, never 0; null where payroll goes by something else.
    pub coefficient: Option<Decimal>,
    /// What payroll goes by.
    pub basis: Basis,
    /// The same in a sentence.
    pub sentence: String,
    /// The line of an earlier sheet that no longer holds.
    pub replaces: Option<ReplacedLine>,
}

/// A line that no longer holds.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ReplacedLine {
    /// Name of its sheet.
    pub sheet: String,
    /// Its number there.
    pub line: i32,
    /// The revision that it was bound to.
    pub revision: Option<i32>,
    /// The grade that it said.
    pub grade: Option<String>,
    /// The coefficient that it said.
    pub coefficient: Option<Decimal>,
    /// What payroll went by.
    pub basis: Basis,
}

/// Somebody's signature.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SignOff {
    /// In which capacity.
    pub capacity: Capacity,
    /// Login of who signed.
    pub by: String,
    /// Name of who signed, if the login is a person's.
    pub by_name: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
    /// What was signed: the sheet's SHA-256.
    pub sha256: String,
    /// Id of the login, for the program's own use.
    #[serde(skip)]
    user_id: Option<i64>,
}

/// A sheet to be signed off.
#[derive(Clone, Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSignOff {
    /// In which capacity: HR first, then the general manager.
    #[garde(skip)]
    pub capacity: Capacity,
    /// SHA-256 of the sheet that was read.
    #[garde(length(chars, min = 64, max = 64))]
    #[schema(min_length = 64, max_length = 64)]
    pub sha256: String,
}

/// The canonical content of a sheet.
#[derive(Debug, Serialize)]
struct Content<'a> {
    sheet: &'a str,
    store: &'a str,
    period: Period,
    number: i32,
    /// SHA-256 of the sheet before.
    follows: Option<&'a str>,
    lines: &'a [CoefficientLine],
}

/// The sheets of a month that the caller reaches, in their order.
pub async fn list(cx: &mut Context, cycle_id: i64) -> Result<Vec<SheetHead>, Problem> {
    find_cycle(cx, cycle_id).await?;
    store::heads(cx.db(), cycle_id).await
}

/// A sheet of a month that the caller reaches. Reading it is logged for every review in it.
pub async fn read(
    cx: &mut Context,
    cycle_id: i64,
    number: i32,
) -> Result<Reading<CoefficientSheet>, Problem> {
    find_cycle(cx, cycle_id).await?;
    let head = head(cx, cycle_id, number).await?;
    let (lines, read) = store::lines(cx.db(), cycle_id, number).await?;
    let allowed_actions = allowed(cx, &head).await?;
    Ok(cx.reading(CoefficientSheet { head, lines, allowed_actions }, read))
}

/// The bytes of a sheet's content.
pub async fn content(cx: &mut Context, cycle_id: i64, number: i32) -> Result<Reading<Vec<u8>>, Problem> {
    find_cycle(cx, cycle_id).await?;
    let heads = store::heads(cx.db(), cycle_id).await?;
    let find = |number: i32| heads.iter().find(|head| head.number == number);
    let head = find(number).ok_or_else(|| Problem::not_found("coefficient sheet"))?;
    let (lines, read) = store::lines(cx.db(), cycle_id, number).await?;
    let content = Content {
        sheet: &head.sheet,
        store: &head.store,
        period: head.period,
        number,
        follows: find(number - 1).map(|before| before.sha256.as_str()),
        lines: &lines,
    };
    let bytes = document::bytes(&content)?;
    Ok(cx.reading(bytes, read))
}

/// Makes the next sheet of a published month: the first has everybody who was posted in the store, each further one what has
/// changed since. `bundle` are the rules that score the month.
///
/// # Errors
///
/// Not found where the caller does not reach the cycle; a conflict where it is not published, where somebody has no review
/// who should have one, or where nothing has changed.
#[tracing::instrument(skip_all, fields(cycle = cycle_id))]
pub async fn create(
    cx: &mut Context,
    bundle: &Bundle,
    cycle_id: i64,
) -> Result<Reading<CoefficientSheet>, Problem> {
    let Some(by) = cx.by() else { return Err(nameless()) };
    let number = cx
        .transaction(async |cx| {
            // One sheet at a time is made of a cycle.
            cycle::store::hold_alone(cx.db(), cycle_id).await?;
            let cycle = find_cycle(cx, cycle_id).await?;
            if cycle.state < CycleState::Published {
                return Err(Problem::conflict(say!(
                    "公布或锁定之后才能做系数表；现在是“{}”",
                    "a coefficient sheet is made of a cycle in 'published' or 'locked'; it is in '{}'",
                    cycle.state
                )));
            }
            let coverage = coverage::coverage(cx, bundle, cycle_id).await?;
            let now = statements(cx, &cycle, &coverage).await?;
            let heads = store::heads(cx.db(), cycle_id).await?;
            let holding = store::holding(cx.db(), cycle_id).await?;
            let changed = changed(&holding, now);
            if changed.is_empty() {
                let detail = match heads.last() {
                    Some(last) => {
                        say!("{} 之后没有变化", "nothing has changed since {}", last.sheet)
                    }
                    None => say!("这个月没有人", "the month has nobody in it"),
                };
                return Err(Problem::conflict(detail));
            }
            let number = heads.last().map_or(1, |last| last.number + 1);
            let name =
                format!("{}-{:04}{:02}-{number}", cycle.store, cycle.period.year(), cycle.period.month());
            let places = store::places(cx.db(), cycle_id).await?;
            let lines = numbered(&changed, &holding, &places);
            let content = Content {
                sheet: &name,
                store: &cycle.store,
                period: cycle.period,
                number,
                follows: heads.last().map(|before| before.sha256.as_str()),
                lines: &lines,
            };
            let sha256 = document::sha256(&document::bytes(&content)?);
            let new = store::NewSheet { cycle: &cycle, number, name: &name, by, sha256: &sha256 };
            store::write(cx, &new, &lines, &changed).await?;
            let detail = json!({ "sheet": name, "lines": lines.len(), "sha256": sha256 });
            cx.audit("make_coefficient_sheet", &format!("review_cycle/{cycle_id}"), detail).await?;
            Ok(number)
        })
        .await?;
    read(cx, cycle_id, number).await
}

/// Signs a sheet off.
///
/// # Errors
///
/// Not found where the caller does not reach it; forbidden where the capacity is not the caller's; a conflict where it is
/// signed in this capacity already, the caller has signed it in the other one, or HR has not signed yet; a field at fault
/// where something else was read.
pub async fn sign(
    cx: &mut Context,
    cycle_id: i64,
    number: i32,
    new: &NewSignOff,
) -> Result<Reading<CoefficientSheet>, Problem> {
    let Some(identity) = cx.identity.clone() else { return Err(nameless()) };
    cx.transaction(async |cx| {
        find_cycle(cx, cycle_id).await?;
        let head = head(cx, cycle_id, number).await?;
        if !may_sign(cx, &head, new.capacity, &identity.roles).await? {
            let detail = say!("您不能以“{}”的身份签字", "signing off as '{}' is not yours", new.capacity);
            return Err(Problem::new(Code::Forbidden, detail));
        }
        if new.sha256 != head.sha256 {
            return Err(Problem::field(
                "sha256",
                say!("这张表的是 {}：请重新读取", "the sheet's is {}: read it again", head.sha256),
            ));
        }
        if let Some(before) = head.sign_offs.iter().find(|one| one.capacity == new.capacity) {
            let at = before.at.format("%Y-%m-%dT%H:%M:%SZ");
            return Err(Problem::conflict(say!(
                "{} 已于 {at} 签字",
                "{} has signed it off at {at}",
                before.by
            )));
        }
        store::sign(cx, cycle_id, number, new, identity.user_id).await?;
        let detail = json!({ "sheet": head.sheet, "capacity": new.capacity, "sha256": new.sha256 });
        cx.audit("sign_coefficient_sheet", &format!("review_cycle/{cycle_id}"), detail).await
    })
    .await?;
    read(cx, cycle_id, number).await
}

impl Capacity {
    /// Whether somebody with these roles may sign in it. The group may stand in for a store's HR.
    fn is_held_by(self, roles: &[Role]) -> bool {
        roles.iter().any(|role| match self {
            Self::Hr => matches!(role, Role::Hr | Role::GroupAdmin),
            Self::GeneralManager => *role == Role::GeneralManager,
        })
    }
}

/// Whether the caller, who has these roles, may sign a sheet in a capacity. For a general manager whom the store does not have,
/// or who has signed as HR, the group stands in.
async fn may_sign(
    cx: &mut Context,
    head: &SheetHead,
    capacity: Capacity,
    roles: &[Role],
) -> Result<bool, Problem> {
    if capacity.is_held_by(roles) {
        return Ok(true);
    }
    let may_stand_in = capacity == Capacity::GeneralManager && roles.contains(&Role::GroupAdmin);
    Ok(may_stand_in && !store::has_general_manager(cx, head.cycle, head.number).await?)
}

fn nameless() -> Problem {
    Problem::new(
        Code::Forbidden,
        say!("这要由有名有姓的人来做：请登录", "this is done by somebody with a name: sign in"),
    )
}

async fn head(cx: &mut Context, cycle_id: i64, number: i32) -> Result<SheetHead, Problem> {
    let heads = store::heads(cx.db(), cycle_id).await?;
    let found = heads.into_iter().find(|head| head.number == number);
    found.ok_or_else(|| Problem::not_found("coefficient sheet"))
}

/// What is true now of everybody who was posted in the store: the reviews in force, and why others have none.
async fn statements(
    cx: &mut Context,
    cycle: &ReviewCycle,
    coverage: &Coverage,
) -> Result<Vec<Statement>, Problem> {
    let mut statements = store::reviewed(cx.db(), cycle.id).await?;
    let reviewed = statements.iter().map(|one| one.employee_no.clone()).collect::<HashSet<_>>();
    let missing = coverage.covered.iter().filter(|one| !reviewed.contains(&one.employee_no));
    let missing = missing.map(|one| format!("{} {}", one.employee_no, one.name)).collect::<Vec<_>>();
    if !missing.is_empty() {
        let detail = say!(
            "有人应有考核而没有现行的考核：{}",
            "somebody is covered and has no review in force: {}",
            missing.join(", ")
        );
        return Err(Problem::conflict(detail));
    }
    let others = coverage.not_covered.iter().filter(|one| !reviewed.contains(&one.employee_no));
    let reasons =
        others.map(|one| (one.employee_no.clone(), Basis::from(one.reason))).collect::<HashMap<_, _>>();
    statements.extend(store::unreviewed(cx.db(), cycle, &reasons).await?);
    Ok(statements)
}

/// Statements as the lines of a sheet.
fn numbered(
    changed: &[(Statement, Option<Place>)],
    holding: &[(Place, Statement)],
    sheets: &HashMap<i64, String>,
) -> Vec<CoefficientLine> {
    let replaced = |place: Place| {
        let (_, before) = holding.iter().find(|(held, _)| *held == place)?;
        Some(ReplacedLine {
            sheet: sheets.get(&place.0)?.clone(),
            line: place.1,
            revision: before.review.map(|(_, revision)| revision),
            grade: before.grade.clone(),
            coefficient: before.coefficient,
            basis: before.basis,
        })
    };
    let line = |(line, (statement, place)): (i32, &(Statement, Option<Place>))| CoefficientLine {
        line,
        employee_no: statement.employee_no.clone(),
        name: statement.name.clone(),
        position: statement.position.clone(),
        scheme: statement.scheme.clone(),
        review: statement.review.map(|(id, _)| id),
        revision: statement.review.map(|(_, revision)| revision),
        grade: statement.grade.clone(),
        coefficient: statement.coefficient,
        basis: statement.basis,
        sentence: statement.basis.sentence().to_owned(),
        replaces: place.and_then(replaced),
    };
    (1..).zip(changed).map(line).collect()
}

/// What the caller may do with a sheet: sign it off, in the capacity whose turn it is.
async fn allowed(cx: &mut Context, head: &SheetHead) -> Result<Vec<AllowedAction>, Problem> {
    let Some(identity) = cx.identity.clone() else { return Ok(Vec::new()) };
    let next = Capacity::ALL
        .iter()
        .find(|capacity| head.sign_offs.iter().all(|signed| signed.capacity != **capacity));
    let Some(capacity) = next else { return Ok(Vec::new()) };
    // The other signature is somebody else's.
    let me = cx.by();
    if head.sign_offs.iter().any(|signed| signed.user_id.is_some() && signed.user_id == me)
        || !may_sign(cx, head, *capacity, &identity.roles).await?
    {
        return Ok(Vec::new());
    }
    let path = format!("/v1/review-cycles/{}/coefficient-sheets/{}/sign-offs", head.cycle, head.number);
    Ok(vec![AllowedAction::post("sign_off", path).to(capacity.name())])
}
