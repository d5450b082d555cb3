//! Whether two bundles have a rule in common: one that can only come to the same for the same facts.

use super::bundle::{Bundle, Rule};
use super::check::Argument;

/// Whether `one` rule of a bundle and `other` of another are the same in everything that decides what they come to:
/// script, points, parameters, and what the catalogue says of the metrics they read.
pub fn is_same_rule((bundle, one): (&Bundle, &Rule), (other_bundle, other): (&Bundle, &Rule)) -> bool {
    one.file == other.file
        && one.entry == other.entry
        && bundle.files.get(&one.file) == other_bundle.files.get(&other.file)
        && one.arguments.len() == other.arguments.len()
        && one.arguments.iter().zip(&other.arguments).all(
            |((name, argument), (other_name, other_argument))| {
                name == other_name
                    && match (argument, other_argument) {
                        (Argument::Parameter(value), Argument::Parameter(other_value)) => {
                            value == other_value
                        }
                        (Argument::Metric(id), Argument::Metric(other_id)) => {
                            let metric = bundle.catalogue.get(*id);
                            let source = metric.and_then(|metric| metric.source.as_deref());
                            // Reasons name sources by their labels.
                            let label = source.map(|name| bundle.catalogue.source_label(name));
                            let other_label = source.map(|name| other_bundle.catalogue.source_label(name));
                            metric == other_bundle.catalogue.get(*other_id) && label == other_label
                        }
                        _ => false,
                    }
            },
        )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn shipped() -> Bundle {
        Bundle::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")).unwrap()
    }

    /// The rules of all schemes that the shipped bundle and one with `file` changed do not have in common.
    fn apart(file: &str, change: impl Fn(&str) -> String) -> Vec<String> {
        let bundle = shipped();
        let mut files = bundle.files.clone();
        let text = String::from_utf8(files[file].clone()).unwrap();
        let changed = change(&text);
        assert_ne!(changed, text);
        files.insert(file.to_owned(), changed.into_bytes());
        let other = Bundle::compile(files).unwrap();
        let rules =
            |bundle: &Bundle| bundle.schemes.values().flat_map(|scheme| scheme.rules.clone()).collect();
        let (ours, theirs): (Vec<Rule>, Vec<Rule>) = (rules(&bundle), rules(&other));
        let pairs = ours.iter().zip(&theirs);
        let apart = pairs.filter(|(one, two)| !is_same_rule((&bundle, one), (&other, two)));
        apart.map(|(one, _)| one.file.clone()).collect()
    }

    #[test]
    fn only_what_a_rule_depends_on_makes_it_another() {
        let scheme = "sales_consultant/scheme.toml";
        let attainment = "sales_consultant/10_sales_attainment.rhai";
        let parameter = |text: &str| text.replacen("value = 0.60", "value = 0.65", 1);
        assert_eq!(apart(scheme, parameter), [attainment], "the first parameter is the attainment floor");
        let band = |text: &str| text.replacen("min = 95", "min = 94", 1);
        assert_eq!(apart(scheme, band), Vec::<String>::new(), "bands are the scheme's");
        let points = |text: &str| text.replacen("max = 25", "max = 30", 1);
        assert_eq!(apart(scheme, points), [attainment]);
        assert_eq!(apart(attainment, |text| format!("{text}// more\n")), [attainment]);
        let label = |text: &str| text.replacen("zh = \"考勤\"", "zh = \"出勤\"", 1);
        assert_eq!(
            apart("metrics.toml", label),
            [attainment, "sales_consultant/50_attendance.rhai"],
            "the source of scheduled days, whose name stands in a reason"
        );
    }
}
