//! A person as a whole: who it is, since when nobody is posted any more, and what is left once everything is erased.

use chrono::NaiveDate;
use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Date, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::erase::left;
use crate::auth::Context;
use crate::auth::scope::{CallerScope, reaches_month};
use crate::db::{sql, sql_of};
use crate::http::Problem;

/// Somebody whose data may be erased.
#[derive(Clone, Debug, QueryableByName)]
pub(super) struct Person {
    #[diesel(sql_type = BigInt)]
    pub(super) id: i64,
    #[diesel(sql_type = Text)]
    pub(super) employee_no: String,
    /// The last day of the last posting; none where there never was one, or one has no end yet.
    #[diesel(sql_type = Nullable<Date>)]
    pub(super) left_on: Option<NaiveDate>,
    /// Whether a posting has no end yet.
    #[diesel(sql_type = Bool)]
    pub(super) is_posted: bool,
    /// Whether there is a hold on the person, on a store of theirs, or on everybody.
    #[diesel(sql_type = Bool)]
    pub(super) is_held: bool,
    /// Whether everything was erased already.
    #[diesel(sql_type = Bool)]
    pub(super) is_erased: bool,
}

/// People with what their postings say.
const PEOPLE: &str = "SELECT e.id, e.employee_no, p.left_on, coalesce(p.is_posted, false) AS is_posted,
        EXISTS (SELECT FROM legal_hold h WHERE h.released_at IS NULL AND (h.employee_id = e.id
            OR num_nonnulls(h.employee_id, h.store_id) = 0
            OR h.store_id IN (SELECT u.store_id FROM assignment a JOIN org_unit u ON u.id = a.unit_id WHERE a.employee_id = e.id)))
            AS is_held,
        EXISTS (SELECT FROM erasure x WHERE x.employee_id = e.id AND x.state = 'erased') AS is_erased
    FROM employee e LEFT JOIN LATERAL (
        SELECT bool_or(a.valid_to IS NULL) AS is_posted,
            CASE WHEN bool_and(a.valid_to IS NOT NULL) THEN max(a.valid_to) - 1 END AS left_on
        FROM assignment a WHERE a.employee_id = e.id) p ON true";

/// One of the postings of `e` was in a unit that the scope $2 reached in its last month, as of the day $3.
pub(super) const REACHED: &str = concat!(
    " AND ((($2).everything) OR EXISTS (SELECT FROM assignment a WHERE a.employee_id = e.id AND ",
    reaches_month!("$2", "a.unit_id", "date_trunc('month', least(coalesce(a.valid_to - 1, $3), $3))::date"),
    "))"
);

/// The person of a number, if the caller reaches one of the units where the person is or was posted.
pub(super) async fn reached(cx: &mut Context, employee_no: &str) -> Result<Option<Person>, Problem> {
    let (scope, today) = (cx.scope.clone(), cx.today());
    Ok(sql_of([(true, PEOPLE), (true, " WHERE e.employee_no = $1"), (true, REACHED)])
        .bind::<Text, _>(employee_no.to_owned())
        .bind::<CallerScope, _>(scope)
        .bind::<Date, _>(today)
        .get_result(cx.db())
        .await
        .optional()?)
}

/// The person of an id, if the caller reaches one of the units where the person is or was posted.
pub(super) async fn of_id(cx: &mut Context, id: i64) -> Result<Option<Person>, Problem> {
    let (scope, today) = (cx.scope.clone(), cx.today());
    Ok(sql_of([(true, PEOPLE), (true, " WHERE e.id = $1"), (true, REACHED)])
        .bind::<BigInt, _>(id)
        .bind::<CallerScope, _>(scope)
        .bind::<Date, _>(today)
        .get_result(cx.db())
        .await
        .optional()?)
}

/// Those whom the caller reaches, who are not erased yet, and whose last day was before `before`; by that day.
pub(super) async fn who_left(cx: &mut Context, before: NaiveDate) -> Result<Vec<Person>, Problem> {
    let (scope, today) = (cx.scope.clone(), cx.today());
    Ok(sql_of([
        (true, PEOPLE),
        (true, " WHERE p.left_on < $1 AND NOT EXISTS (SELECT FROM erasure x WHERE x.employee_id = e.id AND x.state = 'erased')"),
        (true, REACHED),
        (true, " ORDER BY p.left_on, e.id"),
    ])
    .bind::<Date, _>(before)
    .bind::<CallerScope, _>(scope)
    .bind::<Date, _>(today)
    .load(cx.db())
    .await?)
}

/// Where a person ($1, with the number $2) is named besides the data of months; $3 is the erasure, $4 the pseudonym. In this
/// order: what names the person is found before the number is gone.
const EVERYWHERE: &[&str] = &[
    // What the trail says of the person, the person's login, postings, leaderships and holds, and wherever it has the number or the
    // login as a value.
    concat!(
        "WITH word AS MATERIALIZED (
             SELECT to_json(e.employee_no)::text AS word FROM employee e WHERE e.id = $1
             UNION SELECT to_json(u.login)::text FROM user_account u WHERE u.employee_id = $1),
         subject AS MATERIALIZED (
             SELECT 'user/' || u.id AS subject FROM user_account u WHERE u.employee_id = $1
             UNION SELECT 'assignment/' || a.id FROM assignment a WHERE a.employee_id = $1
             UNION SELECT 'team_leadership/' || l.id FROM team_leadership l WHERE l.employee_id = $1
             UNION SELECT 'legal_hold/' || h.id FROM legal_hold h WHERE h.employee_id = $1),
         emptied AS (
             UPDATE audit_entry a SET detail = ",
        left!(),
        ", salt = NULL, subject = CASE WHEN a.subject = 'employee/' || $2 THEN 'employee/' || $4 ELSE a.subject END
             WHERE a.action <> 'erase' AND (a.subject = 'employee/' || $2
                 OR (a.detail <> ",
        left!(),
        " AND (a.subject IN (SELECT s.subject FROM subject s)
                     OR EXISTS (SELECT FROM word w WHERE position(w.word IN a.detail::text) > 0))))
             RETURNING a.id, audit_digest(a) AS sha256)
         INSERT INTO erased_entry (erasure_id, entry_id, sha256) SELECT $3, e.id, e.sha256 FROM emptied e"
    ),
    "DELETE FROM idempotency_key k WHERE k.user_id IN (SELECT u.id FROM user_account u WHERE u.employee_id = $1)
         OR position(to_json($2::text)::text IN k.response) > 0",
    // Plans name people by number where they say by which weights they were split.
    "UPDATE annual_plan p SET split = replace(p.split::text, '\"employee_no\": ' || to_json($2::text)::text,
         '\"employee_no\": ' || to_json($4::text)::text)::jsonb
     WHERE position('\"employee_no\": ' || to_json($2::text)::text IN p.split::text) > 0",
    "UPDATE plan_proposal p SET body = replace(p.body::text, '\"employee_no\": ' || to_json($2::text)::text,
         '\"employee_no\": ' || to_json($4::text)::text)::jsonb
     WHERE position('\"employee_no\": ' || to_json($2::text)::text IN p.body::text) > 0",
    "UPDATE coefficient_line l SET employee_no = $4, name = '〔已删除〕' WHERE l.employee_id = $1",
    // Reasons that were given about the person, save the one that stands for what happens now.
    "UPDATE legal_hold h SET reason = '〔已删除〕', release_reason = CASE WHEN h.release_reason IS NOT NULL THEN '〔已删除〕' END
     WHERE h.employee_id = $1",
    "UPDATE erasure x SET reason = '〔已删除〕', note = CASE WHEN x.note IS NOT NULL THEN '〔已删除〕' END
     WHERE x.employee_id = $1 AND x.state IN ('rejected', 'withdrawn')",
    // Who witnessed that others would not sign. A name that somebody else has, too, is not known to be this person's.
    "UPDATE review_acknowledgement a SET witnesses = ARRAY(
         SELECT CASE WHEN w.name = e.employee_no OR w.name = e.name AND NOT namesake.is_there THEN $4 ELSE w.name END
         FROM unnest(a.witnesses) WITH ORDINALITY AS w (name, place) ORDER BY w.place)
     FROM employee e CROSS JOIN LATERAL (
         SELECT EXISTS (SELECT FROM employee o WHERE o.name = e.name AND o.id <> e.id) AS is_there) AS namesake
     WHERE e.id = $1 AND (e.employee_no = ANY (a.witnesses) OR e.name = ANY (a.witnesses) AND NOT namesake.is_there)",
    "DELETE FROM sign_in_count c USING user_account u WHERE u.id = c.user_id AND u.employee_id = $1",
    // As everybody does who ends sessions: first the login, then its tokens.
    "SELECT FROM user_account u WHERE u.employee_id = $1 FOR NO KEY UPDATE",
    "DELETE FROM refresh_token t USING user_account u WHERE u.id = t.user_id AND u.employee_id = $1",
    "UPDATE user_account u SET login = $4, password_hash = '', is_disabled = true, version = u.version + 1
     WHERE u.employee_id = $1",
    "UPDATE employee e SET employee_no = $4, name = '〔已删除〕', status = 'left', version = e.version + 1 WHERE e.id = $1",
];

/// Makes a person a pseudonym that nothing leads back from, wherever the person is named; gives the pseudonym.
pub(super) async fn forget(
    connection: &mut AsyncPgConnection,
    person: &Person,
    erasure: i64,
) -> Result<String, Problem> {
    #[derive(QueryableByName)]
    struct Pseudonym {
        #[diesel(sql_type = Text)]
        pseudonym: String,
    }
    let Pseudonym { pseudonym } =
        sql("SELECT 'erased-' || left(replace(gen_random_uuid()::text, '-', ''), 16) AS pseudonym")
            .get_result(connection)
            .await?;
    for statement in EVERYWHERE {
        sql(*statement)
            .bind::<BigInt, _>(person.id)
            .bind::<Text, _>(person.employee_no.clone())
            .bind::<BigInt, _>(erasure)
            .bind::<Text, _>(pseudonym.clone())
            .execute(connection)
            .await?;
    }
    Ok(pseudonym)
}
