//! What somebody records about a review: what each act asks for, and what does not belong to it.

use chrono::{DateTime, Utc};
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;

use super::standing::Standing;
use super::store::{self, Subject};
use super::{AcknowledgementAct, Means};
use crate::auth::{Context, Identity};
use crate::http::{FieldError, Problem};
use crate::said::say;

/// An act to be recorded about the revision in force.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAcknowledgement {
    /// What was done: the person says `seen`, `confirmed` or `confirmed_with_objection`; others record `told`, `refused` or
    /// `out_of_reach`.
    #[garde(skip)]
    pub act: AcknowledgementAct,
    /// How; asked for where somebody was told or would not sign.
    #[garde(skip)]
    pub how: Option<Means>,
    /// The objection, or what was tried to reach the person, both asked for; besides, what was said when refusing.
    #[garde(inner(length(chars, min = 1, max = 2000)))]
    #[schema(min_length = 1, max_length = 2000)]
    pub text: Option<String>,
    /// The names of the two people before whom it was refused: neither the person nor who records it.
    #[garde(inner(length(min = 2, max = 2), inner(length(chars, min = 1, max = 64))))]
    #[schema(inline, value_type = Option<Vec<crate::http::bounds::Name>>, min_items = 2, max_items = 2)]
    pub witnesses: Option<Vec<String>>,
    /// When it was refused.
    #[garde(skip)]
    pub happened_at: Option<DateTime<Utc>>,
}

impl NewAcknowledgement {
    /// What is missing for the act, or does not belong to it.
    pub(super) fn faults(&self) -> Vec<FieldError> {
        use AcknowledgementAct::{ConfirmedWithObjection, Lapsed, OutOfReach, Refused, Told};
        let act = self.act;
        let says = self.text.as_deref().is_some_and(|text| !text.trim().is_empty());
        let mut faults = Vec::new();
        let mut field = |name: &str, is_there: bool, is_asked: bool, is_allowed: bool, zh: &str, en: &str| {
            if is_asked && !is_there {
                faults.push(FieldError::new(name, say!("应写明{zh}", "expected {en}")));
            } else if is_there && !is_allowed {
                faults.push(FieldError::new(name, say!("“{act}”不用写这一项", "'{act}' has none")));
            }
        };
        let (refused, told) = (act == Refused, act == Told);
        let asks_text = matches!(act, ConfirmedWithObjection | OutOfReach);
        field("how", self.how.is_some(), refused || told, refused || told, "方式", "how it was done");
        field("text", says, asks_text, asks_text || refused, "一句话", "a sentence");
        field(
            "witnesses",
            self.witnesses.is_some(),
            refused,
            refused,
            "两位见证人的姓名",
            "the names of two people",
        );
        field("happened_at", self.happened_at.is_some(), refused, refused, "发生的时间", "when it was");
        if refused && self.how == Some(Means::InProgram) {
            faults.push(FieldError::new(
                "how",
                say!(
                    "应为 'mail' 或 'by_hand'：点击没有见证人",
                    "expected 'mail' or 'by_hand': nobody witnesses a click"
                ),
            ));
        }
        if act == Lapsed {
            faults.push(FieldError::new(
                "act",
                say!(
                    "期限由时间届满：POST /v1/review-cycles/{{id}}/lapse",
                    "terms lapse by time: POST /v1/review-cycles/{{id}}/lapse"
                ),
            ));
        }
        faults
    }

    /// The text as it is kept.
    pub(super) fn said(&self) -> Option<&str> {
        self.text.as_deref().map(str::trim).filter(|text| !text.is_empty())
    }
}

/// What can only be judged by who takes part and what was recorded before.
pub(super) async fn check_recording(
    cx: &mut Context,
    subject: &Subject,
    identity: &Identity,
    standing: &Standing,
    new: &NewAcknowledgement,
) -> Result<(), Problem> {
    if new.act == AcknowledgementAct::Told && new.how == Some(Means::InProgram) && !subject.has_login {
        return Err(Problem::field(
            "how",
            say!(
                "此人没有账号：应为 'mail' 或 'by_hand'",
                "the person has no login: expected 'mail' or 'by_hand'"
            ),
        ));
    }
    if let Some(happened_at) = new.happened_at {
        let told_at = standing.told_at.unwrap_or(happened_at);
        if happened_at > cx.now || happened_at < told_at {
            let expected = say!(
                "应为 {} 以后、现在以前的时刻",
                "expected a moment from {} on that is past",
                told_at.to_rfc3339()
            );
            return Err(Problem::field("happened_at", expected));
        }
    }
    let Some([first, second]) = new.witnesses.as_deref() else { return Ok(()) };
    let (login, name) = store::recorder(cx, identity.user_id).await?;
    for (at, witness) in [first, second].into_iter().enumerate() {
        let is = |other: &str| bare(witness) == bare(other);
        let expected = if bare(witness).is_empty() {
            say!("应为姓名", "expected a name")
        } else if is(&subject.name) || is(&subject.employee_no) {
            say!("被考核人不能见证自己的拒签", "the person reviewed is no witness of the own refusal")
        } else if is(&login) || name.as_deref().is_some_and(is) {
            say!("登记的人不能作见证人", "whoever records it is no witness")
        } else if at == 1 && is(first) {
            say!("应为两个不同的人", "expected two different people")
        } else {
            continue;
        };
        return Err(Problem::field(format!("witnesses[{at}]"), expected));
    }
    Ok(())
}

/// A name without what is easily written in another way: spaces, and upper or lower case.
fn bare(name: &str) -> String {
    let is_ignored = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '\u{200b}' | '\u{feff}');
    name.chars().filter(|c| !is_ignored(*c)).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(act: AcknowledgementAct) -> NewAcknowledgement {
        NewAcknowledgement { act, how: None, text: None, witnesses: None, happened_at: None }
    }

    fn fields(new: &NewAcknowledgement) -> Vec<String> {
        new.faults().into_iter().map(|fault| fault.field).collect()
    }

    #[test]
    fn every_act_asks_for_what_it_needs_and_for_no_more() {
        use AcknowledgementAct::*;
        let bare = AcknowledgementAct::ALL.iter().map(|act| fields(&new(*act)).join(" "));
        assert_eq!(
            bare.collect::<Vec<_>>(),
            ["how", "", "", "text", "how witnesses happened_at", "text", "act"]
        );
        let full = |act| NewAcknowledgement {
            how: Some(Means::ByHand),
            text: Some("三次电话无人接听".to_owned()),
            witnesses: Some(vec!["甲".to_owned(), "乙".to_owned()]),
            happened_at: Some(DateTime::<Utc>::UNIX_EPOCH),
            ..new(act)
        };
        assert_eq!(fields(&full(Refused)), Vec::<String>::new());
        assert_eq!(fields(&full(Confirmed)), ["how", "text", "witnesses", "happened_at"]);
        assert_eq!(fields(&full(OutOfReach)), ["how", "witnesses", "happened_at"]);
        assert_eq!(fields(&NewAcknowledgement { how: Some(Means::InProgram), ..full(Refused) }), ["how"]);
        let blank = NewAcknowledgement { text: Some("  ".to_owned()), ..new(ConfirmedWithObjection) };
        assert_eq!(fields(&blank), ["text"]);
    }

    #[test]
    fn a_name_is_the_same_however_it_is_spaced() {
        assert_eq!(bare("王 浩\u{3000}然\u{200b}"), bare("王浩然"));
        assert_eq!(bare("HR"), bare("hr"));
        assert_ne!(bare("王浩然"), bare("王浩"));
    }
}
