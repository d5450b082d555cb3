//! The demonstration's facts: what each person did in each month, computed from a few habits and the month's target.
//!
//! Integers only; `pct` is a percentage half-up to a whole number (docs/DOMAIN.md, "The demonstration").

/// How an advisor works.
struct Habits {
    performance: i64,
    capture: i64,
    drive: i64,
    close: i64,
    callback: i64,
    second: i64,
    accessory: i64,
    insurance: i64,
    loan: i64,
    discipline: i64,
    exam: i64,
    attitude_doubled: i64,
}

const fn habits(row: [i64; 12]) -> Habits {
    let [
        performance,
        capture,
        drive,
        close,
        callback,
        second,
        accessory,
        insurance,
        loan,
        discipline,
        exam,
        attitude,
    ] = row;
    Habits {
        performance,
        capture,
        drive,
        close,
        callback,
        second,
        accessory,
        insurance,
        loan,
        discipline,
        exam,
        attitude_doubled: attitude,
    }
}

/// Advisors A01 to A12.
const ADVISORS: [Habits; 12] = [
    habits([1080, 88, 70, 25, 95, 90, 2500, 84, 32, 10, 95, 9]),
    habits([1020, 84, 66, 23, 92, 84, 2300, 80, 28, 9, 90, 8]),
    habits([970, 82, 62, 22, 88, 80, 2100, 76, 26, 8, 86, 8]),
    habits([900, 78, 58, 20, 82, 72, 1800, 70, 20, 7, 80, 7]),
    habits([1050, 86, 68, 24, 94, 88, 2400, 82, 30, 9, 92, 9]),
    habits([860, 74, 54, 18, 78, 66, 1700, 68, 16, 7, 78, 7]),
    habits([990, 82, 62, 22, 88, 80, 2200, 76, 26, 8, 86, 8]),
    habits([780, 68, 46, 16, 64, 54, 1400, 62, 12, 6, 70, 6]),
    habits([1040, 85, 68, 24, 92, 86, 2400, 82, 30, 9, 90, 8]),
    habits([980, 83, 64, 23, 90, 84, 2200, 78, 28, 8, 88, 8]),
    habits([920, 78, 58, 20, 82, 74, 1900, 72, 22, 7, 82, 7]),
    habits([720, 70, 50, 16, 72, 62, 1500, 64, 14, 8, 74, 7]),
];

/// How good each month was, in thousandths.
const MONTHS: [i64; 12] = [1030, 900, 1010, 980, 1000, 1040, 950, 970, 1030, 1000, 1010, 1050];

/// A07 is on maternity leave from June to August.
const ON_LEAVE: (i64, [i64; 3]) = (7, [6, 7, 8]);

fn pct(number: i64, percent: i64) -> i64 {
    (number * percent + 50) / 100
}

/// A metric with its value in tenths, because an attitude has halves.
pub type Tenths = (&'static str, i64);

fn whole(facts: &[(&'static str, i64)]) -> Vec<Tenths> {
    facts.iter().map(|(metric, value)| (*metric, value * 10)).collect()
}

/// Whether advisor `i` is on leave in month `m` and sells nothing.
pub fn is_on_leave(i: i64, m: i64) -> bool {
    i == ON_LEAVE.0 && ON_LEAVE.1.contains(&m)
}

/// What advisor `i` (1 to 12) did in month `m` with a target of `t` cars.
pub fn advisor(i: i64, m: i64, t: i64, days_in_month: i64) -> Vec<Tenths> {
    let scheduled = days_in_month - 4;
    if is_on_leave(i, m) {
        return whole(&[("scheduled_days", scheduled), ("protected_leave_days", scheduled)]);
    }
    let index = |number: i64| usize::try_from(number - 1).unwrap_or_default();
    let (Some(person), Some(month)) = (ADVISORS.get(index(i)), MONTHS.get(index(m))) else {
        return Vec::new();
    };
    let luck = match (7 * i + 13 * m) % 5 - 2 {
        2 => 1,
        -2 => -1,
        _ => 0,
    };
    let delivered = ((t * person.performance * month + 500_000) / 1_000_000 + luck).max(0);
    let first = 3 * t + (5 * i + 3 * m) % 7;
    let captured = first.min(pct(first, person.capture) + (i + m) % 2);
    let visitors = captured + (2 * i + m) % 6;
    let planned = 4 * t + 40;
    let refused = 5.max(first / 3);
    let failed = match (i + 2 * m) % 4 {
        0 => 0,
        3 => 2,
        _ => 1,
    } + i64::from(person.discipline <= 7);
    let absent = match (i, m) {
        (6, 5) => 2,
        (8, 11) => 3,
        _ => 0,
    };
    let mut facts = whole(&[
        ("deliveries", delivered),
        ("first_visits", first),
        ("captured_leads", captured),
        ("visitors", visitors),
        ("test_drives", visitors.min(pct(visitors, person.drive))),
        ("orders", captured.min(pct(captured, person.close))),
        ("callbacks_planned", planned),
        ("callbacks_done", pct(planned, person.callback)),
        ("refused", refused),
        ("second_follow_ups", pct(refused, person.second)),
        ("active_prospects", 15 + 2 * t + (i * m) % 7),
        ("accessory_revenue", person.accessory * delivered),
        ("insurance_policies", pct(delivered, person.insurance)),
        ("loans", pct(delivered, person.loan)),
        ("scheduled_days", scheduled),
        ("late", ((3 * i + 5 * m) % 11 - person.discipline).max(0)),
        ("missed_punches", (i + m) % 4),
        ("absent_days", absent),
        ("five_s_checks", 40),
        ("five_s_failures", failed),
        ("five_s_repeats", i64::from((i * m) % 9 == 0)),
        ("uniform_violations", i64::from((i + 5 * m) % 12 == 0)),
        ("complaints_minor", i64::from((5 * i + 7 * m) % 17 == 0)),
        ("complaints_major", i64::from((i, m) == (10, 9))),
        ("document_errors", i64::from((i + 3 * m) % 8 == 0)),
        ("documents", 1.max(2 * delivered)),
        ("reports_due", days_in_month),
        ("reports_on_time", days_in_month - (10 - person.discipline) * (1 + (i + m) % 3)),
        ("exam_score", person.exam),
    ]);
    facts.push(("attitude_rating", person.attitude_doubled * 5));
    facts
}

/// What the leader of team `g` (1 to 3) did in month `m` as a leader.
pub fn leader(g: i64, m: i64) -> Vec<Tenths> {
    whole(&[
        ("coaching_planned", 8),
        ("coaching_done", 8 - (g + m) % 3),
        ("reports_to_review", 120),
        ("reports_reviewed_24h", 120 - (5 * g + 3 * m) % 17),
        ("meetings_planned", 22),
        ("meetings_held", 22 - (g * m) % 4),
    ])
}

/// What the telesales specialist did in month `m`.
pub fn telesales(m: i64, days_in_month: i64) -> Vec<Tenths> {
    let raw = 900 + 13 * ((7 * m) % 11);
    let valid = pct(raw, 44 + m % 4);
    let arrivals = pct(valid, 21 + m % 3);
    whole(&[
        ("raw_leads", raw),
        ("leads_followed_24h", pct(raw, 88 + m % 5)),
        ("valid_leads", valid),
        ("invited_arrivals", arrivals),
        ("arrival_orders", pct(arrivals, 26 + m % 4)),
        ("conduct_score", 16 + m % 4),
        ("scheduled_days", days_in_month - 4),
    ])
}
