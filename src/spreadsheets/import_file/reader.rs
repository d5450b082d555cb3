//! Reading a file beside the database: rows arrive in chunks, and never more of them than are being recorded.

use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::JoinHandle;

use super::ImportFile;
use crate::diary::leave::LeaveType;
use crate::http::Problem;
use crate::spreadsheets::import::{self, Content, Fault, Found, ImportError, SheetRow, TableHeader, Wanted};

/// So many rows are recorded at a time.
const CHUNK_ROWS: usize = 2_000;

/// Rows of a file, in its order.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    /// The header of the table, before its first row.
    pub header: Option<TableHeader>,
    pub rows: Vec<SheetRow>,
    pub faults: Vec<Fault>,
}

/// A file that is being read.
pub(super) struct Reading {
    chunks: Receiver<Chunk>,
    thread: JoinHandle<Result<(), ImportError>>,
}

impl Reading {
    pub fn begin(file: ImportFile, leave_types: Vec<LeaveType>) -> Self {
        let (sender, chunks) = mpsc::channel(1);
        let thread = tokio::task::spawn_blocking(move || read(file, &leave_types, sender));
        Self { chunks, thread }
    }

    /// The next rows; none at the end of the file.
    ///
    /// # Errors
    ///
    /// The file cannot be used, or not to its end.
    pub async fn next(&mut self) -> Result<Option<Chunk>, Problem> {
        if let Some(chunk) = self.chunks.recv().await {
            return Ok(Some(chunk));
        }
        let read = (&mut self.thread).await.map_err(|error| Problem::internal(&error))?;
        read.map_err(|error| unusable(&error))?;
        Ok(None)
    }
}

/// The problem of a file that cannot be used.
pub(super) fn unusable(error: &ImportError) -> Problem {
    Problem::field("file", error.to_string())
}

/// The SHA-256 of a file.
pub(super) async fn digest(mut content: Content) -> Result<(Content, String), Problem> {
    let hashed = tokio::task::spawn_blocking(move || content.digest().map(|digest| (content, digest)));
    let hashed = hashed.await.map_err(|error| Problem::internal(&error))?;
    hashed.map_err(|error| unusable(&error.into()))
}

fn read(mut file: ImportFile, leave_types: &[LeaveType], sender: Sender<Chunk>) -> Result<(), ImportError> {
    let wanted = Wanted { kind: file.kind, period: file.period, file_name: &file.name, leave_types };
    let mut chunk = Chunk::default();
    let send =
        |chunk: &mut Chunk| sender.blocking_send(std::mem::take(chunk)).map_err(|_| ImportError::Stopped);
    import::read(&mut file.content, &wanted, &mut |found| {
        match found {
            Found::Header(header) => chunk.header = Some(header),
            Found::Row(row) => chunk.rows.push(row),
            Found::Faults(mut faults) => chunk.faults.append(&mut faults),
        }
        if chunk.rows.len() + chunk.faults.len() < CHUNK_ROWS { Ok(()) } else { send(&mut chunk) }
    })?;
    send(&mut chunk)
}
