//! What a workbook gives back as it is; anything else is refused before writing.

use std::collections::HashSet;

use super::{MAX_CELL, MAX_TEXT_CHARS, PlanSheet, SheetError, SheetRow, SheetTree};
use crate::said::{Language, Said, say};
use crate::spreadsheets::import::{MAX_ROWS, Value};

/// Refuses what would not come back as it is.
pub(super) fn check(sheet: &PlanSheet) -> Result<(), SheetError> {
    let mut rows = 0_usize;
    let mut metrics = HashSet::new();
    for line in &sheet.lines {
        let place = say!("指标“{}”", "line '{}'", line.metric);
        text("metric", &place, &line.metric)?;
        if !metrics.insert(line.metric.as_str()) {
            return Err(SheetError::Duplicate { place });
        }
        let mut trees = HashSet::new();
        for tree in &line.trees {
            let place = within(
                &place,
                &Said::both(format!("{}表", tree.tree.label()), format!("tree {}", tree.tree)),
            );
            if !trees.insert(tree.tree) {
                return Err(SheetError::Duplicate { place });
            }
            // The nodes' rows, and the block above them.
            rows = heights(&tree.rows).into_iter().fold(rows, usize::saturating_add).saturating_add(6);
            check_nodes(tree, &place)?;
        }
    }
    if sheet.lines.iter().flat_map(|line| &line.trees).all(|tree| tree.rows.is_empty()) {
        return Err(SheetError::NoRows);
    }
    match u32::try_from(rows) {
        Ok(count) if count <= MAX_ROWS => Ok(()),
        _ => Err(SheetError::TooManyRows { found: rows }),
    }
}

/// How many rows each node takes: suggested and confirmed values, a check where others stand below it, and its levels.
pub(super) fn heights(rows: &[SheetRow]) -> Vec<usize> {
    let depths = rows.iter().skip(1).map(|row| Some(row.depth)).chain([None]);
    let heights = rows.iter().zip(depths).map(|(row, next)| {
        let has_check = next.is_some_and(|next| next > row.depth);
        2 + usize::from(has_check) + usize::from(row.floor.is_some()) + usize::from(row.stretch.is_some())
    });
    heights.collect()
}

/// A place within another.
fn within(whole: &Said, part: &Said) -> Said {
    let zh = |said: &Said| said.in_language(Language::Chinese).to_owned();
    Said::both(format!("{}，{}", zh(whole), zh(part)), format!("{whole}, {part}"))
}

fn check_nodes(tree: &SheetTree, place: &Said) -> Result<(), SheetError> {
    let mut nodes = HashSet::new();
    for row in &tree.rows {
        let node =
            say!("“{}”（上级“{}”）", "node '{}' under '{}'", shortened(&row.code), shortened(&row.parent));
        let place = within(place, &node);
        text("code", &place, &row.code)?;
        if !row.parent.is_empty() {
            text("parent", &place, &row.parent)?;
        }
        if !nodes.insert((row.code.as_str(), row.parent.as_str())) {
            return Err(SheetError::Duplicate { place });
        }
        if row.closed > 12 {
            return Err(SheetError::Closed { place, found: row.closed });
        }
        let levels = [("floor", row.floor.as_ref()), ("stretch", row.stretch.as_ref())];
        let values = [("suggested", Some(&row.suggested)), ("confirmed", Some(&row.confirmed))]
            .into_iter()
            .chain(levels);
        for (field, months) in values.filter_map(|(field, months)| Some((field, months?))) {
            if let Some((month, &found)) =
                (1..).zip(months).find(|(_, value)| !(0..=MAX_CELL).contains(*value))
            {
                return Err(SheetError::Value { field, place, month, found });
            }
        }
    }
    Ok(())
}

/// Checks that a workbook gives the text back as it is.
fn text(field: &'static str, place: &Said, text: &str) -> Result<(), SheetError> {
    let kept = matches!(Value::text(text), Value::Text(kept) if kept == text);
    if kept && text.chars().all(is_written) && text.chars().count() <= MAX_TEXT_CHARS {
        return Ok(());
    }
    Err(SheetError::Text { field, place: place.clone(), found: shortened(text) })
}

/// Control characters and what is no character are no part of XML.
pub(super) fn is_written(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// A text that is only looked at: what cannot be written is left out.
pub(super) fn display(text: &str) -> String {
    text.chars().map(|c| if is_written(c) { c } else { ' ' }).take(MAX_TEXT_CHARS).collect()
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}
