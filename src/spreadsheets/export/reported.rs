//! Listings of what people report, of others and of themselves: events, work reports, daily sheets, activities.

use super::listings::{Listing, moment, reached};
use super::table::Column;
use super::table::Kind::{Date, Moment, Number, Text, Words, YesNo};
use crate::auth::scope::reaches;
use crate::diary::activities::{ActivityKind, ActivityState};
use crate::diary::events::{EventKind, EventState};
use crate::diary::work_reports::{Cadence, ReportKind};

/// Every event, and what others decided on it.
pub(super) const EVENTS: Listing = Listing {
    name: "events",
    zh: "事件",
    columns: &[
        Column::new("编号", Number),
        Column::new("工号", Text),
        Column::new("姓名", Text),
        Column::new("类型", Words(|word| EventKind::named(word).map(EventKind::label))),
        Column::new("日期", Date),
        Column::new("内容", Text),
        Column::new("证据", Text),
        Column::new("说明", Text),
        Column::new("状态", Words(|word| EventState::named(word).map(EventState::label))),
        Column::new("需核实人数", Number),
        Column::new("已核实人数", Number),
        Column::new("上报人", Text),
        Column::new("上报时间", Moment),
        Column::new("核实人", Text),
        Column::new("驳回人", Text),
        Column::new("驳回原因", Text),
        Column::new("来源系统", Text),
        Column::new("外部编号", Text),
    ],
    metrics: false,
    sql: concat!(
        "SELECT v.id AS key, ARRAY[v.id::text, e.employee_no, e.name, v.kind, v.day::text, v.detail::text, \
             nullif(v.evidence::text, '[]'), v.note, v.state, v.needed::text, v.verifications::text, l.login, ",
        moment!("v.reported_at"),
        ", by.verifiers, by.rejecters, by.why, v.source_system, v.external_id] AS cells \
         FROM event v JOIN employee e ON e.id = v.employee_id JOIN user_account l ON l.id = v.reported_by \
         CROSS JOIN LATERAL (SELECT string_agg(d.login, '、' ORDER BY s.id) FILTER (WHERE s.step = 'verified') AS verifiers, \
                 string_agg(d.login, '、' ORDER BY s.id) FILTER (WHERE s.step = 'rejected') AS rejecters, \
                 string_agg(s.note, '；' ORDER BY s.id) FILTER (WHERE s.step = 'rejected') AS why \
             FROM event_step s JOIN user_account d ON d.id = s.user_id WHERE s.event_id = v.id) AS by \
         WHERE v.id > $6 AND v.day >= $2 AND v.day < $3 AND v.reported_at <= $5 AND ",
        reached!("v.employee_id"),
        " ORDER BY v.id LIMIT $7"
    ),
};

/// Every plan and summary, as it was last written.
pub(super) const WORK_REPORTS: Listing = Listing {
    name: "work-reports",
    zh: "工作计划与总结",
    columns: &[
        Column::new("编号", Number),
        Column::new("工号", Text),
        Column::new("姓名", Text),
        Column::new("类型", Words(|word| ReportKind::named(word).map(ReportKind::label))),
        Column::new("周期", Words(|word| Cadence::named(word).map(Cadence::label))),
        Column::new("日期", Date),
        Column::new("应交时间", Moment),
        Column::new("上交时间", Moment),
        Column::new("迟交", YesNo),
        Column::new("修改次数", Number),
        Column::new("内容", Text),
        Column::new("批阅人", Text),
        Column::new("批阅时间", Moment),
        Column::new("批语", Text),
    ],
    metrics: false,
    sql: concat!(
        "SELECT w.id AS key, ARRAY[w.id::text, e.employee_no, e.name, w.kind, w.cadence, w.day::text, ",
        moment!("w.due_by"),
        ", ",
        moment!("w.handed_in_at"),
        ", w.is_late::text, (t.revision - 1)::text, t.content, r.name, ",
        moment!("v.reviewed_at"),
        ", v.comment] AS cells \
         FROM work_report w JOIN employee e ON e.id = w.employee_id \
         CROSS JOIN LATERAL (SELECT x.revision, x.content FROM work_report_text x \
             WHERE x.report_id = w.id AND x.written_at <= $5 ORDER BY x.revision DESC LIMIT 1) AS t \
         LEFT JOIN work_report_review v ON v.report_id = w.id AND v.reviewed_at <= $5 \
         LEFT JOIN employee r ON r.id = v.reviewer_id \
         WHERE w.id > $6 AND w.period = $2 AND ",
        reached!("w.employee_id"),
        " ORDER BY w.id LIMIT $7"
    ),
};

/// The daily sheets, each as it was last written.
pub(super) const DAILY_SHEETS: Listing = Listing {
    name: "daily-sheets",
    zh: "销售日报",
    columns: &[
        Column::new("工号", Text),
        Column::new("姓名", Text),
        Column::new("日期", Date),
        Column::new("线索", Number),
        Column::new("线索明细", Text),
        Column::new("首次到店", Number),
        Column::new("到店客户", Number),
        Column::new("留档", Number),
        Column::new("试驾", Number),
        Column::new("订单", Number),
        Column::new("交车台数", Number),
        Column::new("战败", Number),
        Column::new("战败原因", Text),
        Column::new("备注", Text),
        Column::new("修改次数", Number),
        Column::new("填写时间", Moment),
    ],
    metrics: false,
    sql: concat!(
        "SELECT d.id AS key, ARRAY[e.employee_no, e.name, d.day::text, leads.sum::text, leads.list, \
             d.first_visits::text, d.visitors::text, d.captured_leads::text, d.test_drives::text, d.orders::text, \
             d.deliveries::text, d.lost_prospects::text, losses.list, d.note, (d.revision - 1)::text, ",
        moment!("d.written_at"),
        "] AS cells \
         FROM daily_sheet d JOIN employee e ON e.id = d.employee_id \
         CROSS JOIN LATERAL (SELECT sum(n.leads) AS sum, string_agg( \
                 coalesce(c.zh, n.channel) || '·' || s.zh || ' ' || n.leads || coalesce('（' || nullif(concat_ws('，', \
                     '到店 ' || n.visitors, '试驾 ' || n.test_drives, '订单 ' || n.orders, '交车 ' || n.deliveries), '') \
                     || '）', ''), '；' ORDER BY n.channel, n.source) AS list \
             FROM daily_sheet_lead n JOIN lead_source s ON s.code = n.source \
             LEFT JOIN plan_label c ON c.tree = 'channel' AND c.code = n.channel WHERE n.sheet_id = d.id) AS leads \
         CROSS JOIN LATERAL (SELECT string_agg(r.zh || ' ' || n.prospects, '；' ORDER BY n.reason) AS list \
             FROM daily_sheet_loss n JOIN lost_reason r ON r.code = n.reason WHERE n.sheet_id = d.id) AS losses \
         WHERE d.id > $6 AND d.day >= $2 AND d.day < $3 AND d.written_at <= $5 \
         AND NOT EXISTS (SELECT FROM daily_sheet y WHERE y.employee_id = d.employee_id AND y.day = d.day \
             AND y.revision > d.revision AND y.written_at <= $5) AND ",
        reached!("d.employee_id"),
        " ORDER BY d.id LIMIT $7"
    ),
};

/// Training, coaching and meetings, as they are now.
pub(super) const ACTIVITIES: Listing = Listing {
    name: "activities",
    zh: "培训辅导会议",
    columns: &[
        Column::new("编号", Number),
        Column::new("类型", Words(|word| ActivityKind::named(word).map(ActivityKind::label))),
        Column::new("负责人工号", Text),
        Column::new("负责人", Text),
        Column::new("日期", Date),
        Column::new("主题", Text),
        Column::new("学时", Number),
        Column::new("参加人", Text),
        Column::new("状态", Words(|word| ActivityState::named(word).map(ActivityState::label))),
        Column::new("取消原因", Text),
        Column::new("录入人", Text),
        Column::new("录入时间", Moment),
        Column::new("更新时间", Moment),
    ],
    metrics: false,
    sql: concat!(
        "SELECT t.id AS key, ARRAY[t.id::text, t.kind, e.employee_no, e.name, t.day::text, t.topic, t.hours::text, \
             (SELECT string_agg(p.name, '、' ORDER BY p.employee_no) FROM activity_person n \
                 JOIN employee p ON p.id = n.employee_id WHERE n.activity_id = t.id), \
             t.state, t.reason, l.login, ",
        moment!("t.created_at"),
        ", ",
        moment!("t.changed_at"),
        "] AS cells \
         FROM activity t JOIN employee e ON e.id = t.leader_id LEFT JOIN user_account l ON l.id = t.created_by \
         WHERE t.id > $6 AND t.day >= $2 AND t.day < $3 AND t.created_at <= $5 AND ",
        reached!("t.leader_id"),
        " ORDER BY t.id LIMIT $7"
    ),
};
