//! The rules that ship, and the first worked case of docs/DOMAIN.md: a good month of a consultant who also leads a team and
//! telephones, so that one month is read by every scheme.

use std::path::Path;

use rust_decimal::Decimal;
use showfloor::ledger::month::MonthFacts;
use showfloor::rules::bundle::Bundle;
use showfloor::rules::finding::Finding;

/// The rules, from the package's folder, where cargo runs benchmarks.
pub const RULES: &str = "rules";

/// What the person did.
const FACTS: [(&str, i64); 44] = [
    ("deliveries", 17),
    ("deliveries_target", 15),
    ("captured_leads", 46),
    ("first_visits", 52),
    ("test_drives", 36),
    ("visitors", 52),
    ("orders", 12),
    ("callbacks_done", 118),
    ("callbacks_planned", 122),
    ("second_follow_ups", 27),
    ("refused", 29),
    ("active_prospects", 72),
    ("accessory_revenue", 48_450),
    ("insurance_policies", 15),
    ("loans", 6),
    ("scheduled_days", 26),
    ("five_s_failures", 1),
    ("five_s_checks", 40),
    ("exam_score", 96),
    ("document_errors", 0),
    ("documents", 17),
    ("attitude_rating", 4),
    ("reports_on_time", 31),
    ("reports_due", 31),
    ("late", 0),
    ("severe_late", 0),
    ("early_leave", 0),
    ("missed_punches", 0),
    ("absent_days", 0),
    ("personal_leave_days", 0),
    ("coaching_done", 7),
    ("coaching_planned", 8),
    ("reports_reviewed_24h", 110),
    ("reports_to_review", 120),
    ("meetings_held", 50),
    ("meetings_planned", 52),
    ("own_total", 99),
    ("members_total", 240),
    ("members_rated", 3),
    ("raw_leads", 936),
    ("leads_followed_24h", 870),
    ("valid_leads", 440),
    ("invited_arrivals", 97),
    ("arrival_orders", 27),
];

/// The rules, compiled.
pub fn bundle() -> anyhow::Result<Bundle> {
    Bundle::load(Path::new(RULES)).map_err(|findings| first(&findings))
}

/// The month.
pub fn facts(bundle: &Bundle) -> MonthFacts {
    let catalogue = &bundle.catalogue;
    let given = FACTS.iter().filter_map(|(name, value)| Some((catalogue.find(name)?, Decimal::from(*value))));
    MonthFacts::complete(catalogue, given)
}

/// Rules that cannot be used, as an error.
pub fn first(findings: &[Finding]) -> anyhow::Error {
    let what = findings.first().map_or_else(|| "no rules".to_owned(), ToString::to_string);
    anyhow::anyhow!("the rules cannot be used: {what}")
}
