//! The default schemes by exact rational arithmetic, written down from docs/DOMAIN.md and from nothing else: numerators and
//! denominators, rounded half up once a rule.

use std::cmp::Ordering;
use std::collections::BTreeMap;

/// A fraction.
#[derive(Clone, Copy, Debug)]
pub struct Ratio {
    n: i128,
    /// Above zero.
    d: i128,
}

/// A whole number.
pub const fn whole(n: i128) -> Ratio {
    Ratio { n, d: 1 }
}

/// So many hundredths.
pub const fn hundredths(n: i128) -> Ratio {
    Ratio { n, d: 100 }
}

impl Ratio {
    fn of(n: i128, d: i128) -> Self {
        let (mut a, mut b) = (n.abs(), d.abs());
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let by = if d < 0 { -a } else { a };
        Self { n: n / by, d: d / by }
    }

    pub fn plus(self, other: Self) -> Self {
        Self::of(self.n * other.d + other.n * self.d, self.d * other.d)
    }

    pub fn minus(self, other: Self) -> Self {
        Self::of(self.n * other.d - other.n * self.d, self.d * other.d)
    }

    pub fn times(self, other: Self) -> Self {
        Self::of(self.n * other.n, self.d * other.d)
    }

    pub fn over(self, other: Self) -> Self {
        Self::of(self.n * other.d, self.d * other.n)
    }

    fn compare(self, other: Self) -> Ordering {
        (self.n * other.d).cmp(&(other.n * self.d))
    }

    fn is_less(self, other: Self) -> bool {
        self.compare(other) == Ordering::Less
    }

    fn at_most(self, most: Self) -> Self {
        if most.is_less(self) { most } else { self }
    }

    fn at_least(self, least: Self) -> Self {
        if self.is_less(least) { least } else { self }
    }

    fn is_zero(self) -> bool {
        self.n == 0
    }

    /// The greatest whole number that is not above it.
    fn floor(self) -> i128 {
        self.n.div_euclid(self.d)
    }

    /// Rounded to a whole number, half up.
    fn half_up(self) -> i128 {
        Self::of(2 * self.n + self.d, 2 * self.d).floor()
    }

    /// Rounded to hundredths, half up.
    pub fn in_hundredths(self) -> i128 {
        self.times(whole(100)).half_up()
    }
}

/// What is known of somebody's month, by metric. Counts that are missing are 0 where the month's source is in; of the others
/// there is none.
pub type Facts = BTreeMap<String, Ratio>;

/// What a review comes to, in hundredths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// One a rule; none where it does not apply.
    pub items: Vec<Option<i128>>,
    pub bonus: i128,
    pub base: Option<i128>,
    pub total: Option<i128>,
    pub final_grade: &'static str,
}

/// The items of a rule that apply are scaled to the rule's points.
fn scaled(points: i128, items: &[(i128, Option<Ratio>)]) -> Option<Ratio> {
    let applicable = items.iter().filter_map(|(most, score)| score.map(|score| (whole(*most), score)));
    let (most, score) =
        applicable.fold((whole(0), whole(0)), |(most, score), one| (most.plus(one.0), score.plus(one.1)));
    (!most.is_zero()).then(|| score.times(whole(points)).over(most))
}

/// `p · clamp((v − floor) ÷ (target − floor), 0, 1)`.
fn lin(value: Option<Ratio>, floor: Ratio, target: Ratio, points: i128) -> Option<Ratio> {
    let share = value?.minus(floor).over(target.minus(floor)).at_least(whole(0)).at_most(whole(1));
    Some(share.times(whole(points)))
}

/// One known number over another that is at least so much.
fn ratio(n: Option<Ratio>, d: Option<Ratio>, least: i128) -> Option<Ratio> {
    let d = d.filter(|d| !d.is_zero() && !d.is_less(whole(least)))?;
    Some(n?.over(d))
}

/// The worst grades that a person can have at most, by what two people have verified.
fn caps(facts: &Facts) -> Vec<&'static str> {
    let is_at_least =
        |name: &str, least: i128| facts.get(name).is_some_and(|number| !number.is_less(whole(least)));
    let caps = [("complaints_major", 1, "C"), ("absent_days", 3, "D"), ("integrity_breaches", 1, "D")];
    caps.into_iter().filter(|(name, least, _)| is_at_least(name, *least)).map(|(.., cap)| cap).collect()
}

/// Σ score ÷ Σ points × 100, the bonus, the bands, and what caps the grade.
fn outcome(rules: &[(i128, Option<Ratio>)], bonus: i128, facts: &Facts) -> Outcome {
    let items = rules.iter().map(|(_, score)| score.map(Ratio::in_hundredths)).collect::<Vec<_>>();
    let most: i128 = rules.iter().filter(|(_, score)| score.is_some()).map(|(most, _)| most).sum();
    let sum: i128 = items.iter().flatten().sum();
    let base = (most > 0).then(|| hundredths(sum).times(whole(100)).over(whole(most)).in_hundredths());
    let total = base.map(|base| (base + bonus * 100).min(10_500));
    let band = match total {
        None => "NR",
        Some(9_500..) => "S",
        Some(8_500..) => "A",
        Some(7_500..) => "B",
        Some(6_000..) => "C",
        Some(_) => "D",
    };
    let worst = |one: &'static str, other: &'static str| {
        let order = ["S", "A", "B", "C", "D"];
        let place = |grade| order.iter().position(|known| *known == grade);
        if place(one) >= place(other) { one } else { other }
    };
    let final_grade = match most < 60 || total.is_none() {
        true => "NR",
        false => caps(facts).into_iter().fold(band, worst),
    };
    Outcome { items, bonus: bonus * 100, base, total, final_grade }
}

/// A sales consultant 销售顾问.
pub fn consultant(facts: &Facts) -> Outcome {
    let known = |name: &str| facts.get(name).copied();
    let count = |name: &str| known(name).unwrap_or(whole(0));
    let percent = |n: i128| hundredths(n);

    let (scheduled, protected) = (known("scheduled_days"), count("protected_leave_days"));
    // A short protected leave lowers the target in proportion, half up to a whole car.
    let target = known("deliveries_target").map(|target| match scheduled.filter(|_| !protected.is_zero()) {
        Some(scheduled) => whole(target.times(scheduled.minus(protected)).over(scheduled).half_up()),
        None => target,
    });
    let deliveries = known("deliveries");
    let attainment = ratio(deliveries, target, 0);
    let sales = attainment.map(|attained| match attained.is_less(percent(60)) {
        true => whole(0),
        false => whole(25).times(attained.at_most(whole(1))),
    });
    let bonus = match (deliveries, target.filter(|target| !target.is_zero())) {
        (Some(delivered), Some(target)) if target.is_less(delivered) => {
            delivered.minus(target).times(whole(20)).over(target).floor().min(5)
        }
        _ => 0,
    };

    let funnel = scaled(
        15,
        &[
            (5, lin(ratio(known("captured_leads"), known("first_visits"), 10), percent(60), percent(85), 5)),
            (5, lin(ratio(known("test_drives"), known("visitors"), 10), percent(40), percent(70), 5)),
            (5, lin(ratio(known("orders"), known("captured_leads"), 10), percent(10), percent(25), 5)),
        ],
    );
    let callbacks = ratio(known("callbacks_done"), known("callbacks_planned"), 5);
    let second = ratio(known("second_follow_ups"), known("refused"), 5);
    let prospects = known("active_prospects");
    let prospects = prospects.map(|number| whole(2).times(number.over(whole(60)).at_most(whole(1))));
    let follow_up = scaled(
        10,
        &[
            (4, lin(callbacks, percent(60), percent(95), 4)),
            (4, lin(second, percent(50), percent(90), 4)),
            (2, prospects),
        ],
    );
    let each = |name: &str| ratio(known(name), deliveries, 0);
    let value_added = scaled(
        10,
        &[
            (4, lin(each("accessory_revenue"), whole(0), whole(2500), 4)),
            (3, lin(each("insurance_policies"), percent(50), percent(80), 3)),
            (3, lin(each("loans"), percent(10), percent(30), 3)),
        ],
    );

    let due = scheduled.map(|scheduled| scheduled.minus(protected)).filter(|due| !due.is_zero());
    let attendance = due.map(|due| {
        let there = due.minus(count("personal_leave_days")).minus(count("absent_days"));
        if there.over(due).is_less(percent(90)) {
            return whole(0);
        }
        let half = |number: Ratio, free: i128| number.minus(whole(free)).at_least(whole(0)).over(whole(2));
        whole(10)
            .minus(count("late"))
            .minus(count("severe_late").times(whole(2)))
            .minus(count("early_leave"))
            .minus(half(count("missed_punches"), 2))
            .minus(count("absent_days").times(whole(5)))
            .minus(half(count("personal_leave_days"), 1))
            .at_least(whole(0))
    });
    let inspected = lin(
        ratio(known("five_s_failures"), known("five_s_checks"), 20).map(|failed| whole(0).minus(failed)),
        percent(-10),
        whole(0),
        7,
    );
    let inspected =
        inspected.map(|points| points.minus(count("five_s_repeats").over(whole(2))).at_least(whole(0)));
    let uniform = whole(3).minus(count("uniform_violations")).at_least(whole(0));
    let five_s = scaled(10, &[(7, inspected), (3, Some(uniform))]);
    let complaints = whole(10)
        .minus(count("complaints_minor").times(whole(3)))
        .minus(count("complaints_serious").times(whole(6)))
        .minus(count("complaints_major").times(whole(10)))
        .minus(count("complaints_slow"))
        .at_least(whole(0));

    let errors = ratio(known("document_errors"), known("documents"), 0).map(|rate| whole(0).minus(rate));
    let errors = lin(errors, percent(-5), whole(0), 2);
    // Without documents the exam counts double.
    let exam_points = if errors.is_some() { 2 } else { 4 };
    let reports = ratio(known("reports_on_time"), known("reports_due"), 0);
    let mut conduct = vec![
        (exam_points, lin(known("exam_score"), whole(0), whole(100), exam_points)),
        (3, lin(known("attitude_rating"), whole(1), whole(5), 3)),
        (3, lin(reports, percent(50), whole(1), 3)),
    ];
    if errors.is_some() {
        conduct.push((2, errors));
    }

    let rules = [
        (25, sales),
        (15, funnel),
        (10, follow_up),
        (10, value_added),
        (10, attendance),
        (10, five_s),
        (10, Some(complaints)),
        (10, scaled(10, &conduct)),
    ];
    outcome(&rules, bonus, facts)
}

/// A team leader 组长, from the own total and the members' outcomes: those who are not rated do not count.
pub fn leader(facts: &Facts, own: Option<&Outcome>, members: &[&Outcome]) -> Outcome {
    let known = |name: &str| facts.get(name).copied();
    let share = percent_of(40);
    let own = own.and_then(|own| own.total).map(|total| share(hundredths(total)));
    let rated = members.iter().filter(|one| one.final_grade != "NR").filter_map(|one| one.total);
    let rated = rated.collect::<Vec<_>>();
    let count = i128::try_from(rated.len()).unwrap();
    let mean = (count > 0).then(|| hundredths(rated.iter().sum()).over(whole(count)));
    let done = |done: &str, planned: &str| ratio(known(done), known(planned), 0);
    let management = scaled(
        20,
        &[
            (40, done("coaching_done", "coaching_planned").map(|done| done.times(whole(40)))),
            (30, done("reports_reviewed_24h", "reports_to_review").map(|done| done.times(whole(30)))),
            (30, done("meetings_held", "meetings_planned").map(|done| done.times(whole(30)))),
        ],
    );
    outcome(&[(40, own), (40, mean.map(share)), (20, management)], 0, facts)
}

fn percent_of(percent: i128) -> impl Fn(Ratio) -> Ratio {
    move |value| value.times(hundredths(percent))
}

/// A telesales specialist 电话销售专员.
pub fn telesales(facts: &Facts) -> Outcome {
    let known = |name: &str| facts.get(name).copied();
    let rate = |n: &str, d: &str, from: i128, to: i128, points: i128| {
        lin(ratio(known(n), known(d), 0), hundredths(from), hundredths(to), points)
    };
    let rules = [
        (20, rate("leads_followed_24h", "raw_leads", 70, 95, 20)),
        (15, rate("valid_leads", "raw_leads", 30, 50, 15)),
        (25, rate("invited_arrivals", "valid_leads", 15, 25, 25)),
        (20, rate("arrival_orders", "invited_arrivals", 15, 30, 20)),
        (20, known("conduct_score")),
    ];
    outcome(&rules, 0, facts)
}
