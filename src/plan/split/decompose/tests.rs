use proptest::prelude::*;

use super::*;

const SEASON: [u64; 12] = [950, 640, 880, 810, 795, 785, 690, 745, 875, 885, 925, 1020];
const STORE: Months = [160, 108, 149, 137, 134, 133, 117, 126, 148, 150, 156, 172];
const TEAM_2: Months = [54, 37, 51, 46, 46, 45, 40, 43, 50, 51, 53, 59];

fn node<K>(key: K, weight: u64, children: Vec<Node<K>>) -> Node<K> {
    Node { key, weight, children }
}

fn leaves(keys: &[(&'static str, u64)]) -> Vec<Node<&'static str>> {
    keys.iter().map(|&(key, weight)| node(key, weight, vec![])).collect()
}

/// The demonstration dealership: three teams of four.
fn organisation() -> Node<&'static str> {
    let teams = vec![
        node("G1", 36, leaves(&[("A01", 28), ("A02", 26), ("A03", 24), ("A04", 22)])),
        node("G2", 34, leaves(&[("A05", 28), ("A06", 26), ("A07", 24), ("A08", 22)])),
        node("G3", 30, leaves(&[("A09", 32), ("A10", 28), ("A11", 24), ("A12", 16)])),
    ];
    node("store", 100, teams)
}

fn assert_target(plan: &Target<&str>, key: &str, months: Months, year: i64) {
    let target = plan.iter().find(|target| target.key == key).unwrap();
    assert_eq!((target.months, target.year), (months, year), "{key}");
}

#[test]
fn the_demonstration_plan_goes_down_to_people() {
    let plan = decompose(1690, &SEASON, organisation()).unwrap();
    assert_target(&plan, "store", STORE, 1690);
    assert_target(&plan, "G1", [58, 39, 53, 50, 48, 48, 42, 45, 53, 54, 57, 61], 608);
    assert_target(&plan, "G2", TEAM_2, 575);
    assert_target(&plan, "G3", [48, 32, 45, 41, 40, 40, 35, 38, 45, 45, 46, 52], 507);
    assert_target(&plan, "A01", [16, 11, 15, 14, 13, 14, 12, 12, 15, 15, 16, 17], 170);
    assert_target(&plan, "A12", [8, 5, 7, 7, 6, 6, 6, 6, 7, 7, 8, 8], 81);
    let order: Vec<_> = plan.iter().map(|target| target.key).collect();
    let expected = "store G1 A01 A02 A03 A04 G2 A05 A06 A07 A08 G3 A09 A10 A11 A12";
    assert_eq!(order.join(" "), expected);
}

#[test]
fn channels_and_series_share_the_stores_months() {
    let channels = leaves(&[("showroom", 60), ("phone_web", 22), ("invitation", 10), ("auto_show", 8)]);
    let plan = decompose(1690, &SEASON, node("store", 0, channels)).unwrap();
    assert_target(&plan, "store", STORE, 1690);
    assert_target(&plan, "showroom", [96, 65, 89, 83, 80, 79, 71, 76, 88, 90, 94, 103], 1014);
    assert_target(&plan, "phone_web", [35, 24, 33, 30, 29, 30, 25, 28, 33, 33, 34, 38], 372);
    assert_target(&plan, "invitation", [16, 11, 15, 13, 14, 13, 12, 12, 15, 15, 16, 17], 169);
    assert_target(&plan, "auto_show", [13, 8, 12, 11, 11, 11, 9, 10, 12, 12, 12, 14], 135);

    let series = [("series 1", 45), ("series 2", 20), ("series 3", 30), ("series 4", 5)];
    let plan = decompose(1690, &SEASON, node("store", 0, leaves(&series))).unwrap();
    assert_target(&plan, "store", STORE, 1690);
    assert_eq!(plan.children.iter().map(|target| target.year).collect::<Vec<_>>(), [761, 338, 507, 84]);
}

#[test]
fn a_plan_that_cannot_be_split_names_the_node() {
    let idle = || node("store", 1, vec![node("G1", 1, leaves(&[("A01", 0), ("A02", 0)]))]);
    let source = ApportionError::NoWeight { index: 0 };
    assert_eq!(
        decompose(5, &SEASON, idle()),
        Err(DecomposeError::Children { key: "G1", source: source.clone() })
    );
    assert!(decompose(0, &SEASON, idle()).unwrap().iter().all(|target| target.year == 0));
    assert_eq!(decompose(5, &[0; 12], idle()), Err(DecomposeError::Year(source)));
    assert!(decompose(-5, &SEASON, idle()).is_err());
}

/// The children's sum in every month.
fn column_sums(rows: &[Months]) -> [i128; 12] {
    let mut sums = [0; 12];
    for row in rows {
        sums.iter_mut().zip(row).for_each(|(sum, &units)| *sum += i128::from(units));
    }
    sums
}

/// Asserts that every parent has its exact margins, and every child its fair running totals.
fn assert_exact(plan: &Target<u32>) {
    for parent in plan.iter() {
        assert_eq!(parent.months.iter().sum::<i64>(), parent.year);
        assert!(parent.months.iter().all(|&units| units >= 0));
        if parent.children.is_empty() {
            continue;
        }
        let rows: Vec<Months> = parent.children.iter().map(|child| child.months).collect();
        assert_eq!(column_sums(&rows), parent.months.map(i128::from));
        let sum: i128 = parent.children.iter().map(|child| i128::from(child.weight)).sum();
        for child in &parent.children {
            let (mut total, mut reached) = (0, 0);
            for (&units, &cell) in parent.months.iter().zip(&child.months) {
                total += i128::from(units);
                reached += i128::from(cell);
                assert!((reached * sum - total * i128::from(child.weight)).abs() < sum);
            }
        }
    }
}

fn tree() -> impl Strategy<Value = Node<u32>> {
    let weight = || prop_oneof![1 => Just(0), 6 => 1..100_u64, 1 => any::<u64>()];
    let leaf = weight().prop_map(|weight| node(0, weight, vec![]));
    leaf.prop_recursive(4, 60, 12, move |inner| {
        (any::<u32>(), weight(), prop::collection::vec(inner, 1..12)).prop_map(
            |(key, weight, mut children)| {
                // A parent whose children all weigh 0 is refused, and tested above.
                children[0].weight = children[0].weight.max(1);
                node(key, weight, children)
            },
        )
    })
}

fn season() -> impl Strategy<Value = [u64; 12]> {
    prop::array::uniform12(prop_oneof![1 => Just(0), 4 => 0..1_500_u64])
        .prop_filter("a year of weightless months", |season| season.iter().any(|&weight| weight > 0))
}

fn total() -> impl Strategy<Value = i64> {
    prop_oneof![Just(0), 0..3_000_i64, Just(1_000_000_000_000)]
}

proptest! {
    #[test]
    fn every_plan_is_exact_and_repeats(total in total(), season in season(), root in tree()) {
        let plan = decompose(total, &season, root.clone())?;
        prop_assert_eq!(plan.year, total);
        assert_exact(&plan);
        prop_assert_eq!(plan, decompose(total, &season, root)?);
    }
}
