//! `showfloor import --propose` and `--mapping`: sheets of any layout.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::sync::Arc;

use super::{Ended, table};
use crate::auth::caller::Scope;
use crate::clock::Clock;
use crate::db::Pool;
use crate::ledger::metric::Catalogue;
use crate::period::Period;
use crate::spreadsheets::import_file::{ImportReport, Importer, Manner};
use crate::spreadsheets::mapping::import::{self, MappedFile, Reader};
use crate::spreadsheets::mapping::propose::Proposal;
use crate::spreadsheets::mapping::{self, Target};

/// A sheet from the command line.
pub struct Given {
    pub period: Period,
    pub name: String,
    pub opened: File,
}

impl Given {
    fn bytes(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.opened.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// Imports a sheet through a mapping.
pub async fn import(
    pool: &Pool,
    catalogue: &Catalogue,
    mapping: &str,
    mut given: Given,
    manner: &Manner,
) -> anyhow::Result<ImportReport> {
    let (connection, now) = (&mut *pool.get().await?, Clock::System.now());
    let by = Reader::find(connection, catalogue, mapping, &Scope::operator(), now).await?;
    let bytes = given.bytes()?;
    let file = MappedFile { by, period: given.period, name: given.name, bytes };
    let operator = Importer { user_id: None, scope: None };
    Ok(import::import(connection, catalogue, file, manner, &operator, now).await?)
}

/// Says what the columns of a sheet probably are. Exit status 1 when somebody has to look.
pub async fn propose(
    pool: &Pool,
    catalogue: Arc<Catalogue>,
    mut given: Given,
    json: bool,
) -> anyhow::Result<Ended> {
    let bytes = given.bytes()?;
    let connection = &mut *pool.get().await?;
    let proposal = mapping::propose(connection, catalogue, bytes, given.period, None).await?;
    print(&proposal, json)?;
    Ok(if proposal.is_sure { Ended::Well } else { Ended::WithFindings })
}

fn print(proposal: &Proposal, json: bool) -> anyhow::Result<()> {
    let mut out = io::stdout();
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(proposal)?)?;
        return Ok(());
    }
    let mut rows = table::new(&["列 column", "是 is", "把握 %", "", "理由 because", "例 sample"], &[2]);
    for (at, one) in proposal.columns.iter().enumerate() {
        let what = match (one.column.to, &one.column.metric) {
            (_, Some(metric)) => metric.clone(),
            (Target::EmployeeNo, _) => "工号 employee_no".to_owned(),
            (Target::Name, _) => "姓名 name".to_owned(),
            (Target::Day, _) => "日期 day".to_owned(),
            (Target::ExternalId, _) => "编号 external_id".to_owned(),
            (Target::Metric | Target::Ignore, _) => "不导入 ignored".to_owned(),
        };
        let sample = proposal.samples.first().and_then(|row| row.get(at)).cloned().unwrap_or_default();
        let mark = if one.is_sure { "" } else { "请确认 unsure" };
        rows.add_row([
            one.column.header.clone(),
            what,
            one.confidence.to_string(),
            mark.to_owned(),
            one.because.clone(),
            sample,
        ]);
    }
    writeln!(out, "{rows}")?;
    Ok(())
}
