//! What in a scheme contradicts itself, or can never happen.

use rust_decimal::Decimal;

use super::{
    CEILING_LIMIT, GradeBand, PARAMETER_LIMIT, POINTS_LIMIT, POINTS_PLACES, Parameter, RuleEntry, SchemeFile,
    Veto, place_of_entry, place_of_text,
};
use crate::decimal::plain;
use crate::ledger::metric::{Catalogue, is_identifier};
use crate::rules::finding::{Finding, SourcePlace};
use crate::rules::host;
use crate::rules::misspelt::in_latin;
use crate::rules::scoring::NOT_RATED;
use crate::rules::vanished::unknown;

/// Most characters of a name, and of a grade's.
const LABEL_LIMIT: usize = 200;
const GRADE_LIMIT: usize = 20;

/// Every contradiction of a scheme, with its line.
pub fn of(scheme: &SchemeFile, file: &str, text: &str, catalogue: &Catalogue) -> Vec<Finding> {
    let mut found = Found { file, text, findings: Vec::new() };
    found.labels(scheme);
    found.totals(scheme);
    for (index, rule) in scheme.rule.iter().enumerate() {
        found.rule(rule, scheme.rule.iter().take(index).any(|earlier| earlier.id == rule.id));
    }
    for (index, parameter) in scheme.parameter.iter().enumerate() {
        let is_twice = scheme.parameter.iter().take(index).any(|earlier| earlier.name == parameter.name);
        found.parameter(parameter, is_twice, catalogue);
    }
    for (index, grade) in scheme.grade.iter().enumerate() {
        let is_twice = scheme.grade.iter().take(index).any(|earlier| earlier.name == grade.name);
        found.grade(grade, is_twice, scheme.total_cap);
    }
    found.order(&scheme.grade);
    for (index, veto) in scheme.veto.iter().enumerate() {
        for earlier in scheme.veto.iter().take(index).filter(|earlier| earlier.metric == veto.metric) {
            found.veto_again(earlier, veto, &scheme.grade);
        }
        found.veto(veto, &scheme.grade, catalogue);
    }
    found.findings
}

struct Found<'a> {
    file: &'a str,
    text: &'a str,
    findings: Vec<Finding>,
}

impl Found<'_> {
    fn add(&mut self, code: &'static str, place: SourcePlace, message: String) {
        self.findings.push(Finding::error(code, place, self.text, message));
    }

    /// Where `key` stands in the entry whose `head` says `name`.
    fn at(&self, head: &str, name: &str, key: &str) -> SourcePlace {
        place_of_entry(self.file, self.text, head, name, key)
    }

    /// Names that nobody can read, or that no table has room for.
    fn labels(&mut self, scheme: &SchemeFile) {
        let place = place_of_text(self.file, self.text, "title");
        self.label(place, "title", &scheme.title.zh, LABEL_LIMIT);
        for rule in &scheme.rule {
            self.label(self.at("id", &rule.id, "zh"), "zh", &rule.zh, LABEL_LIMIT);
        }
        for parameter in &scheme.parameter {
            self.label(self.at("name", &parameter.name, "zh"), "zh", &parameter.zh, LABEL_LIMIT);
        }
        for grade in &scheme.grade {
            self.label(self.at("name", &grade.name, "name"), "name", &grade.name, GRADE_LIMIT);
        }
        for veto in &scheme.veto {
            self.label(self.at("metric", &veto.metric, "zh"), "zh", &veto.zh, LABEL_LIMIT);
        }
    }

    fn label(&mut self, place: SourcePlace, key: &str, text: &str, most: usize) {
        let count = text.chars().count();
        if text.trim().is_empty() {
            self.add("scheme", place, format!("'{key}' is blank"));
        } else if count > most {
            self.add(
                "scheme",
                place,
                format!("'{key}' has {count} characters, more than the {most} allowed"),
            );
        }
    }

    fn totals(&mut self, scheme: &SchemeFile) {
        for (name, value) in [("total_cap", scheme.total_cap), ("min_applicable", scheme.min_applicable)] {
            if !are_points(value) {
                let place = place_of_text(self.file, self.text, name);
                self.add(
                    "scheme",
                    place,
                    format!(
                        "{name} has {}: expected 0 to {POINTS_LIMIT} with at most 2 decimals",
                        plain(value)
                    ),
                );
            }
        }
        let points = scheme.rule.iter().try_fold(Decimal::ZERO, |sum, rule| sum.checked_add(rule.max));
        if points.is_none_or(|points| points > POINTS_LIMIT) {
            let place = place_of_text(self.file, self.text, "[[rule]]");
            let message = format!("all rules together have more than {POINTS_LIMIT} points");
            self.add("scheme", place, message);
        }
        if let Some((message, suggestion)) = unknown(&scheme.position) {
            let place = place_of_text(self.file, self.text, "position");
            let finding = Finding::error("scheme", place, self.text, message);
            self.findings.push(finding.suggesting(suggestion));
        }
        // Points that cannot be are told by themselves.
        let is_sound = scheme.rule.iter().all(|rule| rule.max > Decimal::ZERO);
        if let Some(points) = points.filter(|points| is_sound && scheme.min_applicable > *points) {
            let place = place_of_text(self.file, self.text, "min_applicable");
            let (least, points) = (plain(scheme.min_applicable), plain(points));
            let message = format!(
                "nobody is ever rated: it takes {least} applicable points, but all rules together have {points}"
            );
            self.add("unreachable", place, message);
        }
    }

    fn rule(&mut self, rule: &RuleEntry, is_twice: bool) {
        let id = &rule.id;
        if is_twice {
            self.add("scheme", self.at("id", id, "id"), format!("the rule '{id}' is listed twice"));
        }
        for (key, points) in [("max", Some(rule.max)), ("ceiling", rule.ceiling)] {
            let Some(points) = points else { continue };
            if points <= Decimal::ZERO || !are_points(points) {
                let expected =
                    format!("has at most 2 decimals and lies between 0.01 and {POINTS_LIMIT} points");
                self.add(
                    "scheme",
                    self.at("id", id, key),
                    format!("the {key} of the rule '{id}' {expected}"),
                );
            }
        }
        let most = rule.max.checked_mul(CEILING_LIMIT);
        if rule.ceiling.zip(most).is_some_and(|(ceiling, most)| ceiling > most) {
            let message =
                format!("the ceiling of the rule '{id}' is more than {CEILING_LIMIT} times its max");
            self.add("scheme", self.at("id", id, "ceiling"), message);
        }
        if rule.ceiling.is_some_and(|ceiling| ceiling < rule.max) {
            let message = format!("the ceiling of the rule '{id}' is below its max");
            self.add("scheme", self.at("id", id, "ceiling"), message);
        }
    }

    fn parameter(&mut self, parameter: &Parameter, is_twice: bool, catalogue: &Catalogue) {
        let name = &parameter.name;
        let mut complain =
            |key: &str, message: String| self.add("scheme", self.at("name", name, key), message);
        if !is_identifier(name) {
            let expected = "is lower-case letters, digits and underscores, beginning with a letter";
            complain("name", format!("the name of a parameter {expected}, not '{name}'"));
        } else if host::function(name).is_some() {
            complain("name", format!("the parameter '{name}' has the name of a function"));
        } else if catalogue.find(name).is_some() {
            complain("name", format!("the parameter '{name}' has the name of a metric"));
        }
        if is_twice {
            complain("name", format!("the parameter '{name}' is listed twice"));
        }
        let numbers = [
            ("value", parameter.value),
            ("min", parameter.min),
            ("max", parameter.max),
            ("step", parameter.step),
        ];
        for (key, value) in numbers {
            if value.abs() > PARAMETER_LIMIT {
                let value = plain(value);
                complain(
                    key,
                    format!("the {key} of the parameter '{name}' is {value}, above {PARAMETER_LIMIT}"),
                );
            }
        }
        if parameter.step <= Decimal::ZERO {
            complain("step", format!("the step of the parameter '{name}' has to be above 0"));
        }
        let [value, min, max] = [parameter.value, parameter.min, parameter.max].map(plain);
        if parameter.min > parameter.max {
            complain("min", format!("the parameter '{name}' has its min {min} above its max {max}"));
        } else if !(parameter.min..=parameter.max).contains(&parameter.value) {
            complain("value", format!("the parameter '{name}' is {value}, outside its range {min} to {max}"));
        }
    }

    fn grade(&mut self, grade: &GradeBand, is_twice: bool, cap: Decimal) {
        let name = &grade.name;
        if is_twice {
            self.add("scheme", self.at("name", name, "name"), format!("the grade '{name}' is listed twice"));
        }
        if name.trim().eq_ignore_ascii_case(NOT_RATED) {
            let message =
                format!("'{NOT_RATED}' is what a review without a grade is called; choose another name");
            self.add("scheme", self.at("name", name, "name"), message);
        }
        for (key, value) in [("min", grade.min), ("coefficient", grade.coefficient)] {
            if !are_points(value) {
                let value = plain(value);
                let message = format!(
                    "the {key} of the grade '{name}' is {value}: expected 0 to {POINTS_LIMIT} with at most 2 decimals"
                );
                self.add("scheme", self.at("name", name, key), message);
            }
        }
        if grade.min > cap {
            let cap = plain(cap);
            let message = format!("the grade '{name}' is never reached: a total is at most {cap}");
            self.add("unreachable", self.at("name", name, "min"), message);
        }
    }

    fn order(&mut self, grades: &[GradeBand]) {
        for (better, worse) in grades.iter().zip(grades.iter().skip(1)) {
            let name = &worse.name;
            if worse.min >= better.min {
                let message = format!("the grade '{name}' begins no lower than the one before it");
                self.add("scheme", self.at("name", name, "min"), message);
            }
            if worse.coefficient > better.coefficient {
                let message =
                    format!("the grade '{name}' has a higher coefficient than the better one before it");
                self.add("scheme", self.at("name", name, "coefficient"), message);
            }
        }
        match grades.last() {
            Some(last) if last.min.is_zero() => {}
            Some(last) => {
                let message = "the last grade has to begin at 0".to_owned();
                self.add("scheme", self.at("name", &last.name, "min"), message);
            }
            None => self.add("scheme", SourcePlace::file(self.file), "there are no grades".to_owned()),
        }
    }

    /// Two vetoes by one metric: the one from the higher value has to cap lower, or it has no effect.
    fn veto_again(&mut self, earlier: &Veto, later: &Veto, grades: &[GradeBand]) {
        let rank = |veto: &Veto| grades.iter().position(|grade| grade.name == veto.cap);
        let (lower, higher) =
            if earlier.at_least <= later.at_least { (earlier, later) } else { (later, earlier) };
        let has_effect = lower.at_least < higher.at_least && rank(lower) < rank(higher);
        if !has_effect {
            let metric = &later.metric;
            let [from, other] = [higher.at_least, lower.at_least].map(plain);
            let message = format!(
                "the veto by '{metric}' from {from} has no effect beside the one from {other}: it has to cap lower"
            );
            self.add("unreachable", self.at("metric", metric, "at_least"), message);
        }
    }

    fn veto(&mut self, veto: &Veto, grades: &[GradeBand], catalogue: &Catalogue) {
        let metric = &veto.metric;
        if grades.iter().all(|grade| grade.name != veto.cap) {
            let message = format!("the veto's cap '{}' is not one of the grades", veto.cap);
            let meant = in_latin(veto.cap.trim()).to_uppercase();
            let suggestion = match grades.iter().find(|grade| grade.name.to_uppercase() == meant) {
                Some(grade) => format!("did you mean '{}'?", grade.name),
                None => {
                    let names = grades.iter().map(|grade| grade.name.as_str()).collect::<Vec<_>>();
                    format!("the grades are: {}", names.join(", "))
                }
            };
            let finding = Finding::error("scheme", self.at("metric", metric, "cap"), self.text, message);
            self.findings.push(finding.suggesting(Some(suggestion)));
        } else if grades.first().is_some_and(|best| best.name == veto.cap) {
            let message = format!("the veto has no effect: its cap '{}' is the best grade", veto.cap);
            self.add("unreachable", self.at("metric", metric, "cap"), message);
        }
        let entry = catalogue.find(metric).and_then(|id| catalogue.get(id));
        let at_least = plain(veto.at_least);
        match entry {
            Some(entry) if veto.at_least > entry.max => {
                let max = plain(entry.max);
                let message =
                    format!("the veto from {at_least} is never reached: '{metric}' is at most {max}");
                self.add("unreachable", self.at("metric", metric, "at_least"), message);
            }
            Some(entry) if veto.at_least <= entry.min => {
                let min = plain(entry.min);
                let message =
                    format!("the veto from {at_least} is always reached: '{metric}' is at least {min}");
                self.add("scheme", self.at("metric", metric, "at_least"), message);
            }
            _ => {
                if let Err(problem) = catalogue.read(metric, veto.at_least) {
                    let place = self.at("metric", metric, "metric");
                    let message = format!("the veto's metric: {problem}");
                    let chinese = catalogue.listed().iter().find(|one| one.zh == metric.trim());
                    let suggestion =
                        chinese.map(|one| format!("「{}」写作 {} · write {1}", one.zh, one.name));
                    let finding = Finding::error("scheme", place, self.text, message);
                    self.findings.push(finding.suggesting(suggestion));
                }
            }
        }
    }
}

/// Whether the columns of reviews hold just this number.
fn are_points(value: Decimal) -> bool {
    (Decimal::ZERO..=POINTS_LIMIT).contains(&value) && value.normalize().scale() <= POINTS_PLACES
}
