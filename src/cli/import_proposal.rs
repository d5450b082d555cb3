//! What `showfloor import --propose` prints.

use std::io::{self, Write as _};

use super::table;
use crate::spreadsheets::mapping::Target;
use crate::spreadsheets::mapping::propose::Proposal;

/// Prints what the columns of a sheet probably are.
pub fn print(proposal: &Proposal, json: bool) -> anyhow::Result<()> {
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
            // Nobody proposes the columns of a plan's targets.
            (Target::Month | Target::Planned | Target::Series, _) => one.column.to.label().to_owned(),
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
