//! Why pins do not fit a plan, as it is read at the command line: with the cells and options as they were typed, and the way out.

use crate::cli::{language, tell};
use crate::http::{Code, FieldError, Problem};
use crate::period::Period;
use crate::plan::split::span::Span;
use crate::said::{Language, Said};

/// A cell as it is typed: what it spans, and the value that it is pinned at; none releases it.
pub type Cell = (Span, Option<i64>);

/// What was typed: cells, of the unit, person, channel or series with this code, or of the plan's own unit.
#[derive(Clone, Copy, Debug)]
pub struct Typed<'t> {
    /// The cells.
    pub cells: &'t [Cell],
    /// The code.
    pub of: Option<&'t str>,
}

/// A refusal of cells that were typed for a plan.
pub fn pins(plan: i64, typed: Typed<'_>, problem: Problem) -> anyhow::Error {
    let problem = each(problem, |error| typed.told(error));
    let Some(month) = in_the_way(&problem) else { return problem.into() };
    let way_out = tell!(
        "要放开先前锁定的格，写它而不写值：showfloor plan pin {plan} --unit 单位 --person 工号 {month}= --as 账号",
        "a cell that was pinned before is released by naming it without a value: showfloor plan pin {plan} --unit CODE \
         --person NUMBER {month}= --as LOGIN"
    );
    with(&problem, &way_out)
}

/// A refusal of the rest of a year that was to be planned again.
pub fn replan(plan: i64, problem: Problem) -> anyhow::Error {
    let problem = each(problem, |error| match error.field.as_str() {
        "from" | "total" | "season" | "results" | "missing" => {
            FieldError::new(format!("--{}", error.field), error.message)
        }
        _ => error,
    });
    let Some(month) = in_the_way(&problem) else { return problem.into() };
    let way_out = tell!(
        "--release-pins 放开这些月份里所有锁定的格；只放开一格，就在草稿里（showfloor plan next {plan} 新建）：showfloor plan pin \
         草稿 --unit 单位 --person 工号 {month}= --as 账号，再重排草稿",
        "--release-pins lets the pins of all these months go; to release one of them, do so in a draft (showfloor plan next \
         {plan} begins one) and plan that again: showfloor plan pin DRAFT --unit CODE --person NUMBER {month}= --as LOGIN"
    );
    with(&problem, &way_out)
}

/// The problem with each fault told otherwise, and only once.
fn each(problem: Problem, told: impl Fn(FieldError) -> FieldError) -> Problem {
    if problem.code != Code::ValidationFailed {
        return problem;
    }
    let mut errors = Vec::<FieldError>::new();
    for error in problem.errors.into_iter().map(told) {
        if !errors.iter().any(|known| (&known.field, &known.message) == (&error.field, &error.message)) {
            errors.push(error);
        }
    }
    Problem::fields(errors)
}

impl Typed<'_> {
    fn told(&self, error: FieldError) -> FieldError {
        let FieldError { field, message } = error;
        if let Some(cell) = self.held(&field) {
            // What it is pinned at has been typed, or follows from it.
            let rest = |language| {
                let text = message.in_language(language);
                let joint = if language == Language::Chinese { "：" } else { ": " };
                text.split_once(joint).map_or(text, |(_, rest)| rest).to_owned()
            };
            return FieldError::new(cell, Said::by(rest));
        }
        let asked = (0..).zip(self.cells).find(|(number, _)| field.starts_with(&format!("pins[{number}]")));
        let field = asked.map_or(field, |(_, cell)| shown(cell));
        FieldError::new(field, Said::by(|language| self.named(message.in_language(language))))
    }

    /// The cell that was typed, where a refusal names one of its months, as in `JC/G1/A01 2015-05`.
    fn held(&self, field: &str) -> Option<String> {
        let (path, month) = field.rsplit_once(' ')?;
        let month = month.parse::<Period>().ok()?;
        let is_own = match self.of {
            Some(code) => path.rsplit('/').next() == Some(code),
            None => !path.contains('/'),
        };
        let is_of = |(span, value): &&Cell| {
            value.is_some() && span.year() == month.year() && span.months().contains(&month.index())
        };
        self.cells.iter().find(is_of).filter(|_| is_own).map(shown)
    }

    /// A sentence with `pins[0] 2015-Q2` as it was typed.
    fn named(&self, text: &str) -> String {
        (0..).zip(self.cells).fold(text.to_owned(), |text, (number, cell)| {
            text.replace(&format!("pins[{number}] {}", cell.0), &shown(cell))
        })
    }
}

fn shown((span, value): &Cell) -> String {
    format!("{span}={}", value.map(|value| value.to_string()).unwrap_or_default())
}

/// The month of the first cell of the plan that a refusal names.
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
            vec![("2015-Q2".parse().unwrap(), Some(60)), ("2015-08".parse().unwrap(), None)];
        let typed = Typed { cells: &cells, of: Some("A01") };
        let told = |field: &str, message: &'static str| {
            let FieldError { field, message } =
                typed.told(FieldError::new(field, Said::fixed("锁定：多", message)));
            (field, message.to_string())
        };
        let of = |field: &str, message: &str| (field.to_owned(), message.to_owned());
        assert_eq!(told("pins[0].period", "no"), of("2015-Q2=60", "no"));
        assert_eq!(told("pins[1]", "held by pins[0] 2015-Q2"), of("2015-08=", "held by 2015-Q2=60"));
        assert_eq!(told("JC/G1/A01 2015-05", "pinned at 20: too much"), of("2015-Q2=60", "too much"));
        // Released, another's, and of another month.
        for other in ["JC/G1/A01 2015-08", "JC/G1 2015-05", "JC/G1/A01 2015-01"] {
            assert_eq!(told(other, "pinned at 20: too much"), of(other, "pinned at 20: too much"));
        }
    }
}
