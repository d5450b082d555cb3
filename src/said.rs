//! Sentences for people: each in Chinese, which is what is read in the showroom, and in English.

use std::borrow::Cow;
use std::io::{self, ErrorKind};
use std::{error, fmt};

/// A language that the program speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// 中文: what people in the showroom read, unless they ask for another.
    #[default]
    Chinese,
    /// English.
    English,
}

/// What parts the two languages of a sentence that is kept in one text.
const PART: char = '\u{1f}';

/// A sentence in both languages. Written down it is English, as in logs and on the command line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Said {
    /// None where nobody has said it in Chinese.
    zh: Option<Cow<'static, str>>,
    en: Cow<'static, str>,
}

impl Said {
    /// A sentence that is always the same.
    pub const fn fixed(zh: &'static str, en: &'static str) -> Self {
        Self { zh: Some(Cow::Borrowed(zh)), en: Cow::Borrowed(en) }
    }

    /// A sentence that has been made.
    pub fn both(zh: String, en: String) -> Self {
        Self { zh: Some(Cow::Owned(zh)), en: Cow::Owned(en) }
    }

    /// A sentence that something else says in each language.
    pub fn by(sentence: impl Fn(Language) -> String) -> Self {
        Self::both(sentence(Language::Chinese), sentence(Language::English))
    }

    /// What is the same in both: a name, a code, what stands in a cell.
    pub fn same(text: impl Into<String>) -> Self {
        let text = text.into();
        Self::both(text.clone(), text)
    }

    /// What the system says is wrong: in Chinese what is usual, in its own words what is not.
    pub fn of_system(error: &io::Error) -> Self {
        let zh = match error.kind() {
            // Only of what the system says is the kind all of it.
            _ if error.raw_os_error().is_none() => None,
            ErrorKind::NotFound => Some("没有这个文件或文件夹"),
            ErrorKind::PermissionDenied => Some("没有权限"),
            ErrorKind::AlreadyExists => Some("已经存在"),
            ErrorKind::NotADirectory => Some("不是文件夹"),
            ErrorKind::IsADirectory => Some("是文件夹，不是文件"),
            ErrorKind::DirectoryNotEmpty => Some("文件夹不是空的"),
            ErrorKind::ReadOnlyFilesystem => Some("只能读，不能写"),
            ErrorKind::StorageFull => Some("磁盘已满"),
            ErrorKind::AddrInUse => Some("地址已被占用"),
            ErrorKind::AddrNotAvailable => Some("这台机器没有这个地址"),
            _ => None,
        };
        Self { zh: zh.map(Cow::Borrowed), en: Cow::Owned(error.to_string()) }
    }

    /// The sentence in a language, or in English where there is no other.
    pub fn in_language(&self, language: Language) -> &str {
        match (language, &self.zh) {
            (Language::Chinese, Some(zh)) => zh,
            _ => &self.en,
        }
    }

    /// Whether somebody has said it in both.
    pub const fn is_in_both(&self) -> bool {
        self.zh.is_some()
    }

    /// This sentence about something: `三月：…`, `March: …`.
    #[must_use]
    pub fn about(&self, what: &Self) -> Self {
        let [about, this] = [what, self];
        let zh = |said: &Self| said.in_language(Language::Chinese).to_owned();
        Self::both(format!("{}：{}", zh(about), zh(this)), format!("{}: {}", about.en, this.en))
    }

    /// Both in one text, for whoever carries nothing else: [`Said::from`] takes them apart again.
    pub fn joined(&self) -> String {
        match &self.zh {
            Some(zh) => format!("{zh}{PART}{}", self.en),
            None => self.en.clone().into_owned(),
        }
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.en)
    }
}

/// An error of which there is no more to know than what is said.
impl error::Error for Said {}

impl From<String> for Said {
    fn from(text: String) -> Self {
        match text.split_once(PART) {
            Some((zh, en)) => Self::both(zh.to_owned(), en.to_owned()),
            None => Self { zh: None, en: Cow::Owned(text) },
        }
    }
}

impl From<&str> for Said {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

/// Says something in both languages: `say!("没有单元“{code}”", "there is no unit '{code}'")`.
macro_rules! say {
    ($zh:literal, $en:literal $(,)?) => {
        $crate::said::Said::both(format!($zh), format!($en))
    };
    ($zh:literal, $en:literal, $($argument:tt)+) => {
        $crate::said::Said::both(format!($zh, $($argument)+), format!($en, $($argument)+))
    };
}

pub(crate) use say;

/// Errors of which each says by `said` what is wrong. What is logged of them, and told to people, is that sentence.
macro_rules! said_errors {
    ($($error:ty),+ $(,)?) => { $(
        impl ::std::fmt::Display for $error {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(&self.said(), f)
            }
        }

        impl ::std::error::Error for $error {}

        impl From<$error> for $crate::said::Said {
            fn from(error: $error) -> Self {
                error.said()
            }
        }
    )+ };
}

pub(crate) use said_errors;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_is_read_in_chinese_where_it_is_usual() {
        let of = |error: &io::Error| {
            let said = Said::of_system(error);
            (said.in_language(Language::Chinese).to_owned(), said.to_string())
        };
        let nowhere = std::fs::read("no/such/file").unwrap_err();
        assert_eq!(of(&nowhere), ("没有这个文件或文件夹".to_owned(), nowhere.to_string()));
        let ours = io::Error::new(ErrorKind::NotFound, "no such sheet");
        assert_eq!(of(&ours), ("no such sheet".to_owned(), "no such sheet".to_owned()));
    }

    #[test]
    fn a_sentence_is_read_in_the_readers_language() {
        let code = "G9";
        let said = say!("没有单位“{code}”", "there is no unit '{code}'");
        assert_eq!(said.in_language(Language::Chinese), "没有单位“G9”");
        assert_eq!(said.in_language(Language::English), "there is no unit 'G9'");
        assert_eq!(said.to_string(), "there is no unit 'G9'");
        assert_eq!(Said::from(said.joined()), said);
        let unit = said.about(&Said::fixed("第 3 行", "row 3"));
        assert_eq!(unit.in_language(Language::Chinese), "第 3 行：没有单位“G9”");
        assert_eq!(unit.to_string(), "row 3: there is no unit 'G9'");
        let one = Said::from("only this");
        assert_eq!((one.in_language(Language::Chinese), one.joined().as_str()), ("only this", "only this"));
    }
}
