//! Wrong passwords and the pauses that follow from them. They are counted in PostgreSQL, so that several servers agree.
//!
//! A pause grows with every wrong password: of a login from one address, of a login from wherever, and of an address
//! whatever the login. Whoever has signed in to a login from an address before is held up there only by what was tried
//! with that login from that address, so a stranger elsewhere cannot keep somebody out. What is tried during a pause is
//! refused unseen and does not prolong it, and every pause ends by itself.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Bytea, Integer, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::context::Context;
use crate::db::schema::sign_in_count;
use crate::db::sql;
use crate::http::{Code, Page, Problem, Window};
use crate::said::say;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A login from one address.
    Both,
    /// A login from wherever.
    Login,
    /// An address, whatever the login.
    Address,
}

impl Kind {
    /// So many wrong passwords have no consequence.
    const fn free(self) -> i32 {
        match self {
            Self::Both => 5,
            Self::Login => 20,
            // A store's people share one.
            Self::Address => 40,
        }
    }

    /// The longest pause.
    const fn longest(self) -> TimeDelta {
        match self {
            Self::Both => TimeDelta::minutes(15),
            Self::Login => TimeDelta::minutes(5),
            Self::Address => TimeDelta::minutes(1),
        }
    }

    /// Until when nobody tries again after so many wrong passwords, the last of which came `at` then.
    fn pause(self, failures: i32, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let over = u32::try_from(failures - self.free()).ok().filter(|over| *over > 0)?;
        let seconds = 1_i64.checked_shl(over.min(20) - 1)?;
        Some(at + TimeDelta::seconds(seconds).min(self.longest()))
    }
}

/// A count without another wrong password begins anew after so long.
const FORGOTTEN: TimeDelta = TimeDelta::days(1);
/// Who signed in from an address is known there for so long.
const KNOWN: TimeDelta = TimeDelta::days(90);
/// So many old counts are taken away at a time.
const CLEARED: i64 = 100;

/// Somebody who tries to sign in.
#[derive(Clone, Debug)]
pub struct Attempt {
    login: String,
    address: Option<IpAddr>,
}

#[derive(Debug, QueryableByName)]
struct Counted {
    #[diesel(sql_type = Bytea)]
    subject: Vec<u8>,
    #[diesel(sql_type = Integer)]
    failures: i32,
    #[diesel(sql_type = Timestamptz)]
    failed_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    signed_in_at: Option<DateTime<Utc>>,
}

impl Attempt {
    /// With this login, from this address, if it is known.
    pub fn new(login: &str, address: Option<IpAddr>) -> Self {
        Self { login: login.to_lowercase(), address }
    }

    /// What it is counted as.
    fn subjects(&self) -> impl Iterator<Item = (Kind, Vec<u8>)> {
        let address = self.address.map(|address| address.to_canonical().to_string());
        let hash = |login: &str, address: &str| {
            // No address has such a character, so no two mean the same.
            Sha256::digest(format!("{address}\n{login}")).to_vec()
        };
        let login = (Kind::Login, hash(&self.login, "any"));
        let of_address = address.into_iter().flat_map(move |address| {
            [(Kind::Both, hash(&self.login, &address)), (Kind::Address, hash("", &format!("all {address}")))]
        });
        std::iter::once(login).chain(of_address)
    }

    /// Refuses what comes during a pause.
    ///
    /// # Errors
    ///
    /// Too many wrong passwords until now, with the seconds that are left of the pause.
    pub async fn check(&self, connection: &mut AsyncPgConnection, now: DateTime<Utc>) -> Result<(), Problem> {
        let subjects = Vec::from_iter(self.subjects());
        let hashes = subjects.iter().map(|(_, hash)| hash.as_slice()).collect::<Vec<_>>();
        let counted: Vec<Counted> =
            sql("SELECT subject, failures, failed_at, signed_in_at FROM sign_in_count \
                 WHERE subject = ANY ($1)")
            .bind::<Array<Bytea>, _>(hashes)
            .load(connection)
            .await?;
        let counted = counted.iter().filter_map(|one| {
            let (kind, _) = subjects.iter().find(|(_, hash)| *hash == one.subject)?;
            Some((*kind, one))
        });
        let counted = Vec::from_iter(counted);
        let is_known = counted
            .iter()
            .any(|(kind, one)| *kind == Kind::Both && one.signed_in_at.is_some_and(|at| at + KNOWN > now));
        let pauses = counted.iter().filter(|(kind, _)| *kind == Kind::Both || !is_known);
        let until = pauses.filter_map(|(kind, one)| kind.pause(one.failures, one.failed_at)).max();
        match until.filter(|until| *until > now) {
            None => Ok(()),
            Some(until) => {
                let seconds = ((until - now).num_milliseconds() + 999) / 1000;
                let detail = say!(
                    "密码错误次数太多，请 {seconds} 秒后再试",
                    "too many wrong passwords; try again in {seconds} seconds"
                );
                Err(Problem::new(Code::TooManyRequests, detail).after(seconds))
            }
        }
    }

    /// Counts a wrong password, of this login if there is such a login.
    pub async fn failed(
        &self,
        connection: &mut AsyncPgConnection,
        user_id: Option<i64>,
        now: DateTime<Utc>,
    ) -> Result<(), Problem> {
        let (mut hashes, mut users, mut addresses, mut are_of_logins) = (vec![], vec![], vec![], vec![]);
        let address = self.address.map(|address| address.to_canonical().to_string());
        for (kind, hash) in self.subjects() {
            hashes.push(hash);
            users.push(user_id.filter(|_| kind != Kind::Address));
            addresses.push(address.clone().filter(|_| kind != Kind::Login));
            are_of_logins.push(kind != Kind::Address);
        }
        // In one order, so that no two wait for each other.
        sql("INSERT INTO sign_in_count AS c (subject, user_id, address, is_of_login, failures, failed_at) \
             SELECT n.subject, n.user_id, n.address, n.is_of_login, 1, $5 \
             FROM unnest($1, $2, $3, $4) AS n (subject, user_id, address, is_of_login) ORDER BY n.subject \
             ON CONFLICT (subject) DO UPDATE SET failed_at = $5, user_id = EXCLUDED.user_id, \
                 failures = CASE WHEN c.failed_at < $6 THEN 1 ELSE least(c.failures + 1, 1000000) END")
        .bind::<Array<Bytea>, _>(hashes)
        .bind::<Array<Nullable<BigInt>>, _>(users)
        .bind::<Array<Nullable<Text>>, _>(addresses)
        .bind::<Array<Bool>, _>(are_of_logins)
        .bind::<Timestamptz, _>(now)
        .bind::<Timestamptz, _>(now - FORGOTTEN)
        .execute(connection)
        .await?;
        sql("DELETE FROM sign_in_count WHERE id IN (SELECT id FROM sign_in_count \
                 WHERE failed_at < $1 AND (signed_in_at IS NULL OR signed_in_at < $2) \
                 LIMIT $3 FOR UPDATE SKIP LOCKED)")
        .bind::<Timestamptz, _>(now - FORGOTTEN)
        .bind::<Timestamptz, _>(now - KNOWN)
        .bind::<BigInt, _>(CLEARED)
        .execute(connection)
        .await?;
        Ok(())
    }

    /// Knows this login at this address from now on, and forgets what went wrong between the two.
    pub async fn succeeded(
        &self,
        connection: &mut AsyncPgConnection,
        user_id: i64,
        now: DateTime<Utc>,
    ) -> Result<(), Problem> {
        let Some((_, subject)) = self.subjects().find(|(kind, _)| *kind == Kind::Both) else { return Ok(()) };
        let address = self.address.map(|address| address.to_canonical().to_string());
        sql("INSERT INTO sign_in_count (subject, user_id, address, is_of_login, failures, failed_at, signed_in_at) \
             VALUES ($1, $2, $3, true, 0, $4, $4) \
             ON CONFLICT (subject) DO UPDATE SET failures = 0, signed_in_at = $4, user_id = EXCLUDED.user_id")
        .bind::<Bytea, _>(subject)
        .bind::<BigInt, _>(user_id)
        .bind::<Nullable<Text>, _>(address)
        .bind::<Timestamptz, _>(now)
        .execute(connection)
        .await?;
        Ok(())
    }
}

/// Forgets what went wrong with a login, for whoever has given it a new password.
pub async fn forget(connection: &mut AsyncPgConnection, user_id: i64) -> Result<(), Problem> {
    diesel::update(sign_in_count::table.filter(sign_in_count::user_id.eq(user_id)))
        .set(sign_in_count::failures.eq(0))
        .execute(connection)
        .await?;
    Ok(())
}

/// Wrong passwords of the last day.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct WrongPasswords {
    /// The login; none where all that came from the address is counted.
    pub login: Option<String>,
    /// The address; none where all that was tried with the login is counted.
    pub address: Option<String>,
    /// How many.
    pub failures: i32,
    /// When the last one came.
    pub failed_at: DateTime<Utc>,
    /// Until when no more is tried, if there is a pause now.
    pub paused_until: Option<DateTime<Utc>>,
}

#[derive(Queryable)]
struct Row {
    id: i64,
    login: Option<String>,
    address: Option<String>,
    is_of_login: bool,
    failures: i32,
    failed_at: DateTime<Utc>,
}

/// A page of the wrong passwords of the last day: of logins that there are, and of addresses.
pub async fn list(cx: &mut Context, window: Window) -> Result<Page<WrongPasswords>, Problem> {
    use crate::db::schema::user_account;

    let now = cx.now;
    let rows: Vec<Row> = sign_in_count::table
        .left_join(user_account::table.on(sign_in_count::user_id.eq(user_account::id.nullable())))
        .filter(sign_in_count::id.gt(window.after).and(sign_in_count::failures.gt(0)))
        .filter(sign_in_count::failed_at.ge(now - FORGOTTEN))
        .filter(sign_in_count::user_id.is_not_null().or(sign_in_count::is_of_login.eq(false)))
        .order(sign_in_count::id)
        .limit(window.rows())
        .select((
            sign_in_count::id,
            user_account::login.nullable(),
            sign_in_count::address,
            sign_in_count::is_of_login,
            sign_in_count::failures,
            sign_in_count::failed_at,
        ))
        .load(cx.db())
        .await?;
    let Page { items, next_cursor } = window.page(rows, |row| row.id);
    let items = items.into_iter().map(|row| {
        let kind = match (row.is_of_login, &row.address) {
            (false, _) => Kind::Address,
            (true, Some(_)) => Kind::Both,
            (true, None) => Kind::Login,
        };
        let paused_until = kind.pause(row.failures, row.failed_at).filter(|until| *until > now);
        let Row { login, address, failures, failed_at, .. } = row;
        WrongPasswords { login, address, failures, failed_at, paused_until }
    });
    Ok(Page { items: items.collect(), next_cursor })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_doubles_up_to_its_longest() {
        let at: DateTime<Utc> = "2014-05-15T08:00:00Z".parse().unwrap();
        let seconds = |kind: Kind, failures| kind.pause(failures, at).map(|until| (until - at).num_seconds());
        assert_eq!(
            [5, 6, 7, 8].map(|failures| seconds(Kind::Both, failures)),
            [None, Some(1), Some(2), Some(4)]
        );
        for (kind, longest) in [(Kind::Both, 900), (Kind::Login, 300), (Kind::Address, 60)] {
            assert_eq!(seconds(kind, kind.free()), None);
            assert_eq!(seconds(kind, kind.free() + 1), Some(1));
            assert_eq!(seconds(kind, 1_000_000), Some(longest));
        }
        assert_eq!(seconds(Kind::Both, 0), None);
    }

    #[test]
    fn what_is_counted_is_told_apart() {
        let of = |login: &str, address: &str| Attempt::new(login, Some(address.parse().unwrap()));
        let hashes = |attempt: &Attempt| attempt.subjects().map(|(_, hash)| hash).collect::<Vec<_>>();
        assert_eq!(hashes(&of("HR", "::ffff:10.0.0.1")), hashes(&of("hr", "10.0.0.1")));
        let mut all = hashes(&of("hr", "10.0.0.1"));
        all.extend(hashes(&of("hr2", "10.0.0.2")));
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 6);
        assert_eq!(Attempt::new("hr", None).subjects().count(), 1);
    }
}
