//! Reading facts: what is known of a month, as far as the caller reaches.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Date, Nullable, Numeric, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::auth::Context;
use crate::auth::access::{LEAD_METRICS, LEAD_READERS};
use crate::auth::scope::{CallerScope, reaches};
use crate::clock;
use crate::db::{sql, sql_of};
use crate::http::{Page, Problem, Window};
use crate::ledger::person_months::{self, Places};
use crate::period::Period;
use crate::said::say;

/// One person's facts of a month.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PersonFacts {
    /// Cursor of the list.
    #[serde(skip)]
    pub employee_id: i64,
    /// 工号.
    pub employee_no: String,
    /// Name.
    pub name: String,
    /// Metric and value.
    #[schema(value_type = BTreeMap<String, f64>)]
    pub facts: BTreeMap<String, Decimal>,
}

/// The moment up to which somebody wants to know what was known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsOf(pub DateTime<Utc>);

impl<'de> Deserialize<'de> for AsOf {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if let Ok(day) = text.parse::<NaiveDate>() {
            // To the microsecond before the next day, as fine as moments are kept.
            let end = clock::end_of(day).and_then(|end| end.checked_sub_signed(TimeDelta::microseconds(1)));
            return end
                .map(Self)
                .ok_or_else(|| D::Error::custom(say!("没有这样的日期", "the day is out of range").joined()));
        }
        let moment = DateTime::parse_from_rfc3339(&text);
        moment.map(|moment| Self(moment.to_utc())).map_err(|_| {
            D::Error::custom(say!("应为日期，例如 2014-04-05，或时刻，例如 2014-04-05T18:00:00+08:00，而不是“{text}”", "expected a day such as 2014-04-05 or a moment such as 2014-04-05T18:00:00+08:00, not '{text}'").joined())
        })
    }
}

/// Which facts to list.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FactQuery {
    /// The month.
    #[param(value_type = String, example = "2014-03")]
    pub period: Period,
    /// Only facts of this person, by 工号.
    pub employee_no: Option<String>,
    /// The facts as they were known at the end of this day in China, or at this moment. Now by default.
    #[param(value_type = Option<String>, example = "2014-04-05")]
    pub as_of: Option<AsOf>,
}

/// That somebody `e` has a posting in the month $3 up to $4 that the scope $5 reaches.
macro_rules! reached_in_month {
    () => {
        concat!(
            "SELECT FROM assignment a WHERE a.employee_id = e.id \
             AND daterange(a.valid_from, a.valid_to) && daterange($3, $4) AND ",
            reaches!("$5", "e.id", "a.unit_id", "$3")
        )
    };
}

/// A page of the people who have facts in the month and whom the caller reaches, by id. Whoever leads a team for a channel
/// and brings its leads sees of the team what comes of leads, and nothing else.
pub async fn list(
    cx: &mut Context,
    filter: &FactQuery,
    window: Window,
) -> Result<Page<PersonFacts>, Problem> {
    #[derive(QueryableByName)]
    struct FactHolder {
        #[diesel(sql_type = BigInt)]
        id: i64,
        #[diesel(sql_type = Text)]
        employee_no: String,
        #[diesel(sql_type = Text)]
        name: String,
        /// Whether everything is shown of the month, and not only what comes of leads.
        #[diesel(sql_type = Bool)]
        is_reached: bool,
    }
    let period = filter.period;
    let scope = cx.scope.clone();
    let reads_leads = cx
        .identity
        .as_ref()
        .is_some_and(|identity| identity.roles.iter().any(|role| LEAD_READERS.contains(role)));
    let pieces = [
        (true, "SELECT e.id, e.employee_no, e.name, "),
        (!reads_leads, "true AS is_reached"),
        (reads_leads, concat!("EXISTS (", reached_in_month!(), ") AS is_reached")),
        (
            true,
            " FROM employee e WHERE e.id > $1 AND ($2 IS NULL OR e.employee_no = $2) \
             AND EXISTS (SELECT FROM person_month m WHERE m.employee_id = e.id AND m.period = $3) AND (",
        ),
        (true, concat!("EXISTS (", reached_in_month!(), ")")),
        (
            reads_leads,
            " OR EXISTS (SELECT FROM team_leadership l JOIN assignment a ON a.unit_id = l.unit_id \
                 WHERE l.employee_id = ($5).employee_id AND l.kind = 'channel' AND a.employee_id = e.id \
                 AND daterange(l.valid_from, l.valid_to) && daterange($3, $4) \
                 AND daterange(a.valid_from, a.valid_to) && daterange($3, $4))",
        ),
        (true, ") ORDER BY e.id LIMIT $6"),
    ];
    let people: Vec<FactHolder> = sql_of(pieces)
        .bind::<BigInt, _>(window.after)
        .bind::<Nullable<Text>, _>(filter.employee_no.clone())
        .bind::<Date, _>(period)
        .bind::<Date, _>(period.end())
        .bind::<CallerScope, _>(scope)
        .bind::<BigInt, _>(window.rows())
        .load(cx.db())
        .await?;
    let ids = people.iter().map(|person| person.id).collect::<Vec<_>>();
    let mut facts = match filter.as_of {
        Some(AsOf(moment)) => known(cx.db(), period, &ids, moment).await?,
        None => current(cx.db(), period, &ids).await?,
    };
    let people = people.into_iter().map(|person| PersonFacts {
        employee_id: person.id,
        employee_no: person.employee_no,
        name: person.name,
        facts: shown(facts.remove(&person.id).unwrap_or_default(), person.is_reached),
    });
    Ok(window.page(people.collect(), |person| person.employee_id))
}

/// What is shown of a person's month: all of it, or what comes of leads.
fn shown(facts: HashMap<String, Decimal>, is_reached: bool) -> BTreeMap<String, Decimal> {
    let is_shown = |metric: &str| is_reached || LEAD_METRICS.contains(&metric);
    facts.into_iter().filter(|(metric, _)| is_shown(metric)).collect()
}

/// What was known at a moment of these people's month, by employee and metric.
pub async fn known(
    connection: &mut AsyncPgConnection,
    period: Period,
    people: &[i64],
    moment: DateTime<Utc>,
) -> Result<HashMap<i64, HashMap<String, Decimal>>, Problem> {
    #[derive(QueryableByName)]
    struct KnownFact {
        #[diesel(sql_type = BigInt)]
        employee_id: i64,
        #[diesel(sql_type = Text)]
        metric: String,
        #[diesel(sql_type = Numeric)]
        value: Decimal,
    }
    let facts: Vec<KnownFact> = sql(
        "SELECT employee_id, metric, value FROM known_fact($1) WHERE period = $2 AND employee_id = ANY ($3)",
    )
    .bind::<Timestamptz, _>(moment)
    .bind::<Date, _>(period)
    .bind::<Array<BigInt>, _>(people)
    .load(connection)
    .await?;
    Ok(by_person(facts.into_iter().map(|fact| (fact.employee_id, fact.metric, fact.value))))
}

/// What is known of these people's month, by employee and metric.
pub async fn current(
    connection: &mut AsyncPgConnection,
    period: Period,
    people: &[i64],
) -> Result<HashMap<i64, HashMap<String, Decimal>>, Problem> {
    let places = Places::load(connection).await?;
    let months = person_months::values(connection, period, people).await?;
    Ok(months.into_iter().map(|(id, month)| (id, places.by_metric(&month))).collect())
}

/// Gathers values by employee and metric.
fn by_person(
    values: impl IntoIterator<Item = (i64, String, Decimal)>,
) -> HashMap<i64, HashMap<String, Decimal>> {
    let mut facts = HashMap::<i64, HashMap<String, Decimal>>::new();
    for (employee_id, metric, value) in values {
        facts.entry(employee_id).or_default().insert(metric, value);
    }
    facts
}
