//! Appeals, corrections and adjustments: what changes a score that people have been shown.

use rust_decimal::Decimal;
use serde_json::Number;

use super::{EVERYTHING, PLACES, Played};
use crate::auth::Context;
use crate::auth::access::{
    Action, AdjustReviews, CheckReviews, DecideAppeals, DecideCorrections, EnterFacts, FileAppeals,
    RecomputeReviews,
};
use crate::demo::year::scene::Of;
use crate::http::Problem;
use crate::http::etag::Seen;
use crate::ledger::Late;
use crate::ledger::bulk::{self, CompleteFor, NewFactRow, NewFacts};
use crate::ledger::close::corrections::{self, CorrectionDecision, CorrectionQuery, CorrectionState};
use crate::reviews::adjustments::{self, AdjustmentDecision, AdjustmentState, NewAdjustment};
use crate::reviews::appeals::evidence::{self, EvidenceFile};
use crate::reviews::appeals::{self, AppealDecision, AppealFilter, AppealStep, NewAppeal};
use crate::reviews::recomputation::{self, NewRecomputation};
use crate::reviews::waiver::{self, Waiver};

impl Played<'_> {
    /// Id of the last appeal about a review, as who plays it sees them.
    async fn appeal_id(&self, cx: &mut Context, of: Of) -> Result<i64, Problem> {
        let (period, employee_no) = (Some(self.scene.period), Some(of.employee_no.to_owned()));
        let filter = AppealFilter { period, state: None, employee_no };
        let page = appeals::list(cx, &filter, EVERYTHING).await?.logged().await?;
        page.items.last().map(|appeal| appeal.id).ok_or_else(|| Problem::not_found("appeal"))
    }

    pub(super) async fn appeal(&self, of: Of, rule: &str, text: &str) -> Result<(), Problem> {
        let id = self.review_id(of).await?;
        let new = NewAppeal { rule: rule.to_owned(), step: None, text: text.to_owned() };
        let cx = &mut self.context::<FileAppeals>().await?;
        appeals::file(cx, self.stage.library, id, &new).await.map(drop)
    }

    pub(super) async fn bring(&self, of: Of, name: &str, content: &str) -> Result<(), Problem> {
        let cx = &mut self.context::<FileAppeals>().await?;
        let id = self.appeal_id(cx, of).await?;
        let (name, media_type) = (name.to_owned(), "text/plain; charset=utf-8".to_owned());
        let file = EvidenceFile { name, media_type, content: content.as_bytes().to_vec() };
        evidence::add_file(cx, id, file).await.map(drop)
    }

    pub(super) async fn step<A: Action>(
        &self,
        of: Of,
        step: AppealStep,
        note: Option<&str>,
    ) -> Result<(), Problem> {
        let cx = &mut self.context::<A>().await?;
        let id = self.appeal_id(cx, of).await?;
        appeals::step(cx, id, step, note, Seen::Any).await.map(drop)
    }

    pub(super) async fn decide(&self, of: Of, decision: AppealDecision) -> Result<(), Problem> {
        let cx = &mut self.context::<DecideAppeals>().await?;
        let id = self.appeal_id(cx, of).await?;
        appeals::decide(cx, self.rules(), id, &decision, Seen::Any).await.map(drop)
    }

    pub(super) async fn correct(
        &self,
        source: &str,
        employee_no: &str,
        values: &[(&str, &str)],
        reason: &str,
    ) -> Result<(), Problem> {
        let number = |(metric, value): &(&str, &str)| {
            let number = value.parse::<Number>().map_err(|error| Problem::internal(&error))?;
            Ok(((*metric).to_owned(), Some(number)))
        };
        let facts = values.iter().map(number).collect::<Result<_, Problem>>()?;
        let employee_no = employee_no.to_owned();
        let new = NewFacts {
            period: self.scene.period,
            source_system: source.to_owned(),
            store: None,
            rows: vec![NewFactRow { employee_no, day: None, external_id: None, facts }],
            complete_sources: Vec::new(),
            complete_for: CompleteFor::default(),
            partial: false,
            late: Late::Keep,
            reason: Some(reason.to_owned()),
        };
        let cx = &mut self.context::<EnterFacts>().await?;
        bulk::record(cx, self.stage.catalogue, new, None).await.map(drop)
    }

    pub(super) async fn accept_corrections(&self, note: &str) -> Result<(), Problem> {
        let cx = &mut self.context::<DecideCorrections>().await?;
        let (period, state) = (Some(self.scene.period), Some(CorrectionState::Pending));
        let waiting = CorrectionQuery { store: None, period, state };
        let page = corrections::list(cx, &waiting, EVERYTHING).await?;
        let ids = page.items.iter().map(|one| one.id).collect();
        let decision = CorrectionDecision { ids, accept: true, note: Some(note.to_owned()) };
        corrections::decide(cx, &decision).await.map(drop)
    }

    pub(super) async fn adjust(
        &self,
        of: Of,
        rule: &str,
        hundredths: i64,
        reason: &str,
    ) -> Result<(), Problem> {
        let id = self.review_id(of).await?;
        let cx = &mut self.context::<AdjustReviews>().await?;
        let points = Decimal::new(hundredths, PLACES);
        let new = NewAdjustment { rule: rule.to_owned(), points, reason: reason.to_owned() };
        adjustments::propose(cx, self.rules(), id, &new).await.map(drop)
    }

    pub(super) async fn approve(&self, of: Of, note: &str) -> Result<(), Problem> {
        let id = self.review_id(of).await?;
        let cx = &mut self.context::<AdjustReviews>().await?;
        let mut proposed = adjustments::list(cx, id).await?.logged().await?.into_iter();
        let proposed = proposed.find(|one| one.adjustment.state == AdjustmentState::Proposed);
        let proposed = proposed.ok_or_else(|| Problem::not_found("adjustment"))?;
        let decision = AdjustmentDecision { approve: true, note: Some(note.to_owned()) };
        adjustments::decide(cx, self.rules(), (id, proposed.adjustment.id), &decision, Seen::Any)
            .await
            .map(drop)
    }

    pub(super) async fn waive(&self, of: Of, reason: &str) -> Result<(), Problem> {
        let id = self.review_id(of).await?;
        let cx = &mut self.context::<CheckReviews>().await?;
        waiver::waive(cx, id, &Waiver { reason: reason.to_owned() }).await
    }

    pub(super) async fn recompute(&self, reason: &str) -> Result<(), Problem> {
        let id = self.cycle_id().await?;
        let cx = &mut self.context::<RecomputeReviews>().await?;
        let new = NewRecomputation { reason: reason.to_owned() };
        recomputation::recompute(cx, self.rules(), id, &new).await.map(drop)
    }
}
