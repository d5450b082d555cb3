//! What was edited in a workbook, against the plan it was exported from.

use std::collections::{HashMap, HashSet};

use super::layout::letters;
use super::read::{GIVEN_EDITED, Given, ReadRow, ReadSheet, expected};
use super::{PlanSheet, SheetFault, SheetRow, Tree};
use crate::said::{Said, say};
use crate::spreadsheets::import::{ImportError, MAX_FAULTS};

/// One confirmed cell that was edited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellChange {
    /// Code of the metric.
    pub metric: String,
    /// The tree.
    pub tree: Tree,
    /// Code of the node.
    pub code: String,
    /// Code of the unit above; empty where there is none.
    pub parent: String,
    /// What the plan calls the node.
    pub name: String,
    /// Whether nothing stands above it in its tree.
    pub is_top: bool,
    /// 1 to 12.
    pub month: u32,
    /// The value in the plan, in pieces or cents.
    pub from: i64,
    /// The value in the workbook, in pieces or cents.
    pub to: i64,
}

/// A node of the plan and where it stands there.
struct Node<'a> {
    place: usize,
    is_amount: bool,
    row: &'a SheetRow,
}

/// The edits that `read` makes to `sheet`, in the plan's order: by node, then by month.
///
/// Nodes that the workbook does not have are left as they are, so that a part of the plan can be sent round.
///
/// # Errors
///
/// Everything that is wrong, up to [`MAX_FAULTS`] faults: another plan, or the same plan in another state (its cells
/// would undo what others have edited since); a worksheet or a node that the plan does not have; an edited month that is
/// closed; an edited suggestion, floor or stretch; an empty cell.
pub fn differences(sheet: &PlanSheet, read: &ReadSheet) -> Result<Vec<CellChange>, Vec<SheetFault>> {
    if read.plan_id != sheet.plan_id {
        let found = say!("计划 {}", "plan {}", read.plan_id);
        let expected = say!("应为计划 {}，请选对文件", "expected a file of plan {}", sheet.plan_id);
        return Err(vec![SheetFault::file(found, expected)]);
    }
    if read.row_version != sheet.row_version {
        let found = say!("修订 {}", "revision {}", read.row_version);
        let expected = say!(
            "计划在导出后已被修改（现为修订 {}），请重新导出后再修改",
            "the plan was changed after the export (it is revision {} now): export it again, then edit it",
            sheet.row_version
        );
        return Err(vec![SheetFault::file(found, expected)]);
    }
    let (pages, nodes) = nodes(sheet);
    let mut strangers = HashSet::new();
    let mut faults = Vec::new();
    let mut changes = Vec::new();
    for read in &read.cells {
        if !pages.contains(&(read.metric.as_str(), read.tree)) {
            // Once for the worksheet, not for every row in it.
            if strangers.insert(read.sheet.as_str()) {
                let found = Said::same(format!("{} {}", read.metric, read.tree));
                let expected = say!("计划中没有这张表", "the plan has no such table");
                faults.push(SheetFault { row: None, ..at(read, None, found, expected) });
            }
            continue;
        }
        match nodes.get(&(read.metric.as_str(), read.tree, read.code.as_str(), read.parent.as_str())) {
            Some(node) => compare(node, read, &mut changes, &mut faults),
            None => {
                let found = if read.parent.is_empty() {
                    Said::same(read.code.as_str())
                } else {
                    say!("{}（上级 {}）", "{} (below {})", read.code, read.parent)
                };
                let expected =
                    Said::fixed("计划中没有这个“编码”的节点", "the plan has no place with this 'Code'");
                faults.push(at(read, None, found, expected));
            }
        }
        if faults.len() > MAX_FAULTS {
            faults.truncate(MAX_FAULTS);
            faults.push(ImportError::TooManyFaults.into());
            break;
        }
    }
    for (given, read) in &read.given {
        let key = (read.metric.as_str(), read.tree, read.code.as_str(), read.parent.as_str());
        let Some(node) = nodes.get(&key) else { continue };
        let months = match given {
            Given::Suggested => Some(node.row.suggested),
            Given::Floor => node.row.floor,
            Given::Stretch => node.row.stretch,
        };
        for ((to, column), from) in read.months.iter().zip(read.columns).zip(months.unwrap_or_default()) {
            if let Some(to) = to.filter(|to| *to != from && faults.len() <= MAX_FAULTS) {
                faults.push(at(read, Some(column), Said::same(shown(to, node.is_amount)), GIVEN_EDITED));
            }
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    changes.sort_by_key(|(place, change): &(usize, CellChange)| (*place, change.month));
    Ok(changes.into_iter().map(|(_, change)| change).collect())
}

type Pages<'a> = HashSet<(&'a str, Tree)>;
type Nodes<'a> = HashMap<(&'a str, Tree, &'a str, &'a str), Node<'a>>;

fn nodes(sheet: &PlanSheet) -> (Pages<'_>, Nodes<'_>) {
    let mut pages = HashSet::new();
    let mut nodes = HashMap::new();
    for line in &sheet.lines {
        for tree in &line.trees {
            pages.insert((line.metric.as_str(), tree.tree));
            for row in &tree.rows {
                let key = (line.metric.as_str(), tree.tree, row.code.as_str(), row.parent.as_str());
                nodes.insert(key, Node { place: nodes.len(), is_amount: line.is_amount, row });
            }
        }
    }
    (pages, nodes)
}

fn compare(
    node: &Node<'_>,
    read: &ReadRow,
    changes: &mut Vec<(usize, CellChange)>,
    faults: &mut Vec<SheetFault>,
) {
    let row = node.row;
    let months = (1_u32..).zip(row.confirmed).zip(read.months.iter().zip(read.columns)).enumerate();
    for (index, ((month, from), (to, column))) in months {
        let closed = index < row.closed;
        match *to {
            None => faults.push(at(read, Some(column), Said::same(""), expected(node.is_amount))),
            Some(to) if to == from => {}
            Some(to) if closed => {
                let [found, kept] = [to, from].map(|value| shown(value, node.is_amount));
                let expected = say!(
                    "{month}月已关账或已结束，应保持 {kept}",
                    "month {month} is closed or has ended: expected {kept} as before"
                );
                faults.push(at(read, Some(column), Said::same(found), expected));
            }
            Some(to) => changes.push((
                node.place,
                CellChange {
                    metric: read.metric.clone(),
                    tree: read.tree,
                    code: read.code.clone(),
                    parent: read.parent.clone(),
                    name: row.name.clone(),
                    is_top: row.depth == 0,
                    month,
                    from,
                    to,
                },
            )),
        }
    }
}

fn shown(value: i64, is_amount: bool) -> String {
    super::write::shown(value.into(), is_amount)
}

fn at(read: &ReadRow, column: Option<usize>, found: Said, expected: Said) -> SheetFault {
    SheetFault {
        worksheet: Some(read.sheet.clone()),
        row: Some(read.row),
        column: column.map(letters),
        found,
        expected,
    }
}
