//! Playing one scene: the operation of the API that it is, with what its handler would call.

mod decisions;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rust_decimal::Decimal;

use super::Stage;
use super::scene::{Day, Deed, Of, Scene};
use crate::auth::access::{
    Acknowledge, Action, CheckReviews, ConfirmTalks, Contribute, DecideAppeals, FileAppeals,
    MakeCoefficientSheets, ManageImprovement, MoveCycles, ReceiveRules, RecordTalks, RunReviews,
    SignCoefficientSheets,
};
use crate::auth::{AccessLog, Caller, Context, Identity};
use crate::clock;
use crate::db::schema::{employee, review};
use crate::demo::STORE;
use crate::http::etag::Seen;
use crate::http::{Problem, Window};
use crate::reviews::acknowledgements::receipts::{self, NewReceipt, ReceiptAct};
use crate::reviews::acknowledgements::{self, AcknowledgementAct, Means, NewAcknowledgement};
use crate::reviews::appeals::{AppealDecision, AppealStep};
use crate::reviews::close::{self, Freeze};
use crate::reviews::coefficient_sheets::{self, Capacity, NewSignOff};
use crate::reviews::contributions::{self, ContributionKind, ItemComments, NewContribution};
use crate::reviews::cycle::CycleState;
use crate::reviews::cycle::moves::{self, NewCycleMove};
use crate::reviews::generate;
use crate::reviews::improvement::{self, ImprovementFilter, NewImprovementAssessment, NewImprovementPlan};
use crate::reviews::store::{self, CycleFilter, NewReviewCycle};
use crate::reviews::talks::{self, NewReviewTalk, TalkConfirmation};
use crate::rules::folder::RulesFolder;
use crate::rules::library::Library;
use crate::rules::release;

/// Decimal places in which the story writes points.
const PLACES: u32 = 2;
/// A page that has all there is in a month.
const EVERYTHING: Window = Window { after: 0, limit: 500 };

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
        Deed::ReceiveRules(employee_no) => played.receive_rules(employee_no).await,
        Deed::Open => played.open().await,
        Deed::Freeze => played.freeze().await,
        Deed::Generate => played.generate().await,
        Deed::Move(to) => played.move_on(to).await,
        Deed::Check(text) => played.check(text).await,
        Deed::Draft(kind, of, text) => played.write(kind, of, text, false).await,
        Deed::Contribute(kind, of, text) => played.write(kind, of, text, true).await,
        Deed::TellByHand(of) => {
            let how = Some(Means::ByHand);
            played.acknowledge(of, NewAcknowledgement { how, ..plain(AcknowledgementAct::Told) }).await
        }
        Deed::See(of) => played.acknowledge(of, plain(AcknowledgementAct::Seen)).await,
        Deed::Confirm(of) => played.acknowledge(of, plain(AcknowledgementAct::Confirmed)).await,
        Deed::Object(of, text) => {
            played.acknowledge(of, saying(AcknowledgementAct::ConfirmedWithObjection, text)).await
        }
        Deed::Refuse(of, text, witnesses) => {
            let new = NewAcknowledgement {
                how: Some(Means::ByHand),
                witnesses: Some(witnesses.map(str::to_owned).to_vec()),
                happened_at: Some(scene.at),
                ..saying(AcknowledgementAct::Refused, text)
            };
            played.acknowledge(of, new).await
        }
        Deed::OutOfReach(of, text) => {
            played.acknowledge(of, saying(AcknowledgementAct::OutOfReach, text)).await
        }
        Deed::Appeal(of, rule, text) => played.appeal(of, rule, text).await,
        Deed::Evidence(of, name, content) => played.bring(of, name, content).await,
        Deed::TakeUp(of) => played.step::<DecideAppeals>(of, AppealStep::TakeUp, None).await,
        Deed::AskForMaterial(of, note) => {
            played.step::<DecideAppeals>(of, AppealStep::AskForMaterial, Some(note)).await
        }
        Deed::Withdraw(of, note) => played.step::<FileAppeals>(of, AppealStep::Withdraw, Some(note)).await,
        Deed::Decide(of, outcome, points, reason) => {
            let points = points.map(|hundredths| Decimal::new(hundredths, PLACES));
            played.decide(of, AppealDecision { outcome, reason: reason.to_owned(), points }).await
        }
        Deed::Correct(source, employee_no, values, reason) => {
            played.correct(source, employee_no, values, reason).await
        }
        Deed::AcceptCorrections(note) => played.accept_corrections(note).await,
        Deed::Adjust(of, rule, hundredths, reason) => played.adjust(of, rule, hundredths, reason).await,
        Deed::Approve(of, note) => played.approve(of, note).await,
        Deed::Waive(of, reason) => played.waive(of, reason).await,
        Deed::Recompute(reason) => played.recompute(reason).await,
        Deed::Talk(of, said, goals) => played.talk(of, said, goals).await,
        Deed::ConfirmTalk(of, word) => played.confirm_talk(of, word).await,
        Deed::Improve(of, goals, training, days) => played.improve(of, goals, training, days).await,
        Deed::Assess(of, outcome, sentence, extended_to) => {
            let (sentence, extended_to) = (sentence.to_owned(), extended_to.map(Day::date));
            played.assess(of, NewImprovementAssessment { outcome, sentence, extended_to }).await
        }
        Deed::Sheet => played.make_sheet().await,
        Deed::Sign(capacity) => played.sign(capacity).await,
    }
}

fn said(text: &str) -> NewContribution {
    NewContribution { text: text.to_owned(), items: ItemComments::default() }
}

fn plain(act: AcknowledgementAct) -> NewAcknowledgement {
    NewAcknowledgement { act, how: None, text: None, witnesses: None, happened_at: None }
}

fn saying(act: AcknowledgementAct, text: &str) -> NewAcknowledgement {
    NewAcknowledgement { text: Some(text.to_owned()), ..plain(act) }
}

impl Played<'_> {
    /// The work of who does it, who has to be allowed to do `A`.
    async fn context<A: Action>(&self) -> Result<Context, Problem> {
        Caller::<A>::permit(self.who.clone(), self.stage.pool, self.log, self.scene.at)?.context().await
    }

    /// The rules folder and the rules that were loaded.
    fn rules(&self) -> (&RulesFolder, &Library) {
        (self.stage.folder, self.stage.library)
    }

    /// Id of the month's cycle.
    async fn cycle_id(&self) -> Result<i64, Problem> {
        let cx = &mut Context::operator(self.stage.pool, self.scene.at).await?;
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
            .first(&mut *self.stage.pool.get().await?)
            .await?;
        Ok(id)
    }

    async fn receive_rules(&self, employee_no: Option<&str>) -> Result<(), Problem> {
        let cx = &mut self.context::<ReceiveRules>().await?;
        let release = release::latest(cx.db()).await?.ok_or_else(|| Problem::not_found("release"))?;
        let how = employee_no.map(|_| Means::ByHand);
        let employee_no = employee_no.map(str::to_owned);
        let new = NewReceipt { employee_no, act: ReceiptAct::Confirmed, how };
        receipts::record(cx, release.id, &new).await.map(drop)
    }

    async fn open(&self) -> Result<(), Problem> {
        let new = NewReviewCycle { store: STORE.to_owned(), period: self.scene.period };
        store::create_cycle(&mut self.context::<RunReviews>().await?, new).await.map(drop)
    }

    async fn freeze(&self) -> Result<(), Problem> {
        let (id, (folder, library)) = (self.cycle_id().await?, self.rules());
        let cx = &mut self.context::<RunReviews>().await?;
        let rules = generate::rules_of(cx, folder, library, id).await?;
        close::freeze(cx, &rules.bundle, id, &Freeze::default()).await.map(drop)
    }

    async fn generate(&self) -> Result<(), Problem> {
        let (id, (folder, library)) = (self.cycle_id().await?, self.rules());
        generate::generate(self.context::<RunReviews>().await?, folder, library, id).await.map(drop)
    }

    async fn move_on(&self, to: CycleState) -> Result<(), Problem> {
        let id = self.cycle_id().await?;
        let cx = &mut self.context::<MoveCycles>().await?;
        let step = NewCycleMove { to, reason: None };
        moves::move_one(cx, self.stage.library, id, &step, Seen::Any).await.map(drop)
    }

    async fn check(&self, text: &str) -> Result<(), Problem> {
        let id = self.cycle_id().await?;
        let cx = &mut self.context::<CheckReviews>().await?;
        contributions::check_cycle(cx, id, &said(text)).await.map(drop)
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

    async fn acknowledge(&self, of: Of, new: NewAcknowledgement) -> Result<(), Problem> {
        let id = self.review_id(of).await?;
        let cx = &mut self.context::<Acknowledge>().await?;
        acknowledgements::record(cx, self.stage.library, id, &new).await.map(drop)
    }

    async fn talk(&self, of: Of, said: &str, goals: &str) -> Result<(), Problem> {
        let id = self.review_id(of).await?;
        let day = clock::day(self.scene.at);
        let new = NewReviewTalk { day, said: said.to_owned(), goals: goals.to_owned() };
        talks::record(&mut self.context::<RecordTalks>().await?, id, &new).await.map(drop)
    }

    async fn confirm_talk(&self, of: Of, word: &str) -> Result<(), Problem> {
        let id = self.review_id(of).await?;
        let cx = &mut self.context::<ConfirmTalks>().await?;
        let last = talks::list(cx, id).await?.logged().await?.pop();
        let last = last.ok_or_else(|| Problem::not_found("talk"))?;
        talks::confirm(cx, last.id, &TalkConfirmation { word: Some(word.to_owned()) }).await.map(drop)
    }

    async fn improve(
        &self,
        of: Of,
        goals: &str,
        training: &str,
        [first, second]: [Day; 2],
    ) -> Result<(), Problem> {
        let new = NewImprovementPlan {
            review: self.review_id(of).await?,
            goals: goals.to_owned(),
            training: training.to_owned(),
            starts_on: clock::day(self.scene.at),
            first_assessment_on: first.date(),
            second_assessment_on: second.date(),
            ends_on: second.date(),
        };
        improvement::create(&mut self.context::<ManageImprovement>().await?, &new).await.map(drop)
    }

    async fn assess(&self, of: Of, new: NewImprovementAssessment) -> Result<(), Problem> {
        let cx = &mut self.context::<ManageImprovement>().await?;
        let filter = ImprovementFilter { state: None, employee_no: Some(of.employee_no.to_owned()) };
        let plans = improvement::list(cx, &filter, EVERYTHING).await?.logged().await?;
        let id = plans.items.last().and_then(|plan| plan.id);
        let id = id.ok_or_else(|| Problem::not_found("improvement plan"))?;
        improvement::assess(cx, id, &new, Seen::Any).await.map(drop)
    }

    async fn make_sheet(&self) -> Result<(), Problem> {
        let (id, (folder, library)) = (self.cycle_id().await?, self.rules());
        let cx = &mut self.context::<MakeCoefficientSheets>().await?;
        let rules = generate::rules_of(cx, folder, library, id).await?;
        coefficient_sheets::create(cx, &rules.bundle, id).await?.logged().await.map(drop)
    }

    async fn sign(&self, capacity: Capacity) -> Result<(), Problem> {
        let id = self.cycle_id().await?;
        let cx = &mut self.context::<SignCoefficientSheets>().await?;
        let last = coefficient_sheets::list(cx, id).await?.pop();
        let last = last.ok_or_else(|| Problem::not_found("coefficient sheet"))?;
        // Whoever signs has read it.
        let read = coefficient_sheets::read(cx, id, last.number).await?.logged().await?;
        let new = NewSignOff { capacity, sha256: read.head.sha256 };
        coefficient_sheets::sign(cx, id, last.number, &new).await?.logged().await.map(drop)
    }
}
