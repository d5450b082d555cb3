//! What can be exported. A listing is a query and what its columns are called; a new one is an entry here.
//!
//! Every query takes the same arguments and gives the same two columns: `key`, which grows from row to row, and `cells`,
//! the texts of the row. The arguments: $1 whom the caller reaches, $2 the month and $3 its end, $4 the store or null for
//! all, $5 what was known when, $6 the last key that was read, $7 how many rows, $8 the metrics.

use super::reported;
use super::table::Column;
use super::table::Kind::{Date, Metric, Moment, Number, Positions, Source, Text, Words, YesNo};
use crate::auth::scope::reaches;
use crate::ledger::close::corrections::CorrectionState;

/// A kind of export.
#[derive(Debug)]
pub struct Listing {
    /// Its name in paths and on the command line.
    pub name: &'static str,
    /// What it is called in the showroom.
    pub zh: &'static str,
    /// Its columns, in the order of the query's cells.
    pub columns: &'static [Column],
    /// Whether a column for each metric follows.
    pub metrics: bool,
    /// The query.
    pub sql: &'static str,
}

/// Whether somebody posted in the month, and in the store where one is named, is within the caller's reach.
macro_rules! reached {
    ($employee:literal) => {
        concat!(
            "EXISTS (SELECT FROM assignment a JOIN org_unit u ON u.id = a.unit_id \
                 LEFT JOIN org_unit s ON s.id = u.store_id WHERE a.employee_id = ",
            $employee,
            " AND daterange(a.valid_from, a.valid_to) && daterange($2, $3) AND ($4 IS NULL OR s.code = $4) \
                 AND ",
            reaches!("$1", "a.employee_id", "a.unit_id", "$2"),
            ")"
        )
    };
}

/// A moment as text, in Chinese time.
macro_rules! moment {
    ($moment:literal) => {
        concat!("to_char(", $moment, " AT TIME ZONE interval '8 hours', 'YYYY-MM-DD HH24:MI:SS')")
    };
}

pub(super) use {moment, reached};

/// Every listing.
pub const LISTINGS: &[Listing] = &[
    FACTS,
    LEDGER,
    IMPORTS,
    LATE_CORRECTIONS,
    reported::EVENTS,
    reported::WORK_REPORTS,
    reported::DAILY_SHEETS,
    reported::ACTIVITIES,
];

/// One row a person, one column a metric.
const FACTS: Listing = Listing {
    name: "facts",
    zh: "月度数据",
    columns: &[
        Column::new("工号", Text),
        Column::new("姓名", Text),
        Column::new("门店", Text),
        Column::new("小组", Text),
        Column::new("岗位", Positions),
    ],
    metrics: true,
    sql: concat!(
        "SELECT p.id AS key, ARRAY[p.employee_no, p.name, p.stores, p.units, p.positions] || ARRAY( \
              SELECT v.value::text FROM unnest($8) WITH ORDINALITY AS m (metric, at) \
              LEFT JOIN (SELECT k.metric, k.value FROM known_fact($5) k \
                  WHERE k.period = $2 AND k.employee_id = p.id) AS v ON v.metric = m.metric ORDER BY m.at) AS cells \
          FROM (SELECT e.id, e.employee_no, e.name, string_agg(DISTINCT s.name, '、') AS stores, \
                  string_agg(DISTINCT u.name, '、') FILTER (WHERE u.kind <> 'store') AS units, \
                  string_agg(DISTINCT a.position, ',') AS positions \
              FROM employee e JOIN assignment a ON a.employee_id = e.id JOIN org_unit u ON u.id = a.unit_id \
              LEFT JOIN org_unit s ON s.id = u.store_id \
              WHERE e.id > $6 AND daterange(a.valid_from, a.valid_to) && daterange($2, $3) \
              AND ($4 IS NULL OR s.code = $4) AND ",
        reaches!("$1", "e.id", "a.unit_id", "$2"),
        " GROUP BY e.id ORDER BY e.id LIMIT $7) AS p ORDER BY p.id"
    ),
};

/// Every value that was recorded, with what became of it.
const LEDGER: Listing = Listing {
    name: "ledger",
    zh: "数据流水",
    columns: &[
        Column::new("流水号", Number),
        Column::new("工号", Text),
        Column::new("姓名", Text),
        Column::new("指标代码", Text),
        Column::new("指标", Metric),
        Column::new("日期", Date),
        Column::new("数值", Number),
        Column::new("来源系统", Text),
        Column::new("外部编号", Text),
        Column::new("导入批次", Number),
        Column::new("导入文件", Text),
        Column::new("录入人", Text),
        Column::new("录入时间", Moment),
        Column::new("更正原因", Text),
        Column::new("取代流水号", Number),
        Column::new("现行", YesNo),
        Column::new("计入本月", YesNo),
    ],
    metrics: false,
    sql: concat!(
        "SELECT f.id AS key, ARRAY[f.id::text, e.employee_no, e.name, f.metric, f.metric, f.day::text, f.value::text, \
             f.source_system, f.external_id, f.batch_id::text, b.file_name, l.login, ",
        moment!("f.recorded_at"),
        ", f.reason, f.replaces_id::text, \
             here.stands::text, here.counts::text] AS cells \
         FROM fact f CROSS JOIN LATERAL fact_standing(f, $5) here JOIN employee e ON e.id = f.employee_id \
         LEFT JOIN user_account l ON l.id = f.user_id \
         LEFT JOIN import_batch b ON b.id = f.batch_id \
         WHERE f.id > $6 AND f.period = $2 AND f.recorded_at <= $5 AND ",
        reached!("f.employee_id"),
        " ORDER BY f.id LIMIT $7"
    ),
};

/// The files that were imported, as far as they brought values of people whom the caller reaches.
const IMPORTS: Listing = Listing {
    name: "imports",
    zh: "导入批次",
    columns: &[
        Column::new("批次", Number),
        Column::new("类型", Text),
        Column::new("文件", Text),
        Column::new("SHA-256", Text),
        Column::new("新增", Number),
        Column::new("更改", Number),
        Column::new("不变", Number),
        Column::new("错误", Number),
        Column::new("导入人", Text),
        Column::new("导入时间", Moment),
    ],
    metrics: false,
    sql: concat!(
        "SELECT b.id AS key, ARRAY[b.id::text, b.kind, b.file_name, b.sha256, b.added::text, b.changed::text, \
             b.unchanged::text, b.faults::text, l.login, ",
        moment!("b.imported_at"),
        "] AS cells \
         FROM import_batch b LEFT JOIN user_account l ON l.id = b.user_id \
         WHERE b.id > $6 AND b.period = $2 AND b.imported_at <= $5 \
         AND EXISTS (SELECT FROM fact f WHERE f.batch_id = b.id AND ",
        reached!("f.employee_id"),
        ") ORDER BY b.id LIMIT $7"
    ),
};

/// What came after the month was frozen, and what was decided on it.
const LATE_CORRECTIONS: Listing = Listing {
    name: "late-corrections",
    zh: "冻结后更正",
    columns: &[
        Column::new("编号", Number),
        Column::new("门店", Text),
        Column::new("工号", Text),
        Column::new("姓名", Text),
        Column::new("指标", Metric),
        Column::new("数据来源", Source),
        Column::new("日期", Date),
        Column::new("更正为", Number),
        Column::new("来源系统", Text),
        Column::new("原因", Text),
        Column::new("提出人", Text),
        Column::new("提出时间", Moment),
        Column::new("状态", Words(|word| CorrectionState::named(word).map(CorrectionState::label))),
        Column::new("决定人", Text),
        Column::new("决定时间", Moment),
        Column::new("决定说明", Text),
    ],
    metrics: false,
    sql: concat!(
        "SELECT c.id AS key, ARRAY[c.id::text, shop.name, e.employee_no, e.name, c.metric, c.source, c.day::text, \
             c.value::text, c.source_system, c.reason, p.login, ",
        moment!("c.proposed_at"),
        ", c.state, d.login, ",
        moment!("c.decided_at"),
        ", c.decision_note] AS cells \
         FROM late_correction c JOIN org_unit shop ON shop.id = c.store_id JOIN employee e ON e.id = c.employee_id \
         LEFT JOIN user_account p ON p.id = c.proposed_by LEFT JOIN user_account d ON d.id = c.decided_by \
         WHERE c.id > $6 AND c.period = $2 AND c.proposed_at <= $5 AND ",
        reached!("c.employee_id"),
        " ORDER BY c.id LIMIT $7"
    ),
};
