//! Writing the workbook.

use std::collections::HashSet;

use rust_xlsxwriter::{
    Chart, ChartType, ConditionalFormatCell, ConditionalFormatCellRule, ConditionalFormatFormula,
    DocProperties, ExcelDateTime, Format, Formula, IgnoreError, Workbook, Worksheet, XlsxError,
};

use super::layout::{
    CHECK, CLOSED, CODE, CONFIRMED, DEPTH, FLOOR, ITEM, KIND, MONTHS, NAME, PARENT, STRETCH, SUGGESTED,
    SUM_MONTHS, SheetOrigin, Word,
};
use super::style::{Styles, ValueRow};
use super::writable::{check, display, heights, is_written};
use super::{PlanSheet, SheetError, SheetLine, SheetRow, SheetTree, Tree};
use crate::said::{Language, Said, say};

/// The row of headers, counted from 0, and the first row of nodes below it.
const HEADER_ROW: u32 = 5;
const FIRST_ROW: u32 = HEADER_ROW + 1;

// Columns counted from 0. The months begin in G, the quarters in S; W is the year and X the closed months.
const CODE_COLUMN: u16 = 0;
const PARENT_COLUMN: u16 = 1;
const NAME_COLUMN: u16 = 2;
const KIND_COLUMN: u16 = 3;
const DEPTH_COLUMN: u16 = 4;
const ITEM_COLUMN: u16 = 5;
const FIRST_MONTH: u16 = 6;
const LAST_MONTH: u16 = 17;
const YEAR_COLUMN: u16 = 22;
const CLOSED_COLUMN: u16 = 23;
/// The chart stands right of everything that is read.
const CHART_COLUMN: u16 = 25;

/// The letters of the columns of months, and of the sums with the months that each adds up.
const MONTH_LETTERS: [&str; 12] = ["G", "H", "I", "J", "K", "L", "M", "N", "O", "P", "Q", "R"];
const SUMS: [Sum; 5] = [
    Sum { letter: "S", months: ("G", "I"), from: 0, count: 3 },
    Sum { letter: "T", months: ("J", "L"), from: 3, count: 3 },
    Sum { letter: "U", months: ("M", "O"), from: 6, count: 3 },
    Sum { letter: "V", months: ("P", "R"), from: 9, count: 3 },
    Sum { letter: "W", months: ("G", "R"), from: 0, count: 12 },
];

struct Sum {
    letter: &'static str,
    months: (&'static str, &'static str),
    from: usize,
    count: usize,
}

impl Sum {
    fn of(&self, months: &[i128; 12]) -> i128 {
        months.iter().skip(self.from).take(self.count).sum()
    }
}

const NOTE: Said = Said::fixed(
    "说明：只修改“确定”行的月份（灰色为已关账或已结束的月份，不可修改；加粗蓝框蓝底为已锁定的格；黄色表示与建议不同）。季度和\
     全年由月份相加，建议、保底和挑战由程序给出，都不能直接改。金额单位为元。“校验”行应为 0。请勿修改编码、\
     项目和表头，也不要删除隐藏的第 1 行。",
    "Change only the months of the rows 'Confirmed' (grey: closed or over, not to be changed; bold on blue: held; yellow: other \
     than suggested). Quarters and the year are sums of months; suggestions, floor and stretch are the program's: none of them is \
     to be changed. Amounts are in yuan. The rows 'Check' should be 0. Leave codes, items, headers and the hidden row 1 as they are.",
);

/// What a row of differences is called.
const CHECKED: Said = Said::fixed("校验：上级 − 下级合计", "Check: less the sum of those below");

/// Writes `sheet` as an `.xlsx` workbook.
///
/// A worksheet for every tree of every line, named `<line>·<tree>`. Row 1 is hidden and holds what [`super::read`]
/// knows the worksheet by. Sums are formulas, with their results beside them for programs that do not calculate. Below
/// each node that has others below it stands a row 校验: the node less those one level down, red where not 0. Below a node
/// with 保底 or 挑战 stand these. Beside an organisation its months are drawn.
///
/// Equal plans give equal bytes: the date of creation in the file is the first day of the planned year.
///
/// # Errors
///
/// Something in `sheet` could not be read in again as it is: [`SheetError`] names the field and the node.
pub fn write(sheet: &PlanSheet) -> Result<Vec<u8>, SheetError> {
    check(sheet)?;
    let mut workbook = Workbook::new();
    let properties =
        DocProperties::new().set_title(display(&sheet.title)).set_creation_datetime(&created(sheet.year)?);
    workbook.set_properties(&properties);
    let mut names = HashSet::new();
    for line in &sheet.lines {
        for tree in line.trees.iter().filter(|tree| !tree.rows.is_empty()) {
            let worksheet = workbook.add_worksheet();
            let by = tree_name(tree.tree, sheet.language);
            worksheet.set_name(worksheet_name(&line.name, by, &mut names))?;
            Page { sheet, line, tree, styles: Styles::new(line.is_amount) }.fill(worksheet)?;
        }
    }
    Ok(workbook.save_to_buffer()?)
}

/// Workbooks know the years from 1900 to 9999.
fn created(year: i32) -> Result<ExcelDateTime, XlsxError> {
    ExcelDateTime::from_ymd(u16::try_from(year.clamp(1900, 9999)).unwrap_or(1900), 1, 1)
}

/// What a tree is called.
const fn tree_name(tree: Tree, language: Language) -> &'static str {
    match (language, tree) {
        (Language::Chinese, tree) => tree.label(),
        (Language::English, Tree::Organisation) => "Organisation",
        (Language::English, Tree::Channel) => "Channels",
        (Language::English, Tree::Series) => "Series",
    }
}

/// A worksheet's name within Excel's rules: 31 UTF-16 units, none of `[]:*?/\`, no apostrophe at an end, once in a
/// workbook whatever the case.
fn worksheet_name(line: &str, by: &str, names: &mut HashSet<String>) -> String {
    const LONGEST: usize = 31;
    let line: String = line.chars().filter(|c| is_written(*c) && !"[]:*?/\\'".contains(*c)).collect();
    let mut count = 1_usize;
    loop {
        let number = if count == 1 { String::new() } else { format!("({count})") };
        let tail = format!("·{by}{number}");
        let mut room = LONGEST.saturating_sub(tail.encode_utf16().count());
        let fits = |c: &char| {
            let left = room.checked_sub(c.len_utf16());
            room = left.unwrap_or_default();
            left.is_some()
        };
        let name: String = line.trim().chars().take_while(fits).chain(tail.chars()).collect();
        if names.insert(name.to_lowercase()) {
            return name;
        }
        count += 1;
    }
}

/// A value in cents as yuan, or in pieces as it is.
pub(super) fn shown(value: i128, is_amount: bool) -> String {
    if !is_amount {
        return value.to_string();
    }
    let sign = if value < 0 { "-" } else { "" };
    let cents = value.unsigned_abs();
    format!("{sign}{}.{:02}", cents / 100, cents % 100)
}

fn wide(months: &[i64; 12]) -> [i128; 12] {
    months.map(i128::from)
}

/// One worksheet to be filled.
struct Page<'a> {
    sheet: &'a PlanSheet,
    line: &'a SheetLine,
    tree: &'a SheetTree,
    styles: Styles,
}

impl Page<'_> {
    /// A word in the reader's language.
    const fn word(&self, word: Word) -> &'static str {
        word.of(self.sheet.language)
    }

    fn fill(&self, page: &mut Worksheet) -> Result<(), SheetError> {
        self.head(page)?;
        let mut at = FIRST_ROW;
        let rows = self.tree.rows.as_slice();
        let heights = heights(rows);
        for (index, node) in rows.iter().enumerate() {
            let next = index + 1;
            let others = rows.get(next..).unwrap_or_default();
            // Everything down to the next node that stands no lower is below this one.
            let count = others.iter().position(|row| row.depth <= node.depth).unwrap_or(others.len());
            let below = others.get(..count).unwrap_or_default();
            let own = u32::try_from(heights.get(index).copied().unwrap_or(2)).unwrap_or(2);
            let (first, check) = (at + own, at + 2);
            at = self.node(page, at, node)?;
            if !below.is_empty() {
                let taken: usize = heights.get(next..next + count).unwrap_or_default().iter().sum();
                let last = first + u32::try_from(taken).unwrap_or(1).max(1) - 1;
                self.check(page, check, node, below, (first, last))?;
                at += 1;
            }
            at = self.levels(page, at, node)?;
        }
        if self.tree.tree == Tree::Organisation {
            self.chart(page)?;
        }
        let last = at.saturating_sub(1).max(FIRST_ROW);
        page.ignore_error_range(
            FIRST_ROW,
            CODE_COLUMN,
            last,
            PARENT_COLUMN,
            IgnoreError::NumberStoredAsText,
        )?;
        let (first, confirmed) = (FIRST_ROW + 1, self.word(CONFIRMED));
        let rule =
            format!("AND($F{first}=\"{confirmed}\",G{first}<>G{FIRST_ROW},COLUMN(G{first})-6>$X{first})");
        let differs = ConditionalFormatFormula::new().set_rule(rule.as_str()).set_format(Styles::differs());
        page.add_conditional_format(FIRST_ROW, FIRST_MONTH, last, LAST_MONTH, &differs)?;
        Ok(())
    }

    /// Everything above the nodes, and the page as a whole.
    fn head(&self, page: &mut Worksheet) -> Result<(), SheetError> {
        let Self { sheet, line, tree, .. } = self;
        let origin = SheetOrigin {
            plan_id: sheet.plan_id,
            row_version: sheet.row_version,
            tree: tree.tree,
            is_amount: line.is_amount,
            metric: line.metric.clone(),
        };
        page.write_string(0, 0, origin.text())?;
        page.set_row_hidden(0)?;
        page.write_string_with_format(1, 0, display(&sheet.title), &self.styles.title)?;
        let (unit, year, version) = (display(&sheet.unit), sheet.year, sheet.version);
        let of = say!(
            "单位：{unit}　年度：{year} 年　版本：第 {version} 版",
            "Unit: {unit}　Year: {year}　Version: {version}"
        );
        page.write_string(2, 0, of.in_language(sheet.language))?;
        page.write_string(3, 0, self.task())?;
        page.write_string_with_format(4, 0, NOTE.in_language(sheet.language), &self.styles.note)?;

        let sums = SUM_MONTHS.iter().map(|(header, ..)| *header);
        let headers =
            [CODE, PARENT, NAME, KIND, DEPTH, ITEM].into_iter().chain(MONTHS).chain(sums).chain([CLOSED]);
        for (column, header) in (0..).zip(headers) {
            page.write_string_with_format(HEADER_ROW, column, self.word(header), &self.styles.header)?;
        }
        let (month, sum) = if line.is_amount { (14.0, 17.0) } else { (8.0, 10.0) };
        for (column, width) in [
            (CODE_COLUMN, 14.0),
            (PARENT_COLUMN, 12.0),
            (NAME_COLUMN, 22.0),
            (KIND_COLUMN, 7.0),
            (DEPTH_COLUMN, 4.0),
            (ITEM_COLUMN, 7.0),
            (CLOSED_COLUMN, 12.0),
        ] {
            page.set_column_width(column, width)?;
        }
        page.set_column_range_width(FIRST_MONTH, LAST_MONTH, month)?;
        page.set_column_range_width(LAST_MONTH + 1, YEAR_COLUMN, sum)?;
        page.set_freeze_panes(FIRST_ROW, FIRST_MONTH)?;
        page.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0);
        page.set_repeat_rows(HEADER_ROW, HEADER_ROW)?;
        Ok(())
    }

    /// What the line's year is to come to: its task, and after a re-plan what the closed months have brought, what is left, and the
    /// sum of all targets, which is no longer the task.
    fn task(&self) -> String {
        let Self { sheet, line, tree, .. } = self;
        let (task, language) = (line.task, sheet.language);
        let number = |value: i64| shown(value.into(), line.is_amount);
        let (name, by, total) = (display(&line.name), tree_name(tree.tree, language), number(task.total));
        let yuan = if line.is_amount { Said::fixed("（元）", " (yuan)") } else { Said::same("") };
        let yuan = yuan.in_language(language);
        let mut parts = vec![
            say!("指标：{name}{yuan}", "Line: {name}{yuan}"),
            say!("分解：{by}", "By: {by}"),
            say!("全年任务：{total}", "Year's task: {total}"),
        ];
        if task.closed > 0 {
            let (closed, results) = (task.closed, number(task.results));
            let (remaining, targets) = (number(task.remaining), number(task.targets));
            parts.push(match task.is_replanned {
                true => say!("前 {closed} 个月已实现：{results}", "Results of {closed} months: {results}"),
                false => say!(
                    "前 {closed} 个月按计划计：{results}",
                    "Planned for {closed} closed months: {results}"
                ),
            });
            parts.push(say!("剩余：{remaining}", "Remaining: {remaining}"));
            parts.push(say!("目标合计：{targets}", "Sum of targets: {targets}"));
        }
        for (level, value) in [(FLOOR, task.floor), (STRETCH, task.stretch)] {
            let Word { zh, en } = level;
            let level = value.map(number);
            parts.extend(level.map(|value| Said::both(format!("{zh}：{value}"), format!("{en}: {value}"))));
        }
        let parts: Vec<&str> = parts.iter().map(|part| part.in_language(language)).collect();
        parts.join("　")
    }

    /// The months of the first node, drawn.
    fn chart(&self, page: &mut Worksheet) -> Result<(), SheetError> {
        let sheet = page.name();
        let mut chart = Chart::new(ChartType::Column);
        for (row, name) in [(FIRST_ROW, SUGGESTED), (FIRST_ROW + 1, CONFIRMED)] {
            let months = (sheet.as_str(), HEADER_ROW, FIRST_MONTH, HEADER_ROW, LAST_MONTH);
            let values = (sheet.as_str(), row, FIRST_MONTH, row, LAST_MONTH);
            chart.add_series().set_name(self.word(name)).set_categories(months).set_values(values);
        }
        page.insert_chart(FIRST_ROW, CHART_COLUMN, &chart)?;
        Ok(())
    }

    /// The rows of a node's levels; gives the row below them.
    fn levels(&self, page: &mut Worksheet, at: u32, node: &SheetRow) -> Result<u32, SheetError> {
        let levels = [(FLOOR, node.floor), (STRETCH, node.stretch)];
        let mut at = at;
        for (item, months) in levels.into_iter().filter_map(|(item, months)| Some((item, months?))) {
            self.values(page, node, &[(at, ValueRow::Suggested, self.word(item), &months)])?;
            at += 1;
        }
        Ok(at)
    }

    /// The two rows of a node; gives the row below them.
    fn node(&self, page: &mut Worksheet, at: u32, node: &SheetRow) -> Result<u32, SheetError> {
        let both = [
            (at, ValueRow::Suggested, self.word(SUGGESTED), &node.suggested),
            (at + 1, ValueRow::Confirmed, self.word(CONFIRMED), &node.confirmed),
        ];
        self.values(page, node, &both)?;
        Ok(at + 2)
    }

    /// Rows of a node's values.
    fn values(
        &self,
        page: &mut Worksheet,
        node: &SheetRow,
        rows: &[(u32, ValueRow, &str, &[i64; 12])],
    ) -> Result<(), SheetError> {
        let (name, kind) = (display(&node.name), display(&node.kind));
        for &(at, row, item, months) in rows {
            let styles = self.styles.row(row);
            for (column, text) in
                [(CODE_COLUMN, &node.code), (PARENT_COLUMN, &node.parent), (KIND_COLUMN, &kind)]
            {
                page.write_string_with_format(at, column, text, styles.text(text))?;
            }
            page.write_string_with_format(at, NAME_COLUMN, &name, styles.name(&name, node.depth))?;
            let (depth, closed) = (u32::try_from(node.depth), u32::try_from(node.closed));
            page.write_number_with_format(at, DEPTH_COLUMN, depth.unwrap_or(u32::MAX), &styles.mark)?;
            page.write_number_with_format(at, CLOSED_COLUMN, closed.unwrap_or(12), &styles.mark)?;
            page.write_string_with_format(at, ITEM_COLUMN, item, styles.text(item))?;
            for (month, (value, pinned)) in months.iter().zip(node.pinned).enumerate() {
                let format = styles.month(pinned, month < node.closed);
                self.value(page, (at, column_of(month)), *value, format)?;
            }
            let months = wide(months);
            for (column, sum) in (LAST_MONTH + 1..).zip(&SUMS) {
                let formula = format!("=SUM({}{}:{}{})", sum.months.0, at + 1, sum.months.1, at + 1);
                self.formula(page, (at, column), &formula, sum.of(&months), &styles.sum)?;
            }
        }
        Ok(())
    }

    /// The row of differences between a node and those one level below it, which stand in `rows`.
    fn check(
        &self,
        page: &mut Worksheet,
        at: u32,
        top: &SheetRow,
        below: &[SheetRow],
        rows: (u32, u32),
    ) -> Result<(), SheetError> {
        let mut left = wide(&top.confirmed);
        for child in below.iter().filter(|row| row.depth == top.depth + 1) {
            for (left, value) in left.iter_mut().zip(wide(&child.confirmed)) {
                *left -= value;
            }
        }
        let format = &self.styles.check;
        page.write_string_with_format(at, NAME_COLUMN, CHECKED.in_language(self.sheet.language), format)?;
        page.write_string_with_format(at, ITEM_COLUMN, self.word(CHECK), format)?;
        let (first, last, depth) = (rows.0 + 1, rows.1 + 1, top.depth + 1);
        let confirmed = self.word(CONFIRMED);
        let months = MONTH_LETTERS.iter().zip(left).map(|(letter, left)| (*letter, left));
        let sums = SUMS.iter().map(|sum| (sum.letter, sum.of(&left)));
        for (column, (letter, left)) in (FIRST_MONTH..).zip(months.chain(sums)) {
            // The confirmed row of the node is the one above. Yuan are binary fractions there, hence ROUND.
            let formula = format!(
                "=ROUND({letter}{at}-SUMIFS({letter}${first}:{letter}${last},$F${first}:$F${last},\"{confirmed}\",\
                 $E${first}:$E${last},{depth}),2)"
            );
            self.formula(page, (at, column), &formula, left, format)?;
        }
        let wrong = ConditionalFormatCell::new()
            .set_rule(ConditionalFormatCellRule::NotEqualTo(0))
            .set_format(Styles::wrong());
        page.add_conditional_format(at, FIRST_MONTH, at, YEAR_COLUMN, &wrong)?;
        Ok(())
    }

    /// Writes the number nearest to the value's decimal text, which is exact up to 15 digits.
    fn value(
        &self,
        page: &mut Worksheet,
        (row, column): (u32, u16),
        value: i64,
        format: &Format,
    ) -> Result<(), SheetError> {
        let text = shown(value.into(), self.line.is_amount);
        let number: f64 = text.parse().map_err(|_| XlsxError::ParameterError(text))?;
        page.write_number_with_format(row, column, number, format)?;
        Ok(())
    }

    fn formula(
        &self,
        page: &mut Worksheet,
        (row, column): (u32, u16),
        formula: &str,
        result: i128,
        format: &Format,
    ) -> Result<(), SheetError> {
        let formula = Formula::new(formula).set_result(shown(result, self.line.is_amount));
        page.write_formula_with_format(row, column, formula, format)?;
        Ok(())
    }
}

/// The column of a month counted from 0.
fn column_of(month: usize) -> u16 {
    u16::try_from(month).map_or(LAST_MONTH, |month| FIRST_MONTH.saturating_add(month))
}
