//! A review's inputs as they are stored: few bytes, by the places of the bundle's own catalogue.
//!
//! ```text
//! version · period, posted from, posted to (0: no end): days, 4 bytes each
//! employee_no, store, unit, position: length and UTF-8
//! how many adjustments · of each the rule: length and UTF-8, and the points
//! how many places · two bits a place, four places a byte: not known, not reported, 0, a number · the numbers in order
//! ```
//!
//! The same inputs have the same bytes, so that two reviews are compared by comparing bytes.

use chrono::{Datelike as _, NaiveDate};
use rust_decimal::Decimal;
use sha2::{Digest as _, Sha256};

use crate::decimal::compact;
use crate::ledger::metric::Catalogue;
use crate::ledger::month::{AddedPoints, MonthFacts, Value};
use crate::period::Period;

/// The form described above.
const VERSION: u8 = 1;

const MISSING: u8 = 0;
const UNREPORTED: u8 = 1;
const NOTHING: u8 = 2;
const NUMBER: u8 = 3;

/// Whose month it is, by which posting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject<'a> {
    /// 工号.
    pub employee_no: &'a str,
    /// The month.
    pub period: Period,
    /// Code of the store.
    pub store: &'a str,
    /// Code of the unit of the posting.
    pub unit: &'a str,
    /// The position that is scored.
    pub position: &'a str,
    /// First day of the posting.
    pub posted_from: NaiveDate,
    /// First day after the posting; none if it has no end.
    pub posted_to: Option<NaiveDate>,
}

/// The bytes of a review's inputs are not what was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored inputs cannot be read: {0}")]
pub struct Damaged(&'static str);

/// The bytes of these inputs.
pub fn write(subject: &Subject<'_>, facts: &MonthFacts) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    bytes.push(VERSION);
    for day in [Some(subject.period.first_day()), Some(subject.posted_from), subject.posted_to] {
        bytes.extend(day.map_or(0, |day| day.num_days_from_ce()).to_le_bytes());
    }
    for text in [subject.employee_no, subject.store, subject.unit, subject.position] {
        compact::write_count(text.len(), &mut bytes);
        bytes.extend(text.as_bytes());
    }
    compact::write_count(facts.added().len(), &mut bytes);
    for AddedPoints { rule, points } in facts.added() {
        compact::write_count(rule.len(), &mut bytes);
        bytes.extend(rule.as_bytes());
        compact::write(*points, &mut bytes);
    }
    let values = facts.values();
    compact::write_count(values.len(), &mut bytes);
    for four in values.chunks(4) {
        bytes.push(four.iter().rev().fold(0, |tags, value| tags << 2 | tag(*value)));
    }
    for value in values {
        match value {
            Value::Given(number) if tag(*value) == NUMBER => compact::write(*number, &mut bytes),
            _ => {}
        }
    }
    bytes
}

/// What tells these inputs, of this revision of a review, from any that were put in their place: SHA-256 of the revision, as
/// four bytes with the highest first, and the inputs.
pub fn digest(revision: i32, inputs: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(revision.to_be_bytes()).chain_update(inputs).finalize().into()
}

fn tag(value: Value) -> u8 {
    match value {
        Value::Missing => MISSING,
        Value::Unreported => UNREPORTED,
        Value::Given(number) if number.is_zero() => NOTHING,
        Value::Given(_) => NUMBER,
    }
}

/// The inputs that these bytes are, of a review that was scored with a bundle of this catalogue.
///
/// # Errors
///
/// What is wrong with bytes that [`write`] did not make.
pub fn read<'a>(bytes: &'a [u8], catalogue: &Catalogue) -> Result<(Subject<'a>, MonthFacts), Damaged> {
    let mut rest = bytes;
    if take(&mut rest, 1)? != [VERSION] {
        return Err(Damaged("they are of another version"));
    }
    let (month, posted_from, posted_to) = (day(&mut rest)?, day(&mut rest)?, day(&mut rest)?);
    let month = month.ok_or(Damaged("there is no month"))?;
    let period = Period::new(month.year(), month.month()).filter(|period| period.first_day() == month);
    let subject = Subject {
        employee_no: text(&mut rest)?,
        period: period.ok_or(Damaged("the month is none"))?,
        store: text(&mut rest)?,
        unit: text(&mut rest)?,
        position: text(&mut rest)?,
        posted_from: posted_from.ok_or(Damaged("the posting has no beginning"))?,
        posted_to,
    };
    let added = added(&mut rest)?;
    let facts = facts(&mut rest, catalogue)?.with_added(added);
    match rest {
        [] => Ok((subject, facts)),
        _ => Err(Damaged("there is more than there should be")),
    }
}

fn added(rest: &mut &[u8]) -> Result<Vec<AddedPoints>, Damaged> {
    let count = length(rest)?;
    let mut added = Vec::new();
    for _ in 0..count {
        let rule = text(rest)?.to_owned();
        added.push(AddedPoints { rule, points: number(rest)? });
    }
    Ok(added)
}

fn facts(rest: &mut &[u8], catalogue: &Catalogue) -> Result<MonthFacts, Damaged> {
    let count = length(rest)?;
    if count != catalogue.entries().count() {
        return Err(Damaged("they are of another catalogue"));
    }
    let tags = take(rest, count.div_ceil(4))?;
    let mut places = tags.iter().flat_map(|four| [0, 2, 4, 6].map(|shift| four >> shift & 3));
    let mut values = Vec::with_capacity(count);
    for tag in places.by_ref().take(count) {
        values.push(match tag {
            MISSING => Value::Missing,
            UNREPORTED => Value::Unreported,
            NOTHING => Value::Given(Decimal::ZERO),
            _ => Value::Given(number(rest)?),
        });
    }
    match places.all(|tag| tag == MISSING) {
        true => Ok(MonthFacts::of(values)),
        false => Err(Damaged("there are more places than the catalogue has")),
    }
}

/// A number as scoring reads it: neither 0, which has its own tag, nor with zeros behind it.
fn number(rest: &mut &[u8]) -> Result<Decimal, Damaged> {
    let number = compact::read(rest).ok_or(Damaged("a number is none"))?;
    let is_plain = number.scale() == number.normalize().scale() && !number.is_zero();
    if is_plain { Ok(number) } else { Err(Damaged("a number is spelt in another way")) }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], Damaged> {
    let (taken, left) = rest.split_at_checked(length).ok_or(Damaged("they end too early"))?;
    *rest = left;
    Ok(taken)
}

fn length(rest: &mut &[u8]) -> Result<usize, Damaged> {
    compact::read_count(rest).ok_or(Damaged("a length is none"))
}

fn text<'a>(rest: &mut &'a [u8]) -> Result<&'a str, Damaged> {
    let length = length(rest)?;
    std::str::from_utf8(take(rest, length)?).map_err(|_| Damaged("a text is not UTF-8"))
}

fn day(rest: &mut &[u8]) -> Result<Option<NaiveDate>, Damaged> {
    let (days, left) = rest.split_first_chunk().ok_or(Damaged("they end too early"))?;
    *rest = left;
    match i32::from_le_bytes(*days) {
        0 => Ok(None),
        days => NaiveDate::from_num_days_from_ce_opt(days).map(Some).ok_or(Damaged("a day is none")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shipped() -> Catalogue {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/rules/metrics.toml");
        Catalogue::parse(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn value() -> impl Strategy<Value = Value> {
        let number = |digits, scale| Value::Given(Decimal::from_i128_with_scale(digits, scale).normalize());
        prop_oneof![
            4 => Just(Value::Missing),
            1 => Just(Value::Unreported),
            3 => (-3_i128..2_000_000).prop_map(move |digits| number(digits, 0)),
            2 => (-9_999_999_999_i128..9_999_999_999, 0_u32..19).prop_map(move |(digits, scale)| number(digits, scale)),
        ]
    }

    /// Facts for every place of the catalogue, whatever its length.
    fn all_facts(catalogue: &Catalogue) -> impl Strategy<Value = MonthFacts> + use<> {
        let points = (-999_i64..999).prop_filter("points", |points| *points != 0);
        let added = ("[0-9]{2}_[a-z]{1,9}", points)
            .prop_map(|(rule, points)| AddedPoints { rule, points: Decimal::new(points, 2).normalize() });
        let added = prop::collection::vec(added, 0..3);
        let values = prop::collection::vec(value(), catalogue.entries().count());
        (values, added).prop_map(|(values, added)| MonthFacts::of(values).with_added(added))
    }

    fn somebody() -> Subject<'static> {
        Subject {
            employee_no: "A06",
            period: "2014-03".parse().unwrap(),
            store: "JC",
            unit: "G1",
            position: "sales_consultant",
            posted_from: day("2014-01-01"),
            posted_to: None,
        }
    }

    #[test]
    fn a_month_of_thirty_numbers_takes_two_hundred_bytes() {
        let catalogue = shipped();
        let given = catalogue.entries().take(32).map(|(id, _)| (id, Decimal::new(1234, 2)));
        let bytes = write(&somebody(), &MonthFacts::complete(&catalogue, given));
        assert!(bytes.len() < 220, "{}", bytes.len());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn what_is_written_is_read_back(
            facts in all_facts(&shipped()),
            texts in prop::array::uniform4("[A-Z0-9\\-]{0,9}|[一-十]{1,3}"),
            days in (0_u64..20_000, prop::option::of(0_u64..20_000)),
        ) {
            let from = |days| day("1990-01-01") + chrono::Days::new(days);
            let [employee_no, store, unit, position] = &texts;
            let subject = Subject {
                employee_no, store, unit, position,
                posted_from: from(days.0),
                posted_to: days.1.map(from),
                ..somebody()
            };
            let bytes = write(&subject, &facts);
            prop_assert_eq!(read(&bytes, &shipped()), Ok((subject, facts)));
        }

        /// A byte changed, taken away or added is either found or gives inputs that are stored as just these bytes: what
        /// they score then differs from what is stored beside them.
        #[test]
        fn damage_is_found_or_is_another_input(
            facts in all_facts(&shipped()),
            (at, byte) in (any::<prop::sample::Index>(), any::<u8>()),
        ) {
            let catalogue = shipped();
            let whole = write(&somebody(), &facts);
            let at = at.index(whole.len());
            let mut changed = whole.clone();
            changed[at] = byte;
            if let Ok((subject, facts)) = read(&changed, &catalogue) {
                prop_assert_eq!(write(&subject, &facts), changed);
            }
            prop_assert!(read(&whole[..at], &catalogue).is_err());
            prop_assert!(read(&[&whole[..], &[byte]].concat(), &catalogue).is_err());
        }
    }
}
