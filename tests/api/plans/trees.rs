//! Random plans of any shape, held to what is promised of all of them: every sum exact, no cell negative, and every running
//! total within one of its exact share, which is computed here in 128-bit fractions.

use serde_json::{Value, json};

use super::months;
use super::sums::{checked, pin, row};
use crate::support::TestApp;

/// Numbers from a seed (xorshift64*, S. Vigna, An experimental exploration of Marsaglia's xorshift generators, 2016).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, bound: u64) -> u64 {
        (self.next() >> 11) % bound
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }

    /// Small, huge or zero.
    fn weight(&mut self) -> i64 {
        let bound = *self.pick(&[1, 4, 100, 10_000, 1_000_000_000_000]);
        i64::try_from(self.below(bound + 1)).unwrap()
    }

    /// Weights of which the `sure` one is above 0.
    fn weights(&mut self, count: usize) -> Vec<i64> {
        let mut weights: Vec<i64> = (0..count).map(|_| self.weight()).collect();
        let sure = usize::try_from(self.below(count as u64)).unwrap();
        weights[sure] = weights[sure].max(1);
        weights
    }

    fn some<'a>(&mut self, all: &[&'a str]) -> Vec<&'a str> {
        let mut left = all.to_vec();
        let count = 1 + self.below(all.len() as u64);
        (0..count).map(|_| left.remove(usize::try_from(self.below(left.len() as u64)).unwrap())).collect()
    }

    fn labels(&mut self, all: &[&str]) -> Vec<Value> {
        let codes = self.some(all);
        let weights = self.weights(codes.len());
        codes.into_iter().zip(weights).map(|(code, weight)| json!({"code": code, "weight": weight})).collect()
    }

    fn team(&mut self, unit: &str, weight: i64) -> Value {
        const PEOPLE: [&str; 8] = ["A01", "A02", "A03", "A04", "A05", "A06", "A07", "T01"];
        let people = if self.below(5) == 0 { Vec::new() } else { self.some(&PEOPLE) };
        let weights = if people.is_empty() { Vec::new() } else { self.weights(people.len()) };
        let members: Vec<_> = people
            .into_iter()
            .zip(weights)
            .map(|(employee_no, weight)| json!({"employee_no": employee_no, "weight": weight}))
            .collect();
        json!({"unit": unit, "weight": weight, "members": members})
    }

    fn plan(&mut self, year: i32) -> Value {
        let teams = self.some(&["G1", "G2", "G3"]);
        let weights = self.weights(teams.len());
        let teams: Vec<Value> =
            teams.into_iter().zip(weights).map(|(unit, weight)| self.team(unit, weight)).collect();
        // Sometimes with the department between, and sometimes somebody of the department beside its teams.
        let units = match self.below(3) {
            0 => json!(teams),
            1 => json!([{"unit": "JC-XS", "weight": self.weight().max(1), "units": teams}]),
            _ => json!([{"unit": "JC-XS", "weight": self.weight().max(1), "units": teams,
                "members": [{"employee_no": "M01", "weight": self.weight()}]}]),
        };
        let total = *self.pick(&[0, 1, 2, 11, 12, 13, 97, 1690, 999_999, 1_000_000_000_000]);
        // Without a weighted month with units nothing above 0 can be raised.
        let more = i64::try_from(self.below(1000)).unwrap();
        let stretch = if total == 0 { 0 } else { (total + more).min(1_000_000_000_000) };
        let policies = match total {
            0 => json!({"metric": "insurance_policies", "total": 0}),
            _ => json!({"metric": "insurance_policies", "total": 77, "levels": {"floor": 5, "stretch": 900}}),
        };
        let floor = i64::try_from(self.below(total.unsigned_abs() + 1)).unwrap();
        json!({
            "unit": "JC", "year": year, "metric": "deliveries", "total": total, "season": self.weights(12),
            "levels": {"floor": floor, "stretch": stretch}, "units": units,
            "channels": self.labels(&["showroom", "phone_web", "invitation", "auto_show", "secondary"]),
            "series": self.labels(&["series_a", "series_b", "series_c", "series_d"]),
            "lines": [{"metric": "loans", "penetration": 0.37}, policies],
        })
    }
}

/// Every running total of a child is the floor or the ceiling of weight × the parent's running total ÷ Σ weights.
fn within_one(parent: &[i64], children: &[(i64, Vec<i64>)], what: &str) {
    let sum: i128 = children.iter().map(|(weight, _)| i128::from(*weight)).sum();
    for (weight, cells) in children {
        let (mut above, mut own) = (0_i128, 0_i128);
        for (units, cell) in parent.iter().zip(cells) {
            assert!(*cell >= 0, "{what}");
            above += i128::from(*units);
            own += i128::from(*cell);
            let apart = own * sum - i128::from(*weight) * above;
            assert!(
                apart.abs() < sum || (sum == 0 && own == 0),
                "{what}: {own} of {above} by {weight} of {sum}"
            );
        }
    }
}

/// Goes down the tree of weights and the tree of cells together.
fn follow(weights: &Value, cells: &Value, parent: &[i64]) {
    let mut children = Vec::new();
    for (list, key) in
        [("units", "unit"), ("members", "employee_no"), ("channels", "code"), ("series", "code")]
    {
        let given = weights[list].as_array().into_iter().flatten();
        let rows: Vec<(i64, Vec<i64>)> = given
            .zip(cells[list].as_array().into_iter().flatten())
            .map(|(given, found)| {
                assert_eq!(given[key], found[key], "the author's order stands");
                if list == "units" {
                    follow(given, found, &months(found));
                }
                (given["weight"].as_i64().unwrap(), months(found))
            })
            .collect();
        assert_eq!(rows.len(), weights[list].as_array().map_or(0, Vec::len));
        match list {
            "units" | "members" => children.extend(rows),
            _ => within_one(parent, &rows, list),
        }
    }
    within_one(parent, &children, "units and members");
}

const SEEDS: [u64; 15] = [1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 987];

#[tokio::test(flavor = "multi_thread")]
async fn every_random_plan_is_exact_and_level() {
    let app = TestApp::demo().await;
    for (year, seed) in (2015..).zip(SEEDS) {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let plan = random.plan(year);
        let answer = app.post("manager", "/v1/plans", plan.clone()).await;
        assert_eq!(answer.status, 201, "seed {seed} {plan}: {:#}", answer.body);
        let id = answer.body["id"].clone();
        let documents = checked(&app, "manager", &id).await;
        let document = &documents[0];
        let store = months(document);
        let total = plan["total"].as_i64().unwrap();
        assert_eq!(store.iter().sum::<i64>(), total);
        // The months are a plain largest remainder: each within one of its share of the year.
        let season: Vec<i128> =
            plan["season"].as_array().unwrap().iter().map(|weight| weight.as_i64().unwrap().into()).collect();
        let sum: i128 = season.iter().sum();
        for (weight, month) in season.iter().zip(&store) {
            assert!((i128::from(*month) * sum - weight * i128::from(total)).abs() < sum, "seed {seed}");
        }
        follow(&plan, document, &store);
        for (document, line) in documents.iter().zip(document["lines"].as_array().unwrap()) {
            assert_eq!(document["year"], line["total"], "seed {seed}");
            for level in ["floor", "stretch"] {
                let sum = row(document, level).map(|cells| Value::from(cells.iter().sum::<i64>()));
                assert_eq!(sum.unwrap_or_default(), line[level], "seed {seed} {level}");
            }
        }
        // Cells of the plan's own, pinned a little apart from what they are: sums stand, and given back nothing is left.
        let mut pins = Vec::new();
        for (place, node) in [
            (json!({"channel": document["channels"][0]["code"]}), &document["channels"][0]),
            (json!({"series": document["series"][0]["code"]}), &document["series"][0]),
            (json!({"unit": document["units"][0]["unit"]}), &document["units"][0]),
        ] {
            let month = usize::try_from(random.below(12)).unwrap();
            let mut wanted = place;
            wanted["period"] = json!(format!("{year}-{:02}", month + 1));
            let moved = i64::try_from(random.below(3)).unwrap() - 1;
            wanted["value"] = json!((months(node)[month] + moved).max(0));
            pins.push(wanted);
        }
        for wanted in &mut pins {
            let answer = pin(&app, "manager", &id, "*", json!([wanted])).await;
            assert!(matches!(answer.status.as_u16(), 200 | 422), "seed {seed}: {:#}", answer.body);
            checked(&app, "manager", &id).await;
            wanted["value"] = Value::Null;
        }
        pin(&app, "manager", &id, "*", json!(pins)).await.expect(200);
        assert_eq!(checked(&app, "manager", &id).await, documents, "seed {seed}");
    }
}
