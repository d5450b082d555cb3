//! Whose rows they are: finding people by 工号, and telling whoever corrects the file where that does not work out.

use std::collections::{BTreeSet, HashMap};

use diesel_async::AsyncPgConnection;

use super::Importer;
use super::reader::Chunk;
use crate::http::Problem;
use crate::ledger::metric::{Catalogue, nearest};
use crate::ledger::{self, Entry, Person};
use crate::period::Period;
use crate::spreadsheets::import::number::half_width;
use crate::spreadsheets::import::{Cell, Fault, SheetRow, TableHeader};

/// So many pairs of 工号 are compared for hints: a file of strangers in a large group is the wrong file.
const MAX_COMPARISONS: usize = 20_000_000;

/// Finds the people of rows.
pub(super) struct Addresses<'a> {
    catalogue: &'a Catalogue,
    period: Period,
    importer: &'a Importer,
    header: TableHeader,
    /// The 工号 that a stranger's may be meant to be, once there is one.
    known: Option<Vec<String>>,
    compared: usize,
    /// Columns whose metric is not collected here.
    left_out: BTreeSet<String>,
}

/// What somebody's values are.
pub(super) struct Addressed {
    /// Rows without a fault.
    pub rows: usize,
    /// Their values.
    pub entries: Vec<Entry>,
    /// Where each value stands: row, 工号 and column.
    pub places: Vec<(u32, String, Cell)>,
    pub faults: Vec<Fault>,
}

impl<'a> Addresses<'a> {
    pub fn new(catalogue: &'a Catalogue, period: Period, importer: &'a Importer) -> Self {
        let header = TableHeader::default();
        Self { catalogue, period, importer, header, known: None, compared: 0, left_out: BTreeSet::new() }
    }

    /// What there is to know about how the file is read.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = self.header.notes.clone();
        notes.extend(self.left_out.iter().map(|column| format!("指标目录中没有“{column}”列的指标，未读取")));
        notes
    }

    pub async fn address(
        &mut self,
        connection: &mut AsyncPgConnection,
        chunk: Chunk,
    ) -> Result<Addressed, Problem> {
        if let Some(header) = chunk.header {
            self.header = header;
        }
        let employee_nos = chunk.rows.iter().map(|row| row.employee_no.clone()).collect::<Vec<_>>();
        let scope = self.importer.scope.as_ref();
        let people = ledger::people(connection, self.period, &employee_nos, scope).await?;
        let reached = people.iter().filter(|person| person.is_reached);
        let people: HashMap<&str, &Person> =
            reached.map(|person| (person.employee_no.as_str(), person)).collect();
        let mut addressed =
            Addressed { rows: 0, entries: Vec::new(), places: Vec::new(), faults: chunk.faults };
        for row in chunk.rows {
            match people.get(row.employee_no.as_str()) {
                None => {
                    let fault = self.stranger(connection, row).await?;
                    addressed.faults.push(fault);
                }
                Some(person) => self.enter(&mut addressed, person, row),
            }
        }
        addressed.faults.sort_by_key(|fault| fault.row);
        Ok(addressed)
    }

    fn enter(&mut self, addressed: &mut Addressed, person: &Person, row: SheetRow) {
        let name = row.name.as_deref().filter(|name| !is_same_person(name, &person.name));
        let misnamed = name.map(|name| Fault {
            row: Some(row.row),
            column: self.header.name.clone(),
            found: name.to_owned(),
            expected: format!("{}（工号 {} 是{}）", person.name, person.employee_no, person.name),
        });
        let (known, foreign): (Vec<_>, Vec<_>) =
            row.values.into_iter().partition(|cell| self.catalogue.find(cell.metric).is_some());
        self.left_out.extend(foreign.into_iter().map(|cell| cell.column.to_string()));
        let refused = known.iter().filter_map(|cell| {
            let expected = self.catalogue.read(cell.metric, cell.value).err()?;
            let (column, found) = (Some(cell.column.to_string()), cell.value.to_string());
            Some(Fault {
                row: Some(row.row),
                column,
                found,
                expected: format!("指标目录允许的值：{expected}"),
            })
        });
        let faults = misnamed.into_iter().chain(refused).collect::<Vec<_>>();
        if !faults.is_empty() {
            addressed.faults.extend(faults);
            return;
        }
        addressed.rows += 1;
        for cell in known {
            addressed.entries.push(Entry::total(person.id, cell.metric, cell.value));
            addressed.places.push((row.row, person.employee_no.clone(), cell));
        }
    }

    async fn stranger(
        &mut self,
        connection: &mut AsyncPgConnection,
        row: SheetRow,
    ) -> Result<Fault, Problem> {
        let known = match self.known.take() {
            Some(known) => known,
            None => ledger::employee_nos(connection, self.period, self.importer.scope.as_ref()).await?,
        };
        self.compared += known.len();
        let near = if self.compared <= MAX_COMPARISONS {
            nearest(&row.employee_no, known.iter().map(String::as_str))
        } else {
            None
        };
        let expected = match near {
            Some(near) => format!("本月在岗员工的工号，最接近的是 {near}"),
            None => "本月在岗员工的工号".to_owned(),
        };
        self.known = Some(known);
        let column = Some(self.header.employee_no.clone());
        Ok(Fault { row: Some(row.row), column, found: row.employee_no, expected })
    }
}

/// Whether a name in a file is the person's: spaces, full-width characters and the dots of foreign names do not matter,
/// nor does a department behind or before it, as in 陈志远(销售一组).
pub(crate) fn is_same_person(written: &str, name: &str) -> bool {
    let plain = |c| match half_width(c) {
        '•' | '．' | '・' | '●' | '‧' | '.' => '·',
        other => other,
    };
    let normal = |text: &str| -> String {
        text.chars().map(plain).filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase()
    };
    let name = normal(name);
    let written: String = written.chars().map(plain).collect();
    let is_between =
        |c: char| matches!(c, '(' | ')' | '[' | ']' | '【' | '】' | '-' | '_' | '/' | '|' | '—' | ',' | '、');
    normal(&written) == name
        || written.split(is_between).any(|part| normal(part) == name)
        || written.split_whitespace().any(|part| normal(part) == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_however_it_is_set() {
        for (written, name) in [
            ("陈志远", "陈志远"),
            ("陈 志远", "陈志远"),
            ("李　明", "李明"),
            ("陈志远(销售一组)", "陈志远"),
            ("陈志远（展厅）", "陈志远"),
            ("陈志远-销售一组", "陈志远"),
            ("销售一组/陈志远", "陈志远"),
            ("陈志远 销售一组", "陈志远"),
            ("ＴＯＭ ＬＥＥ", "Tom Lee"),
            ("阿依古丽•买买提", "阿依古丽·买买提"),
        ] {
            assert!(is_same_person(written, name), "{written}");
        }
        for (written, name) in
            [("陈志", "陈志远"), ("陈志远远", "陈志远"), ("王浩然", "陈志远"), ("(陈志)远", "陈志远")]
        {
            assert!(!is_same_person(written, name), "{written}");
        }
    }
}
