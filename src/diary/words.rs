//! Words that are kept as text in the database and written the same in JSON.

/// Gives an enumeration its words, and reads them from the database.
macro_rules! words {
    ($name:ident { $($variant:ident = $word:literal,)* }) => {
        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word in the database and in JSON.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }

        impl diesel::deserialize::FromSql<diesel::sql_types::Text, diesel::pg::Pg> for $name {
            fn from_sql(value: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
                let name = std::str::from_utf8(value.as_bytes())?;
                let found = Self::ALL.iter().copied().find(|one| one.name() == name);
                found.ok_or_else(|| format!("'{name}' in the database is not a {}", stringify!($name)).into())
            }
        }
    };
}

pub(super) use words;
