//! The words of the organisation: kept as text in the database, written the same in JSON, labelled in Chinese.

use std::io::Write as _;

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$note:meta])* $variant:ident = $word:literal $label:literal,)* })*) => { $(
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
            AsExpression, FromSqlRow,
        )]
        #[serde(rename_all = "snake_case")]
        #[diesel(sql_type = Text)]
        pub enum $name {
            $($(#[$note])* $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word in the database, in JSON and in scheme files.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// What it is called in the showroom.
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label),* }
            }

            /// The one whose word is `name`.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == name)
            }
        }

        impl ToSql<Text, Pg> for $name {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                out.write_all(self.name().as_bytes())?;
                Ok(IsNull::No)
            }
        }

        impl FromSql<Text, Pg> for $name {
            fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
                let name = std::str::from_utf8(value.as_bytes())?;
                Self::named(name)
                    .ok_or_else(|| format!("'{name}' in the database is not a {}", stringify!($name)).into())
            }
        }
    )* };
}

words! {
    /// What a unit is, the topmost first.
    UnitKind {
        /// 集团
        Group = "group" "集团",
        /// 店
        Store = "store" "店",
        /// 部门
        Department = "department" "部门",
        /// 组
        Team = "team" "组",
    }

    /// Whether somebody is at work.
    EmployeeStatus {
        /// 在职
        Active = "active" "在职",
        /// 试用
        Probation = "probation" "试用",
        /// 休假
        Leave = "leave" "休假",
        /// 离职
        Left = "left" "离职",
    }

    /// What somebody is posted as.
    Position {
        /// 总经理
        GeneralManager = "general_manager" "总经理",
        /// 销售经理
        SalesManager = "sales_manager" "销售经理",
        /// 展厅主管
        ShowroomSupervisor = "showroom_supervisor" "展厅主管",
        /// 组长
        TeamLeader = "team_leader" "组长",
        /// 销售顾问
        SalesConsultant = "sales_consultant" "销售顾问",
        /// 电话销售专员
        TelesalesSpecialist = "telesales_specialist" "电话销售专员",
        /// 内勤
        Clerk = "clerk" "内勤",
        /// 客服
        CustomerService = "customer_service" "客服",
        /// 人事
        Hr = "hr" "人事",
    }

    /// In which sense somebody leads a team.
    LeadershipKind {
        /// 直属组长: leads the people
        Line = "line" "直属组长",
        /// 渠道组长: leads the team for one channel only
        Channel = "channel" "渠道组长",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_same_in_json_and_in_the_database() {
        let written: Vec<_> = Position::ALL.iter().map(|one| serde_json::to_value(one).unwrap()).collect();
        let names: Vec<_> = Position::ALL.iter().map(|one| one.name()).collect();
        assert_eq!(written, names);
        for kind in UnitKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        for status in EmployeeStatus::ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), status.name());
        }
        for kind in LeadershipKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }

    #[test]
    fn reads_the_words_it_writes_and_no_others() {
        for position in Position::ALL {
            assert_eq!(Position::named(position.name()), Some(*position));
        }
        assert_eq!(Position::named("组长"), None);
        assert_eq!(Position::TeamLeader.label(), "组长");
    }

    #[test]
    fn a_kind_above_another_is_less_than_it() {
        assert!(UnitKind::Group < UnitKind::Store);
        assert!(UnitKind::Store < UnitKind::Department);
        assert!(UnitKind::Department < UnitKind::Team);
    }
}
