//! A plan as it is read: its heading, its lines, and every month of its trees in one of them.

use std::collections::HashMap;

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Date, Integer, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::auth::Context;
use crate::db::sql;
use crate::http::Problem;
use crate::period::Period;
use crate::plan::split::history::UsedYear;
use crate::plan::split::method::Method;
use crate::plan::split::new_plan::Pin;
use crate::plan::split::settings::Replanned;
use crate::plan::split::tree::Tree;
use crate::plan::split::whole_plan::Line;
use crate::plan::versions::rows::{self, months};
use crate::plan::versions::store;
use crate::plan::versions::version::Plan;
use crate::plan::viewer::{self, Reach, shown};
use crate::plan::withheld;

/// A plan with the months of one of its lines, January first, in units of the metric or cents. Every node's months are
/// the sum of those below it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PlanDocument {
    /// The heading. Its `year` is here the `calendar_year`: as of every node, `year` is the sum of the months.
    #[serde(flatten, serialize_with = "without_year")]
    #[schema(inline, value_type = PlanHeading)]
    pub plan: Plan,
    /// The calendar year.
    #[schema(example = 2014)]
    pub calendar_year: i32,
    /// What the approver wrote when returning it.
    pub note: Option<String>,
    /// Where the weights come from; null where months are withheld that it gives, and where it names people's leave and the reader does
    /// not see everybody.
    pub method: Option<Method>,
    /// What was known of the years by whose results the plan was weighed; empty if it was not.
    pub history: Vec<UsedYear>,
    /// What the closed months were counted at when the rest of the year was planned again; null if it was not. Without
    /// `results` where months are withheld.
    pub replanned: Option<Replanned>,
    /// The first month that is withheld, with those after it and the sums that they are in: the rest of the year was planned
    /// again by what few people had brought, whom the reader is not to know. Null where nothing is.
    #[schema(value_type = Option<String>, example = "2014-04")]
    pub withheld_from: Option<Period>,
    /// The months' weights, as the author gave them.
    pub season: Vec<i64>,
    /// What is planned, the first line first.
    pub lines: Vec<PlanLine>,
    /// The line whose cells are shown.
    pub shown: String,
    /// The months of the whole plan.
    #[serde(flatten)]
    pub cells: NodeCells,
    /// The units that share them.
    pub units: Vec<UnitMonths>,
    /// The channels that share them.
    pub channels: Vec<LabelMonths>,
    /// The series that share them.
    pub series: Vec<LabelMonths>,
    /// The shown line's pinned cells; those of people as far as the reader reaches them.
    pub pins: Vec<Pin>,
}

/// The schema of a plan's heading without its calendar year, see [`without_year`].
struct PlanHeading;

impl PartialSchema for PlanHeading {
    fn schema() -> RefOr<Schema> {
        let mut schema = Plan::schema();
        if let RefOr::T(Schema::Object(heading)) = &mut schema {
            heading.properties.remove("year");
            heading.required.retain(|name| name != "year");
        }
        schema
    }
}

impl ToSchema for PlanHeading {}

/// A heading beside the months of the whole plan, which say `year` themselves.
fn without_year<S: Serializer>(plan: &Plan, serializer: S) -> Result<S::Ok, S::Error> {
    let mut heading = serde_json::to_value(plan).map_err(S::Error::custom)?;
    if let Some(fields) = heading.as_object_mut() {
        fields.remove("year");
    }
    heading.serialize(serializer)
}

/// A line of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlanLine {
    /// What is planned.
    pub metric: String,
    /// Whether its numbers are cents.
    pub is_amount: bool,
    /// 任务: the year's task.
    pub total: i64,
    /// 保底, where there is one.
    pub floor: Option<i64>,
    /// 挑战, where there is one.
    pub stretch: Option<i64>,
    /// 渗透率 from which the total is derived, as text; null if the total was given.
    pub penetration: Option<String>,
    /// 单车产值 in cents, of a derived amount.
    pub value_per_unit: Option<i64>,
    /// 已完成: what the closed months count for, which is what they have brought, or what was planned for them where the rest
    /// of the year was not planned again. Null where months are withheld.
    pub closed_total: Option<i64>,
    /// 剩余: what the months after them share: total − closed_total, at least 0. Null likewise.
    pub remaining: Option<i64>,
    /// 目标合计: the sum of the twelve months' targets. After a re-plan the closed months keep theirs, so that it is the total
    /// and what the closed months fell short of. Null likewise.
    pub targets: Option<i64>,
}

/// The cells of one node. Months that are withheld are null, and so are the sums that they are in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct NodeCells {
    /// 确定值: what counts, January first.
    pub months: [Option<i64>; 12],
    /// The sums of January to March, and so on.
    pub quarters: [Option<i64>; 4],
    /// The sum of the months.
    pub year: Option<i64>,
    /// 建议值: what the weights give, before anything was pinned.
    pub suggested: [Option<i64>; 12],
    /// 保底, where there is one.
    pub floor: Option<[Option<i64>; 12]>,
    /// 挑战, where there is one.
    pub stretch: Option<[Option<i64>; 12]>,
}

/// A unit's months.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UnitMonths {
    /// Code of the unit.
    pub unit: String,
    /// Its name.
    pub name: String,
    /// The months that count, and those suggested.
    #[serde(flatten)]
    pub cells: NodeCells,
    /// The units that share them.
    #[schema(no_recursion)]
    pub units: Vec<UnitMonths>,
    /// The people who share them, as far as the reader reaches.
    pub members: Vec<PersonMonths>,
}

/// A person's months in a unit.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PersonMonths {
    /// 工号
    pub employee_no: String,
    /// 姓名
    pub name: String,
    /// The sum of the months shown.
    pub year: i64,
    /// The months; null if the reader does not reach the person.
    pub months: [Option<i64>; 12],
    /// 建议值, likewise.
    pub suggested: [Option<i64>; 12],
    /// 保底, likewise; null where there is none.
    pub floor: Option<[Option<i64>; 12]>,
    /// 挑战, likewise.
    pub stretch: Option<[Option<i64>; 12]>,
}

/// A channel's or a series' months.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LabelMonths {
    /// Its code.
    pub code: String,
    /// Its Chinese name.
    pub name: String,
    /// The months that count, and those suggested.
    #[serde(flatten)]
    pub cells: NodeCells,
}

#[derive(QueryableByName)]
struct NodeRow {
    #[diesel(sql_type = Text)]
    tree: Tree,
    #[diesel(sql_type = Integer)]
    ordinal: i32,
    #[diesel(sql_type = Nullable<Integer>)]
    parent: Option<i32>,
    #[diesel(sql_type = Nullable<BigInt>)]
    unit_id: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    employee_id: Option<i64>,
    #[diesel(sql_type = Text)]
    code: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Array<BigInt>)]
    suggested: Vec<i64>,
    #[diesel(sql_type = Array<BigInt>)]
    confirmed: Vec<i64>,
    #[diesel(sql_type = Nullable<Array<BigInt>>)]
    floor: Option<Vec<i64>>,
    #[diesel(sql_type = Nullable<Array<BigInt>>)]
    stretch: Option<Vec<i64>>,
}

impl NodeRow {
    /// The cells of a unit or a label, without the months that are withheld.
    fn cells(&self, withheld_from: Option<Period>) -> NodeCells {
        let shown = |cells: &[i64]| withheld::shown(months(cells), withheld_from);
        let confirmed = shown(&self.confirmed);
        let mut quarters = [None; 4];
        for (quarter, cells) in quarters.iter_mut().zip(confirmed.chunks(3)) {
            *quarter = cells.iter().copied().sum();
        }
        NodeCells {
            months: confirmed,
            quarters,
            year: confirmed.iter().copied().sum(),
            suggested: shown(&self.suggested),
            floor: self.floor.as_deref().map(shown),
            stretch: self.stretch.as_deref().map(shown),
        }
    }

    /// The cells of a person, in the months in which the person is reached.
    fn of_person(self, reached: &[bool; 12]) -> PersonMonths {
        let seen = |cells: &[i64]| shown(months(cells).map(Some), reached);
        let confirmed = seen(&self.confirmed);
        PersonMonths {
            year: confirmed.iter().flatten().sum(),
            months: confirmed,
            suggested: seen(&self.suggested),
            floor: self.floor.as_deref().map(seen),
            stretch: self.stretch.as_deref().map(seen),
            employee_no: self.code,
            name: self.name,
        }
    }
}

/// The plan with this id, if it is seen as a whole; the cells are those of the line `metric`, by default the first; people
/// as far as they are reached, month by month.
pub async fn read(cx: &mut Context, id: i64, metric: Option<&str>) -> Result<PlanDocument, Problem> {
    // The version and its cells at one moment: the ETag is that of what is shown.
    cx.snapshot(async |cx| at_once(cx, id, metric).await).await
}

async fn at_once(cx: &mut Context, id: i64, metric: Option<&str>) -> Result<PlanDocument, Problem> {
    let plan = store::find(cx, id).await?;
    let mut split = store::version(cx.db(), id).await?.split;
    let targets = line_targets(cx.db(), id).await?;
    let lines = rows::load_lines(cx.db(), id).await?;
    let shown = rows::meant(lines.clone(), metric)?;
    let cells: Vec<NodeRow> = sql(
        "SELECT n.tree, n.ordinal, n.parent, n.unit_id, n.employee_id,
             coalesce(e.employee_no, u.code, n.label) AS code, coalesce(e.name, u.name, label.zh, n.label) AS name,
             months_of($2, coalesce(n.suggested, n.confirmed)) AS suggested, months_of($2, n.confirmed) AS confirmed,
             CASE WHEN l.floor_total IS NOT NULL THEN months_of($2, n.floor) END AS floor,
             CASE WHEN l.stretch_total IS NOT NULL THEN months_of($2, n.stretch) END AS stretch
         FROM plan_node n JOIN plan_line l ON l.plan_id = n.plan_id AND l.line = $2
         LEFT JOIN org_unit u ON u.id = n.unit_id LEFT JOIN employee e ON e.id = n.employee_id
         LEFT JOIN plan_label label ON label.tree = n.tree AND label.code = n.label
         WHERE n.plan_id = $1 AND (n.tree = 'organisation' OR n.ordinal > 0)
         ORDER BY n.tree, n.ordinal DESC",
    )
    .bind::<BigInt, _>(id)
    .bind::<Integer, _>(shown.number)
    .load(cx.db())
    .await?;
    let people = viewer::people(cx);
    let reach = Reach::load(cx.db(), &people, plan.year).await?;
    let withheld_from = withheld::of_version(cx, id).await?;
    let sees_people = viewer::sees_people(cx, id).await?;
    let Trees { cells, units, channels, series } = Trees::of(cells, &reach, withheld_from);
    let replanned = split.replanned.take();
    Ok(PlanDocument {
        pins: pins(cx.db(), id, &shown, (&reach, withheld_from)).await?,
        // A note is free text and may name somebody.
        note: split.note.filter(|_| !people.is_empty()),
        calendar_year: plan.year,
        replanned: replanned.map(|replanned| seen(replanned, !people.is_empty(), withheld_from)),
        withheld_from,
        plan,
        method: Some(split.method).filter(|method| match method {
            Method::Manual(_) => withheld_from.is_none(),
            // Leave names people.
            Method::Capacity(capacity) => sees_people || capacity.absences.is_empty(),
            _ => true,
        }),
        history: split.history,
        season: split.season,
        shown: shown.metric,
        lines: lines.iter().map(|line| plan_line(line, &targets, withheld_from)).collect(),
        cells,
        units,
        channels,
        series,
    })
}

/// What a re-plan counted: nothing of few, and nobody's own where names are not to be learned.
fn seen(mut replanned: Replanned, sees_names: bool, withheld_from: Option<Period>) -> Replanned {
    if withheld_from.is_some() {
        replanned.results.clear();
    }
    if !sees_names {
        replanned.results.iter_mut().for_each(|results| results.missing.clear());
    }
    replanned
}

#[derive(QueryableByName)]
struct LineTargets {
    #[diesel(sql_type = Integer)]
    line: i32,
    #[diesel(sql_type = BigInt)]
    targets: i64,
}

/// The sum of the months of each line, by its number.
async fn line_targets(connection: &mut AsyncPgConnection, id: i64) -> Result<HashMap<i32, i64>, Problem> {
    let rows: Vec<LineTargets> = sql("SELECT l.line, sum(cell)::bigint AS targets
         FROM plan_line l JOIN plan_node n ON n.plan_id = l.plan_id AND n.tree = 'organisation' AND n.ordinal = 0
         CROSS JOIN LATERAL unnest(months_of(l.line, n.confirmed)) AS cell
         WHERE l.plan_id = $1 GROUP BY l.line")
    .bind::<BigInt, _>(id)
    .load(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.line, row.targets)).collect())
}

#[derive(QueryableByName)]
struct PinRow {
    #[diesel(sql_type = Text)]
    tree: Tree,
    #[diesel(sql_type = Nullable<BigInt>)]
    unit_id: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    employee_id: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    unit: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    employee_no: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    label: Option<String>,
    #[diesel(sql_type = Date)]
    period: Period,
    #[diesel(sql_type = BigInt)]
    value: i64,
}

impl PinRow {
    fn is_seen(&self, reach: &Reach, withheld_from: Option<Period>) -> bool {
        let Some((unit_id, employee_id)) = self.unit_id.zip(self.employee_id) else {
            return withheld_from.is_none_or(|from| self.period < from);
        };
        reach.person(unit_id, employee_id).get(self.period.index()).copied().unwrap_or(false)
    }
}

async fn pins(
    connection: &mut AsyncPgConnection,
    id: i64,
    line: &Line,
    (reach, withheld_from): (&Reach, Option<Period>),
) -> Result<Vec<Pin>, Problem> {
    let rows: Vec<PinRow> =
        sql("SELECT pin.tree, n.unit_id, n.employee_id, u.code AS unit, e.employee_no, n.label,
             make_date(p.year, pin.month, 1) AS period, pin.value
         FROM plan_pin pin JOIN annual_plan p ON p.id = pin.plan_id
         JOIN plan_node n ON n.plan_id = pin.plan_id AND n.tree = pin.tree AND n.ordinal = pin.ordinal
         LEFT JOIN org_unit u ON u.id = n.unit_id LEFT JOIN employee e ON e.id = n.employee_id
         WHERE pin.plan_id = $1 AND pin.line = $2 ORDER BY pin.tree, pin.ordinal, pin.month")
        .bind::<BigInt, _>(id)
        .bind::<Integer, _>(line.number)
        .load(connection)
        .await?;
    let seen = rows.into_iter().filter(|row| row.is_seen(reach, withheld_from));
    let pin = |row: PinRow| Pin {
        metric: Some(line.metric.clone()),
        unit: row.unit,
        employee_no: row.employee_no,
        channel: row.label.clone().filter(|_| row.tree == Tree::Channel),
        series: row.label.filter(|_| row.tree == Tree::Series),
        period: row.period.into(),
        value: Some(row.value),
    };
    Ok(seen.map(pin).collect())
}

fn plan_line(line: &Line, targets: &HashMap<i32, i64>, withheld_from: Option<Period>) -> PlanLine {
    let told = |value: i64| withheld_from.is_none().then_some(value);
    PlanLine {
        metric: line.metric.clone(),
        is_amount: line.is_amount,
        total: line.total,
        floor: line.floor_total,
        stretch: line.stretch_total,
        penetration: line.penetration.map(crate::decimal::plain),
        value_per_unit: line.value_per_unit,
        closed_total: told(line.closed_total),
        remaining: told(line.total.saturating_sub(line.closed_total).max(0)),
        targets: told(targets.get(&line.number).copied().unwrap_or(0)),
    }
}

/// The rows of a plan as trees.
#[derive(Default)]
struct Trees {
    cells: NodeCells,
    units: Vec<UnitMonths>,
    channels: Vec<LabelMonths>,
    series: Vec<LabelMonths>,
}

impl Trees {
    /// From rows that come children before parents, and the author's last before the first.
    fn of(rows: Vec<NodeRow>, reach: &Reach, withheld_from: Option<Period>) -> Self {
        let mut trees = Self::default();
        let mut units: HashMap<i32, Vec<UnitMonths>> = HashMap::new();
        let mut members: HashMap<i32, Vec<PersonMonths>> = HashMap::new();
        for row in rows {
            let cells = row.cells(withheld_from);
            match (row.tree, row.parent, row.unit_id.zip(row.employee_id)) {
                (Tree::Organisation, None, _) => trees.cells = cells,
                (Tree::Organisation, Some(parent), Some((unit_id, employee_id))) => {
                    let reached = reach.person(unit_id, employee_id);
                    if !reached.contains(&true) {
                        continue;
                    }
                    members.entry(parent).or_default().push(row.of_person(&reached));
                }
                (Tree::Organisation, Some(parent), None) => {
                    let mut own_units = units.remove(&row.ordinal).unwrap_or_default();
                    let mut own_members = members.remove(&row.ordinal).unwrap_or_default();
                    own_units.reverse();
                    own_members.reverse();
                    units.entry(parent).or_default().push(UnitMonths {
                        unit: row.code,
                        name: row.name,
                        cells,
                        units: own_units,
                        members: own_members,
                    });
                }
                (Tree::Channel, ..) => {
                    trees.channels.push(LabelMonths { code: row.code, name: row.name, cells })
                }
                (Tree::Series, ..) => {
                    trees.series.push(LabelMonths { code: row.code, name: row.name, cells })
                }
            }
        }
        trees.units = units.remove(&0).unwrap_or_default();
        for list in [&mut trees.channels, &mut trees.series] {
            list.reverse();
        }
        trees.units.reverse();
        trees
    }
}
