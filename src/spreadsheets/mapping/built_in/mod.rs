//! Mappings that need no confirmation. Those of the kinds of file that showrooms have know many words for a header. The
//! headers of the others are the program's own words: they are called after the sources of the catalogue, whose templates
//! they read, and `facts`, for the export of that name.

mod attendance;
mod funnel;
pub(in crate::spreadsheets) mod of_no_use;

use std::borrow::Cow;

use crate::diary::leave::LeaveType;
use crate::ledger::metric::{COMPUTED_SOURCE, Catalogue, Metric};
use crate::spreadsheets::export::metric_header;
use crate::spreadsheets::import::form::{FormColumn, To, measure};
use crate::spreadsheets::import::header::{EMPLOYEE_NO, NAME, Twins};
use crate::spreadsheets::import::{Container, Form};
use crate::words::words;

words! {
    /// What a file holds, and so which columns are looked for.
    #[derive(clap::ValueEnum)]
    #[value(rename_all = "kebab-case")]
    pub enum ImportKind in "import_batch.kind" {
        /// DingTalk's 月度汇总 workbook (.xlsx); if its title says which days it covers, they have to be the month's
        DingtalkAttendance = "dingtalk-attendance" "钉钉月度汇总",
        /// The same columns as text: comma, semicolon or tab separated
        AttendanceCsv = "attendance-csv" "考勤汇总（文本）",
        /// A DMS's monthly funnel per advisor, as text or as a workbook (.xlsx)
        DmsFunnel = "dms-funnel" "销售漏斗（DMS）",
    }
}

impl ImportKind {
    /// The catalogue's source that the file's metrics belong to.
    pub fn source(self) -> &'static str {
        match self {
            Self::DingtalkAttendance | Self::AttendanceCsv => "attendance",
            Self::DmsFunnel => "dms",
        }
    }

    /// How its files are read, with the kinds of leave that there are.
    pub(crate) fn form(self, leave_types: &[LeaveType]) -> Form {
        let (form, container) = match self {
            Self::DingtalkAttendance => {
                (attendance::form(self.name(), leave_types), Some(Container::Workbook))
            }
            Self::AttendanceCsv => (attendance::form(self.name(), leave_types), Some(Container::Text)),
            Self::DmsFunnel => (funnel::form(self.name()), None),
        };
        Form { container, brings: vec![Some(self.source().to_owned())], ..form }
    }
}

/// What the files of showrooms call the column of a metric.
pub(super) fn words(metric: &str) -> &'static [&'static str] {
    funnel::words(metric)
}

/// The columns that say whom a row is about, whatever they are called.
fn person(names: Twins) -> Vec<FormColumn> {
    let number = FormColumn::about(To::EmployeeNo, EMPLOYEE_NO, Twins::Ranked);
    vec![number, FormColumn::about(To::Name, NAME, names)]
}

/// The mapping of the export of facts.
pub const FACTS: &str = "facts";

/// The sources that people deliver in a month. Single events are none: they are reported and verified one by one.
pub fn sources(catalogue: &Catalogue) -> impl Iterator<Item = &str> {
    let delivered = catalogue.sources().iter().filter(|source| !source.complete);
    let names = delivered.map(|source| source.name.as_str());
    names.filter(|name| *name != COMPUTED_SOURCE && !metrics(catalogue, name).is_empty())
}

/// The metrics of a source, as the catalogue lists them.
pub fn metrics<'a>(catalogue: &'a Catalogue, source: &str) -> Vec<&'a Metric> {
    catalogue.listed().iter().filter(|metric| metric.source.as_deref() == Some(source)).collect()
}

/// Whether a name is that of a built-in mapping, or of something else that stands beside mappings.
pub fn is_reserved(catalogue: &Catalogue, name: &str) -> bool {
    name == FACTS || name == "propose" || catalogue.sources().iter().any(|source| source.name == name)
}

/// The form of a template or of the export of facts; `None` where there is no such mapping. Those columns are read that
/// are there, by their labels, with the metric's unit behind them or without.
pub(crate) fn form(catalogue: &Catalogue, name: &str) -> Option<Form> {
    let metrics: Vec<&Metric> = match name {
        FACTS => catalogue.entries().map(|(_, metric)| metric).collect(),
        source => sources(catalogue).find(|one| *one == source).map(|source| metrics(catalogue, source))?,
    };
    let collected = metrics.into_iter().filter(|metric| metric.source.as_deref() != Some(COMPUTED_SOURCE));
    let collected: Vec<&Metric> = collected.collect();
    let measured = collected.iter().map(|metric| {
        let header = metric_header(catalogue, metric).to_owned();
        let to = To::Metric(Cow::Owned(metric.name.clone()));
        let column = FormColumn::new(to, measure(metric), vec![Cow::Owned(header)]);
        FormColumn { of: Some((*metric).clone()), ..column }
    });
    let mut columns = person(Twins::Refused);
    columns.push(FormColumn::about(To::Day, &["日期"], Twins::Refused));
    columns.extend(measured);
    let system = if name == FACTS { "export".to_owned() } else { format!("template-{name}") };
    Some(Form {
        brings: collected.iter().map(|metric| metric.source.clone()).collect(),
        is_export: name == FACTS,
        no_use: of_no_use::anywhere,
        ..Form::new(&super::batch_kind(name), &system, columns)
    })
}

/// The header of a metric's column in a template: its label with its unit.
pub fn template_header(catalogue: &Catalogue, metric: &Metric) -> String {
    format!("{}（{}）", metric_header(catalogue, metric), metric.unit)
}
