//! Receipts of the rules 规则签收: who was told of a release, has seen it, has confirmed it. What lowers pay has to have been
//! told before.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::Means;
use crate::auth::Context;
use crate::auth::scope::{CallerScope, reaches_month};
use crate::db::schema::rule_receipt;
use crate::db::sql;
use crate::http::{Code, Page, Problem, Window};
use crate::period::Period;
use crate::rules::release;
use crate::said::say;
use crate::words::words;

words! {
    /// How far somebody has received a release of the rules.
    pub enum ReceiptAct in "rule_receipt.act" {
        /// Was told of it.
        Told = "told" "告知",
        /// Has looked at it.
        Seen = "seen" "已阅",
        /// Has confirmed it.
        Confirmed = "confirmed" "确认",
    }
}

/// A receipt of a release.
#[derive(Clone, Debug, QueryableByName, Serialize, Deserialize, ToSchema)]
pub struct Receipt {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// The release.
    #[diesel(sql_type = BigInt)]
    pub release: i64,
    /// Employee number 工号 of whose it is.
    #[diesel(sql_type = Text)]
    pub employee_no: String,
    /// The person's name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// What the person has done with it, or was done.
    #[diesel(sql_type = Text)]
    pub act: ReceiptAct,
    /// How.
    #[diesel(sql_type = Text)]
    pub how: Means,
    /// When it was recorded.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
    /// Login of who recorded it.
    #[diesel(sql_type = Text)]
    pub by: String,
    /// SHA-256 of the rules.
    #[diesel(sql_type = Text)]
    pub bundle: String,
}

/// A receipt to be recorded.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReceipt {
    /// 工号 of whose it is; the caller's own where it is left out.
    #[garde(inner(length(chars, min = 1, max = 32)))]
    #[schema(min_length = 1, max_length = 32)]
    pub employee_no: Option<String>,
    /// What was done.
    #[garde(skip)]
    pub act: ReceiptAct,
    /// How: `mail` or `by_hand` for somebody else, asked for then; one's own is `in_program`.
    #[garde(skip)]
    pub how: Option<Means>,
}

/// Somebody who has not received the release that scores a month.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName, Serialize, Deserialize, ToSchema)]
pub struct WithoutReceipt {
    /// Employee number 工号.
    #[diesel(sql_type = Text)]
    pub employee_no: String,
    /// The person's name.
    #[diesel(sql_type = Text)]
    pub name: String,
}

/// Receipts with what they name.
macro_rules! receipts {
    ($rest:expr) => {
        sql(concat!(
            "SELECT k.id, k.release_id AS release, e.employee_no, e.name, k.act, k.how, k.at, l.login AS by,
                 k.bundle_hash AS bundle
             FROM rule_receipt k JOIN employee e ON e.id = k.employee_id JOIN user_account l ON l.id = k.user_id
             WHERE ",
            $rest
        ))
    };
}

/// Whether somebody (`e`) who is posted somewhere in the month `$3` is reached as one of others.
macro_rules! reached_as_other {
    () => {
        concat!(
            "EXISTS (SELECT FROM assignment a WHERE a.employee_id = e.id
                 AND daterange(a.valid_from, a.valid_to) && daterange($3, ($3 + interval '1 month')::date) AND ",
            reaches_month!("$2", "a.unit_id", "$3"),
            ")"
        )
    };
}

/// A page of a release's receipts, by id: the caller's own, and those of the people whom the caller reaches.
pub async fn list(cx: &mut Context, release_id: i64, window: Window) -> Result<Page<Receipt>, Problem> {
    release::find(cx.db(), release_id).await?;
    let (scope, month) = (cx.scope.clone(), Period::containing(cx.today()));
    let receipts = receipts!(concat!(
        "k.release_id = $1 AND k.id > $4 AND (e.id = ($2).employee_id OR ($2).everything OR ",
        reached_as_other!(),
        ") ORDER BY k.id LIMIT $5"
    ))
    .bind::<BigInt, _>(release_id)
    .bind::<CallerScope, _>(scope)
    .bind::<Date, _>(month)
    .bind::<BigInt, _>(window.after)
    .bind::<BigInt, _>(window.rows())
    .load(cx.db())
    .await?;
    Ok(window.page(receipts, |receipt: &Receipt| receipt.id))
}

/// Records that somebody has received a release.
///
/// # Errors
///
/// Not found where there is no such release; forbidden for a login without a person; a conflict where it is recorded
/// already; fields at fault.
pub async fn record(cx: &mut Context, release_id: i64, new: &NewReceipt) -> Result<Receipt, Problem> {
    let Some(identity) = cx.identity.clone() else {
        return Err(Problem::new(
            Code::Forbidden,
            say!("这要由有名有姓的人来做：请登录", "this is done by somebody with a name: sign in"),
        ));
    };
    let now = cx.now;
    cx.transaction(async |cx| {
        let release = release::find(cx.db(), release_id).await?;
        let person = match &new.employee_no {
            Some(employee_no) => person(cx, employee_no).await?,
            None => identity.employee_id.ok_or_else(|| {
                Problem::field(
                    "employee_no",
                    say!(
                        "这个账号不属于个人：请写明是谁的签收",
                        "the login is nobody's own: say whose receipt it is"
                    ),
                )
            })?,
        };
        let is_own = identity.employee_id == Some(person);
        let how = match (is_own, new.how) {
            (true, None | Some(Means::InProgram)) => Means::InProgram,
            (true, Some(_)) => {
                return Err(Problem::field(
                    "how",
                    say!(
                        "自己的签收为 'in_program'：纸面的由别人登记",
                        "one's own is 'in_program': on paper somebody else records it"
                    ),
                ));
            }
            (false, Some(how @ (Means::Mail | Means::ByHand))) => how,
            (false, _) => {
                return Err(Problem::field(
                    "how",
                    say!("应为 'mail' 或 'by_hand'", "expected 'mail' or 'by_hand'"),
                ));
            }
        };
        let id: i64 = diesel::insert_into(rule_receipt::table)
            .values((
                rule_receipt::release_id.eq(release.id),
                rule_receipt::employee_id.eq(person),
                rule_receipt::act.eq(new.act),
                rule_receipt::how.eq(how),
                rule_receipt::user_id.eq(identity.user_id),
                rule_receipt::recorder_id.eq(identity.employee_id),
                rule_receipt::at.eq(now),
                rule_receipt::bundle_hash.eq(&release.bundle),
            ))
            .returning(rule_receipt::id)
            .get_result(cx.db())
            .await?;
        let receipt: Receipt = receipts!("k.id = $1").bind::<BigInt, _>(id).get_result(cx.db()).await?;
        let detail = json!({ "employee_no": receipt.employee_no, "act": new.act, "how": how });
        cx.audit("receive_rules", &format!("rule_release/{release_id}"), detail).await?;
        Ok(receipt)
    })
    .await
}

/// The id of somebody whom the caller reaches, or is.
async fn person(cx: &mut Context, employee_no: &str) -> Result<i64, Problem> {
    #[derive(QueryableByName)]
    struct Person {
        #[diesel(sql_type = BigInt)]
        id: i64,
    }
    let (scope, month) = (cx.scope.clone(), Period::containing(cx.today()));
    let found: Option<Person> = sql(concat!(
        "SELECT e.id FROM employee e WHERE e.employee_no = $1 AND (e.id = ($2).employee_id OR ",
        reached_as_other!(),
        ")"
    ))
    .bind::<Text, _>(employee_no.to_owned())
    .bind::<CallerScope, _>(scope)
    .bind::<Date, _>(month)
    .get_result(cx.db())
    .await
    .optional()?;
    let found = found.ok_or_else(|| {
        Problem::field(
            "employee_no",
            say!("您管辖的范围内没有“{employee_no}”", "there is nobody '{employee_no}' within your reach"),
        )
    })?;
    Ok(found.id)
}

/// Those of some people who have not received a release.
pub(in crate::reviews) async fn without(
    connection: &mut AsyncPgConnection,
    release_id: i64,
    people: &[i64],
) -> Result<Vec<WithoutReceipt>, Problem> {
    let without = sql("SELECT e.employee_no, e.name FROM employee e WHERE e.id = ANY ($1)
         AND NOT EXISTS (SELECT FROM rule_receipt k WHERE k.employee_id = e.id AND k.release_id = $2)
         ORDER BY e.employee_no")
    .over(people.len())
    .bind::<Array<BigInt>, _>(people)
    .bind::<BigInt, _>(release_id)
    .load(connection)
    .await?;
    Ok(without)
}
