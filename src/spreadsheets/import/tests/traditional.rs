//! Sheets in traditional characters, also in Big5: read as others are, and never as other characters.

use super::*;

const CSV: ImportKind = ImportKind::AttendanceCsv;
const DMS: ImportKind = ImportKind::DmsFunnel;

const ATTENDANCE_TEXT: &str = "員工編號,姓名,應出勤天數,實際出勤天數,遲到次數,早退次數,曠工天數,事假天數,病假,補休,加班時數\n\
    B01,林曉東,24,22.5,1,0,0,1,0.5,0,\n合計,,24,22.5,1,0,0,1,0.5,0,\n製表：李文,,,,,,,,,,\n";

const FUNNEL_TEXT: &str = "銷售顧問業績\n工號,姓名,交車臺數,精品金額,試乘試駕,新增訂單,留檔數,戰敗客戶\nB01,林曉東,3,\"9,600元\",40,5,31,7\n";

fn both(text: &str) -> [Vec<u8>; 2] {
    let (big5, encoding, has_lost) = encoding_rs::BIG5.encode(text);
    assert_eq!((encoding, has_lost), (encoding_rs::BIG5, false));
    [text.as_bytes().to_vec(), big5.into_owned()]
}

#[test]
fn headers_in_traditional_characters_are_known() {
    for bytes in both(ATTENDANCE_TEXT) {
        let sheet = read(CSV, &bytes, february()).unwrap();
        assert_eq!((rows(&sheet), &sheet.faults), (vec![(2, "B01")], &vec![]));
        // What people are called stays as it is written.
        assert_eq!(sheet.rows[0].name.as_deref(), Some("林曉東"));
        let found = values(&sheet.rows[0]).into_iter().filter(|(_, value)| value != "0").collect::<Vec<_>>();
        let expected = [
            ("late", "1"),
            ("personal_leave_days", "1"),
            ("protected_leave_days", "0.5"),
            ("scheduled_days", "24"),
        ];
        assert_eq!(found, expected.map(|(metric, value)| (metric, value.to_owned())));
        assert_eq!(sheet.header.employee_no, "員工編號");
    }
    for bytes in both(FUNNEL_TEXT) {
        let sheet = read(DMS, &bytes, february()).unwrap();
        assert_eq!(sheet.faults, []);
        let expected = [
            ("accessory_revenue", "9600"),
            ("captured_leads", "31"),
            ("deliveries", "3"),
            ("orders", "5"),
            ("refused", "7"),
            ("test_drives", "40"),
        ];
        assert_eq!(values(&sheet.rows[0]), expected.map(|(metric, value)| (metric, value.to_owned())));
    }
}

#[test]
fn titles_and_units_in_traditional_characters_are_understood() {
    for title in
        ["統計日期：2015-01-01 至 2015-01-31", "截至2月20日", "銷售週報（第6週）", "業績累計表", "一季度銷售"]
    {
        for bytes in both(&format!("{title}\n工號,交車臺數\nB01,3\n")) {
            let error = read(DMS, &bytes, february()).unwrap_err();
            assert!(matches!(error, ImportError::WrongPeriod { .. }), "{title}: {error}");
        }
    }
    for text in
        ["單位：萬元\n工號,交車臺數,精品金額\nB01,3,4.8\n", "工號,交車臺數,精品金額（萬元）\nB01,3,4.8\n"]
    {
        for bytes in both(text) {
            let error = read(DMS, &bytes, february()).unwrap_err();
            assert!(matches!(error, ImportError::WrongUnit { .. }), "{text}: {error}");
        }
    }
}

#[test]
fn simplified_text_stays_what_it_was() {
    // In GB18030 there are traditional characters, too.
    for text in [
        ATTENDANCE_TEXT,
        "工号,姓名,应出勤天数,出勤天数,迟到次数,早退次数,旷工天数\nB01,林晓东,24,24,0,0,0\n",
    ] {
        let bytes = encoding_rs::GB18030.encode(text).0.into_owned();
        let sheet = read(CSV, &bytes, february()).unwrap();
        assert_eq!((rows(&sheet), &sheet.faults), (vec![(2, "B01")], &vec![]));
    }
}
