//! Whom a cycle covers, whom not, and why.

use std::collections::{BTreeMap, HashMap, HashSet};

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::Context;
use crate::db::schema::{employee, erased_month};
use crate::http::{Language, Problem};
use crate::ledger::close;
use crate::org::Posting;
use crate::period::Period;
use crate::reviews::compute::{FactsReader, has_no_day_left};
use crate::reviews::generate;
use crate::reviews::store::{ReviewCycle, find_cycle};
use crate::rules::bundle::Bundle;
use crate::words::words;

words! {
    /// Why somebody who was posted in a store in a month has no review there.
    pub enum NotCovered in "review coverage" {
        /// No scheme scores the positions that count for the person's month.
        SchemeMissing = "scheme_missing" "岗位没有考核方案",
        /// Protected leave on every scheduled day, or nothing scheduled.
        ProtectedLeave = "protected_leave" "全月保护性假期",
        /// The month counts for a posting in another store.
        CountsElsewhere = "counts_elsewhere" "当月计入其他门店",
        /// There was a review, or there were facts, and they have been erased.
        Erased = "erased" "数据已删除",
    }
}

/// Whom a cycle covers.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Coverage {
    /// The cycle.
    pub cycle: ReviewCycle,
    /// Those who have a review, or will have one when it is generated.
    pub covered: Vec<CoveredPerson>,
    /// Those who were posted in the store and have none.
    pub not_covered: Vec<UncoveredPerson>,
}

/// Somebody whom a cycle covers.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CoveredPerson {
    /// Employee number 工号.
    pub employee_no: String,
    /// The person's name.
    pub name: String,
    /// The schemes that score the person: one for each position that counts and has one.
    pub schemes: Vec<String>,
}

/// Somebody whom a cycle does not cover.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct UncoveredPerson {
    /// Employee number 工号.
    pub employee_no: String,
    /// The person's name.
    pub name: String,
    /// Why.
    pub reason: NotCovered,
    /// The same in a sentence, in the reader's language.
    pub sentence: String,
}

/// Whom a cycle covers, by the rules that would score it now.
///
/// # Errors
///
/// Not found where the caller does not reach the cycle.
pub async fn coverage(cx: &mut Context, bundle: &Bundle, cycle_id: i64) -> Result<Coverage, Problem> {
    let language = cx.language;
    cx.snapshot(async |cx| {
        let cycle = find_cycle(cx, cycle_id).await?;
        let month = generate::month_of(cx.db(), &cycle).await?;
        let reader = FactsReader::new(&month, &bundle.catalogue);
        let mut postings = BTreeMap::<i64, Vec<&Posting>>::new();
        for posting in &month.postings {
            postings.entry(posting.employee_id).or_default().push(posting);
        }
        let people = close::people_of(cx.db(), cycle.store_id, cycle.period).await?;
        let names = names(cx.db(), &people).await?;
        let erased = erased(cx.db(), cycle.period, &people).await?;
        let (mut covered, mut not_covered) = (Vec::new(), Vec::new());
        for id in people {
            let Some((employee_no, name)) = names.get(&id).cloned() else { continue };
            let held = postings.get(&id).map(Vec::as_slice).unwrap_or_default();
            let schemes = held.iter().filter_map(|posting| bundle.scheme_for(posting.position.name()));
            let mut schemes = schemes.map(|scheme| scheme.name.clone()).collect::<Vec<_>>();
            schemes.sort_unstable();
            let reason = match (held.is_empty(), schemes.is_empty()) {
                _ if erased.contains(&id) => NotCovered::Erased,
                (true, _) => NotCovered::CountsElsewhere,
                (false, true) => NotCovered::SchemeMissing,
                _ if has_no_day_left(&bundle.catalogue, &reader.of(id)) => NotCovered::ProtectedLeave,
                _ => {
                    covered.push(CoveredPerson { employee_no, name, schemes });
                    continue;
                }
            };
            let sentence = sentence(reason, held, language);
            not_covered.push(UncoveredPerson { employee_no, name, reason, sentence });
        }
        covered.sort_by(|one, other| one.employee_no.cmp(&other.employee_no));
        not_covered.sort_by(|one, other| one.employee_no.cmp(&other.employee_no));
        Ok(Coverage { cycle, covered, not_covered })
    })
    .await
}

fn sentence(reason: NotCovered, held: &[&Posting], language: Language) -> String {
    let positions = |separator: &str, name: fn(&Posting) -> &'static str| {
        held.iter().map(|posting| name(posting)).collect::<Vec<_>>().join(separator)
    };
    match (language, reason) {
        (Language::Chinese, NotCovered::SchemeMissing) => {
            format!("{}：{}", reason.label(), positions("、", |posting| posting.position.label()))
        }
        (Language::Chinese, _) => reason.label().to_owned(),
        (Language::English, NotCovered::SchemeMissing) => {
            format!("no scheme scores {}", positions(", ", |posting| posting.position.name()))
        }
        (Language::English, NotCovered::ProtectedLeave) => {
            "no scheduled day is left after protected leave".to_owned()
        }
        (Language::English, NotCovered::CountsElsewhere) => {
            "the month counts for a posting in another store".to_owned()
        }
        (Language::English, NotCovered::Erased) => "what was kept of the month has been erased".to_owned(),
    }
}

/// Those of these people of whose month something has been erased.
async fn erased(
    connection: &mut AsyncPgConnection,
    period: Period,
    people: &[i64],
) -> Result<HashSet<i64>, Problem> {
    let erased: Vec<i64> = erased_month::table
        .filter(erased_month::period.eq(period).and(erased_month::employee_id.eq_any(people)))
        .select(erased_month::employee_id)
        .load(connection)
        .await?;
    Ok(erased.into_iter().collect())
}

/// Employee numbers and names, by id.
async fn names(
    connection: &mut AsyncPgConnection,
    people: &[i64],
) -> Result<HashMap<i64, (String, String)>, Problem> {
    let rows: Vec<(i64, String, String)> = employee::table
        .filter(employee::id.eq_any(people))
        .select((employee::id, employee::employee_no, employee::name))
        .load(connection)
        .await?;
    Ok(rows.into_iter().map(|(id, employee_no, name)| (id, (employee_no, name))).collect())
}
