//! A plan as a workbook: exported to be edited, and taken in again with the differences shown first.

pub mod http;
pub mod sheet;

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use self::sheet::{CellChange, PlanSheet, SheetFault, SheetLine, SheetRow, SheetTree};
use crate::auth::audit;
use crate::db::schema::annual_plan;
use crate::http::problem::FieldError;
use crate::http::{Code, Problem};
use crate::ledger::metric::Catalogue;
use crate::org::UnitKind;
use crate::plan::split::split_tree::PinnedCell;
use crate::plan::split::tree::{Place, Tree};
use crate::plan::split::whole_plan::{Scope, WholePlan};
use crate::plan::versions::pins;
use crate::plan::versions::rows::{self, known_tree};
use crate::plan::versions::store::{find, lock, subject};
use crate::plan::versions::version::{Plan, Step};
use crate::plan::viewer::{self, Viewer};

/// A cell of a workbook that was edited, or a cell that moves because of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SheetChange {
    /// The line.
    pub metric: String,
    /// The tree.
    pub tree: Tree,
    /// Where it stands, for example `JC/G1/A01`.
    pub path: String,
    /// What it is called.
    pub name: String,
    /// The month, 1 to 12.
    pub month: u32,
    /// Before, in units of the metric or cents.
    pub from: i64,
    /// After.
    pub to: i64,
}

/// What a workbook changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SheetReport {
    /// Whether nothing was kept.
    pub dry_run: bool,
    /// The cells that were edited: they are pinned.
    pub edited: Vec<SheetChange>,
    /// The cells that are split anew around them.
    pub moved: Vec<SheetChange>,
    /// The plan's ETag afterwards.
    pub row_version: i32,
}

#[derive(QueryableByName)]
struct NameRow {
    #[diesel(sql_type = Text)]
    tree: String,
    #[diesel(sql_type = Integer)]
    ordinal: i32,
    #[diesel(sql_type = Bool)]
    is_person: bool,
    #[diesel(sql_type = Nullable<Text>)]
    kind: Option<String>,
    #[diesel(sql_type = Text)]
    name: String,
}

/// What a node is called, and what it is.
type Names = HashMap<(Tree, usize), (String, String)>;

async fn names(connection: &mut AsyncPgConnection, id: i64) -> Result<Names, Problem> {
    let rows: Vec<NameRow> = diesel::sql_query(
        "SELECT n.tree, n.ordinal, n.employee_id IS NOT NULL AS is_person, u.kind,
             coalesce(e.name, u.name, label.zh, n.label) AS name
         FROM plan_node n LEFT JOIN org_unit u ON u.id = n.unit_id LEFT JOIN employee e ON e.id = n.employee_id
         LEFT JOIN plan_label label ON label.tree = n.tree AND label.code = n.label
         WHERE n.plan_id = $1",
    )
    .bind::<BigInt, _>(id)
    .load(connection)
    .await?;
    let mut names = Names::new();
    for row in rows {
        let tree = known_tree(&row.tree)?;
        let kind = match (row.is_person, row.kind.as_deref().and_then(UnitKind::named)) {
            (true, _) => "人",
            (false, Some(kind)) => kind.label(),
            (false, None) => tree.zh(),
        };
        let at = usize::try_from(row.ordinal).map_err(|error| Problem::internal(&error))?;
        names.insert((tree, at), (row.name, kind.to_owned()));
    }
    Ok(names)
}

/// The plan as a workbook, people as far as the viewer sees names, and its file's name.
///
/// # Errors
///
/// Not found where the viewer does not see the plan as a whole.
pub async fn export(
    connection: &mut AsyncPgConnection,
    catalogue: &Catalogue,
    viewer: &Viewer,
    id: i64,
) -> Result<(String, Vec<u8>), Problem> {
    let plan = find(connection, viewer, id).await?;
    let people = viewer::sees_people(connection, viewer, id).await?;
    let split: serde_json::Value =
        annual_plan::table.find(id).select(annual_plan::split).first(connection).await?;
    let split = crate::plan::versions::store::from_json(split)?;
    let whole = rows::load_whole_plan(connection, id, plan.closed_months, &split).await?;
    let names = names(connection, id).await?;
    let sheet = sheet_of(&plan, &whole, &names, catalogue, people);
    let bytes = tokio::task::spawn_blocking(move || sheet::write(&sheet))
        .await
        .map_err(|error| Problem::internal(&error))?
        .map_err(|error| Problem::conflict(error.to_string()))?;
    Ok((format!("plan-{}-{}-v{}.xlsx", plan.unit, plan.year, plan.version), bytes))
}

fn sheet_of(plan: &Plan, whole: &WholePlan, names: &Names, catalogue: &Catalogue, people: bool) -> PlanSheet {
    let lines = whole.lines.iter().map(|line| {
        let tree = |tree: Tree| SheetTree { tree, rows: rows_of(whole, line, tree, names, people) };
        let metric = catalogue.find(&line.metric).and_then(|metric| catalogue.get(metric));
        SheetLine {
            metric: line.metric.clone(),
            name: metric.map_or_else(|| line.metric.clone(), |metric| metric.zh.clone()),
            is_amount: line.is_amount,
            trees: Tree::ALL.map(tree).into_iter().filter(|tree| !tree.rows.is_empty()).collect(),
        }
    });
    PlanSheet {
        title: "年度销售计划分解".to_owned(),
        unit: names.get(&(Tree::Organisation, 0)).map_or_else(|| plan.unit.clone(), |(name, _)| name.clone()),
        year: plan.year,
        version: plan.version,
        plan_id: plan.id,
        row_version: plan.row_version,
        lines: lines.collect(),
    }
}

/// The rows of a tree, each node before those below it.
fn rows_of(
    whole: &WholePlan,
    line: &crate::plan::split::whole_plan::Line,
    tree: Tree,
    names: &Names,
    people: bool,
) -> Vec<SheetRow> {
    let (shape, cells) = (whole.shapes.of(tree), line.cells.of(tree));
    // A tree of channels or series without any has nothing but the root, which stands in the organisation.
    if tree != Tree::Organisation && shape.len() < 2 {
        return Vec::new();
    }
    let pins = whole.pins.get(&line.number).map_or(&[][..], Vec::as_slice);
    let mut rows = Vec::new();
    let mut waiting = vec![0];
    while let Some(at) = waiting.pop() {
        waiting.extend(shape.children(at).iter().rev());
        let Some(node) = shape.node(at) else { continue };
        if matches!(node.place, Place::Person { .. }) && !people {
            continue;
        }
        let mut pinned = [false; 12];
        for pin in pins.iter().filter(|pin| (pin.tree, pin.node) == (tree, at)) {
            if let Some(slot) = pinned.get_mut(pin.month) {
                *slot = true;
            }
        }
        let (name, kind) = names.get(&(tree, at)).cloned().unwrap_or_default();
        rows.push(SheetRow {
            depth: shape.above(at).count(),
            kind,
            code: node.code.clone(),
            parent: node
                .parent
                .and_then(|parent| shape.node(parent))
                .map_or_else(String::new, |above| above.code.clone()),
            name,
            suggested: cells.suggested.get(at).copied().unwrap_or_default(),
            confirmed: cells.confirmed.get(at).copied().unwrap_or_default(),
            pinned,
            closed: whole.closed,
        });
    }
    rows
}

/// Takes in a workbook that was exported from the draft `id` and edited: the edited cells are pinned, and what depends on
/// them is split around them. With `dry_run` nothing is kept, and the answer says what would be.
///
/// # Errors
///
/// Every cell at fault, with worksheet, row and column; the cells that do not fit; precondition failed where the plan was
/// changed after the export; a conflict where it is not a draft.
pub async fn import(
    connection: &mut AsyncPgConnection,
    catalogue: &Catalogue,
    id: i64,
    file: Vec<u8>,
    dry_run: bool,
    by: Option<i64>,
    now: DateTime<Utc>,
) -> Result<SheetReport, Problem> {
    let read = tokio::task::spawn_blocking(move || sheet::read(&file))
        .await
        .map_err(|error| Problem::internal(&error))?
        .map_err(faults)?;
    connection
        .transaction(async |connection| {
            let mut plan = lock(connection, id).await?;
            if read.plan_id == id && read.row_version != plan.row_version {
                let detail = "the plan was changed after the workbook was exported: export it again, then repeat the edits";
                return Err(Problem::new(Code::PreconditionFailed, detail));
            }
            plan.status = plan.status.after(Step::Change)?;
            let heading = find(connection, &Viewer::program(), id).await?;
            let mut whole = rows::load_whole_plan(connection, id, plan.closed_months, &plan.split).await?;
            let names = names(connection, id).await?;
            let sheet = sheet_of(&heading, &whole, &names, catalogue, true);
            let changes = sheet::differences(&sheet, &read).map_err(faults)?;
            let touched = pin(&mut whole, &changes);
            let mut report =
                SheetReport { dry_run, edited: Vec::new(), moved: Vec::new(), row_version: plan.row_version };
            if touched.is_empty() {
                return Ok(report);
            }
            let before = whole.lines.clone();
            if dry_run {
                let nodes = touched.iter().map(|(_, tree, node, _)| (*tree, *node)).collect();
                if let Err(refusal) = whole.split(Scope::Pins(&nodes)) {
                    return Err(pins::problem(&refusal, &whole, plan.year));
                }
            } else {
                pins::apply(connection, &mut plan, &mut whole, &touched, by, now).await?;
                let detail = json!({ "edited": touched.len() });
                audit::record(connection, now, by, "import_plan_sheet", &subject(id), detail).await?;
                report.row_version += 1;
            }
            compare(&before, &whole, &names, &touched, &mut report);
            Ok(report)
        })
        .await
}

/// Pins the edited cells; the answer is where they are.
fn pin(whole: &mut WholePlan, changes: &[CellChange]) -> BTreeSet<pins::Cell> {
    let mut touched = BTreeSet::new();
    for change in changes {
        let shape = whole.shapes.of(change.tree);
        let is_meant = |at: &usize| {
            let above = shape.node(*at).and_then(|node| node.parent).and_then(|parent| shape.node(parent));
            shape.node(*at).is_some_and(|node| node.code == change.code)
                && above.map_or("", |above| above.code.as_str()) == change.parent
        };
        let line = whole.lines.iter().find(|line| line.metric == change.metric).map(|line| line.number);
        let month = usize::try_from(change.month).unwrap_or(1).saturating_sub(1);
        let Some((line, node)) = line.zip((0..shape.len()).find(is_meant)) else { continue };
        let pins = whole.pins.entry(line).or_default();
        pins.retain(|pin| (pin.tree, pin.node, pin.month) != (change.tree, node, month));
        pins.push(PinnedCell { tree: change.tree, node, month, value: change.to });
        touched.insert((line, change.tree, node, month));
    }
    touched
}

/// Which cells are different, edited ones apart from the others.
fn compare(
    before: &[crate::plan::split::whole_plan::Line],
    whole: &WholePlan,
    names: &Names,
    touched: &BTreeSet<pins::Cell>,
    report: &mut SheetReport,
) {
    for (line, was) in whole.lines.iter().zip(before) {
        for tree in Tree::ALL {
            let shape = whole.shapes.of(tree);
            let (now, then) = (&line.cells.of(tree).confirmed, &was.cells.of(tree).confirmed);
            // The roots of channels and series are the organisation's.
            for (at, (now, then)) in
                now.iter().zip(then).enumerate().skip(usize::from(tree != Tree::Organisation))
            {
                for (month, (to, from)) in
                    now.iter().zip(then).enumerate().filter(|(_, (to, from))| to != from)
                {
                    let change = SheetChange {
                        metric: line.metric.clone(),
                        tree,
                        path: shape.path(at),
                        name: names.get(&(tree, at)).map(|(name, _)| name.clone()).unwrap_or_default(),
                        month: u32::try_from(month).unwrap_or(0) + 1,
                        from: *from,
                        to: *to,
                    };
                    match touched.contains(&(line.number, tree, at, month)) {
                        true => report.edited.push(change),
                        false => report.moved.push(change),
                    }
                }
            }
        }
    }
}

/// Faults of a workbook as fields: worksheet, row and column.
fn faults(faults: Vec<SheetFault>) -> Problem {
    let field = |fault: SheetFault| {
        let place = [fault.worksheet.clone(), fault.row.map(|row| row.to_string()), fault.column.clone()];
        let place: Vec<String> = place.into_iter().flatten().collect();
        let field = if place.is_empty() { "file".to_owned() } else { place.join(" ") };
        FieldError { field, message: fault.to_string() }
    };
    Problem::fields(faults.into_iter().map(field).collect())
}
