//! What is wrong in a row, said in both languages.

use serde::Serialize;

use crate::said::{Language, Said};

/// One thing wrong in one row. A row with a fault yields no values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The row as a spreadsheet numbers it, from 1; none for the file as a whole.
    pub row: Option<u32>,
    /// The column's header as the file writes it; none for the row as a whole.
    pub column: Option<String>,
    /// The text found there, shortened when long.
    pub found: Said,
    /// What should stand there instead.
    pub expected: Said,
}

impl Fault {
    /// What is sent to a reader.
    pub fn body(&self, language: Language) -> FaultBody {
        let said = |said: &Said| said.in_language(language).to_owned();
        let (found, expected) = (said(&self.found), said(&self.expected));
        FaultBody { row: self.row, column: self.column.clone(), found, expected }
    }
}

/// One thing wrong in one row. A row with a fault yields no values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Fault)]
pub struct FaultBody {
    /// The row as a spreadsheet numbers it, from 1; `null` for the file as a whole.
    pub row: Option<u32>,
    /// The column's header as the file writes it; `null` for the row as a whole.
    pub column: Option<String>,
    /// The text found there, shortened when long.
    pub found: String,
    /// What should stand there instead, in the reader's language.
    pub expected: String,
}
