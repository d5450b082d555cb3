//! The tables as Diesel sees them, a file a room as in `migrations/`. A test compares these files with the migrated
//! database, column by column.

mod access;
mod changes;
mod dashboard;
mod diary;
mod ledger;
mod organisation;
mod plan;
mod retention;
mod reviews;
mod rules;

pub use access::*;
pub use changes::*;
pub use dashboard::*;
pub use diary::*;
pub use ledger::*;
pub use organisation::*;
pub use plan::*;
pub use retention::*;
pub use reviews::*;
pub use rules::*;

// Those that are joined in Diesel's own language. Each pair is an implementation that the compiler compares with every other, so
// a table is added only where a query needs it.
diesel::allow_tables_to_appear_in_same_query! {
    org_unit, employee, assignment, team_leadership, user_account, report_duty, event_step, annual_plan, review,
    review_cycle, adjustment, improvement_assessment,
}

diesel::allow_tables_to_appear_in_same_query!(sign_in_count, user_account);
