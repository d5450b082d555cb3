//! What is wrong with a rule, told with file, line, column, the source line and a caret.

use std::fmt;

use serde::Serialize;
use utoipa::ToSchema;

use super::said::said;
use crate::http::Language;

/// How serious a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The bundle cannot be used.
    Error,
    /// The bundle can be used, but its author should take a look.
    Warning,
}

/// A place in a file of the bundle. Lines and columns count from 1; a column is one character.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct SourcePlace {
    /// Path below the rules folder, with `/` between its parts.
    pub file: String,
    /// The line, if the finding is about one.
    pub line: Option<usize>,
    /// The column, if the finding is about one.
    pub column: Option<usize>,
}

impl SourcePlace {
    /// The whole file.
    pub fn file(file: &str) -> Self {
        Self { file: file.to_owned(), line: None, column: None }
    }

    /// A line and column of a file.
    pub fn at(file: &str, line: usize, column: usize) -> Self {
        Self { file: file.to_owned(), line: Some(line), column: Some(column) }
    }

    /// The place of the byte at `offset` of `text`.
    pub fn at_offset(file: &str, text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.matches('\n').count() + 1;
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        Self::at(file, line, column)
    }
}

impl fmt::Display for SourcePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What concerns a whole file stands at its beginning, so that editors can go there.
        write!(f, "{}:{}:{}", self.file, self.line.unwrap_or(1), self.column.unwrap_or(1))
    }
}

/// One thing wrong with a rule bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Finding {
    /// Stable name of this kind of finding, `kebab-case`; rules/README.md explains each.
    pub code: &'static str,
    /// How serious it is.
    pub severity: Severity,
    /// Where it is.
    #[serde(flatten)]
    pub place: SourcePlace,
    /// The source line at that place.
    pub source: Option<String>,
    /// What is wrong, in one sentence.
    pub message: String,
    /// How to fix it, if that can be said.
    pub suggestion: Option<String>,
    /// Why its author wants it so: the reason in a comment `allow: code – reason` beside it, which answers a warning.
    pub allowed: Option<String>,
    /// The language in which it is said; a check says it in English.
    #[serde(skip)]
    pub language: Language,
}

/// Codes of what other programs' readers say, of which only the usual sentences are known in other languages.
const OF_READERS: &[(&str, &str)] =
    &[("toml", "TOML 写法有误"), ("syntax", "语法有误"), ("unreadable", "读不了")];

impl Finding {
    /// An error at `place` of `text`, the file's content.
    pub fn error(code: &'static str, place: SourcePlace, text: &str, message: impl Into<String>) -> Self {
        let source = place
            .line
            .and_then(|line| text.lines().nth(line.saturating_sub(1)))
            // A hostile file can be one line of a megabyte.
            .map(|line| line.chars().take(200).collect());
        let message = message.into();
        #[cfg(test)]
        require_chinese(code, &message);
        Self {
            code,
            severity: Severity::Error,
            place,
            source,
            message,
            suggestion: None,
            allowed: None,
            language: Language::English,
        }
    }

    /// The same in the reader's language.
    #[must_use]
    pub fn in_language(mut self, language: Language) -> Self {
        let reader = OF_READERS.iter().find(|(code, _)| *code == self.code);
        let message = said(&self.message, language);
        self.message = match reader {
            Some((_, what)) if language == Language::Chinese && !is_chinese(&message) => {
                format!("{what}（{message}）")
            }
            _ => message.into_owned(),
        };
        self.suggestion = self.suggestion.map(|suggestion| said(&suggestion, language).into_owned());
        self.language = language;
        self
    }

    /// The same as a warning.
    #[must_use]
    pub fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// The same with a suggested fix.
    #[must_use]
    pub fn suggesting(mut self, suggestion: Option<String>) -> Self {
        #[cfg(test)]
        suggestion.iter().for_each(|suggestion| require_chinese(self.code, suggestion));
        self.suggestion = suggestion;
        self
    }
}

/// No test makes a finding that is said in one language only.
#[cfg(test)]
fn require_chinese(code: &str, text: &str) {
    static KNOWN: std::sync::Mutex<std::collections::BTreeSet<String>> =
        std::sync::Mutex::new(std::collections::BTreeSet::new());
    // A script can have thousands of findings that say the same.
    if !KNOWN.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(format!("{code} {text}")) {
        return;
    }
    let is_open = OF_READERS.iter().any(|(reader, _)| *reader == code) || !text.contains(' ');
    let chinese = said(text, Language::Chinese);
    assert!(is_open || is_chinese(&chinese), "{code} is not said in Chinese: {text}");
}

/// `file:line:column: code: sentence`, then the source line with a caret, the suggestion, and whether it is a warning.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.place, self.code, self.message)?;
        if let Some(source) = &self.source {
            write!(f, "\n    {}", source.replace('\t', " "))?;
            if let Some(column) = self.place.column.filter(|column| *column <= source.chars().count() + 1) {
                write!(f, "\n    {}^", caret_indent(source, column))?;
            }
        }
        if let Some(suggestion) = &self.suggestion {
            write!(f, "\n    = {suggestion}")?;
        }
        if let Some(reason) = &self.allowed {
            match self.language {
                Language::Chinese => write!(f, "\n    = 已说明理由：{reason}")?,
                Language::English => write!(f, "\n    = allowed: {reason}")?,
            }
        } else if self.severity == Severity::Warning {
            f.write_str(match self.language {
                Language::Chinese => "\n    = 提醒：不改也能用",
                Language::English => "\n    = warning: it can be used as it is",
            })?;
        }
        Ok(())
    }
}

/// These findings in the reader's language.
pub fn in_language(findings: Vec<Finding>, language: Language) -> Vec<Finding> {
    findings.into_iter().map(|finding| finding.in_language(language)).collect()
}

fn is_chinese(text: &str) -> bool {
    text.contains(|c: char| ('\u{3400}'..='\u{9fff}').contains(&c))
}

/// Blanks as wide as the text before `column`; a Chinese character takes two.
fn caret_indent(source: &str, column: usize) -> String {
    source
        .chars()
        .take(column.saturating_sub(1))
        .map(|character| if is_wide(character) { "\u{3000}" } else { " " })
        .collect()
}

fn is_wide(character: char) -> bool {
    matches!(character, '\u{1100}'..='\u{115F}' | '\u{2E80}'..='\u{A4CF}' | '\u{AC00}'..='\u{D7A3}'
        | '\u{F900}'..='\u{FAFF}' | '\u{FE30}'..='\u{FE6F}' | '\u{FF00}'..='\u{FF60}' | '\u{FFE0}'..='\u{FFE6}')
}
