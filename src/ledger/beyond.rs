//! Values that are larger than another one of which they are a part: of 120 reports no more than 120 are reviewed. The
//! catalogue says which are bounded by which (`at_most`), for rules, suggestions and deliveries alike.

use std::collections::{BTreeSet, HashMap, HashSet};

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use super::Entry;
use super::metric::Catalogue;
use crate::db::schema::employee;
use crate::decimal;
use crate::http::{Language, Problem};
use crate::period::Period;

/// Most of them that are told of a delivery.
const TOLD: usize = 100;

/// A month in which one metric is larger than another one that bounds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct BeyondBound {
    /// 工号.
    pub employee_no: String,
    /// The metric that is too large.
    pub metric: String,
    /// What the month comes to.
    #[schema(value_type = f64)]
    pub value: Decimal,
    /// The metric that it is no larger than.
    pub at_most: String,
    /// What the month comes to there.
    #[schema(value_type = f64)]
    pub bound: Decimal,
}

impl BeyondBound {
    /// The same as a sentence.
    pub fn sentence(&self, catalogue: &Catalogue, language: Language) -> String {
        let Self { employee_no, value, bound, .. } = self;
        let (value, bound) = (decimal::plain(*value), decimal::plain(*bound));
        let label = |name: &str| {
            let metric = catalogue.find(name).and_then(|id| catalogue.get(id));
            let label = metric.map(|metric| match language {
                Language::Chinese => metric.zh.clone(),
                Language::English => metric.en.clone(),
            });
            label.unwrap_or_else(|| name.to_owned())
        };
        let (metric, at_most) = (label(&self.metric), label(&self.at_most));
        match language {
            Language::Chinese => format!("{employee_no} 本月{metric} {value} 大于{at_most} {bound}，请核对"),
            Language::English => {
                format!(
                    "{employee_no}: {metric} {value} is above {at_most} {bound} for the month; please check"
                )
            }
        }
    }
}

/// Which of these values of one place are larger than another one of them that bounds them: the positions of both.
pub fn within<'a>(
    catalogue: &Catalogue,
    values: impl Iterator<Item = (&'a str, Decimal)> + Clone,
) -> Vec<(usize, usize)> {
    let at_most = |name: &str| catalogue.get(catalogue.find(name)?)?.at_most.as_deref();
    let beyond = values.clone().enumerate().filter_map(|(at, (name, value))| {
        let bound = at_most(name)?;
        let (by, _) =
            values.clone().enumerate().find(|(_, (other, most))| *other == bound && value > *most)?;
        Some((at, by))
    });
    beyond.collect()
}

/// What a delivery says of somebody.
#[derive(Clone, Copy, Debug)]
pub struct SaidOf<'a> {
    /// Of whom.
    pub employee_id: i64,
    /// Name in the catalogue.
    pub metric: &'a str,
    /// The month's total; none of a day and of a record.
    pub total: Option<Decimal>,
}

impl<'a> From<&'a Entry> for SaidOf<'a> {
    fn from(entry: &'a Entry) -> Self {
        let is_total = entry.day.is_none() && entry.external_id.is_none();
        Self {
            employee_id: entry.employee_id,
            metric: &entry.metric,
            total: entry.value.filter(|_| is_total),
        }
    }
}

/// Metrics, each with one that it is no larger than.
pub type Bounds<'a> = Vec<(&'a str, &'a str)>;

/// Those of a catalogue.
pub fn bounds(catalogue: &Catalogue) -> Bounds<'_> {
    let named = |id| catalogue.get(id).map(|metric| metric.name.as_str());
    catalogue.bounds().filter_map(|(one, other)| Some((named(one)?, named(other)?))).collect()
}

/// Whether some metric of a month is larger than the one that bounds it.
pub fn exceeds(bounds: &Bounds<'_>, month: &HashMap<String, Decimal>) -> bool {
    bounds
        .iter()
        .any(|(one, other)| month.get(*one).zip(month.get(*other)).is_some_and(|(one, other)| one > other))
}

/// In which months a delivery has to do with a metric that is larger than the one that bounds it. Of a delivery that was recorded
/// it is known in whose (`exceeding`): of a whole group's people few are. In a trial totals are taken for recorded.
pub async fn beyond<'a>(
    connection: &mut AsyncPgConnection,
    catalogue: &Catalogue,
    period: Period,
    said: impl Iterator<Item = SaidOf<'a>> + Clone,
    exceeding: Option<&BTreeSet<i64>>,
) -> Result<Vec<BeyondBound>, Problem> {
    let bounds = bounds(catalogue);
    let concerned = bounds.iter().flat_map(|(one, other)| [*one, *other]).collect::<HashSet<_>>();
    let said = said.filter(|one| concerned.contains(one.metric));
    let people = said.clone().map(|one| one.employee_id);
    let mut people = match exceeding {
        Some(exceeding) => people.filter(|id| exceeding.contains(id)).collect::<BTreeSet<_>>(),
        None => people.collect(),
    };
    // The first of them are told, and no more.
    if let Some(next) = people.iter().nth(TOLD).copied().filter(|_| exceeding.is_some()) {
        people.split_off(&next);
    }
    if people.is_empty() {
        return Ok(Vec::new());
    }
    let mut months = super::current(connection, period, &Vec::from_iter(people.iter().copied())).await?;
    let mut delivered = HashMap::<i64, HashSet<&str>>::new();
    for SaidOf { employee_id, metric, total } in said.filter(|one| people.contains(&one.employee_id)) {
        delivered.entry(employee_id).or_default().insert(metric);
        if let Some(value) = total.filter(|_| exceeding.is_none()) {
            months.entry(employee_id).or_default().insert(metric.to_owned(), value);
        }
    }
    let mut found = Vec::new();
    for (employee_id, metrics) in &delivered {
        let Some(month) = months.get(employee_id) else { continue };
        for (metric, at_most) in
            bounds.iter().filter(|(one, other)| metrics.contains(one) || metrics.contains(other))
        {
            if let (Some(value), Some(bound)) = (month.get(*metric), month.get(*at_most))
                && value > bound
            {
                found.push((*employee_id, *metric, *value, *at_most, *bound));
            }
        }
    }
    found.sort_unstable();
    found.truncate(TOLD);
    let ids = found.iter().map(|(id, ..)| *id).collect::<Vec<_>>();
    let numbers: HashMap<i64, String> = match ids.is_empty() {
        true => HashMap::new(),
        false => {
            let people = employee::table.filter(employee::id.eq_any(ids));
            let people = people.select((employee::id, employee::employee_no));
            people.load::<(i64, String)>(connection).await?.into_iter().collect()
        }
    };
    let told = found.into_iter().filter_map(|(id, metric, value, at_most, bound)| {
        Some(BeyondBound {
            employee_no: numbers.get(&id)?.clone(),
            metric: metric.to_owned(),
            value: value.normalize(),
            at_most: at_most.to_owned(),
            bound: bound.normalize(),
        })
    });
    Ok(told.collect())
}
