//! The tables as Diesel sees them, a file a room as in `migrations/`. A test compares these files with the migrated
//! database, column by column.

mod access;
mod diary;
mod ledger;
mod organisation;
mod plan;
mod reviews;
mod rules;

pub use access::*;
pub use diary::*;
pub use ledger::*;
pub use organisation::*;
pub use plan::*;
pub use reviews::*;
pub use rules::*;

diesel::allow_tables_to_appear_in_same_query! {
    org_unit, employee, assignment, team_leadership, plan_label,
    user_account, refresh_token, audit_entry, access_log, idempotency_key,
    import_batch, column_mapping, fact, metric_place, person_month, unit_month, unit_change, current_fact,
    source_delivery, month_close, frozen_month,
    late_correction,
    event, event_step, report_duty, work_report, work_report_text, work_report_review, lead_source,
    lost_reason, daily_sheet, daily_sheet_lead, daily_sheet_loss, activity, activity_person, leave_type,
    work_calendar, work_calendar_day, holiday_year,
    annual_plan, plan_line, plan_node, plan_pin, plan_lock, target, plan_proposal,
    plan_commitment, supply, rebate_policy, plan_funnel,
    rule_bundle, rule_file, rule_release, rule_draft, rule_draft_file, rule_draft_author, rule_backtest,
    review_cycle, review_cycle_move, review_terms, review_waiver, review_contribution,
    review, review_talk, improvement_plan, improvement_assessment, grade_guideline,
}
