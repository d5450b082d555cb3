//! The server: pool, rules and routes put together. The route list reads as a table of contents.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, LazyLock};

use actix_web::dev::{HttpServiceFactory, Server, ServiceFactory, ServiceRequest};
use actix_web::error::InternalError;
use actix_web::web::{self, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, get, middleware};
use tracing_actix_web::TracingLogger;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_actix_web::scope::Scope as Described;
use utoipa_actix_web::{AppExt as _, OpenApiFactory};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::auth::AccessLog;
use crate::auth::token::Tokens;
use crate::changes::stream::Feed;
use crate::clock::Clock;
use crate::config::Policy;
use crate::dashboard::remembered::Answers;
use crate::db::Pool;
use crate::db::health::Health;
use crate::http::cors;
use crate::http::gate;
use crate::http::language;
use crate::http::methods::Methods;
use crate::http::openapi::{Document, add_common_answers};
use crate::http::problem::UNREACHABLE;
use crate::http::request_span::{self, RequestSpan};
use crate::http::{Code, Problem, Proxies};
use crate::ledger::catalogue::Catalogues;
use crate::rules::folder::RulesFolder;
use crate::rules::library::Library;
use crate::said::{Said, say};
use crate::spreadsheets::import::MAX_FILE_BYTES;
use crate::{auth, changes, dashboard, diary, ledger, org, plan, retention, reviews, rules, spreadsheets};

/// Everything that requests share.
#[derive(Clone)]
pub struct Shared {
    /// Connections.
    pub pool: Pool,
    /// Signs and verifies access tokens.
    pub tokens: Arc<Tokens>,
    /// The rules folder.
    pub rules: Arc<RulesFolder>,
    /// The metrics that may be collected, month by month.
    pub catalogues: Arc<Catalogues>,
    /// Stored bundles, compiled.
    pub library: Arc<Library>,
    /// The time.
    pub clock: Clock,
    /// What whoever runs it has decided.
    pub policy: Policy,
}

/// Where operations are put: a scope that serves them, or one that describes them as well.
trait Operations {
    fn service(self, operation: impl HttpServiceFactory + OpenApiFactory + 'static) -> Self;
}

impl Operations for actix_web::Scope {
    fn service(self, operation: impl HttpServiceFactory + OpenApiFactory + 'static) -> Self {
        Self::service(self, operation)
    }
}

impl<T> Operations for Described<T>
where
    T: ServiceFactory<ServiceRequest, Config = (), Error = actix_web::Error, InitError = ()>,
{
    fn service(self, operation: impl HttpServiceFactory + OpenApiFactory + 'static) -> Self {
        Self::service(self, operation)
    }
}

/// Where every endpoint of version 1 is.
const VERSION_1: &str = "/v1";

/// Every endpoint of version 1 but [`screens`].
fn routes<V1: Operations>(v1: V1) -> V1 {
    v1
        // sessions and users
        .service(auth::http::create_session)
        .service(auth::http::refresh_session)
        .service(auth::http::delete_session)
        .service(auth::http::get_me)
        .service(auth::http::replace_password)
        .service(auth::http::list_users)
        .service(auth::http::list_wrong_passwords)
        .service(auth::http::create_user)
        .service(auth::http::get_user)
        .service(auth::http::update_user)
        .service(auth::http::list_api_keys)
        .service(auth::http::create_api_key)
        .service(auth::http::delete_api_key)
        // organisation
        .service(org::http::list_org_units)
        .service(org::http::create_org_unit)
        .service(org::http::get_org_unit)
        .service(org::http::update_org_unit)
        .service(org::http::list_employees)
        .service(org::http::create_employee)
        .service(org::http::get_employee)
        .service(org::http::update_employee)
        .service(org::http::list_assignments)
        .service(org::http::create_assignment)
        .service(org::http::get_assignment)
        .service(org::http::update_assignment)
        .service(org::http::list_team_leaderships)
        .service(org::http::create_team_leadership)
        .service(org::http::get_team_leadership)
        .service(org::http::update_team_leadership)
        .service(org::http::get_disclosure)
        .service(org::http::put_disclosure)
        // ledger
        .service(ledger::http::list_metrics)
        .service(ledger::bulk::http::record_facts)
        .service(ledger::http::list_facts)
        .service(ledger::history::http::list_fact_history)
        .service(ledger::history::http::correct_fact)
        .service(ledger::close::http::list_late_corrections)
        .service(ledger::close::http::decide_late_corrections)
        // diary
        .service(diary::leave::http::list_leave_types)
        .service(diary::leave::http::put_leave_type)
        .service(diary::leave::http::propose_leave_protection)
        .service(diary::leave::http::decide_leave_protection)
        .service(diary::leave::http::withdraw_leave_protection)
        .service(diary::work_calendar::http::get_work_calendar)
        .service(diary::work_calendar::http::put_work_calendar)
        .service(diary::work_calendar::http::schedule_days)
        .service(diary::work_calendar::http::list_public_holidays)
        .service(diary::work_calendar::http::put_public_holidays)
        .service(diary::work_reports::http::create_work_report)
        .service(diary::work_reports::http::list_work_reports)
        .service(diary::work_reports::http::list_due_work_reports)
        .service(diary::work_reports::http::tally_work_reports)
        .service(diary::work_reports::http::get_work_report)
        .service(diary::work_reports::http::review_work_report)
        .service(diary::work_reports::http::decide_report_timing)
        .service(diary::work_reports::http::get_report_duties)
        .service(diary::work_reports::http::put_report_duties)
        .service(diary::daily_sheets::http::list_daily_sheets)
        .service(diary::daily_sheets::http::get_morning_meeting)
        .service(diary::daily_sheets::http::put_daily_sheet)
        .service(diary::daily_sheets::http::list_lead_sources)
        .service(diary::daily_sheets::http::put_lead_source)
        .service(diary::daily_sheets::http::list_lost_reasons)
        .service(diary::daily_sheets::http::put_lost_reason)
        .service(diary::events::http::list_event_kinds)
        .service(diary::events::http::list_events)
        .service(diary::events::http::report_event)
        .service(diary::events::http::get_event)
        .service(diary::events::http::verify_event)
        .service(diary::events::http::reject_event)
        .service(diary::events::http::withdraw_event)
        .service(diary::activities::http::create_activity)
        .service(diary::activities::http::list_activities)
        .service(diary::activities::http::complete_activity)
        .service(diary::activities::http::cancel_activity)
        // spreadsheets
        .service(spreadsheets::http::create_import)
        .service(spreadsheets::http::list_running_imports)
        .service(spreadsheets::http::cancel_import)
        .service(spreadsheets::export::http::get_export)
        .service(spreadsheets::template::http::get_import_template)
        .service(spreadsheets::mapping::http::propose_column_mapping)
        .service(spreadsheets::mapping::http::list_column_mappings)
        .service(spreadsheets::mapping::http::create_column_mapping)
        .service(spreadsheets::mapping::http::get_column_mapping)
        .service(spreadsheets::mapping::http::put_column_mapping)
        .service(spreadsheets::http::create_mapped_import)
        // plan
        .service(org::labels::http::list_channels)
        .service(org::labels::http::put_channel)
        .service(org::labels::http::list_series)
        .service(org::labels::http::put_series)
        .service(plan::versions::http::list_plans)
        .service(plan::reading::http::get_plan)
        .service(plan::reading::http::list_plan_targets)
        .service(plan::versions::http::get_plan_diff)
        .service(plan::versions::http::try_plan)
        .service(plan::suggestions::http::suggest_plan)
        .service(plan::suggestions::http::suggest_plan_from_targets)
        .service(plan::suggestions::http::create_suggested_plan)
        .service(plan::suggestions::http::create_plan_from_trial)
        .service(plan::workbook::template::http::get_plan_template)
        .service(plan::workbook::template::http::import_plan_template)
        .service(plan::versions::http::create_plan)
        .service(plan::versions::http::delete_plan)
        .service(plan::versions::http::submit_plan)
        .service(plan::versions::http::return_plan)
        .service(plan::versions::http::approve_plan)
        .service(plan::versions::http::create_plan_resplit)
        .service(plan::transfers::http::get_suggested_resplits)
        .service(plan::transfers::http::preview_reorganisation)
        .service(plan::transfers::http::reorganise_plan)
        .service(plan::versions::http::put_plan_pins)
        .service(plan::versions::http::create_plan_version)
        .service(plan::versions::http::create_replan)
        .service(plan::versions::http::lock_plan_months)
        .service(plan::workbook::http::get_plan_sheet)
        .service(plan::workbook::http::import_plan_sheet)
        .service(plan::reading::http::get_pace)
        .service(plan::bottom_up::proposals::http::list_plan_proposals)
        .service(plan::bottom_up::proposals::http::create_plan_proposal)
        .service(plan::bottom_up::proposals::http::accept_plan_proposal)
        .service(plan::bottom_up::proposals::http::reject_plan_proposal)
        .service(plan::bottom_up::proposals::http::withdraw_plan_proposal)
        .service(plan::bottom_up::commitments::http::get_plan_commitments)
        .service(plan::bottom_up::commitments::http::put_plan_commitments)
        .service(plan::bottom_up::commitments::http::get_plan_issued)
        .service(plan::funnel::http::put_plan_funnel)
        .service(plan::funnel::http::list_plan_activities)
        .service(plan::supply::http::put_supply)
        .service(plan::supply::http::get_supply)
        .service(plan::supply::http::get_plan_supply)
        .service(plan::rebate::http::list_rebate_policies)
        .service(plan::rebate::http::get_rebate_policy)
        .service(plan::rebate::http::put_rebate_policy)
        .service(plan::rebate::http::list_rebates)
        // rules
        .service(rules::http::get_rules)
        .service(rules::http::get_rules_status)
        .service(rules::http::list_rule_releases)
        .service(rules::http::get_rule_release)
        .service(rules::http::get_rule_release_file)
        .service(reviews::acknowledgements::http::list_rule_receipts)
        .service(reviews::acknowledgements::http::create_rule_receipt)
        .service(rules::draft::http::list_rule_drafts)
        .service(rules::draft::http::create_rule_draft)
        .service(rules::draft::http::get_rule_draft)
        .service(rules::draft::http::delete_rule_draft)
        .service(rules::draft::http::get_rule_draft_file)
        .service(rules::draft::http::put_rule_draft_file)
        .service(rules::draft::http::delete_rule_draft_file)
        .service(rules::draft::http::list_rule_draft_parameters)
        .service(rules::draft::http::update_rule_draft_parameters)
        .service(rules::draft::http::get_rule_draft_diff)
        .service(rules::draft::http::get_rule_draft_verdict)
        .service(rules::draft::http::rebase_rule_draft)
        .service(rules::draft::http::submit_rule_draft)
        .service(rules::draft::http::withdraw_rule_draft)
        .service(rules::draft::http::approve_rule_draft)
        .service(rules::draft::http::reject_rule_draft)
        .service(reviews::backtest::http::create_backtest)
        .service(reviews::backtest::http::list_backtests)
        .service(reviews::backtest::http::get_backtest)
        .service(reviews::backtest::http::cancel_backtest)
        // reviews
        .service(reviews::http::create_review_cycle)
        .service(reviews::http::list_review_cycles)
        .service(reviews::http::get_review_cycle)
        .service(reviews::close::http::get_outstanding)
        .service(reviews::close::http::freeze_review_cycle)
        .service(reviews::http::generate_reviews)
        .service(reviews::cycle::http::move_review_cycle)
        .service(reviews::cycle::http::list_review_cycle_moves)
        .service(reviews::cycle::http::move_review_cycles)
        .service(reviews::recomputation::http::list_recomputations)
        .service(reviews::recomputation::http::create_recomputation)
        .service(reviews::cycle::http::get_review_coverage)
        .service(reviews::cycle::http::get_review_terms)
        .service(reviews::cycle::http::put_review_terms)
        .service(reviews::http::list_reviews)
        .service(reviews::http::get_review)
        .service(reviews::http::waive_review_attention)
        .service(reviews::contributions::http::list_contributions)
        .service(reviews::contributions::http::put_contribution)
        .service(reviews::contributions::http::hand_in_contribution)
        .service(reviews::contributions::http::give_back_contribution)
        .service(reviews::contributions::http::check_review_cycle)
        .service(reviews::adjustments::http::list_adjustments)
        .service(reviews::adjustments::http::propose_adjustment)
        .service(reviews::adjustments::http::decide_adjustment)
        .service(reviews::adjustments::http::withdraw_adjustment)
        .service(reviews::appeals::http::list_appeals)
        .service(reviews::appeals::http::get_appeal)
        .service(reviews::appeals::http::file_appeal)
        .service(reviews::appeals::http::take_up_appeal)
        .service(reviews::appeals::http::request_appeal_material)
        .service(reviews::appeals::http::withdraw_appeal)
        .service(reviews::appeals::http::decide_appeal)
        .service(reviews::appeals::http::keep_golden_case)
        .service(reviews::appeals::http::add_appeal_evidence)
        .service(reviews::appeals::http::add_appeal_evidence_link)
        .service(reviews::appeals::http::get_appeal_evidence)
        .service(reviews::http::get_review_changes)
        .service(reviews::acknowledgements::http::get_review_document)
        .service(reviews::acknowledgements::http::list_acknowledgements)
        .service(reviews::acknowledgements::http::create_acknowledgement)
        .service(reviews::acknowledgements::http::lapse_review_cycle)
        .service(reviews::coefficient_sheets::http::list_coefficient_sheets)
        .service(reviews::coefficient_sheets::http::create_coefficient_sheet)
        .service(reviews::coefficient_sheets::http::get_coefficient_sheet_csv)
        .service(reviews::coefficient_sheets::http::get_coefficient_sheet)
        .service(reviews::coefficient_sheets::http::get_coefficient_sheet_document)
        .service(reviews::coefficient_sheets::http::sign_coefficient_sheet)
        .service(reviews::talks::http::list_review_talks)
        .service(reviews::talks::http::record_review_talk)
        .service(reviews::talks::http::confirm_review_talk)
        .service(reviews::calibration::http::get_review_calibration)
        .service(reviews::calibration::http::get_grade_guideline)
        .service(reviews::calibration::http::put_grade_guideline)
        .service(reviews::summaries::http::list_review_summaries)
        .service(reviews::summaries::http::list_reviewed_months)
        .service(reviews::improvement::http::list_improvement_plans)
        .service(reviews::improvement::http::create_improvement_plan)
        .service(reviews::improvement::http::get_improvement_plan)
        .service(reviews::improvement::http::assess_improvement_plan)
        .service(reviews::tasks::http::list_tasks)
        .service(reviews::http::replay_review)
        .service(reviews::http::list_review_cases)
        .service(reviews::http::list_review_levers)
        .service(reviews::http::list_accesses)
        // retention
        .service(retention::http::get_retention)
        .service(retention::http::put_retention)
        .service(retention::http::get_retention_due)
        .service(retention::http::list_legal_holds)
        .service(retention::http::place_legal_hold)
        .service(retention::http::release_legal_hold)
        .service(retention::http::list_erasures)
        .service(retention::http::propose_erasure)
        .service(retention::http::decide_erasure)
        .service(retention::http::withdraw_erasure)
}

/// What screens ask for every few seconds.
fn screens<V1: Operations>(v1: V1) -> V1 {
    v1
        // dashboard
        .service(dashboard::http::get_attainment)
        .service(dashboard::http::get_funnel)
        .service(dashboard::http::get_channel_funnel)
        .service(dashboard::http::get_phone_web_funnel)
        .service(dashboard::http::get_product_lines)
        .service(dashboard::http::get_quality)
        .service(dashboard::http::get_stock_depth)
        .service(dashboard::http::get_coefficients)
        .service(dashboard::http::get_distribution)
        .service(dashboard::http::get_leaderboard)
        // changes
        .service(changes::http::list_changes)
        .service(changes::http::stream_changes)
}

/// The OpenAPI document of the endpoints, made once; needs no database.
pub fn openapi() -> &'static OpenApi {
    static DOCUMENT: LazyLock<OpenApi> = LazyLock::new(|| {
        let described = App::new().into_utoipa_app().openapi(Document::openapi());
        let mut document = described.service(screens(routes(Described::from(VERSION_1)))).split_for_parts().1;
        add_common_answers(&mut document);
        document
    });
    &DOCUMENT
}

/// The OpenAPI document.
#[get("/openapi.json")]
async fn get_document() -> HttpResponse {
    HttpResponse::Ok().json(openapi())
}

/// Whether the server answers, whatever its database does: whoever restarts servers that hang looks here.
#[get("/livez")]
async fn get_life() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("ok\n")
}

/// Whether the server and its database answer, even while all connections are at work: whoever sends it requests looks
/// here.
#[get("/healthz")]
async fn get_health(health: Data<Health>) -> Result<HttpResponse, Problem> {
    match health.answers().await {
        true => Ok(HttpResponse::Ok().content_type("text/plain").body("ok\n")),
        false => Err(Problem::new(Code::Unavailable, UNREACHABLE)),
    }
}

/// Answers what no route takes: 405 with the methods there are, or 404.
async fn refuse(request: HttpRequest, methods: Data<Methods>) -> HttpResponse {
    methods.refuse(&request)
}

/// What a path is answered whose parameters are none, such as words in the place of a number: there is no such thing,
/// unless the words are a path of their own with other methods.
fn misread(request: &HttpRequest) -> actix_web::Error {
    match request.app_data::<Data<Methods>>() {
        Some(methods) => {
            let response = methods.refuse(request);
            InternalError::from_response("a path that cannot be read", response).into()
        }
        None => Problem::not_found("thing").into(),
    }
}

/// Takes the address, before anything else is begun for it.
pub fn bind(listen: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(listen).map_err(|error| {
        let what = say!(
            "不能在 {listen} 监听（用 --listen 换一个地址）",
            "cannot listen on {listen} (choose another address with --listen)"
        );
        Said::of_system(&error).about(&what).into()
    })
}

/// Builds the server on an address, which runs when it is awaited. It stops by itself on SIGINT and SIGTERM, after the
/// requests under way.
pub fn build(shared: Shared, listener: TcpListener) -> anyhow::Result<(Server, SocketAddr)> {
    let address = listener.local_addr()?;
    let methods = Data::new(Methods::of(openapi()));
    let log = AccessLog::open(&shared.pool).or_shown(shared.policy.reads_unlogged);
    let feed = Data::new(Feed::open(&shared.pool));
    let answers = Data::new(Answers::default());
    let health = Data::new(Health::new(shared.pool.clone()));
    let proxies = Data::new(Proxies(shared.policy.trusted_proxies.clone()));
    let origins = shared.policy.cors_origins.clone();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(Data::new(shared.pool.clone()))
            .app_data(Data::from(Arc::clone(&shared.tokens)))
            .app_data(Data::from(Arc::clone(&shared.rules)))
            .app_data(Data::from(Arc::clone(&shared.library)))
            .app_data(Data::new(shared.clock))
            .app_data(Data::new(log.clone()))
            .app_data(Data::from(Arc::clone(&shared.catalogues)))
            .app_data(methods.clone())
            .app_data(health.clone())
            .app_data(feed.clone())
            .app_data(answers.clone())
            .app_data(proxies.clone())
            .app_data(web::PayloadConfig::new(MAX_FILE_BYTES))
            .app_data(web::PathConfig::default().error_handler(|_, request| misread(request)))
            .wrap(middleware::from_fn(gate::pass))
            .wrap(middleware::from_fn(language::speak))
            .wrap(middleware::Compress::default())
            .wrap(middleware::DefaultHeaders::new().add(("X-Content-Type-Options", "nosniff")))
            .wrap(middleware::Condition::new(!origins.is_empty(), cors::allowing(&origins)))
            .wrap(middleware::from_fn(request_span::number))
            .wrap(TracingLogger::<RequestSpan>::new())
            // Paths are compared in their order.
            .service(routes(screens(web::scope(VERSION_1))))
            .service(get_life)
            .service(get_health)
            .service(web::redirect("/", "/docs/"))
            .service(web::redirect("/docs", "/docs/"))
            .service(get_document)
            .service(SwaggerUi::new("/docs/{_:.*}").config(Config::from("/openapi.json")))
            .default_service(web::to(refuse))
    })
    .listen(listener)?
    .shutdown_timeout(10)
    .run();
    Ok((server, address))
}
