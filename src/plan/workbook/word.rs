//! The words of a plan's workbooks: written in the reader's language, and read in either.

use crate::said::Language;
use crate::spreadsheets::import::number::half_width;

/// A word of a workbook, such as a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::plan::workbook) struct Word {
    pub zh: &'static str,
    pub en: &'static str,
}

impl Word {
    pub const fn new(zh: &'static str, en: &'static str) -> Self {
        Self { zh, en }
    }

    /// The word as it is written.
    pub const fn of(self, language: Language) -> &'static str {
        match language {
            Language::Chinese => self.zh,
            Language::English => self.en,
        }
    }

    /// Whether a text in normal form is this word.
    pub fn is(self, text: &str) -> bool {
        text == self.zh || text.eq_ignore_ascii_case(&normal(self.en))
    }
}

/// The months.
pub(in crate::plan::workbook) const MONTHS: [Word; 12] = [
    Word::new("1月", "Jan"),
    Word::new("2月", "Feb"),
    Word::new("3月", "Mar"),
    Word::new("4月", "Apr"),
    Word::new("5月", "May"),
    Word::new("6月", "Jun"),
    Word::new("7月", "Jul"),
    Word::new("8月", "Aug"),
    Word::new("9月", "Sep"),
    Word::new("10月", "Oct"),
    Word::new("11月", "Nov"),
    Word::new("12月", "Dec"),
];

/// Words are compared without spaces, in half-width characters.
pub(in crate::plan::workbook) fn normal(text: &str) -> String {
    text.chars().map(half_width).filter(|c| !c.is_whitespace() && *c != '\u{200b}').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_read_in_either_language() {
        let word = Word::new("上级编码", "Parent code");
        assert_eq!(
            [Language::Chinese, Language::English].map(|language| word.of(language)),
            ["上级编码", "Parent code"]
        );
        for text in ["上级编码", " 上级 编码", "Parent code", "parentcode", "ＰＡＲＥＮＴ　ＣＯＤＥ"]
        {
            assert!(word.is(&normal(text)), "{text}");
        }
        for text in ["编码", "Parent", ""] {
            assert!(!word.is(&normal(text)), "{text}");
        }
    }
}
