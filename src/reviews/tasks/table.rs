//! THE table of what waits for whom: a kind of task is one entry. What waits once reviews are published is in `afterwards.rs`.

use super::waiting::{Term, Waiting, Whose, entered, of_assessor, of_person, of_role, own_stores};
use super::{TaskKind, afterwards};
use crate::auth::access::{
    Action as _, AdjustReviews, CheckReviews, DecideCorrections, MoveCycles, Role, RunReviews, VerifyEvents,
};
use crate::auth::scope::reaches_month;
use crate::reviews::visibility::seen;

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

/// Reviews of a cycle in `hr_check` for which nobody answers by name.
macro_rules! unchecked {
    ($and:literal) => {
        concat!(
            "SELECT s.id AS store_id, s.code AS store, c.period, c.state, c.id AS subject, NULL::text AS word,
             NULL::text AS whose_no, NULL::text AS whose_name, NULL::text AS about_no, NULL::text AS about_name,
             count(*) AS number, ",
            entered!(),
            " AS since, NULL::date AS until, '{}'::bigint[] AS barred
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

/// The kinds of a month on its way to publication, in the order in which it meets them.
const BEFORE: &[Waiting] = &[
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
        kind: TaskKind::ReceiveRules,
        whose: Whose::Person,
        term: Term::Freeze,
        method: "POST",
        path: "/v1/rules/releases/{subject}/receipts",
        all: concat!(
            of_person!("scored.release_id", "NULL::text", "greatest(k.published_at, c.created_at)", "NULL::date"),
            "FROM review_cycle c JOIN org_unit s ON s.id = c.store_id
             CROSS JOIN LATERAL (
                 SELECT DISTINCT p.employee_id, one.release_id
                 FROM unnest($7::date[], $8::bigint[], $9::text[]) AS one (period, release_id, position)
                 JOIN org_unit u ON u.store_id = c.store_id
                 JOIN assignment p ON p.unit_id = u.id AND p.position = one.position
                     AND daterange(p.valid_from, p.valid_to)
                         && daterange(c.period, (c.period + interval '1 month')::date)
                 WHERE one.period = c.period) AS scored
             JOIN rule_release k ON k.id = scored.release_id
             JOIN employee e ON e.id = scored.employee_id JOIN employee w ON w.id = scored.employee_id
             WHERE c.state = 'collecting' AND NOT EXISTS (SELECT FROM rule_receipt x
                 WHERE x.employee_id = scored.employee_id AND x.release_id = scored.release_id) AND ",
            own_stores!("c.store_id")
        ),
        mine: " AND scored.employee_id = $1",
        end: "",
        zh: "签收{month}的考核规则",
        en: "receive the rules that score {month}",
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
        all: of_assessor!("leader_comment", "leader_review", nothing_of!("leader_comment")),
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
        all: of_assessor!("manager_comment", "manager_review", nothing_of!("manager_comment")),
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
        kind: TaskKind::DecideAdjustment,
        whose: Whose::Roles {
            roles: &[Role::SalesManager, Role::Hr, Role::GeneralManager],
            reach: AdjustReviews::reach_of,
        },
        term: Term::Settled,
        method: "POST",
        path: "/v1/reviews/{subject}/adjustments/{word}/decision",
        all: concat!(
            of_role!(
                "c.period, c.state",
                "r.id",
                "e.employee_no AS about_no, e.name AS about_name",
                "1::bigint",
                "j.proposed_at",
                "j.id::text",
                "NULL::date",
                "ARRAY[j.proposed_by]"
            ),
            "FROM adjustment j JOIN review_cycle c ON c.id = j.cycle_id JOIN org_unit s ON s.id = c.store_id
             JOIN review r ON r.cycle_id = j.cycle_id AND r.employee_id = j.employee_id AND r.scheme = j.scheme
                 AND r.is_current
             JOIN employee e ON e.id = r.employee_id
             WHERE j.state = 'proposed' AND c.stage BETWEEN 3 AND 8 AND r.employee_id IS DISTINCT FROM $1
             AND ($5 IS NULL OR j.proposed_by <> $5)"
        ),
        mine: concat!(" AND ", seen!("$6", "r.employee_id", "r.unit_id", "r.period", "c.stage")),
        end: "",
        zh: "决定{name}{month}考核的一项调整",
        en: "decide on an adjustment of {name}'s review of {month}",
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
];

/// Every kind.
pub(super) fn all() -> impl Iterator<Item = &'static Waiting> {
    BEFORE.iter().chain(afterwards::AFTERWARDS)
}

/// The roles that have tasks of a kind; none where they are single people's.
pub(super) fn roles_of(kind: TaskKind) -> &'static [Role] {
    all().find(|waiting| waiting.kind == kind).map(|waiting| waiting.whose.roles()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_one_entry() {
        for kind in TaskKind::ALL {
            assert_eq!(all().filter(|waiting| waiting.kind == *kind).count(), 1, "{kind}");
        }
    }

    #[test]
    fn sentences_have_no_place_that_nothing_fills() {
        for waiting in all() {
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
