//! Importing a file: read it, find its people, and record what is new. The same file again changes nothing, and of a
//! corrected file only the differences are recorded. What a corrected file no longer says stays as it was: an empty cell
//! is no word about a value.
//!
//! The file is read to its end before anything else is waited for: meanwhile no connection is held and no month is
//! locked. Then its people are found, and what is new is recorded part by part, in one transaction: an import that is
//! interrupted has never been.

mod address;
mod magnitude;
mod own_export;
mod parts;
mod report;
mod sheet;
mod under_way;
mod work;

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use self::address::address;
pub use self::report::{ImportDifference, ImportReport, ImportReportBody, MAX_DIFFERENCES, place};
use self::sheet::Sheet;
use self::under_way::About;
pub use self::under_way::{ImportRun, cancel, list as under_way};
use self::work::Work;
use crate::auth::Context;
use crate::diary::leave;
use crate::http::Problem;
use crate::ledger::metric::Catalogue;
use crate::ledger::{self, Late, ValueOrigin};
use crate::period::Period;
use crate::said::{Said, say};
use crate::spreadsheets::import::{self, Asked, Content, Form, ImportError, MAX_FAULTS, Unread};
use crate::spreadsheets::mapping::{self, built_in, built_in::ImportKind, store};

/// A file to be imported.
#[derive(Debug)]
pub struct ImportFile {
    /// How it is read.
    pub by: ReadBy,
    /// The month it is about.
    pub period: Period,
    /// Its name, for the record.
    pub name: String,
    /// Its bytes.
    pub content: Content,
}

/// How a file is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadBy {
    /// It is of a kind that the program knows.
    Kind(ImportKind),
    /// By the mapping of this name: a saved one that the caller may see, that of a template, or of the export of facts.
    Mapping(String),
}

impl ReadBy {
    /// What the batches are called that are read so.
    fn batch_kind(&self) -> String {
        match self {
            Self::Kind(kind) => kind.name().to_owned(),
            Self::Mapping(name) => mapping::batch_kind(name),
        }
    }

    async fn form(&self, cx: &mut Context, catalogue: &Catalogue, period: Period) -> Result<Form, Problem> {
        let name = match self {
            Self::Kind(kind) => return Ok(kind.form(&leave::in_force(cx, period).await?)),
            Self::Mapping(name) => name,
        };
        if let Some(form) = built_in::form(catalogue, name) {
            return Ok(form);
        }
        let saved = store::find(cx, name).await?;
        if mapping::is_of_targets(&saved.columns.0) {
            return Err(Problem::conflict(say!(
                "“{name}”是计划任务表的列对应，没有可导入的数据：请在生成计划建议时使用",
                "'{name}' maps a sheet of a plan's targets, which brings no facts: name it where a plan is suggested"
            )));
        }
        mapping::check(catalogue, &saved.source_system, &saved.columns.0)?;
        Ok(mapping::form(catalogue, &saved.name, &saved.source_system, &saved.columns.0))
    }
}

/// What to do with what was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Only report what would happen.
    DryRun,
    /// Record everything, or nothing if any row is faulty.
    #[default]
    Whole,
    /// Record the good rows, whatever the others are.
    Partial,
}

impl Mode {
    /// A dry run goes before a partial import.
    pub fn of(dry_run: bool, partial: bool) -> Self {
        match (dry_run, partial) {
            (true, _) => Self::DryRun,
            (false, true) => Self::Partial,
            (false, false) => Self::Whole,
        }
    }
}

/// How to import.
#[derive(Clone, Debug, Default)]
pub struct Manner {
    /// What to do with what was read.
    pub mode: Mode,
    /// What happens to values for a frozen month.
    pub late: Late,
    /// Why values replace others, where they do.
    pub reason: Option<String>,
    /// Whether the file may end before its month does.
    pub to_date: bool,
    /// Whether it is known, and well, that the file has numbers for people that are not read, and what is in doubt of others.
    pub accept_unread: bool,
    /// Whether the file is all that there is of its sources: who of the store is not in it has nothing there.
    pub complete: bool,
    /// Code of the store for which it is delivered: of somebody who is posted in two stores each delivers its own. By default
    /// the one store that the caller reaches, or that the file's other people are of.
    pub store: Option<String>,
}

/// What an import is at, with the rows that are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The file is being read.
    Reading(usize),
    /// Its rows are being compared with what is known, and recorded.
    Recording(usize),
}

/// Is told how far an import is, while the file is read by the thread that reads; and says whether it is to go on. The last
/// time it is asked is right before what was recorded is committed.
pub type Progress = Arc<dyn Fn(Stage) -> ControlFlow<()> + Send + Sync>;

/// Imports a file. With [`Mode::Whole`], faulty rows keep everything out, and the report says so. In every mode, numbers
/// for people that are not read keep everything out until somebody accepts that; a saved mapping remembers it.
///
/// `open` gives the work of who imports, each time over another connection.
///
/// # Errors
///
/// The caller's roles may not enter what the file brings; the file as a whole cannot be used; or the month of some of its
/// people is frozen, with [`Late::Refuse`].
#[tracing::instrument(skip_all, fields(period = %file.period, file = file.name))]
pub async fn import(
    open: impl AsyncFn() -> Result<Context, Problem>,
    catalogue: &Catalogue,
    file: ImportFile,
    manner: &Manner,
    progress: &Progress,
) -> Result<ImportReport, Problem> {
    let (kind, file_name) = (file.by.batch_kind(), file.name.clone());
    let about = About { kind: &kind, period: file.period, file_name: &file_name };
    let work = async |progress: &Progress| go(&open, catalogue, file, manner, progress).await;
    under_way::watched(&open, about, progress, work).await
}

async fn go(
    open: &impl AsyncFn() -> Result<Context, Problem>,
    catalogue: &Catalogue,
    file: ImportFile,
    manner: &Manner,
    progress: &Progress,
) -> Result<ImportReport, Problem> {
    let ImportFile { by, period, name, content } = file;
    let saved = match &by {
        ReadBy::Mapping(name) if built_in::form(catalogue, name).is_none() => Some(name.clone()),
        ReadBy::Mapping(_) | ReadBy::Kind(_) => None,
    };
    let today;
    let (form, scope) = {
        let cx = &mut open().await?;
        today = cx.today();
        let form = by.form(cx, catalogue, period).await?;
        let scope = mapping::scope(&form.brings, cx.identity.as_ref())?;
        let scope = match &manner.store {
            Some(code) => (ledger::speaking_for(cx.db(), period, code, &scope).await?, scope),
            None => (scope.clone(), scope),
        };
        (Arc::new(form), scope)
    };
    let (speaks, scope) = scope;
    let sheet = {
        let (form, name, progress) = (Arc::clone(&form), name.clone(), Arc::clone(progress));
        let to_date = manner.to_date.then_some(today);
        import::beside(move || {
            let within = Some(today).filter(|today| period.is_running(*today));
            let asked = Asked { period, file_name: &name, to_date, within };
            Sheet::read(content, &form, &asked, &progress)
        })
        .await?
    };
    let cx = &mut open().await?;
    cx.scope = scope;
    let (sha256, last_day) = (sheet.sha256.clone(), sheet.header.up_to);
    let up_to = last_day.or(Some(today).filter(|today| period.is_running(*today) && !form.is_export));
    let Unread { asked: mut unread, others: unused } = sheet.unread.clone();
    let addressed = address(cx, catalogue, period, sheet).await?;
    if !form.is_export {
        unread.extend(magnitude::doubts(cx, catalogue, period, &addressed.rows, &unread).await?);
    }
    let asks = !unread.is_empty() && !manner.accept_unread;
    if addressed.faults.len() > MAX_FAULTS {
        return Err(ImportError::TooManyFaults.into());
    }
    if manner.complete {
        let is_short = up_to.is_some() || today < period.last_day();
        let is_refused = manner.mode == Mode::Partial && !addressed.faults.is_empty();
        refuse_complete(form.is_export, is_short, is_refused)?;
    }
    let is_kept = match manner.mode {
        Mode::DryRun => false,
        Mode::Whole => addressed.faults.is_empty() && !asks,
        Mode::Partial => !asks,
    };
    let report = ImportReport {
        rows: addressed.rows.len(),
        faults: addressed.faults,
        notes: addressed.notes,
        up_to,
        unread,
        unused,
        asks,
        ..ImportReport::default()
    };
    let origin = ValueOrigin {
        source_system: form.source_system.clone(),
        batch_id: None,
        user_id: cx.by(),
        at: cx.now,
        reason: manner.reason.clone(),
    };
    let (rows, refused) = (&addressed.rows, addressed.refused);
    let (scope, exceeding) = (speaks, BTreeSet::new());
    let mut work =
        Work { catalogue, form: &form, period, manner, origin, scope, refused, exceeding, report, progress };
    match is_kept {
        true => cx.transaction(async |cx| work.record(cx, rows, &name, &sha256).await).await?,
        false => work.go(cx, rows, None).await?,
    }
    let Work { mut report, exceeding, .. } = work;
    let totals = rows.iter().filter(|one| one.row.day.is_none() && one.row.external_id.is_none());
    let totals = totals.flat_map(|one| one.row.values.iter().map(move |cell| one.said(cell)));
    let beyond = ledger::beyond(cx.db(), catalogue, period, totals, is_kept.then_some(&exceeding)).await?;
    report.notes.extend(beyond.iter().map(|one| Said::by(|language| one.sentence(catalogue, language))));
    // What is in doubt is so every time; what is not wanted is not wanted the next time either.
    let not_read = report.unread.iter().filter(|one| one.doubt.is_none());
    let headers = not_read.map(|one| one.column.as_str()).collect::<Vec<_>>();
    if let Some(saved) = saved.filter(|_| is_kept && !headers.is_empty())
        && !store::ignore(cx, &saved, &headers).await?
    {
        report.notes.push(say!(
            "未读取的列没有记入映射“{saved}”：它不只属于您所管的门店，下次还会再问",
            "the mapping '{saved}' does not remember the columns that are not read: it is not only of your stores, and you will \
             be asked again"
        ));
    }
    if let Some(day) = last_day {
        report.notes.push(say!(
            "文件只到 {day}：记作本月到这一天的数，来源仍算未交齐",
            "the file ends on {day}: its values are the month's so far, and its source is not in"
        ));
    } else if let Some(day) = up_to {
        report.notes.push(say!(
            "{period} 还没有结束：记作到 {day} 为止的数，来源仍算未交齐",
            "{period} is not over: these are its values up to {day}, and its source is not in"
        ));
    }
    if report.counts.pending > 0 && manner.late == Late::Refuse {
        let pending = report.counts.pending;
        report.notes.push(say!(
            "部分员工的本月已冻结：{pending} 个值只能作为迟到更正提交（late=keep）",
            "the month of some people is frozen: {pending} values can only be late corrections (late=keep)"
        ));
    }
    Ok(report)
}

/// Refuses the word that a file is all that there is of its sources.
fn refuse_complete(is_export: bool, is_short: bool, is_refused: bool) -> Result<(), Problem> {
    let why = match () {
        () if is_export => say!(
            "导出的数据说的是已知的数，不能声明交齐",
            "an export says what is known: it cannot be declared complete"
        ),
        () if is_short => say!(
            "本月还没有结束，或文件不到月底，不能声明交齐",
            "the month is not over, or the file ends before it does: it cannot be declared complete"
        ),
        () if is_refused => say!(
            "有行被退回，不能声明交齐：请先改正",
            "rows were refused: correct them before the file is declared complete"
        ),
        () => return Ok(()),
    };
    Err(Problem::field("complete", why))
}
