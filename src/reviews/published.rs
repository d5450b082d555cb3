//! Which published reviews a caller sees. What sums months up reads nothing else.

/// The condition that the review `r` of the cycle `c` is published or locked, and that its caller sees it, with a
/// [`Sight`](super::visibility::Sight) bound as `$sight`. The units that are reached are found once for all rows, by the
/// months of their stores.
macro_rules! published_and_seen {
    ($sight:literal) => {
        concat!(
            "(c.state IN ('published', 'locked') AND (r.employee_id = (((",
            $sight,
            ").scope).employee_id) AND c.stage >= (",
            $sight,
            ").own OR (((",
            $sight,
            ").scope).everything) AND c.stage >= (",
            $sight,
            ").everything OR (c.id, r.unit_id) IN (SELECT month.id, within.unit_id FROM seen(",
            $sight,
            ") within JOIN review_cycle month ON month.store_id = within.store_id
             WHERE within.months @> month.period AND month.stage >= within.stage)))"
        )
    };
}

/// When the reviews of a cycle were last published: `last_published!("r.cycle_id")`; ever so long ago where no move says so. Who
/// was told before and has not answered is told again then: a month that was opened again has kept people from answering. A
/// locked month that is opened again is not published by that.
macro_rules! last_published {
    ($cycle:literal) => {
        concat!(
            "coalesce((SELECT max(m.at) FROM review_cycle_move m WHERE m.cycle_id = ",
            $cycle,
            " AND m.to_state = 'published' AND m.from_state <> 'locked'), '-infinity'::timestamptz)"
        )
    };
}

pub(crate) use {last_published, published_and_seen};
