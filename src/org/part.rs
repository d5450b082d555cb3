//! Which part of the organisation is asked about. What lies within few stores is found store by store; what is as wide as a
//! group is found by its order, and what is out of reach is passed over.

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use diesel_async::RunQueryDsl;

use super::is_code;
use crate::auth::Context;
use crate::db::sql_of;
use crate::http::Problem;
use crate::said::say;

/// A unit and everything below it, or the whole organisation, as far as the caller reaches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The unit; none: the whole organisation.
    pub unit: Option<i64>,
    /// The unit's store; none for a group.
    pub store: Option<i64>,
    reach: Reach,
}

/// What the caller reaches in every month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Everything,
    /// The unit to which the caller is confined, and those below it.
    Below(Confined),
    /// What postings reach, each in its months.
    ByPosting,
}

/// The unit to which the caller is confined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Confined {
    unit: i64,
    /// Its store; none for a group.
    store: Option<i64>,
    lies: Lies,
}

/// Where the unit to which the caller is confined lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lies {
    /// It is the part, or above it.
    Around,
    /// It is below the part.
    Within,
    Apart,
}

/// Where what is reached of a part lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// In the whole organisation.
    Everywhere,
    /// In a store, or in a group.
    Unit(i64),
    /// In the stores of postings.
    ByPosting,
    /// Nothing of it is reached.
    Nowhere,
}

/// A unit as it is found.
#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    code: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    store_id: Option<i64>,
    #[diesel(sql_type = Array<BigInt>)]
    path: Vec<i64>,
}

impl Part {
    /// The part below the unit with a code, or the whole organisation; none where there is no such unit.
    pub async fn find(cx: &Context, code: Option<&str>) -> Result<Option<Self>, Problem> {
        if code.is_some_and(|code| code.contains('\0')) {
            return Err(Problem::field("unit", say!("应为单位的代码", "expected the code of a unit")));
        }
        if code.is_some_and(|code| !is_code(code)) {
            return Ok(None);
        }
        let confined_to = cx.scope.confined_to();
        let mut found = Vec::<Found>::new();
        if code.is_some() || confined_to.is_some() {
            let pieces = [
                (code.is_some(), "SELECT id, code, store_id, path FROM org_unit WHERE code = $1"),
                (code.is_some() && confined_to.is_some(), " UNION ALL "),
                (confined_to.is_some(), "SELECT id, code, store_id, path FROM org_unit WHERE id = $2"),
            ];
            found = sql_of(pieces)
                .bind::<Nullable<Text>, _>(code)
                .bind::<Nullable<BigInt>, _>(confined_to)
                .load(&mut cx.shared())
                .await?;
        }
        let named = found.iter().find(|found| Some(found.code.as_str()) == code);
        if code.is_some() && named.is_none() {
            return Ok(None);
        }
        let reach = match found.iter().find(|found| Some(found.id) == confined_to) {
            Some(confined) => Reach::Below(confined.beside(named)),
            None if cx.scope.is_everything() => Reach::Everything,
            None => Reach::ByPosting,
        };
        Ok(Some(Self {
            unit: named.map(|named| named.id),
            store: named.and_then(|named| named.store_id),
            reach,
        }))
    }

    /// Whether the caller reaches everything, or a whole group in every month, and so more than the stores of somebody's postings.
    pub fn is_reach_wide(self) -> bool {
        match self.reach {
            Reach::Everything => true,
            Reach::Below(confined) => confined.store.is_none(),
            Reach::ByPosting => false,
        }
    }

    /// Whether it lies within few stores.
    pub fn is_narrow(self) -> bool {
        self.store.is_some() || !self.is_reach_wide()
    }

    /// Whether it is narrow by what the caller reaches, and not by what was asked for.
    pub fn is_of_reach(self) -> bool {
        self.store.is_none() && !self.is_reach_wide()
    }

    /// Whether it is a group, or a store, that the caller reaches as a whole in every month.
    pub fn is_whole(self) -> bool {
        match self.reach {
            _ if self.store.is_none() => self.is_reach_wide(),
            Reach::Everything => self.unit == self.store,
            Reach::Below(confined) => self.unit == self.store && confined.lies == Lies::Around,
            Reach::ByPosting => false,
        }
    }

    /// Whether the caller is confined to less than a store.
    pub fn is_reach_within_a_store(self) -> bool {
        matches!(self.reach, Reach::Below(Confined { unit, store: Some(store), .. }) if store != unit)
    }

    /// Where what the caller reaches of it lies.
    pub fn home(self) -> Home {
        match (self.reach, self.store.or(self.unit)) {
            (Reach::ByPosting, _) => Home::ByPosting,
            (Reach::Everything, None) => Home::Everywhere,
            (Reach::Everything | Reach::Below(Confined { lies: Lies::Around, .. }), Some(asked)) => {
                Home::Unit(asked)
            }
            (Reach::Below(Confined { lies: Lies::Apart, .. }), _) => Home::Nowhere,
            (Reach::Below(Confined { unit, store, .. }), _) => Home::Unit(store.unwrap_or(unit)),
        }
    }
}

impl Found {
    /// As what the caller is confined to, beside the unit that is asked for.
    fn beside(&self, asked: Option<&Self>) -> Confined {
        let lies = match asked {
            Some(asked) if asked.path.contains(&self.id) => Lies::Around,
            Some(asked) if !self.path.contains(&asked.id) => Lies::Apart,
            _ => Lies::Within,
        };
        Confined { unit: self.id, store: self.store_id, lies }
    }
}
