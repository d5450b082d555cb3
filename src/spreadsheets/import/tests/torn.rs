//! Numbers without quotes that their own commas have torn, in rows that have the header's number of fields all the same.

use super::*;

fn funnel(text: &str) -> Sheet {
    read(ImportKind::DmsFunnel, text.as_bytes(), february()).unwrap()
}

/// The rows and the numbers that are in doubt.
fn doubts(text: &str) -> Vec<(u32, String)> {
    let sheet = funnel(text);
    let faulty = sheet.faults.iter().map(|fault| fault.row.unwrap()).collect::<Vec<_>>();
    assert!(sheet.rows.iter().all(|row| !faulty.contains(&row.row)), "{text}");
    sheet.faults.into_iter().map(|fault| (fault.row.unwrap(), fault.found)).collect()
}

#[test]
fn a_row_that_has_as_many_fields_as_the_header_is_in_doubt_where_the_others_are_otherwise() {
    let header = "工号,交车台数,精品金额,试驾数,备注";
    for (rows, expected) in [
        // The others have thousands there, and never a hundred behind it.
        ("B01,16,\"40,000\",30,\nB02,3,9,600,\nB03,4,4800,21,\n", (3, "9,600")),
        ("B01,16,40000.50,30,\nB02,3,9,600.00,\nB03,4,4800,21,\n", (3, "9,600.00")),
        // Behind it everything has moved on: where the others have words, this row has a number.
        ("B01,16,800,130,好\nB02,3,9,600,12\nB03,4,700,121,\n", (3, "9,600")),
        // No count is written with zeros before it.
        ("B01,16,800,130,\nB02,3,9,050,\n", (3, "9,050")),
        ("B01,16,800,130,\nB02,3,40,000,\n", (3, "40,000")),
    ] {
        assert_eq!(doubts(&format!("{header}\n{rows}")), [(expected.0, expected.1.to_owned())], "{rows}");
    }
    // Nobody sells six hundred policies in a month: one row is enough.
    let text = "工号,交车台数,精品金额,保险单数\nB01,3,9,600\n";
    assert_eq!(doubts(text), [(2, "9,600".to_owned())]);
    let said = &funnel(text).faults[0];
    assert_eq!(said.column.as_deref(), Some("精品金额"));
    assert!(said.expected.contains("加引号") && said.expected.contains("9.0"), "{said:?}");
    assert_eq!(doubts("工号,交车台数,精品金额,保险单数\nB01,3,9.0,600\n"), []);
}

#[test]
fn two_numbers_beside_each_other_are_two_where_nothing_speaks_against_it() {
    for text in [
        "工号,交车台数,精品金额,备注\nB01,10,600,\nB02,12,40000,\n",
        "工号,交车台数,精品金额\nB01,10,600\n",
        "工号,首次到店,留档数,交车台数\nB01,51,144,10\nB02,48,120,11\n",
        "工号,精品金额,首次到店,交车台数\nB01,500,120,10\nB02,800,140,11\n",
        // A hundred is nothing unusual in the second column.
        "工号,精品金额,首次到店,交车台数\nB01,40000,120,10\nB02,800,140,11\n",
        // It would be a hundred times what anybody else has.
        "工号,精品金额,首次到店,交车台数\nB01,4000,20,10\nB02,800,140,11\n",
        // Tabs part the fields, so no comma has torn anything.
        "工号\t交车台数\t精品金额\t保险单数\nB01\t3\t9\t600\n",
    ] {
        assert_eq!(doubts(text), [], "{text}");
    }
}
