//! Which reviews propose an improvement plan, as conditions of SQL: for the lists of plans, and for what waits.

/// The condition that the review in force `$r` of a published month asks for a plan: a D, or a C after which the rated month
/// before was a C, too.
macro_rules! proposes {
    ($r:literal) => {
        concat!(
            "(",
            $r,
            ".is_current AND ",
            $r,
            ".final_grade IN ('C', 'D') AND (",
            $r,
            ".final_grade = 'D' OR 'C' = (
                 SELECT b.final_grade FROM review b JOIN review_cycle d ON d.id = b.cycle_id
                 WHERE b.employee_id = ",
            $r,
            ".employee_id AND b.scheme = ",
            $r,
            ".scheme AND b.is_current AND b.period < ",
            $r,
            ".period AND b.final_grade <> 'NR' AND d.state IN ('published', 'locked')
                 ORDER BY b.period DESC LIMIT 1)))"
        )
    };
}

/// The condition that no later review of the person by the scheme asks for one.
macro_rules! is_latest {
    ($r:literal) => {
        concat!(
            "NOT EXISTS (SELECT FROM review later JOIN review_cycle month ON month.id = later.cycle_id
                 WHERE later.employee_id = ",
            $r,
            ".employee_id AND later.scheme = ",
            $r,
            ".scheme AND later.period > ",
            $r,
            ".period AND month.state IN ('published', 'locked') AND ",
            proposes!("later"),
            ")"
        )
    };
}

/// The condition that a plan answers it: one of that month or a later one, or one that runs.
macro_rules! is_answered {
    ($r:literal) => {
        concat!(
            "EXISTS (SELECT FROM improvement_plan made WHERE made.employee_id = ",
            $r,
            ".employee_id AND made.scheme = ",
            $r,
            ".scheme AND (made.period >= ",
            $r,
            ".period OR made.state <> 'closed'))"
        )
    };
}

pub(in crate::reviews) use {is_answered, is_latest, proposes};
