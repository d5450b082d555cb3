//! What is in force in a store or a group: who stands where in a month, and what everybody is to reach in every month of the
//! year. A store's own plan goes before a group's, so that a group's targets are the sum of its stores'.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::targets;
use crate::auth::Context;
use crate::db::schema::{employee, org_unit};
use crate::db::sql;
use crate::http::Problem;
use crate::org::UnitKind;
use crate::period::Period;
use crate::plan::actuals::known::{KnownYear, Leaf, Year};
use crate::plan::versions::rows;
use crate::plan::versions::store;

/// A unit, or a person within it.
pub(super) type Key = (i64, Option<i64>);

/// Somewhere in the organisation.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The version in which it stands; none: in no version that governs the month.
    pub plan_id: Option<i64>,
    pub depth: usize,
    pub key: Key,
    pub store_id: Option<i64>,
    pub unit: String,
    pub employee_no: Option<String>,
    pub name: String,
}

/// What is in force.
pub(super) struct InForce {
    /// The unit that was asked for.
    pub root: i64,
    pub metric: String,
    pub is_amount: bool,
    /// The places of the month, a parent before its children.
    pub places: Vec<Place>,
    /// Targets of the whole year, each month's by the version that governs it.
    pub targets: HashMap<Key, Year<i64>>,
    /// The same for those that are split no further.
    pub leaves: Vec<Leaf>,
    /// The year's tasks of the plans that govern the month, by the unit of which one plan has all of it.
    pub tasks: HashMap<i64, i64>,
    /// The stores at and below the unit.
    pub stores: Vec<i64>,
}

#[derive(QueryableByName)]
struct NodeRow {
    #[diesel(sql_type = BigInt)]
    plan_id: i64,
    #[diesel(sql_type = Integer)]
    depth: i32,
    #[diesel(sql_type = BigInt)]
    unit_id: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    employee_id: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    store_id: Option<i64>,
    #[diesel(sql_type = Text)]
    unit: String,
    #[diesel(sql_type = Nullable<Text>)]
    employee_no: Option<String>,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Bool)]
    is_leaf: bool,
    #[diesel(sql_type = Array<BigInt>)]
    confirmed: Vec<i64>,
}

impl NodeRow {
    const fn key(&self) -> Key {
        (self.unit_id, self.employee_id)
    }

    fn cell(&self, month: usize) -> i64 {
        self.confirmed.get(month).copied().unwrap_or(0)
    }

    /// The row as a place, `less` nearer to the first one.
    fn place(&self, less: i32) -> Place {
        Place {
            plan_id: Some(self.plan_id),
            depth: usize::try_from(self.depth - less).unwrap_or(0),
            key: self.key(),
            store_id: self.store_id,
            unit: self.unit.clone(),
            employee_no: self.employee_no.clone(),
            name: self.name.clone(),
        }
    }
}

/// The organisations of versions with one line's months, a parent before its children.
async fn load_nodes(
    connection: &mut AsyncPgConnection,
    plans: Vec<i64>,
    metric: &str,
) -> Result<Vec<NodeRow>, Problem> {
    let rows = sql("WITH RECURSIVE place AS (
             SELECT n.*, 0 AS depth, ARRAY[n.ordinal] AS way
             FROM plan_node n WHERE n.plan_id = ANY ($1) AND n.tree = 'organisation' AND n.ordinal = 0
             UNION ALL
             SELECT n.*, p.depth + 1, p.way || n.ordinal FROM plan_node n
             JOIN place p ON n.plan_id = p.plan_id AND n.tree = p.tree AND n.parent = p.ordinal)
         SELECT n.plan_id, n.depth, n.unit_id, n.employee_id, u.store_id, u.code AS unit, e.employee_no,
             coalesce(e.name, u.name) AS name, months_of(l.line, n.confirmed) AS confirmed,
             NOT EXISTS (SELECT FROM place below WHERE below.plan_id = n.plan_id AND below.parent = n.ordinal) AS is_leaf
         FROM place n
         JOIN plan_line l ON l.plan_id = n.plan_id AND l.metric = $2
         JOIN org_unit u ON u.id = n.unit_id LEFT JOIN employee e ON e.id = n.employee_id
         ORDER BY n.plan_id, n.way")
    .bind::<Array<BigInt>, _>(plans)
    .bind::<Text, _>(metric.to_owned())
    .load(connection)
    .await?;
    Ok(rows)
}

/// A store at or below a unit.
#[derive(Queryable, Selectable)]
#[diesel(table_name = org_unit, check_for_backend(diesel::pg::Pg))]
struct Store {
    id: i64,
    path: Vec<i64>,
}

/// Which versions govern a year below a unit.
struct Governed {
    stores: Vec<Store>,
    /// Of a group: its own plan's versions by month.
    own: [Option<i64>; 12],
    /// By store and month.
    by_store: HashMap<(i64, usize), i64>,
}

impl Governed {
    fn plans(&self) -> Vec<i64> {
        let plans = self.own.iter().flatten().chain(self.by_store.values());
        plans.copied().collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn own(&self, month: usize) -> Option<i64> {
        self.own.get(month).copied().flatten()
    }

    fn of(&self, store: i64, month: usize) -> Option<i64> {
        self.by_store.get(&(store, month)).copied()
    }

    /// Whether a version governs a node's month: a store's, or what stands above the stores.
    fn governs(&self, row: &NodeRow, month: usize) -> bool {
        let governing = match row.store_id {
            Some(store) => self.of(store, month),
            None => self.own(month),
        };
        governing == Some(row.plan_id)
    }
}

async fn governed(
    cx: &mut Context,
    (id, code, kind): (i64, &str, UnitKind),
    year: i32,
) -> Result<Governed, Problem> {
    use diesel::PgArrayExpressionMethods as _;
    let stores: Vec<Store> = org_unit::table
        .filter(org_unit::path.contains(vec![id]))
        .filter(org_unit::kind.eq(UnitKind::Store))
        .order(org_unit::code)
        .select(Store::as_select())
        .load(cx.db())
        .await?;
    let mut own = [None; 12];
    if kind == UnitKind::Group {
        let versions = store::versions_of(cx.db(), code, year).await?;
        for (slot, period) in own.iter_mut().zip(Period::months_of(year)) {
            // Of the versions in force by a month, the last approved with an effective month not after it.
            let by = versions.iter().rfind(|plan| plan.effective_from.is_some_and(|from| from <= period));
            *slot = by.map(|plan| plan.id);
        }
    }
    let ids: Vec<i64> = stores.iter().map(|store| store.id).collect();
    let by_store = targets::governing(cx.db(), &ids, Period::months_of(year)).await?;
    let by_store =
        by_store.into_iter().map(|one| ((one.store_id, one.period.index()), one.plan_id)).collect();
    Ok(Governed { stores, own, by_store })
}

/// What is in force in the unit with this code: the places of `month`, and the targets of all of its year.
///
/// # Errors
///
/// Not found where no version governs the month; a field at fault where the plan has no such line.
pub(super) async fn in_force(
    cx: &mut Context,
    code: &str,
    month: Period,
    metric: Option<&str>,
) -> Result<InForce, Problem> {
    let none = || Problem::not_found("plan");
    let found: Option<(i64, UnitKind, String)> = org_unit::table
        .filter(org_unit::code.eq(code))
        .filter(org_unit::kind.eq_any([UnitKind::Group, UnitKind::Store]))
        .select((org_unit::id, org_unit::kind, org_unit::name))
        .first(cx.db())
        .await
        .optional()?;
    let (root, kind, name) = found.ok_or_else(none)?;
    let governed = governed(cx, (root, code, kind), month.year()).await?;
    let now = month.index();
    let first = governed.stores.iter().find_map(|store| governed.of(store.id, now));
    let base = governed.own(now).or(first).ok_or_else(none)?;
    let line = rows::line(cx.db(), base, metric).await?;
    let nodes = load_nodes(cx.db(), governed.plans(), &line.metric).await?;
    let top = Place {
        plan_id: None,
        depth: 0,
        key: (root, None),
        store_id: None,
        unit: code.to_owned(),
        employee_no: None,
        name,
    };
    let places = match kind {
        UnitKind::Store => of_store(&nodes, &governed, root, now).collect(),
        _ => of_group(&nodes, &governed, top, now),
    };
    if places.is_empty() {
        return Err(none());
    }
    let tasks = tasks(cx.db(), &governed, (root, kind), now, &line.metric).await?;
    let (targets, leaves) = targets_of(&nodes, &governed, root);
    let stores = governed.stores.iter().map(|store| store.id).collect();
    Ok(InForce {
        root,
        metric: line.metric,
        is_amount: line.is_amount,
        places,
        targets,
        leaves,
        tasks,
        stores,
    })
}

/// The places of a store in the version that governs it.
fn of_store<'a>(
    nodes: &'a [NodeRow],
    governed: &Governed,
    store: i64,
    month: usize,
) -> impl Iterator<Item = Place> + 'a {
    let plan = governed.of(store, month);
    let own = nodes.iter().filter(move |row| row.store_id == Some(store) && plan == Some(row.plan_id));
    let depth = own.clone().next().map_or(0, |row| row.depth);
    own.map(move |row| row.place(depth))
}

/// The places of a group: those of its own plan, in which each store stands as the version that governs it has it.
fn of_group(nodes: &[NodeRow], governed: &Governed, top: Place, month: usize) -> Vec<Place> {
    let own = governed.own(month);
    let mut places: Vec<Place> = Vec::new();
    let mut done: BTreeSet<i64> = BTreeSet::new();
    let mut add_store = |places: &mut Vec<Place>, store: i64, depth: usize| {
        if done.insert(store) {
            let below = of_store(nodes, governed, store, month);
            places.extend(below.map(|place| Place { depth: place.depth + depth, ..place }));
        }
    };
    for row in nodes.iter().filter(|row| own == Some(row.plan_id)) {
        match row.store_id {
            Some(store) => add_store(&mut places, store, usize::try_from(row.depth).unwrap_or(0)),
            None => places.push(row.place(0)),
        }
    }
    if places.is_empty() {
        places.push(top);
    }
    for store in &governed.stores {
        add_store(&mut places, store.id, 1);
    }
    if places.len() == 1 && own.is_none() { Vec::new() } else { places }
}

/// The tasks of the year: of a store its own plan's total; of a group its own plan's if that governs every store, or the sum
/// of its stores' if it has no plan.
async fn tasks(
    connection: &mut AsyncPgConnection,
    governed: &Governed,
    (root, kind): (i64, UnitKind),
    month: usize,
    metric: &str,
) -> Result<HashMap<i64, i64>, Problem> {
    #[derive(QueryableByName)]
    struct Total {
        #[diesel(sql_type = BigInt)]
        id: i64,
        #[diesel(sql_type = BigInt)]
        unit_id: i64,
        #[diesel(sql_type = BigInt)]
        total: i64,
    }
    let totals: Vec<Total> = sql("SELECT p.id, p.unit_id, l.total FROM annual_plan p
         JOIN plan_line l ON l.plan_id = p.id AND l.metric = $2 WHERE p.id = ANY ($1)")
    .bind::<Array<BigInt>, _>(governed.plans())
    .bind::<Text, _>(metric.to_owned())
    .load(connection)
    .await?;
    let total_of = |plan: i64, unit: i64| {
        totals.iter().find(|total| total.id == plan && total.unit_id == unit).map(|total| total.total)
    };
    let stores: Vec<(i64, i64)> =
        governed.stores.iter().filter_map(|store| Some((store.id, governed.of(store.id, month)?))).collect();
    let mut tasks: HashMap<i64, i64> =
        stores.iter().filter_map(|(store, plan)| Some((*store, total_of(*plan, *store)?))).collect();
    if kind == UnitKind::Group {
        let whole = match governed.own(month) {
            Some(own) if stores.iter().all(|(_, plan)| *plan == own) => total_of(own, root),
            Some(_) => None,
            None => stores.iter().map(|(store, _)| tasks.get(store)).sum(),
        };
        tasks.extend(whole.map(|whole| (root, whole)));
    }
    Ok(tasks)
}

/// Every place's targets by the version that governs each month, and those of which nothing is split further. Above the
/// stores they are what the group's plan has, with each store that has a plan of its own as that has it.
fn targets_of(nodes: &[NodeRow], governed: &Governed, root: i64) -> (HashMap<Key, Year<i64>>, Vec<Leaf>) {
    let mut targets: HashMap<Key, Year<i64>> = HashMap::new();
    let mut leaves = Vec::new();
    let cells: HashMap<(i64, i64), &NodeRow> = nodes
        .iter()
        .filter(|row| row.employee_id.is_none())
        .map(|row| ((row.plan_id, row.unit_id), row))
        .collect();
    let mut add = |key: Key, month: usize, cell: i64| {
        if let Some(slot) = targets.entry(key).or_default().get_mut(month) {
            *slot = slot.saturating_add(cell);
        }
    };
    for month in 0..12 {
        let own = governed.own(month);
        let is_apart = |store: &&Store| governed.of(store.id, month).is_some_and(|plan| Some(plan) != own);
        let apart: Vec<&Store> = governed.stores.iter().filter(is_apart).collect();
        // A group's plan that names no store says nothing of how much is whose.
        let is_bare = |row: &NodeRow| row.store_id.is_none() && row.is_leaf && !apart.is_empty();
        for row in nodes.iter().filter(|row| governed.governs(row, month) && !is_bare(row)) {
            add(row.key(), month, row.cell(month));
            if row.is_leaf {
                let (unit_id, employee_id) = row.key();
                leaves.push(Leaf { unit_id, employee_id, month, target: row.cell(month) });
            }
        }
        for store in apart {
            let of = |plan: Option<i64>| {
                plan.and_then(|plan| cells.get(&(plan, store.id))).map_or(0, |row| row.cell(month))
            };
            let more = of(governed.of(store.id, month)).saturating_sub(of(own));
            for above in store.path.iter().filter(|above| **above != store.id) {
                let stands = own.is_some_and(|own| cells.contains_key(&(own, *above)));
                if stands || *above == root {
                    add((*above, None), month, more);
                }
            }
        }
    }
    (targets, leaves)
}

/// Adds the places that have targets in another month of the year, or people who have brought something so far, and that no
/// version which governs the month has: somebody who was transferred without a re-split, a team that is no more. So what is below a unit
/// adds up to it.
pub(super) async fn add_unplanned(
    connection: &mut AsyncPgConnection,
    in_force: &mut InForce,
    known: &KnownYear,
    last: usize,
) -> Result<(), Problem> {
    let here: BTreeSet<Key> = in_force.places.iter().map(|place| place.key).collect();
    let planned = in_force.targets.iter().filter(|(_, months)| months.iter().any(|cell| *cell > 0));
    let mut missing: BTreeSet<Key> = planned.map(|(key, _)| *key).collect();
    for month in 0..=last {
        let brought = known.brought(&in_force.metric, month).filter(|(_, person, _)| *person > 0);
        missing.extend(brought.map(|(unit, person, _)| (unit, Some(person))));
    }
    missing.retain(|key| !here.contains(key) && known.paths().contains_key(&key.0));
    if missing.is_empty() {
        return Ok(());
    }
    let units: Vec<i64> = missing.iter().map(|(unit, _)| *unit).collect();
    let units: Vec<(i64, String, String, Option<i64>)> = org_unit::table
        .filter(org_unit::id.eq_any(units))
        .select((org_unit::id, org_unit::code, org_unit::name, org_unit::store_id))
        .load(connection)
        .await?;
    let units: BTreeMap<i64, (String, String, Option<i64>)> =
        units.into_iter().map(|(id, code, name, store)| (id, (code, name, store))).collect();
    let people: Vec<i64> = missing.iter().filter_map(|(_, person)| *person).collect();
    let people: Vec<(i64, String, String)> = employee::table
        .filter(employee::id.eq_any(people))
        .select((employee::id, employee::employee_no, employee::name))
        .load(connection)
        .await?;
    let people: BTreeMap<i64, (String, String)> =
        people.into_iter().map(|(id, number, name)| (id, (number, name))).collect();
    // Units before people, and those further up before those below them.
    let mut missing: Vec<Key> = missing.into_iter().collect();
    let path = |unit: i64| known.paths().get(&unit).map_or(&[][..], Vec::as_slice);
    missing.sort_by_key(|(unit, person)| (person.is_some(), path(*unit).len(), *unit, *person));
    for key @ (unit, person) in missing {
        let Some((code, unit_name, store_id)) = units.get(&unit) else { continue };
        let (employee_no, name) = match person.map(|person| people.get(&person)) {
            None => (None, unit_name.clone()),
            Some(Some((number, name))) => (Some(number.clone()), name.clone()),
            Some(None) => continue,
        };
        let above = path(unit).iter().rev().find_map(|above| {
            in_force.places.iter().position(|place| place.key == (*above, None) && place.key != key)
        });
        let above = above.unwrap_or(0);
        let depth = in_force.places.get(above).map_or(0, |place| place.depth);
        let below = in_force.places.iter().skip(above + 1).take_while(|place| place.depth > depth).count();
        let place = Place {
            plan_id: None,
            depth: depth + 1,
            key,
            store_id: *store_id,
            unit: code.clone(),
            employee_no,
            name,
        };
        in_force.places.insert(above + 1 + below, place);
    }
    Ok(())
}
