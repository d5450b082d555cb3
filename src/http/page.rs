//! Pages of a list: a cursor says behind which row the next page begins.

use std::future::{Ready, ready};
use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::problem::Problem;
use super::query;
use crate::said::say;

/// Rows of a page when the caller does not say.
const DEFAULT_LIMIT: i64 = 50;
/// Most rows of a page; [`Window::limit_clause`] knows of it, too.
const MAX_LIMIT: i64 = 500;

/// No id or position of ours comes near; one can count on from here.
const MAX_AFTER: i64 = i64::MAX / 2;

/// Where a page begins and how long it is.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// The `next_cursor` of the previous page.
    pub cursor: Option<String>,
    /// Rows per page, 1 to 500; 50 by default.
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<i64>,
}

/// Which rows of a list are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Id behind which the page begins.
    pub after: i64,
    /// Rows of the page.
    pub limit: i64,
}

impl Window {
    /// Just the first row: what is sought by its key.
    pub const ONE: Self = Self { after: 0, limit: 1 };

    /// How many rows to read: one more than the page has, to learn whether another page follows.
    pub fn rows(self) -> i64 {
        self.limit.saturating_add(1)
    }

    /// The end of a statement that reads at least so many rows. PostgreSQL plans a statement once, whatever is bound later,
    /// and has to know by then that few rows are wanted; there are few texts, so that each stays prepared.
    pub fn limit_clause(self) -> &'static str {
        match self.limit {
            ..=20 => " LIMIT 21",
            21..=50 => " LIMIT 51",
            51..=100 => " LIMIT 101",
            _ => " LIMIT 501",
        }
    }

    /// Makes a page of the rows that were read.
    pub fn page<T>(self, mut rows: Vec<T>, id: impl Fn(&T) -> i64) -> Page<T> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor =
            rows.last().filter(|_| has_more).map(|row| URL_SAFE_NO_PAD.encode(id(row).to_string()));
        Page { items: rows, next_cursor }
    }

    /// The first rows of what is no list of pages.
    pub fn first(asked: Option<i64>) -> Result<Self, Problem> {
        Ok(Self { after: 0, limit: limit(asked)? })
    }

    fn of(asked: PageQuery) -> Result<Self, Problem> {
        Ok(Self { after: after(asked.cursor.as_deref())?, limit: limit(asked.limit)? })
    }
}

/// The query of a list: a filter besides `cursor` and `limit`. Its operation declares `params(F, PageQuery)`.
#[derive(Debug)]
pub struct Paged<F = NoFilter> {
    filter: F,
    /// Which page.
    pub window: Window,
}

/// Of a list that has no filter.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoFilter {}

impl<F> Paged<F> {
    /// The filter by itself.
    pub fn into_filter(self) -> F {
        self.filter
    }
}

impl<F> Deref for Paged<F> {
    type Target = F;

    fn deref(&self) -> &F {
        &self.filter
    }
}

impl<F: DeserializeOwned> FromRequest for Paged<F> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (paging, rest): (Vec<_>, Vec<_>) = request.query_string().split('&').partition(|pair| {
            let name = pair.split('=').next().unwrap_or_default();
            matches!(name, "cursor" | "limit")
        });
        let read = || {
            let window = Window::of(query::parse(&paging.join("&"))?)?;
            Ok(Self { filter: query::parse(&rest.join("&"))?, window })
        };
        ready(read())
    }
}

/// A page of a list.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Send this as `cursor` to get the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// How many rows a page has.
fn limit(asked: Option<i64>) -> Result<i64, Problem> {
    match asked {
        None => Ok(DEFAULT_LIMIT),
        Some(limit) if (1..=MAX_LIMIT).contains(&limit) => Ok(limit),
        Some(_) => Err(Problem::field("limit", say!("应为 1 到 {MAX_LIMIT}", "expected 1 to {MAX_LIMIT}"))),
    }
}

/// The id behind which the page begins.
fn after(cursor: Option<&str>) -> Result<i64, Problem> {
    let Some(cursor) = cursor else { return Ok(0) };
    URL_SAFE_NO_PAD
        .decode(cursor)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| text.parse().ok())
        .filter(|after| (0..=MAX_AFTER).contains(after))
        .ok_or_else(|| {
            let said = say!("应为前一页给出的 next_cursor", "expected the next_cursor of an earlier page");
            Problem::field("cursor", said)
        })
}
