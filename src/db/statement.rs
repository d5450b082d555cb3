//! Statements written in SQL, for what needs common table expressions or windows. Unlike Diesel's own `sql_query` they
//! are prepared once a connection and kept, so that PostgreSQL parses and plans them once and not at every request.

use std::borrow::Cow;
use std::marker::PhantomData;

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::serialize::ToSql;
use diesel::sql_types::{HasSqlType, Untyped};

/// A statement with its values: `$1` in the text is the value that was bound first.
#[must_use = "a statement runs only when it is loaded or executed"]
pub struct Statement<'a> {
    text: Cow<'a, str>,
    values: Vec<Box<dyn QueryFragment<Pg> + Send + 'a>>,
    is_kept: bool,
}

/// Lists that are longer decide how a statement is best planned.
const LONG: usize = 200;

/// A statement of this text. Texts are made from constants only, never from what somebody sent: each stays prepared.
pub fn sql<'a>(text: impl Into<Cow<'a, str>>) -> Statement<'a> {
    Statement { text: text.into(), values: Vec::new(), is_kept: true }
}

/// A statement of those pieces that are asked for. Each combination is a text of its own and planned by itself, by the
/// index that serves it; what is bound for a piece that is left out does no harm.
pub fn sql_of<'a, const N: usize>(pieces: [(bool, &str); N]) -> Statement<'a> {
    let asked = pieces.into_iter().filter(|(is_asked, _)| *is_asked);
    sql(asked.map(|(_, piece)| piece).collect::<String>())
}

/// The rows of a list of this length that is bound as `list`, with one column, under a name. PostgreSQL takes lists for ten long in a
/// plan that it keeps, and would rather plan anew each time for a list that it sees to be shorter. So it does not see a short one, and
/// that it is one stands in the text.
pub fn rows_of(list: &str, length: usize, name: &str, column: &str) -> String {
    match length {
        1 => format!("(SELECT unnest({list}) AS {column} LIMIT 1) AS {name}"),
        ..=LONG => format!("unnest(ARRAY(SELECT unnest({list}))) AS {name} ({column})"),
        _ => format!("unnest({list}) AS {name} ({column})"),
    }
}

/// What is one of a list of this length that is bound as `list`, like [`rows_of`].
pub fn one_of(list: &str, length: usize) -> String {
    match length {
        1 => format!("= (SELECT unnest({list}) LIMIT 1)"),
        ..=LONG => format!("= ANY (ARRAY(SELECT unnest({list})))"),
        _ => format!("= ANY ({list})"),
    }
}

impl<'a> Statement<'a> {
    /// Says how long the lists are that are bound. A plan that is kept is made for short ones, and would go through
    /// long ones person by person; with those the statement is planned for its own values and forgotten.
    pub fn over(mut self, length: usize) -> Self {
        self.is_kept = length <= LONG;
        self
    }

    /// Binds the next value.
    pub fn bind<T, V>(mut self, value: V) -> Self
    where
        T: Send + 'a,
        V: ToSql<T, Pg> + Send + 'a,
        Pg: HasSqlType<T>,
    {
        self.values.push(Box::new(Value { value, kind: PhantomData::<T> }));
        self
    }
}

struct Value<T, V> {
    value: V,
    kind: PhantomData<T>,
}

impl<T, V> QueryFragment<Pg> for Value<T, V>
where
    V: ToSql<T, Pg>,
    Pg: HasSqlType<T>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_bind_param_value_only(&self.value)
    }
}

impl QueryFragment<Pg> for Statement<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        if !self.is_kept {
            out.unsafe_to_cache_prepared();
        }
        out.push_sql(&self.text);
        self.values.iter().try_for_each(|value| value.walk_ast(out.reborrow()))
    }
}

/// The statement cache goes by the text.
impl QueryId for Statement<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Statement<'_> {
    type SqlType = Untyped;
}
