//! Playing one scene: the operation of the API that it is, with what its handler would call.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rust_decimal::Decimal;
use serde_json::Number;

use super::scene::{Deed, Of, Scene};
use super::{Stage, operator};
use crate::auth::access::{
    Acknowledge, Action, AdjustReviews, CheckReviews, ConfirmTalks, Contribute, DecideAppeals,
    DecideCorrections, EnterFacts, FileAppeals, MakeCoefficientSheets, ManageImprovement, MoveCycles,
    ReceiveRules, RecordTalks, RunReviews, SignCoefficientSheets,
};
use crate::auth::{AccessLog, Caller, Context, Identity};
use crate::clock;
use crate::db::schema::{employee, review};
use crate::demo::STORE;
use crate::http::etag::Seen;
use crate::http::{Problem, Window};
use crate::ledger::Late;
use crate::ledger::bulk::{self, NewFactRow, NewFacts};
use crate::ledger::close::corrections::{self, CorrectionDecision, CorrectionQuery, CorrectionState};
use crate::reviews::acknowledgements::receipts::{self, NewReceipt, ReceiptAct};
use crate::reviews::acknowledgements::{self, AcknowledgementAct, Means, NewAcknowledgement};
use crate::reviews::adjustments::{self, AdjustmentDecision, AdjustmentState, NewAdjustment};
use crate::reviews::appeals::evidence::{self, EvidenceFile};
use crate::reviews::appeals::{self, AppealDecision, AppealFilter, AppealStep, NewAppeal};
use crate::reviews::close::{self, Freeze};
use crate::reviews::coefficient_sheets::{self, NewSignOff};
use crate::reviews::contributions::{self, ContributionKind, ItemComments, NewContribution};
use crate::reviews::cycle::moves::{self, NewCycleMove};
use crate::reviews::generate::{self, generate};
use crate::reviews::improvement::{self, ImprovementFilter, NewImprovementAssessment, NewImprovementPlan};
use crate::reviews::store::{self, CycleFilter, NewReviewCycle};
use crate::reviews::talks::{self, NewReviewTalk, TalkConfirmation};
use crate::rules::release;

/// Decimal places in which the story writes points.
const PLACES: u32 = 2;

/// A scene that is being played.
struct Played<'a> {
    stage: &'a Stage<'a>,
    log: &'a AccessLog,
    who: Identity,
    scene: &'a Scene,
}

/// Plays a scene as `who`.
///
/// # Errors
///
/// What the operation answers.
pub(super) async fn play(
    stage: &Stage<'_>,
    log: &AccessLog,
    who: Identity,
    scene: &Scene,
) -> Result<(), Problem> {
    let played = Played { stage, log, who, scene };
    match scene.deed {
        Deed::ReceiveRules(_) | Deed::Correct(..) | Deed::AcceptCorrections(_) => {
            played.facts_and_rules().await
        }
        Deed::Open | Deed::Freeze | Deed::Generate | Deed::Move(_) | Deed::Check(_) => played.cycle().await,
        Deed::Sheet | Deed::Sign(_) => played.sheet().await,
        Deed::Draft(kind, of, text) => played.write(kind, of, text, false).await,
        Deed::Contribute(kind, of, text) => played.write(kind, of, text, true).await,
        Deed::TellByHand(of)
        | Deed::See(of)
        | Deed::Confirm(of)
        | Deed::Object(of, _)
        | Deed::Refuse(of, ..)
        | Deed::OutOfReach(of, _) => played.acknowledge(of).await,
        Deed::Appeal(of, rule, text) => played.appeal(of, rule, text).await,
        Deed::Evidence(of, ..)
        | Deed::TakeUp(of)
        | Deed::AskForMaterial(of, _)
        | Deed::Decide(of, ..)
        | Deed::Withdraw(of, _) => played.go_on_with_appeal(of).await,
        Deed::Adjust(of, ..) | Deed::Approve(of, _) => played.adjust(of).await,
        Deed::Talk(of, ..) | Deed::ConfirmTalk(of, _) => played.talk(of).await,
        Deed::Improve(of, ..) | Deed::Assess(of, ..) => played.improve(of).await,
    }
}

impl Played<'_> {
    /// The work of who does it, who has to be allowed to do `A`.
    async fn context<A: Action>(&self) -> Result<Context, Problem> {
        Caller::<A>::permit(self.who.clone(), self.stage.pool, self.log, self.scene.at)?.context().await
    }

    /// Id of the month's cycle.
    async fn cycle_id(&self) -> Result<i64, Problem> {
        let cx = &mut operator(self.stage, self.scene.at).await?;
        let filter = CycleFilter { store: Some(STORE.to_owned()), period: Some(self.scene.period) };
        let found = store::list_cycles(cx, &filter, Window::ONE).await?.items.pop();
        found.map(|cycle| cycle.id).ok_or_else(|| Problem::not_found("review cycle"))
    }

    /// Id of the month's review in force.
    async fn review_id(&self, of: Of) -> Result<i64, Problem> {
        let id = review::table
            .inner_join(employee::table.on(employee::id.eq(review::employee_id)))
            .filter(review::period.eq(self.scene.period).and(employee::employee_no.eq(of.employee_no)))
            .filter(review::scheme.eq(of.scheme).and(review::is_current))
            .select(review::id)
            .first(operator(self.stage, self.scene.at).await?.db())
            .await?;
        Ok(id)
    }

    async fn facts_and_rules(&self) -> Result<(), Problem> {
        match self.scene.deed {
            Deed::ReceiveRules(employee_no) => {
                let cx = &mut self.context::<ReceiveRules>().await?;
                let release = release::latest(cx.db()).await?.ok_or_else(|| Problem::not_found("release"))?;
                let how = employee_no.map(|_| Means::ByHand);
                let employee_no = employee_no.map(str::to_owned);
                let new = NewReceipt { employee_no, act: ReceiptAct::Confirmed, how };
                receipts::record(cx, release.id, &new).await?;
            }
            Deed::Correct(employee_no, values, reason) => {
                let values =
                    values.iter().map(|(metric, value)| ((*metric).to_owned(), Some(Number::from(*value))));
                let facts = values.collect::<BTreeMap<_, _>>();
                let employee_no = employee_no.to_owned();
                let new = NewFacts {
                    period: self.scene.period,
                    source_system: "dms".to_owned(),
                    rows: vec![NewFactRow { employee_no, day: None, external_id: None, facts }],
                    complete_sources: Vec::new(),
                    partial: false,
                    late: Late::Keep,
                    reason: Some(reason.to_owned()),
                };
                let cx = &mut self.context::<EnterFacts>().await?;
                bulk::record(cx, self.stage.catalogue, new, None).await?;
            }
            Deed::AcceptCorrections(note) => {
                let cx = &mut self.context::<DecideCorrections>().await?;
                let waiting = CorrectionQuery {
                    store: None,
                    period: Some(self.scene.period),
                    state: Some(CorrectionState::Pending),
                };
                let page = corrections::list(cx, &waiting, Window { after: 0, limit: 500 }).await?;
                let ids = page.items.iter().map(|one| one.id).collect();
                let decision = CorrectionDecision { ids, accept: true, note: Some(note.to_owned()) };
                corrections::decide(cx, &decision).await?;
            }
            _ => {}
        }
        Ok(())
    }

    async fn cycle(&self) -> Result<(), Problem> {
        let Stage { folder, library, .. } = self.stage;
        match self.scene.deed {
            Deed::Open => {
                let new = NewReviewCycle { store: STORE.to_owned(), period: self.scene.period };
                store::create_cycle(&mut self.context::<RunReviews>().await?, new).await?;
            }
            Deed::Freeze => {
                let id = self.cycle_id().await?;
                let cx = &mut self.context::<RunReviews>().await?;
                let rules = generate::rules_of(cx, folder, library, id).await?;
                close::freeze(cx, &rules.bundle, id, &Freeze::default()).await?;
            }
            Deed::Generate => {
                let id = self.cycle_id().await?;
                generate(self.context::<RunReviews>().await?, folder, library, id).await?;
            }
            Deed::Move(to) => {
                let id = self.cycle_id().await?;
                let step = NewCycleMove { to, reason: None };
                let cx = &mut self.context::<MoveCycles>().await?;
                moves::move_one(cx, library, id, &step, Seen::Any).await?;
            }
            Deed::Check(text) => {
                let id = self.cycle_id().await?;
                let cx = &mut self.context::<CheckReviews>().await?;
                contributions::check_cycle(cx, id, &said(text)).await?;
            }
            _ => {}
        }
        Ok(())
    }

    async fn sheet(&self) -> Result<(), Problem> {
        let Stage { folder, library, .. } = self.stage;
        let id = self.cycle_id().await?;
        if let Deed::Sign(capacity) = self.scene.deed {
            let cx = &mut self.context::<SignCoefficientSheets>().await?;
            let last = coefficient_sheets::list(cx, id).await?.pop();
            let last = last.ok_or_else(|| Problem::not_found("coefficient sheet"))?;
            // Whoever signs has read it.
            let read = coefficient_sheets::read(cx, id, last.number).await?.logged().await?;
            let new = NewSignOff { capacity, sha256: read.head.sha256 };
            coefficient_sheets::sign(cx, id, last.number, &new).await?.logged().await?;
        } else {
            let cx = &mut self.context::<MakeCoefficientSheets>().await?;
            let rules = generate::rules_of(cx, folder, library, id).await?;
            coefficient_sheets::create(cx, &rules.bundle, id).await?.logged().await?;
        }
        Ok(())
    }

    async fn write(
        &self,
        kind: ContributionKind,
        of: Of,
        text: &str,
        is_handed_in: bool,
    ) -> Result<(), Problem> {
        let id = self.review_id(of).await?;
        let cx = &mut self.context::<Contribute>().await?;
        contributions::write(cx, self.stage.library, id, kind, &said(text), Seen::Any).await?;
        if is_handed_in {
            contributions::hand_in(cx, id, kind, Seen::Any).await?;
        }
        Ok(())
    }

    async fn acknowledge(&self, of: Of) -> Result<(), Problem> {
        let plain =
            |act| NewAcknowledgement { act, how: None, text: None, witnesses: None, happened_at: None };
        let saying = |act, text: &str| NewAcknowledgement { text: Some(text.to_owned()), ..plain(act) };
        let new = match self.scene.deed {
            Deed::TellByHand(_) => {
                NewAcknowledgement { how: Some(Means::ByHand), ..plain(AcknowledgementAct::Told) }
            }
            Deed::See(_) => plain(AcknowledgementAct::Seen),
            Deed::Object(_, text) => saying(AcknowledgementAct::ConfirmedWithObjection, text),
            Deed::Refuse(_, text, witnesses) => NewAcknowledgement {
                how: Some(Means::ByHand),
                witnesses: Some(witnesses.map(str::to_owned).to_vec()),
                happened_at: Some(self.scene.at),
                ..saying(AcknowledgementAct::Refused, text)
            },
            Deed::OutOfReach(_, text) => saying(AcknowledgementAct::OutOfReach, text),
            _ => plain(AcknowledgementAct::Confirmed),
        };
        let id = self.review_id(of).await?;
        let cx = &mut self.context::<Acknowledge>().await?;
        acknowledgements::record(cx, self.stage.library, id, &new).await?;
        Ok(())
    }

    async fn appeal(&self, of: Of, rule: &str, text: &str) -> Result<(), Problem> {
        let id = self.review_id(of).await?;
        let new = NewAppeal { rule: rule.to_owned(), step: None, text: text.to_owned() };
        let cx = &mut self.context::<FileAppeals>().await?;
        appeals::file(cx, self.stage.library, id, &new).await?;
        Ok(())
    }

    async fn go_on_with_appeal(&self, of: Of) -> Result<(), Problem> {
        let deed = self.scene.deed;
        let is_the_persons = matches!(deed, Deed::Evidence(..) | Deed::Withdraw(..));
        let cx = &mut match is_the_persons {
            true => self.context::<FileAppeals>().await?,
            false => self.context::<DecideAppeals>().await?,
        };
        let filter = AppealFilter {
            period: Some(self.scene.period),
            state: None,
            employee_no: Some(of.employee_no.to_owned()),
        };
        let page = appeals::list(cx, &filter, Window { after: 0, limit: 500 }).await?.logged().await?;
        let id = page.items.last().map(|appeal| appeal.id).ok_or_else(|| Problem::not_found("appeal"))?;
        let step =
            async |cx: &mut Context, step, note| appeals::step(cx, id, step, note, Seen::Any).await.map(drop);
        match deed {
            Deed::Evidence(_, name, content) => {
                let media_type = "text/plain; charset=utf-8".to_owned();
                let file =
                    EvidenceFile { name: name.to_owned(), media_type, content: content.as_bytes().to_vec() };
                evidence::add_file(cx, id, file).await.map(drop)
            }
            Deed::AskForMaterial(_, note) => step(cx, AppealStep::AskForMaterial, Some(note)).await,
            Deed::Withdraw(_, note) => step(cx, AppealStep::Withdraw, Some(note)).await,
            Deed::Decide(_, outcome, points, reason) => {
                let points = points.map(|hundredths| Decimal::new(hundredths, PLACES));
                let decision = AppealDecision { outcome, reason: reason.to_owned(), points };
                let rules = (self.stage.folder, self.stage.library);
                appeals::decide(cx, rules, id, &decision, Seen::Any).await.map(drop)
            }
            _ => step(cx, AppealStep::TakeUp, None).await,
        }
    }

    async fn adjust(&self, of: Of) -> Result<(), Problem> {
        let id = self.review_id(of).await?;
        let rules = (self.stage.folder, self.stage.library);
        let cx = &mut self.context::<AdjustReviews>().await?;
        match self.scene.deed {
            Deed::Adjust(_, rule, hundredths, reason) => {
                let points = Decimal::new(hundredths, PLACES);
                let new = NewAdjustment { rule: rule.to_owned(), points, reason: reason.to_owned() };
                adjustments::propose(cx, rules, id, &new).await?;
            }
            Deed::Approve(_, note) => {
                let mut proposed = adjustments::list(cx, id).await?.logged().await?.into_iter();
                let proposed = proposed.find(|one| one.state == AdjustmentState::Proposed);
                let proposed = proposed.ok_or_else(|| Problem::not_found("adjustment"))?;
                let decision = AdjustmentDecision { approve: true, note: Some(note.to_owned()) };
                adjustments::decide(cx, rules, (id, proposed.id), &decision, Seen::Any).await?;
            }
            _ => {}
        }
        Ok(())
    }

    async fn talk(&self, of: Of) -> Result<(), Problem> {
        let id = self.review_id(of).await?;
        match self.scene.deed {
            Deed::Talk(_, said, goals) => {
                let day = clock::day(self.scene.at);
                let new = NewReviewTalk { day, said: said.to_owned(), goals: goals.to_owned() };
                talks::record(&mut self.context::<RecordTalks>().await?, id, &new).await?;
            }
            Deed::ConfirmTalk(_, word) => {
                let cx = &mut self.context::<ConfirmTalks>().await?;
                let last = talks::list(cx, id).await?.logged().await?.pop();
                let last = last.ok_or_else(|| Problem::not_found("talk"))?;
                talks::confirm(cx, last.id, &TalkConfirmation { word: Some(word.to_owned()) }).await?;
            }
            _ => {}
        }
        Ok(())
    }

    async fn improve(&self, of: Of) -> Result<(), Problem> {
        let cx = &mut self.context::<ManageImprovement>().await?;
        match self.scene.deed {
            Deed::Improve(_, goals, training, [first, second]) => {
                let new = NewImprovementPlan {
                    review: self.review_id(of).await?,
                    goals: goals.to_owned(),
                    training: training.to_owned(),
                    starts_on: clock::day(self.scene.at),
                    first_assessment_on: first.date(),
                    second_assessment_on: second.date(),
                    ends_on: second.date(),
                };
                improvement::create(cx, &new).await?;
            }
            Deed::Assess(_, outcome, sentence, extended_to) => {
                let filter = ImprovementFilter { state: None, employee_no: Some(of.employee_no.to_owned()) };
                let plans = improvement::list(cx, &filter, Window { after: 0, limit: 500 }).await?;
                let id = plans.logged().await?.items.last().and_then(|plan| plan.id);
                let id = id.ok_or_else(|| Problem::not_found("improvement plan"))?;
                let sentence = sentence.to_owned();
                let extended_to = extended_to.map(super::scene::Day::date);
                let new = NewImprovementAssessment { outcome, sentence, extended_to };
                improvement::assess(cx, id, &new, Seen::Any).await?;
            }
            _ => {}
        }
        Ok(())
    }
}

fn said(text: &str) -> NewContribution {
    NewContribution { text: text.to_owned(), items: ItemComments::default() }
}
