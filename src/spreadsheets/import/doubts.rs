//! What nothing says of a table, and its numbers make likely: that it is of a day or a week, or that its money is in ten
//! thousands. Neither can be known, so whoever imports it is asked.

use rust_decimal::Decimal;

use super::UnreadColumn;
use super::reading::Reading;
use crate::said::{Said, say};

/// Less than this no sale costs, in yuan: what somebody has sold in a month is more, or is counted in something larger.
const LEAST_SALE: i64 = 100;

/// Of whole numbers below it, and of orders, so many are enough to ask.
const SMALL: usize = 3;

/// Days of a week, and how many people have no more before that is asked about.
const WEEK: i64 = 7;
const SHORT: usize = 3;

/// What a table's rows have shown so far.
#[derive(Default)]
pub(super) struct Doubts {
    money: Vec<Money>,
    days: Option<Days>,
}

/// A column of money, as far as it is not 0.
struct Money {
    column: String,
    /// The first row that has any, and what.
    row: u32,
    first: Decimal,
    values: usize,
    most: Decimal,
    has_fraction: bool,
    /// Whether all of them are a month's.
    is_of_months: bool,
}

/// The days that people had to work, or worked.
struct Days {
    column: String,
    row: u32,
    people: usize,
    most: Decimal,
}

impl Doubts {
    /// Looks at a row that is in order; `is_of_month` where it names neither a day nor a record.
    pub fn look(&mut self, reading: &Reading<'_>, is_of_month: bool) {
        for (column, value) in reading.money().filter(|(_, value)| !value.is_zero()) {
            let (row, has_fraction) = (reading.row, !value.fract().is_zero());
            match self.money.iter_mut().find(|known| known.column == column) {
                Some(known) => {
                    known.values += 1;
                    known.most = known.most.max(value);
                    known.has_fraction |= has_fraction;
                    known.is_of_months &= is_of_month;
                }
                None => self.money.push(Money {
                    column: column.to_owned(),
                    row,
                    first: value,
                    values: 1,
                    most: value,
                    has_fraction,
                    is_of_months: is_of_month,
                }),
            }
        }
        let Some((value, column)) = reading.days().filter(|_| is_of_month) else { return };
        match &mut self.days {
            Some(days) => {
                days.people += 1;
                days.most = days.most.max(value);
            }
            None => {
                self.days = Some(Days { column: column.to_owned(), row: reading.row, people: 1, most: value })
            }
        }
    }

    /// What is asked. Of a table that ends so many days after its month began, few days are none to wonder about.
    pub fn asks(self, up_to_day: Option<u32>) -> Vec<UnreadColumn> {
        let Self { money, days } = self;
        let least = Decimal::from(LEAST_SALE);
        let is_small = |one: &Money| {
            // A single order may be small; of a month that is three orders of magnitude less than anybody sells.
            let is_enough = match one.is_of_months {
                true => one.has_fraction || one.values >= SMALL,
                false => one.has_fraction && one.values >= SMALL,
            };
            one.most < least && is_enough
        };
        let asked = money.into_iter().filter(is_small).map(|one| {
            let doubt = say!(
                "每个数都不到 {LEAST_SALE} 元，像是以万元为单位：请核对单位，改成元；确实是元的，请确认",
                "every number is below {LEAST_SALE} yuan, as if it were in ten thousands: check the unit and make it yuan; \
                 if it is yuan, accept it"
            );
            UnreadColumn::doubted(one.column, one.row, Said::same(one.first.to_string()), doubt)
        });
        let is_short = |days: &Days| {
            let covered = up_to_day.map(Decimal::from);
            let is_few = days.most <= Decimal::ONE || days.people >= SHORT && days.most <= WEEK.into();
            is_few && covered.is_none_or(|covered| covered > Decimal::from(WEEK))
        };
        let short = days.filter(is_short).map(|days| {
            let (people, most) = (days.people, days.most.normalize());
            let doubt = say!(
                "像是一天或几天的数，不是全月的：请导出全月的；确实是全月的，请确认",
                "it looks like the numbers of a day or of a few: export the whole month; if it is the month, accept it"
            );
            let found = say!("{people} 人都不超过 {most} 天", "no more than {most} days, for {people} people");
            UnreadColumn::doubted(days.column, days.row, found, doubt)
        });
        asked.chain(short).collect()
    }
}
