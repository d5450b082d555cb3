//! An empty plan as a workbook: the unit's people and the year's months are in it, somebody fills in totals and weights, and
//! it comes back as a draft.
//!
//! `write` and `read` agree on `layout`; a worksheet is known by its hidden first row, columns by their headers, so
//! that rows can be added, moved and left out.

pub mod http;
mod layout;
mod read;
mod write;

use std::collections::HashMap;

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use self::write::{Page, PersonRow};
use crate::auth::Context;
use crate::db::schema::{employee, org_unit};
use crate::http::Problem;
use crate::ledger::metric::Catalogue;
use crate::org::labels::{self, CodedLabel};
use crate::plan::split::method::Method;
use crate::plan::split::new_plan::{LabelWeight, Levels, NewPlan, UnitWeight};
use crate::plan::suggestions::{SuggestedFrom, Suggestion, suggest};
use crate::plan::versions::draft;
use crate::plan::versions::version::Plan;
use crate::said::Language;

pub use self::read::read as read_file;

/// What dealerships plan beside vehicles, as far as the catalogue has it: 精品, 保险, 车贷, 临时牌.
const LINES: [&str; 5] =
    ["deliveries", "accessory_revenue", "insurance_policies", "loans", "temporary_plates"];

/// The template of a unit and year, and its file's name.
///
/// # Errors
///
/// Those of suggesting a plan: nobody sells there, or the unit is not seen.
pub async fn export(
    cx: &mut Context,
    catalogue: &Catalogue,
    unit: String,
    year: i32,
) -> Result<(String, Vec<u8>), Problem> {
    let (name, [first, ..]) = (format!("plan-{unit}-{year}.xlsx"), LINES);
    let asked = Suggestion {
        unit,
        year,
        metric: first.to_owned(),
        total: 0,
        levels: Levels::default(),
        method: Method::default(),
        season: Vec::new(),
        from: SuggestedFrom::Organisation,
        lines: Vec::new(),
        pins: Vec::new(),
    };
    let suggested = suggest(cx, asked).await?;
    let page = page(cx, catalogue, suggested.plan, suggested.notes).await?;
    let bytes = tokio::task::spawn_blocking(move || write::write(&page))
        .await
        .map_err(|error| Problem::internal(&error))?
        .map_err(|error| Problem::internal(&error))?;
    Ok((name, bytes))
}

/// Drafts what a template that was filled in says.
///
/// # Errors
///
/// Every row at fault, with its worksheet; those of drafting a plan.
pub async fn import(cx: &mut Context, catalogue: &Catalogue, plan: NewPlan) -> Result<Plan, Problem> {
    draft::create(cx, catalogue, plan).await
}

/// What the template says of a plan.
async fn page(
    cx: &mut Context,
    catalogue: &Catalogue,
    plan: NewPlan,
    notes: Vec<String>,
) -> Result<Page, Problem> {
    let mut codes = vec![plan.unit.clone()];
    let mut numbers = Vec::new();
    named(&plan.units, &mut codes, &mut numbers);
    let names = names(cx.db(), codes, numbers).await?;
    let language = cx.language;
    let channels = weighed(labels::list(cx, labels::CHANNELS).await?, &plan.channels, language);
    let series = weighed(labels::list(cx, labels::SERIES).await?, &plan.series, language);
    let mut people = Vec::new();
    rows(&plan.units, "", &names, &mut people);
    let lines = LINES.iter().filter_map(|name| {
        let metric = catalogue.get(catalogue.find(name)?)?;
        let name = if language == Language::English { &metric.en } else { &metric.zh };
        Some((metric.name.clone(), name.clone(), None))
    });
    Ok(Page {
        language,
        unit_name: names.units.get(&plan.unit).cloned().unwrap_or_else(|| plan.unit.clone()),
        lines: lines.collect(),
        people,
        channels,
        series,
        notes,
        unit: plan.unit,
        year: plan.year,
        season: plan.season,
    })
}

/// What there is of a list by name, with the weights of a plan; 0 for what is not in it.
fn weighed(
    known: Vec<CodedLabel>,
    weights: &[LabelWeight],
    language: Language,
) -> Vec<(String, LabelWeight)> {
    let weighed = known.into_iter().map(|CodedLabel { code, zh, en, .. }| {
        let weight = weights.iter().find(|label| label.code == code).cloned();
        let name = if language == Language::English { en } else { zh };
        (name, weight.unwrap_or_else(|| LabelWeight::all_year(code, 0)))
    });
    weighed.collect()
}

/// The codes and numbers of units and the people below them.
fn named(units: &[UnitWeight], codes: &mut Vec<String>, numbers: &mut Vec<String>) {
    for unit in units {
        codes.push(unit.unit.clone());
        numbers.extend(unit.members.iter().map(|member| member.employee_no.clone()));
        named(&unit.units, codes, numbers);
    }
}

struct Names {
    units: HashMap<String, String>,
    people: HashMap<String, String>,
}

async fn names(
    connection: &mut AsyncPgConnection,
    codes: Vec<String>,
    numbers: Vec<String>,
) -> Result<Names, Problem> {
    let units: Vec<(String, String)> = org_unit::table
        .filter(org_unit::code.eq_any(codes))
        .select((org_unit::code, org_unit::name))
        .load(connection)
        .await?;
    let people: Vec<(String, String)> = employee::table
        .filter(employee::employee_no.eq_any(numbers))
        .select((employee::employee_no, employee::name))
        .load(connection)
        .await?;
    Ok(Names { units: units.into_iter().collect(), people: people.into_iter().collect() })
}

fn rows(units: &[UnitWeight], above: &str, names: &Names, people: &mut Vec<PersonRow>) {
    for unit in units {
        people.push(PersonRow {
            unit: unit.unit.clone(),
            above: above.to_owned(),
            employee_no: None,
            name: names.units.get(&unit.unit).cloned().unwrap_or_default(),
            weight: unit.weight,
        });
        rows(&unit.units, &unit.unit, names, people);
        people.extend(unit.members.iter().map(|member| PersonRow {
            unit: unit.unit.clone(),
            above: above.to_owned(),
            name: names.people.get(&member.employee_no).cloned().unwrap_or_default(),
            employee_no: Some(member.employee_no.clone()),
            weight: member.weight,
        }));
    }
}

#[cfg(test)]
mod tests;
