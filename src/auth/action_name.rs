//! What an action is called outside the program: `ViewAggregates` is `view_aggregates`.

use std::fmt;
use std::sync::LazyLock;

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Text;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::schema::SchemaType;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::access::{Action, Reach, Role, TABLE};
use crate::said::say;

/// An action with its name outside and the roles that may do it.
#[derive(Debug, PartialEq, Eq)]
struct Named {
    outside: String,
    name: &'static str,
    allowed: &'static [(Role, Reach)],
}

/// Every action, as [`TABLE`] has it.
static ACTIONS: LazyLock<Vec<Named>> = LazyLock::new(|| {
    let actions = TABLE.iter().map(|(name, allowed)| Named { outside: outside(name), name, allowed });
    actions.collect()
});

fn outside(name: &str) -> String {
    let mut outside = String::with_capacity(name.len() + 4);
    for (at, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && at > 0 {
            outside.push('_');
        }
        outside.push(letter.to_ascii_lowercase());
    }
    outside
}

/// One of the actions of [`TABLE`].
#[derive(Clone, Copy, PartialEq, Eq, Serialize, AsExpression, FromSqlRow)]
#[serde(into = "&'static str")]
#[diesel(sql_type = Text)]
pub struct ActionName(&'static Named);

impl ActionName {
    /// The action of that name outside.
    pub fn named(name: &str) -> Option<Self> {
        ACTIONS.iter().find(|known| known.outside == name).map(Self)
    }

    /// Whether it is `A`.
    pub fn is<A: Action>(self) -> bool {
        self.0.name == A::NAME
    }

    /// Whether a role may do it.
    pub fn is_open_to(self, role: Role) -> bool {
        self.0.allowed.iter().any(|(one, _)| *one == role)
    }
}

impl fmt::Display for ActionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.outside)
    }
}

impl fmt::Debug for ActionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.outside)
    }
}

impl From<ActionName> for &'static str {
    fn from(ActionName(action): ActionName) -> Self {
        &action.outside
    }
}

impl TryFrom<String> for ActionName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::named(&name).ok_or_else(|| {
            let known = ACTIONS.iter().map(|known| known.outside.as_str()).collect::<Vec<_>>();
            let (name, known) = (name.chars().take(40).collect::<String>(), known.join(", "));
            // What reads it carries nothing but a text.
            say!("没有操作“{name}”；有：{known}", "there is no action '{name}'; there are {known}").joined()
        })
    }
}

impl<'de> Deserialize<'de> for ActionName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl ToSql<Text, Pg> for ActionName {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        std::io::Write::write_all(out, self.0.outside.as_bytes())?;
        Ok(IsNull::No)
    }
}

impl FromSql<Text, Pg> for ActionName {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let word = std::str::from_utf8(value.as_bytes())?;
        Self::named(word)
            .ok_or_else(|| format!("api_key.actions: '{word}' is not an action of this program").into())
    }
}

impl PartialSchema for ActionName {
    fn schema() -> RefOr<Schema> {
        let names = ACTIONS.iter().map(|action| action.outside.as_str());
        let text = ObjectBuilder::new().schema_type(SchemaType::new(Type::String)).enum_values(Some(names));
        text.description(Some("What a login may do.")).into()
    }
}

impl ToSchema for ActionName {}

#[cfg(test)]
mod tests {
    use super::super::access::{ViewAggregates, ViewSelf};
    use super::*;

    #[test]
    fn names_are_those_of_the_table_in_lower_case() {
        let aggregates = ActionName::named("view_aggregates").unwrap();
        assert!(aggregates.is::<ViewAggregates>() && !aggregates.is::<ViewSelf>());
        assert!(aggregates.is_open_to(Role::Dashboard) && !aggregates.is_open_to(Role::Parts));
        for unknown in ["ViewAggregates", "view_aggregate", ""] {
            assert_eq!(ActionName::named(unknown), None, "{unknown}");
        }
        // No two are called the same outside.
        let found = ACTIONS.iter().map(|action| ActionName::named(&action.outside));
        assert!(found.zip(TABLE).all(|(found, (name, _))| found.is_some_and(|found| found.0.name == *name)));
    }
}
