//! Cells put aside while something is tried, and put back.

use super::{Cells, WholePlan};
use crate::plan::split::tree::Rows;

/// Cells of some places of the organisation, in every line.
pub(in crate::plan) struct SavedCells {
    places: Vec<usize>,
    lines: Vec<Cells>,
}

impl WholePlan {
    /// The cells of some places of the organisation, to be put back.
    pub(in crate::plan) fn cells_of(&self, places: &[usize]) -> SavedCells {
        let rows = |rows: &Rows| places.iter().map(|at| rows.get(*at).copied().unwrap_or_default()).collect();
        let lines = self.lines.iter().map(|line| {
            let Cells { suggested, confirmed, floor, stretch } = &line.cells.organisation;
            Cells {
                suggested: rows(suggested),
                confirmed: rows(confirmed),
                floor: floor.as_ref().map(rows),
                stretch: stretch.as_ref().map(rows),
            }
        });
        SavedCells { places: places.to_vec(), lines: lines.collect() }
    }

    /// Puts cells back, and takes away the places behind the first `count`.
    pub(in crate::plan) fn put_back(&mut self, saved: SavedCells, count: usize) {
        self.shapes.organisation.truncate(count);
        for (line, saved_line) in self.lines.iter_mut().zip(saved.lines) {
            let put = |rows: &mut Rows, saved_rows: Rows| {
                for (place, months) in saved.places.iter().zip(saved_rows) {
                    if let Some(slot) = rows.get_mut(*place) {
                        *slot = months;
                    }
                }
                rows.truncate(count);
            };
            let cells = &mut line.cells.organisation;
            put(&mut cells.suggested, saved_line.suggested);
            put(&mut cells.confirmed, saved_line.confirmed);
            for (level, saved_level) in
                [(&mut cells.floor, saved_line.floor), (&mut cells.stretch, saved_line.stretch)]
            {
                if let Some((rows, saved_rows)) = level.as_mut().zip(saved_level) {
                    put(rows, saved_rows);
                }
            }
        }
    }
}
