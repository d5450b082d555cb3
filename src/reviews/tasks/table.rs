//! THE table of what waits for whom: a kind of task is one entry, with the statement that finds it, whose it is, by when, and
//! the operation that does it.
//!
//! A statement names the store `s` and yields the columns of [`TaskRow`]. `$1` is the caller's person, `$2` what the caller
//! reaches, `$3` today, `$4` the code of a store and `$5` the caller's login; for the operator, `$1` and `$5` are null.

use super::TaskKind;
use super::store::TaskRow;
use crate::auth::access::{
    Action as _, CheckReviews, DecideCorrections, MoveCycles, Reach, Role, RunReviews, VerifyEvents,
};
use crate::auth::scope::reaches_month;
use crate::http::Language;
use crate::reviews::contributions::ContributionKind;
use crate::reviews::cycle::CycleState;

/// A kind of task.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) kind: TaskKind,
    pub(super) whose: Whose,
    pub(super) term: Term,
    pub(super) method: &'static str,
    /// Its path, with the places `{subject}` and `{word}`.
    path: &'static str,
    /// Everything of the kind that waits.
    pub(super) all: &'static str,
    /// The condition that it waits for the caller.
    pub(super) mine: &'static str,
    /// What ends the statement.
    pub(super) end: &'static str,
    /// Sentences with the places `{name}`, `{month}`, `{number}` and `{word}`.
    zh: &'static str,
    en: &'static str,
}

/// Whose a task is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Whose {
    /// The person's that the row names.
    Person,
    /// Of those who have one of these roles, as far as they reach with the action.
    Roles { roles: &'static [Role], reach: fn(Role) -> Option<Reach> },
}

/// By when a task is to be done.
#[derive(Clone, Copy, Debug)]
pub(super) enum Term {
    /// By the term of the state in which the cycle is.
    State,
    /// Before the month is frozen.
    Freeze,
    /// Before the reviews are published.
    Publish,
    /// Within the working days in which people confirm what they were told.
    Confirm,
    /// By the day that the row names.
    Row,
}

/// Whose name it is that `w` and `e` are joined for: the columns of a task of a person about a person.
macro_rules! of_person {
    ($subject:literal, $word:literal, $since:expr, $until:literal) => {
        concat!(
            "SELECT c.store_id, s.code AS store, c.period, c.state, ",
            $subject,
            " AS subject, ",
            $word,
            " AS word, w.employee_no AS whose_no, w.name AS whose_name, e.employee_no AS about_no, e.name AS about_name,
             1::bigint AS number, ",
            $since,
            " AS since, ",
            $until,
            " AS until "
        )
    };
}

/// The columns of a task that a role has.
macro_rules! of_role {
    ($state:literal, $subject:literal, $about:literal, $number:literal, $since:expr) => {
        concat!(
            "SELECT s.id AS store_id, s.code AS store, ",
            $state,
            " AS state, ",
            $subject,
            " AS subject, NULL::text AS word, NULL::text AS whose_no, NULL::text AS whose_name, ",
            $about,
            ", ",
            $number,
            " AS number, ",
            $since,
            " AS since, NULL::date AS until "
        )
    };
}

/// When the cycle `c` came to its state.
macro_rules! entered {
    () => {
        "coalesce((SELECT max(m.at) FROM review_cycle_move m WHERE m.cycle_id = c.id AND m.to_state = c.state),
             c.generated_at, c.frozen_at, c.created_at)"
    };
}

/// Nothing of this kind has been handed in for the review `r`. What was given back is a task of its own.
macro_rules! nothing_of {
    ($kind:literal) => {
        concat!(
            "NOT EXISTS (SELECT FROM review_contribution k WHERE k.cycle_id = c.id AND k.employee_id = r.employee_id
                 AND k.scheme = r.scheme AND k.kind = '",
            $kind,
            "' AND k.state IN ('handed_in', 'given_back'))"
        )
    };
}

/// The stores in which the caller has ever been posted, and those below a unit of the group; for the operator, all of them.
macro_rules! own_stores {
    ($store:literal) => {
        concat!(
            "($1 IS NULL OR ",
            $store,
            " IN (SELECT b.store_id FROM assignment p JOIN org_unit u ON u.id = p.unit_id
                 JOIN org_unit b ON b.store_id = u.store_id OR b.path @> ARRAY[u.id] WHERE p.employee_id = $1))"
        )
    };
}

/// Comments that somebody owes while the cycle is in a state.
macro_rules! comments_owed {
    ($kind:literal, $state:literal) => {
        concat!(
            of_person!("r.id", "NULL::text", entered!(), "NULL::date"),
            "FROM review_assessors('",
            $kind,
            "', ARRAY(SELECT month.id FROM review_cycle month WHERE month.state = '",
            $state,
            "' AND ",
            own_stores!("month.store_id"),
            "), $3) a JOIN review r ON r.id = a.review_id JOIN review_cycle c ON c.id = r.cycle_id
             JOIN org_unit s ON s.id = c.store_id JOIN employee e ON e.id = r.employee_id
             JOIN employee w ON w.id = a.assessor_id WHERE ",
            nothing_of!($kind)
        )
    };
}

/// Reviews of a cycle in `hr_check` for which nobody answers by name.
macro_rules! unchecked {
    ($and:literal) => {
        concat!(
            "SELECT s.id AS store_id, s.code AS store, c.period, c.state, c.id AS subject, NULL::text AS word,
             NULL::text AS whose_no, NULL::text AS whose_name, NULL::text AS about_no, NULL::text AS about_name,
             count(*) AS number, ",
            entered!(),
            " AS since, NULL::date AS until
             FROM review_cycle c JOIN org_unit s ON s.id = c.store_id JOIN review r ON r.cycle_id = c.id AND r.is_current
             WHERE c.state = 'hr_check' AND r.employee_id IS DISTINCT FROM $1
             AND NOT EXISTS (SELECT FROM review_contribution k WHERE k.cycle_id = c.id
                 AND k.employee_id = r.employee_id AND k.scheme = r.scheme AND k.kind = 'hr_check'
                 AND k.state = 'handed_in' AND k.review_id = r.id)",
            $and
        )
    };
}

/// HR runs a store's month. Group administrators stand in for them, and are not reminded of every store.
const RUN: Whose = Whose::Roles { roles: &[Role::Hr], reach: RunReviews::reach_of };

/// The kinds, in the order in which a month meets them.
pub(super) const WAITING: &[Waiting] = &[
    Waiting {
        kind: TaskKind::VerifyEvent,
        whose: Whose::Roles {
            roles: &[Role::SalesManager, Role::GeneralManager, Role::Hr],
            reach: VerifyEvents::reach_of,
        },
        term: Term::Freeze,
        method: "POST",
        path: "/v1/events/{subject}/verify",
        all: concat!(
            of_role!(
                "date_trunc('month', v.day)::date AS period, NULL::text",
                "v.id",
                "e.employee_no AS about_no, e.name AS about_name",
                "1::bigint",
                "v.reported_at"
            ),
            "FROM event v JOIN employee e ON e.id = v.employee_id
             CROSS JOIN LATERAL (SELECT p.unit_id FROM assignment p WHERE p.employee_id = v.employee_id
                 AND daterange(p.valid_from, p.valid_to) @> v.day
                 ORDER BY p.position = 'team_leader', p.id LIMIT 1) held
             JOIN org_unit u ON u.id = held.unit_id JOIN org_unit s ON s.id = u.store_id
             WHERE v.state = 'reported' AND v.employee_id IS DISTINCT FROM $1 AND ($5 IS NULL OR v.reported_by <> $5
                 AND NOT EXISTS (SELECT FROM event_step t WHERE t.event_id = v.id AND t.user_id = $5))"
        ),
        mine: concat!(" AND ", reaches_month!("$2", "held.unit_id", "date_trunc('month', v.day)::date")),
        end: "",
        zh: "核实{name}的事件",
        en: "verify an event about {name}, or reject it",
    },
    Waiting {
        kind: TaskKind::Freeze,
        whose: RUN,
        term: Term::State,
        method: "POST",
        path: "/v1/review-cycles/{subject}/freeze",
        all: concat!(
            of_role!(
                "c.period, c.state",
                "c.id",
                "NULL::text AS about_no, NULL::text AS about_name",
                "1::bigint",
                "(c.period + interval '1 month') AT TIME ZONE interval '8 hours'"
            ),
            "FROM review_cycle c JOIN org_unit s ON s.id = c.store_id
             WHERE c.state = 'collecting' AND (c.period + interval '1 month')::date <= $3"
        ),
        mine: concat!(" AND ", reaches_month!("$2", "c.store_id", "c.period")),
        end: "",
        zh: "冻结{month}的数据",
        en: "freeze the facts of {month}",
    },
    Waiting {
        kind: TaskKind::LateCorrections,
        whose: Whose::Roles {
            roles: &[Role::Hr, Role::GeneralManager],
            reach: DecideCorrections::reach_of,
        },
        term: Term::Publish,
        method: "POST",
        path: "/v1/late-corrections/decisions",
        all: concat!(
            of_role!(
                "l.period, NULL::text",
                "0::bigint",
                "NULL::text AS about_no, NULL::text AS about_name",
                "count(*)",
                "min(l.proposed_at)"
            ),
            "FROM late_correction l JOIN org_unit s ON s.id = l.store_id
             WHERE l.state = 'pending' AND l.employee_id IS DISTINCT FROM $1
             AND ($5 IS NULL OR l.proposed_by IS DISTINCT FROM $5)"
        ),
        mine: concat!(" AND ", reaches_month!("$2", "l.store_id", "l.period")),
        end: " GROUP BY s.id, l.period",
        zh: "审批{month}的{number}条迟到更正",
        en: "decide on {number} late corrections of {month}",
    },
    Waiting {
        kind: TaskKind::Generate,
        whose: RUN,
        term: Term::State,
        method: "POST",
        path: "/v1/review-cycles/{subject}/generate",
        all: concat!(
            of_role!(
                "c.period, c.state",
                "c.id",
                "NULL::text AS about_no, NULL::text AS about_name",
                "1::bigint",
                "coalesce(c.frozen_at, c.created_at)"
            ),
            "FROM review_cycle c JOIN org_unit s ON s.id = c.store_id WHERE c.state = 'frozen'"
        ),
        mine: concat!(" AND ", reaches_month!("$2", "c.store_id", "c.period")),
        end: "",
        zh: "生成{month}的考核",
        en: "generate the reviews of {month}",
    },
    Waiting {
        kind: TaskKind::SelfAssessment,
        whose: Whose::Person,
        term: Term::State,
        method: "PUT",
        path: "/v1/reviews/{subject}/contributions/self_assessment",
        all: concat!(
            of_person!("r.id", "NULL::text", entered!(), "NULL::date"),
            "FROM review_cycle c JOIN org_unit s ON s.id = c.store_id JOIN review r ON r.cycle_id = c.id AND r.is_current
             JOIN employee e ON e.id = r.employee_id JOIN employee w ON w.id = r.employee_id
             WHERE c.state = 'self_review' AND ",
            nothing_of!("self_assessment")
        ),
        mine: " AND r.employee_id = $1",
        end: "",
        zh: "写{month}的自评",
        en: "assess yourself for {month}",
    },
    Waiting {
        kind: TaskKind::LeaderComment,
        whose: Whose::Person,
        term: Term::State,
        method: "PUT",
        path: "/v1/reviews/{subject}/contributions/leader_comment",
        all: comments_owed!("leader_comment", "leader_review"),
        mine: " AND a.assessor_id = $1",
        end: "",
        zh: "写{name}{month}的组长评",
        en: "comment on {name}'s {month} as the leader",
    },
    Waiting {
        kind: TaskKind::ManagerComment,
        whose: Whose::Person,
        term: Term::State,
        method: "PUT",
        path: "/v1/reviews/{subject}/contributions/manager_comment",
        all: comments_owed!("manager_comment", "manager_review"),
        mine: " AND a.assessor_id = $1",
        end: "",
        zh: "写{name}{month}的经理评",
        en: "comment on {name}'s {month} as the manager",
    },
    Waiting {
        kind: TaskKind::GivenBack,
        whose: Whose::Person,
        term: Term::Publish,
        method: "PUT",
        path: "/v1/reviews/{subject}/contributions/{word}",
        all: concat!(
            "WITH returned AS MATERIALIZED (
                 SELECT k.kind, k.given_back_at, c.id AS cycle_id, r.id AS review_id, r.employee_id
                 FROM review_contribution k JOIN review_cycle c ON c.id = k.cycle_id
                 JOIN review r ON r.cycle_id = k.cycle_id AND r.employee_id = k.employee_id AND r.scheme = k.scheme
                     AND r.is_current
                 WHERE k.state = 'given_back' AND c.stage < 8 AND c.stage >= CASE k.kind WHEN 'self_assessment' THEN 4
                     WHEN 'leader_comment' THEN 5 WHEN 'manager_comment' THEN 6 END AND ",
            own_stores!("c.store_id"),
            "    AND NOT EXISTS (SELECT FROM review_contribution h WHERE h.cycle_id = k.cycle_id
                     AND h.employee_id = k.employee_id AND h.scheme = k.scheme AND h.kind = k.kind
                     AND (h.handed_in_at, h.id) > (k.handed_in_at, k.id))),
             assessor AS MATERIALIZED (
                 SELECT one.kind, a.review_id, a.assessor_id
                 FROM (VALUES ('leader_comment'), ('manager_comment')) AS one (kind)
                 CROSS JOIN LATERAL review_assessors(one.kind,
                     ARRAY(SELECT DISTINCT b.cycle_id FROM returned b WHERE b.kind = one.kind), $3) a),
             owed AS (
                 SELECT b.review_id, b.kind, b.given_back_at, b.employee_id AS writer_id FROM returned b
                 WHERE b.kind = 'self_assessment'
                 UNION ALL
                 SELECT b.review_id, b.kind, b.given_back_at, a.assessor_id FROM returned b
                 JOIN assessor a ON a.kind = b.kind AND a.review_id = b.review_id) ",
            of_person!("r.id", "o.kind", "o.given_back_at", "NULL::date"),
            "FROM owed o JOIN review r ON r.id = o.review_id JOIN review_cycle c ON c.id = r.cycle_id
             JOIN org_unit s ON s.id = c.store_id JOIN employee e ON e.id = r.employee_id
             JOIN employee w ON w.id = o.writer_id WHERE true"
        ),
        mine: " AND o.writer_id = $1",
        end: "",
        zh: "重写退回的{word}：{name}{month}",
        en: "write anew what was given back: {word} for {name}'s {month}",
    },
    Waiting {
        kind: TaskKind::WaiveAttention,
        whose: Whose::Roles { roles: &[Role::Hr], reach: CheckReviews::reach_of },
        term: Term::Publish,
        method: "POST",
        path: "/v1/reviews/{subject}/waiver",
        all: concat!(
            of_role!(
                "c.period, c.state",
                "r.id",
                "e.employee_no AS about_no, e.name AS about_name",
                "1::bigint",
                "r.created_at"
            ),
            "FROM review_cycle c JOIN org_unit s ON s.id = c.store_id JOIN review r ON r.cycle_id = c.id AND r.is_current
             JOIN employee e ON e.id = r.employee_id
             WHERE c.stage BETWEEN 3 AND 7 AND r.attention <> '{}' AND r.employee_id IS DISTINCT FROM $1
             AND NOT EXISTS (SELECT FROM review_waiver x WHERE x.review_id = r.id)"
        ),
        mine: concat!(" AND ", reaches_month!("$2", "c.store_id", "c.period")),
        end: "",
        zh: "处理{name}{month}考核的关注项",
        en: "clear what {name}'s review of {month} has to be looked at for, or waive it",
    },
    Waiting {
        kind: TaskKind::HrCheck,
        whose: Whose::Roles { roles: &[Role::Hr], reach: CheckReviews::reach_of },
        term: Term::State,
        method: "POST",
        path: "/v1/review-cycles/{subject}/hr-check",
        all: unchecked!(""),
        mine: concat!(" AND ", reaches_month!("$2", "c.store_id", "c.period")),
        end: " GROUP BY c.id, s.id",
        zh: "复核{month}的{number}份考核",
        en: "check {number} reviews of {month}",
    },
    Waiting {
        kind: TaskKind::CheckOfHr,
        whose: Whose::Roles { roles: &[Role::GeneralManager], reach: CheckReviews::reach_of },
        term: Term::State,
        method: "POST",
        path: "/v1/review-cycles/{subject}/hr-check",
        all: unchecked!(
            " AND EXISTS (SELECT FROM user_account l WHERE l.employee_id = r.employee_id AND 'hr' = ANY (l.roles))"
        ),
        mine: concat!(" AND ", reaches_month!("$2", "c.store_id", "c.period")),
        end: " GROUP BY c.id, s.id",
        zh: "复核人事本人{month}的{number}份考核",
        en: "check {number} reviews of HR's own people of {month}",
    },
    Waiting {
        kind: TaskKind::Move,
        whose: Whose::Roles { roles: &[Role::Hr], reach: MoveCycles::reach_of },
        term: Term::State,
        method: "POST",
        path: "/v1/review-cycles/{subject}/moves",
        all: concat!(
            of_role!(
                "c.period, c.state",
                "c.id",
                "NULL::text AS about_no, NULL::text AS about_name",
                "1::bigint",
                entered!()
            ),
            "FROM review_cycle c JOIN org_unit s ON s.id = c.store_id WHERE c.stage BETWEEN 3 AND 8"
        ),
        mine: concat!(" AND ", reaches_month!("$2", "c.store_id", "c.period")),
        end: "",
        zh: "把{month}的考核推进到{word}",
        en: "move the cycle of {month} on to {word}",
    },
    Waiting {
        kind: TaskKind::ConfirmTalk,
        whose: Whose::Person,
        term: Term::Confirm,
        method: "POST",
        path: "/v1/review-talks/{subject}/confirmation",
        all: concat!(
            of_person!("t.id", "NULL::text", "t.recorded_at", "NULL::date"),
            "FROM review_talk t JOIN review r ON r.id = t.review_id JOIN review_cycle c ON c.id = r.cycle_id
             JOIN org_unit s ON s.id = c.store_id JOIN employee e ON e.id = t.employee_id
             JOIN employee w ON w.id = t.employee_id WHERE t.confirmed_at IS NULL"
        ),
        mine: " AND t.employee_id = $1",
        end: "",
        zh: "确认{month}的面谈记录",
        en: "confirm the talk about {month}",
    },
    Waiting {
        kind: TaskKind::AssessImprovement,
        whose: Whose::Person,
        term: Term::Row,
        method: "POST",
        path: "/v1/improvement-plans/{subject}/assessments",
        all: concat!(
            of_person!(
                "p.id",
                "NULL::text",
                "p.created_at",
                "CASE p.state WHEN 'open' THEN p.first_assessment_on ELSE p.second_assessment_on END"
            ),
            "FROM improvement_plan p JOIN review r ON r.id = p.review_id JOIN review_cycle c ON c.id = r.cycle_id
             JOIN org_unit s ON s.id = c.store_id JOIN employee e ON e.id = p.employee_id
             JOIN employee w ON w.id = p.creator_id WHERE p.state <> 'closed'"
        ),
        mine: " AND p.creator_id = $1",
        end: "",
        zh: "评估{name}的改进计划",
        en: "assess {name}'s improvement plan",
    },
];

/// The roles that have tasks of a kind; none where they are single people's.
pub(super) fn roles_of(kind: TaskKind) -> &'static [Role] {
    let whose = WAITING.iter().find(|waiting| waiting.kind == kind).map(|waiting| waiting.whose);
    match whose {
        Some(Whose::Roles { roles, .. }) => roles,
        Some(Whose::Person) | None => &[],
    }
}

impl Waiting {
    /// The path of the operation that does it.
    pub(super) fn path(&self, row: &TaskRow) -> String {
        let path = self.path.replace("{subject}", &row.subject.to_string());
        path.replace("{word}", row.word.as_deref().unwrap_or_default())
    }

    /// What is to be done.
    pub(super) fn sentence(&self, row: &TaskRow, language: Language) -> String {
        let contribution = row.word.as_deref().and_then(ContributionKind::named);
        let next = row.state.and_then(CycleState::next);
        let (text, word) = match language {
            Language::Chinese => {
                (self.zh, contribution.map(ContributionKind::label).or(next.map(CycleState::label)))
            }
            Language::English => {
                (self.en, contribution.map(ContributionKind::name).or(next.map(CycleState::name)))
            }
        };
        text.replace("{name}", row.about_name.as_deref().unwrap_or_default())
            .replace("{month}", &row.period.to_string())
            .replace("{number}", &row.number.to_string())
            .replace("{word}", word.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_one_entry() {
        for kind in TaskKind::ALL {
            assert_eq!(WAITING.iter().filter(|waiting| waiting.kind == *kind).count(), 1, "{kind}");
        }
    }

    #[test]
    fn sentences_have_no_place_that_nothing_fills() {
        for waiting in WAITING {
            for text in [waiting.zh, waiting.en] {
                let filled = ["{name}", "{month}", "{number}", "{word}"]
                    .iter()
                    .fold(text.to_owned(), |text, place| text.replace(place, ""));
                assert!(!filled.contains(['{', '}']), "{text}");
            }
            let path = waiting.path.replace("{subject}", "").replace("{word}", "");
            assert!(path.starts_with("/v1/") && !path.contains(['{', '}']), "{path}");
        }
    }
}
