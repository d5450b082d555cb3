//! What a year comes to with another attainment floor, by arithmetic on the stored scores of the rules.

use std::collections::BTreeMap;

use reqwest::Method;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

/// A JSON number, exactly.
pub fn dec(value: &Value) -> Decimal {
    value.to_string().parse().unwrap_or_else(|_| panic!("{value} is no number"))
}

/// Half-up to two places; no sum here is close enough to half a cent for a quotient's last digit to matter.
pub fn half_up(value: Decimal) -> Decimal {
    value.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

/// Every current review, as the API lists it.
pub async fn all_reviews(app: &TestApp) -> Vec<Value> {
    let mut reviews = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = app.get("group", &format!("/v1/reviews?limit=500{cursor}")).await.expect(200);
        reviews.extend(page["items"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return reviews,
        }
    }
}

/// One review before and after.
#[derive(Clone, Debug)]
pub struct Moved {
    pub id: i64,
    pub employee_no: String,
    pub position: String,
    pub period: String,
    pub unit: String,
    pub store: String,
    pub before: Decimal,
    pub after: Decimal,
    pub grades: (String, String),
    /// The rule that loses most, and what it loses.
    pub rule: String,
    pub rule_change: Decimal,
}

/// The whole year.
pub struct Expected {
    reviews: Vec<Moved>,
    /// By review and rule.
    scores: BTreeMap<(i64, String), Decimal>,
    unmoved_own: usize,
}

const BANDS: [(&str, i64); 5] = [("S", 95), ("A", 85), ("B", 75), ("C", 60), ("D", 0)];

fn band(total: Decimal) -> &'static str {
    BANDS.iter().find(|(_, from)| total >= Decimal::from(*from)).unwrap().0
}

/// The worse of two grades.
fn worse<'a>(one: &'a str, other: &'a str) -> &'a str {
    let rank = |grade: &str| BANDS.iter().position(|(name, _)| *name == grade).unwrap();
    if rank(one) > rank(other) { one } else { other }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

impl Expected {
    /// The year with this attainment floor.
    pub async fn with_attainment_floor(app: &TestApp, floor: &str) -> Self {
        let floor: Decimal = floor.parse().unwrap();
        let mut scores = BTreeMap::new();
        let mut reviews = Vec::new();
        let mut explained = Vec::new();
        let token = app.token("group").await;
        for review in all_reviews(app).await {
            let path = format!("/v1/reviews/{}", review["id"]);
            let request = app.request(Method::GET, &path).bearer_auth(&token);
            let explanation = Answer::of(request.send().await.unwrap()).await.expect(200);
            for rule in
                explanation["rules"].as_array().unwrap().iter().filter(|rule| !rule["score"].is_null())
            {
                scores.insert((review["id"].as_i64().unwrap(), text(&rule["rule"])), dec(&rule["score"]));
            }
            explained.push((review, explanation));
        }
        let mut unmoved_own = 0;
        // Leaders last: theirs depend on the others'.
        explained.sort_by_key(|(review, _)| review["position"] == "team_leader");
        for (review, explanation) in &explained {
            let mut moved = Moved {
                id: review["id"].as_i64().unwrap(),
                employee_no: text(&review["employee_no"]),
                position: text(&review["position"]),
                period: text(&review["period"]),
                unit: text(&review["unit"]),
                store: text(&review["store"]),
                before: dec(&review["total"]),
                after: dec(&review["total"]),
                grades: (text(&review["final_grade"]), text(&review["final_grade"])),
                rule: String::new(),
                rule_change: Decimal::ZERO,
            };
            let score = |rule: &str| scores[&(moved.id, rule.to_owned())];
            match moved.position.as_str() {
                "sales_consultant" => {
                    let metric = |name: &str| dec(&explanation["snapshot"]["metrics"][name]);
                    assert_eq!(metric("protected_leave_days"), Decimal::ZERO, "the target is the plan's");
                    if metric("deliveries") < floor * metric("deliveries_target") {
                        // Who is below the target has no bonus, so the rule's score is all there is to lose.
                        let points = score("10_sales_attainment");
                        assert_eq!(dec(&review["bonus"]), Decimal::ZERO);
                        let sum: Decimal = scores
                            .range((moved.id, String::new())..(moved.id + 1, String::new()))
                            .map(|(_, s)| *s)
                            .sum();
                        moved.after =
                            half_up((sum - points) * Decimal::from(100) / dec(&review["applicable_max"]));
                        moved.rule = "10_sales_attainment".to_owned();
                        moved.rule_change = -points;
                    }
                }
                "team_leader" => {
                    let in_month =
                        |other: &&Moved| other.position == "sales_consultant" && other.period == moved.period;
                    let own =
                        reviews.iter().filter(in_month).find(|other| other.employee_no == moved.employee_no);
                    let own: &Moved = own.unwrap();
                    let members: Vec<Decimal> = reviews
                        .iter()
                        .filter(in_month)
                        .filter(|other| other.unit == moved.unit && other.employee_no != moved.employee_no)
                        .map(|other| other.after)
                        .collect();
                    let part = Decimal::new(4, 1);
                    let mean = members.iter().sum::<Decimal>() / Decimal::from(members.len());
                    let (own_part, members_part) = (half_up(part * own.after), half_up(part * mean));
                    moved.after = own_part + members_part + score("30_management");
                    let changes = [
                        ("10_own", own_part - score("10_own")),
                        ("20_members", members_part - score("20_members")),
                    ];
                    let (rule, change) = changes.into_iter().min_by_key(|(_, change)| *change).unwrap();
                    (moved.rule, moved.rule_change) = (rule.to_owned(), change);
                    if own.before == own.after && moved.after < moved.before {
                        unmoved_own += 1;
                    }
                }
                _ => {}
            }
            // A veto caps the grade below the band; the total only falls.
            let before = text(&review["final_grade"]);
            let cap = if review["grade"] == review["final_grade"] { "S" } else { before.as_str() };
            moved.grades = (before.clone(), worse(band(moved.after), cap).to_owned());
            reviews.push(moved);
        }
        reviews.sort_by_key(|review| review.id);
        Self { reviews, scores, unmoved_own }
    }

    pub fn changed(&self) -> usize {
        self.reviews.iter().filter(|review| review.before != review.after).count()
    }

    pub fn leaders_who_lose_through_members(&self) -> usize {
        self.unmoved_own
    }

    pub fn grades(&self, position: &str) -> BTreeMap<(String, String), u64> {
        let mut moved = BTreeMap::new();
        for review in self.reviews.iter().filter(|review| review.position == position) {
            *moved.entry(review.grades.clone()).or_default() += 1;
        }
        moved
    }

    /// Mean totals by position, unit or store, as the report has them.
    pub fn means(&self, key: &str) -> Value {
        let mut sums = BTreeMap::<&str, (i64, Decimal, Decimal)>::new();
        for review in &self.reviews {
            let of = match key {
                "position" => &review.position,
                "unit" => &review.unit,
                _ => &review.store,
            };
            let (count, before, after) = sums.entry(of).or_default();
            (*count, *before, *after) = (*count + 1, *before + review.before, *after + review.after);
        }
        let number = |sum: Decimal, count: i64| {
            let mut mean = half_up(sum / Decimal::from(count));
            mean.rescale(2);
            serde_json::from_str::<Value>(&mean.to_string()).unwrap()
        };
        sums.into_iter()
            .map(|(of, (count, before, after))| {
                json!({"of": of, "count": count, "before": number(before, count), "after": number(after, count),
                    "change": number(after - before, count)})
            })
            .collect()
    }

    /// How many totals after lie in each five points, and how many reviews have none.
    pub fn bins(&self) -> Vec<u64> {
        let mut bins = vec![0; 22];
        for review in &self.reviews {
            let index: usize = (review.after / Decimal::from(5)).floor().to_string().parse().unwrap();
            bins[index.min(20)] += 1;
        }
        bins
    }

    /// The ten that lose most, of equals the one stored first.
    pub fn losers(&self) -> Vec<Moved> {
        let mut losers: Vec<_> =
            self.reviews.iter().filter(|review| review.after < review.before).cloned().collect();
        losers.sort_by_key(|review| (review.after - review.before, review.id));
        losers.truncate(10);
        losers
    }

    pub fn of(&self, employee_no: &str, position: &str, period: &str) -> Moved {
        let is_it = |review: &&Moved| {
            review.employee_no == employee_no && review.position == position && review.period == period
        };
        self.reviews.iter().find(is_it).unwrap().clone()
    }

    pub fn stored_rule(&self, review: i64, rule: &str) -> Decimal {
        self.scores[&(review, rule.to_owned())]
    }
}
