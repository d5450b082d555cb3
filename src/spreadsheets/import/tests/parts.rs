//! Tables that have several rows for a person, by car series or by channel: their sum is the month's.

use super::*;

const DMS: ImportKind = ImportKind::DmsFunnel;

fn may() -> Period {
    Period::new(2014, 5).unwrap()
}

fn funnel(text: &str) -> Sheet {
    read(DMS, text.as_bytes(), may()).unwrap()
}

fn cars(sheet: &Sheet) -> Vec<(u32, &str, i64)> {
    let cars = |row: &SheetRow| value(row, "deliveries").unwrap().try_into().unwrap();
    sheet.rows.iter().map(|row| (row.row, &*row.employee_no, cars(row))).collect()
}

#[test]
fn the_rows_of_a_person_by_series_are_added_up() {
    let sheet = funnel(
        "工号,姓名,车系,交车台数,精品金额\nA01,陈志远,朗逸,7,12000\nA01,陈志远,途观,5,9000.5\nA02,李思敏,朗逸,3,\n\
         A01,陈志远,帕萨特,4,\nA02,李思敏,途观,6,8000\n",
    );
    assert_eq!((cars(&sheet), &sheet.faults), (vec![(2, "A01", 16), (4, "A02", 9)], &vec![]));
    assert_eq!(value(&sheet.rows[0], "accessory_revenue"), Some(Decimal::new(210_005, 1)));
    assert_eq!(value(&sheet.rows[1], "accessory_revenue"), Some(Decimal::from(8000)));
    assert_eq!(sheet.notes, ["2 人按“车系”分成几行：各行相加"]);
    assert_eq!(sheet.unread, Asks::default());
    // Whoever has one row of some series has no other.
    let sheet = funnel("工号,车型,交车台数\nA01,朗逸,7\nA02,途观,5\n");
    assert_eq!((cars(&sheet), sheet.notes.len()), (vec![(2, "A01", 7), (3, "A02", 5)], 0));
}

#[test]
fn totals_among_the_parts_are_held_against_them() {
    let sheet = funnel(
        "工号,姓名,车系,交车台数\nA01,陈志远,朗逸,7\nA01,陈志远,途观,5\nA01,陈志远,小计,12\n,,合计,12\n\
         A02,李思敏,合计,9\n合计,,,21\n",
    );
    // Of whom there is nothing but the total, that is it.
    assert_eq!((cars(&sheet), &sheet.faults), (vec![(2, "A01", 12), (6, "A02", 9)], &vec![]));
    let sheet = funnel("工号,车系,交车台数\nA01,朗逸,7\nA01,途观,5\nA01,小计,13\nA02,朗逸,1\n");
    assert_eq!((cars(&sheet), faults(&sheet)), (vec![(5, "A02", 1)], vec![(4, "交车台数", "13")]));
    assert_eq!(sheet.faults[0].expected, "各行之和 12");
}

#[test]
fn of_whom_a_part_is_not_known_nothing_is() {
    for (rows, wrong) in [
        ("A01,朗逸,7\nA01,途观,五\n", vec![(3, "交车台数")]),
        // The same part twice: nobody knows which is right.
        ("A01,朗逸,7\nA01,朗逸,5\n", vec![(2, "工号"), (3, "工号")]),
        // Of which part it is, is not said: it may be all of them.
        ("A01,朗逸,7\nA01,,5\n", vec![(3, "车系")]),
        ("A01,,5\nA01,朗逸,7\n", vec![(2, "车系")]),
        ("A01,朗逸,7\nA01,小计,7\nA01,合计,7\n", vec![(4, "工号")]),
    ] {
        let sheet = funnel(&format!("工号,车系,交车台数\n{rows}A02,朗逸,1\n"));
        let found = faults(&sheet).into_iter().map(|(row, column, _)| (row, column)).collect::<Vec<_>>();
        let people = sheet.rows.iter().map(|row| &*row.employee_no).collect::<Vec<_>>();
        assert_eq!((people, found), (vec!["A02"], wrong), "{rows}");
    }
}

#[test]
fn merged_numbers_are_those_of_all_their_rows() {
    let bytes = workbook(|sheet| {
        put(sheet, 0, &["工号", "姓名", "车系", "交车台数"]);
        put(sheet, 1, &["", "", "朗逸", "7"]);
        put(sheet, 2, &["", "", "途观", "5"]);
        put(sheet, 3, &["A02", "李思敏", "朗逸", "3"]);
        let plain = Format::new();
        sheet.merge_range(1, 0, 2, 0, "A01", &plain).unwrap();
        sheet.merge_range(1, 1, 2, 1, "陈志远", &plain).unwrap();
    });
    let sheet = read(DMS, &bytes, may()).unwrap();
    assert_eq!((cars(&sheet), &sheet.faults), (vec![(2, "A01", 12), (4, "A02", 3)], &vec![]));
}

#[test]
fn columns_by_series_are_parts_of_their_total() {
    let groups = "工号,朗逸,,途观,,合计,\n,订单,交车,订单,交车,订单,交车\nA01,8,7,6,7,14,14\n";
    let sheet = funnel(groups);
    let expected = [("deliveries", "14".to_owned()), ("orders", "14".to_owned())];
    assert_eq!((values(&sheet.rows[0]), &sheet.faults), (expected.to_vec(), &vec![]));
    let sheet = funnel("工号,交车台数,朗逸,途观\n,,交车,交车\nA01,14,7,7\n");
    assert_eq!((cars(&sheet), &sheet.faults), (vec![(3, "A01", 14)], &vec![]));
    // Without a total, seven and seven are neither seven nor twins.
    let text = "工号,朗逸,,途观,\n,订单,交车,订单,交车\nA01,8,7,6,7\n";
    let error = read(DMS, text.as_bytes(), may()).unwrap_err();
    assert!(matches!(error, ImportError::DuplicateColumn { .. }), "{error}");
    // In one group they are called twice.
    let sheet = funnel("工号,业绩,\n,交车,交车台数\nA01,7,7\nA02,7,8\n");
    assert_eq!((cars(&sheet), faults(&sheet).len()), (vec![(3, "A01", 7)], 1));
}

#[test]
fn attendance_is_in_no_parts() {
    let text = "工号,车系,应出勤天数,出勤天数,迟到次数,早退次数,旷工天数\nA01,朗逸,27,27,0,0,0\nA01,途观,27,27,0,0,0\n";
    let sheet = read(ImportKind::AttendanceCsv, text.as_bytes(), may()).unwrap();
    assert_eq!((sheet.rows.len(), sheet.faults.len()), (0, 2));
}
