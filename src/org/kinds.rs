//! The words of the organisation.

use crate::words::words;

words! {
    /// The kind of a unit, from the top down.
    pub enum UnitKind in "org_unit.kind" {
        Group = "group" "集团",
        Store = "store" "店",
        Department = "department" "部门",
        Team = "team" "组",
    }

    /// Whether somebody is at work.
    pub enum EmployeeStatus in "employee.status" {
        Active = "active" "在职",
        Probation = "probation" "试用",
        Leave = "leave" "休假",
        Left = "left" "离职",
    }

    /// A position that somebody can be posted to.
    pub enum Position in "assignment.position" {
        GeneralManager = "general_manager" "总经理",
        SalesManager = "sales_manager" "销售经理",
        ShowroomSupervisor = "showroom_supervisor" "展厅主管",
        TeamLeader = "team_leader" "组长",
        SalesConsultant = "sales_consultant" "销售顾问",
        TelesalesSpecialist = "telesales_specialist" "电话销售专员",
        Clerk = "clerk" "内勤",
        CustomerService = "customer_service" "客服",
        ServiceAdviser = "service_adviser" "服务顾问",
        Parts = "parts" "配件",
        Hr = "hr" "人事",
    }

    /// How somebody leads a team.
    pub enum LeadershipKind in "team_leadership.kind" {
        /// Leads the people.
        Line = "line" "直属组长",
        /// Leads the team for one channel only.
        Channel = "channel" "渠道组长",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_same_in_json_and_in_the_database() {
        for position in Position::ALL {
            assert_eq!(serde_json::to_value(position).unwrap(), position.name());
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
