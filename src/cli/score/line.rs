//! A line of the input: who it is, which month, and the facts.
//!
//! Nearly every line is plain: an object of three members, names without escapes, numbers without exponents. Such a line is
//! read in one go. Whatever is not is read by serde, which also says what is wrong with it; a plain line means the same
//! to both.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde::Deserialize;
use serde_json::Number;

use super::cursor::{Cursor, Digits};
use crate::decimal;
use crate::http::library_words::said;
use crate::http::objects::from_json;
use crate::ledger::metric::{Catalogue, Metric, MetricId};
use crate::period::Period;
use crate::rules::quick_hash::QuickHash;
use crate::said::{Said, say};

/// A line as serde reads it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct Written {
    employee_no: String,
    period: Period,
    facts: Metrics,
}

/// Metric names with numbers, in the order given. A name that stands twice is an error, not the last one's win.
struct Metrics(Vec<(String, Option<Number>)>);

impl<'de> Deserialize<'de> for Metrics {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> serde::de::Visitor<'de> for Pairs {
            type Value = Metrics;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("an object of metric names and numbers")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Metrics, A::Error> {
                use serde::de::Error;
                let mut metrics: Vec<(String, Option<Number>)> = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    if metrics.iter().any(|(earlier, _)| *earlier == name) {
                        let twice = say!("facts：“{name}”出现了两次", "facts: '{name}' stands twice");
                        return Err(A::Error::custom(twice.joined()));
                    }
                    let value = map.next_value().map_err(|error| {
                        let what = say!("facts：“{name}”应为数", "facts: '{name}' has to be a number");
                        A::Error::custom(said(without_place(&error.to_string())).about(&what).joined())
                    })?;
                    metrics.push((name, value));
                }
                Ok(Metrics(metrics))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

/// Who a line is about, and the values that it gives.
#[derive(Debug)]
pub struct Line {
    /// Employee number.
    pub employee_no: String,
    /// The month.
    pub period: Period,
    /// The values.
    pub given: Vec<(MetricId, Decimal)>,
}

impl Line {
    /// Reads any line, or says what is wrong with it.
    pub fn read(catalogue: &Catalogue, line: &[u8]) -> Result<Self, Said> {
        let line: Written = from_json(line).map_err(|error| sentence(&error))?;
        if line.employee_no.trim().is_empty() {
            return Err(say!("employee_no 是空的", "employee_no is empty"));
        }
        let mut given = Vec::with_capacity(line.facts.0.len());
        for (name, number) in &line.facts.0 {
            let value = match number {
                Some(number) => decimal::parse(number.as_str()).ok_or_else(|| {
                    say!(
                        "facts：“{name}”的数不能准确地保存：{number}",
                        "facts: '{name}' cannot be held exactly: {number}"
                    )
                })?,
                // A name has to be known even where its value is null.
                None if catalogue.find(name).is_some() => continue,
                None => Decimal::ZERO,
            };
            let id = catalogue.read(name, value).map_err(|problem| problem.about(&Said::same("facts")))?;
            given.push((id, value));
        }
        Ok(Self { employee_no: line.employee_no, period: line.period, given })
    }
}

/// Serde counts lines of its own; here a line is all there is, so only the column says something.
fn sentence(error: &serde_json::Error) -> Said {
    let message = said(without_place(&error.to_string()));
    match error.column() {
        0 => message,
        column => message.about(&say!("第 {column} 个字节", "column {column}")),
    }
}

fn without_place(text: &str) -> &str {
    text.split(" at line ").next().unwrap_or_default()
}

/// A metric by its name, with what its whole numbers have to be between.
#[derive(Clone, Copy, Debug)]
struct Known<'a> {
    id: MetricId,
    metric: &'a Metric,
    whole: Option<(i64, i64)>,
}

/// Reads plain lines.
#[derive(Debug)]
pub struct PlainReader<'a> {
    known: HashMap<&'a [u8], Known<'a>, BuildHasherDefault<QuickHash>>,
    /// By place in the catalogue, the metric that stood behind each one when it was met last, and before them the first
    /// one of the last line: lines nearly always have the same order, and a name that is expected need not be looked up.
    followers: Vec<Option<Known<'a>>>,
    /// The last line's values.
    given: Vec<(MetricId, Decimal)>,
    /// By place in the catalogue, the last line in which a metric stood.
    seen: Vec<u64>,
    lines: u64,
}

/// A plain line: its texts are the same in JSON as they are.
#[derive(Debug)]
pub struct PlainLine<'l> {
    /// Employee number.
    pub employee_no: &'l str,
    /// The month.
    pub period: &'l str,
}

impl<'a> PlainReader<'a> {
    /// Reads lines with the metrics of a catalogue.
    pub fn new(catalogue: &'a Catalogue) -> Self {
        let whole = |bound: Decimal| bound.to_i64().filter(|whole| Decimal::from(*whole) == bound);
        let known = catalogue.entries().map(|(id, metric)| {
            let whole = whole(metric.min).zip(whole(metric.max));
            (metric.name.as_bytes(), Known { id, metric, whole })
        });
        let known = known.collect::<HashMap<_, _, _>>();
        let seen = vec![0; catalogue.entries().count()];
        let followers = vec![None; seen.len() + 1];
        Self { known, followers, given: Vec::new(), seen, lines: 0 }
    }

    /// Reads a line if it is a plain one that is right; its values are then [`Self::given`].
    pub fn read<'l>(&mut self, line: &'l [u8]) -> Option<PlainLine<'l>> {
        self.lines += 1;
        self.given.clear();
        let mut cursor = Cursor { rest: line };
        let (mut employee_no, mut period, mut has_facts) = (None, None, false);
        cursor.expect(b'{')?;
        loop {
            let name = cursor.text()?;
            cursor.expect(b':')?;
            match name {
                b"employee_no" if employee_no.is_none() => {
                    let text = std::str::from_utf8(cursor.text()?).ok()?;
                    employee_no = Some(text).filter(|text| !text.trim().is_empty());
                    employee_no?;
                }
                b"period" if period.is_none() => {
                    let text = std::str::from_utf8(cursor.text()?).ok()?;
                    // A month is written in one way only.
                    text.parse::<Period>().ok()?;
                    period = Some(text);
                }
                b"facts" if !has_facts => {
                    has_facts = true;
                    self.facts(&mut cursor)?;
                }
                _ => return None,
            }
            if !cursor.goes_on(b'}')? {
                break;
            }
        }
        cursor.end().filter(|()| has_facts)?;
        Some(PlainLine { employee_no: employee_no?, period: period? })
    }

    /// The values of the line that was read last.
    pub fn given(&self) -> &[(MetricId, Decimal)] {
        &self.given
    }

    fn facts(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        cursor.expect(b'{')?;
        if cursor.next_is(b'}') {
            return cursor.expect(b'}');
        }
        let mut place = 0;
        loop {
            let follower = self.followers.get_mut(place)?;
            let known = match follower {
                Some(known) if cursor.passes(known.metric.name.as_bytes()) => *known,
                _ => *follower.insert(*self.known.get(cursor.text()?)?),
            };
            place = known.id.index() + 1;
            let seen = self.seen.get_mut(known.id.index())?;
            if std::mem::replace(seen, self.lines) == self.lines {
                return None;
            }
            cursor.expect(b':')?;
            if let Some(number) = cursor.number_or_null()? {
                let value = number.value_of(&known)?;
                self.given.push((known.id, value));
            }
            if !cursor.goes_on(b'}')? {
                return Some(());
            }
        }
    }
}

impl Digits {
    /// The number, if the metric can have it.
    fn value_of(self, known: &Known<'_>) -> Option<Decimal> {
        let Self { is_negative, mut digits, mut places } = self;
        while places > 0 && digits % 10 == 0 {
            (digits, places) = (digits / 10, places - 1);
        }
        let signed = if is_negative { -digits } else { digits };
        let value = Decimal::try_new(signed, places).ok()?;
        let is_within = |(least, most): (i64, i64)| places == 0 && least <= signed && signed <= most;
        (known.whole.is_some_and(is_within) || known.metric.check(value).is_ok()).then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;
    use crate::rules::bundle::Bundle;

    static RULES: LazyLock<Bundle> =
        LazyLock::new(|| Bundle::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")).unwrap());

    /// What a line gives, read in one go and by serde; the places of numbers count.
    fn compare(line: &str) -> Result<bool, TestCaseError> {
        let catalogue = &RULES.catalogue;
        let mut reader = PlainReader::new(catalogue);
        let quick = reader.read(line.as_bytes());
        let whole = Line::read(catalogue, line.as_bytes());
        let Some(quick) = quick else { return Ok(false) };
        let whole = match whole {
            Ok(whole) => whole,
            Err(problem) => return Err(TestCaseError::fail(format!("{line}: {problem}"))),
        };
        let period = whole.period.to_string();
        prop_assert_eq!((quick.employee_no, quick.period), (whole.employee_no.as_str(), period.as_str()));
        let exact = |given: &[(MetricId, Decimal)]| {
            given.iter().map(|(id, value)| (*id, value.serialize())).collect::<Vec<_>>()
        };
        prop_assert_eq!(exact(reader.given()), exact(&whole.given));
        Ok(true)
    }

    fn number() -> impl Strategy<Value = String> {
        prop_oneof![
            6 => (0_u32..400).prop_map(|number| number.to_string()),
            3 => (0_u32..400, 0_u32..1_000).prop_map(|(whole, rest)| format!("{whole}.{rest}")),
            1 => "-?[0-9]{0,20}(\\.[0-9]{0,19})?([eE][+-]?[0-9])?",
            1 => proptest::sample::select(vec![
                "null", "-0", "0.0", "0.50", "1e2", "01", "1.", ".5", "-", "\"5\"", "true", "[]", "{}", "nul", "+1",
            ])
            .prop_map(str::to_owned),
        ]
    }

    fn name() -> impl Strategy<Value = String> {
        let names = RULES.catalogue.entries().map(|(_, metric)| metric.name.clone()).collect::<Vec<_>>();
        prop_oneof![
            12 => proptest::sample::select(names),
            1 => "[a-z_\\\\\"]{0,12}",
            1 => Just("deliverie\\u0073".to_owned()),
        ]
    }

    fn blank() -> impl Strategy<Value = &'static str> {
        proptest::sample::select(vec!["", "", "", " ", "\t", "\r\n", "  "])
    }

    fn line() -> impl Strategy<Value = String> {
        let facts = proptest::collection::vec((name(), number(), blank()), 0..6).prop_map(|facts| {
            let facts = facts
                .iter()
                .map(|(name, number, blank)| format!("{blank}\"{name}\"{blank}:{blank}{number}{blank}"));
            format!("{{{}}}", facts.collect::<Vec<_>>().join(","))
        });
        let people = proptest::sample::select(vec![
            "\"A01\"",
            "\"张三\"",
            "\"\"",
            "\" \"",
            "\"\\u0041\"",
            "\"a\\\"b\"",
            "5",
            "\"\u{7f}\"",
            "\"\t\"",
        ]);
        let periods = proptest::sample::select(vec![
            "\"2014-03\"",
            "\"2014-03\"",
            "\"2014-3\"",
            "\"1899-01\"",
            "\"2014-13\"",
            "201403",
            "\"2014-03 \"",
        ]);
        let ends = proptest::sample::select(vec!["", "\n", "\r\n", " ", "x", "}", "\u{0}"]);
        (people, periods, facts, blank(), 0_usize..9, ends).prop_map(
            |(person, period, facts, blank, order, end)| {
                let mut members = vec![
                    format!("{blank}\"employee_no\"{blank}:{blank}{person}{blank}"),
                    format!("\"period\":{period}"),
                    format!("\"facts\":{facts}"),
                ];
                match order {
                    0 => members.swap(0, 2),
                    1 => members.swap(1, 2),
                    2 => members.push("\"facts\":{}".to_owned()),
                    3 => members.push("\"other\":1".to_owned()),
                    4 => members.truncate(2),
                    5 => members.push(String::new()),
                    _ => {}
                }
                format!("{blank}{{{}}}{end}", members.join(","))
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        /// A line that is read in one go means to serde what it means here; what serde refuses is never read.
        #[test]
        fn a_plain_line_means_the_same_to_serde(line in line()) {
            compare(&line)?;
        }

        /// One character more, less, or another one.
        #[test]
        fn a_line_that_is_nearly_plain_means_the_same(at in any::<prop::sample::Index>(), c in any::<char>(), kind in 0..3) {
            let plain = "{\"employee_no\": \"A01\", \"period\": \"2014-03\", \"facts\": {\"deliveries\": 17, \"late\": null}}\n";
            let mut line = plain.chars().collect::<Vec<_>>();
            let at = at.index(line.len());
            match kind {
                0 => line[at] = c,
                1 => { line.remove(at); }
                _ => line.insert(at, c),
            }
            compare(&line.into_iter().collect::<String>())?;
        }
    }

    #[test]
    fn the_fields_of_a_line_are_not_taken_from_an_array() {
        let error = Line::read(&RULES.catalogue, br#"["A01", "2014-03", {"deliveries": 1}]"#).unwrap_err();
        assert!(error.to_string().ends_with("invalid type: sequence, expected an object"), "{error}");
    }

    #[test]
    fn lines_as_people_write_them_are_plain() {
        for facts in [
            "{}",
            "{\"deliveries\":17,\"scheduled_days\": 26.5,\"late\":null}",
            "{\"accessory_revenue\": 45000.50}",
        ] {
            let line = format!("{{\"employee_no\":\"张01\",\"period\":\"2014-03\",\"facts\":{facts}}}\n");
            assert!(compare(&line).unwrap(), "{line}");
        }
    }
}
