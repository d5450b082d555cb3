//! A plan as it is read: its heading and every month of its trees.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use utoipa::ToSchema;

use super::targets::{Tree, cell_of};
use super::viewer::{PERSON_REACHED, Viewer};
use super::weights::Split;
use super::{LabelWeight, Plan, store};
use crate::db::schema::annual_plan;
use crate::http::Problem;

/// A plan with its months, January first, in units of its metric. What is above the people sums exactly.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PlanDocument {
    /// The heading.
    #[serde(flatten)]
    pub plan: Plan,
    /// What the approver wrote when returning it.
    pub note: Option<String>,
    /// The months' weights.
    pub season: Vec<i64>,
    /// The store's months.
    pub months: [i64; 12],
    /// The teams that share them.
    pub teams: Vec<TeamMonths>,
    /// The channels that share them.
    pub channels: Vec<LabelMonths>,
    /// The series that share them.
    pub series: Vec<LabelMonths>,
}

/// A team's months.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TeamMonths {
    /// Code of the team.
    pub unit: String,
    /// Its name.
    pub name: String,
    /// The sum of the months.
    pub year: i64,
    /// The months.
    pub months: [i64; 12],
    /// The people who share them, as far as the reader reaches.
    pub members: Vec<PersonMonths>,
}

/// A person's months in a team.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PersonMonths {
    /// 工号
    pub employee_no: String,
    /// 姓名
    pub name: String,
    /// The sum of the months shown.
    pub year: i64,
    /// The months; null where the reader does not reach the person.
    pub months: [Option<i64>; 12],
}

/// A channel's or a series' months.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LabelMonths {
    /// Its code.
    pub code: String,
    /// The sum of the months.
    pub year: i64,
    /// The months.
    pub months: [i64; 12],
}

#[derive(QueryableByName)]
struct Cell {
    #[diesel(sql_type = Text)]
    tree: String,
    #[diesel(sql_type = Nullable<Text>)]
    unit: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    unit_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    employee_no: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    employee_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    label: Option<String>,
    #[diesel(sql_type = Date)]
    period: NaiveDate,
    #[diesel(sql_type = BigInt)]
    confirmed: i64,
}

/// The plan with this id, if the viewer sees it as a whole; people as far as the viewer reaches them, month by month.
pub async fn read(
    connection: &mut AsyncPgConnection,
    viewer: &Viewer,
    id: i64,
) -> Result<PlanDocument, Problem> {
    let plan = store::find(connection, viewer, id).await?;
    let split = annual_plan::table.find(id).select(annual_plan::split).first(connection).await?;
    let split = store::from_json(split)?;
    let query = format!(
        "SELECT t.tree, u.code AS unit, u.name AS unit_name, e.employee_no, e.name AS employee_name, t.label,
             t.period, t.confirmed
         FROM target t LEFT JOIN org_unit u ON u.id = t.unit_id LEFT JOIN employee e ON e.id = t.employee_id
         WHERE t.plan_id = $4
         AND (t.employee_id IS NULL OR {PERSON_REACHED})"
    );
    let cells: Vec<Cell> = diesel::sql_query(query)
        .bind::<Array<Text>, _>(&viewer.people.reaches)
        .bind::<BigInt, _>(viewer.people.employee_id)
        .bind::<BigInt, _>(viewer.people.unit_id)
        .bind::<BigInt, _>(id)
        .load(connection)
        .await?;
    // A note is free text and may name somebody.
    let note = split.note.clone().filter(|_| viewer.sees_names());
    Ok(Trees::of(cells).document(plan, &split, note))
}

/// A name and twelve months.
type Named<T> = (String, [T; 12]);

/// The rows of a plan by whose they are.
#[derive(Default)]
struct Trees {
    units: HashMap<String, Named<i64>>,
    /// By team and 工号.
    people: HashMap<(String, String), Named<Option<i64>>>,
    channels: HashMap<String, [i64; 12]>,
    series: HashMap<String, [i64; 12]>,
}

impl Trees {
    fn of(cells: Vec<Cell>) -> Self {
        let mut trees = Self::default();
        for cell in cells {
            let units = cell.confirmed;
            match (cell.unit, cell.employee_no, cell.label) {
                (Some(unit), Some(employee_no), _) => {
                    let (name, months) = trees.people.entry((unit, employee_no)).or_default();
                    *name = cell.employee_name.unwrap_or_default();
                    set(months, cell.period, Some(units));
                }
                (Some(unit), None, _) => {
                    let (name, months) = trees.units.entry(unit).or_default();
                    *name = cell.unit_name.unwrap_or_default();
                    set(months, cell.period, units);
                }
                (None, _, Some(label)) if cell.tree == Tree::Channel.name() => {
                    set(trees.channels.entry(label).or_default(), cell.period, units);
                }
                (None, _, Some(label)) => {
                    set(trees.series.entry(label).or_default(), cell.period, units);
                }
                (None, _, None) => {}
            }
        }
        trees
    }

    /// In the order in which the author listed them.
    fn document(mut self, plan: Plan, split: &Split, note: Option<String>) -> PlanDocument {
        let (_, months) = self.units.remove(&plan.store).unwrap_or_default();
        let mut teams = Vec::with_capacity(split.teams.len());
        for team in &split.teams {
            let (name, months) = self.units.remove(&team.unit).unwrap_or_default();
            let mut members = Vec::new();
            for employee_no in split.members(&team.unit) {
                let key = (team.unit.clone(), employee_no.to_owned());
                if let Some((name, months)) = self.people.remove(&key) {
                    let year = months.iter().flatten().sum();
                    members.push(PersonMonths { employee_no: key.1, name, year, months });
                }
            }
            teams.push(TeamMonths {
                unit: team.unit.clone(),
                name,
                year: months.iter().sum(),
                months,
                members,
            });
        }
        PlanDocument {
            plan,
            note,
            season: split.season.clone(),
            months,
            teams,
            channels: labels(&split.channels, self.channels),
            series: labels(&split.series, self.series),
        }
    }
}

fn labels(order: &[LabelWeight], mut rows: HashMap<String, [i64; 12]>) -> Vec<LabelMonths> {
    let row = |label: &LabelWeight| {
        let months = rows.remove(&label.code).unwrap_or_default();
        LabelMonths { code: label.code.clone(), year: months.iter().sum(), months }
    };
    order.iter().map(row).collect()
}

fn set<T>(months: &mut [T; 12], period: NaiveDate, value: T) {
    if let Some(cell) = cell_of(months, period) {
        *cell = value;
    }
}
