//! What a cycle lacks before it may go on.

use std::collections::HashMap;

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::CycleState;
use crate::db::sql;
use crate::http::{FieldError, Problem};
use crate::reviews::acknowledgements;
use crate::reviews::store::needs_generation;
use crate::said::{Said, say};

/// What keeps a cycle where it is.
#[derive(Debug, QueryableByName)]
struct Standing {
    #[diesel(sql_type = BigInt)]
    id: i64,
    /// Whether its facts are frozen.
    #[diesel(sql_type = Bool)]
    is_frozen: bool,
    /// Whether its reviews are not from its facts as they are frozen now.
    #[diesel(sql_type = Bool)]
    needs_generation: bool,
    /// Reviews that somebody has to look at, and that nobody has waived by name.
    #[diesel(sql_type = BigInt)]
    attention: i64,
    /// Reviews for which nobody answers by name.
    #[diesel(sql_type = BigInt)]
    unchecked: i64,
    /// Appeals that are not decided.
    #[diesel(sql_type = BigInt)]
    appeals: i64,
    /// Adjustments that wait for a second person.
    #[diesel(sql_type = BigInt)]
    adjustments: i64,
    /// Corrections that were accepted and that no review has.
    #[diesel(sql_type = BigInt)]
    corrections: i64,
}

/// What each of these cycles lacks for the next state, by id; those that lack nothing are left out.
pub async fn lacking(
    connection: &mut AsyncPgConnection,
    cycles: &[i64],
    to: CycleState,
) -> Result<HashMap<i64, Problem>, Problem> {
    if cycles.is_empty() {
        return Ok(HashMap::new());
    }
    let standings: Vec<Standing> = sql(concat!(
        "SELECT c.id, m.store_id IS NOT NULL AS is_frozen, ",
        needs_generation!(),
        " AS needs_generation,
             (SELECT count(*) FROM review r WHERE r.cycle_id = c.id AND r.is_current AND r.attention <> '{}'
                 AND NOT EXISTS (SELECT FROM review_waiver w WHERE w.review_id = r.id)) AS attention,
             (SELECT count(*) FROM review r WHERE r.cycle_id = c.id AND r.is_current
                 AND NOT EXISTS (SELECT FROM review_contribution k WHERE k.cycle_id = c.id
                     AND k.employee_id = r.employee_id AND k.scheme = r.scheme AND k.kind = 'hr_check'
                     AND k.state = 'handed_in' AND k.review_id = r.id)) AS unchecked,
             (SELECT count(*) FROM appeal p WHERE p.cycle_id = c.id AND p.state IN ('filed', 'in_review', 'waiting'))
                 AS appeals,
             (SELECT count(*) FROM adjustment j WHERE j.cycle_id = c.id AND j.state = 'proposed') AS adjustments,
             (SELECT count(*) FROM late_correction l WHERE l.store_id = c.store_id AND l.period = c.period
                 AND l.state = 'accepted' AND l.applied_at IS NULL) AS corrections
         FROM review_cycle c LEFT JOIN month_close m ON m.store_id = c.store_id AND m.period = c.period
         WHERE c.id = ANY ($1)"
    ))
    .over(cycles.len())
    .bind::<Array<BigInt>, _>(cycles)
    .load(connection)
    .await?;
    let mut unsettled = match to {
        CycleState::Locked => acknowledgements::unsettled(connection, cycles).await?,
        _ => HashMap::new(),
    };
    let lacking = standings.into_iter().filter_map(|standing| {
        let mut errors = standing.lacks(to);
        errors.extend(unsettled.remove(&standing.id).map(|open| open.lack()));
        let zh = to.label();
        let detail = say!("这个月的考核还不能进入“{zh}”", "the cycle is not ready for '{to}'");
        (!errors.is_empty()).then(|| (standing.id, Problem { errors, ..Problem::conflict(detail) }))
    });
    Ok(lacking.collect())
}

impl Standing {
    fn lacks(&self, to: CycleState) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut lack = |field: &str, message: Said| errors.push(FieldError::new(field, message));
        // What comes later is decided review by review, by somebody with a name.
        if (CycleState::SelfReview..=CycleState::Published).contains(&to) {
            if !self.is_frozen {
                lack("facts", say!("这个月的数据还没有关账", "the month's facts are not frozen"));
            }
            if self.needs_generation {
                let said = say!(
                    "生成之后又关了账，或采纳了更正：请重新生成",
                    "the month was frozen, or corrections were accepted, since they were generated: generate them again"
                );
                lack("reviews", said);
            }
        }
        let (count, id) = (self.attention, self.id);
        if to == CycleState::Published && count > 0 {
            let said = say!(
                "有 {count} 份需要查看：请处理所指的问题，或署名放行",
                "{count} need attention: clear what they name, or waive it by name"
            );
            lack("attention", said);
        }
        let count = self.unchecked;
        if to == CycleState::Published && count > 0 {
            let said = say!(
                "有 {count} 份人事还没有核对：POST /v1/review-cycles/{id}/hr-check",
                "{count} have not been checked by HR: POST /v1/review-cycles/{id}/hr-check"
            );
            lack("hr_check", said);
        }
        let count = self.appeals;
        if to == CycleState::Locked && count > 0 {
            lack("appeals", say!("有 {count} 个申诉还没有决定", "{count} are not decided"));
        }
        let count = self.adjustments;
        if to == CycleState::Locked && count > 0 {
            let said = say!(
                "有 {count} 项调整还没有第二个人决定",
                "{count} wait for a second person: nothing more is decided about a locked month"
            );
            lack("adjustments", said);
        }
        let count = self.corrections;
        if to == CycleState::Locked && count > 0 {
            let said = say!(
                "之后又采纳了 {count} 个更正：POST /v1/review-cycles/{id}/recomputations",
                "{count} corrections were accepted since: POST /v1/review-cycles/{id}/recomputations"
            );
            lack("facts", said);
        }
        errors
    }
}
