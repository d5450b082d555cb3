//! Reading facts, as far as the caller reaches.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Date, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::auth::caller::Scope;
use crate::clock;
use crate::http::Problem;
use crate::ledger;
use crate::period::Period;

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

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    employee_no: String,
    #[diesel(sql_type = Text)]
    name: String,
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
            return end.map(Self).ok_or_else(|| D::Error::custom("the day is out of range"));
        }
        let moment = DateTime::parse_from_rfc3339(&text);
        moment.map(|moment| Self(moment.to_utc())).map_err(|_| {
            D::Error::custom(format!(
                "expected a day such as 2014-04-05 or a moment such as 2014-04-05T18:00:00+08:00, not '{text}'"
            ))
        })
    }
}

/// Which facts are asked for.
#[derive(Clone, Debug)]
pub struct Question {
    /// The month.
    pub period: Period,
    /// Only this person's, by 工号.
    pub employee_no: Option<String>,
    /// As they were known then; none is now.
    pub as_of: Option<AsOf>,
}

/// People behind `after` who have facts in the month and whom `scope` reaches, by id.
pub async fn list(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    question: &Question,
    after: i64,
    limit: i64,
) -> Result<Vec<PersonFacts>, Problem> {
    let period = question.period;
    let people: Vec<Row> = diesel::sql_query(
        "SELECT e.id, e.employee_no, e.name FROM employee e \
         WHERE e.id > $1 AND ($2 IS NULL OR e.employee_no = $2) \
         AND EXISTS (SELECT FROM fact f WHERE f.employee_id = e.id AND f.period = $3) \
         AND EXISTS (SELECT FROM assignment a WHERE a.employee_id = e.id \
             AND daterange(a.valid_from, a.valid_to) && daterange($3, $4) \
             AND may_reach($5, $6, $7, e.id, a.unit_id, $3)) \
         ORDER BY e.id LIMIT $8",
    )
    .bind::<BigInt, _>(after)
    .bind::<Nullable<Text>, _>(&question.employee_no)
    .bind::<Date, _>(period.first_day())
    .bind::<Date, _>(period.end())
    .bind::<Array<Text>, _>(&scope.reaches)
    .bind::<BigInt, _>(scope.employee_id)
    .bind::<BigInt, _>(scope.unit_id)
    .bind::<BigInt, _>(limit)
    .load(connection)
    .await?;
    let ids = people.iter().map(|person| person.id).collect::<Vec<_>>();
    let mut facts = match question.as_of {
        Some(AsOf(moment)) => ledger::known(connection, period, &ids, moment).await?,
        None => ledger::current(connection, period, &ids).await?,
    };
    Ok(people
        .into_iter()
        .map(|person| PersonFacts {
            employee_id: person.id,
            employee_no: person.employee_no,
            name: person.name,
            facts: facts.remove(&person.id).map(BTreeMap::from_iter).unwrap_or_default(),
        })
        .collect())
}
