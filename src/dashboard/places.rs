//! The units of a part of the organisation: found once for all months, and what each is in a month.

use std::collections::{HashMap, HashSet};
use std::ops::Deref;
use std::sync::Arc;

use chrono::NaiveDate;
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Date, Integer, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::auth::Context;
use crate::auth::scope::{CallerScope, Scope};
use crate::db::{one_of, sql, sql_of};
use crate::http::Problem;
use crate::org::{Part, UnitKind};
use crate::period::Period;

/// A unit, whatever the month.
#[derive(Debug, QueryableByName)]
pub(super) struct Place {
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub parent_id: Option<i64>,
    /// None for a group.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub store_id: Option<i64>,
    #[diesel(sql_type = Text)]
    pub kind: UnitKind,
    #[diesel(sql_type = Integer)]
    pub depth: i32,
    #[diesel(sql_type = Text)]
    pub code: String,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Date)]
    valid_from: NaiveDate,
    #[diesel(sql_type = Nullable<Date>)]
    valid_to: Option<NaiveDate>,
    /// Whether it is at or below the unit to which the caller is confined.
    #[diesel(sql_type = Bool)]
    is_within: bool,
    /// Whether it is in the part that was asked for; its store is read as a whole, since what is withheld depends on all of it.
    #[diesel(sql_type = Bool)]
    pub is_asked: bool,
}

/// A unit in a month.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    place: Arc<Place>,
    /// How many people sell there.
    pub people: i64,
    /// Whether there is such a unit in the month.
    pub is_there: bool,
    pub is_reached: bool,
    /// Whether the caller may read of each person in it what is summed.
    pub is_known: bool,
}

impl Deref for Unit {
    type Target = Place;

    fn deref(&self) -> &Place {
        &self.place
    }
}

impl Unit {
    /// Whether its sums may be shown, if they are not withheld.
    pub fn is_shown(&self) -> bool {
        self.is_there && self.is_reached
    }
}

/// The units of a part of the organisation in some months, from the top down, with the whole of their stores and what is above them.
pub(super) struct Places {
    part: Part,
    /// From the first day of the months to the one after them.
    span: (NaiveDate, NaiveDate),
    found: Vec<Arc<Place>>,
    reached: Reached,
    known: Reached,
    sellers: SellersOf,
}

/// Who sells in units, by unit.
pub(super) type SellersOf = HashMap<i64, Vec<Sellers>>;

/// How many people more sell in a unit from a month on.
#[derive(QueryableByName)]
pub(super) struct Sellers {
    #[diesel(sql_type = BigInt)]
    unit_id: i64,
    #[diesel(sql_type = Date)]
    from: NaiveDate,
    #[diesel(sql_type = BigInt)]
    change: i64,
}

/// Which units somebody reaches.
enum Reached {
    Everything,
    /// The unit to which somebody is confined, and those below it.
    Within,
    /// By postings and leaderships, each from a month on up to a day.
    ByPosting(HashMap<i64, Vec<Posted>>),
}

#[derive(QueryableByName)]
struct Posted {
    #[diesel(sql_type = BigInt)]
    unit_id: i64,
    #[diesel(sql_type = Nullable<Date>)]
    first: Option<NaiveDate>,
    #[diesel(sql_type = Nullable<Date>)]
    beyond: Option<NaiveDate>,
}

impl Reached {
    async fn load(cx: &mut Context, scope: &Scope) -> Result<Self, Problem> {
        if scope.is_everything() {
            return Ok(Self::Everything);
        }
        if scope.confined_to().is_some() {
            return Ok(Self::Within);
        }
        let found: Vec<Posted> =
            sql("SELECT unit_id, lower(months) AS first, upper(months) AS beyond FROM reached($1)")
                .bind::<CallerScope, _>(scope.clone())
                .load(cx.db())
                .await?;
        let mut by_unit = HashMap::<i64, Vec<Posted>>::new();
        for one in found {
            by_unit.entry(one.unit_id).or_default().push(one);
        }
        Ok(Self::ByPosting(by_unit))
    }

    fn has(&self, place: &Place, month: NaiveDate) -> bool {
        match self {
            Self::Everything => true,
            Self::Within => place.is_within,
            Self::ByPosting(by_unit) => by_unit.get(&place.id).into_iter().flatten().any(|posted| {
                posted.first.is_none_or(|first| first <= month)
                    && posted.beyond.is_none_or(|beyond| month < beyond)
            }),
        }
    }
}

impl Places {
    /// Finds them. `knowing` is what the caller may read of people. How many sell there is counted by itself.
    pub async fn load(
        cx: &mut Context,
        part: Part,
        months: &[Period],
        knowing: &Scope,
    ) -> Result<Self, Problem> {
        let days = months.iter().flat_map(|month| [month.first_day(), month.end()]);
        let span = days.clone().min().zip(days.max()).unwrap_or_default();
        let scope = cx.scope.clone();
        let mut found = find(cx, part, span).await?;
        // PostgreSQL would take as long to sort a group's units as to find them.
        found.sort_unstable_by(|one, other| (one.depth, &one.code).cmp(&(other.depth, &other.code)));
        let reached = Reached::load(cx, &scope).await?;
        let known = Reached::load(cx, knowing).await?;
        let found = found.into_iter().map(Arc::new).collect();
        Ok(Self { part, span, found, reached, known, sellers: HashMap::new() })
    }

    /// How many people sell in them.
    pub async fn count(&self, connection: &AsyncPgConnection) -> Result<SellersOf, Problem> {
        let mut sellers = SellersOf::new();
        for some in count(connection, self.part, self.span, self.ids()).await? {
            sellers.entry(some.unit_id).or_default().push(some);
        }
        Ok(sellers)
    }

    /// With how many people sell in them.
    pub fn with(self, sellers: SellersOf) -> Self {
        Self { sellers, ..self }
    }

    /// The units in a month: where only what is reached was asked for, those of stores that are reached in it.
    pub fn of(&self, period: Period) -> Vec<Unit> {
        let month = period.first_day();
        let stores = self.part.is_of_reach().then(|| {
            let reached = self.found.iter().filter(|place| self.reached.has(place, month));
            reached.filter_map(|place| place.store_id).collect::<HashSet<_>>()
        });
        let is_read = |place: &&Arc<Place>| {
            let is_in = |stores: &HashSet<i64>| place.store_id.is_some_and(|store| stores.contains(&store));
            stores.as_ref().is_none_or(is_in)
        };
        let units = self.found.iter().filter(is_read).map(|place| Unit {
            people: self.people(place.id, month),
            is_there: place.valid_from < period.end() && place.valid_to.is_none_or(|end| end > month),
            is_reached: self.reached.has(place, month),
            is_known: self.known.has(place, month),
            place: Arc::clone(place),
        });
        units.collect()
    }

    /// The units of all months.
    pub fn ids(&self) -> Vec<i64> {
        self.found.iter().map(|place| place.id).collect()
    }

    /// Their stores.
    pub fn stores(&self) -> Vec<i64> {
        let stores = self.found.iter().filter(|place| place.kind == UnitKind::Store);
        stores.map(|place| place.id).collect()
    }

    /// Whether the caller may know what is summed of everybody.
    pub fn are_known(&self) -> bool {
        matches!(self.known, Reached::Everything)
    }

    fn people(&self, unit: i64, month: NaiveDate) -> i64 {
        let sellers = self.sellers.get(&unit).into_iter().flatten();
        sellers.filter(|some| some.from <= month).map(|some| some.change).sum()
    }
}

async fn find(
    cx: &mut Context,
    part: Part,
    (first, beyond): (NaiveDate, NaiveDate),
) -> Result<Vec<Place>, Problem> {
    let pieces = [
        (
            true,
            "SELECT u.id, u.parent_id, u.store_id, u.kind, array_length(u.path, 1) AS depth, u.code, u.name, u.valid_from,
                 u.valid_to, u.path @> ARRAY[$6] AS is_within, ($3 IS NULL OR u.path @> ARRAY[$3]) AS is_asked
             FROM org_unit u WHERE true",
        ),
        (
            part.store.is_some(),
            " AND (u.store_id = $5 OR u.id = ANY (ARRAY(SELECT unnest(s.path) FROM org_unit s WHERE s.id = $5)))",
        ),
        (
            part.is_of_reach(),
            " AND u.store_id = ANY (ARRAY(SELECT reached.store_id FROM reached($4)
                  WHERE reached.months && daterange($1, $2)))",
        ),
        (
            part.unit.is_some() && part.store.is_none(),
            " AND (u.path @> ARRAY[$3] OR u.id = ANY (ARRAY(SELECT unnest(g.path) FROM org_unit g WHERE g.id = $3)))",
        ),
    ];
    let statement = sql_of(pieces)
        .bind::<Date, _>(first)
        .bind::<Date, _>(beyond)
        .bind::<Nullable<BigInt>, _>(part.unit)
        .bind::<CallerScope, _>(cx.scope.clone())
        .bind::<Nullable<BigInt>, _>(part.store)
        .bind::<BigInt, _>(cx.scope.unit_id);
    Ok(statement.load(cx.db()).await?)
}

/// How many people sell in each unit, as it is kept beside the postings (`unit_seller`): how many more, or fewer, from a month on. What
/// was before the first month stands with it.
async fn count(
    mut connection: &AsyncPgConnection,
    part: Part,
    (first, beyond): (NaiveDate, NaiveDate),
    units: Vec<i64>,
) -> Result<Vec<Sellers>, Problem> {
    let narrow = format!(" AND unit_id {}", one_of("$3", units.len()));
    let pieces = [
        (
            true,
            "SELECT unit_id, greatest(month, $1) AS from, sum(change)::bigint AS change FROM unit_seller WHERE month < $2",
        ),
        (part.is_narrow(), &narrow),
        (true, " GROUP BY 1, 2"),
    ];
    let statement =
        sql_of(pieces).bind::<Date, _>(first).bind::<Date, _>(beyond).bind::<Array<BigInt>, _>(units);
    Ok(statement.load(&mut connection).await?)
}
