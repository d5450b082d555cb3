//! Text files as programs and people make them.

use super::*;

const DMS: ImportKind = ImportKind::DmsFunnel;

fn of(bytes: &[u8]) -> Sheet {
    read(DMS, bytes, february()).unwrap()
}

fn utf16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(order).collect()
}

#[test]
fn utf16_is_known_without_a_mark() {
    let text = "工号,姓名,小组,交车台数\r\nB01,林一一,一组,3\r\n";
    for bytes in [utf16(text, u16::to_le_bytes), utf16(text, u16::to_be_bytes)] {
        let sheet = of(&bytes);
        assert_eq!(rows(&sheet), [(2, "B01")]);
        assert_eq!(sheet.rows[0].name.as_deref(), Some("林一一"));
    }
}

#[test]
fn every_separator_and_line_ending_is_read() {
    for separator in [",", "\t", ";", "|"] {
        for ending in ["\n", "\r\n", "\r"] {
            let text =
                ["工号,备注,交车台数", "B01,\"两\n行\",3", "B02,,４"].join(ending).replace(',', separator);
            let sheet = of(text.as_bytes());
            assert_eq!(rows(&sheet), [(2, "B01"), (3, "B02")], "{text:?}");
            assert_eq!(value(&sheet.rows[1], "deliveries"), Some(Decimal::from(4)));
        }
    }
}

#[test]
fn a_first_line_may_name_the_separator() {
    for (line, separator) in [("sep=;", ";"), ("SEP=,", ","), ("\"sep=\t\"", "\t"), ("\u{feff}sep=|", "|")] {
        let text = format!("{line}\r\n{}", "工号,交车台数\r\nB01,3\r\n".replace(',', separator));
        assert_eq!(rows(&of(text.as_bytes())), [(2, "B01")], "{line}");
    }
}

#[test]
fn what_is_marked_as_text_for_excel_is_text() {
    let text = "工号,交车台数\n=\"0012\",3\n\"=\"\"0013\"\"\",4\n'0014,5\n0015,6\n\t0016,7\n";
    let found: Vec<Box<str>> = of(text.as_bytes()).rows.into_iter().map(|row| row.employee_no).collect();
    assert_eq!(found, ["0012", "0013", "0014", "0015", "0016"].map(Box::from));
    // Anything else that begins like a formula is no number, and is never computed.
    let sheet = of("工号,交车台数\nB01,=1+2\nB02,\"=SUM(1,2)\"\nB03,+3\nB04,@3\n".as_bytes());
    assert_eq!(
        faults(&sheet),
        [(2, "交车台数", "=1+2"), (3, "交车台数", "=SUM(1,2)"), (4, "交车台数", "+3"), (5, "交车台数", "@3")]
    );
}

#[test]
fn trailing_separators_are_none_and_torn_numbers_are_found() {
    let sheet = of("工号,交车台数,精品金额,备注,\nB01,3,100,,\nB02,4,\"1,200\",,\n".as_bytes());
    assert_eq!((rows(&sheet), faults(&sheet)), (vec![(2, "B01"), (3, "B02")], vec![]));
    let sheet =
        of("工号,交车台数,精品金额,备注\nB01,3,90,,\nB02,4,9,600,\nB03,5,\"１，２００\",\n".as_bytes());
    assert_eq!((rows(&sheet), faults(&sheet)), (vec![(2, "B01"), (4, "B03")], vec![(3, "", "5 列")]));
    assert_eq!(value(&sheet.rows[1], "accessory_revenue"), Some(Decimal::from(1200)));
}

#[test]
fn what_cannot_be_decoded_is_found_by_its_line() {
    let broken = |bytes: &[u8]| read(DMS, bytes, february()).unwrap_err();
    let mut long = "工号,交车台数\r\n".to_owned();
    for number in 0..20_000 {
        long.push_str(&format!("B{number},１\r\n"));
    }
    let mut utf8 = long.clone().into_bytes();
    utf8.extend(b"B\xc3\x28,1\r\n");
    assert_eq!(broken(&utf8), ImportError::Undecodable { line: 20_002, encoding: "UTF-8" });
    let mut gb18030 = encoding_rs::GB18030.encode(&long).0.into_owned();
    gb18030.extend(b"B\x81\x20,1\r\n");
    assert_eq!(broken(&gb18030), ImportError::Undecodable { line: 20_002, encoding: "gb18030" });
    // Half a character at the end.
    let cut = [long.as_bytes(), "店".as_bytes().split_at(2).0].concat();
    assert_eq!(broken(&cut), ImportError::Undecodable { line: 20_002, encoding: "UTF-8" });
    assert_eq!(
        of(&encoding_rs::GB18030.encode(&long).0).rows.len(),
        20_000,
        "and what can be decoded, is, however long"
    );
}

#[test]
fn a_quotation_mark_that_is_never_closed_is_found_by_its_row() {
    let mut text = "工号,备注,交车台数\nB01,好,1\nB02,\"好,2\n".to_owned();
    for number in 0..60_000 {
        text.push_str(&format!("C{number},备注备注,1\n"));
    }
    assert_eq!(read(DMS, text.as_bytes(), february()), Err(ImportError::UnclosedQuote { row: 3 }));
    // Where there is none, it is not blamed.
    let long = format!("工号,备注,交车台数\nB01,{},1\n", "很".repeat(400_000));
    assert_eq!(read(DMS, long.as_bytes(), february()), Err(ImportError::LineTooLong { row: 2 }));
}

#[test]
fn percent_signs_are_no_counts() {
    let sheet =
        of("工号,交车台数,留档(%),留档数,留档率\nB01,3,88%,40,88.9%\nB02,85%,85%,40,85%\n".as_bytes());
    assert_eq!(value(&sheet.rows[0], "captured_leads"), Some(Decimal::from(40)));
    assert_eq!(faults(&sheet), [(3, "交车台数", "85%")]);
}

/// The lines of a text of which nothing is known.
fn lines(bytes: &[u8]) -> Result<Vec<(u32, Vec<String>)>, ImportError> {
    let mut found = Vec::new();
    tables(Container::Text, &mut bytes.to_vec().into(), &|_| false, &mut |_, lines| {
        for line in lines {
            let line = line?;
            found.push((line.row, line.cells.iter().map(Value::shown).collect()));
        }
        Ok(())
    })?;
    Ok(found)
}

#[test]
fn rows_of_any_text_are_counted_as_a_spreadsheet_counts_them() {
    for text in ["标题\n\n编号;数\n1;\"2\n3\"\n", "标题\r\n\r\n编号;数\r\n1;\"2\n3\"\r\n"] {
        let expected = [(1, vec!["标题"]), (3, vec!["编号", "数"]), (4, vec!["1", "2\n3"])];
        let expected = expected.map(|(row, cells)| (row, cells.into_iter().map(str::to_owned).collect()));
        assert_eq!(lines(text.as_bytes()).unwrap(), expected, "{text:?}");
    }
}

#[test]
fn any_text_may_be_in_the_encodings_of_china() {
    let (gbk, ..) = encoding_rs::GB18030.encode("编号,数\nA01,2\n");
    assert_eq!(lines(&gbk).unwrap()[0].1, ["编号", "数"]);
    assert_eq!(lines("\u{feff}编号\t数\n".as_bytes()).unwrap()[0].1, ["编号", "数"]);
    assert_eq!(lines(&utf16("编号,数\nA01,2\n", u16::to_le_bytes)).unwrap()[1].1, ["A01", "2"]);
    assert!(lines(b"a\0b").is_err());
}

#[test]
fn separators_of_any_text_are_those_that_part_the_most() {
    assert_eq!(lines("编号|数|备注\nA01|1,2|无\n".as_bytes()).unwrap()[1].1, ["A01", "1,2", "无"]);
    let named = lines("sep=;\n编号;数\n=\"0012\";2\n".as_bytes()).unwrap();
    assert_eq!(named[1], (2, vec!["0012".into(), "2".into()]));
}

#[test]
fn a_quote_that_nothing_closes_is_refused_in_any_text() {
    let refused = lines("编号,备注,数\nA01,\"五,1\nA02,六,2\n".as_bytes()).unwrap_err();
    assert_eq!(refused, ImportError::UnclosedQuote { row: 2 });
    for whole in ["编号,数\nA01,\"a\"\"b\"\n", "编号,数\nA01,5\"\n", "编号,数\n\"A01\",\"1\n2\"\n"] {
        assert!(lines(whole.as_bytes()).is_ok(), "{whole}");
    }
}
