use proptest::prelude::*;

use super::*;

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn tier(min_attainment: &str, min_ssi: Option<&str>, per_vehicle: i64, lump_sum: i64) -> Tier {
    Tier { min_attainment: dec(min_attainment), min_ssi: min_ssi.map(dec), per_vehicle, lump_sum }
}

fn policy(tiers: Vec<Tier>) -> RebatePolicy {
    let (code, name) = ("2014-q1".to_owned(), "2014年一季度商务政策".to_owned());
    RebatePolicy { code, name, basis: RebateBasis::Wholesale, tiers }
}

/// 500 yuan a car from 90 %, 800 from 100 %, 1000 and 20,000 beside from 100 % with an SSI of 850.
fn quarter() -> RebatePolicy {
    policy(vec![
        tier("0.9", None, 50_000, 0),
        tier("1", None, 80_000, 0),
        tier("1", Some("850"), 100_000, 2_000_000),
    ])
}

/// Tier and amount.
fn earned(policy: &RebatePolicy, target: i64, actual: i64, ssi: Option<&str>) -> (Option<usize>, i64) {
    let rebate = rebate(policy, target, actual, ssi.map(dec)).unwrap();
    (rebate.tier, rebate.amount)
}

fn next(policy: &RebatePolicy, target: i64, actual: i64, ssi: Option<&str>) -> Option<NextTier> {
    rebate(policy, target, actual, ssi.map(dec)).unwrap().next
}

#[test]
fn the_best_tier_that_is_met_counts() {
    // March of the design: a target of 149, nine tenths of which are 134.1.
    for (actual, ssi, expected) in [
        (134, Some("900"), (None, 0)),
        (135, Some("900"), (Some(0), 135 * 50_000)),
        (148, Some("900"), (Some(0), 148 * 50_000)),
        (149, Some("849.9"), (Some(1), 149 * 80_000)),
        (149, Some("850"), (Some(2), 149 * 100_000 + 2_000_000)),
        (149, None, (Some(1), 149 * 80_000)),
        (0, Some("900"), (None, 0)),
    ] {
        assert_eq!(earned(&quarter(), 149, actual, ssi), expected, "{actual} {ssi:?}");
    }
}

#[test]
fn attainment_is_compared_before_it_is_rounded() {
    // 0.99996 is shown as 1.0000 and does not reach 1.
    let almost = rebate(&quarter(), 100_000, 99_996, None).unwrap();
    assert_eq!((almost.attainment.unwrap().to_string().as_str(), almost.tier), ("1.0000", Some(0)));
    // 142 ÷ 149 = 0.95302…
    assert_eq!(rebate(&quarter(), 149, 142, None).unwrap().attainment, Some(dec("0.9530")));
}

#[test]
fn of_equal_amounts_the_later_tier_counts_and_a_lower_tier_may_pay_more() {
    let equal = policy(vec![tier("0.5", None, 10, 0), tier("0.6", None, 10, 0), tier("0.4", None, 0, 900)]);
    assert_eq!(earned(&equal, 100, 80, None), (Some(2), 900));
    assert_eq!(earned(&equal, 100, 90, None), (Some(2), 900), "all three pay 900");
    assert_eq!(earned(&equal, 100, 100, None), (Some(1), 1_000), "the first two pay 1000");
}

#[test]
fn a_target_of_zero_meets_no_tier() {
    let free = policy(vec![tier("0", None, 10, 500)]);
    let nothing = Rebate { attainment: None, tier: None, amount: 0, next: None };
    assert_eq!(rebate(&free, 0, 5, None), Ok(nothing));
    assert_eq!(earned(&free, 1, 0, None), (Some(0), 500));
}

#[test]
fn the_next_tier_says_what_is_missing() {
    let expected = |tier, vehicles_missing, ssi: Option<&str>, amount| {
        Some(NextTier { tier, vehicles_missing, ssi_missing: ssi.map(dec), amount })
    };
    // Nine tenths of 149 are 134.1, so 135 cars.
    assert_eq!(next(&quarter(), 149, 120, None), expected(0, 15, Some("0"), 135 * 50_000));
    // From 140 on: 9 more for the plain tier, or with the score for the better one.
    assert_eq!(next(&quarter(), 149, 140, Some("830.5")), expected(1, 9, Some("0"), 149 * 80_000));
    assert_eq!(next(&quarter(), 149, 140, Some("860")), expected(2, 9, Some("0"), 149 * 100_000 + 2_000_000));
    // At 149 only the score is missing.
    let best = 149 * 100_000 + 2_000_000;
    assert_eq!(next(&quarter(), 149, 149, Some("830.5")), expected(2, 0, Some("19.5"), best));
    assert_eq!(next(&quarter(), 149, 149, None), expected(2, 0, None, best));
    assert_eq!(next(&quarter(), 149, 149, Some("850")), None);
}

#[test]
fn a_tier_that_pays_no_more_than_those_met_is_not_next() {
    let worse = policy(vec![tier("0.5", None, 100, 0), tier("1", None, 100, 0), tier("1.1", None, 101, 0)]);
    let next = next(&worse, 10, 8, None).unwrap();
    assert_eq!((next.tier, next.vehicles_missing, next.amount), (2, 3, 11 * 101));
}

#[test]
fn of_tiers_equally_near_the_one_within_the_known_score_is_next_then_the_later() {
    let scored = policy(vec![tier("1", Some("850"), 900, 0), tier("1", None, 100, 0)]);
    let position = |policy: &RebatePolicy, ssi| next(policy, 10, 8, ssi).map(|next| next.tier);
    assert_eq!(position(&scored, None), Some(1), "a score that is not known counts as the most");
    assert_eq!(position(&scored, Some("849")), Some(1));
    assert_eq!(position(&scored, Some("850")), Some(0));
    // 0.95 and 1 of 10 are both 10 vehicles, and both pay 1000.
    let equal = policy(vec![tier("0.95", None, 100, 0), tier("1", None, 100, 0)]);
    assert_eq!(position(&equal, None), Some(1));
}

#[test]
fn a_sound_policy_has_no_fault() {
    assert_eq!(quarter().faults(), []);
}

#[test]
fn every_fault_of_a_policy_names_its_field() {
    let mut wrong = policy(vec![
        tier("-0.1", Some("1000.5"), -1, MAX_CENTS + 1),
        tier("10.1", Some("-1"), MAX_CENTS, 0),
        tier("0.1234567", None, 0, -1),
        tier("0.9", None, 0, 0),
        tier("0.90", None, 1, 0),
    ]);
    wrong.code = " ".to_owned();
    wrong.name = "字".repeat(201);
    let faults = wrong.faults();
    let fields: Vec<_> = faults.iter().map(|fault| fault.field.as_str()).collect();
    let expected = [
        "code",
        "name",
        "tiers[0].min_attainment",
        "tiers[0].min_ssi",
        "tiers[0].per_vehicle",
        "tiers[0].lump_sum",
        "tiers[1].min_attainment",
        "tiers[1].min_ssi",
        "tiers[2].min_attainment",
        "tiers[2].lump_sum",
        "tiers[4]",
    ];
    assert_eq!(fields, expected);
    assert_eq!(
        format!("{}: {}", faults[2].field, faults[2].message),
        "tiers[0].min_attainment: expected 0 to 10 with at most 6 decimals, not -0.1"
    );
    assert_eq!(faults[10].message.to_string(), "expected conditions that differ from those of tiers[3]");
    for count in [0, 51] {
        let tiers = (0..count).map(|tenths| tier(&format!("0.{tenths:02}"), None, 1, 0)).collect();
        let faults = policy(tiers).faults();
        assert_eq!(faults.len(), 1);
        assert_eq!(
            format!("{}: {}", faults[0].field, faults[0].message),
            format!("tiers: expected 1 to 50 tiers, not {count}")
        );
    }
}

#[test]
fn a_policy_is_read_exactly_and_unknown_fields_are_refused() {
    let text = r#"{"code":"q1","name":"一季度","basis":"deliveries","tiers":[{"min_attainment":0.9,"per_vehicle":50000}]}"#;
    let read: RebatePolicy = serde_json::from_str(text).unwrap();
    assert_eq!((read.basis, &read.tiers), (RebateBasis::Deliveries, &vec![tier("0.9", None, 50_000, 0)]));
    let again: RebatePolicy = serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();
    assert_eq!(again, read);
    assert!(serde_json::from_str::<RebatePolicy>(&text.replace("per_vehicle", "per_car")).is_err());
}

#[test]
fn what_cannot_be_told_names_field_or_tier() {
    assert_eq!(
        rebate(&quarter(), -1, 0, None).unwrap_err().to_string(),
        "target: expected 0 or more, not -1"
    );
    assert_eq!(
        rebate(&quarter(), 1, -1, None).unwrap_err().to_string(),
        "actual: expected 0 or more, not -1"
    );
    let huge = policy(vec![tier("0", None, 1, 0), tier("0", None, i64::MAX, 1)]);
    assert_eq!(rebate(&huge, 1, 1, None), Err(RebateError::TooLarge { tier: 1, target: 1, actual: 1 }));
    let far = policy(vec![tier("10", None, 1, 0)]);
    assert!(matches!(rebate(&far, i64::MAX, 1, None), Err(RebateError::TooLarge { tier: 0, .. })));
}

prop_compose! {
    fn some_tier()(
        percent in 0..=150_i64, ssi in prop::option::of(0..=1_000_i64), per_vehicle in 0..=5_i64, lump_sum in 0..=50_i64,
    ) -> Tier {
        Tier { min_attainment: Decimal::new(percent, 2), min_ssi: ssi.map(Decimal::from), per_vehicle, lump_sum }
    }
}

proptest! {
    #[test]
    fn the_tier_that_counts_is_the_best_of_those_met(
        tiers in prop::collection::vec(some_tier(), 0..6),
        target in 0..60_i64,
        actual in 0..90_i64,
        ssi in prop::option::of(0..=1_000_i64),
    ) {
        let policy = policy(tiers);
        let rebate = rebate(&policy, target, actual, ssi.map(Decimal::from)).unwrap();
        // In whole percent, apart from the program's fractions.
        let met = |tier: &Tier, actual: i64, ssi: Option<Decimal>| {
            target > 0
                && actual * 100 >= i64::try_from((tier.min_attainment * Decimal::from(100)).trunc().mantissa()).unwrap() * target
                && tier.min_ssi.is_none_or(|least| ssi.is_some_and(|ssi| ssi >= least))
        };
        let ssi = ssi.map(Decimal::from);
        let pays = |tier: &Tier, vehicles: i64| tier.per_vehicle * vehicles + tier.lump_sum;
        let mut best = (None, 0);
        for (position, tier) in policy.tiers.iter().enumerate() {
            if met(tier, actual, ssi) && (best.0.is_none() || pays(tier, actual) >= best.1) {
                best = (Some(position), pays(tier, actual));
            }
        }
        prop_assert_eq!((rebate.tier, rebate.amount), best);

        // With what the next tier says is missing it is met, with one vehicle less it is not, and it pays what it says.
        if let Some(next) = rebate.next {
            let tier = &policy.tiers[next.tier];
            let then = actual + next.vehicles_missing;
            let scored = match next.ssi_missing {
                Some(missing) => ssi.map(|ssi| ssi + missing),
                None => tier.min_ssi,
            };
            prop_assert!(!met(tier, actual, ssi) && met(tier, then, scored));
            prop_assert!(next.vehicles_missing == 0 || !met(tier, then - 1, scored));
            prop_assert_eq!(next.amount, pays(tier, then));
            let rivals = policy.tiers.iter().filter(|tier| met(tier, actual, ssi));
            prop_assert!(rivals.map(|tier| pays(tier, then)).max().unwrap_or(0) < next.amount);
        }
    }

    #[test]
    fn no_number_makes_it_panic(
        target in any::<i64>(), actual in any::<i64>(), per_vehicle in any::<i64>(), lump_sum in any::<i64>(),
        (low, high, scale) in (any::<u32>(), any::<u32>(), 0..=28_u32),
        negative in any::<bool>(),
    ) {
        let any = Decimal::from_parts(low, high, low, negative, scale);
        let tiers = [(any, None), (-any, Some(any)), (Decimal::MIN, Some(Decimal::MAX)), (Decimal::MAX, None)];
        let tiers = tiers.map(|(min_attainment, min_ssi)| Tier { min_attainment, min_ssi, per_vehicle, lump_sum });
        let policy = policy(tiers.to_vec());
        let _ = policy.faults();
        for ssi in [None, Some(any), Some(Decimal::MIN)] {
            let _ = rebate(&policy, target, actual, ssi);
        }
    }
}
