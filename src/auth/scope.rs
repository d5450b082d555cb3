//! Which rows somebody reaches: one value in the program, one parameter in SQL.

use diesel::expression::AsExpression;
use diesel::pg::Pg;
use diesel::query_builder::QueryId;
use diesel::serialize::{self, Output, ToSql, WriteTuple};
use diesel::sql_types::{Array, BigInt, Bool, Nullable, SqlType, Text};

use super::access::{Reach, Role};
use super::identity::Identity;

/// PostgreSQL's type `caller_scope`.
#[derive(Debug, QueryId, SqlType)]
#[diesel(postgres_type(name = "caller_scope"))]
pub struct CallerScope;

/// The rows that a caller reaches. Bound as one parameter, it is what the macro `reaches!` asks.
#[derive(Clone, Debug, PartialEq, Eq, AsExpression)]
#[diesel(sql_type = CallerScope)]
pub struct Scope {
    /// The reaches of the caller's roles.
    pub reaches: Vec<&'static str>,
    /// The employee behind the login; 0 for none.
    pub employee_id: i64,
    /// The unit the login is confined to; 0 for none.
    pub unit_id: i64,
}

impl Scope {
    /// Everybody: the scope of the operator at the command line, and of the program itself.
    pub fn operator() -> Self {
        Self { reaches: vec![Reach::All.name()], employee_id: 0, unit_id: 0 }
    }

    /// The scope that `reach_of` gives the roles of `identity`.
    pub fn of(identity: &Identity, reach_of: impl Fn(Role) -> Option<Reach>) -> Self {
        Self {
            reaches: identity.roles.iter().filter_map(|role| reach_of(*role)).map(Reach::name).collect(),
            employee_id: identity.employee_id.unwrap_or(0),
            unit_id: identity.unit_id.unwrap_or(0),
        }
    }

    /// Whether it reaches nothing at all.
    pub fn is_empty(&self) -> bool {
        self.reaches.is_empty()
    }

    /// The unit to which a login without an employee is confined, if that reaches it as a whole: then it does in every month.
    pub fn confined_to(&self) -> Option<i64> {
        let is_whole = [Reach::Store, Reach::All].iter().any(|reach| self.reaches.contains(&reach.name()));
        (self.unit_id != 0 && self.employee_id == 0 && is_whole).then_some(self.unit_id)
    }

    /// Whether it reaches everybody everywhere.
    pub fn is_everything(&self) -> bool {
        self.unit_id == 0 && self.reaches.contains(&Reach::All.name())
    }
}

impl ToSql<CallerScope, Pg> for Scope {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        // Without a role that allows the action, not even the own person is reached.
        let person = Some(self.employee_id).filter(|id| *id != 0 && !self.is_empty());
        let unit = Some(self.unit_id).filter(|id| *id != 0);
        WriteTuple::<(Bool, Array<Text>, Nullable<BigInt>, Nullable<BigInt>)>::write_tuple(
            &(self.is_everything(), &self.reaches, person, unit),
            &mut out.reborrow(),
        )
    }
}

/// The condition that a row is reached: `reaches!("$1", "r.employee_id", "r.unit_id", "c.period")` with a [`Scope`] bound
/// as `$1`, the person, the unit and the first day of the month that the row is about. Without a person it asks whether
/// the unit is reached as a whole: `reaches!("$1", "s.id", "$2")`.
///
/// With one month for all rows PostgreSQL finds the units once and hashes them.
macro_rules! reaches {
    ($scope:literal, $person:literal, $unit:literal, $month:literal) => {
        concat!("(", $person, " = (", $scope, ").employee_id OR ", reaches!($scope, $unit, $month), ")")
    };
    ($scope:literal, $unit:literal, $month:literal) => {
        concat!(
            "((",
            $scope,
            ").everything OR ",
            $unit,
            " IN (SELECT reached.unit_id FROM reached(",
            $scope,
            ") WHERE reached.months @> ",
            $month,
            "))"
        )
    };
}

/// The same for one row, or for few, each with a month of its own: whether the person or the unit is reached is looked up
/// for each by itself.
macro_rules! reaches_month {
    ($scope:literal, $person:literal, $unit:literal, $month:literal) => {
        concat!("(", $person, " = (", $scope, ").employee_id OR ", reaches_month!($scope, $unit, $month), ")")
    };
    ($scope:literal, $unit:literal, $month:literal) => {
        concat!(
            "((",
            $scope,
            ").everything OR EXISTS (SELECT FROM reached(",
            $scope,
            ") WHERE reached.unit_id = ",
            $unit,
            " AND reached.months @> ",
            $month,
            "))"
        )
    };
}

/// The condition that a unit is reached in every month: what is asked where a whole group is reached. A condition that IS
/// TRUE is no join, for which PostgreSQL would take the group for a few units.
macro_rules! reaches_always {
    ($scope:literal, $unit:literal) => {
        concat!(
            "(",
            $unit,
            " IN (SELECT reached.unit_id FROM reached(",
            $scope,
            ") WHERE reached.months = '(,)')) IS TRUE"
        )
    };
}

pub(crate) use {reaches, reaches_always, reaches_month};
