//! What waits once reviews are published: to be told and answered, appeals, wage documents, talks, plans, and what has become
//! known since.

use super::TaskKind;
use super::waiting::{Term, Waiting, Whose, entered, of_assessor, of_person, of_role, own_stores};
use crate::auth::access::{
    Acknowledge, Action as _, DecideAppeals, MakeCoefficientSheets, ManageImprovement, RecomputeReviews,
    Role, SignCoefficientSheets,
};
use crate::auth::scope::reaches_month;
use crate::reviews::appeals::part::parts;
use crate::reviews::improvement::proposed::{is_answered, is_latest, proposes};
use crate::reviews::published::last_published;

/// Appeals in a state (`p`), for those who may decide them: not the person, nor who had a part in the review.
macro_rules! appeals {
    ($state:literal, $since:expr) => {
        concat!(
            of_role!(
                "c.period, c.state",
                "p.id",
                "e.employee_no AS about_no, e.name AS about_name",
                "1::bigint",
                $since,
                "NULL::text",
                "p.decide_until",
                concat!(
                    "ARRAY(SELECT had.user_id FROM (",
                    parts!("p.cycle_id", "p.employee_id", "p.scheme"),
                    ") AS had)"
                )
            ),
            "FROM appeal p JOIN review r ON r.id = p.review_id JOIN review_cycle c ON c.id = p.cycle_id
             JOIN org_unit s ON s.id = c.store_id JOIN employee e ON e.id = p.employee_id
             WHERE p.state = '",
            $state,
            "' AND c.stage >= 8 AND p.employee_id IS DISTINCT FROM $1
             AND NOT EXISTS (SELECT FROM (",
            parts!("p.cycle_id", "p.employee_id", "p.scheme"),
            ") AS had WHERE had.user_id = $5)"
        )
    };
}

/// Since when the appeal `p` is as it is.
macro_rules! since_last_step {
    () => {
        "(SELECT max(t.at) FROM appeal_step t WHERE t.appeal_id = p.id)"
    };
}

/// Improvement plans (`p`) that are not closed.
macro_rules! open_improvement {
    () => {
        "FROM improvement_plan p JOIN review r ON r.id = p.review_id JOIN review_cycle c ON c.id = r.cycle_id
         JOIN org_unit s ON s.id = c.store_id JOIN employee e ON e.id = p.employee_id
         LEFT JOIN employee w ON w.id = p.creator_id WHERE p.state <> 'closed' AND "
    };
}

/// When the plan `p` is to be assessed next.
macro_rules! next_assessment {
    () => {
        "CASE p.state WHEN 'open' THEN p.first_assessment_on ELSE p.second_assessment_on END"
    };
}

/// Whether whoever made the plan `p` is still there to assess it: posted in the store, with a login.
macro_rules! maker_is_there {
    () => {
        "EXISTS (SELECT FROM assignment h JOIN org_unit u ON u.id = h.unit_id
             JOIN user_account l ON l.employee_id = h.employee_id AND NOT l.is_disabled
             WHERE h.employee_id = p.creator_id AND u.store_id = s.id AND daterange(h.valid_from, h.valid_to) @> $3)"
    };
}

/// HR and general managers look into appeals. Group administrators stand in for them, and are not reminded of every store.
const DECIDERS: Whose =
    Whose::Roles { roles: &[Role::Hr, Role::GeneralManager], reach: DecideAppeals::reach_of };

/// Sheets of published months (`h`) that wait to be signed.
macro_rules! sheets {
    ($since:literal, $condition:literal) => {
        concat!(
            of_role!(
                "c.period, c.state",
                "c.id",
                "NULL::text AS about_no, NULL::text AS about_name",
                "1::bigint",
                $since,
                "h.number::text",
                "NULL::date",
                "ARRAY(SELECT k.user_id FROM coefficient_sheet_sign_off k WHERE k.sheet_id = h.id)"
            ),
            "FROM coefficient_sheet h JOIN review_cycle c ON c.id = h.cycle_id JOIN org_unit s ON s.id = c.store_id
             WHERE ",
            $condition
        )
    };
}

/// The kinds, in the order in which they come up.
pub(super) const AFTERWARDS: &[Waiting] = &[
    Waiting {
        kind: TaskKind::TellByHand,
        whose: Whose::Roles { roles: &[Role::Hr], reach: Acknowledge::reach_of },
        term: Term::State,
        method: "POST",
        path: "/v1/reviews/{subject}/acknowledgements",
        all: concat!(
            of_role!(
                "c.period, c.state",
                "r.id",
                "e.employee_no AS about_no, e.name AS about_name",
                "1::bigint",
                "greatest(r.created_at, p.decided_at, (SELECT max(m.at) FROM review_cycle_move m
                     WHERE m.cycle_id = c.id AND m.to_state = 'published'))"
            ),
            "FROM review_cycle c JOIN org_unit s ON s.id = c.store_id JOIN review r ON r.cycle_id = c.id AND r.is_current
             JOIN employee e ON e.id = r.employee_id
             LEFT JOIN LATERAL (SELECT max(d.decided_at) AS decided_at FROM appeal d WHERE d.cycle_id = r.cycle_id
                 AND d.employee_id = r.employee_id AND d.scheme = r.scheme AND d.result_id = r.id
                 AND d.state = 'decided'
                 AND NOT EXISTS (SELECT FROM review_acknowledgement a WHERE a.appeal_id = d.id)) p ON true
             WHERE c.state = 'published' AND r.employee_id IS DISTINCT FROM $1
             AND (p.decided_at IS NOT NULL
                 OR NOT EXISTS (SELECT FROM review_acknowledgement a WHERE a.review_id = r.id
                     AND (a.act NOT IN ('told', 'seen') OR a.at >= ",
            last_published!("c.id"),
            ")))"
        ),
        mine: concat!(" AND ", reaches_month!("$2", "c.store_id", "c.period")),
        end: "",
        zh: "当面或书面告知{name}{month}的考核",
        en: "tell {name} of the review of {month} by hand or by mail",
    },
    Waiting {
        kind: TaskKind::AnswerReview,
        whose: Whose::Person,
        term: Term::Row,
        method: "POST",
        path: "/v1/reviews/{subject}/acknowledgements",
        all: concat!(
            of_person!("r.id", "NULL::text", "told.at", "told.until"),
            "FROM review_cycle c JOIN org_unit s ON s.id = c.store_id JOIN review r ON r.cycle_id = c.id AND r.is_current
             JOIN employee e ON e.id = r.employee_id JOIN employee w ON w.id = r.employee_id
             CROSS JOIN LATERAL (SELECT a.id, a.at, a.until FROM review_acknowledgement a
                 WHERE a.review_id = r.id AND a.act = 'told' AND a.at >= ",
            last_published!("c.id"),
            "    ORDER BY a.id DESC LIMIT 1) AS told
             WHERE c.state = 'published'
             AND NOT EXISTS (SELECT FROM review_acknowledgement a WHERE a.review_id = r.id AND a.id > told.id
                 AND a.act <> 'seen')
             AND NOT EXISTS (SELECT FROM appeal p WHERE p.cycle_id = r.cycle_id AND p.employee_id = r.employee_id
                 AND p.scheme = r.scheme AND p.state IN ('filed', 'in_review', 'waiting'))"
        ),
        mine: " AND r.employee_id = $1",
        end: "",
        zh: "确认{month}的考核，或提出异议",
        en: "confirm the review of {month}, or object to it",
    },
    Waiting {
        kind: TaskKind::TakeUpAppeal,
        whose: DECIDERS,
        term: Term::Row,
        method: "POST",
        path: "/v1/appeals/{subject}/take-up",
        all: appeals!("filed", "p.filed_at"),
        mine: concat!(" AND ", reaches_month!("$2", "c.store_id", "c.period")),
        end: "",
        zh: "受理{name}对{month}考核的申诉",
        en: "take up {name}'s appeal about {month}",
    },
    Waiting {
        kind: TaskKind::BringMaterial,
        whose: Whose::Person,
        term: Term::Row,
        method: "POST",
        path: "/v1/appeals/{subject}/evidence",
        all: concat!(
            of_person!("p.id", "NULL::text", since_last_step!(), "p.decide_until"),
            "FROM appeal p JOIN review_cycle c ON c.id = p.cycle_id JOIN org_unit s ON s.id = c.store_id
             JOIN employee e ON e.id = p.employee_id JOIN employee w ON w.id = p.employee_id
             WHERE p.state = 'waiting' AND c.stage >= 8"
        ),
        mine: " AND p.employee_id = $1",
        end: "",
        zh: "为{month}考核的申诉补充材料",
        en: "bring material for the appeal about {month}",
    },
    Waiting {
        kind: TaskKind::DecideAppeal,
        whose: DECIDERS,
        term: Term::Row,
        method: "POST",
        path: "/v1/appeals/{subject}/decision",
        all: appeals!("in_review", since_last_step!()),
        mine: concat!(" AND ", reaches_month!("$2", "c.store_id", "c.period")),
        end: "",
        zh: "决定{name}对{month}考核的申诉",
        en: "decide {name}'s appeal about {month}",
    },
    Waiting {
        kind: TaskKind::Recompute,
        whose: Whose::Roles { roles: &[Role::Hr, Role::GeneralManager], reach: RecomputeReviews::reach_of },
        term: Term::State,
        method: "POST",
        path: "/v1/review-cycles/{subject}/recomputations",
        all: concat!(
            of_role!(
                "c.period, c.state",
                "c.id",
                "NULL::text AS about_no, NULL::text AS about_name",
                "count(DISTINCT l.employee_id)",
                "min(l.decided_at)",
                "NULL::text",
                "NULL::date",
                "coalesce(array_agg(DISTINCT l.decided_by) FILTER (WHERE l.decided_by IS NOT NULL), '{}')
                     || coalesce(array_agg(DISTINCT o.id) FILTER (WHERE o.id IS NOT NULL), '{}')"
            ),
            "FROM review_cycle c JOIN org_unit s ON s.id = c.store_id
             JOIN late_correction l ON l.store_id = c.store_id AND l.period = c.period
             LEFT JOIN user_account o ON o.employee_id = l.employee_id
             WHERE c.state = 'published' AND l.state = 'accepted' AND l.applied_at IS NULL"
        ),
        mine: concat!(" AND ", reaches_month!("$2", "c.store_id", "c.period")),
        end: " GROUP BY c.id, s.id HAVING NOT coalesce(bool_or(l.decided_by = $5 OR l.employee_id = $1), false)",
        zh: "按已接受的更正重算{month}{number}人的考核",
        en: "compute the reviews of {number} people of {month} again, for corrections that were accepted",
    },
    Waiting {
        kind: TaskKind::MakeSheet,
        whose: Whose::Roles { roles: &[Role::Hr], reach: MakeCoefficientSheets::reach_of },
        term: Term::State,
        method: "POST",
        path: "/v1/review-cycles/{subject}/coefficient-sheets",
        all: concat!(
            of_role!(
                "c.period, c.state",
                "c.id",
                "NULL::text AS about_no, NULL::text AS about_name",
                "1::bigint",
                entered!()
            ),
            "FROM review_cycle c JOIN org_unit s ON s.id = c.store_id WHERE c.stage >= 8
             AND EXISTS (SELECT FROM review r WHERE r.cycle_id = c.id AND r.is_current
                 AND NOT EXISTS (SELECT FROM coefficient_line k WHERE k.review_id = r.id))"
        ),
        mine: concat!(" AND ", reaches_month!("$2", "c.store_id", "c.period")),
        end: "",
        zh: "编制{month}的绩效系数表或补充表",
        en: "make the coefficient sheet of {month}, or its supplement",
    },
    Waiting {
        kind: TaskKind::SignSheet,
        whose: Whose::Roles { roles: &[Role::Hr], reach: SignCoefficientSheets::reach_of },
        term: Term::State,
        method: "POST",
        path: "/v1/review-cycles/{subject}/coefficient-sheets/{word}/sign-offs",
        all: sheets!("h.created_at", "NOT EXISTS (SELECT FROM coefficient_sheet_sign_off k WHERE k.sheet_id = h.id)"),
        mine: concat!(" AND ", reaches_month!("$2", "c.store_id", "c.period")),
        end: "",
        zh: "签批{month}的绩效系数表",
        en: "sign the coefficient sheet of {month} off",
    },
    Waiting {
        kind: TaskKind::CountersignSheet,
        whose: Whose::Roles { roles: &[Role::GeneralManager], reach: SignCoefficientSheets::reach_of },
        term: Term::State,
        method: "POST",
        path: "/v1/review-cycles/{subject}/coefficient-sheets/{word}/sign-offs",
        all: sheets!(
            "(SELECT max(k.at) FROM coefficient_sheet_sign_off k WHERE k.sheet_id = h.id)",
            "EXISTS (SELECT FROM coefficient_sheet_sign_off k WHERE k.sheet_id = h.id AND k.capacity = 'hr'
                 AND k.user_id IS DISTINCT FROM $5)
             AND NOT EXISTS (SELECT FROM coefficient_sheet_sign_off k WHERE k.sheet_id = h.id
                 AND k.capacity = 'general_manager')"
        ),
        mine: concat!(" AND ", reaches_month!("$2", "c.store_id", "c.period")),
        end: "",
        zh: "批准{month}的绩效系数表",
        en: "countersign the coefficient sheet of {month}",
    },
    Waiting {
        kind: TaskKind::HoldTalk,
        whose: Whose::Person,
        term: Term::State,
        method: "POST",
        path: "/v1/reviews/{subject}/talks",
        all: of_assessor!(
            "leader_comment",
            "published",
            "NOT EXISTS (SELECT FROM review_talk t JOIN review h ON h.id = t.review_id
                 WHERE t.employee_id = r.employee_id AND h.cycle_id = r.cycle_id AND h.scheme = r.scheme)"
        ),
        mine: " AND a.assessor_id = $1",
        end: "",
        zh: "就{month}的考核与{name}面谈",
        en: "talk with {name} about {month}",
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
            of_person!("p.id", "NULL::text", "p.created_at", next_assessment!()),
            open_improvement!(),
            maker_is_there!()
        ),
        mine: " AND p.creator_id = $1",
        end: "",
        zh: "评估{name}的改进计划",
        en: "assess {name}'s improvement plan",
    },
    Waiting {
        kind: TaskKind::TakeOverImprovement,
        whose: Whose::Roles { roles: &[Role::SalesManager, Role::Hr], reach: ManageImprovement::reach_of },
        term: Term::Row,
        method: "POST",
        path: "/v1/improvement-plans/{subject}/assessments",
        all: concat!(
            of_role!(
                "c.period, c.state",
                "p.id",
                "e.employee_no AS about_no, e.name AS about_name",
                "1::bigint",
                "p.created_at",
                "NULL::text",
                next_assessment!(),
                "'{}'::bigint[]"
            ),
            open_improvement!(),
            "p.employee_id IS DISTINCT FROM $1 AND NOT ",
            maker_is_there!()
        ),
        mine: concat!(" AND ", reaches_month!("$2", "r.unit_id", "r.period")),
        end: "",
        zh: "接手评估{name}的改进计划：制定人已不在岗",
        en: "assess {name}'s improvement plan: whoever made it is no longer there",
    },
    Waiting {
        kind: TaskKind::MakeImprovement,
        whose: Whose::Roles { roles: &[Role::SalesManager, Role::Hr], reach: ManageImprovement::reach_of },
        term: Term::State,
        method: "POST",
        path: "/v1/improvement-plans",
        all: concat!(
            of_role!(
                "c.period, c.state",
                "r.id",
                "e.employee_no AS about_no, e.name AS about_name",
                "1::bigint",
                entered!()
            ),
            "FROM review r JOIN review_cycle c ON c.id = r.cycle_id JOIN org_unit s ON s.id = c.store_id
             JOIN employee e ON e.id = r.employee_id
             WHERE c.stage >= 8 AND r.employee_id IS DISTINCT FROM $1 AND ",
            own_stores!("c.store_id"),
            " AND ",
            proposes!("r"),
            " AND ",
            is_latest!("r"),
            " AND NOT ",
            is_answered!("r")
        ),
        mine: concat!(" AND ", reaches_month!("$2", "r.unit_id", "r.period")),
        end: "",
        zh: "为{name}制定改进计划（{month}）",
        en: "make an improvement plan for {name}, after {month}",
    },
];
