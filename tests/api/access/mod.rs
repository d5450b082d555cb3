//! Who may do what (domain.md, "Review workflow"): every operation with every role.

mod entering;
mod readings;
mod scope;

pub use scope::second_store;

use reqwest::Method;
use showfloor::auth::access::Role;
use showfloor::server;
use utoipa::openapi::path::Operation;

use crate::support::{Answer, As, TestApp};

/// The demonstration's logins, one for each role.
pub const LOGINS: [&str; 13] = [
    "consultant",
    "leader",
    "telesales",
    "supervisor",
    "manager",
    "gm",
    "hr",
    "clerk",
    "service",
    "group",
    "dashboard",
    "auditor",
    "admin",
];

/// What an operation asks of its caller.
enum May {
    /// Nobody has to sign in.
    Anybody,
    /// These logins may, separated by spaces.
    Logins(&'static str),
}
use May::{Anybody, Logins};

const EVERYBODY: May = Logins(
    "consultant leader telesales supervisor manager gm hr clerk service group dashboard auditor admin",
);
/// "system_admin (users, organisation, keys; no reviews)".
const ADMINISTRATION: May = Logins("admin");
/// domain.md is silent. Whoever works with other people's records looks units and people up.
const ORGANISATION: May = Logins("leader supervisor manager gm hr clerk service group auditor admin");
/// Row "plan": own, propose team split, own, decompose, approve, view, –, issue, read, read.
const PLAN: May = Logins("consultant leader telesales manager gm hr group dashboard auditor");
/// Row "plan": the sales manager decomposes, the group issues. (What a leader does is below.)
const PLANNING: May = Logins("manager group");
/// Row "plan": the leader proposes the team's split.
const PROPOSING: May = Logins("leader");
/// Row "plan": who has an own part, leads a team or decomposes says what can be brought.
const COMMITTING: May = Logins("consultant leader manager");
/// Row "plan": the general manager approves, and a group administrator what is planned for the group as a whole (which plan
/// is whose, says tests/api/plans/groups.rs).
const APPROVAL: May = Logins("gm group");
/// Row "enter facts", and the group for a store's HR, and the showroom supervisor.
const ENTERING: May = Logins("consultant leader telesales supervisor manager hr clerk service group");
/// Row "enter facts": attendance is HR's.
const ATTENDANCE: May = Logins("hr group");
/// Row "enter facts": the sales manager verifies, and so do those who run or approve the month, and the group for them.
const VERIFYING: May = Logins("manager gm hr group");
/// Row "rules": whoever drafts, approves or reads them.
const RULES: May = Logins("manager gm hr group auditor");
/// Row "rules", and whoever is to confirm a release, if it scores the person.
const RECEIVING: May = REVIEWS;
/// Row "rules": drafted by the sales manager and HR, and by the group for a store's HR.
const DRAFTING: May = Logins("manager hr group");
/// Row "rules": approved by the general manager and the group.
const RELEASING: May = Logins("gm group");
/// Row "rules": whoever drafts or approves them, for the people they reach.
const TRYING: May = Logins("manager gm hr group");
/// Row "run, publish": HR, and the group for it.
const RUNNING: May = Logins("hr group");
/// A store's calendar is for everybody who works there.
const CALENDAR: May =
    Logins("consultant leader telesales supervisor manager gm hr clerk service group auditor");
/// Who decides on what came after a month was frozen.
const DECIDING: May = Logins("gm hr group");
/// Row "enter facts": own reports and daily sheet.
const WRITING: May = Logins("consultant leader telesales");
/// Issue 5: reports are "reviewed by the leader".
const READING: May = Logins("leader");
/// Duties and counting of reports, and the lists that sheets name, are the sales manager's and HR's, for whom the group may stand in.
const REPORTS: May = Logins("manager hr group");
/// Coaching is the leader's and the sales manager's, meetings the sales manager's, training HR's.
const ACTIVITIES: May = Logins("leader manager hr group");
/// Whoever runs, reviews or audits a store's month.
const CYCLES: May = Logins("manager gm hr group auditor");
/// A talk is recorded by who comments on a review: leader, manager, and where there are none the general manager.
const ASSESSING: May = Logins("leader manager gm");
/// A talk is confirmed by the person: everybody who can be reviewed.
const STAFF: May = Logins("consultant leader telesales supervisor manager gm hr clerk service");
/// Leader, manager, HR and general manager make improvement plans, and the group for a store's HR.
const IMPROVING: May = Logins("leader manager gm hr group");
/// Row "run, publish", and the general manager: how grades are spread.
const CALIBRATING: May = Logins("gm hr group");
/// Rows "own review" and "others' reviews": all but the dashboard (aggregates) and the system administrator (none).
const REVIEWS: May =
    Logins("consultant leader telesales supervisor manager gm hr clerk service group auditor");
/// Rows "own review" and "others' reviews": whoever is reviewed or has a say, which an auditor has not.
const CONTRIBUTING: May = Logins("consultant leader telesales supervisor manager gm hr clerk service group");
/// The coefficient sheet is a wage document: HR's and the general manager's, and read by who audits them.
const SHEETS: May = Logins("gm hr group auditor");
/// Row "access log": own, –, own, –, –, –, –, ✔, –, ✔. The demonstration's leader is a consultant too.
const ACCESS_LOG: May = Logins("consultant leader group auditor");
/// Aggregates without names: for who leads, plans or looks at dashboards.
const AGGREGATES: May = Logins("leader telesales manager gm hr group dashboard auditor");
/// The top of the leaderboard names people: not for a third party's dashboard.
const LEADERBOARD: May = REVIEWS;

const EXPECTED: &[(&str, May)] = &[
    ("create_session", Anybody),
    ("refresh_session", Anybody),
    ("delete_session", Anybody),
    ("get_me", EVERYBODY),
    ("replace_password", EVERYBODY),
    ("list_users", ADMINISTRATION),
    ("list_wrong_passwords", ADMINISTRATION),
    ("create_user", ADMINISTRATION),
    ("get_user", ADMINISTRATION),
    ("update_user", ADMINISTRATION),
    ("list_api_keys", ADMINISTRATION),
    ("create_api_key", ADMINISTRATION),
    ("delete_api_key", ADMINISTRATION),
    ("list_org_units", ORGANISATION),
    ("create_org_unit", ADMINISTRATION),
    ("get_org_unit", ORGANISATION),
    ("update_org_unit", ADMINISTRATION),
    ("list_employees", ORGANISATION),
    ("create_employee", ADMINISTRATION),
    ("get_employee", ORGANISATION),
    ("update_employee", ADMINISTRATION),
    ("list_assignments", ORGANISATION),
    ("create_assignment", ADMINISTRATION),
    ("get_assignment", ORGANISATION),
    ("update_assignment", ADMINISTRATION),
    ("list_team_leaderships", ORGANISATION),
    ("create_team_leadership", ADMINISTRATION),
    ("get_team_leadership", ORGANISATION),
    ("update_team_leadership", ADMINISTRATION),
    ("list_plans", PLAN),
    ("get_plan", PLAN),
    ("list_plan_targets", PLAN),
    ("get_plan_diff", PLAN),
    ("get_plan_sheet", PLAN),
    ("import_plan_sheet", PLANNING),
    ("get_pace", PLAN),
    ("list_channels", PLAN),
    ("list_series", PLAN),
    ("put_channel", PLANNING),
    ("put_series", PLANNING),
    ("try_plan", PLANNING),
    ("put_plan_pins", PLANNING),
    ("create_replan", PLANNING),
    ("lock_plan_months", APPROVAL),
    ("put_plan_funnel", PLANNING),
    ("list_plan_activities", PLAN),
    ("put_supply", PLANNING),
    ("get_supply", PLAN),
    ("get_plan_supply", PLAN),
    ("list_rebate_policies", PLAN),
    ("get_rebate_policy", PLAN),
    ("put_rebate_policy", PLANNING),
    ("list_rebates", PLAN),
    ("create_plan", PLANNING),
    ("delete_plan", PLANNING),
    ("submit_plan", PLANNING),
    ("create_plan_resplit", PLANNING),
    ("create_plan_version", PLANNING),
    ("list_plan_proposals", PLAN),
    ("create_plan_proposal", PROPOSING),
    ("withdraw_plan_proposal", PROPOSING),
    ("accept_plan_proposal", PLANNING),
    ("reject_plan_proposal", PLANNING),
    ("get_plan_commitments", PLAN),
    ("put_plan_commitments", COMMITTING),
    ("get_plan_issued", PLAN),
    ("return_plan", APPROVAL),
    ("approve_plan", APPROVAL),
    ("list_metrics", EVERYBODY),
    ("record_facts", ENTERING),
    ("list_facts", REVIEWS),
    ("list_fact_history", REVIEWS),
    ("correct_fact", ENTERING),
    ("list_late_corrections", REVIEWS),
    ("decide_late_corrections", DECIDING),
    ("create_work_report", WRITING),
    ("list_work_reports", REVIEWS),
    ("list_due_work_reports", REVIEWS),
    ("tally_work_reports", REPORTS),
    ("get_work_report", REVIEWS),
    ("review_work_report", READING),
    ("decide_report_timing", READING),
    ("get_report_duties", REVIEWS),
    ("put_report_duties", REPORTS),
    ("list_daily_sheets", REVIEWS),
    ("get_morning_meeting", REVIEWS),
    ("put_daily_sheet", WRITING),
    ("list_lead_sources", REVIEWS),
    ("put_lead_source", REPORTS),
    ("list_lost_reasons", REVIEWS),
    ("put_lost_reason", REPORTS),
    ("list_event_kinds", REVIEWS),
    ("list_events", REVIEWS),
    ("report_event", ENTERING),
    ("get_event", REVIEWS),
    ("verify_event", VERIFYING),
    ("reject_event", VERIFYING),
    ("withdraw_event", ENTERING),
    ("create_activity", ACTIVITIES),
    ("list_activities", REVIEWS),
    ("complete_activity", ACTIVITIES),
    ("cancel_activity", ACTIVITIES),
    ("create_import", ATTENDANCE),
    ("list_leave_types", EVERYBODY),
    ("put_leave_type", ATTENDANCE),
    ("propose_leave_protection", ATTENDANCE),
    ("decide_leave_protection", DECIDING),
    ("withdraw_leave_protection", ATTENDANCE),
    ("get_work_calendar", CALENDAR),
    ("put_work_calendar", RUNNING),
    ("schedule_days", RUNNING),
    ("list_public_holidays", CALENDAR),
    ("put_public_holidays", Logins("group")),
    ("get_export", REVIEWS),
    ("get_import_template", ATTENDANCE),
    ("propose_column_mapping", ENTERING),
    ("list_column_mappings", ENTERING),
    ("create_column_mapping", ENTERING),
    ("get_column_mapping", ENTERING),
    ("put_column_mapping", ENTERING),
    ("create_mapped_import", ENTERING),
    ("get_rules", RULES),
    ("get_rules_status", RULES),
    ("list_rule_releases", RULES),
    ("get_rule_release", RECEIVING),
    ("get_rule_release_file", RECEIVING),
    ("list_rule_drafts", RULES),
    ("get_rule_draft", RULES),
    ("get_rule_draft_file", RULES),
    ("list_rule_draft_parameters", RULES),
    ("get_rule_draft_diff", RULES),
    ("get_rule_draft_verdict", RULES),
    ("create_rule_draft", DRAFTING),
    ("delete_rule_draft", DRAFTING),
    ("put_rule_draft_file", DRAFTING),
    ("delete_rule_draft_file", DRAFTING),
    ("update_rule_draft_parameters", DRAFTING),
    ("submit_rule_draft", DRAFTING),
    ("withdraw_rule_draft", DRAFTING),
    ("rebase_rule_draft", DRAFTING),
    ("approve_rule_draft", RELEASING),
    ("reject_rule_draft", RELEASING),
    ("create_backtest", TRYING),
    ("list_backtests", RULES),
    ("get_backtest", RULES),
    ("cancel_backtest", TRYING),
    ("create_review_cycle", RUNNING),
    ("list_review_cycles", CYCLES),
    ("get_review_cycle", CYCLES),
    ("get_outstanding", CYCLES),
    ("freeze_review_cycle", RUNNING),
    ("generate_reviews", RUNNING),
    ("move_review_cycle", DECIDING),
    ("list_review_cycle_moves", CYCLES),
    ("move_review_cycles", DECIDING),
    ("list_recomputations", CYCLES),
    ("create_recomputation", DECIDING),
    ("get_review_coverage", CYCLES),
    ("get_review_terms", CALENDAR),
    ("put_review_terms", RUNNING),
    ("check_review_cycle", DECIDING),
    ("lapse_review_cycle", RUNNING),
    ("list_reviews", REVIEWS),
    ("waive_review_attention", DECIDING),
    ("list_contributions", REVIEWS),
    ("put_contribution", CONTRIBUTING),
    ("hand_in_contribution", CONTRIBUTING),
    ("give_back_contribution", CONTRIBUTING),
    ("list_adjustments", REVIEWS),
    ("propose_adjustment", TRYING),
    ("decide_adjustment", TRYING),
    ("withdraw_adjustment", TRYING),
    ("list_appeals", REVIEWS),
    ("get_appeal", REVIEWS),
    ("file_appeal", STAFF),
    ("withdraw_appeal", STAFF),
    ("take_up_appeal", DECIDING),
    ("request_appeal_material", DECIDING),
    ("decide_appeal", DECIDING),
    ("keep_golden_case", DRAFTING),
    ("add_appeal_evidence", CONTRIBUTING),
    ("add_appeal_evidence_link", CONTRIBUTING),
    ("get_appeal_evidence", REVIEWS),
    ("get_review_changes", REVIEWS),
    ("get_review_document", REVIEWS),
    ("list_acknowledgements", REVIEWS),
    ("create_acknowledgement", CONTRIBUTING),
    ("list_rule_receipts", REVIEWS),
    ("create_rule_receipt", CONTRIBUTING),
    ("list_coefficient_sheets", SHEETS),
    ("create_coefficient_sheet", RUNNING),
    ("get_coefficient_sheet", SHEETS),
    ("get_coefficient_sheet_csv", SHEETS),
    ("get_coefficient_sheet_document", SHEETS),
    ("sign_coefficient_sheet", DECIDING),
    ("get_review", REVIEWS),
    ("replay_review", REVIEWS),
    ("list_review_cases", REVIEWS),
    ("list_review_levers", REVIEWS),
    ("list_review_talks", REVIEWS),
    ("record_review_talk", ASSESSING),
    ("confirm_review_talk", STAFF),
    ("list_improvement_plans", REVIEWS),
    ("get_improvement_plan", REVIEWS),
    ("create_improvement_plan", IMPROVING),
    ("assess_improvement_plan", IMPROVING),
    ("list_review_summaries", REVIEWS),
    ("list_reviewed_months", REVIEWS),
    ("get_review_calibration", CALIBRATING),
    ("get_grade_guideline", CALIBRATING),
    ("put_grade_guideline", RUNNING),
    ("list_tasks", EVERYBODY),
    ("list_accesses", ACCESS_LOG),
    ("get_retention", SHEETS),
    ("put_retention", Logins("group")),
    ("get_retention_due", SHEETS),
    ("list_legal_holds", SHEETS),
    ("place_legal_hold", DECIDING),
    ("release_legal_hold", DECIDING),
    ("list_erasures", SHEETS),
    ("propose_erasure", DECIDING),
    ("decide_erasure", DECIDING),
    ("withdraw_erasure", DECIDING),
    ("get_attainment", AGGREGATES),
    ("get_funnel", AGGREGATES),
    ("get_distribution", AGGREGATES),
    ("get_leaderboard", LEADERBOARD),
];

fn expected(operation_id: &str) -> &'static May {
    let row = EXPECTED.iter().find(|(known, _)| *known == operation_id);
    &row.unwrap_or_else(|| panic!("{operation_id} has no row: who may do it, by domain.md?")).1
}

/// Every operation of the document: its id, method and a path that leads to nothing.
fn operations() -> Vec<(String, Method, String)> {
    let mut operations = Vec::new();
    for (path, item) in &server::openapi().paths.paths {
        let methods: [(Method, &Option<Operation>); 5] = [
            (Method::GET, &item.get),
            (Method::POST, &item.post),
            (Method::PUT, &item.put),
            (Method::PATCH, &item.patch),
            (Method::DELETE, &item.delete),
        ];
        for (method, operation) in methods {
            let Some(operation) = operation else { continue };
            let path = path
                .replace("{id}", "999999")
                .replace("{code}", "NO")
                .replace("{day}", "2014-03-01")
                .replace("{employee_no}", "NO")
                .replace("{name}", "NO")
                .replace("{path}", "a/b.toml")
                .replace("{store}", "NO")
                .replace("{year}", "2014")
                .replace("{kind}", "exams")
                .replace("contributions/exams", "contributions/hr_check")
                .replace("{adjustment}", "999999")
                .replace("{evidence}", "999999")
                .replace("{number}", "NO")
                .replace("{sheet}", "999999")
                .replace("{key}", "999999")
                .replace("{what}", "facts");
            assert!(!path.contains('{'), "{path} has a parameter that this test does not know");
            operations.push((operation.operation_id.clone().unwrap(), method, path));
        }
    }
    operations
}

/// What an operation needs besides a body to be understood.
fn query(operation_id: &str) -> &'static str {
    match operation_id {
        "create_import" => "?kind=dingtalk-attendance&period=2014-03",
        "list_facts"
        | "list_fact_history"
        | "list_due_work_reports"
        | "get_attainment"
        | "get_funnel"
        | "get_distribution"
        | "get_export"
        | "create_mapped_import"
        | "get_import_template"
        | "get_leaderboard" => "?period=2014-03",
        "list_review_summaries" => "?year=2014",
        _ => "",
    }
}

async fn call(app: &TestApp, token: Option<&str>, operation: &(String, Method, String)) -> Answer {
    let (id, method, path) = operation;
    let mut request = app.request(method.clone(), &format!("{path}{}", query(id))).header("If-Match", "*");
    if *method != Method::GET {
        request = request.header("Content-Type", "application/json").body("{}");
    }
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    Answer::of(request.send().await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_is_for_the_roles_of_the_design() {
    let app = TestApp::demo().await;
    let operations = operations();
    for (known, _) in EXPECTED {
        assert!(operations.iter().any(|(id, ..)| id == known), "there is no operation {known} any more");
    }
    let mut wrong = Vec::new();
    for login in LOGINS {
        let token = app.token(login).await;
        for operation in &operations {
            let answer = call(&app, Some(&token), operation).await;
            let status = answer.status.as_u16();
            let may = match expected(&operation.0) {
                Anybody => true,
                Logins(logins) => logins.split(' ').any(|allowed| allowed == login),
            };
            let is_right = match may {
                true => !matches!(status, 401 | 403 | 405 | 500..),
                false => status == 403,
            };
            if !is_right {
                wrong.push(format!("{login} {} → {status}, expected may = {may}", operation.0));
            }
            if status >= 400 {
                answer.problem(status);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_in_without_a_token() {
    let app = TestApp::demo().await;
    for operation in operations() {
        let answer = call(&app, None, &operation).await;
        match expected(&operation.0) {
            Anybody => assert_ne!(answer.status, 401, "{operation:?}"),
            Logins(_) => assert_eq!(answer.problem(401), "unauthenticated", "{operation:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_who_is_no_consultant_has_the_leaders_rights_only() {
    let app = TestApp::demo().await;
    let token = app.token_of("leader", vec![Role::TeamLeader]).await;
    for operation in operations() {
        let Logins(logins) = expected(&operation.0) else { continue };
        let may = logins.contains("leader") && operation.0 != "list_accesses";
        let answer = call(&app, Some(&token), &operation).await;
        assert_eq!(answer.status != 403, may, "{operation:?}: {:#}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_without_roles_may_do_nothing() {
    let app = TestApp::demo().await;
    let token = app.token_of("hr", Vec::new()).await;
    for operation in operations() {
        if let Logins(_) = expected(&operation.0) {
            assert_eq!(call(&app, Some(&token), &operation).await.problem(403), "forbidden", "{operation:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_are_asked_before_the_body_is_read() {
    let app = TestApp::demo().await;
    let garbage = |request: reqwest::RequestBuilder| async {
        let request = request.header("Content-Type", "text/plain").body("{");
        Answer::of(request.send().await.unwrap()).await
    };
    assert_eq!(garbage(app.request(Method::POST, "/v1/users")).await.problem(401), "unauthenticated");
    let token = app.token("consultant").await;
    let request = app.request(Method::POST, "/v1/users").bearer_auth(token);
    assert_eq!(garbage(request).await.problem(403), "forbidden");
    let answer = app.send(As::Nobody, Method::GET, "/v1/users?limit=abc", None).await;
    assert_eq!(answer.problem(401), "unauthenticated");
}
