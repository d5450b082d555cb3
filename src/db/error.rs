//! What a database error means: a constraint's name is turned into the sentence that a person can act on.

use std::error::Error as _;

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error};
use tokio_postgres::error::SqlState;

use super::constraints::CONSTRAINTS;
use crate::said::Said;

/// What went wrong, as far as the caller can do something about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The row does not exist.
    NotFound,
    /// Another row, or somebody else's change, is in the way.
    Conflict(Said),
    /// So is somebody who is at it just now, and soon done.
    Passing(Said),
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

/// What is in the way for a moment only.
const PASSING: &[(&str, Said)] = &[(
    "idempotency_key_pkey",
    Said::fixed(
        "带这个 Idempotency-Key 的请求正在处理，请稍后再试",
        "a request with this Idempotency-Key is being answered just now; try again",
    ),
)];

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
        return Some(Meaning::Passing(MEANWHILE));
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
    let said = |table: &[(&str, Said)]| {
        table.iter().find(|(constraint, _)| Some(*constraint) == name).map(|(_, sentence)| sentence.clone())
    };
    let stays = said(CONSTRAINTS).map(Meaning::Conflict);
    stays.or_else(|| said(PASSING).map(Meaning::Passing)).unwrap_or(Meaning::Internal)
}

/// What `error` means.
pub fn meaning(error: &Error) -> Meaning {
    match error {
        Error::NotFound => Meaning::NotFound,
        Error::DatabaseError(kind, information) => match kind {
            DatabaseErrorKind::SerializationFailure => Meaning::Passing(MEANWHILE),
            DatabaseErrorKind::ClosedConnection => Meaning::Unavailable,
            DatabaseErrorKind::UnableToSendCommand if is_lost(information.message()) => Meaning::Unavailable,
            DatabaseErrorKind::ForeignKeyViolation => {
                Meaning::Conflict(Said::fixed("它所指的内容不存在", "something it refers to does not exist"))
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
            assert_eq!(unknown(sentence), Meaning::Passing(MEANWHILE), "{sentence}");
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
            assert_eq!(of_state(&SqlState::from_code(code)), Some(Meaning::Passing(MEANWHILE)), "{code}");
        }
        assert_eq!(of_state(&SqlState::LOCK_NOT_AVAILABLE), Some(Meaning::Busy));
        for code in ["23505", "42703", "57014", "22021"] {
            assert_eq!(of_state(&SqlState::from_code(code)), None, "{code}");
        }
    }
}
