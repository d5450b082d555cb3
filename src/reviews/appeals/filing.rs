//! Filing an appeal, and until when that is in time.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Date, Nullable, Timestamptz};
use garde::Validate;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{AppealDossier, dossier_of, store};
use crate::auth::Context;
use crate::auth::access::{Action as _, FileAppeals, Role};
use crate::clock;
use crate::http::{Code, Problem};
use crate::reviews::allowed::AllowedAction;
use crate::reviews::cycle::CycleState;
use crate::reviews::cycle::dates::Dates;
use crate::reviews::explain;
use crate::reviews::subject::{Subject, hold};
use crate::rules::library::Library;
use crate::said::say;

/// An appeal to be filed.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAppeal {
    /// The rule whose item is disputed.
    #[garde(length(chars, min = 1, max = 100))]
    #[schema(example = "70_complaints", min_length = 1, max_length = 100)]
    pub rule: String,
    /// The step of the rule's trace that is disputed, from 0; left out where it is the item as a whole.
    #[garde(inner(range(min = 0, max = 1000)))]
    #[schema(minimum = 0, maximum = 1000)]
    pub step: Option<i32>,
    /// What is wrong with it.
    #[garde(length(chars, min = 1, max = 4000))]
    #[schema(min_length = 1, max_length = 4000)]
    pub text: String,
}

/// Since when somebody can appeal about the revision in force of a published review.
#[derive(Debug, QueryableByName)]
pub(in crate::reviews) struct Told {
    /// When it was last published, or computed since.
    #[diesel(sql_type = Timestamptz)]
    shown_at: DateTime<Utc>,
    /// The last day that the person was told since then.
    #[diesel(sql_type = Nullable<Date>)]
    promised: Option<NaiveDate>,
}

/// The columns of a [`Told`], of the revision in force `now`.
macro_rules! told {
    () => {
        concat!(
            "greatest(now.created_at, ",
            $crate::reviews::published::last_published!("now.cycle_id"),
            ") AS shown_at, (SELECT max(a.until) FROM review_acknowledgement a WHERE a.review_id = now.id
                 AND a.act = 'told' AND a.at >= ",
            $crate::reviews::published::last_published!("now.cycle_id"),
            ") AS promised"
        )
    };
}

/// The same where nothing is asked.
macro_rules! no_told {
    () => {
        "now.created_at AS shown_at, NULL::date AS promised"
    };
}

pub(in crate::reviews) use {no_told, told};

/// Until when an appeal is filed and decided in time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Term {
    pub(super) file_until: NaiveDate,
    pub(super) decide_until: NaiveDate,
}

impl Told {
    /// The term of an appeal that is filed today. It was fixed when the person was told; who has not been told in any way has at
    /// least so long from publication.
    pub(super) fn term(&self, dates: &Dates, today: NaiveDate) -> Term {
        let file_until = self.promised.unwrap_or_else(|| dates.appeal_until(clock::day(self.shown_at)));
        Term { file_until, decide_until: dates.decide_until(today) }
    }
}

impl Term {
    /// Whether nothing more is filed: the last day lasts to its end in China.
    fn is_over(&self, cx: &Context) -> bool {
        clock::end_of(self.file_until).is_some_and(|end| cx.now >= end)
    }
}

/// Appeals of a review that the caller may file, until when.
pub(in crate::reviews) fn open_to_file(
    cx: &Context,
    subject: &Subject,
    told: &Told,
    dates: &Dates,
) -> Option<AllowedAction> {
    if !may_file(cx, subject) {
        return None;
    }
    let term = told.term(dates, cx.today());
    if term.is_over(cx) {
        return None;
    }
    let action = AllowedAction::post("file_appeal", format!("/v1/reviews/{}/appeals", subject.current));
    Some(action.until(Some(term.file_until)).for_a_reason())
}

/// Whether the caller may file appeals about a review as long as it is in time.
pub(in crate::reviews) fn may_file(cx: &Context, subject: &Subject) -> bool {
    let files = |role: &Role| FileAppeals::reach_of(*role).is_some();
    let may = cx.identity.as_ref().is_some_and(|identity| identity.roles.iter().any(files));
    may && subject.is_own(cx) && subject.state == CycleState::Published
}

/// Files an appeal about an item of the caller's own review.
///
/// # Errors
///
/// Not found where the caller does not see the review; forbidden where it is somebody else's; a conflict where it is not
/// published, another revision is in force, the term is over, or one about the item is open; fields at fault.
pub async fn file(
    cx: &mut Context,
    library: &Library,
    review_id: i64,
    new: &NewAppeal,
) -> Result<AppealDossier, Problem> {
    let text = new.text.trim();
    if text.is_empty() {
        return Err(Problem::field("text", say!("请写明这一项哪里不对", "say what is wrong with the item")));
    }
    let steps = explain::steps_of(cx, library, review_id, &new.rule).await?;
    if let Some(step) = new.step
        && usize::try_from(step).map_or(true, |step| step >= steps)
    {
        return Err(Problem::field(
            "step",
            say!("这条规则有 {steps} 步，从 0 数起", "the rule has {steps} steps, counted from 0"),
        ));
    }
    cx.transaction(async |cx| {
        let subject = hold(cx, review_id).await?;
        if !subject.is_own(cx) {
            return Err(Problem::new(
                Code::Forbidden,
                say!("申诉由被考核人本人提出", "an appeal is filed by the person reviewed"),
            ));
        }
        if subject.state != CycleState::Published {
            let detail = say!(
                "公布之后才能申诉；现在是“{}”",
                "an appeal takes a cycle in 'published'; it is in '{}'",
                subject.state
            );
            return Err(Problem::conflict(detail));
        }
        if subject.current != review_id {
            let current = subject.current;
            let detail = say!(
                "现行的是另一版：请看过再申诉，/v1/reviews/{current}",
                "another revision is in force: read it and appeal about that, /v1/reviews/{current}"
            );
            return Err(Problem::conflict(detail));
        }
        let term = store::term(cx, &subject).await?;
        if term.is_over(cx) {
            let detail = say!(
                "这份考核的申诉期限到 {} 为止",
                "appeals of this review were in time until {}",
                term.file_until
            );
            return Err(Problem::conflict(detail));
        }
        let id = store::file(cx, &subject, new, text, &term).await?;
        let detail = json!({ "review": subject.current, "rule": new.rule });
        cx.audit("file_appeal", &format!("appeal/{id}"), detail).await?;
        let row = store::find(cx, id).await?;
        dossier_of(cx, row).await
    })
    .await
}
