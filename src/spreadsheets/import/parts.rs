//! Rows of a person by car series or by channel: 人 × 车系. They are parts, and the month's value is their sum; a row of the
//! person's total among them is held against it, and is the value only where there is no part.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::{Fault, SheetRow};
use crate::said::{Said, say};

/// What the columns are called that say which part of a person a row is, in normal form.
pub(super) const PARTS: &[&str] = &[
    "车系",
    "车系名称",
    "车型",
    "车型名称",
    "车型系列",
    "车款",
    "系列",
    "品牌",
    "渠道",
    "渠道名称",
    "销售渠道",
    "客户来源",
    "线索来源",
    "线索渠道",
    "series",
    "model",
    "channel",
];

/// A person's 工号, and what is wrong with the rows.
pub(super) type FaultsOf = (Box<str>, Vec<Fault>);

/// Whom, and which day, a sum is about.
type Whose = (Box<str>, Option<NaiveDate>);

/// The parts of people, until all of them are there.
#[derive(Default)]
pub(super) struct Parts {
    /// In the order of their first rows.
    sums: Vec<Sum>,
    at: HashMap<Whose, usize>,
    /// 工号 of whom a row is faulty: what is known of them is not all.
    refused: HashSet<Box<str>>,
    faulty: BTreeSet<u32>,
}

/// What is known of a person.
struct Sum {
    /// The first part, with the values of all.
    parts: Option<SheetRow>,
    /// The rows of the parts.
    rows: Vec<u32>,
    total: Option<SheetRow>,
}

impl Parts {
    /// Takes a row that is in order; what is wrong with it beside those before. Where it is the person's own total, so is
    /// another one.
    pub fn take(&mut self, row: SheetRow, is_total: bool, column: &str) -> Option<Fault> {
        let whose = (row.employee_no.clone(), row.day);
        let at = *self.at.entry(whose).or_insert(self.sums.len());
        if at == self.sums.len() {
            self.sums.push(Sum { parts: None, rows: Vec::new(), total: None });
        }
        let sum = self.sums.get_mut(at)?;
        let known = if is_total { &mut sum.total } else { &mut sum.parts };
        let Some(first) = known else {
            sum.rows.extend(Some(row.row).filter(|_| !is_total));
            *known = Some(row);
            return None;
        };
        let expected = match (is_total, first.name == row.name) {
            (false, true) => {
                sum.rows.push(row.row);
                add(first, row);
                return None;
            }
            (true, _) => {
                say!("每个人只有一行合计（第 {} 行已有）", "one total a person (row {} is one)", first.row)
            }
            (false, false) => say!(
                "与第 {} 行相同的姓名：工号是同一个",
                "the name of row {}: the employee number is the same",
                first.row
            ),
        };
        let (at, found) = (row.row, Said::same(row.name.as_deref().unwrap_or_default()));
        self.refuse(&row.employee_no);
        Some(Fault { row: Some(at), column: Some(column.to_owned()), found, expected })
    }

    /// Has nothing of a person be read: one of the rows cannot be.
    pub fn refuse(&mut self, employee_no: &str) {
        self.refused.insert(employee_no.into());
    }

    /// Has nothing of the people of these rows be read.
    pub fn refuse_rows(&mut self, faults: &[Fault]) {
        self.faulty.extend(faults.iter().filter_map(|fault| fault.row));
    }

    /// The rows of people of whom all parts are in order, each with the sums; what is wrong with the totals of others, by 工号;
    /// and how many people have several parts.
    pub fn done(self) -> (Vec<SheetRow>, Vec<FaultsOf>, usize) {
        let Self { sums, refused, faulty, .. } = self;
        let (mut rows, mut faults, mut several) = (Vec::new(), Vec::new(), 0);
        for Sum { parts, rows: of_parts, total } in sums {
            let is_refused = |row: &SheetRow| {
                refused.contains(&row.employee_no) || of_parts.iter().any(|row| faulty.contains(row))
            };
            let Some(sum) = parts else {
                rows.extend(total.filter(|row| !is_refused(row)));
                continue;
            };
            several += usize::from(of_parts.len() > 1);
            if let Some(total) = total.filter(|_| !is_refused(&sum)) {
                let wrong = differing(&sum, &total);
                if !wrong.is_empty() {
                    faults.push((sum.employee_no, wrong));
                    continue;
                }
            }
            rows.extend(Some(sum).filter(|sum| !is_refused(sum)));
        }
        (rows, faults, several)
    }
}

/// Adds the values of a row to those of the one before.
fn add(sum: &mut SheetRow, row: SheetRow) {
    let mut values = std::mem::take(&mut sum.values).into_vec();
    for cell in row.values {
        match values.iter_mut().find(|known| known.column.metric == cell.column.metric) {
            Some(known) => known.value = (known.value + cell.value).normalize(),
            None => values.push(cell),
        }
    }
    sum.values = values.into();
}

/// Where a total is not what the parts come to.
fn differing(sum: &SheetRow, total: &SheetRow) -> Vec<Fault> {
    let wrong = total.values.iter().filter_map(|cell| {
        let parts = sum.values.iter().find(|part| part.column.metric == cell.column.metric);
        let parts = parts.map_or(Decimal::ZERO, |part| part.value);
        let expected = say!("各行之和 {parts}", "{parts}, which its parts come to");
        (parts != cell.value).then(|| Fault {
            row: Some(total.row),
            column: Some(cell.column.shown.clone()),
            found: Said::same(cell.value.to_string()),
            expected,
        })
    });
    wrong.collect()
}
