//! How many months things are kept, and from which day on they are due to be erased.

use chrono::{Days, Months, NaiveDate};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::RetentionKind;
use crate::auth::Context;
use crate::db::schema::retention_policy;
use crate::http::etag::Seen;
use crate::http::{Code, Problem};
use crate::period::Period;
use crate::said::say;

/// For how many months things are kept, in the whole group. The least are what the law asks for: two years for what wages
/// were paid by (工资支付暂行规定 §6) and after somebody has left (劳动合同法 §50), three for who has processed what (PIPL §56).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, Queryable, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetentionPolicy {
    /// Reviews and all around them, after the month reviewed.
    #[garde(range(min = 24, max = 600))]
    #[schema(minimum = 24, maximum = 600)]
    pub reviews_months: i16,
    /// Facts, after their month.
    #[garde(range(min = 24, max = 600))]
    #[schema(minimum = 24, maximum = 600)]
    pub facts_months: i16,
    /// Events, reports, daily sheets and activities, after their month.
    #[garde(range(min = 12, max = 600))]
    #[schema(minimum = 12, maximum = 600)]
    pub diary_months: i16,
    /// Who has read whose review, after the month in which it was read.
    #[garde(range(min = 36, max = 600))]
    #[schema(minimum = 36, maximum = 600)]
    pub access_log_months: i16,
    /// What entries of the audit trail say, after the month in which they were written.
    #[garde(range(min = 36, max = 600))]
    #[schema(minimum = 36, maximum = 600)]
    pub audit_months: i16,
    /// Everything of a person, after the last day of the last posting; a month goes earlier where its own term is over.
    #[garde(range(min = 24, max = 600))]
    #[schema(minimum = 24, maximum = 600)]
    pub after_leaving_months: i16,
}

impl Default for RetentionPolicy {
    fn default() -> Self {
        Self {
            reviews_months: 36,
            facts_months: 36,
            diary_months: 36,
            access_log_months: 36,
            audit_months: 36,
            after_leaving_months: 24,
        }
    }
}

fn months(months: i16) -> Months {
    Months::new(u32::from(months.unsigned_abs()))
}

impl RetentionPolicy {
    /// For how many months a kind of data is kept after its month.
    pub const fn months_of(&self, kind: RetentionKind) -> i16 {
        match kind {
            RetentionKind::Reviews => self.reviews_months,
            RetentionKind::Facts => self.facts_months,
            RetentionKind::Diary => self.diary_months,
            RetentionKind::AccessLog => self.access_log_months,
            RetentionKind::Audit => self.audit_months,
        }
    }

    /// The first day on which a month's data of a kind is no longer kept: the first of a month. At the end of all days, that.
    pub fn due(&self, kind: RetentionKind, period: Period) -> NaiveDate {
        period.end().checked_add_months(months(self.months_of(kind))).unwrap_or(NaiveDate::MAX)
    }

    /// The last month whose data of a kind is no longer kept on a day; none where there never was one.
    pub fn last_due(&self, kind: RetentionKind, day: NaiveDate) -> Option<Period> {
        let end = Period::containing(day).first_day().checked_sub_months(months(self.months_of(kind)))?;
        Some(Period::containing(end.pred_opt()?))
    }

    /// The first day on which nothing is kept any more of a person whose last day was `last_day`. The term ends with the day of
    /// that number, and where its last month has none, with that month's last day (民法典 §202); it is kept to the end of it.
    pub fn due_after_leaving(&self, last_day: NaiveDate) -> NaiveDate {
        let end = last_day.checked_add_months(months(self.after_leaving_months));
        end.and_then(|day| day.checked_add_days(Days::new(1))).unwrap_or(NaiveDate::MAX)
    }
}

/// The policy, with its version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Retention {
    /// How long things are kept.
    #[serde(flatten)]
    pub policy: RetentionPolicy,
    /// Grows with every change; 0 while nobody has said anything else.
    pub version: i32,
}

/// The policy in force.
pub async fn read(connection: &mut AsyncPgConnection) -> Result<Retention, Problem> {
    let kept: Option<(RetentionPolicy, i32)> = retention_policy::table
        .select((
            (
                retention_policy::reviews_months,
                retention_policy::facts_months,
                retention_policy::diary_months,
                retention_policy::access_log_months,
                retention_policy::audit_months,
                retention_policy::after_leaving_months,
            ),
            retention_policy::version,
        ))
        .first(connection)
        .await
        .optional()?;
    let (policy, version) = kept.unwrap_or_default();
    Ok(Retention { policy, version })
}

/// Says how long things are kept from now on, for the whole group.
///
/// # Errors
///
/// A failed precondition where somebody else has changed it.
pub async fn put(cx: &mut Context, policy: RetentionPolicy, seen: Seen) -> Result<Retention, Problem> {
    if !cx.scope.is_everything() {
        let detail = say!(
            "保存政策适用于整个集团，由集团修改",
            "the policy holds for the whole group: it is the group's to change"
        );
        return Err(Problem::new(Code::Forbidden, detail));
    }
    cx.transaction(async |cx| {
        super::lock(cx.db()).await?;
        let before = read(cx.db()).await?;
        seen.check(before.version)?;
        let values = (
            retention_policy::reviews_months.eq(policy.reviews_months),
            retention_policy::facts_months.eq(policy.facts_months),
            retention_policy::diary_months.eq(policy.diary_months),
            retention_policy::access_log_months.eq(policy.access_log_months),
            retention_policy::audit_months.eq(policy.audit_months),
            retention_policy::after_leaving_months.eq(policy.after_leaving_months),
            retention_policy::version.eq(before.version + 1),
        );
        diesel::insert_into(retention_policy::table)
            .values(values)
            .on_conflict(retention_policy::is_the_one)
            .do_update()
            .set(values)
            .execute(cx.db())
            .await?;
        let detail = json!({ "before": before.policy, "after": policy });
        cx.audit("put_retention", "retention", detail).await?;
        read(cx.db()).await
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_month_is_kept_for_whole_months_after_its_end() {
        let policy = RetentionPolicy::default();
        for (period, due) in [("2014-03", "2017-04-01"), ("2014-12", "2018-01-01"), ("2016-02", "2019-03-01")]
        {
            let period = period.parse().unwrap();
            assert_eq!(policy.due(RetentionKind::Reviews, period), day(due));
            let (before, after) = (day(due).pred_opt().unwrap(), day(due));
            assert_eq!(policy.last_due(RetentionKind::Reviews, after), Some(period));
            assert!(policy.last_due(RetentionKind::Reviews, before).unwrap() < period);
        }
    }

    #[test]
    fn who_left_at_the_end_of_a_month_is_kept_to_its_end() {
        let policy = RetentionPolicy::default();
        for (last_day, due) in [
            ("2014-08-31", "2016-09-01"),
            ("2014-09-15", "2016-09-16"),
            // There is no 29 February: the term ends on the 28th.
            ("2016-02-29", "2018-03-01"),
            // There is one, but the term ends on the day of the same number.
            ("2014-02-28", "2016-02-29"),
            ("2014-12-31", "2017-01-01"),
        ] {
            assert_eq!(policy.due_after_leaving(day(last_day)), day(due), "{last_day}");
        }
        let odd = RetentionPolicy { after_leaving_months: 30, ..policy };
        assert_eq!(odd.due_after_leaving(day("2014-08-31")), day("2017-03-01"));
    }

    #[test]
    fn the_last_month_that_is_due_and_the_day_it_is_due_agree() {
        let policy = RetentionPolicy { facts_months: 25, ..RetentionPolicy::default() };
        for start in ["2014-01-31", "2016-02-29", "2017-12-01"] {
            let last = policy.last_due(RetentionKind::Facts, day(start)).unwrap();
            assert!(policy.due(RetentionKind::Facts, last) <= day(start));
            assert!(policy.due(RetentionKind::Facts, Period::containing(last.end())) > day(start));
        }
        assert_eq!(policy.last_due(RetentionKind::Facts, day("2014-01-31")).unwrap().to_string(), "2011-11");
    }
}
