//! Values that are kept as JSON in one column.

/// Makes types SQL values of type `jsonb`; they derive `AsExpression` and `FromSqlRow` themselves. Of each it says which
/// column keeps it, so that JSON which this program does not understand is an error that names its place.
macro_rules! json_columns {
    ($($kind:ident in $column:literal),* $(,)?) => { $(
        impl ::diesel::serialize::ToSql<::diesel::sql_types::Jsonb, ::diesel::pg::Pg> for $kind {
            fn to_sql<'b>(
                &'b self,
                out: &mut ::diesel::serialize::Output<'b, '_, ::diesel::pg::Pg>,
            ) -> ::diesel::serialize::Result {
                // The version of the binary format.
                ::std::io::Write::write_all(out, &[1])?;
                ::serde_json::to_writer(out, self)?;
                Ok(::diesel::serialize::IsNull::No)
            }
        }

        impl ::diesel::deserialize::FromSql<::diesel::sql_types::Jsonb, ::diesel::pg::Pg> for $kind {
            fn from_sql(value: ::diesel::pg::PgValue<'_>) -> ::diesel::deserialize::Result<Self> {
                use ::diesel::{deserialize::FromSql, pg::Pg, sql_types::Jsonb};
                let value = <::serde_json::Value as FromSql<Jsonb, Pg>>::from_sql(value)?;
                ::serde_json::from_value(value).map_err(|error| format!("{}: {error}", $column).into())
            }
        }
    )* };
}

pub(crate) use json_columns;
