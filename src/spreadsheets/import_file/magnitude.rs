//! Money that is orders of magnitude below what the same people had in the months before: it may be in thousands or ten
//! thousands, whatever nothing in the file says. It is asked about.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::address::AddressedRow;
use crate::auth::Context;
use crate::http::Problem;
use crate::ledger;
use crate::ledger::metric::Catalogue;
use crate::period::Period;
use crate::said::{Said, say};
use crate::spreadsheets::import::UnreadColumn;

/// So many times less than before is no bad month: 千元 makes 1000 times less of it, 万元 10,000 times.
const TIMES: i64 = 500;

/// So many people have to be known in both months, and so many are looked at.
const LEAST: usize = 2;
const LOOKED_AT: usize = 200;

/// So many months back one is looked for in which something is known of them.
const BACK: u32 = 3;

/// The month's totals of a metric in the file.
struct Totals<'a> {
    column: &'a str,
    /// The first row that has any, and what.
    row: u32,
    first: Decimal,
    by_person: BTreeMap<i64, Decimal>,
}

/// What is asked about the amounts of a file, but for the columns that are asked about already.
pub(super) async fn doubts(
    cx: &mut Context,
    catalogue: &Catalogue,
    period: Period,
    rows: &[AddressedRow],
    asked: &[UnreadColumn],
) -> Result<Vec<UnreadColumn>, Problem> {
    let mut totals = totals(catalogue, rows);
    totals.retain(|_, one| !asked.iter().any(|known| known.column == one.column));
    let people = totals.values().flat_map(|one| one.by_person.keys().copied()).collect::<Vec<_>>();
    let mut found = Vec::new();
    // The latest first, and not the month itself.
    for before in period.months_up_to(BACK + 1).into_iter().rev().skip(1) {
        if totals.is_empty() {
            break;
        }
        let known = ledger::current(cx.db(), before, &people).await?;
        totals.retain(|metric, one| {
            let both = one.by_person.iter().filter_map(|(id, now)| {
                Some((*now, *known.get(id)?.get(*metric).filter(|value| !value.is_zero())?))
            });
            let both = both.collect::<Vec<_>>();
            if both.len() < LEAST {
                return true;
            }
            let now = both.iter().map(|(now, _)| *now).sum::<Decimal>();
            let then = both.iter().map(|(_, then)| *then).sum::<Decimal>();
            if now.checked_mul(TIMES.into()).is_some_and(|now| now <= then) {
                found.push(one.doubt(before, now, then, both.len()));
            }
            false
        });
    }
    Ok(found)
}

/// The totals of money in the rows, of the first people, as far as they are not 0.
fn totals<'a>(catalogue: &Catalogue, rows: &'a [AddressedRow]) -> BTreeMap<&'a str, Totals<'a>> {
    let is_money = |name: &str| {
        catalogue.find(name).and_then(|id| catalogue.get(id)).is_some_and(|one| one.unit == "元")
    };
    let mut totals = BTreeMap::<&str, Totals<'_>>::new();
    let months = rows.iter().filter(|one| one.row.day.is_none() && one.row.external_id.is_none());
    for one in months.take(LOOKED_AT) {
        for cell in
            one.row.values.iter().filter(|cell| !cell.value.is_zero() && is_money(&cell.column.metric))
        {
            let of_metric = totals.entry(cell.column.metric.as_str()).or_insert_with(|| Totals {
                column: &cell.column.shown,
                row: one.row.row,
                first: cell.value,
                by_person: BTreeMap::new(),
            });
            of_metric.by_person.insert(one.employee_id, cell.value);
        }
    }
    totals
}

impl Totals<'_> {
    fn doubt(&self, before: Period, now: Decimal, then: Decimal, people: usize) -> UnreadColumn {
        let (now, then) = (now.normalize(), then.normalize());
        let doubt = say!(
            "{people} 人合计 {now} 元，而 {before} 是 {then} 元，像是以千元或万元为单位：请核对单位，改成元；确实是元的，请确认",
            "{now} yuan for {people} people, who had {then} in {before}, as if it were in thousands or ten thousands: check the \
             unit and make it yuan; if it is yuan, accept it"
        );
        UnreadColumn::doubted(self.column.to_owned(), self.row, Said::same(self.first.to_string()), doubt)
    }
}
