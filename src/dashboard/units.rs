//! Units with the sums of their metrics, month by month: what everybody at or below each of them has, without what would tell of one
//! or two people.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use diesel_async::AsyncPgConnection;
use rust_decimal::Decimal;

use super::channels::Origin;
use super::month_state::{Above, Months};
use super::places::{Places, SellersOf, Unit};
use super::plans::Plans;
use super::remembered::GroupMonths;
use super::roll_up::{Summand, Sums, roll_up};
use super::rows::{
    Comparison, Followed, Links, MonthState, Numbers, Parts, Planned, RowState, RowUnit, UnitRow,
};
use super::selection::{Asked, UnitQuery, before};
use super::store::{self, Own, StoreMonth};
use super::summed::{MonthSums, Summed, UnitSums};
use super::unchanged::Subject;
use super::withheld::hidden;
use crate::auth::Context;
use crate::auth::scope::Scope;
use crate::http::{Code, Problem};
use crate::ledger::metric::Catalogue;
use crate::org::withheld::Fewest;
use crate::org::{Part, UnitKind, disclosure};
use crate::period::Period;
use crate::said::say;

/// Rows of what is summed for units, by month, from the top down.
///
/// # Errors
///
/// A parameter at fault; forbidden, or a conflict, where numbers as of a day are not told.
pub async fn rows<const N: usize, R: UnitRow<N>>(
    cx: &mut Context,
    known: &GroupMonths<'_>,
    summed: Summed<'_>,
    (part, query): (Option<Part>, &UnitQuery),
) -> Result<Vec<R>, Problem> {
    let asked = query.read(cx.today())?;
    let Some(part) = part else { return Ok(Vec::new()) };
    let months = match asked.kinds.as_slice() {
        // Of a group by itself there are few numbers, made of many.
        [UnitKind::Group] if !part.is_narrow() => {
            let read = async |cx: &mut Context, months: Vec<Period>| {
                read::<R::Numbers, N>(cx, summed, part, &asked, &months).await
            };
            let (what, months) = (format!("{}{} {part:?}", R::PATH, summed.parameters()), asked.all_months());
            known.of_spans(cx, &what, (&months, span::<R::Numbers, N>), read).await?
        }
        _ => {
            let read = read::<R::Numbers, N>(cx, summed, part, &asked, &asked.all_months()).await?;
            read.into_iter().map(|(period, month)| (period, Arc::new(month))).collect()
        }
    };
    let mut rows = Vec::new();
    for period in &asked.months {
        let Some(month) = months.get(period) else { continue };
        let earlier = |is_asked: bool, back: u32| {
            let other = before(*period, back).filter(|_| is_asked)?;
            let units = months.get(&other)?.units.iter().map(|one| ((one.unit.id, &one.origin), one));
            Some((other, units.collect::<HashMap<_, _>>()))
        };
        let last_month = earlier(asked.compared.last_month, 1);
        let last_year = earlier(asked.compared.last_year, 12);
        for one in month.shown(&asked) {
            let compared = |month: &Option<Earlier<'_, R::Numbers, N>>| {
                let (period, units) = month.as_ref()?;
                let of = |origin| units.get(&(one.unit.id, origin)).copied();
                Some(one.compared(*period, of(&one.origin), of(&Origin::default())))
            };
            rows.push(R::of(Parts {
                unit: RowUnit {
                    period: *period,
                    unit: one.unit.code.clone(),
                    name: one.unit.name.clone(),
                    kind: one.unit.kind,
                    depth: one.unit.depth,
                },
                origin: one.origin.clone(),
                numbers: one.numbers.clone(),
                known: one.known,
                hidden: one.hidden,
                state: RowState {
                    people: one.people,
                    withheld: one.hidden.contains(&true) || one.is_more_hidden,
                    month: one.month.clone(),
                    links: one.links(summed, R::PATH, *period),
                },
                last_month: compared(&last_month),
                last_year: compared(&last_year),
            }));
        }
    }
    Ok(rows)
}

/// The units of an earlier month, by id and origin.
type Earlier<'a, S, const N: usize> = (Period, HashMap<(i64, &'a Origin), &'a ShownUnit<S, N>>);

/// A unit that is shown, with its numbers.
struct ShownUnit<S, const N: usize> {
    unit: Unit,
    /// Of which leads the numbers are, where they are told apart.
    origin: Origin,
    /// Code of the unit above, if that is shown.
    parent: Option<String>,
    /// Whether units below it are shown.
    has_children: bool,
    numbers: S,
    /// The sums that are told.
    told: [Option<Decimal>; N],
    known: [i64; N],
    people: i64,
    /// Which of the sums are withheld.
    hidden: [bool; N],
    /// Whether others are: a target, since what is left of a task tells what has been reached of it.
    is_more_hidden: bool,
    month: MonthState,
}

impl<S: Numbers<N>, const N: usize> ShownUnit<S, N> {
    /// It beside itself in another month, if it was there. Of what nobody named there was none, of those of whom `together` is known.
    fn compared(&self, period: Period, other: Option<&Self>, together: Option<&Self>) -> Comparison<S> {
        let none = |together: &Self| {
            let sums = together.told.map(|sum| sum.map(|_| Decimal::ZERO));
            S::of(sums, together.known, &Planned::default())
        };
        let nothing = || S::of([None; N], [0; N], &Planned::default());
        let was = match (other, together) {
            (Some(other), _) => other.numbers.clone(),
            (None, together) => together.map_or_else(nothing, none),
        };
        Comparison { period, change: self.numbers.less(&was), was }
    }

    /// Whether there is anything of it.
    fn is_anything(&self) -> bool {
        self.told.iter().flatten().any(|sum| !sum.is_zero())
    }

    fn links(&self, summed: Summed<'_>, path: &str, period: Period) -> Links {
        let parameters = summed.parameters();
        let around = |unit: &str| {
            format!("/v1/dashboard/{path}?period={period}&unit={unit}&down=1&level=all{parameters}")
        };
        Links {
            children: self.has_children.then(|| around(&self.unit.code)),
            parent: self.parent.as_deref().map(around),
        }
    }
}

/// The units of a month that are shown, from the top down.
struct ShownMonth<S, const N: usize> {
    /// How deep the topmost unit lies that was asked for.
    top: Option<i32>,
    units: Vec<ShownUnit<S, N>>,
}

impl<S, const N: usize> Default for ShownMonth<S, N> {
    fn default() -> Self {
        Self { top: None, units: Vec::new() }
    }
}

impl<S, const N: usize> ShownMonth<S, N> {
    /// Those of some kinds.
    fn of(units: Vec<ShownUnit<S, N>>, part: Part, kinds: &[UnitKind]) -> Self {
        // They come from the top down.
        let top = units.iter().find(|one| part.unit.is_none_or(|asked| asked == one.unit.id));
        let top = top.map(|top| top.unit.depth);
        let units = units.into_iter().filter(|one| kinds.contains(&one.unit.kind));
        Self { top, units: units.collect() }
    }

    /// Those of the levels that are asked for.
    fn shown<'a>(&'a self, asked: &Asked) -> impl Iterator<Item = &'a ShownUnit<S, N>> {
        let lowest = self.top.zip(asked.down).map(|(top, down)| top.saturating_add_unsigned(down));
        self.units.iter().filter(move |one| lowest.is_none_or(|lowest| one.unit.depth <= lowest))
    }
}

/// A unit with what is summed for itself.
struct OwnUnit<'a, const N: usize> {
    unit: &'a Unit,
    own: Own<N>,
}

impl<const N: usize> Summand<N> for OwnUnit<'_, N> {
    fn id(&self) -> i64 {
        self.unit.id
    }

    fn parent(&self) -> Option<i64> {
        self.unit.parent_id
    }

    fn own(&self) -> Sums<N> {
        let people = self.own.people.unwrap_or(self.unit.people);
        Sums { of: self.own.of, people, recorded_at: self.own.recorded_at }
    }
}

/// What an answer of such rows is about; none: of a past day it is always made anew.
///
/// # Errors
///
/// A parameter at fault.
pub fn subject<const N: usize, R: UnitRow<N>>(
    query: &UnitQuery,
    today: NaiveDate,
    part: Option<Part>,
    catalogue: Option<Arc<Catalogue>>,
) -> Result<Option<Subject>, Problem> {
    let subject = query.subject(today, part, catalogue)?;
    Ok(subject
        .map(|of| Subject { months: of.months.into_iter().flat_map(span::<R::Numbers, N>).collect(), ..of }))
}

/// The months that have to be read to tell one.
fn span<S: Numbers<N>, const N: usize>(month: Period) -> Vec<Period> {
    if S::FOLLOWS { Period::months_of(month.year()) } else { vec![month] }
}

/// The units of each of some months that are shown, perhaps of some months more.
async fn read<S: Numbers<N>, const N: usize>(
    cx: &mut Context,
    summed: Summed<'_>,
    part: Part,
    asked: &Asked,
    months: &[Period],
) -> Result<HashMap<Period, ShownMonth<S, N>>, Problem> {
    let months = months.iter().copied().flat_map(span::<S, N>).collect::<BTreeSet<_>>();
    let months = &*months.into_iter().collect::<Vec<_>>();
    let kinds: &[UnitKind] = if S::FOLLOWS { &[UnitKind::Group, UnitKind::Store] } else { &asked.kinds };
    let knowing = summed.known_to(cx);
    let places = Places::load(cx, part, months, &knowing).await?;
    let (shared, stores) = (cx.shared(), places.stores());
    // None of these depends on another, so PostgreSQL is asked for all of them at once.
    let (fewest, sellers, sums, states, plans) = tokio::try_join!(
        fewest(shared, &knowing),
        async { if summed.is_of_sellers() { places.count(shared).await } else { Ok(SellersOf::new()) } },
        summed.sums(shared, part, asked, &places, (months, S::METRICS)),
        store::store_months(
            shared,
            part,
            stores.clone(),
            months,
            summed.asked_sources(&S::METRICS),
            asked.moment()
        ),
        Plans::load(shared, S::BESIDE, &stores, months),
    )?;
    let places = places.with(sellers);
    let units = months.iter().map(|period| (*period, places.of(*period))).collect::<HashMap<_, _>>();
    let mut sums = match asked.moment() {
        None => sums,
        Some(moment) => sums_as_of::<S, N>(cx, part, moment, &units).await?,
    };
    let plans = plans.of_units(cx, S::BESIDE, &places, &units).await?;
    let shown = units.into_iter().map(|(period, units)| {
        let month = Month {
            period,
            units: &units,
            sums: sums.remove(&period).unwrap_or_default(),
            states: states.get(&period),
            plans: &plans,
            fewest,
        };
        (period, ShownMonth::of(month.shown(summed, asked), part, kinds))
    });
    let mut shown = shown.collect::<HashMap<_, _>>();
    if S::FOLLOWS {
        follow(&mut shown, Period::containing(cx.today()));
        shown.values_mut().for_each(|month| month.units.retain(|one| asked.kinds.contains(&one.unit.kind)));
    }
    Ok(shown)
}

/// Fewest people of whom something is told; whoever knows everybody is told everything.
async fn fewest(connection: &AsyncPgConnection, knowing: &Scope) -> Result<Fewest, Problem> {
    match knowing.is_everything() {
        true => Ok(Fewest::default()),
        false => disclosure::fewest(connection).await,
    }
}

/// Carries on from month to month what follows from it.
fn follow<S: Numbers<N>, const N: usize>(months: &mut HashMap<Period, ShownMonth<S, N>>, this_month: Period) {
    let units = months.iter_mut().flat_map(|(period, month)| {
        month.units.iter_mut().map(|one| Followed {
            period: *period,
            id: one.unit.id,
            parent: one.unit.parent_id,
            kind: one.unit.kind,
            stores: one.month.stores,
            people: one.people,
            known: one.known.into_iter().min().unwrap_or_default(),
            is_hidden: one.hidden.contains(&true),
            numbers: &mut one.numbers,
            is_more_hidden: &mut one.is_more_hidden,
        })
    });
    S::follow(units.collect(), this_month);
}

/// What was summed of metrics, as it was known at a moment.
async fn sums_as_of<S: Numbers<N>, const N: usize>(
    cx: &mut Context,
    part: Part,
    moment: DateTime<Utc>,
    units: &HashMap<Period, Vec<Unit>>,
) -> Result<MonthSums<N>, Problem> {
    let mut sums = MonthSums::new();
    for (period, units) in units {
        let store_id = told_as_of(cx, part, *period, units).await?;
        let own = store::sums_as_of(cx, store_id, *period, moment, S::METRICS).await?;
        sums.insert(*period, UnitSums { own, ..UnitSums::default() });
    }
    Ok(sums)
}

/// A month of units, as it was read.
struct Month<'a, const N: usize> {
    period: Period,
    units: &'a [Unit],
    sums: UnitSums<N>,
    states: Option<&'a HashMap<i64, StoreMonth>>,
    plans: &'a Plans,
    fewest: Fewest,
}

impl<const N: usize> Month<'_, N> {
    /// The units that are shown, from the top down, each with what is told apart of it behind what it is together.
    fn shown<S: Numbers<N>>(&self, summed: Summed<'_>, asked: &Asked) -> Vec<ShownUnit<S, N>> {
        let Self { units, states, .. } = self;
        let none = HashMap::new();
        let states = states.unwrap_or(&none);
        let of = |origin: Option<&Origin>| {
            let own = |unit: i64| self.sums.of(unit, origin);
            roll_up(&with_own(units, own, summed, states, S::METRICS))
        };
        let together = of(None);
        let recorded = match self.sums.recorded.is_empty() {
            true => HashMap::new(),
            false => {
                let own = |unit: i64| self.sums.recorded.get(&unit).copied().unwrap_or_default();
                roll_up(&with_own(units, own, summed, states, S::METRICS))
            }
        };
        // What is told apart is of the same people.
        let hidden = hidden(self.fewest, units, &together, &recorded, summed);
        let apart = self.sums.by_origin.keys().map(|origin| (Some(origin), of(Some(origin))));
        let sums = std::iter::once((None, together)).chain(apart).collect::<Vec<_>>();
        let months = Months { summed, asked, sources: summed.sources(&S::METRICS), stores: states };
        let above = Above::of(units);
        let shown = units.iter().filter(|unit| unit.is_shown() && unit.is_asked).flat_map(|unit| {
            let stores = above.stores(unit);
            let place = ShownPlace {
                unit,
                stores,
                parent: unit.parent_id.and_then(|parent| above.shown.get(&parent)),
                has_children: above.parents.contains(&unit.id)
                    && (!S::FOLLOWS || unit.kind == UnitKind::Group),
                hidden: hidden.each_ref().map(|hidden| hidden.contains(&unit.id)),
                month: months.state(stores),
            };
            let of_unit = sums.iter().filter_map(|(origin, sums)| {
                let shown = self.of_place::<S>(&place, *origin, sums.get(&unit.id)?);
                (origin.is_none() || shown.is_anything()).then_some(shown)
            });
            of_unit.collect::<Vec<_>>()
        });
        shown.collect()
    }

    /// A unit that is shown, with what it is together, or what comes from one origin.
    fn of_place<S: Numbers<N>>(
        &self,
        place: &ShownPlace<'_, N>,
        origin: Option<&Origin>,
        sums: &Sums<N>,
    ) -> ShownUnit<S, N> {
        let told = std::array::from_fn(|at| {
            let is_told = place.hidden.get(at).is_some_and(|is_hidden| !is_hidden);
            sums.of.get(at).filter(|_| is_told).and_then(|sum| sum.told())
        });
        let known = sums.of.map(|sum| sum.known);
        let channel = origin.and_then(|origin| origin.channel.as_deref());
        let (planned, is_more_hidden) = self.plans.of(place.unit, place.stores, self.period, channel);
        ShownUnit {
            unit: place.unit.clone(),
            origin: origin.cloned().unwrap_or_default(),
            parent: place.parent.cloned(),
            has_children: place.has_children,
            numbers: S::of(told, known, &planned),
            told,
            known,
            people: sums.people,
            month: MonthState {
                recorded_at: sums.recorded_at.filter(|_| !place.hidden.contains(&true)),
                ..place.month.clone()
            },
            hidden: place.hidden,
            is_more_hidden,
        }
    }
}

/// A unit that is shown, whatever its numbers.
struct ShownPlace<'a, const N: usize> {
    unit: &'a Unit,
    /// The stores in which it lies, or which lie in it.
    stores: &'a [i64],
    /// Code of the unit above, if that is shown.
    parent: Option<&'a String>,
    /// Whether units below it are shown.
    has_children: bool,
    /// Which of the sums are withheld.
    hidden: [bool; N],
    month: MonthState,
}

/// The store of which numbers are told as they were known on a day.
///
/// # Errors
///
/// The parameter `unit` at fault, which keeps short what has to be read; forbidden for whoever may not read the facts of everybody in
/// it: what changed from one day to the next may be one person's; a conflict where somebody's month has been erased.
async fn told_as_of(cx: &mut Context, part: Part, period: Period, units: &[Unit]) -> Result<i64, Problem> {
    let Some(store_id) = part.store else {
        let said =
            say!("as_of 需要一家门店或其下的单位", "as_of is told of a store, or of a unit within one");
        return Err(Problem::field("unit", said));
    };
    if units.iter().any(|unit| unit.is_shown() && unit.is_asked && !unit.is_known) {
        let detail = say!(
            "过去某一天的数只给可以看其中每个人数据的人：两天之差可能就是一个人的数",
            "numbers as of a day are for those who may read everybody's facts: between two days it may be one person's that changed"
        );
        return Err(Problem::new(Code::Forbidden, detail));
    }
    if store::is_erased(cx, units, period).await? {
        return Err(Problem::conflict(say!(
            "{period} 有人的数据已经删除：某一天知道多少，已经说不清了",
            "somebody's {period} has been erased: nobody can say any more what was known on a day"
        )));
    }
    Ok(store_id)
}

/// Units with their own sums. What has nothing in a source that is complete for the store is 0 there, for everybody.
fn with_own<'a, const N: usize>(
    units: &'a [Unit],
    own: impl Fn(i64) -> Own<N>,
    summed: Summed<'_>,
    months: &HashMap<i64, StoreMonth>,
    metrics: [&str; N],
) -> Vec<OwnUnit<'a, N>> {
    let zeros = summed.zeros(metrics);
    let complete = |unit: &'a Unit| {
        let mut own = own(unit.id);
        let month = unit.store_id.and_then(|store| months.get(&store));
        // Whoever sells there, and whoever else something is known of.
        let everybody = own.of.iter().map(|sum| sum.known).fold(unit.people, i64::max);
        for (sum, source) in own.of.iter_mut().zip(zeros) {
            if source.zip(month).is_some_and(|(source, month)| month.is_complete(source)) {
                sum.known = everybody;
            }
        }
        if !summed.is_of_sellers() {
            own.people.get_or_insert(0);
        }
        OwnUnit { unit, own }
    };
    units.iter().map(complete).collect()
}
