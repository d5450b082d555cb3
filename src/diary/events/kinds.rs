//! THE table of events: what can be reported, by whom, of whom, and which metrics of the month it gives.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::access::{Action as _, EnterFacts, Reach, Role, may_enter};
use crate::words::words;

/// Which particulars an event needs besides its day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventShape {
    /// `count`: how many times, 1 where it is left out
    Times,
    /// `violations`: how many were found, 0 where everything was in order
    Violations,
    /// `days`: in halves
    Days,
    /// `items`: every item that was looked at, with its result
    Checklist,
    /// `severity`, `liability` and `response_hours`
    Complaint,
    /// `breach`: which
    Breach,
    /// `score`: 0 to 100
    Exam,
    /// `rating`: 1 to 5, by the anchors
    Rating,
    /// `refused_at`, and `followed_up_at` where it was
    Refusal,
}

/// How the verified events of a month become its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventTally {
    /// They are added up
    Sum,
    /// They are subtracted from the month's value
    TakenOff,
    /// Their mean
    Mean,
    /// The mean of each reporter's latest, once there are two reporters or more
    MeanOfRaters,
}

/// Whom an event may be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// Anybody
    Anybody,
    /// Anybody but the person who reports it
    Others,
    /// Only the person who reports it
    Oneself,
}

/// Whether an event needs evidence and two people to verify it, because it can cap a grade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Discipline {
    /// Never
    Never,
    /// Always
    Always,
    /// If the person is responsible for a major complaint
    MajorResponsible,
}

/// Who reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reporters {
    /// The roles that enter this source of the catalogue.
    Source(&'static str),
    /// Everybody who does this.
    Everybody(&'static [(Role, Reach)]),
    /// These.
    Roles(&'static [Role]),
}

/// What the table says of a kind.
#[derive(Clone, Copy, Debug)]
pub struct EventRules {
    /// What it is called in English.
    pub en: &'static str,
    /// What has to be said of it.
    pub shape: EventShape,
    reporters: Reporters,
    /// Of whom.
    pub about: About,
    /// Whether it needs two people.
    pub discipline: Discipline,
    /// How the month's value follows.
    pub tally: EventTally,
    /// The metrics that it counts for.
    pub metrics: &'static [&'static str],
}

macro_rules! kinds {
    ($($kind:ident $name:tt $zh:literal $en:literal: $shape:ident by $reporters:ident($by:expr)
        of $about:ident, $discipline:ident, $tally:ident [$($metric:literal)*];)*) => {
        words! {
            /// What an event is.
            pub enum EventKind in "event.kind" { $($kind = $name $zh,)* }
        }

        impl EventKind {
            /// What the table says of it.
            pub const fn rules(self) -> &'static EventRules {
                match self {
                    $(Self::$kind => &EventRules {
                        en: $en,
                        shape: EventShape::$shape,
                        reporters: Reporters::$reporters($by),
                        about: About::$about,
                        discipline: Discipline::$discipline,
                        tally: EventTally::$tally,
                        metrics: &[$($metric),*],
                    },)*
                }
            }
        }
    };
}

kinds! {
    Late "late" "迟到" "Late": Times by Source("attendance") of Anybody, Never, Sum ["late"];
    SevereLate "severe_late" "严重迟到" "Severely late": Times by Source("attendance") of Anybody, Never, Sum ["severe_late"];
    EarlyLeave "early_leave" "早退" "Left early": Times by Source("attendance") of Anybody, Never, Sum ["early_leave"];
    MissedPunch "missed_punch" "缺卡" "Missed punch": Times by Source("attendance") of Anybody, Never, Sum ["missed_punches"];
    PunchCorrection "punch_correction" "补卡" "Punch correction": Times by Source("attendance") of Anybody, Never, TakenOff ["missed_punches"];
    Absence "absence" "旷工" "Absence": Days by Source("attendance") of Anybody, Always, Sum ["absent_days"];
    PersonalLeave "personal_leave" "事假" "Personal leave": Days by Source("attendance") of Anybody, Never, Sum ["personal_leave_days"];
    ProtectedLeave "protected_leave" "保护性假期" "Protected leave": Days by Source("attendance") of Anybody, Never, Sum ["protected_leave_days"];
    Inspection "inspection" "展厅5S点检" "5S inspection": Checklist by Source("inspections") of Others, Never, Sum ["five_s_checks" "five_s_failures" "five_s_repeats"];
    UniformCheck "uniform_check" "工装检查" "Uniform check": Violations by Source("inspections") of Others, Never, Sum ["uniform_violations"];
    Complaint "complaint" "客户投诉" "Complaint": Complaint by Source("complaints") of Others, MajorResponsible, Sum ["complaints_minor" "complaints_serious" "complaints_major" "complaints_slow"];
    DocumentError "document_error" "单据出错" "Document error": Times by Source("documents") of Anybody, Never, Sum ["document_errors"];
    IntegrityBreach "integrity_breach" "诚信违规" "Breach of integrity": Breach by Everybody(EnterFacts::ALLOWED) of Anybody, Always, Sum ["integrity_breaches"];
    Exam "exam" "业务考试" "Exam": Exam by Source("exams") of Others, Never, Mean ["exam_score"];
    AttitudeRating "attitude_rating" "工作态度评价" "Attitude rating": Rating by Source("ratings") of Others, Never, MeanOfRaters ["attitude_rating"];
    Refusal "refusal" "战败与二次追踪" "Refusal and second follow-up": Refusal by Roles(&[Role::SalesConsultant, Role::TelesalesSpecialist]) of Oneself, Never, Sum ["refused" "second_follow_ups"];
}

impl EventKind {
    /// The roles that report it.
    pub fn reporters(self) -> Vec<Role> {
        match self.rules().reporters {
            Reporters::Source(source) => may_enter(Some(source)).to_vec(),
            Reporters::Everybody(allowed) => allowed.iter().map(|(role, _)| *role).collect(),
            Reporters::Roles(roles) => roles.to_vec(),
        }
    }
}

/// What each point of an attitude rating stands for, 1 first.
pub const ANCHORS: [&str; 5] = [
    "1分：多次推诿或拒绝工作安排，提醒后仍不改正",
    "2分：需要反复催促才能完成本职工作，对客户或同事时有不耐烦",
    "3分：按要求完成本职工作，服从安排，礼貌待客",
    "4分：主动完成工作并协助同事，遇到问题自己先想办法、及时反馈",
    "5分：主动改进工作方法并带动他人，长期得到客户和同事好评",
];

/// Hours from a refusal within which a second follow-up counts.
pub const FOLLOW_UP_HOURS: i64 = 72;

/// Hours after which the answer to a complaint is slow.
pub const SLOW_AFTER_HOURS: i64 = 24;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::ledger::metric::{Catalogue, Kind};

    #[test]
    fn every_metric_stands_in_the_catalogue() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/metrics.toml");
        let catalogue = Catalogue::parse(&std::fs::read_to_string(file).unwrap()).unwrap();
        for kind in EventKind::ALL {
            let rules = kind.rules();
            assert!(!kind.reporters().is_empty() && !rules.metrics.is_empty());
            for name in rules.metrics {
                let metric = catalogue.get(catalogue.find(name).unwrap()).unwrap();
                let expected = match (rules.shape, rules.tally) {
                    (EventShape::Days, _) => Kind::Days,
                    (_, EventTally::Mean | EventTally::MeanOfRaters) => Kind::Score,
                    _ => Kind::Count,
                };
                assert_eq!(metric.kind, expected, "{name}");
            }
        }
    }

    #[test]
    fn who_reports_what_is_as_designed() {
        use Role::{Clerk, CustomerService, GroupAdmin, Hr, SalesManager, ShowroomSupervisor, TeamLeader};
        for (kind, roles) in [
            (EventKind::Absence, vec![Hr, GroupAdmin]),
            (EventKind::PunchCorrection, vec![Hr, GroupAdmin]),
            (EventKind::Inspection, vec![ShowroomSupervisor, TeamLeader]),
            (EventKind::Complaint, vec![CustomerService]),
            (EventKind::DocumentError, vec![Clerk]),
            (EventKind::Exam, vec![Hr, GroupAdmin]),
            (EventKind::AttitudeRating, vec![TeamLeader, SalesManager]),
        ] {
            assert_eq!(kind.reporters(), roles);
        }
        // What can cap a grade needs two people (docs/DOMAIN.md, "Vetoes").
        let strict = EventKind::ALL.iter().filter(|kind| kind.rules().discipline != Discipline::Never);
        let strict: Vec<_> = strict.collect();
        assert_eq!(strict, [&EventKind::Absence, &EventKind::Complaint, &EventKind::IntegrityBreach]);
    }
}
