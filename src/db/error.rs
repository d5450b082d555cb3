//! What a database error means: a constraint's name is turned into the sentence that a person can act on.

use std::error::Error as _;

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error};
use tokio_postgres::error::SqlState;

use crate::said::Said;

/// What went wrong, as far as the caller can do something about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The row does not exist.
    NotFound,
    /// Another row, or somebody else's change, is in the way.
    Conflict(Said),
    /// A text has a character that PostgreSQL cannot keep: U+0000.
    Unstorable,
    /// Somebody else has kept the same rows for longer than anybody waits.
    Busy,
    /// The database cannot be reached, has no room, or gave up under load: trying again later can help.
    Unavailable,
    /// A fault of the program.
    Internal,
}

/// What two are told who were in each other's way.
pub const MEANWHILE: Said = Said::fixed(
    "别人同时改了同一批数据，请再试一次",
    "somebody else changed the same data at the same time; try again",
);

const CONSTRAINTS: &[(&str, Said)] = &[
    ("org_unit_code_unique", Said::fixed("已经有单位用了这个代码", "a unit with this code already exists")),
    ("employee_no_unique", Said::fixed("已经有员工用了这个工号", "an employee with this employee_no already exists")),
    ("employee_no_any_case", Said::fixed("已经有员工用了这个工号；工号不分大小写", "an employee with this employee_no already exists; upper and lower case are the same")),
    ("assignment_no_overlap", Said::fixed("这名员工在其中一些日子已经担任这个岗位", "the employee already holds this position on some of these days")),
    ("team_leadership_no_overlap", Said::fixed("这个组在其中一些日子已经有这样的组长", "the team already has such a leader on some of these days")),
    ("user_account_login_unique", Said::fixed("这个登录名已被使用", "this login is already taken")),
    ("user_account_employee_unique", Said::fixed("这名员工已经有登录账号", "the employee already has a login")),
    ("annual_plan_version_unique", Said::fixed("别人刚刚建了计划的这一版", "somebody else has just created this version of the plan")),
    ("annual_plan_one_draft", Said::fixed("这份计划已经有一份草稿，请先提交、批准或删除它", "there is already a draft of this plan; submit, approve or delete it first")),
    ("annual_plan_one_in_force", Said::fixed("计划的另一版刚刚被批准", "another version of this plan has just been approved")),
    ("annual_plan_four_eyes", Said::fixed("计划不能由编制人自己批准", "a plan is never approved by its author")),
    ("plan_proposal_one_open", Said::fixed("这个单位已经有一份待定的提案，请先撤回，或等它有决定", "a proposal for this unit is open already; withdraw it, or have it decided, first")),
    ("fact_day", Said::fixed("这一天不在该月之内", "the day is not in the month")),
    ("month_close_pkey", Said::fixed("这个月刚刚被别人关账", "the month has just been frozen by somebody else")),
    ("late_correction_one_pending", Said::fixed("别人刚刚对同一个数提出了更正", "somebody else has just proposed a correction of the same value")),
    ("late_correction_four_eyes", Said::fixed("提出更正的人不能自己决定，请由别人决定", "whoever proposed a correction never decides on it: ask somebody else")),
    ("column_mapping_name_unique", Said::fixed("已经有这个名字的列对应", "a column mapping of this name already exists")),
    ("event_external_unique", Said::fixed("别人刚刚上报了这件事", "somebody else has just reported this event")),
    ("event_step_four_eyes", Said::fixed("事件不能由上报人自己核实或驳回", "an event is never verified or rejected by the person who reported it")),
    ("event_step_not_own", Said::fixed("事件不能由当事人自己核实或驳回", "an event is never verified or rejected by the person it is about")),
    ("event_step_once", Said::fixed("您已经对这件事作过决定", "you have already decided on this event")),
    ("idempotency_key_pkey", Said::fixed("使用同一 Idempotency-Key 的请求正在处理，请再试一次", "a request with this Idempotency-Key is being answered just now; try again")),
    ("work_report_once", Said::fixed("您刚刚在别处交过这份总结或计划", "you have just handed in this report from somewhere else")),
    ("work_report_review_once", Said::fixed("这份总结或计划已经批阅过", "the report has already been reviewed")),
    ("daily_sheet_revision", Said::fixed("您刚刚在别处写过这份日报", "you have just written this sheet from somewhere else")),
    ("review_cycle_unique", Said::fixed("这家门店这个月的考核已经开了", "the review cycle of this store and month already exists")),
    ("review_contribution_one", Said::fixed("别人刚刚交了", "somebody else has just handed it in")),
    ("review_contribution_draft", Said::fixed("您刚刚在别处写过", "you have just written it from somewhere else")),
    ("adjustment_four_eyes", Said::fixed("提出调整的人不能自己决定，请由别人决定", "whoever proposed an adjustment never decides on it: ask somebody else")),
    ("adjustment_one_open", Said::fixed("这一项已经有一个调整待定", "an adjustment of this item waits for a decision already")),
    ("appeal_one_open", Said::fixed("这一项已经有一个申诉未结", "an appeal of this item is open already")),
    ("review_waiver_pkey", Said::fixed("别人刚刚放行了", "somebody else has just waived it")),
    ("review_talk_two_people", Said::fixed("面谈不能由被面谈的人自己记录", "a talk is never recorded by the person it was with")),
    ("review_talk_two_logins", Said::fixed("面谈不能由记录人自己确认", "a talk is never confirmed by who recorded it")),
    ("improvement_plan_one_running", Said::fixed("此人这个方案已经有一份进行中的改进计划", "an improvement plan of this person and scheme is running already")),
    ("improvement_plan_of_another", Said::fixed("不能给自己制定改进计划", "nobody makes an improvement plan for themselves")),
    ("improvement_assessment_once", Said::fixed("别人刚刚评定了它", "somebody else has just assessed it")),
    ("improvement_assessment_of_another", Said::fixed("不能评定自己的改进计划", "nobody assesses the own improvement plan")),
    ("review_revision_unique", Said::fixed("别人刚刚生成了这些考核", "somebody else has just generated these reviews")),
    ("review_one_current", Said::fixed("别人刚刚生成了这些考核", "somebody else has just generated these reviews")),
    ("review_acknowledgement_answered", Said::fixed("别人刚刚登记了答复", "somebody else has just recorded an answer")),
    ("review_acknowledgement_seen_once", Said::fixed("刚刚已阅", "it has just been seen")),
    ("review_acknowledgement_own", Said::fixed("只有被考核人本人可以这样答复", "only the person reviewed says this")),
    ("review_acknowledgement_not_own", Said::fixed("不能为自己的考核登记这一项", "nobody records this about the own review")),
    ("rule_receipt_once", Said::fixed("这份签收已经登记过", "this receipt has been recorded already")),
    ("coefficient_sheet_number", Said::fixed("别人刚刚做了这张表", "somebody else has just made this sheet")),
    ("coefficient_line_basis", Said::fixed("有等级的系数为 0，而系数表上不能写 0：请更正考核方案", "a grade has the coefficient 0, and a sheet never says 0: correct the scheme")),
    ("coefficient_line_replaced_once", Said::fixed("别人刚刚做了这张表", "somebody else has just made this sheet")),
    ("coefficient_sheet_sign_off_pkey", Said::fixed("别人刚刚以这个身份签了字", "somebody else has just signed it off in this capacity")),
    ("coefficient_sheet_sign_off_two", Said::fixed("您已经在这张表上签过字：另一个签字要由别人来签", "you have signed this sheet off already: the other signature is somebody else's")),
    ("coefficient_sheet_sign_off_order", Said::fixed("人事先签字，总经理后签字", "HR signs a sheet off before the general manager does")),
    ("leave_protection_four_eyes", Said::fixed("提出的人不能自己决定，请由别人决定", "whoever said it never decides on it: ask somebody else")),
    ("leave_protection_one_open", Said::fixed("这种假别已经有一项待定", "something said of this kind of leave waits for a decision already")),
    ("legal_hold_four_eyes", Said::fixed("设保留的人不能自己解除，请由别人解除", "whoever placed a hold never releases it: ask somebody else")),
    ("erasure_four_eyes", Said::fixed("提出删除的人不能自己决定：请撤回，或由别人决定", "whoever proposed an erasure never decides on it: withdraw it, or ask somebody else")),
    ("erasure_one_open", Said::fixed("此人的数据已经有一项删除待定", "an erasure of this person's data waits for a decision already")),
    ("erasure_once", Said::fixed("此人的数据已经删除", "this person's data has been erased already")),
    ("erased_month_stays_erased", Said::fixed("此人这个月的数据已经删除，合计保留：不能再添加", "the person's data of this month has been erased, and its sums have stayed: nothing is added to it")),
    ("erased_month_stays_locked", Said::fixed("这个月的考核已经删除，不能重算：它保持锁定", "reviews of this month have been erased and cannot be computed again: it stays locked")),
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
        // Without an answer of the server's it is the connection, unless a value could not be written down.
        let is_lost = error.is_closed() || error.source().is_some_and(|cause| cause.is::<std::io::Error>());
        return if is_lost { Meaning::Unavailable } else { Meaning::Internal };
    };
    of_state(refused.code()).unwrap_or_else(|| of_constraint(refused.constraint()))
}

/// What the code of an answer means, where it is about the server or about others and not about what was asked.
fn of_state(state: &SqlState) -> Option<Meaning> {
    if [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(state) {
        return Some(Meaning::Conflict(MEANWHILE));
    }
    if *state == SqlState::LOCK_NOT_AVAILABLE {
        return Some(Meaning::Busy);
    }
    // Connections, resources such as the disk, and what an operator does to the server.
    let classes = ["08", "53", "57P", "58"];
    classes.iter().any(|class| state.code().starts_with(class)).then_some(Meaning::Unavailable)
}

/// Diesel keeps PostgreSQL's code to itself; its sentences begin like this, in English (which every connection asks for)
/// and in Chinese (for a server that does not let it).
const SENTENCES: &[(&str, SqlState)] = &[
    ("deadlock detected", SqlState::T_R_DEADLOCK_DETECTED),
    ("检测到死锁", SqlState::T_R_DEADLOCK_DETECTED),
    ("canceling statement due to lock timeout", SqlState::LOCK_NOT_AVAILABLE),
    ("由于锁超时", SqlState::LOCK_NOT_AVAILABLE),
    ("could not obtain lock", SqlState::LOCK_NOT_AVAILABLE),
    ("terminating connection", SqlState::ADMIN_SHUTDOWN),
    ("由于管理员命令", SqlState::ADMIN_SHUTDOWN),
    ("the database system is", SqlState::CANNOT_CONNECT_NOW),
    ("数据库系统", SqlState::CANNOT_CONNECT_NOW),
    ("could not extend file", SqlState::DISK_FULL),
    ("could not write", SqlState::DISK_FULL),
    ("could not access the server configuration file", SqlState::IO_ERROR),
    ("could not read block", SqlState::IO_ERROR),
    ("无法扩展文件", SqlState::DISK_FULL),
    ("无法写入", SqlState::DISK_FULL),
    ("out of memory", SqlState::OUT_OF_MEMORY),
    ("内存用尽", SqlState::OUT_OF_MEMORY),
    ("out of shared memory", SqlState::OUT_OF_MEMORY),
    ("sorry, too many clients already", SqlState::TOO_MANY_CONNECTIONS),
    ("remaining connection slots", SqlState::TOO_MANY_CONNECTIONS),
];

/// What a sentence that has no kind means.
fn of_sentence(sentence: &str) -> Option<Meaning> {
    // Whatever else it says, there is no room.
    if sentence.ends_with("No space left on device") || sentence.ends_with("设备上没有空间") {
        return Some(Meaning::Unavailable);
    }
    let known = SENTENCES.iter().find(|(beginning, _)| sentence.starts_with(beginning));
    known.and_then(|(_, state)| of_state(state))
}

/// Whether a question did not reach the server or its answer not us: the words are tokio-postgres's own.
fn is_lost(message: &str) -> bool {
    ["connection closed", "error communicating with the server", "unexpected message", "timeout"]
        .iter()
        .any(|words| message.starts_with(words))
}

/// What it means that a constraint refuses something.
fn of_constraint(name: Option<&str>) -> Meaning {
    name.and_then(|name| CONSTRAINTS.iter().find(|(constraint, _)| *constraint == name))
        .map_or(Meaning::Internal, |(_, sentence)| Meaning::Conflict(sentence.clone()))
}

/// What `error` means.
pub fn meaning(error: &Error) -> Meaning {
    match error {
        Error::NotFound => Meaning::NotFound,
        Error::DatabaseError(kind, information) => match kind {
            DatabaseErrorKind::SerializationFailure => Meaning::Conflict(MEANWHILE),
            DatabaseErrorKind::ClosedConnection => Meaning::Unavailable,
            DatabaseErrorKind::UnableToSendCommand if is_lost(information.message()) => Meaning::Unavailable,
            DatabaseErrorKind::ForeignKeyViolation => {
                Meaning::Conflict(Said::fixed(
                    "它所指的内容不存在",
                    "something it refers to does not exist",
                ))
            }
            _ if is_about_nul(information.as_ref()) => Meaning::Unstorable,
            DatabaseErrorKind::Unknown => of_sentence(information.message())
                .unwrap_or_else(|| of_constraint(information.constraint_name())),
            _ => of_constraint(information.constraint_name()),
        },
        Error::BrokenTransactionManager => Meaning::Unavailable,
        _ => Meaning::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown(sentence: &str) -> Meaning {
        meaning(&Error::DatabaseError(DatabaseErrorKind::Unknown, Box::new(sentence.to_owned())))
    }

    #[test]
    fn what_the_server_goes_through_is_nobodys_fault() {
        for sentence in [
            "terminating connection due to administrator command",
            "terminating connection because of crash of another server process",
            "the database system is shutting down",
            "could not extend file \"base/5/16385\": No space left on device",
            "无法扩展文件 \"base/5/16385\": 设备上没有空间",
            "could not write to file \"pg_wal/xlogtemp.7\": No space left on device",
            "out of memory",
        ] {
            assert_eq!(unknown(sentence), Meaning::Unavailable, "{sentence}");
        }
        for sentence in ["deadlock detected", "检测到死锁"] {
            assert_eq!(unknown(sentence), Meaning::Conflict(MEANWHILE), "{sentence}");
        }
        assert_eq!(unknown("canceling statement due to lock timeout"), Meaning::Busy);
        assert_eq!(unknown("column \"x\" does not exist"), Meaning::Internal);
        let sent = |message: &str| {
            let message = Box::new(message.to_owned());
            meaning(&Error::DatabaseError(DatabaseErrorKind::UnableToSendCommand, message))
        };
        assert_eq!(sent("connection closed"), Meaning::Unavailable);
        assert_eq!(sent("error communicating with the server: Broken pipe"), Meaning::Unavailable);
        assert_eq!(sent("error serializing parameter 0"), Meaning::Internal);
    }

    #[test]
    fn codes_of_connections_resources_and_operators_are_nobodys_fault() {
        for code in ["08006", "53100", "53200", "53300", "57P01", "57P02", "57P03", "58030"] {
            assert_eq!(of_state(&SqlState::from_code(code)), Some(Meaning::Unavailable), "{code}");
        }
        for code in ["40001", "40P01"] {
            assert_eq!(of_state(&SqlState::from_code(code)), Some(Meaning::Conflict(MEANWHILE)), "{code}");
        }
        assert_eq!(of_state(&SqlState::LOCK_NOT_AVAILABLE), Some(Meaning::Busy));
        for code in ["23505", "42703", "57014", "22021"] {
            assert_eq!(of_state(&SqlState::from_code(code)), None, "{code}");
        }
    }
}
