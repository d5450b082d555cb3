//! What stands within the lists and maps of bodies: the OpenAPI document says how much each of it may be, and what holds bodies to it
//! stands at the fields themselves.

use std::ops::RangeInclusive;

use rust_decimal::Decimal;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType};
use utoipa::openapi::{KnownFormat, RefOr, Schema, SchemaFormat, Type};
use utoipa::{Number, PartialSchema, ToSchema};

use super::body::refused;
use crate::said::say;

/// A whole number within a range, as the document says it.
fn whole(least: isize, most: isize) -> RefOr<Schema> {
    let format = SchemaFormat::KnownFormat(if most > 255 { KnownFormat::Int64 } else { KnownFormat::Int32 });
    let number = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Integer)).format(Some(format));
    number.minimum(Some(Number::Int(least))).maximum(Some(Number::Int(most))).into()
}

/// A text that is not too long.
fn text(least: usize, most: usize) -> RefOr<Schema> {
    let text = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String));
    text.min_length(Some(least).filter(|least| *least > 0)).max_length(Some(most)).into()
}

/// A file as it is, of at most so many bytes.
fn file(most: usize) -> RefOr<Schema> {
    let file = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String));
    file.format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary))).max_length(Some(most)).into()
}

/// At least and at most so many values, each under a name of its own.
fn map(value: RefOr<Schema>, least: usize, most: usize) -> RefOr<Schema> {
    let map =
        ObjectBuilder::new().schema_type(SchemaType::Type(Type::Object)).additional_properties(Some(value));
    map.min_properties(Some(least).filter(|least| *least > 0)).max_properties(Some(most)).into()
}

/// Describes something for the document.
macro_rules! described {
    ($($(#[$doc:meta])* $name:ident = $schema:expr;)+) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub struct $name;

            impl PartialSchema for $name {
                fn schema() -> RefOr<Schema> {
                    $schema
                }
            }

            impl ToSchema for $name {}
        )+
    };
}

described! {
    /// How many, or how much, of something that is planned or counted; or a weight, relative to the others.
    Amount = whole(0, 1_000_000_000_000);
    /// A calendar year.
    Year = whole(1900, 2999);
    /// Percent of something whole.
    Percent = whole(0, 100);
    /// A day of the week, from Monday on.
    Weekday = whole(1, 7);
    /// An id.
    Id = whole(1, isize::MAX);
    /// A value of a metric, or none.
    MetricValue = {
        let kinds = SchemaType::Array(vec![Type::Number, Type::Null]);
        let most = Number::Int(1_000_000_000_000);
        let value = ObjectBuilder::new().schema_type(kinds).format(Some(SchemaFormat::KnownFormat(KnownFormat::Double)));
        value.minimum(Some(Number::Int(-1_000_000_000_000))).maximum(Some(most)).into()
    };
    /// The code of something, or the number of a person.
    GivenCode = text(1, 32);
    /// The name of something.
    Name = text(1, 64);
    /// Comments, by the name of the rule.
    Comments = map(text(1, 1000), 0, 1000);
    /// Values, by the name of the metric.
    MetricValues = map(MetricValue::schema(), 0, 1000);
    /// What the files of rules have in them, by their paths.
    RuleFiles = map(text(0, 4 * 1024 * 1024), 1, 1000);
    /// A file of rules.
    RuleFile = file(4 * 1024 * 1024);
    /// A sheet or a workbook.
    SheetFile = file(50 * 1024 * 1024);
    /// What an appeal rests on.
    EvidenceFile = file(5 * 1024 * 1024);
    /// A year's public holidays.
    HolidayFile = file(64 * 1024);
}

/// Refuses a number beyond a range: for fields.
pub fn within(range: RangeInclusive<i64>) -> impl FnOnce(&Decimal, &()) -> garde::Result {
    move |number, _| {
        let (least, most) = (*range.start(), *range.end());
        match (Decimal::from(least)..=Decimal::from(most)).contains(number) {
            true => Ok(()),
            false => Err(refused(&say!("应为 {least} 到 {most}", "expected {least} to {most}"))),
        }
    }
}
