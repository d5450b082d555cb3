//! Every sentence of a reason, in Chinese and English: the one place where what a rule did becomes words.
//!
//! An author's own words stay as they are written. The numbers of a sentence are those of the step.

mod length;

use rust_decimal::Decimal;

pub use self::length::length;
use super::bundle::Rule;
use super::scoring::RuleResult;
use super::trace::{Part, Show, Shown, Step, StepKind, StepLabel};
use super::value::Cause;
use crate::decimal;
use crate::decimal::text::{made, write_percent, write_plain, write_points};
use crate::http::Language;

/// A sentence in both languages, with `{0}`, `{1}` … where its values stand.
#[derive(Debug)]
pub struct Sentence {
    zh: Template,
    en: Template,
}

/// A sentence in one language, taken apart when the program is compiled.
#[derive(Debug)]
struct Template {
    #[cfg(test)]
    text: &'static str,
    pieces: [Piece; 4],
}

/// Some words, and the place among the values of the one that stands behind them.
#[derive(Clone, Copy, Debug)]
struct Piece {
    words: &'static str,
    value: Option<usize>,
}

impl Template {
    const fn new(text: &'static str) -> Self {
        let pieces = [piece(text, 0), piece(text, 1), piece(text, 2), piece(text, 3)];
        Self {
            #[cfg(test)]
            text,
            pieces,
        }
    }
}

/// The piece of a sentence with so many before it; an empty one behind its end.
const fn piece(text: &'static str, before: usize) -> Piece {
    let mut rest = text.as_bytes();
    let mut passed = 0;
    loop {
        let mut length = 0;
        let mut tail = rest;
        while let [byte, after @ ..] = tail {
            if *byte == b'{' {
                break;
            }
            length += 1;
            tail = after;
        }
        let (value, after): (Option<usize>, &[u8]) = match tail {
            [b'{', digit @ b'0'..=b'2', b'}', after @ ..] => (
                Some(if *digit == b'0' {
                    0
                } else if *digit == b'1' {
                    1
                } else {
                    2
                }),
                after,
            ),
            _ => (None, &[]),
        };
        if passed == before {
            let words = match rest.split_at_checked(length) {
                Some((words, _)) => words,
                None => &[],
            };
            return match std::str::from_utf8(words) {
                Ok(words) => Piece { words, value },
                Err(_) => Piece { words: "", value },
            };
        }
        rest = after;
        passed += 1;
    }
}

/// Makes the table of sentences, and a list of all of them.
macro_rules! sentences {
    ($($name:ident: $zh:literal $en:literal)*) => {
        $(pub static $name: Sentence = Sentence { zh: Template::new($zh), en: Template::new($en) };)*

        /// All of them, by name.
        #[cfg(test)]
        static ALL: &[(&str, &Sentence)] = &[$((stringify!($name), &$name)),*];
    };
}

/// The table.
pub mod table {
    use super::{Sentence, Template};

    sentences! {
        // How a number came about.
        QUOTIENT: "{0}/{1} = {2}" "{0}/{1} = {2}"
        VALUE: "{0}" "{0}"
        BELOW_LINE: "未到得分线 {0}" "below {0}, where points begin"
        REACHED: "达到 {0}" "reaches {0}"
        NOT_ABOVE: "未超过 {0}" "not above {0}"
        NOT_BELOW: "不低于 {0}" "not below {0}"
        BETWEEN: "在 {0} 与 {1} 之间" "between {0} and {1}"
        BELOW_FIRST: "未达到最低档 {0}" "below the lowest band, {0}"
        BELOW_ALL: "未达到最低档" "below the lowest band"

        // Why there is none.
        ABSENT: "缺少{0}" "{0}: missing"
        REQUIRED: "缺少必填的{0}（{1}）" "{0} ({1}): required and missing"
        OUTSTANDING: "缺少{0}（{1}）：本月{2}数据尚未到齐" "{0} ({1}): missing, as {2} is not complete for the month"
        DENOMINATOR_ZERO: "{0}/{1}，分母为 0" "{0}/{1}, the denominator is 0"
        DENOMINATOR_SMALL: "{0}/{1}，分母不足 {2}" "{0}/{1}, the denominator is below {2}"
        NO_ITEM: "没有适用的项目" "no item applies"

        // What the host says of itself.
        NOTHING_DEDUCTED: "没有扣分" "nothing deducted"
        SCALED: "适用项目满分 {0}，按比例折算为 {1} 分制" "the items that apply give up to {0}, scaled to {1}"

        // What came of it.
        EARNED: "得 {0} 分" "earns {0}"
        DEDUCTED: "扣 {0} 分" "deducts {0}"
        ADDED: "加 {0} 分" "adds {0}"
        NOT_APPLICABLE: "不适用" "not applicable"

        // How they are put together: before figures, before words, and between parts.
        BEFORE_FIGURES: " " " "
        BEFORE_WORDS: "：" ": "
        AND: "，" ", "

        // Why a grade is what it is.
        GRADE: "总分 {0}，属 {1} 级" "a total of {0} is grade {1}"
        TOO_FEW_POINTS: "适用分值 {0} 不足 {1}，不评级" "only {0} points apply, fewer than {1}: not rated"
        VETO: "一票否决：{0}（{1}），等级最高为 {2}" "veto: {0} ({1}), the grade is {2} at best"
        NO_RULE: "没有适用的项目，不评级" "no rule applies: not rated"
        HAS_FAILED: "有规则未能计算，需要处理，暂不评级" "a rule could not be computed and has to be looked at: not rated yet"
    }

    #[cfg(test)]
    mod tests {
        use super::{ALL, Template};

        /// What stands in a sentence for its values, sorted.
        fn places(text: &str) -> Vec<&str> {
            let mut places: Vec<_> =
                text.split('{').skip(1).map(|piece| piece.split('}').next().unwrap()).collect();
            places.sort_unstable();
            places
        }

        /// The sentence put together from its pieces again.
        fn together(template: &Template) -> String {
            let pieces = template.pieces.iter().map(|piece| {
                let place = piece.value.map(|place| format!("{{{place}}}"));
                format!("{}{}", piece.words, place.unwrap_or_default())
            });
            pieces.collect()
        }

        fn is_chinese(c: char) -> bool {
            !c.is_ascii()
        }

        #[test]
        fn every_sentence_is_there_in_both_languages() {
            for (name, sentence) in ALL {
                let (zh, en) = (sentence.zh.text, sentence.en.text);
                assert!(!zh.is_empty() && !en.is_empty(), "{name}");
                assert_eq!(places(zh), places(en), "{name}");
                assert_eq!((together(&sentence.zh), together(&sentence.en)), (zh.to_owned(), en.to_owned()));
                assert!(!en.contains(is_chinese), "{name}: {en}");
                let has_words = en.chars().any(char::is_alphabetic);
                assert_eq!(has_words, zh.chars().any(char::is_alphabetic), "{name}: {zh} · {en}");
                assert!(!has_words || zh.contains(is_chinese), "{name}: {zh}");
            }
        }
    }
}

/// A value of a sentence.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// A number as it was given.
    Plain(Decimal),
    /// Points.
    Points(Decimal),
    /// A number with its own way of being shown.
    Shown(Shown),
    /// A name or an author's words.
    Text(&'a str),
}

impl Value<'_> {
    fn write(self, out: &mut Vec<u8>) {
        match self {
            Self::Plain(number) => write_plain(out, number),
            Self::Points(points) | Self::Shown(Shown { number: points, show: Show::Points }) => {
                write_points(out, points);
            }
            Self::Shown(Shown { number, show: Show::Percent }) => write_percent(out, number),
            Self::Text(text) => out.extend_from_slice(text.as_bytes()),
        }
    }
}

impl Shown {
    /// The number as reasons show it.
    pub fn text(self) -> String {
        match self.show {
            Show::Points => decimal::points(self.number),
            Show::Percent => decimal::percent(self.number),
        }
    }
}

impl Sentence {
    /// The sentence with its values.
    pub fn text(&self, language: Language, values: &[Value<'_>]) -> String {
        made(|out| self.write(out, language, values))
    }

    fn write(&self, out: &mut Vec<u8>, language: Language, values: &[Value<'_>]) {
        let template = match language {
            Language::Chinese => &self.zh,
            Language::English => &self.en,
        };
        for piece in &template.pieces {
            if !piece.words.is_empty() {
                out.extend_from_slice(piece.words.as_bytes());
            }
            match piece.value.and_then(|place| values.get(place)) {
                Some(value) => value.write(out),
                None => return,
            }
        }
    }
}

impl Rule {
    /// The reason of one of its steps, with the numbers.
    pub fn reason(&self, step: &Step, language: Language) -> String {
        made(|out| self.write_reason(out, step, language))
    }

    /// Writes the reason of one of its steps.
    pub fn write_reason(&self, out: &mut Vec<u8>, step: &Step, language: Language) {
        let own = match step.label {
            StepLabel::Own => self.words_at(step.at).unwrap_or_default(),
            _ => "",
        };
        write_reason(out, step, own, language);
    }

    /// The reasons that a reader is shown of one of its results, one a step, and what failed.
    pub fn reasons(&self, result: &RuleResult, language: Language) -> Vec<String> {
        let steps = result.steps.iter().map(|step| self.reason(step, language));
        steps.chain(result.failure.clone()).collect()
    }
}

/// Writes the reason of a step: its label, how its number came about, and what came of it. `own` is the constant text of
/// its call.
fn write_reason(out: &mut Vec<u8>, step: &Step, own: &str, language: Language) {
    let begin = out.len();
    write_label(out, &step.label, own, language);
    for (index, part) in step.parts.iter().enumerate() {
        let joint = match index {
            0 if out.len() == begin || is_open(out) => None,
            0 if begins_with_figures(part) => Some(&table::BEFORE_FIGURES),
            0 => Some(&table::BEFORE_WORDS),
            _ => Some(&table::AND),
        };
        if let Some(joint) = joint {
            joint.write(out, language, &[]);
        }
        write_part(out, part, language);
    }
    let outcome = match step.kind {
        StepKind::Item => &table::EARNED,
        StepKind::Deduction => &table::DEDUCTED,
        StepKind::Bonus => &table::ADDED,
        StepKind::NotApplicable => &table::NOT_APPLICABLE,
        StepKind::Note => return,
    };
    if out.len() > begin {
        table::AND.write(out, language, &[]);
    }
    outcome.write(out, language, &[Value::Points(step.points.unwrap_or_default())]);
}

fn write_label(out: &mut Vec<u8>, label: &StepLabel, own: &str, language: Language) {
    match label {
        StepLabel::Own => out.extend_from_slice(own.as_bytes()),
        StepLabel::Words(words) => out.extend_from_slice(words.as_bytes()),
        StepLabel::Missing(cause) => write_cause(out, cause, language),
        StepLabel::NothingDeducted => table::NOTHING_DEDUCTED.write(out, language, &[]),
        StepLabel::Scaled { possible, max } => {
            table::SCALED.write(out, language, &[Value::Points(*possible), Value::Points(*max)]);
        }
    }
}

fn write_part(out: &mut Vec<u8>, part: &Part, language: Language) {
    let (sentence, shown) = match part {
        Part::Quotient { over, under, quotient } => {
            let values = [Value::Plain(*over), Value::Plain(*under), Value::Shown(*quotient)];
            return table::QUOTIENT.write(out, language, &values);
        }
        Part::Between(floor, target) => {
            return table::BETWEEN.write(out, language, &[Value::Shown(*floor), Value::Shown(*target)]);
        }
        Part::BelowFirst(None) => return table::BELOW_ALL.write(out, language, &[]),
        Part::Missing(cause) => return write_cause(out, cause, language),
        Part::Value(shown) => (&table::VALUE, shown),
        Part::BelowLine(shown) => (&table::BELOW_LINE, shown),
        Part::Reached(shown) => (&table::REACHED, shown),
        Part::NotAbove(shown) => (&table::NOT_ABOVE, shown),
        Part::NotBelow(shown) => (&table::NOT_BELOW, shown),
        Part::BelowFirst(Some(shown)) => (&table::BELOW_FIRST, shown),
    };
    sentence.write(out, language, &[Value::Shown(*shown)]);
}

/// Writes why something is not applicable.
pub fn write_cause(out: &mut Vec<u8>, cause: &Cause, language: Language) {
    match cause {
        Cause::Absent(metric) => {
            table::ABSENT.write(out, language, &[Value::Text(metric.label.text(language))])
        }
        Cause::Required(metric) => {
            let values = [Value::Text(metric.label.text(language)), Value::Text(&metric.name)];
            table::REQUIRED.write(out, language, &values);
        }
        Cause::Outstanding(metric) => {
            let source = metric.source.as_ref().map_or("", |source| source.text(language));
            let values =
                [Value::Text(metric.label.text(language)), Value::Text(&metric.name), Value::Text(source)];
            table::OUTSTANDING.write(out, language, &values);
        }
        Cause::Denominator { over, under, least } => {
            let values = [Value::Plain(*over), Value::Plain(*under), Value::Plain(*least)];
            let sentence = if under.is_zero() { &table::DENOMINATOR_ZERO } else { &table::DENOMINATOR_SMALL };
            sentence.write(out, language, &values);
        }
        Cause::NoItem => table::NO_ITEM.write(out, language, &[]),
        Cause::Said(words) => out.extend_from_slice(words.as_bytes()),
    }
}

/// Whether what follows needs nothing that joins it to a text.
fn is_open(text: &[u8]) -> bool {
    [":", "：", " "].iter().any(|end| text.ends_with(end.as_bytes()))
}

fn begins_with_figures(part: &Part) -> bool {
    match part {
        Part::Quotient { .. } | Part::Value(_) | Part::Missing(Cause::Denominator { .. }) => true,
        Part::Missing(Cause::Said(words)) => {
            words.starts_with(|first: char| first.is_ascii_digit() || first == '-')
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rhai::Position;

    use super::*;
    use crate::rules::trace::Parts;

    fn reason(step: &Step, language: Language) -> String {
        made(|out| write_reason(out, step, "考试", language))
    }

    fn quotient(over: i64, under: i64) -> Part {
        let (over, under) = (Decimal::from(over), Decimal::from(under));
        Part::Quotient { over, under, quotient: Shown { number: over / under, show: Show::Percent } }
    }

    fn share(hundredths: i64) -> Shown {
        Shown { number: Decimal::new(hundredths, 2), show: Show::Percent }
    }

    #[test]
    fn a_reason_is_said_in_both_languages() {
        let item = Step {
            kind: StepKind::Item,
            label: StepLabel::Words("留档率".into()),
            parts: [quotient(46, 52), Part::Reached(share(85))].into(),
            points: Some(Decimal::from(5)),
            max: Some(Decimal::from(5)),
            at: Position::NONE,
        };
        assert_eq!(reason(&item, Language::Chinese), "留档率 46/52 = 88.5%，达到 85%，得 5 分");
        assert_eq!(reason(&item, Language::English), "留档率 46/52 = 88.5%, reaches 85%, earns 5");
        let cause = Cause::Denominator { over: 3.into(), under: 4.into(), least: 10.into() };
        let missing = Step {
            kind: StepKind::NotApplicable,
            parts: [Part::Missing(cause)].into_iter().collect(),
            points: None,
            ..item.clone()
        };
        assert_eq!(reason(&missing, Language::Chinese), "留档率 3/4，分母不足 10，不适用");
        assert_eq!(
            reason(&missing, Language::English),
            "留档率 3/4, the denominator is below 10, not applicable"
        );
        let said = Step { label: StepLabel::Words("".into()), parts: Parts::new(), ..item };
        assert_eq!(reason(&said, Language::Chinese), "得 5 分");
    }

    #[test]
    fn words_stand_behind_a_colon_and_figures_behind_a_blank() {
        let labelled = |label: &str, part: Part| {
            let step = Step {
                kind: StepKind::Note,
                label: StepLabel::Words(label.into()),
                parts: [part].into_iter().collect(),
                points: None,
                max: None,
                at: Position::NONE,
            };
            reason(&step, Language::Chinese)
        };
        let said = |words: &str| Part::Missing(Cause::Said(Arc::from(words)));
        assert_eq!(labelled("甲", said("没有")), "甲：没有");
        assert_eq!(labelled("甲", said("3 次")), "甲 3 次");
        assert_eq!(labelled("甲：", said("没有")), "甲：没有");
        assert_eq!(labelled("甲 ", said("没有")), "甲 没有");
        assert_eq!(labelled("", said("没有")), "没有");
    }
}
