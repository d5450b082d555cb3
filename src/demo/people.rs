//! Who works at the demonstration dealership, and who may sign in.

use crate::auth::access::Role;
use crate::org::Position;

/// A person with posting and login.
#[derive(Clone, Copy, Debug)]
pub struct DemoPerson {
    /// 工号.
    pub employee_no: &'static str,
    /// Name.
    pub name: &'static str,
    /// Code of the unit.
    pub unit: &'static str,
    /// Positions held.
    pub positions: &'static [Position],
    /// Login, for those who have one.
    pub login: Option<(&'static str, &'static [Role])>,
}

const fn advisor(employee_no: &'static str, name: &'static str, unit: &'static str) -> DemoPerson {
    DemoPerson { employee_no, name, unit, positions: &[Position::SalesConsultant], login: None }
}

const fn leader(
    employee_no: &'static str,
    name: &'static str,
    unit: &'static str,
    login: &'static str,
) -> DemoPerson {
    DemoPerson {
        employee_no,
        name,
        unit,
        positions: &[Position::SalesConsultant, Position::TeamLeader],
        login: Some((login, &[Role::SalesConsultant, Role::TeamLeader])),
    }
}

const fn staff(
    employee_no: &'static str,
    name: &'static str,
    unit: &'static str,
    positions: &'static [Position],
    login: &'static str,
    roles: &'static [Role],
) -> DemoPerson {
    DemoPerson { employee_no, name, unit, positions, login: Some((login, roles)) }
}

/// Everybody, advisors first and in the order of their numbers.
pub const PEOPLE: [DemoPerson; 19] = [
    leader("A01", "陈志远", "G1", "leader"),
    DemoPerson { login: Some(("consultant", &[Role::SalesConsultant])), ..advisor("A02", "李思敏", "G1") },
    advisor("A03", "王浩然", "G1"),
    advisor("A04", "赵晓燕", "G1"),
    leader("A05", "刘建国", "G2", "leader2"),
    advisor("A06", "孙丽娜", "G2"),
    advisor("A07", "周婷婷", "G2"),
    advisor("A08", "吴海涛", "G2"),
    leader("A09", "郑宏伟", "G3", "leader3"),
    advisor("A10", "马俊杰", "G3"),
    advisor("A11", "何雪梅", "G3"),
    advisor("A12", "罗天成", "G3"),
    staff(
        "T01",
        "林若曦",
        "JC-XS",
        &[Position::TelesalesSpecialist],
        "telesales",
        &[Role::TelesalesSpecialist],
    ),
    staff(
        "S01",
        "谢文博",
        "JC-XS",
        &[Position::ShowroomSupervisor],
        "supervisor",
        &[Role::ShowroomSupervisor],
    ),
    staff("M01", "高建平", "JC-XS", &[Position::SalesManager], "manager", &[Role::SalesManager]),
    staff("D01", "宋国栋", "JC", &[Position::GeneralManager], "gm", &[Role::GeneralManager]),
    staff("H01", "方静怡", "JC", &[Position::Hr], "hr", &[Role::Hr]),
    staff("N01", "曹玉兰", "JC-XS", &[Position::Clerk], "clerk", &[Role::Clerk]),
    staff("K01", "唐雅琴", "JC", &[Position::CustomerService], "service", &[Role::CustomerService]),
];

/// Logins without an employee, and the unit each is confined to.
pub const OFFICES: [(&str, &[Role], Option<&str>); 4] = [
    ("group", &[Role::GroupAdmin], None),
    ("dashboard", &[Role::Dashboard], Some("JC")),
    ("auditor", &[Role::Auditor], None),
    ("admin", &[Role::SystemAdmin], None),
];

/// Code, name and line leader of each team, with the weights of team and members.
pub const TEAMS: [(&str, &str, i64, [i64; 4]); 3] = [
    ("G1", "销售一组", 36, [28, 26, 24, 22]),
    ("G2", "销售二组", 34, [28, 26, 24, 22]),
    ("G3", "销售三组", 30, [32, 28, 24, 16]),
];
