//! What is not known of people whose sources were declared complete. By that word what counts 0 by absence is 0; of the other metrics
//! an absent value is not applicable, and stays so.

use std::collections::{BTreeMap, BTreeSet};

use diesel_async::AsyncPgConnection;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::Problem;
use crate::ledger::metric::{Catalogue, Kind, Missing};
use crate::ledger::person_months::{self, Places};
use crate::period::Period;
use crate::said::{Language, say};

/// What a row declares complete and leaves unknown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct StillUnknown {
    /// Counts and amounts of the sources that are complete by this row of which the person has no value in the month, and that
    /// are not 0 for that.
    pub metrics: Vec<String>,
    /// Why, as a sentence.
    pub message: String,
}

/// A row, with whom and which source it declares complete.
pub(super) type Completed = (usize, i64, String);

/// By row, what is still unknown of people for whom sources were declared complete.
pub(super) async fn still_unknown(
    connection: &mut AsyncPgConnection,
    catalogue: &Catalogue,
    period: Period,
    completed: &[Completed],
    language: Language,
) -> Result<BTreeMap<usize, StillUnknown>, Problem> {
    let asked: BTreeSet<&str> = completed.iter().map(|(.., source)| source.as_str()).collect();
    let of_sources = catalogue.listed().iter().filter(|metric| {
        metric.missing == Missing::Na
            && matches!(metric.kind, Kind::Count | Kind::Amount)
            && metric.source.as_deref().is_some_and(|source| asked.contains(source))
    });
    let names: Vec<(&str, &str)> =
        of_sources.filter_map(|metric| Some((metric.source.as_deref()?, metric.name.as_str()))).collect();
    if names.is_empty() {
        return Ok(BTreeMap::new());
    }
    let places = Places::load(connection).await?;
    let people = completed.iter().map(|(_, employee_id, _)| *employee_id).collect::<Vec<_>>();
    let months = person_months::values(connection, period, &people).await?;
    let is_held = |employee_id: i64, metric: &str| {
        let month = months.get(&employee_id).zip(places.index(metric));
        month.and_then(|(month, at)| month.get(at)).is_some()
    };
    let mut unknown: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for (row, employee_id, source) in completed {
        let absent = names.iter().filter(|(of, name)| of == source && !is_held(*employee_id, name));
        unknown.entry(*row).or_default().extend(absent.map(|(_, name)| (*name).to_owned()));
    }
    let told = unknown.into_iter().filter(|(_, metrics)| !metrics.is_empty()).map(|(row, metrics)| {
        let message = say!(
            "来源已交齐，但这些指标缺值不等于 0，只表示“不适用”：{}。确实为 0 的请录入 0；声明全店交齐（complete_for: store）时，计划按 0 计",
            "its sources are complete, but of these metrics an absent value is not 0, only not applicable: {}. Enter 0 where it was 0; \
             plans count 0 where the whole store is declared complete (complete_for: store)",
            metrics.join(", ")
        );
        (row, StillUnknown { message: message.in_language(language).to_owned(), metrics })
    });
    Ok(told.collect())
}
