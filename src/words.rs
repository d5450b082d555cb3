//! Words: enumerations that are kept as text, written the same in the database, in JSON and on the command line, and
//! called by a Chinese name in the showroom.

/// Makes enumerations of words. Of each it says which column keeps it, so that a word which this program does not know
/// is an error that names its place and never becomes something else in silence.
///
/// ```ignore
/// words! {
///     /// Whether somebody is at work.
///     pub enum EmployeeStatus in "employee.status" {
///         Active = "active" "在职",
///         Left = "left" "离职",
///     }
/// }
/// ```
macro_rules! words {
    // A word is a `tt`: as a `literal` it would come to utoipa in a group, which it does not look into.
    ($($(#[$attribute:meta])* $visibility:vis enum $name:ident in $column:literal {
        $($(#[$note:meta])* $variant:ident = $word:tt $label:literal,)*
    })*) => { $(
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize, ::serde::Deserialize,
            ::utoipa::ToSchema, ::diesel::expression::AsExpression, ::diesel::deserialize::FromSqlRow,
        )]
        $(#[$attribute])*
        #[diesel(sql_type = ::diesel::sql_types::Text)]
        $visibility enum $name {
            $(#[doc = $label] $(#[$note])* #[serde(rename = $word)] $variant,)*
        }

        #[allow(dead_code, reason = "not every enumeration is asked for everything")]
        impl $name {
            /// All of them.
            $visibility const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word in the database, in JSON and in files.
            $visibility const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// What it is called in the showroom.
            $visibility const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label),* }
            }

            /// The one whose word is `name`.
            $visibility fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == name)
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl ::diesel::serialize::ToSql<::diesel::sql_types::Text, ::diesel::pg::Pg> for $name {
            fn to_sql<'b>(
                &'b self,
                out: &mut ::diesel::serialize::Output<'b, '_, ::diesel::pg::Pg>,
            ) -> ::diesel::serialize::Result {
                ::std::io::Write::write_all(out, self.name().as_bytes())?;
                Ok(::diesel::serialize::IsNull::No)
            }
        }

        impl ::diesel::deserialize::FromSql<::diesel::sql_types::Text, ::diesel::pg::Pg> for $name {
            fn from_sql(value: ::diesel::pg::PgValue<'_>) -> ::diesel::deserialize::Result<Self> {
                let word = ::std::str::from_utf8(value.as_bytes())?;
                Self::named(word).ok_or_else(|| {
                    format!("{}: '{word}' is not a word that this program knows", $column).into()
                })
            }
        }
    )* };
}

pub(crate) use words;
