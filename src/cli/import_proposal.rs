//! What `showfloor import --propose` prints.

use std::io::{self, Write as _};

use super::{one_of, table, tell, word};
use crate::spreadsheets::mapping::Target;
use crate::spreadsheets::mapping::propose::Proposal;

/// Prints what the columns of a sheet probably are.
pub fn print(proposal: &Proposal, json: bool) -> anyhow::Result<()> {
    let mut out = io::stdout();
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(proposal)?)?;
        return Ok(());
    }
    let columns = [
        ("列", "column"),
        ("是", "is"),
        ("把握 %", "confidence %"),
        ("", ""),
        ("理由", "because"),
        ("例", "sample"),
    ];
    let mut rows = table::new(&columns, &[2]);
    for (at, one) in proposal.columns.iter().enumerate() {
        let what = match (one.column.to, &one.column.metric) {
            (_, Some(metric)) => metric.clone(),
            (Target::Metric | Target::Ignore, _) => tell!("不导入", "not imported"),
            (to, _) => word(to.label(), to),
        };
        let sample = proposal.samples.first().and_then(|row| row.get(at)).cloned().unwrap_or_default();
        let mark = if one.is_sure { "" } else { one_of(("请确认", "unsure")) };
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
