//! Splitting around held cells: those pinned by hand, and those that pins below them need.

use super::apportion::{ApportionError, along_changing_months, running_totals};
use crate::said::{Said, said_errors, say};

/// What holds one cell. The default holds nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hold {
    /// The cell is exactly this, 0 or more; its `least` is not looked at then.
    pub pinned: Option<i64>,
    /// The cell is this or more, because pins below it need so much. 0 and less ask for nothing.
    pub least: i64,
}

impl Hold {
    /// What the cell is held at while it is held: its pin, or else its least.
    fn units(self) -> i64 {
        self.pinned.unwrap_or(self.least.max(0))
    }
}

/// Why units cannot be split around held cells. Months and members are positions counted from 0; the texts
/// count from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeldError {
    /// There must be one row for every month.
    Months {
        /// What is too little or too much.
        what: Given,
        /// How many months are to be split.
        expected: usize,
        /// How many rows were given.
        found: usize,
    },
    /// A month's row is not as long as the weights of the first month.
    Members {
        /// What is too little or too much.
        what: Given,
        /// The month.
        month: usize,
        /// How many weights the first month has.
        expected: usize,
        /// How many this month has.
        found: usize,
    },
    /// A pin below 0.
    Negative {
        /// The month.
        month: usize,
        /// The member pinned.
        member: usize,
        /// The pin.
        value: i64,
    },
    /// The held cells alone are more than the parent has.
    TooMuch {
        /// The month.
        month: usize,
        /// Who is held above 0 in that month.
        members: Vec<usize>,
        /// The sum of the pins and leasts.
        held: i128,
        /// The parent's units.
        parent: i64,
    },
    /// Every member is held, and units remain.
    TooLittle {
        /// The month.
        month: usize,
        /// Who is held: everybody.
        members: Vec<usize>,
        /// The sum of the pins and leasts.
        held: i128,
        /// The parent's units.
        parent: i64,
    },
    /// Units remain, and no member that is not held has a weight.
    NoWeight {
        /// The month.
        month: usize,
        /// What the held members leave.
        left: i64,
    },
    /// A month of a year pinned below 0.
    NegativeMonth {
        /// The month.
        month: usize,
        /// The pin.
        value: i64,
    },
    /// The held months alone are more than the year has.
    YearTooMuch {
        /// The months held above 0.
        months: Vec<usize>,
        /// The sum of the pins and leasts.
        held: i128,
        /// The year's units.
        total: i64,
    },
    /// Every month of a year is held, and units remain.
    YearTooLittle {
        /// The sum of the pins and leasts.
        held: i128,
        /// The year's units.
        total: i64,
    },
    /// Units remain, and no month that is not held has a weight.
    YearNoWeight {
        /// What the held months leave.
        left: i64,
    },
    /// What is split is negative or too large.
    Apportion(ApportionError),
}

impl From<ApportionError> for HeldError {
    fn from(error: ApportionError) -> Self {
        Self::Apportion(error)
    }
}

impl HeldError {
    /// What is wrong.
    pub fn said(&self) -> Said {
        let of_month = |month: &usize, fault: Said| {
            let month = month + 1;
            fault.about(&say!("第 {month} 个月", "month {month}"))
        };
        match self {
            Self::Months { what, expected, found } => Said::both(
                format!("{expected} 个月应有 {expected} 行{}，而不是 {found} 行", what.zh()),
                format!("{expected} months need as many rows of {}, not {found}", what.en()),
            ),
            Self::Members { what, month, expected, found } => {
                let fault = Said::both(
                    format!("{}有 {found} 个，应为 {expected} 个", what.zh()),
                    format!("there are {found} {}, not {expected}", what.en()),
                );
                of_month(month, fault)
            }
            Self::Negative { month, member, value } => of_month(
                month,
                say!(
                    "第 {} 个成员锁定为负数：{value}",
                    "member {} is pinned at a negative number: {value}",
                    member + 1
                ),
            ),
            Self::TooMuch { month, members, held, parent } => of_month(
                month,
                say!(
                    "{} 个锁定的格合计 {held}，超过要拆的 {parent}",
                    "{} held members come to {held}, more than the {parent} to be split",
                    members.len()
                ),
            ),
            Self::TooLittle { month, held, parent, .. } => of_month(
                month,
                say!(
                    "每一格都已锁定，合计 {held}，而要拆的是 {parent}",
                    "every member is held, at {held} together, and {parent} are to be split"
                ),
            ),
            Self::NoWeight { month, left } => of_month(
                month,
                say!(
                    "还剩 {left}，而没有锁定的格都没有权重",
                    "{left} units are left, and nobody who is not held has a weight"
                ),
            ),
            Self::NegativeMonth { month, value } => {
                let month = month + 1;
                say!(
                    "第 {month} 个月锁定为负数：{value}",
                    "month {month} is pinned at a negative number: {value}"
                )
            }
            Self::YearTooMuch { months, held, total } => say!(
                "{} 个锁定的月份合计 {held}，超过全年的 {total}",
                "{} held months come to {held}, more than the year's {total}",
                months.len()
            ),
            Self::YearTooLittle { held, total } => say!(
                "每个月都已锁定，合计 {held}，而全年是 {total}",
                "every month is held, at {held} together, and the year has {total}"
            ),
            Self::YearNoWeight { left } => say!(
                "全年还剩 {left}，而没有锁定的月份都没有权重",
                "{left} units of the year are left, and no month that is not held has a weight"
            ),
            Self::Apportion(error) => error.said(),
        }
    }
}

said_errors!(HeldError);

/// What a split is given for every month and member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// Weights.
    Weights,
    /// Held cells.
    Held,
}

impl Given {
    const fn zh(self) -> &'static str {
        match self {
            Self::Weights => "权重",
            Self::Held => "锁定的格",
        }
    }

    const fn en(self) -> &'static str {
        match self {
            Self::Weights => "weights",
            Self::Held => "held cells",
        }
    }
}

/// Splits a parent's months over members by every month's `weights`, around the `held` cells. Weights and
/// holds are months × members, the answer members × months.
///
/// Pins stand. The rest of a month is split by the weights of the others with [`along_changing_months`], where
/// a pinned cell weighs 0. A cell that comes out below its least is held at its least like a pin, and all is
/// split again, until none is below. With nothing held, the answer is [`along_changing_months`]'.
///
/// - Every month sums exactly to the parent's; no cell is negative or below its least.
/// - What is not held is level: a member's running total over the months where it is free is the floor or the
///   ceiling of its exact running share in what the held cells leave.
///
/// It ends, because every round holds one cell more. It comes out if the first round does: where a month's
/// held cells leave units, its free cells sum to these, and if all of them came out below their leasts, the
/// held cells and leasts would sum to more than the parent. So some weight remains free.
///
/// # Errors
///
/// [`HeldError`], naming the month and who is held in it.
pub fn around(parent: &[i64], weights: &[Vec<u64>], held: &[Vec<Hold>]) -> Result<Vec<Vec<i64>>, HeldError> {
    shapes(parent.len(), weights, held)?;
    running_totals(parent)?;
    if held.iter().flatten().all(|hold| hold.pinned.is_none() && hold.least <= 0) {
        return along_changing_months(parent, weights).map_err(|error| match error {
            ApportionError::NoWeight { index } => {
                HeldError::NoWeight { month: index, left: parent.get(index).copied().unwrap_or_default() }
            }
            error => error.into(),
        });
    }
    let mut months = parent
        .iter()
        .zip(weights)
        .zip(held)
        .enumerate()
        .map(|(month, ((&parent, weights), held))| Month::new(month, parent, weights, held))
        .collect::<Result<Vec<_>, _>>()?;
    loop {
        let left: Vec<i64> = months.iter().map(|month| month.left).collect();
        let weights: Vec<Vec<u64>> = months.iter().map(|month| month.weights.clone()).collect();
        let mut rows = along_changing_months(&left, &weights)?;
        let mut again = false;
        for (index, (month, held)) in months.iter_mut().zip(held).enumerate() {
            again |= month.hold_low(held, rows.iter().map(|row| row.get(index).copied().unwrap_or_default()));
        }
        if !again {
            for (index, month) in months.iter().enumerate() {
                for (row, fixed) in rows.iter_mut().zip(&month.fixed) {
                    if let (Some(cell), &Some(units)) = (row.get_mut(index), fixed) {
                        *cell = units;
                    }
                }
            }
            return Ok(rows);
        }
    }
}

/// Splits a year's `total` over its months by their `weights`, around the `held` months: the same as
/// [`around`] for one row. With nothing held, the answer is
/// [`largest_remainder`](super::apportion::largest_remainder)'s.
///
/// # Errors
///
/// [`HeldError`], with the variants of a year.
pub fn year_around(total: i64, weights: &[u64], held: &[Hold]) -> Result<Vec<i64>, HeldError> {
    if held.len() != weights.len() {
        return Err(HeldError::Months { what: Given::Held, expected: weights.len(), found: held.len() });
    }
    match around(&[total], &[weights.to_vec()], &[held.to_vec()]) {
        Ok(rows) => Ok(rows.into_iter().flatten().collect()),
        Err(HeldError::Negative { member, value, .. }) => {
            Err(HeldError::NegativeMonth { month: member, value })
        }
        Err(HeldError::TooMuch { members, held, .. }) => {
            Err(HeldError::YearTooMuch { months: members, held, total })
        }
        Err(HeldError::TooLittle { held, .. }) => Err(HeldError::YearTooLittle { held, total }),
        Err(HeldError::NoWeight { left, .. }) => Err(HeldError::YearNoWeight { left }),
        Err(error) => Err(error),
    }
}

/// One month while it is split.
struct Month {
    /// What the held cells leave.
    left: i64,
    /// The members' weights, 0 for those held.
    weights: Vec<u64>,
    /// What the held cells are held at.
    fixed: Vec<Option<i64>>,
}

impl Month {
    /// The month with its pins, checked so that the free cells can take what is left.
    fn new(month: usize, parent: i64, weights: &[u64], held: &[Hold]) -> Result<Self, HeldError> {
        if let Some((member, value)) = held
            .iter()
            .enumerate()
            .find_map(|(member, hold)| hold.pinned.filter(|&pin| pin < 0).map(|pin| (member, pin)))
        {
            return Err(HeldError::Negative { month, member, value });
        }
        let sum: i128 = held.iter().map(|hold| i128::from(hold.units())).sum();
        if sum > i128::from(parent) {
            let members = positions(held, |hold| hold.units() > 0);
            return Err(HeldError::TooMuch { month, members, held: sum, parent });
        }
        let mut this = Self { left: parent, weights: weights.to_vec(), fixed: vec![None; held.len()] };
        // Without a weight a cell comes out as 0, below any least, in the first round already.
        for ((hold, weight), fixed) in held.iter().zip(&mut this.weights).zip(&mut this.fixed) {
            if hold.pinned.is_some() || (*weight == 0 && hold.least > 0) {
                (*weight, *fixed) = (0, Some(hold.units()));
                this.left -= hold.units();
            }
        }
        if this.left > 0 && this.weights.iter().all(|&weight| weight == 0) {
            if !held.is_empty() && this.fixed.iter().all(Option::is_some) {
                let members = (0..held.len()).collect();
                return Err(HeldError::TooLittle { month, members, held: sum, parent });
            }
            return Err(HeldError::NoWeight { month, left: this.left });
        }
        Ok(this)
    }

    /// Holds what came out below its least; whether there was such a cell.
    fn hold_low(&mut self, held: &[Hold], cells: impl Iterator<Item = i64>) -> bool {
        let mut low = false;
        for (((hold, weight), fixed), cell) in
            held.iter().zip(&mut self.weights).zip(&mut self.fixed).zip(cells)
        {
            if fixed.is_none() && cell < hold.least {
                (*weight, *fixed) = (0, Some(hold.least));
                self.left -= hold.least;
                low = true;
            }
        }
        low
    }
}

fn shapes(months: usize, weights: &[Vec<u64>], held: &[Vec<Hold>]) -> Result<(), HeldError> {
    for (what, found) in [(Given::Weights, weights.len()), (Given::Held, held.len())] {
        if found != months {
            return Err(HeldError::Months { what, expected: months, found });
        }
    }
    let expected = weights.first().map_or(0, Vec::len);
    for (month, (weights, held)) in weights.iter().zip(held).enumerate() {
        for (what, found) in [(Given::Weights, weights.len()), (Given::Held, held.len())] {
            if found != expected {
                return Err(HeldError::Members { what, month, expected, found });
            }
        }
    }
    Ok(())
}

/// Where the holds are such.
fn positions(held: &[Hold], such: impl Fn(&Hold) -> bool) -> Vec<usize> {
    held.iter().enumerate().filter(|(_, hold)| such(hold)).map(|(position, _)| position).collect()
}

#[cfg(test)]
mod tests;
