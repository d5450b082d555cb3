//! The lines of a sheet: what is true of everybody now, and which of it no earlier sheet has said.

use std::collections::HashSet;

use rust_decimal::Decimal;

use super::basis::Basis;

/// What is to be said of somebody by a scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) employee_id: i64,
    pub(super) employee_no: String,
    pub(super) name: String,
    pub(super) position: String,
    pub(super) scheme: Option<String>,
    /// Id and number of the revision.
    pub(super) review: Option<(i64, i32)>,
    pub(super) grade: Option<String>,
    pub(super) coefficient: Option<Decimal>,
    pub(super) basis: Basis,
}

impl Statement {
    /// Whether payroll would take the same from it: another name or number of the person is no other line.
    fn says_the_same(&self, other: &Self) -> bool {
        let what = |one: &Self| {
            (
                one.scheme.clone(),
                one.position.clone(),
                one.review,
                one.grade.clone(),
                one.coefficient,
                one.basis,
            )
        };
        what(self) == what(other)
    }

    /// That it no longer holds, where nothing takes its place.
    fn withdrawn(&self) -> Self {
        Self { basis: Basis::Withdrawn, grade: None, coefficient: None, ..self.clone() }
    }
}

/// Where a line stands: the sheet's id and the line's number.
pub(super) type Place = (i64, i32);

/// What a new sheet says: all that is new or has changed since the lines that hold (those that nothing has replaced), each
/// with the line that it replaces. With none before, it is everything.
pub(super) fn changed(
    holding: &[(Place, Statement)],
    now: Vec<Statement>,
) -> Vec<(Statement, Option<Place>)> {
    let mut taken = HashSet::<Place>::new();
    let mut fresh = Vec::new();
    let mut changed = Vec::new();
    for statement in now {
        let before = holding.iter().find(|(place, before)| {
            before.employee_id == statement.employee_id
                && before.scheme == statement.scheme
                && !taken.contains(place)
        });
        let Some((place, before)) = before else {
            fresh.push(statement);
            continue;
        };
        taken.insert(*place);
        if !before.says_the_same(&statement) {
            changed.push((statement, Some(*place)));
        }
    }
    // Whoever is scored by another scheme now, or no longer, has a line that takes the place of an earlier one.
    for statement in fresh {
        let before = holding.iter().find(|(place, before)| {
            before.employee_id == statement.employee_id
                && before.basis != Basis::Withdrawn
                && !taken.contains(place)
        });
        let place = before.map(|(place, _)| *place);
        taken.extend(place);
        changed.push((statement, place));
    }
    let left = holding
        .iter()
        .filter(|(place, before)| !taken.contains(place) && before.basis != Basis::Withdrawn)
        .map(|(place, before)| (before.withdrawn(), Some(*place)));
    changed.extend(left);
    changed.sort_by(|(one, _), (other, _)| {
        (&one.employee_no, &one.scheme).cmp(&(&other.employee_no, &other.scheme))
    });
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rated(employee_id: i64, scheme: &str, review: (i64, i32), grade: &str, hundredths: i64) -> Statement {
        Statement {
            employee_id,
            employee_no: format!("A{employee_id:02}"),
            name: format!("员工{employee_id}"),
            position: scheme.to_owned(),
            scheme: Some(scheme.to_owned()),
            review: Some(review),
            grade: Some(grade.to_owned()),
            coefficient: Some(Decimal::new(hundredths, 2)),
            basis: Basis::Rated,
        }
    }

    fn on_leave(employee_id: i64) -> Statement {
        Statement {
            scheme: None,
            review: None,
            grade: None,
            coefficient: None,
            basis: Basis::ProtectedLeave,
            ..rated(employee_id, "sales_consultant", (0, 0), "", 0)
        }
    }

    /// Lines as they stand in sheet 1.
    fn first(lines: &[Statement]) -> Vec<(Place, Statement)> {
        (1..).zip(lines).map(|(line, one)| ((1, line), one.clone())).collect()
    }

    fn told(changed: &[(Statement, Option<Place>)]) -> Vec<(String, Basis, Option<Place>)> {
        changed.iter().map(|(one, place)| (one.employee_no.clone(), one.basis, *place)).collect()
    }

    #[test]
    fn the_first_sheet_says_everything_and_without_a_change_there_is_no_second() {
        let now = [rated(2, "sales_consultant", (12, 1), "A", 110), on_leave(1)];
        let sheet = changed(&[], now.to_vec());
        let expected =
            [("A01".to_owned(), Basis::ProtectedLeave, None), ("A02".to_owned(), Basis::Rated, None)];
        assert_eq!(told(&sheet), expected);
        assert_eq!(changed(&first(&now), now.to_vec()), []);
        let renamed = now.iter().map(|one| Statement { name: "改名".to_owned(), ..one.clone() });
        assert_eq!(changed(&first(&now), renamed.collect()), []);
    }

    #[test]
    fn a_revision_replaces_the_line_of_its_own_scheme() {
        let leader =
            [rated(1, "sales_consultant", (10, 1), "B", 100), rated(1, "team_leader", (11, 1), "B", 100)];
        let now = vec![leader[0].clone(), rated(1, "team_leader", (21, 2), "A", 110)];
        let sheet = changed(&first(&leader), now.clone());
        assert_eq!(sheet, [(now[1].clone(), Some((1, 2)))]);
        // The same grade by another revision is another line: it is bound to what it came from.
        let again = vec![leader[0].clone(), rated(1, "team_leader", (31, 3), "B", 100)];
        assert_eq!(changed(&first(&leader), again).len(), 1);
    }

    #[test]
    fn leave_that_is_found_later_takes_the_place_of_a_grade_and_what_is_left_is_withdrawn() {
        let before = [
            rated(1, "sales_consultant", (10, 1), "D", 60),
            rated(2, "sales_consultant", (11, 1), "B", 100),
            rated(2, "team_leader", (12, 1), "B", 100),
        ];
        let sheet = changed(&first(&before), vec![on_leave(1), before[1].clone()]);
        let expected = [
            ("A01".to_owned(), Basis::ProtectedLeave, Some((1, 1))),
            ("A02".to_owned(), Basis::Withdrawn, Some((1, 3))),
        ];
        assert_eq!(told(&sheet), expected);
        assert!(sheet.iter().all(|(one, _)| one.coefficient.is_none() && one.grade.is_none()));
        // What was withdrawn is not withdrawn again, and comes back in its own place.
        let mut holding = first(&before[1..2]);
        holding.push(((2, 2), sheet[1].0.clone()));
        assert_eq!(changed(&holding, vec![before[1].clone()]), []);
        let back = changed(&holding, vec![before[1].clone(), before[2].clone()]);
        assert_eq!(told(&back), [("A02".to_owned(), Basis::Rated, Some((2, 2)))]);
    }
}
