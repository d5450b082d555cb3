//! Coefficient sheets in the database.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date, Integer, Nullable, Numeric, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;

use super::lines::{Place, Statement};
use super::{Basis, Capacity, CoefficientLine, NewSignOff, ReplacedLine, SheetHead, SignOff};
use crate::auth::Context;
use crate::db::schema::{coefficient_line, coefficient_sheet};
use crate::db::sql;
use crate::http::Problem;
use crate::period::Period;
use crate::reviews::store::ReviewCycle;
use crate::reviews::tasks::holders::holders;
use crate::rules::scoring::NOT_RATED;
use crate::said::say;

/// The sheets of a cycle with their signatures, in their order.
pub(super) async fn heads(
    connection: &mut AsyncPgConnection,
    cycle_id: i64,
) -> Result<Vec<SheetHead>, Problem> {
    #[derive(QueryableByName)]
    struct Head {
        #[diesel(sql_type = Text)]
        sheet: String,
        #[diesel(sql_type = Text)]
        store: String,
        #[diesel(sql_type = Date)]
        period: Period,
        #[diesel(sql_type = Integer)]
        number: i32,
        #[diesel(sql_type = Timestamptz)]
        created_at: DateTime<Utc>,
        #[diesel(sql_type = Text)]
        created_by: String,
        #[diesel(sql_type = Text)]
        sha256: String,
    }
    #[derive(QueryableByName)]
    struct Signature {
        #[diesel(sql_type = Integer)]
        number: i32,
        #[diesel(sql_type = Text)]
        capacity: Capacity,
        #[diesel(sql_type = BigInt)]
        user_id: i64,
        #[diesel(sql_type = Text)]
        by: String,
        #[diesel(sql_type = Nullable<Text>)]
        by_name: Option<String>,
        #[diesel(sql_type = Timestamptz)]
        at: DateTime<Utc>,
        #[diesel(sql_type = Text)]
        sha256: String,
    }
    let heads: Vec<Head> = sql("SELECT s.name AS sheet, u.code AS store, s.period, s.number, s.created_at,
             l.login AS created_by, s.sha256
         FROM coefficient_sheet s JOIN org_unit u ON u.id = s.store_id JOIN user_account l ON l.id = s.user_id
         WHERE s.cycle_id = $1 ORDER BY s.number")
    .bind::<BigInt, _>(cycle_id)
    .load(connection)
    .await?;
    let signatures: Vec<Signature> =
        sql("SELECT s.number, k.capacity, k.user_id, l.login AS by, e.name AS by_name, k.at, k.sha256
         FROM coefficient_sheet_sign_off k JOIN coefficient_sheet s ON s.id = k.sheet_id
         JOIN user_account l ON l.id = k.user_id LEFT JOIN employee e ON e.id = l.employee_id
         WHERE s.cycle_id = $1 ORDER BY s.number, k.follows NULLS FIRST")
        .bind::<BigInt, _>(cycle_id)
        .load(connection)
        .await?;
    let mut signed = HashMap::<i32, Vec<SignOff>>::new();
    for Signature { number, capacity, user_id, by, by_name, at, sha256 } in signatures {
        let sign_off = SignOff { capacity, by, by_name, at, sha256, user_id: Some(user_id) };
        signed.entry(number).or_default().push(sign_off);
    }
    let heads = heads.into_iter().map(|head| {
        let sign_offs = signed.remove(&head.number).unwrap_or_default();
        SheetHead {
            sheet: head.sheet,
            cycle: cycle_id,
            store: head.store,
            period: head.period,
            number: head.number,
            created_at: head.created_at,
            created_by: head.created_by,
            sha256: head.sha256,
            is_signed_off: sign_offs.len() == Capacity::ALL.len(),
            sign_offs,
        }
    });
    Ok(heads.collect())
}

/// The names of a cycle's sheets, by id.
pub(super) async fn places(
    connection: &mut AsyncPgConnection,
    cycle_id: i64,
) -> Result<HashMap<i64, String>, Problem> {
    let names: Vec<(i64, String)> = coefficient_sheet::table
        .filter(coefficient_sheet::cycle_id.eq(cycle_id))
        .select((coefficient_sheet::id, coefficient_sheet::name))
        .load(connection)
        .await?;
    Ok(names.into_iter().collect())
}

/// A line as it is stored.
#[derive(QueryableByName)]
struct LineRow {
    #[diesel(sql_type = BigInt)]
    sheet_id: i64,
    #[diesel(sql_type = Integer)]
    line: i32,
    #[diesel(sql_type = BigInt)]
    employee_id: i64,
    #[diesel(sql_type = Text)]
    employee_no: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    position: String,
    #[diesel(sql_type = Nullable<Text>)]
    scheme: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    review_id: Option<i64>,
    #[diesel(sql_type = Nullable<Integer>)]
    revision: Option<i32>,
    #[diesel(sql_type = Nullable<Text>)]
    grade: Option<String>,
    #[diesel(sql_type = Nullable<Numeric>)]
    coefficient: Option<Decimal>,
    #[diesel(sql_type = Text)]
    basis: Basis,
    #[diesel(sql_type = Text)]
    sentence: String,
    #[diesel(sql_type = Nullable<Text>)]
    replaced_sheet: Option<String>,
    #[diesel(sql_type = Nullable<Integer>)]
    replaced_line: Option<i32>,
    #[diesel(sql_type = Nullable<Integer>)]
    replaced_revision: Option<i32>,
    #[diesel(sql_type = Nullable<Text>)]
    replaced_grade: Option<String>,
    #[diesel(sql_type = Nullable<Numeric>)]
    replaced_coefficient: Option<Decimal>,
    #[diesel(sql_type = Nullable<Text>)]
    replaced_basis: Option<Basis>,
}

/// Lines (`k`) of sheets (`s`) with what they replace.
macro_rules! lines {
    ($rest:literal) => {
        sql(concat!(
            "SELECT k.sheet_id, k.line, k.employee_id, k.employee_no, k.name, k.position, k.scheme, k.review_id,
                 k.revision, k.grade, k.coefficient, k.basis, k.sentence, o.name AS replaced_sheet,
                 b.line AS replaced_line, b.revision AS replaced_revision, b.grade AS replaced_grade,
                 b.coefficient AS replaced_coefficient, b.basis AS replaced_basis
             FROM coefficient_sheet s JOIN coefficient_line k ON k.sheet_id = s.id
             LEFT JOIN coefficient_line b ON b.sheet_id = k.replaces_sheet_id AND b.line = k.replaces_line
             LEFT JOIN coefficient_sheet o ON o.id = b.sheet_id WHERE s.cycle_id = $1 AND ",
            $rest
        ))
    };
}

/// The lines of a sheet, and the reviews that they tell of with the people whose they are.
pub(super) async fn lines(
    connection: &mut AsyncPgConnection,
    cycle_id: i64,
    number: i32,
) -> Result<(Vec<CoefficientLine>, Vec<(i64, i64)>), Problem> {
    let rows: Vec<LineRow> = lines!("s.number = $2 ORDER BY k.line")
        .bind::<BigInt, _>(cycle_id)
        .bind::<Integer, _>(number)
        .load(connection)
        .await?;
    let read = rows.iter().filter_map(|row| Some((row.review_id?, row.employee_id))).collect();
    Ok((rows.into_iter().map(LineRow::shown).collect(), read))
}

/// The lines of a cycle that nothing has replaced.
pub(super) async fn holding(
    connection: &mut AsyncPgConnection,
    cycle_id: i64,
) -> Result<Vec<(Place, Statement)>, Problem> {
    let rows: Vec<LineRow> = lines!(
        "NOT EXISTS (SELECT FROM coefficient_line later
             WHERE later.replaces_sheet_id = k.sheet_id AND later.replaces_line = k.line)
         ORDER BY s.number, k.line"
    )
    .bind::<BigInt, _>(cycle_id)
    .load(connection)
    .await?;
    Ok(rows.into_iter().map(|row| ((row.sheet_id, row.line), row.said())).collect())
}

impl LineRow {
    fn shown(self) -> CoefficientLine {
        let replaces = match (self.replaced_sheet, self.replaced_line, self.replaced_basis) {
            (Some(sheet), Some(line), Some(basis)) => Some(ReplacedLine {
                sheet,
                line,
                revision: self.replaced_revision,
                grade: self.replaced_grade,
                coefficient: self.replaced_coefficient,
                basis,
            }),
            _ => None,
        };
        CoefficientLine {
            line: self.line,
            employee_no: self.employee_no,
            name: self.name,
            position: self.position,
            scheme: self.scheme,
            review: self.review_id,
            revision: self.revision,
            grade: self.grade,
            coefficient: self.coefficient,
            basis: self.basis,
            sentence: self.sentence,
            replaces,
        }
    }

    fn said(self) -> Statement {
        Statement {
            employee_id: self.employee_id,
            employee_no: self.employee_no,
            name: self.name,
            position: self.position,
            scheme: self.scheme,
            review: self.review_id.zip(self.revision),
            grade: self.grade,
            coefficient: self.coefficient,
            basis: self.basis,
        }
    }
}

/// What the reviews in force of a cycle say.
pub(super) async fn reviewed(
    connection: &mut AsyncPgConnection,
    cycle_id: i64,
) -> Result<Vec<Statement>, Problem> {
    #[derive(QueryableByName)]
    struct InForce {
        #[diesel(sql_type = BigInt)]
        employee_id: i64,
        #[diesel(sql_type = Text)]
        employee_no: String,
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Text)]
        position: String,
        #[diesel(sql_type = Text)]
        scheme: String,
        #[diesel(sql_type = BigInt)]
        id: i64,
        #[diesel(sql_type = Integer)]
        revision: i32,
        #[diesel(sql_type = Text)]
        final_grade: String,
        #[diesel(sql_type = Nullable<Numeric>)]
        coefficient: Option<Decimal>,
        #[diesel(sql_type = Bool)]
        has_failed: bool,
    }
    let reviews: Vec<InForce> =
        sql("SELECT r.employee_id, e.employee_no, e.name, r.position, r.scheme, r.id,
             r.revision, r.final_grade, r.coefficient, r.attention <> '{}' AS has_failed
         FROM review r JOIN employee e ON e.id = r.employee_id WHERE r.cycle_id = $1 AND r.is_current")
        .bind::<BigInt, _>(cycle_id)
        .load(connection)
        .await?;
    let said = |review: InForce| {
        let basis = match review.coefficient {
            Some(_) => Basis::Rated,
            None if review.final_grade == NOT_RATED && !review.has_failed => Basis::NotRated,
            None => Basis::Unscored,
        };
        Statement {
            employee_id: review.employee_id,
            employee_no: review.employee_no,
            name: review.name,
            position: review.position,
            scheme: Some(review.scheme),
            review: Some((review.id, review.revision)),
            grade: review.coefficient.map(|_| review.final_grade),
            coefficient: review.coefficient,
            basis,
        }
    };
    Ok(reviews.into_iter().map(said).collect())
}

/// What is said of people without a review, given by employee number: each with the position last held in the store.
pub(super) async fn unreviewed(
    connection: &mut AsyncPgConnection,
    cycle: &ReviewCycle,
    reasons: &HashMap<String, Basis>,
) -> Result<Vec<Statement>, Problem> {
    #[derive(QueryableByName)]
    struct Person {
        #[diesel(sql_type = BigInt)]
        id: i64,
        #[diesel(sql_type = Text)]
        employee_no: String,
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Text)]
        position: String,
    }
    let people: Vec<Person> = sql("SELECT DISTINCT ON (e.id) e.id, e.employee_no, e.name, a.position
         FROM employee e JOIN assignment a ON a.employee_id = e.id JOIN org_unit u ON u.id = a.unit_id
         WHERE e.employee_no = ANY ($1) AND u.store_id = $2
         AND daterange(a.valid_from, a.valid_to) && daterange($3, $4) ORDER BY e.id, a.valid_from DESC, a.id DESC")
    .over(reasons.len())
    .bind::<Array<Text>, _>(reasons.keys().cloned().collect::<Vec<_>>())
    .bind::<BigInt, _>(cycle.store_id)
    .bind::<Date, _>(cycle.period)
    .bind::<Date, _>(cycle.period.end())
    .load(connection)
    .await?;
    let said = |person: Person| {
        let basis = *reasons.get(&person.employee_no)?;
        Some(Statement {
            employee_id: person.id,
            employee_no: person.employee_no,
            name: person.name,
            position: person.position,
            scheme: None,
            review: None,
            grade: None,
            coefficient: None,
            basis,
        })
    };
    Ok(people.into_iter().filter_map(said).collect())
}

/// A sheet to be written.
pub(super) struct NewSheet<'a> {
    pub(super) cycle: &'a ReviewCycle,
    pub(super) number: i32,
    pub(super) name: &'a str,
    pub(super) by: i64,
    pub(super) sha256: &'a str,
}

/// Writes a sheet with its lines, which are in the order of the statements that they come from.
pub(super) async fn write(
    cx: &mut Context,
    new: &NewSheet<'_>,
    lines: &[CoefficientLine],
    changed: &[(Statement, Option<Place>)],
) -> Result<(), Problem> {
    let now = cx.now;
    let sheet_id: i64 = diesel::insert_into(coefficient_sheet::table)
        .values((
            coefficient_sheet::cycle_id.eq(new.cycle.id),
            coefficient_sheet::store_id.eq(new.cycle.store_id),
            coefficient_sheet::period.eq(new.cycle.period),
            coefficient_sheet::number.eq(new.number),
            coefficient_sheet::name.eq(new.name),
            coefficient_sheet::created_at.eq(now),
            coefficient_sheet::user_id.eq(new.by),
            coefficient_sheet::sha256.eq(new.sha256),
        ))
        .returning(coefficient_sheet::id)
        .get_result(cx.db())
        .await?;
    let rows = lines.iter().zip(changed).map(|(line, (statement, place))| {
        (
            coefficient_line::sheet_id.eq(sheet_id),
            coefficient_line::line.eq(line.line),
            coefficient_line::employee_id.eq(statement.employee_id),
            coefficient_line::employee_no.eq(&line.employee_no),
            coefficient_line::name.eq(&line.name),
            coefficient_line::position.eq(&line.position),
            coefficient_line::scheme.eq(&line.scheme),
            coefficient_line::review_id.eq(line.review),
            coefficient_line::revision.eq(line.revision),
            coefficient_line::grade.eq(&line.grade),
            coefficient_line::coefficient.eq(line.coefficient),
            coefficient_line::basis.eq(line.basis),
            coefficient_line::sentence.eq(&line.sentence),
            coefficient_line::replaces_sheet_id.eq(place.map(|(sheet, _)| sheet)),
            coefficient_line::replaces_line.eq(place.map(|(_, line)| line)),
        )
    });
    let rows = rows.collect::<Vec<_>>();
    // As many as a statement has room for.
    for some in rows.chunks(2000) {
        diesel::insert_into(coefficient_line::table).values(some).execute(cx.db()).await?;
    }
    Ok(())
}

/// Whether somebody in a cycle's store can sign a sheet as its general manager: has the role now, and has not signed it as HR.
pub(super) async fn has_general_manager(
    cx: &mut Context,
    cycle_id: i64,
    number: i32,
) -> Result<bool, Problem> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Bool)]
        is_there: bool,
    }
    let today = cx.today();
    let found: Found = sql(concat!(
        "SELECT EXISTS (SELECT FROM review_cycle c JOIN (",
        holders!("$3"),
        ") AS holder ON holder.store_id = c.store_id WHERE c.id = $1 AND 'general_manager' = ANY (holder.roles)
             AND NOT EXISTS (SELECT FROM coefficient_sheet s JOIN coefficient_sheet_sign_off k ON k.sheet_id = s.id
                 WHERE s.cycle_id = c.id AND s.number = $2 AND k.user_id = holder.user_id)) AS is_there"
    ))
    .bind::<BigInt, _>(cycle_id)
    .bind::<Integer, _>(number)
    .bind::<Date, _>(today)
    .get_result(cx.db())
    .await?;
    Ok(found.is_there)
}

/// Adds a signature.
pub(super) async fn sign(
    cx: &mut Context,
    cycle_id: i64,
    number: i32,
    new: &NewSignOff,
    user_id: i64,
) -> Result<(), Problem> {
    let now = cx.now;
    let signed = sql("INSERT INTO coefficient_sheet_sign_off (sheet_id, capacity, user_id, at, sha256)
         SELECT s.id, $3, $4, $5, s.sha256 FROM coefficient_sheet s
         WHERE s.cycle_id = $1 AND s.number = $2 AND s.sha256 = $6
         AND ($3 <> 'general_manager' OR EXISTS (SELECT FROM coefficient_sheet_sign_off k
             WHERE k.sheet_id = s.id AND k.capacity = 'hr'))")
    .bind::<BigInt, _>(cycle_id)
    .bind::<Integer, _>(number)
    .bind::<Text, _>(new.capacity)
    .bind::<BigInt, _>(user_id)
    .bind::<Timestamptz, _>(now)
    .bind::<Text, _>(new.sha256.clone())
    .execute(cx.db())
    .await?;
    match signed {
        0 => Err(Problem::conflict(say!(
            "人事先签字，总经理后签字",
            "HR signs a sheet off before the general manager does"
        ))),
        _ => Ok(()),
    }
}
