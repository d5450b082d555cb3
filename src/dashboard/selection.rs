//! Which months, which part of the organisation, and which of its units are asked for.

use std::sync::Arc;

use chrono::{DateTime, Months, NaiveDate, TimeDelta, Utc};
use serde::Deserialize;
use utoipa::IntoParams;

use super::channels::ToldApart;
use super::unchanged::Subject;
use crate::clock;
use crate::http::Problem;
use crate::ledger::metric::Catalogue;
use crate::org::{Part, Position, UnitKind};
use crate::period::Period;
use crate::said::say;

/// Most months that one answer has: this year and the one before.
const MOST_MONTHS: u32 = 24;

/// The kinds of units that are shown to whoever does not say which.
const USUAL_KINDS: [UnitKind; 2] = [UnitKind::Store, UnitKind::Team];
/// The word for all of them.
const EVERY_KIND: &str = "all";

/// Queries with the parameters that all of them take, and those of their own behind `unit`. Each is written out whole, because what
/// refuses unknown parameters cannot be put together from parts.
macro_rules! queries {
    ($($(#[$doc:meta])* $name:ident { $($own:tt)* })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Deserialize, IntoParams)]
        #[serde(deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        pub struct $name {
            /// The month.
            #[param(value_type = String, example = "2014-03")]
            pub period: Period,
            /// How many months, of which `period` is the last: 1 to 24; 1 by default.
            #[param(minimum = 1, maximum = 24)]
            pub months: Option<u32>,
            /// Only this unit and those below it, by code.
            pub unit: Option<String>,
            $($own)*
            /// Only these columns of the rows, with commas between them; of an object by its name, or part by part (`month.state`).
            pub fields: Option<String>,
            /// By which columns rows are sorted, with commas between them; `-` before one for the largest first. What is null comes last,
            /// and what is equal stays in its order.
            pub sort: Option<String>,
        }
    )+};
}

/// The same with what says which units are shown, and with what they are compared: between parameters of their own.
macro_rules! unit_queries {
    ($($(#[$doc:meta])* $name:ident { $($before:tt)* } $(#[$level:meta])* level { $($after:tt)* })+) => {
        queries! {$(
            $(#[$doc])*
            $name {
                $($before)*
                $(#[$level])*
                pub level: Option<String>,
                /// How many levels below `unit` are shown, or below the topmost unit that is reached: 0 is only that one, 1 what is right below
                /// it, too; all by default.
                #[param(minimum = 0, maximum = 9)]
                pub down: Option<u32>,
                /// With what each month is compared, with commas between them: `last-month`, `last-year`.
                #[param(
                    example = "last-month,last-year",
                    pattern = "^(last-month|last-year)(,(last-month|last-year))*$"
                )]
                pub compare: Option<String>,
                $($after)*
            }
        )+}
    };
}

queries! {
    /// Which months, and which part of the organisation.
    SelectionQuery {}
}

unit_queries! {
    /// Which months, which part of the organisation, and what is shown of its units.
    UnitQuery {}
    /// Which kinds of units are shown, with commas between them: `group`, `store`, `department`, `team`, or `all`; `store,team` by
    /// default.
    #[param(
        example = "store,team",
        pattern = "^(group|store|department|team|all)(,(group|store|department|team|all))*$"
    )]
    level {
        /// The numbers as they were known at the end of this day, which has passed: for whoever may read the facts of everybody in
        /// `unit`, which lies within a store. Targets and the units that people belong to are those of now.
        pub as_of: Option<NaiveDate>,
    }

    /// The sums of coefficients of a position.
    CoefficientQuery {
        /// The position whose reviews count; sales consultants by default.
        pub position: Option<Position>,
    }
    /// Which kinds of units are shown, with commas between them: `group`, `store`, `department`, `team`, or `all`; `store,team` by
    /// default.
    #[param(
        example = "store,team",
        pattern = "^(group|store|department|team|all)(,(group|store|department|team|all))*$"
    )]
    level {}

    /// What comes of the leads of channels and lead sources.
    ChannelQuery {
        /// What is told apart: each channel, by default, or each lead source within it.
        #[param(inline)]
        pub by: Option<ToldApart>,
    }
    /// Which kinds of units are shown, with commas between them: `group`, `store`, `department`, `team`, or `all`; `store,team` by
    /// default.
    #[param(
        example = "store,team",
        pattern = "^(group|store|department|team|all)(,(group|store|department|team|all))*$"
    )]
    level {}

    /// The stock of stores and groups.
    StockQuery {}
    /// Which kinds of units are shown, with commas between them: `group`, `store`, or `all`; `store` by default. Departments and
    /// teams have no stock.
    #[param(example = "group,store", pattern = "^(group|store|all)(,(group|store|all))*$")]
    level {}
}

impl CoefficientQuery {
    /// What is asked of units.
    pub fn of_units(self) -> UnitQuery {
        let Self { period, months, unit, position: _, level, down, compare, fields, sort } = self;
        UnitQuery { period, months, unit, level, down, compare, as_of: None, fields, sort }
    }
}

impl ChannelQuery {
    /// What is asked of units.
    pub fn of_units(self) -> UnitQuery {
        let Self { period, months, unit, by: _, level, down, compare, fields, sort } = self;
        UnitQuery { period, months, unit, level, down, compare, as_of: None, fields, sort }
    }
}

impl StockQuery {
    /// What is asked of units.
    ///
    /// # Errors
    ///
    /// The kind of a unit that has no stock.
    pub fn of_units(self) -> Result<UnitQuery, Problem> {
        let Self { period, months, unit, level, down, compare, fields, sort } = self;
        let level = level.unwrap_or_else(|| UnitKind::Store.name().to_owned());
        words(Some(&level), "level", &[UnitKind::Group.name(), UnitKind::Store.name(), EVERY_KIND])?;
        Ok(UnitQuery { period, months, unit, level: Some(level), down, compare, as_of: None, fields, sort })
    }
}

/// With what a month is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compared {
    /// With the month before.
    pub last_month: bool,
    /// With the same month a year before.
    pub last_year: bool,
}

/// What is asked of units, read.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The months, the earliest first.
    pub months: Vec<Period>,
    /// The kinds of units that are shown.
    pub kinds: Vec<UnitKind>,
    /// How many levels.
    pub down: Option<u32>,
    /// With what.
    pub compared: Compared,
    /// At the end of which day; none: as it is known now.
    pub as_of: Option<NaiveDate>,
}

impl SelectionQuery {
    /// What its answer is about.
    ///
    /// # Errors
    ///
    /// `months` is not within its bounds.
    pub fn subject(&self, part: Option<Part>) -> Result<Subject, Problem> {
        Ok(Subject { part, months: self.months()?, catalogue: None })
    }

    /// The months, the earliest first.
    ///
    /// # Errors
    ///
    /// `months` is not within its bounds.
    pub fn months(&self) -> Result<Vec<Period>, Problem> {
        months(self.period, self.months)
    }
}

impl UnitQuery {
    /// What its answer is about; none: of a past day it is always made anew.
    ///
    /// # Errors
    ///
    /// A parameter at fault.
    pub fn subject(
        &self,
        today: NaiveDate,
        part: Option<Part>,
        catalogue: Option<Arc<Catalogue>>,
    ) -> Result<Option<Subject>, Problem> {
        let asked = self.read(today)?;
        let subject = Subject { part, months: asked.all_months(), catalogue };
        Ok(asked.as_of.is_none().then_some(subject))
    }

    /// Reads it.
    ///
    /// # Errors
    ///
    /// A parameter at fault.
    pub fn read(&self, today: NaiveDate) -> Result<Asked, Problem> {
        let compared = words(self.compare.as_deref(), "compare", &["last-month", "last-year"])?;
        let kinds = UnitKind::ALL.iter().map(|kind| kind.name()).chain([EVERY_KIND]).collect::<Vec<_>>();
        let kinds = words(self.level.as_deref(), "level", &kinds)?;
        let kinds = match kinds.as_slice() {
            [] => USUAL_KINDS.to_vec(),
            kinds if kinds.contains(&EVERY_KIND) => UnitKind::ALL.to_vec(),
            kinds => kinds.iter().filter_map(|name| UnitKind::named(name)).collect(),
        };
        if self.down.is_some_and(|down| down > 9) {
            return Err(Problem::field("down", say!("应为 0 到 9", "expected 0 to 9")));
        }
        if self.as_of.is_some_and(|day| day >= today) {
            let said = say!("应为已经过完的一天", "expected a day that is over");
            return Err(Problem::field("as_of", said));
        }
        Ok(Asked {
            months: months(self.period, self.months)?,
            kinds,
            down: self.down,
            compared: Compared {
                last_month: compared.contains(&"last-month"),
                last_year: compared.contains(&"last-year"),
            },
            as_of: self.as_of,
        })
    }
}

impl Asked {
    /// The last moment of the day as of which numbers are asked.
    pub fn moment(&self) -> Option<DateTime<Utc>> {
        clock::end_of(self.as_of?)?.checked_sub_signed(TimeDelta::microseconds(1))
    }

    /// The months that are shown or compared with, each once.
    pub fn all_months(&self) -> Vec<Period> {
        let compared = self.months.iter().flat_map(|month| {
            let last_month = self.compared.last_month.then(|| before(*month, 1)).flatten();
            let last_year = self.compared.last_year.then(|| before(*month, 12)).flatten();
            [last_month, last_year].into_iter().flatten()
        });
        let mut all = self.months.iter().copied().chain(compared).collect::<Vec<_>>();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// The month that is so many before another; none before the first that there is.
pub fn before(month: Period, months: u32) -> Option<Period> {
    month.first_day().checked_sub_months(Months::new(months)).map(Period::containing)
}

fn months(last: Period, months: Option<u32>) -> Result<Vec<Period>, Problem> {
    let months = months.unwrap_or(1);
    if !(1..=MOST_MONTHS).contains(&months) {
        return Err(Problem::field("months", say!("应为 1 到 {MOST_MONTHS}", "expected 1 to {MOST_MONTHS}")));
    }
    Ok(last.months_up_to(months))
}

/// The words of a parameter, of those that there are.
fn words<'a>(text: Option<&str>, parameter: &str, known: &[&'a str]) -> Result<Vec<&'a str>, Problem> {
    let asked = text.into_iter().flat_map(|text| text.split(','));
    let read = |word: &str| known.iter().copied().find(|one| *one == word);
    asked.map(read).collect::<Option<Vec<_>>>().ok_or_else(|| {
        let known = known.join(", ");
        Problem::field(
            parameter,
            say!("应为 {known}，用逗号分开", "expected of {known}, with commas between"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Result<Asked, Problem> {
        let query = serde_json::from_value::<UnitQuery>(serde_json::from_str(text).unwrap()).unwrap();
        query.read("2015-02-02".parse().unwrap())
    }

    #[test]
    fn months_compared_with_are_read_once() {
        let asked =
            query(r#"{"period": "2015-01", "months": 2, "compare": "last-year,last-month"}"#).unwrap();
        let months = asked.all_months().iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(months, ["2013-12", "2014-01", "2014-11", "2014-12", "2015-01"]);
        assert_eq!(asked.kinds, USUAL_KINDS);
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for wrong in [
            r#"{"period": "2015-01", "compare": "yesterday"}"#,
            r#"{"period": "2015-01", "compare": ""}"#,
            r#"{"period": "2015-01", "level": "store,"}"#,
            r#"{"period": "2015-01", "months": 25}"#,
            r#"{"period": "2015-01", "down": 10}"#,
            r#"{"period": "2015-01", "as_of": "2015-02-02"}"#,
        ] {
            assert!(query(wrong).is_err(), "{wrong}");
        }
        let moment = query(r#"{"period": "2015-01", "as_of": "2015-02-01"}"#).unwrap().moment().unwrap();
        assert_eq!(moment.to_rfc3339(), "2015-02-01T15:59:59.999999+00:00");
    }
}
