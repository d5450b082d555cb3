//! Warnings that their author has answered: `// allow: unreachable – 以防负数` beside the place, or in the line above it.

use super::finding::{Finding, Severity};

/// The word before the code.
const WORD: &str = "allow:";

/// Keeps with every warning the reason for which its author wants it so. `text` gives the text of a file.
pub fn answer<'a>(findings: &mut [Finding], text: impl Fn(&str) -> Option<&'a str>) {
    for finding in findings.iter_mut().filter(|finding| finding.severity == Severity::Warning) {
        let Some(text) = text(&finding.place.file) else { continue };
        let line = finding.place.line.unwrap_or(1);
        let beside = text.lines().nth(line.saturating_sub(1));
        let above = line.checked_sub(2).and_then(|above| text.lines().nth(above));
        let above =
            above.filter(|line| marker(line).is_some_and(|at| line.trim_start().len() + at == line.len()));
        let reason = beside.into_iter().chain(above).find_map(|line| reason(line, finding.code));
        finding.allowed = reason.map(str::to_owned);
    }
}

/// Where a comment begins.
fn marker(line: &str) -> Option<usize> {
    line.find("//").or_else(|| line.find('#'))
}

/// What a line's comment says about a code: an answer without a reason is none.
fn reason<'a>(line: &'a str, code: &str) -> Option<&'a str> {
    let comment = line.get(marker(line)?..)?;
    let (_, rest) = comment.split_once(WORD)?;
    let rest = rest.trim_start();
    let rest = rest.strip_prefix(code)?;
    // The code is the whole word.
    let reason = rest.strip_prefix(|next: char| next.is_whitespace() || "–—:：，,".contains(next))?;
    let reason =
        reason.trim_start_matches(|next: char| next.is_whitespace() || "–—-:：，,".contains(next)).trim_end();
    (!reason.is_empty()).then_some(reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::finding::SourcePlace;

    fn answered(text: &str, line: usize, code: &'static str) -> Option<String> {
        let finding = Finding::error(code, SourcePlace::at("a/x.rhai", line, 1), text, "x").warning();
        let mut findings = [finding];
        answer(&mut findings, |_| Some(text));
        let [finding] = findings;
        finding.allowed
    }

    #[test]
    fn a_comment_beside_or_above_answers_a_warning_with_a_reason() {
        let text = "if late < 0 { return 0; } // allow: unreachable – 以防负数\n// allow: gap - 有意\nx\n";
        assert_eq!(answered(text, 1, "unreachable").as_deref(), Some("以防负数"));
        assert_eq!(answered(text, 3, "gap").as_deref(), Some("有意"));
        for (text, line, code) in [
            (text, 1, "gap"),
            (text, 3, "unreachable"),
            ("x // allow: gap", 1, "gap"),
            ("x // allow: gap – ", 1, "gap"),
            ("x // allow: gaps – y", 1, "gap"),
            ("x // allow: gap – y\nz", 2, "gap"),
            ("allow: gap – y", 1, "gap"),
        ] {
            assert_eq!(answered(text, line, code), None, "{text}");
        }
        assert_eq!(answered("total_cap = 1 # allow: gap：有意", 1, "gap").as_deref(), Some("有意"));
    }
}
