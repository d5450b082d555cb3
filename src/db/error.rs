//! What a database error means: a constraint's name is turned into the sentence that a person can act on.

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error};
use tokio_postgres::error::SqlState;

/// What went wrong, as far as the caller can do something about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The row does not exist.
    NotFound,
    /// Another row, or somebody else's change, is in the way.
    Conflict(&'static str),
    /// A text has a character that PostgreSQL cannot keep: U+0000.
    Unstorable,
    /// The database cannot be reached or gave up under load: trying again later can help.
    Unavailable,
    /// A fault of the program.
    Internal,
}

const MEANWHILE: &str = "somebody else changed the same data at the same time; try again";

const CONSTRAINTS: &[(&str, &str)] = &[
    ("org_unit_code_unique", "a unit with this code already exists"),
    ("employee_no_unique", "an employee with this employee_no already exists"),
    ("assignment_no_overlap", "the employee already holds this position on some of these days"),
    ("team_leadership_no_overlap", "the team already has such a leader on some of these days"),
    ("user_account_login_unique", "this login is already taken"),
    ("user_account_employee_unique", "the employee already has a login"),
    ("annual_plan_version_unique", "somebody else has just created this version of the plan"),
    ("annual_plan_one_draft", "there is already a draft of this plan; submit, approve or delete it first"),
    ("annual_plan_one_in_force", "another version of this plan has just been approved"),
    ("annual_plan_four_eyes", "a plan is never approved by its author"),
    (
        "plan_proposal_one_open",
        "a proposal for this unit is open already; withdraw it, or have it decided, first",
    ),
    ("fact_day", "the day is not in the month"),
    ("month_close_pkey", "the month has just been frozen by somebody else"),
    ("late_correction_one_pending", "somebody else has just proposed a correction of the same value"),
    ("late_correction_four_eyes", "whoever proposed a correction never decides on it: ask somebody else"),
    ("column_mapping_name_unique", "a column mapping of this name already exists"),
    ("event_external_unique", "somebody else has just reported this event"),
    ("event_step_four_eyes", "an event is never verified or rejected by the person who reported it"),
    ("event_step_not_own", "an event is never verified or rejected by the person it is about"),
    ("event_step_once", "you have already decided on this event"),
    ("idempotency_key_pkey", "a request with this Idempotency-Key is being answered just now; try again"),
    ("work_report_once", "you have just handed in this report from somewhere else"),
    ("work_report_review_once", "the report has already been reviewed"),
    ("daily_sheet_revision", "you have just written this sheet from somewhere else"),
    ("review_cycle_unique", "the review cycle of this store and month already exists"),
    ("review_contribution_one", "somebody else has just handed it in"),
    ("review_contribution_draft", "you have just written it from somewhere else"),
    ("adjustment_four_eyes", "whoever proposed an adjustment never decides on it: ask somebody else"),
    ("adjustment_one_open", "an adjustment of this item waits for a decision already"),
    ("appeal_one_open", "an appeal of this item is open already"),
    ("review_waiver_pkey", "somebody else has just waived it"),
    ("review_talk_two_people", "a talk is never recorded by the person it was with"),
    ("review_talk_two_logins", "a talk is never confirmed by who recorded it"),
    ("improvement_plan_one_running", "an improvement plan of this person and scheme is running already"),
    ("improvement_plan_of_another", "nobody makes an improvement plan for themselves"),
    ("improvement_assessment_once", "somebody else has just assessed it"),
    ("improvement_assessment_of_another", "nobody assesses the own improvement plan"),
    ("review_revision_unique", "somebody else has just generated these reviews"),
    ("review_one_current", "somebody else has just generated these reviews"),
    ("review_acknowledgement_answered", "somebody else has just recorded an answer"),
    ("review_acknowledgement_seen_once", "it has just been seen"),
    ("review_acknowledgement_own", "only the person reviewed says this"),
    ("review_acknowledgement_not_own", "nobody records this about the own review"),
    ("rule_receipt_once", "this receipt has been recorded already"),
    ("coefficient_sheet_number", "somebody else has just made this sheet"),
    ("coefficient_line_basis", "a grade has the coefficient 0, and a sheet never says 0: correct the scheme"),
    ("coefficient_line_replaced_once", "somebody else has just made this sheet"),
    ("coefficient_sheet_sign_off_pkey", "somebody else has just signed it off in this capacity"),
    (
        "coefficient_sheet_sign_off_two",
        "you have signed this sheet off already: the other signature is somebody else's",
    ),
    ("coefficient_sheet_sign_off_order", "HR signs a sheet off before the general manager does"),
    ("leave_protection_four_eyes", "whoever said it never decides on it: ask somebody else"),
    ("leave_protection_one_open", "something said of this kind of leave waits for a decision already"),
    ("legal_hold_four_eyes", "whoever placed a hold never releases it: ask somebody else"),
    (
        "erasure_four_eyes",
        "whoever proposed an erasure never decides on it: withdraw it, or ask somebody else",
    ),
    ("erasure_one_open", "an erasure of this person's data waits for a decision already"),
    ("erasure_once", "this person's data has been erased already"),
    (
        "erased_month_stays_erased",
        "the person's data of this month has been erased, and its sums have stayed: nothing is added to it",
    ),
    (
        "erased_month_stays_locked",
        "reviews of this month have been erased and cannot be computed again: it stays locked",
    ),
];

/// Whether PostgreSQL refused a text or a JSON text for its U+0000. Its sentence is in the server's language; the number
/// is not.
fn is_about_nul(information: &(dyn DatabaseErrorInformation + Send + Sync)) -> bool {
    information.message().ends_with(": 0x00")
        || information.details().is_some_and(|details| details.contains("\\u0000"))
}

/// What an error of a connection that writes in bulk means.
pub fn meaning_of_writing(error: &tokio_postgres::Error) -> Meaning {
    let Some(refused) = error.as_db_error() else {
        return if error.is_closed() { Meaning::Unavailable } else { Meaning::Internal };
    };
    match [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(refused.code()) {
        true => Meaning::Conflict(MEANWHILE),
        false => of_constraint(refused.constraint()),
    }
}

/// What it means that a constraint refuses something.
fn of_constraint(name: Option<&str>) -> Meaning {
    name.and_then(|name| CONSTRAINTS.iter().find(|(constraint, _)| *constraint == name))
        .map_or(Meaning::Internal, |(_, sentence)| Meaning::Conflict(sentence))
}

/// What `error` means.
pub fn meaning(error: &Error) -> Meaning {
    match error {
        Error::NotFound => Meaning::NotFound,
        Error::DatabaseError(kind, information) => match kind {
            DatabaseErrorKind::SerializationFailure => Meaning::Conflict(MEANWHILE),
            DatabaseErrorKind::ClosedConnection => Meaning::Unavailable,
            DatabaseErrorKind::ForeignKeyViolation => {
                Meaning::Conflict("something it refers to does not exist")
            }
            _ if is_about_nul(information.as_ref()) => Meaning::Unstorable,
            _ => of_constraint(information.constraint_name()),
        },
        Error::BrokenTransactionManager => Meaning::Unavailable,
        _ => Meaning::Internal,
    }
}
