//! A plan as a workbook: exported to be edited, and taken in again with the differences shown first.

pub mod http;
pub mod sheet;
pub mod template;
mod word;

use std::collections::{BTreeSet, HashMap};

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use self::sheet::{CellChange, PlanSheet, ReadSheet, SheetFault, SheetLine, SheetRow, SheetTask, SheetTree};
use crate::auth::Context;
use crate::db::sql;
use crate::http::etag::Seen;
use crate::http::{Code, FieldError, Problem};
use crate::ledger::metric::Catalogue;
use crate::org::UnitKind;
use crate::plan::split::split_tree::{Holds, PinnedCell};
use crate::plan::split::tree::{Place, Rows, Tree};
use crate::plan::split::whole_plan::{Line, Outcome, WholePlan};
use crate::plan::versions::governed;
use crate::plan::versions::pins;
use crate::plan::versions::rows;
use crate::plan::versions::store::{Version, change_draft, find, kept, lock, version};
use crate::plan::versions::version::{Plan, Step};
use crate::plan::{viewer, withheld};
use crate::said::{Language, Said, say};

/// A cell of a workbook that was edited, or a cell that moves because of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SheetChange {
    /// The line.
    pub metric: String,
    /// The tree.
    pub tree: Tree,
    /// Its place, for example `JC/G1/A01`.
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
    /// Whether it was a dry run, which changes nothing.
    pub dry_run: bool,
    /// The cells that were edited: they are pinned.
    pub edited: Vec<SheetChange>,
    /// The cells that are split again around them.
    pub moved: Vec<SheetChange>,
    /// The plan's ETag afterwards.
    pub row_version: i32,
}

#[derive(QueryableByName)]
struct NameRow {
    #[diesel(sql_type = Text)]
    tree: Tree,
    #[diesel(sql_type = Integer)]
    ordinal: i32,
    #[diesel(sql_type = Bool)]
    is_person: bool,
    #[diesel(sql_type = Nullable<Text>)]
    kind: Option<UnitKind>,
    #[diesel(sql_type = Text)]
    name: String,
}

/// What a node is called, and what it is.
type Names = HashMap<(Tree, usize), (String, String)>;

async fn names(connection: &mut AsyncPgConnection, id: i64, language: Language) -> Result<Names, Problem> {
    let rows: Vec<NameRow> = sql(
        "SELECT n.tree, n.ordinal, n.employee_id IS NOT NULL AS is_person, u.kind,
             coalesce(e.name, u.name, CASE WHEN $2 THEN label.en ELSE label.zh END, n.label) AS name
         FROM plan_node n LEFT JOIN org_unit u ON u.id = n.unit_id LEFT JOIN employee e ON e.id = n.employee_id
         LEFT JOIN plan_label label ON label.tree = n.tree AND label.code = n.label
         WHERE n.plan_id = $1",
    )
    .bind::<BigInt, _>(id)
    .bind::<Bool, _>(language == Language::English)
    .load(connection)
    .await?;
    let mut names = Names::new();
    for row in rows {
        let (zh, en) = match (row.is_person, row.kind) {
            (true, _) => ("人", "person"),
            (false, Some(kind)) => (kind.label(), kind.name()),
            (false, None) => (row.tree.label(), row.tree.name()),
        };
        let kind = if language == Language::English { en } else { zh };
        let at = usize::try_from(row.ordinal).map_err(|error| Problem::internal(&error))?;
        names.insert((row.tree, at), (row.name, kind.to_owned()));
    }
    Ok(names)
}

/// The plan as a workbook, people where everybody is seen, and its file's name.
///
/// # Errors
///
/// Not found where the plan is not seen as a whole; forbidden where months of it are withheld.
pub async fn export(cx: &mut Context, catalogue: &Catalogue, id: i64) -> Result<(String, Vec<u8>), Problem> {
    let (plan, sheet) = cx
        .snapshot(async |cx| {
            let plan = find(cx, id).await?;
            let people = viewer::sees_people(cx, id).await?;
            withheld::require_all(cx, id).await?;
            let version = version(cx.db(), id).await?;
            let whole = rows::load_whole_plan(cx.db(), &version).await?;
            let language = cx.language;
            let names = names(cx.db(), id, language).await?;
            let now = Now::of(cx, &version, &whole).await?;
            let sheet = sheet_of(&plan, &now, &names, catalogue, (people, language));
            Ok((plan, sheet))
        })
        .await?;
    let bytes = tokio::task::spawn_blocking(move || sheet::write(&sheet))
        .await
        .map_err(|error| Problem::internal(&error))?
        .map_err(Problem::conflict)?;
    Ok((format!("plan-{}-{}-v{}.xlsx", plan.unit, plan.year, plan.version), bytes))
}

/// A version as it is, and what of it may still be changed.
struct Now<'a> {
    whole: &'a WholePlan,
    /// How many months from January on nobody may change any more: they are closed, locked, or have ended.
    held: usize,
    /// Whether the rest of its year was planned again.
    is_replanned: bool,
}

impl<'a> Now<'a> {
    async fn of(cx: &mut Context, plan: &Version, whole: &'a WholePlan) -> Result<Self, Problem> {
        let this_month = viewer::month(cx);
        let held = governed::held_months(cx.db(), (plan.unit_id, plan.year, this_month)).await?;
        let is_replanned = plan.split.replanned.is_some();
        Ok(Self { whole, held: held.max(whole.closed), is_replanned })
    }
}

fn sheet_of(
    plan: &Plan,
    now: &Now<'_>,
    names: &Names,
    catalogue: &Catalogue,
    (people, language): (bool, Language),
) -> PlanSheet {
    let whole = now.whole;
    let lines = whole.lines.iter().map(|line| {
        let tree = |tree: Tree| SheetTree { tree, rows: rows_of(now, line, tree, names, people) };
        let metric = catalogue.find(&line.metric).and_then(|metric| catalogue.get(metric));
        let name = metric.map(|metric| if language == Language::English { &metric.en } else { &metric.zh });
        let months = line.cells.organisation.confirmed.as_slice().first();
        SheetLine {
            metric: line.metric.clone(),
            name: name.unwrap_or(&line.metric).clone(),
            is_amount: line.is_amount,
            task: SheetTask {
                total: line.total,
                closed: whole.closed,
                results: line.closed_total,
                is_replanned: now.is_replanned,
                targets: months.map_or(0, |months| months.iter().sum()),
                remaining: line.total.saturating_sub(line.closed_total).max(0),
                floor: line.floor_total,
                stretch: line.stretch_total,
            },
            trees: Tree::ALL.iter().copied().map(tree).filter(|tree| !tree.rows.is_empty()).collect(),
        }
    });
    PlanSheet {
        language,
        title: TITLE.in_language(language).to_owned(),
        unit: names.get(&(Tree::Organisation, 0)).map_or_else(|| plan.unit.clone(), |(name, _)| name.clone()),
        year: plan.year,
        version: plan.version,
        plan_id: plan.id,
        row_version: plan.row_version,
        lines: lines.collect(),
    }
}

/// What stands at the top of every worksheet.
const TITLE: Said = Said::fixed("年度销售计划分解", "Annual sales plan");

/// The rows of a tree, each node before those below it.
fn rows_of(now: &Now<'_>, line: &Line, tree: Tree, names: &Names, people: bool) -> Vec<SheetRow> {
    let whole = now.whole;
    let (shape, cells) = (whole.shapes.of(tree), line.cells.of(tree));
    // A tree of channels or series without any has nothing but the root, which stands in the organisation.
    if tree != Tree::Organisation && shape.len() < 2 {
        return Vec::new();
    }
    let pins = whole.pins.get(&line.number).map_or(&[][..], Vec::as_slice);
    let own: Vec<PinnedCell> = pins.iter().filter(|pin| pin.tree == tree).copied().collect();
    let holds = Holds::of(shape, &own);
    let level = |rows: &Option<Rows>, at: usize| rows.as_ref().and_then(|rows| rows.get(at)).copied();
    let mut rows = Vec::new();
    let mut waiting = vec![0];
    while let Some(at) = waiting.pop() {
        waiting.extend(shape.children(at).iter().rev());
        let Some(node) = shape.node(at) else { continue };
        if matches!(node.place, Place::Person { .. }) && !people {
            continue;
        }
        let mut pinned = [false; 12];
        for (month, slot) in pinned.iter_mut().enumerate() {
            *slot = holds.of_cell(at, month).pinned.is_some();
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
            floor: level(&cells.floor, at),
            stretch: level(&cells.stretch, at),
            pinned,
            closed: now.held,
        });
    }
    rows
}

/// Reads an edited workbook, away from the threads that answer.
///
/// # Errors
///
/// Every cell at fault, with worksheet, row and column.
pub async fn read(file: Vec<u8>) -> Result<ReadSheet, Problem> {
    tokio::task::spawn_blocking(move || sheet::read(&file))
        .await
        .map_err(|error| Problem::internal(&error))?
        .map_err(faults)
}

/// Takes in a workbook that was exported from the draft `id` and edited: the edited cells are pinned, and what depends on
/// them is split around them. With `dry_run` nothing is kept, and the answer says what would be.
///
/// # Errors
///
/// Every cell at fault, with worksheet, row and column; the cells that do not fit; precondition failed where the plan was
/// changed after the export; a conflict where it is not a draft.
pub async fn import(
    cx: &mut Context,
    catalogue: &Catalogue,
    id: i64,
    read: ReadSheet,
    dry_run: bool,
) -> Result<SheetReport, Problem> {
    viewer::require_plan(cx, id).await?;
    cx.transaction(async |cx| {
        let plan = lock(cx.db(), id).await?;
        if read.plan_id == id && read.row_version != plan.row_version {
            let detail = say!(
                "工作簿导出之后计划已被修改：请重新导出，再改一遍",
                "the plan was changed after the workbook was exported: export it again, then repeat the edits"
            );
            return Err(Problem::new(Code::PreconditionFailed, detail));
        }
        plan.status.after(Step::Change)?;
        let heading = kept(cx.db(), id).await?;
        let mut whole = rows::load_whole_plan(cx.db(), &plan).await?;
        let language = cx.language;
        let names = names(cx.db(), id, language).await?;
        let now = Now::of(cx, &plan, &whole).await?;
        let held = now.held;
        let sheet = sheet_of(&heading, &now, &names, catalogue, (true, language));
        let changes = sheet::differences(&sheet, &read).map_err(faults)?;
        let former = whole.pins.clone();
        let changes = of_the_year(changes)?;
        let touched = pin(&mut whole, &changes);
        let mut report =
            SheetReport { dry_run, edited: Vec::new(), moved: Vec::new(), row_version: plan.row_version };
        if touched.is_empty() {
            return Ok(report);
        }
        let before = whole.lines.clone();
        if dry_run {
            let Outcome { changed, .. } = pins::split_around(&mut whole, &former, plan.year)?;
            pins::require_past(&whole, &before, &changed, held)?;
        } else {
            let seen = Seen::Version(plan.row_version);
            let changed = change_draft(cx, id, seen, "import_plan_sheet", async |cx, plan| {
                let Outcome { changed, .. } = pins::split_around(&mut whole, &former, plan.year)?;
                pins::require_past(&whole, &before, &changed, held)?;
                rows::update_cells(cx.db(), plan.id, &whole, &changed, |_, at| at).await?;
                rows::write_pins(cx, plan.id, &whole, &touched, |_, at| at).await?;
                Ok(json!({ "edited": touched.len() }))
            });
            report.row_version = changed.await?.row_version;
        }
        compare(&before, &whole, &names, &touched, &mut report);
        Ok(report)
    })
    .await
}

/// The edits, where the total of the channels or series is the organisation's: they share it.
///
/// # Errors
///
/// Totals that two worksheets want to be different.
fn of_the_year(changes: Vec<CellChange>) -> Result<Vec<CellChange>, Problem> {
    let mut totals: HashMap<(String, u32), (i64, Tree)> = HashMap::new();
    let mut faults = Vec::new();
    let mut kept = Vec::with_capacity(changes.len());
    for change in changes {
        // Only the total has nothing above it.
        let is_total = change.parent.is_empty() && change.is_top;
        if !is_total {
            kept.push(change);
            continue;
        }
        let first = totals.insert((change.metric.clone(), change.month), (change.to, change.tree));
        match first {
            Some((to, tree)) if to != change.to => {
                let CellChange { month, tree: other, to: others, .. } = &change;
                let message = Said::both(
                    format!(
                        "{month}月的合计在“{}”表改成了 {to}，在“{}”表改成了 {others}：几张表共用同一个合计，请改成一样的",
                        tree.label(),
                        other.label()
                    ),
                    format!(
                        "the total of month {month} was changed to {to} in the worksheet of {tree} and to {others} in that of \
                         {other}: they share it, so change it alike"
                    ),
                );
                faults.push(FieldError::new(format!("{} {}月", change.metric, change.month), message));
            }
            Some(_) => {}
            None => kept.push(CellChange { tree: Tree::Organisation, ..change }),
        }
    }
    if faults.is_empty() { Ok(kept) } else { Err(Problem::fields(faults)) }
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
    before: &[Line],
    whole: &WholePlan,
    names: &Names,
    touched: &BTreeSet<pins::Cell>,
    report: &mut SheetReport,
) {
    for (line, was) in whole.lines.iter().zip(before) {
        for &tree in Tree::ALL {
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
        FieldError::new(field, fault.said())
    };
    Problem::fields(faults.into_iter().map(field).collect())
}
