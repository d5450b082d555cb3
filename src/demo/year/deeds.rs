//! Playing one scene: the operation of the API that it is, with what its handler would call.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rust_decimal::Decimal;
use serde_json::Number;

use super::Stage;
use super::scene::{Day, Deed, Of, Scene};
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
        Deed::Correct(employee_no, values, reason) => played.correct(employee_no, values, reason).await,
        Deed::AcceptCorrections(note) => played.accept_corrections(note).await,
        Deed::Adjust(of, rule, hundredths, reason) => played.adjust(of, rule, hundredths, reason).await,
        Deed::Approve(of, note) => played.approve(of, note).await,
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

    /// Id of the last appeal about a review, as who plays it sees them.
    async fn appeal_id(&self, cx: &mut Context, of: Of) -> Result<i64, Problem> {
        let (period, employee_no) = (Some(self.scene.period), Some(of.employee_no.to_owned()));
        let filter = AppealFilter { period, state: None, employee_no };
        let page = appeals::list(cx, &filter, EVERYTHING).await?.logged().await?;
        page.items.last().map(|appeal| appeal.id).ok_or_else(|| Problem::not_found("appeal"))
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

    async fn appeal(&self, of: Of, rule: &str, text: &str) -> Result<(), Problem> {
        let id = self.review_id(of).await?;
        let new = NewAppeal { rule: rule.to_owned(), step: None, text: text.to_owned() };
        let cx = &mut self.context::<FileAppeals>().await?;
        appeals::file(cx, self.stage.library, id, &new).await.map(drop)
    }

    async fn bring(&self, of: Of, name: &str, content: &str) -> Result<(), Problem> {
        let cx = &mut self.context::<FileAppeals>().await?;
        let id = self.appeal_id(cx, of).await?;
        let (name, media_type) = (name.to_owned(), "text/plain; charset=utf-8".to_owned());
        let file = EvidenceFile { name, media_type, content: content.as_bytes().to_vec() };
        evidence::add_file(cx, id, file).await.map(drop)
    }

    async fn step<A: Action>(&self, of: Of, step: AppealStep, note: Option<&str>) -> Result<(), Problem> {
        let cx = &mut self.context::<A>().await?;
        let id = self.appeal_id(cx, of).await?;
        appeals::step(cx, id, step, note, Seen::Any).await.map(drop)
    }

    async fn decide(&self, of: Of, decision: AppealDecision) -> Result<(), Problem> {
        let cx = &mut self.context::<DecideAppeals>().await?;
        let id = self.appeal_id(cx, of).await?;
        appeals::decide(cx, self.rules(), id, &decision, Seen::Any).await.map(drop)
    }

    async fn correct(&self, employee_no: &str, values: &[(&str, i64)], reason: &str) -> Result<(), Problem> {
        let facts = values.iter().map(|(metric, value)| ((*metric).to_owned(), Some(Number::from(*value))));
        let (employee_no, facts) = (employee_no.to_owned(), facts.collect());
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
        bulk::record(cx, self.stage.catalogue, new, None).await.map(drop)
    }

    async fn accept_corrections(&self, note: &str) -> Result<(), Problem> {
        let cx = &mut self.context::<DecideCorrections>().await?;
        let (period, state) = (Some(self.scene.period), Some(CorrectionState::Pending));
        let waiting = CorrectionQuery { store: None, period, state };
        let page = corrections::list(cx, &waiting, EVERYTHING).await?;
        let ids = page.items.iter().map(|one| one.id).collect();
        let decision = CorrectionDecision { ids, accept: true, note: Some(note.to_owned()) };
        corrections::decide(cx, &decision).await.map(drop)
    }

    async fn adjust(&self, of: Of, rule: &str, hundredths: i64, reason: &str) -> Result<(), Problem> {
        let id = self.review_id(of).await?;
        let cx = &mut self.context::<AdjustReviews>().await?;
        let points = Decimal::new(hundredths, PLACES);
        let new = NewAdjustment { rule: rule.to_owned(), points, reason: reason.to_owned() };
        adjustments::propose(cx, self.rules(), id, &new).await.map(drop)
    }

    async fn approve(&self, of: Of, note: &str) -> Result<(), Problem> {
        let id = self.review_id(of).await?;
        let cx = &mut self.context::<AdjustReviews>().await?;
        let mut proposed = adjustments::list(cx, id).await?.logged().await?.into_iter();
        let proposed = proposed.find(|one| one.state == AdjustmentState::Proposed);
        let proposed = proposed.ok_or_else(|| Problem::not_found("adjustment"))?;
        let decision = AdjustmentDecision { approve: true, note: Some(note.to_owned()) };
        adjustments::decide(cx, self.rules(), (id, proposed.id), &decision, Seen::Any).await.map(drop)
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
