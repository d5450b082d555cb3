//! The rows of units, a month each: what all of them say, and how one is made of the sums of its metrics.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde::Serialize;
use utoipa::ToSchema;

use super::channels::Origin;
use super::form::Row;
use crate::org::UnitKind;
use crate::period::Period;
use crate::plan::{PlannedFunnel, StoreSupply};
use crate::reviews::cycle::CycleState;

/// Which unit a row is about, and which month.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RowUnit {
    /// The month.
    #[schema(value_type = String, example = "2014-03")]
    pub period: Period,
    /// Code of the unit.
    pub unit: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: UnitKind,
    /// How deep it lies in the organisation: 1 for what has nothing above it.
    pub depth: i32,
}

/// What a row's numbers are of.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RowState {
    /// How many people sell there: who is posted as a sales consultant in the month, each in the unit for which the month counts. Of
    /// coefficients: of how many people there is a review.
    pub people: i64,
    /// Whether some of the numbers are withheld: they are of few people (fewer than the group says, `GET /v1/disclosure`) about whom the
    /// caller may not read that, or would tell theirs beside the numbers that are shown.
    pub withheld: bool,
    /// Which state of the month it is.
    pub month: MonthState,
    /// Where more of it is.
    pub links: Links,
}

/// Which state of a month is shown, and how fresh it is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MonthState {
    /// How far the store's month has come; of a group's stores the one that is least far. Null where one has not been begun, and with
    /// `as_of`.
    pub state: Option<CycleState>,
    /// Which revision of the frozen month it is: 1 when it was frozen, and one more with each late correction that was accepted. Null
    /// for a month that is not frozen, for a group, and with `as_of`.
    pub revision: Option<i32>,
    /// How many stores there are.
    pub stores: i64,
    /// In how many of them the sources of the numbers have delivered; of coefficients: how many have published their reviews.
    pub stores_delivered: i64,
    /// How many of them have frozen the month: what comes later waits for a second person.
    pub stores_frozen: i64,
    /// Whether the numbers are still to come in: not every store has frozen the month, or the sources of one have not delivered.
    pub is_partial: bool,
    /// When the youngest value was recorded that counts there; null where that is not known, where something is withheld, and of
    /// coefficients.
    pub recorded_at: Option<DateTime<Utc>>,
    /// The day at whose end the numbers were known like this; null for what is known now.
    pub as_of: Option<NaiveDate>,
}

/// Paths to drill down and up.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Links {
    /// The unit and what is right below it; null where nothing is.
    pub children: Option<String>,
    /// The unit above and what is right below that; null where there is none within reach.
    pub parent: Option<String>,
}

/// What a row's numbers were in another month. Nothing is known of a number that is null there, and no difference either.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Comparison<N> {
    /// The month.
    #[schema(value_type = String, example = "2014-02")]
    pub period: Period,
    /// The numbers as they were.
    pub was: N,
    /// How much more they are now. Of a rate it is in points: 0.0123 is 1.23 percentage points.
    pub change: N,
}

impl RowUnit {
    pub(super) const COLUMNS: [&'static str; 5] = ["period", "unit", "name", "kind", "depth"];
}

impl RowState {
    const COLUMNS: [&'static str; 12] = [
        "people",
        "withheld",
        "month.state",
        "month.revision",
        "month.stores",
        "month.stores_delivered",
        "month.stores_frozen",
        "month.is_partial",
        "month.recorded_at",
        "month.as_of",
        "links.children",
        "links.parent",
    ];
}

/// What stands in a plan beside the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// Nothing.
    Nothing,
    /// The target of a metric.
    Target(&'static str),
    /// The rates of the funnel.
    Funnel,
    /// The rates of the funnel of one channel.
    Channel,
    /// The target of deliveries, and the cars that are to come.
    Stock,
}

/// What is planned for a unit in a month, as far as it is known and told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Planned {
    /// The target.
    pub target: Option<i64>,
    /// The funnel, of which the rates are told.
    pub funnel: Option<PlannedFunnel>,
    /// A store's supply of cars.
    pub supply: Option<StoreSupply>,
}

/// The numbers of a row, made of the sums of so many metrics.
pub trait Numbers<const N: usize>: Clone + Send + Sync + 'static {
    /// The metrics that are summed.
    const METRICS: [&'static str; N];
    /// What is planned that stands among the numbers.
    const BESIDE: Beside = Beside::Nothing;
    /// Whether what they are in a month follows from the months before it: then they are of stores and groups, and whole years are read.
    const FOLLOWS: bool = false;

    /// The numbers that follow from sums, each of which is of so many people, and from what is planned. What is not known is none.
    fn of(sums: [Option<Decimal>; N], known: [i64; N], planned: &Planned) -> Self;

    /// Carries on from month to month what follows from it, and adds up what is no sum of metrics.
    fn follow(_: Vec<Followed<'_, Self>>, _this_month: Period) {}

    /// How much more they are than those of another month.
    fn less(&self, other: &Self) -> Self;

    /// What they are called.
    fn names() -> Vec<&'static str>;
}

/// The numbers of a unit in a month, among those that follow from each other.
#[derive(Debug)]
pub struct Followed<'a, S> {
    pub(super) period: Period,
    pub(super) id: i64,
    /// The unit right above it.
    pub(super) parent: Option<i64>,
    pub(super) kind: UnitKind,
    /// How many stores there are in it.
    pub(super) stores: i64,
    /// How many people sell there, and of how many the numbers are known.
    pub(super) people: i64,
    pub(super) known: i64,
    /// Whether sums of metrics are withheld.
    pub(super) is_hidden: bool,
    pub(super) numbers: &'a mut S,
    /// To be set where other numbers are withheld.
    pub(super) is_more_hidden: &'a mut bool,
}

/// A row of a unit.
pub trait UnitRow<const N: usize>: Row + Sized {
    /// Its numbers.
    type Numbers: Numbers<N>;

    /// Where its rows are, behind `/v1/dashboard/`.
    const PATH: &'static str;

    /// Puts it together.
    fn of(parts: Parts<N, Self::Numbers>) -> Self;
}

/// What a row is put together of.
#[derive(Debug)]
pub struct Parts<const N: usize, S> {
    pub(super) unit: RowUnit,
    /// Of which leads it is, where they are told apart.
    pub(super) origin: Origin,
    pub(super) numbers: S,
    pub(super) known: [i64; N],
    /// Which of the sums are withheld.
    pub(super) hidden: [bool; N],
    pub(super) state: RowState,
    pub(super) last_month: Option<Comparison<S>>,
    pub(super) last_year: Option<Comparison<S>>,
}

/// Of how many people each number is known, as it is told.
pub(super) trait Known<const N: usize> {
    /// `hidden` are the numbers that are withheld.
    fn of(known: [i64; N], hidden: [bool; N]) -> Self;
    fn columns(metrics: [&str; N]) -> Vec<String>;
}

/// Of how many people a number is known. Where that alone would tell of few people, as that there was a complaint, it is
/// withheld with the number.
pub(super) trait KnownOf {
    fn of(known: i64, is_hidden: bool) -> Self;
}

impl KnownOf for i64 {
    fn of(known: i64, _: bool) -> Self {
        known
    }
}

impl KnownOf for Option<i64> {
    fn of(known: i64, is_hidden: bool) -> Self {
        Some(known).filter(|_| !is_hidden)
    }
}

impl<K: KnownOf> Known<1> for K {
    fn of([known]: [i64; 1], [is_hidden]: [bool; 1]) -> Self {
        K::of(known, is_hidden)
    }

    fn columns(_: [&str; 1]) -> Vec<String> {
        vec!["known".to_owned()]
    }
}

/// A kind of number that sums are told as.
pub(super) trait Number: Sized {
    fn of(sum: Decimal) -> Option<Self>;
    fn less(self, other: Self) -> Option<Self>;
}

impl Number for i64 {
    fn of(sum: Decimal) -> Option<Self> {
        sum.to_i64()
    }

    fn less(self, other: Self) -> Option<Self> {
        self.checked_sub(other)
    }
}

impl Number for Decimal {
    fn of(sum: Decimal) -> Option<Self> {
        Some(sum.normalize())
    }

    fn less(self, other: Self) -> Option<Self> {
        self.checked_sub(other)
    }
}

/// The difference of two numbers that are both known.
pub(super) fn less<T: Number>(one: Option<T>, other: Option<T>) -> Option<T> {
    one?.less(other?)
}

/// What follows from numbers, from how many people each is known of, and from what is planned.
pub(super) fn derived<S, K>(
    numbers: &S,
    known: &K,
    planned: &Planned,
    how: fn(&S, &K, &Planned) -> Option<Decimal>,
) -> Option<Decimal> {
    how(numbers, known, planned)
}

/// The columns of rows with these numbers and with what is told of how many people they are known of.
pub(super) fn columns<const N: usize, S: Numbers<N>, K: Known<N>>() -> Vec<String> {
    let numbers = S::names();
    let compared = ["last_month", "last_year"].into_iter().flat_map(|month| {
        let numbers = numbers.clone();
        let within = ["was", "change"].into_iter().flat_map(move |side| {
            numbers.clone().into_iter().map(move |name| format!("{month}.{side}.{name}"))
        });
        std::iter::once(format!("{month}.period")).chain(within)
    });
    let unit = RowUnit::COLUMNS.into_iter().chain(numbers.iter().copied()).map(str::to_owned);
    let state = RowState::COLUMNS.into_iter().map(str::to_owned);
    unit.chain(K::columns(S::METRICS)).chain(state).chain(compared).collect()
}

/// Says how a type's numbers follow from the sums of its metrics, and its rates from the numbers, from how many people each is known
/// of and from what is planned.
macro_rules! numbers {
    ($numbers:ident, $known:ident, $count:literal $(, $beside:expr)? =>
     $($sum:ident),+ ; $($rate:ident = $how:expr),* $(,)?) => {
        impl Known<$count> for $known {
            fn of(known: [i64; $count], hidden: [bool; $count]) -> Self {
                let mut counts = known.into_iter().zip(hidden);
                let mut next = || counts.next().unwrap_or_default();
                $(let $sum = next();)+
                Self { $($sum: KnownOf::of($sum.0, $sum.1)),+ }
            }

            fn columns(metrics: [&str; $count]) -> Vec<String> {
                metrics.map(|metric| format!("known.{metric}")).into()
            }
        }

        impl Numbers<$count> for $numbers {
            const METRICS: [&'static str; $count] = [$(stringify!($sum)),+];
            $(const BESIDE: Beside = $beside;)?

            fn of(sums: [Option<Decimal>; $count], known: [i64; $count], planned: &Planned) -> Self {
                let [$($sum),+] = sums;
                let mut numbers = Self { $($sum: $sum.and_then(Number::of),)+ $($rate: None),* };
                let known = <$known as Known<$count>>::of(known, [false; $count]);
                $(numbers.$rate = derived(&numbers, &known, planned, $how);)*
                numbers
            }

            fn less(&self, other: &Self) -> Self {
                Self { $($sum: less(self.$sum, other.$sum),)+ $($rate: less(self.$rate, other.$rate)),* }
            }

            fn names() -> Vec<&'static str> {
                vec![$(stringify!($sum),)+ $(stringify!($rate)),*]
            }
        }
    };
}

/// Says of a row which numbers it has, of how many metrics, and where it is.
macro_rules! unit_row {
    ($row:ident, $numbers:ident, $known:ty, $count:literal, $path:literal) => {
        impl UnitRow<$count> for $row {
            type Numbers = $numbers;
            const PATH: &'static str = $path;

            fn of(parts: Parts<$count, $numbers>) -> Self {
                let Parts { unit, origin: _, numbers, known, hidden, state, last_month, last_year } = parts;
                let known = <$known as Known<$count>>::of(known, hidden);
                Self { unit, numbers, known, state, last_month, last_year }
            }
        }

        impl Row for $row {
            fn columns() -> Vec<String> {
                columns::<$count, $numbers, $known>()
            }
        }
    };
}

pub(super) use {numbers, unit_row};
