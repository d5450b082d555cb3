//! Why pins do not fit a plan, as it is read at the command line: with the cell as it was typed, and the way out.

use crate::cli::{language, tell};
use crate::http::{Code, FieldError, Problem};
use crate::period::Period;
use crate::plan::split::span::Span;

/// A cell as it is typed: what it spans, and the value that it is pinned at; none releases it.
pub type Cell = (Span, Option<i64>);

/// A refusal of cells that were typed for a plan.
pub fn pins(plan: i64, cells: &[Cell], problem: Problem) -> anyhow::Error {
    let problem = match problem.code {
        Code::ValidationFailed => {
            let errors = problem.errors.into_iter();
            Problem::fields(
                errors.map(|error| FieldError::new(typed(&error.field, cells), error.message)).collect(),
            )
        }
        _ => problem,
    };
    let Some(month) = in_the_way(&problem) else { return problem.into() };
    let way_out = tell!(
        "要放开一格，写它而不写值：showfloor plan pin {plan} --unit 单位 --person 工号 {month}= --as 账号",
        "a cell is released by naming it without a value: showfloor plan pin {plan} --unit CODE --person NUMBER {month}= --as \
         LOGIN"
    );
    with(&problem, &way_out)
}

/// A refusal of the rest of a year that was to be planned again.
pub fn replan(plan: i64, problem: Problem) -> anyhow::Error {
    let Some(month) = in_the_way(&problem) else { return problem.into() };
    let way_out = tell!(
        "--release-pins 放开以后各月所有锁定的格；在草稿里放开一格：showfloor plan pin {plan} --unit 单位 --person 工号 {month}= \
         --as 账号",
        "--release-pins lets the pins of all these months go; in a draft, one is released by showfloor plan pin {plan} --unit \
         CODE --person NUMBER {month}= --as LOGIN"
    );
    with(&problem, &way_out)
}

/// The field of a request, `pins[0].period`, as what was typed for it.
fn typed(field: &str, cells: &[Cell]) -> String {
    let place = field.strip_prefix("pins[").and_then(|rest| rest.split_once(']'));
    let cell = place.and_then(|(number, _)| cells.get(number.parse::<usize>().ok()?));
    match cell {
        Some((span, value)) => format!("{span}={}", value.map(|value| value.to_string()).unwrap_or_default()),
        None => field.to_owned(),
    }
}

/// The month of the first cell of the plan that a refusal names, as in `JC/G1/A01 2015-05`.
fn in_the_way(problem: &Problem) -> Option<Period> {
    problem.errors.iter().find_map(|error| error.field.rsplit_once(' ')?.1.parse().ok())
}

fn with(problem: &Problem, way_out: &str) -> anyhow::Error {
    anyhow::anyhow!(format!("{}\n{way_out}", problem.told(language())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_named_as_they_were_typed() {
        let cells: Vec<Cell> =
            vec![("2015-Q2".parse().unwrap(), Some(60)), ("2015-05".parse().unwrap(), None)];
        let shown = ["pins[0].period", "pins[1]", "pins[2].unit", "JC/G1/A01 2015-05"];
        let shown = shown.map(|field| typed(field, &cells));
        assert_eq!(shown, ["2015-Q2=60", "2015-05=", "pins[2].unit", "JC/G1/A01 2015-05"]);
    }
}
