//! A backtest's report as people read it.

use std::io::{self, Write};

use rust_decimal::Decimal;

use super::BacktestArgs;
use crate::cli::table::{self, Heading};
use crate::cli::{one_of, tell};
use crate::reviews::backtest::report::{
    AttentionMarks, BacktestReport, GradeMatrix, MeanChange, Mover, ReviewedPerson, ScoreBin,
};

/// Characters of the longest bar of the histogram.
const BAR: u64 = 24;

/// Prints a report to standard output.
pub fn report(args: &BacktestArgs, report: &BacktestReport) -> anyhow::Result<()> {
    let mut out = io::stdout();
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(report)?)?;
        return Ok(());
    }
    let BacktestReport { reviews, changed, withdrawn: gone, added, .. } = report;
    let (from, to) = (args.from, args.to);
    let told = tell!(
        "{from} – {to}：试算 {reviews} 份，变化 {changed}，不再考核 {gone}，新考核 {added}",
        "{from} – {to}: {reviews} reviews tried, {changed} change, {gone} withdrawn, {added} new"
    );
    writeln!(out, "{told}")?;
    if *changed == 0 {
        writeln!(out, "{}", tell!("没有变化", "nothing changes"))?;
    }
    withdrawn(&mut out, report)?;
    writeln!(out, "\n{}\n{}", tell!("总分分布", "totals"), histogram(&report.histogram))?;
    for matrix in &report.grades {
        let position = &matrix.position;
        writeln!(out, "\n{}\n{}", tell!("等级变化：{position}", "grades: {position}"), grades(matrix))?;
    }
    writeln!(out, "\n{}\n{}", tell!("平均总分", "mean totals"), means(report))?;
    movers(&mut out, ("上升最多", "largest gains"), &report.gainers)?;
    movers(&mut out, ("下降最多", "largest losses"), &report.losers)?;
    marks(&mut out, ("新的需要处理", "needing attention now"), &report.attention_new)?;
    marks(&mut out, ("不再需要处理", "no longer needing attention"), &report.attention_gone)?;
    if !report.never_executed.is_empty() {
        writeln!(out, "\n{}", tell!("从未执行", "never executed"))?;
        for place in &report.never_executed {
            write!(out, "  {}", place.file)?;
            for part in [place.line, place.column].into_iter().flatten() {
                write!(out, ":{part}")?;
            }
            writeln!(out)?;
        }
    }
    Ok(())
}

/// The bins between the lowest and the highest that hold a total, and the one of those without.
fn histogram(bins: &[ScoreBin]) -> comfy_table::Table {
    let is_used = |bin: &&ScoreBin| bin.before + bin.after > 0;
    let used = bins.iter().filter(is_used).filter_map(|bin| bin.from);
    let (first, last) = (used.clone().min(), used.max());
    let most = bins.iter().flat_map(|bin| [bin.before, bin.after]).max().unwrap_or(0).max(1);
    // Rounded up: a bar says that there is somebody.
    let bar = |count: u64, part: &str| {
        part.repeat(usize::try_from((count * BAR).div_ceil(most)).unwrap_or_default())
    };
    let columns = [("总分", "total"), ("原", "before"), ("", ""), ("新", "after"), ("", "")];
    let mut rows = table::new(&columns, &[1, 3]);
    for bin in bins {
        let label = match bin.from {
            Some(_) if bin.from < first || bin.from > last => continue,
            Some(from) => format!("{from}–{}", from + 5),
            None if is_used(&bin) => tell!("无", "none"),
            None => continue,
        };
        rows.add_row([
            label,
            bin.before.to_string(),
            bar(bin.before, "░"),
            bin.after.to_string(),
            bar(bin.after, "█"),
        ]);
    }
    rows
}

fn grades(matrix: &GradeMatrix) -> comfy_table::Table {
    let grades = matrix.grades.iter().map(|grade| (grade.as_str(), grade.as_str()));
    let header = [("原 ↓ 新 →", "before ↓ after →")].into_iter().chain(grades);
    let numbers = (1..=matrix.grades.len()).collect::<Vec<_>>();
    let mut rows = table::new(&header.collect::<Vec<_>>(), &numbers);
    for (grade, counts) in matrix.grades.iter().zip(&matrix.counts) {
        let counts = counts.iter().map(|count| if *count == 0 { "·".to_owned() } else { count.to_string() });
        rows.add_row([grade.clone()].into_iter().chain(counts));
    }
    rows
}

fn means(report: &BacktestReport) -> comfy_table::Table {
    let columns =
        [("", ""), ("", ""), ("份", "reviews"), ("原", "before"), ("新", "after"), ("变化", "change")];
    let mut rows = table::new(&columns, &[2, 3, 4, 5]);
    let mut add = |label: (&str, &str), means: &[MeanChange]| {
        for mean in means {
            rows.add_row([
                one_of(label).to_owned(),
                mean.of.clone(),
                mean.count.to_string(),
                mean.before.to_string(),
                mean.after.to_string(),
                signed(mean.change),
            ]);
        }
    };
    add(("岗位", "position"), &report.positions);
    add(("门店", "store"), &report.stores);
    add(("单位", "unit"), &report.teams);
    rows
}

fn movers(out: &mut impl Write, title: Heading<'_>, movers: &[Mover]) -> io::Result<()> {
    if movers.is_empty() {
        return Ok(());
    }
    let header = [
        ("工号", "employee_no"),
        ("姓名", "name"),
        ("单位", "unit"),
        ("月份", "month"),
        ("原", "before"),
        ("新", "after"),
        ("变化", "change"),
        ("等级", "grade"),
        ("规则", "rule"),
    ];
    let mut rows = table::new(&header, &[4, 5, 6]);
    for mover in movers {
        let [employee_no, name, unit, period] = person(mover.person.as_ref());
        let rule = mover.rule.as_ref().map(|rule| format!("{} {}", rule.rule, signed(rule.change)));
        rows.add_row([
            employee_no,
            name,
            unit,
            period,
            mover.before.to_string(),
            mover.after.to_string(),
            signed(mover.change),
            format!("{} → {}", mover.grade_before, mover.grade_after),
            rule.unwrap_or_else(|| "—".to_owned()),
        ]);
    }
    writeln!(out, "\n{}\n{rows}", one_of(title))
}

fn withdrawn(out: &mut impl Write, report: &BacktestReport) -> io::Result<()> {
    for named in &report.withdrawn_first {
        let [employee_no, name, unit, period] = person(named.person.as_ref());
        writeln!(out, "  {employee_no} {name} {unit} {period}")?;
    }
    Ok(())
}

fn marks(out: &mut impl Write, title: Heading<'_>, marks: &AttentionMarks) -> io::Result<()> {
    if marks.count == 0 {
        return Ok(());
    }
    let (title, count) = (one_of(title), marks.count);
    writeln!(out, "\n{}", tell!("{title}：{count}", "{title}: {count}"))?;
    for mark in &marks.first {
        let [employee_no, name, _, period] = person(mark.person.as_ref());
        writeln!(out, "  {employee_no} {name} {period}  {}", mark.attention.join(one_of(("；", "; "))))?;
    }
    Ok(())
}

/// 工号, name, unit and month; dashes where the review is not there any more.
fn person(person: Option<&ReviewedPerson>) -> [String; 4] {
    match person {
        Some(person) => {
            [person.employee_no.clone(), person.name.clone(), person.unit.clone(), person.period.to_string()]
        }
        None => ["—"; 4].map(str::to_owned),
    }
}

fn signed(change: Decimal) -> String {
    if change > Decimal::ZERO { format!("+{change}") } else { change.to_string() }
}
