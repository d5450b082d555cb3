//! Texts whose rows have fewer fields than the header: spreadsheets leave out the commas behind a row's last value.

use super::*;

const DMS: ImportKind = ImportKind::DmsFunnel;

fn funnel(text: &str) -> Sheet {
    read(DMS, text.as_bytes(), february()).unwrap()
}

fn faulty(sheet: &Sheet) -> Vec<u32> {
    let mut rows = sheet.faults.iter().map(|fault| fault.row.unwrap()).collect::<Vec<_>>();
    rows.dedup();
    rows
}

#[test]
fn empty_cells_at_the_end_of_a_row_need_no_commas() {
    let text = "工号,姓名,交车台数,精品金额,试驾数,备注\nB01,甲,3,9600\nB02,乙,4\nB03,丙,5,\"1,100\",,好\n合计,,12\n制表人：李文\n";
    let sheet = funnel(text);
    assert_eq!((rows(&sheet), faulty(&sheet)), (vec![(2, "B01"), (3, "B02"), (4, "B03")], vec![]));
    assert_eq!(values(&sheet.rows[1]), [("deliveries", "4".to_owned())]);
    // Where nothing is 0, it is; and where something has to stand, that is missing.
    let header = "工号,应出勤天数,出勤天数,迟到次数,早退次数,旷工天数,事假";
    let sheet = read_text(ImportKind::AttendanceCsv, &format!("{header}\nB01,24,24,2\nB02,24\n")).unwrap();
    assert_eq!((rows(&sheet), faults(&sheet)), (vec![(2, "B01")], vec![(3, "出勤天数", "")]));
    assert_eq!(value(&sheet.rows[0], "personal_leave_days"), Some(Decimal::ZERO));
}

#[test]
fn a_row_that_a_line_break_has_torn_is_a_fault_in_both_halves() {
    for text in [
        "工号,备注,交车台数,精品金额\nB01,很\n好,3,9600\nB02,,4,100\n",
        "工号,姓名,备注,交车台数,精品金额\nB01,甲,客户要\n2台,3,9600\nB02,乙,,4,100\n",
    ] {
        let sheet = funnel(text);
        assert_eq!((rows(&sheet), faulty(&sheet)), (vec![(4, "B02")], vec![2, 3]), "{text}");
    }
    // A torn thousands separator in a row that is short besides.
    let sheet = funnel("工号,交车台数,精品金额,试驾数,备注\nB01,16,40000.5,30,好\nB02,3,9,600\nB03,4,900\n");
    assert_eq!(
        (rows(&sheet), faults(&sheet)),
        (vec![(2, "B01"), (4, "B03")], vec![(3, "精品金额", "9,600")])
    );
    // Longer than the header it is still.
    let sheet = funnel("工号,交车台数,精品金额\nB01,3,9,600\n");
    assert_eq!(faults(&sheet), [(2, "", "4 列")]);
}
