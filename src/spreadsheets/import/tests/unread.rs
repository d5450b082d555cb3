//! What a file has beside what is read: who imports it is asked where that is numbers for people, and nobody else is.

use super::*;

const DMS: ImportKind = ImportKind::DmsFunnel;
const CSV: ImportKind = ImportKind::AttendanceCsv;

fn funnel(text: &str) -> Sheet {
    read(DMS, text.as_bytes(), february()).unwrap()
}

fn asked(sheet: &Sheet) -> Vec<(&str, u32, &str)> {
    sheet.unread.asked.iter().map(|one| (one.column.as_str(), one.row, one.found.as_str())).collect()
}

#[test]
fn a_header_that_is_nearly_a_known_one_says_which() {
    let near = |text: &str| {
        let sheet = funnel(text);
        sheet
            .unread
            .asked
            .into_iter()
            .map(|one| (one.column, one.near.unwrap_or_default()))
            .collect::<Vec<_>>()
    };
    let pairs = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(column, near)| ((*column).to_owned(), (*near).to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(near("工号,交车台数,精品额\nB01,3,9600\n"), pairs(&[("精品额", "精品金额")]));
    assert_eq!(near("工号,交车台数,试乘\nB01,3,9600\n"), pairs(&[("试乘", "试驾数")]));
    // What is read already is not meant once more, and what is like nothing is like nothing.
    assert_eq!(near("工号,交车台数,精品金额,精品额\nB01,3,9600,9600\n"), pairs(&[("精品额", "")]));
    assert_eq!(near("工号,交车台数,二手车\nB01,3,2\n"), pairs(&[("二手车", "")]));
}

#[test]
fn what_is_of_no_use_is_named_and_not_asked_for() {
    let sheet = funnel(
        "序号,工号,姓名,手机号,交车台数,成交率,交车目标,去年同期,排名,编码,备注\n1,B01,甲,13800138000,3,0.25,8,4,1,0012,好\n",
    );
    assert_eq!(asked(&sheet), []);
    assert_eq!(
        sheet.unread.others,
        ["序号", "手机号", "成交率", "交车目标", "去年同期", "排名", "编码", "备注"]
    );
    // The fixtures are what systems really write.
    for (kind, bytes) in [(ImportKind::DingtalkAttendance, WORKBOOK), (CSV, ATTENDANCE), (DMS, FUNNEL)] {
        let sheet = read(kind, bytes, february()).unwrap();
        assert_eq!(asked(&sheet), [], "{kind:?}");
    }
    // A zero is nobody's number, and one in a row of totals, or below the table, neither.
    let sheet = funnel("工号,交车台数,毛利\nB01,3,0\nB02,2,-\n合计,5,7\n");
    assert_eq!((asked(&sheet), &sheet.unread.others), (vec![], &vec!["毛利".to_owned()]));
    let sheet = funnel("工号,交车台数,毛利,评分\nB01,3,¥1200,98分\n");
    assert_eq!(asked(&sheet), [("毛利", 2, "¥1200"), ("评分", 2, "98分")]);
}

#[test]
fn columns_without_a_header_are_known_by_their_place() {
    let bytes = workbook(|sheet| {
        put(sheet, 0, &["工号", "交车台数", "", "备注"]);
        put(sheet, 1, &["B01", "3", "7", "好", "8"]);
    });
    let form = |ignored: &[&str]| {
        let ignored =
            ignored.iter().map(|header| crate::spreadsheets::import::header::normal(header)).collect();
        Form { ignored, ..DMS.form(&leave_types()) }
    };
    let (within, behind) = ("C 列（无表头）", "E 列（无表头）");
    let read = |ignored: &[&str]| read_by(&form(ignored), "upload", &bytes, february()).unwrap();
    assert_eq!(asked(&read(&[])), [(within, 2, "7"), (behind, 2, "8")]);
    assert_eq!(asked(&read(&[within])), [(behind, 2, "8")]);
    let sheet = read(&[within, behind]);
    assert_eq!((asked(&sheet), &sheet.unread.others), (vec![], &vec![within.to_owned(), "备注".to_owned()]));
}

#[test]
fn a_second_table_beside_the_first_is_nobodys_of_the_first() {
    // 99 visits are 李思敏's.
    for header in
        ["工号,姓名,交车台数,,员工编号,姓名,到店客户数", "工号,姓名,交车台数,排名,员工编号,姓名,到店客户数"]
    {
        let sheet = funnel(&format!("{header}\nB01,甲,3,,B02,乙,99\nB03,丙,4,,,,\n"));
        assert_eq!(rows(&sheet), [(2, "B01"), (3, "B03")], "{header}");
        assert_eq!(values(&sheet.rows[0]), [("deliveries", "3".to_owned())]);
        assert_eq!(asked(&sheet), [("到店客户数", 2, "99")]);
    }
    // It may go on below the first.
    let sheet = funnel("工号,姓名,交车台数,,姓名,到店客户数\nB01,甲,3,,乙,\n,,,,丁,99\n");
    assert_eq!((rows(&sheet), asked(&sheet)), (vec![(2, "B01")], vec![("到店客户数", 3, "99")]));
    // Two of the same columns are two halves of one: neither may be left out.
    let text = "工号,交车台数,,工号,交车台数\nB01,3,,B02,4\n";
    let error = read(DMS, text.as_bytes(), february()).unwrap_err();
    assert!(matches!(error, ImportError::DuplicateColumn { .. }), "{error}");
    // Where somebody works stands between their number and their name.
    let sheet = funnel("工号,部门,姓名,员工编号,岗位,交车台数,到店客户数\nB01,一组,甲,X9,顾问,3,9\n");
    assert_eq!(value(&sheet.rows[0], "visitors"), Some(Decimal::from(9)));
}

#[test]
fn two_columns_of_one_metric_have_to_say_the_same() {
    let sheet = funnel("工号,交车台数,交车(台)\nB01,3,3\nB02,3,\nB03,3,4\nB04,,4\n");
    assert_eq!(rows(&sheet), [(2, "B01"), (3, "B02")]);
    assert_eq!(faults(&sheet), [(4, "交车台数", "3 ｜ 交车(台)：4"), (5, "交车台数", " ｜ 交车(台)：4")]);
    let sheet = read_text(
        CSV,
        "工号,出勤天数,应出勤天数,应出勤,迟到次数,迟到,早退次数,旷工天数\nB01,24,24,24,1,1,0,0\nB02,24,24,24,1,2,0,0\n",
    )
    .unwrap();
    assert_eq!((rows(&sheet), faults(&sheet)), (vec![(2, "B01")], vec![(3, "迟到次数", "1 ｜ 迟到：2")]));
}

#[test]
fn leave_by_how_it_is_paid_is_added_up() {
    let read = |columns: &str, cells: &str| {
        let text = format!("工号,应出勤天数,出勤天数,迟到次数,早退次数,旷工天数,{columns}\nB01,24,{cells}\n");
        read_text(CSV, &text).unwrap()
    };
    let sheet = read("病假(带薪),病假(不带薪)", "21,0,0,0,1,2");
    assert_eq!(
        (value(&sheet.rows[0], "protected_leave_days"), sheet.faults),
        (Some(Decimal::from(3)), vec![])
    );
    // Of the whole they are parts.
    let sheet = read("病假,病假(带薪),病假(不带薪)", "21,0,0,0,3,1,2");
    assert_eq!(
        (value(&sheet.rows[0], "protected_leave_days"), sheet.faults),
        (Some(Decimal::from(3)), vec![])
    );
}

#[test]
fn worksheets_that_are_not_read_are_named() {
    let book = |name: &str, rows: &[&[&str]]| {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet().set_name("漏斗").unwrap();
        put(sheet, 0, &["工号", "交车台数"]);
        put(sheet, 1, &["B01", "3"]);
        let sheet = book.add_worksheet().set_name(name).unwrap();
        for (at, row) in (0..).zip(rows) {
            put(sheet, at, row);
        }
        book.add_worksheet().set_name("Sheet3").unwrap();
        let hidden = book.add_worksheet().set_name("底稿").unwrap().set_hidden(true);
        put(hidden, 0, &["工号", "交车台数"]);
        put(hidden, 1, &["B02", "99"]);
        read(DMS, &book.save_to_buffer().unwrap(), february()).unwrap()
    };
    let sheet = book("精品", &[&["2月精品"], &["姓名", "精品额"], &["甲", "1200"]]);
    assert_eq!(asked(&sheet), [("工作表“精品”", 3, "1200")]);
    assert_eq!(sheet.notes, ["隐藏的工作表未读取：底稿"]);
    for (name, rows) in [
        ("说明", [["项目", "数"].as_slice(), &["交车", "3"]].as_slice()),
        ("名单", &[&["序号", "工号", "姓名"], &["1", "B01", "甲"]]),
        ("1月", &[&["工号", "交车台数", "毛利"], &["B01", "3", "100"]]),
    ] {
        let sheet = book(name, rows);
        assert_eq!(
            (asked(&sheet), &sheet.unread.others),
            (vec![], &vec![format!("工作表“{name}”")]),
            "{name}"
        );
    }
}
