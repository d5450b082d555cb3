//! What is summed for units: which numbers, by whose right to know them of people, and which sources bring them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use diesel_async::AsyncPgConnection;
use rust_decimal::Decimal;

use super::channels::{Origin, ToldApart};
use super::places::Places;
use super::selection::Asked;
use super::store::{self, Own};
use crate::auth::Context;
use crate::auth::access::{Action as _, ViewFacts, ViewReviews};
use crate::auth::scope::Scope;
use crate::http::Problem;
use crate::ledger::metric::{Catalogue, Missing};
use crate::org::{Part, Position};
use crate::period::Period;

/// What is summed.
#[derive(Clone, Copy, Debug)]
pub enum Summed<'a> {
    /// Metrics of the ledger, as the catalogue describes them.
    Metrics(&'a Catalogue),
    /// The coefficients of a position's reviews.
    Coefficients(Position),
    /// What daily sheets say of leads, by channel or source.
    Leads(ToldApart),
}

/// What is summed for units in a month.
#[derive(Debug)]
pub(super) struct UnitSums<const N: usize> {
    /// By unit.
    pub own: HashMap<i64, Own<N>>,
    /// The same numbers in the ledger, of what is said elsewhere, as far as it matters whom they are of.
    pub recorded: HashMap<i64, Own<N>>,
    /// What is told apart of it: of each origin, by unit, as much of the same people's as comes from there.
    pub by_origin: BTreeMap<Origin, HashMap<i64, [Decimal; N]>>,
}

impl<const N: usize> Default for UnitSums<N> {
    fn default() -> Self {
        Self { own: HashMap::new(), recorded: HashMap::new(), by_origin: BTreeMap::new() }
    }
}

impl<const N: usize> UnitSums<N> {
    /// What is summed for a unit of all together, or of one origin.
    pub fn of(&self, unit: i64, origin: Option<&Origin>) -> Own<N> {
        let mut own = self.own.get(&unit).copied().unwrap_or_default();
        if let Some(origin) = origin {
            let part = self.by_origin.get(origin).and_then(|units| units.get(&unit));
            let part = part.copied().unwrap_or([Decimal::ZERO; N]);
            own.of.iter_mut().zip(part).for_each(|(sum, part)| sum.value = part);
        }
        own
    }
}

/// What is summed for units in each month.
pub(super) type MonthSums<const N: usize> = HashMap<Period, UnitSums<N>>;

impl Summed<'_> {
    /// Of whom the caller may know by person what is summed.
    pub(super) fn known_to(self, cx: &Context) -> Scope {
        match (&cx.identity, self) {
            (None, _) => Scope::operator(),
            (Some(identity), Self::Metrics(_) | Self::Leads(_)) => Scope::of(identity, ViewFacts::reach_of),
            (Some(identity), Self::Coefficients(_)) => Scope::of(identity, ViewReviews::reach_of),
        }
    }

    /// Whether it is of those who sell; of coefficients it is of those who are reviewed.
    pub(super) fn is_of_sellers(self) -> bool {
        !matches!(self, Self::Coefficients(_))
    }

    /// What it is asked for with, behind other parameters.
    pub(super) fn parameters(self) -> String {
        match self {
            Self::Metrics(_) => String::new(),
            Self::Coefficients(position) => format!("&position={position}"),
            Self::Leads(by) => format!("&by={by}"),
        }
    }

    /// The sums of each month, as they are known now.
    pub(super) async fn sums<const N: usize>(
        self,
        connection: &AsyncPgConnection,
        part: Part,
        asked: &Asked,
        places: &Places,
        (months, metrics): (&[Period], [&str; N]),
    ) -> Result<MonthSums<N>, Problem> {
        match self {
            _ if asked.as_of.is_some() => Ok(MonthSums::new()),
            Self::Coefficients(position) => {
                store::coefficient_sums(connection, part, months, places.stores(), position).await
            }
            Self::Metrics(_) => store::ledger_sums(connection, part, months, places.ids(), metrics).await,
            Self::Leads(by) => {
                let said = store::lead_sums(connection, part, months, places.ids(), (by, metrics));
                if places.are_known() {
                    return said.await;
                }
                let recorded = store::ledger_sums(connection, part, months, places.ids(), metrics);
                let (mut said, recorded) = tokio::try_join!(said, recorded)?;
                for (month, recorded) in recorded {
                    said.entry(month).or_default().recorded = recorded.own;
                }
                Ok(said)
            }
        }
    }

    /// The sources in which what is not there is 0, of each metric.
    pub(super) fn zeros<const N: usize>(&self, metrics: [&str; N]) -> [Option<&str>; N] {
        let Self::Metrics(catalogue) = *self else { return [None; N] };
        metrics.map(|name| {
            let metric = catalogue.find(name).and_then(|id| catalogue.get(id));
            let metric = metric.filter(|metric| metric.missing == Missing::Zero);
            metric.and_then(|metric| metric.source.as_deref())
        })
    }

    /// The sources of which it matters how far they have come.
    pub(super) fn asked_sources(self, metrics: &[&str]) -> Vec<String> {
        let Self::Metrics(catalogue) = self else { return Vec::new() };
        let sources = metrics.iter().filter_map(|metric| catalogue.source_of(metric));
        sources.map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The sources that bring what is summed, those left out that are never outstanding.
    pub(super) fn sources(self, metrics: &[&str]) -> HashSet<String> {
        let Self::Metrics(catalogue) = self else { return HashSet::new() };
        let sources = metrics.iter().filter_map(|metric| catalogue.source_of(metric));
        sources.filter(|source| !catalogue.is_complete(source)).map(str::to_owned).collect()
    }
}
