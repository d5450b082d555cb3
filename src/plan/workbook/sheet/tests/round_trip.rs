//! What is written is read again, whatever it is.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::spreadsheets::import::Value;

/// Values at the edges of digits and cents, and any; boxed, since a plan has hundreds of them and a test's stack little room.
fn value() -> BoxedStrategy<i64> {
    prop_oneof![
        Just(0),
        0_i64..200,
        0_i64..=1_000_000_000_000,
        999_999_000_000_i64..=1_000_000_000_000,
        MAX_CELL - 1_000..=MAX_CELL,
        0..=MAX_CELL,
    ]
    .boxed()
}

/// Codes that spreadsheets, XML or people stumble over.
fn code() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        "=1+1",
        "+86",
        "-5",
        "@sum",
        "007",
        "1e5",
        "1-2",
        "TRUE",
        "_x0041_",
        "_x005F_x0041_",
        "a&b<c>\"d'",
        "]]>",
        "编码",
        "确定",
        "合计",
        "１２",
        "Ａ店",
        "a  b",
        "#N/A",
        "😀",
        "\u{202e}x",
        "é",
        "e\u{301}",
        "showfloor-plan",
        "'x",
        "&amp;",
        "&#10;",
        "12%",
    ]);
    prop_oneof![
        odd.prop_map(str::to_owned),
        "[A-Z]{1,2}[0-9]{1,3}",
        "\\PC{1,12}".prop_filter("spaces around", |text| {
            matches!(Value::text(text), Value::Text(kept) if kept == *text)
        }),
    ]
}

/// Boxed, as what follows is: the trees of values are large, and the stack of a test is not.
fn months() -> BoxedStrategy<[i64; 12]> {
    prop::array::uniform12(value()).boxed()
}

prop_compose! {
    fn node()(
        depth in 0_usize..4, code in code(), parent in prop_oneof![Just(String::new()), code()], name in "\\PC{0,20}|.*",
        suggested in months(), confirmed in months(), pinned in prop::array::uniform12(any::<bool>()),
        closed in 0_usize..=12, floor in prop::option::of(months()), stretch in prop::option::of(months()),
    ) -> SheetRow {
        SheetRow { depth, kind: "组".into(), code, parent, name, suggested, confirmed, floor, stretch, pinned, closed }
    }
}

fn tree(word: Tree) -> BoxedStrategy<SheetTree> {
    let rows = prop::collection::vec(node().boxed(), 1..7).prop_map(move |mut rows| {
        let mut seen = HashSet::new();
        rows.retain(|row: &SheetRow| seen.insert((row.code.clone(), row.parent.clone())));
        SheetTree { tree: word, rows }
    });
    rows.boxed()
}

prop_compose! {
    fn line()(
        metric in code(), name in ".{0,40}", is_amount in any::<bool>(), organisation in tree(Tree::Organisation),
        channel in tree(Tree::Channel), series in tree(Tree::Series), count in 1_usize..=3,
    ) -> SheetLine {
        let trees = [organisation, channel, series].into_iter().take(count).collect();
        SheetLine { metric, name, is_amount, task: SheetTask::default(), trees }
    }
}

prop_compose! {
    fn any_plan()(
        title in ".{0,40}", unit in ".{0,10}", year in 1900..3000, version in 1..100, plan_id in any::<i64>(),
        row_version in any::<i32>(), english in any::<bool>(), mut lines in prop::collection::vec(line().boxed(), 1..4),
    ) -> PlanSheet {
        let mut seen = HashSet::new();
        lines.retain(|line| seen.insert(line.metric.clone()));
        let language = if english { Language::English } else { Language::Chinese };
        PlanSheet { language, title, unit, year, version, plan_id, row_version, lines }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_workbook_that_nobody_edited_has_no_differences(plan in any_plan()) {
        let read = read(&write(&plan).unwrap()).unwrap();
        prop_assert_eq!((read.plan_id, read.row_version), (plan.plan_id, plan.row_version));
        let rows = plan.lines.iter().flat_map(|line| line.trees.iter().flat_map(move |tree| {
            tree.rows.iter().map(move |row| {
                (line.metric.as_str(), tree.tree, row.code.as_str(), row.parent.as_str(), row.confirmed.map(Some))
            })
        }));
        let cells = read.cells.iter().map(|cell| {
            (cell.metric.as_str(), cell.tree, cell.code.as_str(), cell.parent.as_str(), cell.months)
        });
        prop_assert!(rows.eq(cells));
        prop_assert_eq!(differences(&plan, &read), Ok(Vec::new()));
    }

    #[test]
    fn the_differences_are_exactly_the_edits(
        plan in any_plan(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..12, value()), 0..30),
    ) {
        let mut edited = plan.clone();
        let count = plan.lines.iter().flat_map(|line| &line.trees).map(|tree| tree.rows.len()).sum();
        for (index, month, value) in edits {
            let mut rows = edited.lines.iter_mut().flat_map(|line| &mut line.trees).flat_map(|tree| &mut tree.rows);
            let row = rows.nth(index.index(count)).unwrap();
            if month >= row.closed {
                row.confirmed[month] = value;
            }
        }
        let mut expected = Vec::new();
        for (line, after) in plan.lines.iter().zip(&edited.lines) {
            for (tree, after) in line.trees.iter().zip(&after.trees) {
                for (row, after) in tree.rows.iter().zip(&after.rows) {
                    for (index, month) in (0..12).zip(1..) {
                        let (from, to) = (row.confirmed[index], after.confirmed[index]);
                        if from != to {
                            expected.push(CellChange {
                                metric: line.metric.clone(), tree: tree.tree, code: row.code.clone(),
                                parent: row.parent.clone(), name: row.name.clone(), is_top: row.depth == 0, month, from,
                                to,
                            });
                        }
                    }
                }
            }
        }
        let read = read(&write(&edited).unwrap()).unwrap();
        prop_assert_eq!(differences(&plan, &read), Ok(expected));
    }

    #[test]
    fn arbitrary_bytes_and_damaged_workbooks_are_faults_not_panics(
        noise in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..20), cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = write(&plan()).unwrap();
        for (at, byte) in noise {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = read(&bytes);
        bytes.truncate(cut.index(bytes.len()));
        let _ = read(&bytes);
    }
}

#[test]
fn equal_plans_give_equal_bytes() {
    assert_eq!(write(&plan()).unwrap(), write(&plan()).unwrap());
}

#[test]
fn a_plan_of_two_thousand_people_comes_back() {
    let mut plan = plan();
    let people = (0..2_000_i64).map(|number| {
        let months = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map(|month| number * 12 + month);
        row(1, "人", &format!("B{number:05}"), "T1", months)
    });
    plan.lines[0].trees[0].rows = std::iter::once(row(0, "组", "T1", "", [1; 12])).chain(people).collect();
    let read = read(&write(&plan).unwrap()).unwrap();
    assert_eq!(read.cells.len(), 2_004);
    assert_eq!(differences(&plan, &read), Ok(Vec::new()));
}
