//! Warnings that their author has answered: `// allow: unreachable – 以防负数` beside the place, or in the line above it; in
//! TOML anywhere in the entry that it is about, or in the comment above that entry.

use super::finding::{Finding, Severity};

/// The word before the code.
const WORD: &str = "allow:";

/// Keeps with every warning the reason for which its author wants it so. `text` gives the text of a file.
pub fn answer<'a>(findings: &mut [Finding], text: impl Fn(&str) -> Option<&'a str>) {
    for finding in findings.iter_mut().filter(|finding| finding.severity == Severity::Warning) {
        let Some(text) = text(&finding.place.file) else { continue };
        let lines = text.lines().collect::<Vec<_>>();
        let at = finding.place.line.unwrap_or(1).saturating_sub(1);
        let above = at.checked_sub(1).and_then(|above| lines.get(above)).filter(|line| is_comment(line));
        let entry = match finding.place.file.ends_with(".toml") {
            true => entry(&lines, at),
            false => &[],
        };
        let beside = lines.get(at).into_iter().chain(above).chain(entry);
        let reason = beside.copied().find_map(|line| reason(line, finding.code));
        finding.allowed = reason.map(str::to_owned);
    }
}

/// The lines of the entry of TOML that has the line `at`, from the comment above its `[[head]]` to the last line before what
/// belongs to the next one; none for what stands before the first entry.
fn entry<'a, 'b>(lines: &'b [&'a str], at: usize) -> &'b [&'a str] {
    let is_head = |line: &&str| line.trim_start().starts_with('[');
    // A comment right above a head belongs to that entry.
    let beginning = |head: usize| {
        let before = lines.get(..head).unwrap_or_default();
        head - before.iter().rev().take_while(|line| is_comment(line)).count()
    };
    let head = lines.iter().take(at.saturating_add(1)).rposition(is_head);
    let Some(head) = head else { return &[] };
    let next = lines.iter().skip(head.saturating_add(1)).position(is_head);
    let end = next.map_or(lines.len(), |next| beginning(head + 1 + next));
    lines.get(beginning(head)..end).unwrap_or_default()
}

/// Whether a line is nothing but a comment.
fn is_comment(line: &str) -> bool {
    marker(line).is_some_and(|at| line.trim_start().len() + at == line.len())
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

    #[test]
    fn in_toml_a_comment_answers_for_the_entry_that_it_stands_in_or_above() {
        let text = "total_cap = 1\n\n# 下季度用\n# allow: unused – 一\n[[parameter]]\nname = \"a\"\nvalue = 1\n\n\
                    [[parameter]]\nname = \"b\"\nvalue = 2 # allow: unused – 二\n# 三\n# allow: gap – 三\n[[veto]]\nmetric = \"c\"\n";
        let answered = |line: usize, code: &'static str, file: &str| {
            let mut findings = [Finding::error(code, SourcePlace::at(file, line, 1), text, "x").warning()];
            answer(&mut findings, |_| Some(text));
            findings[0].allowed.clone()
        };
        let scheme = |line, code| answered(line, code, "a/scheme.toml");
        for (line, code, reason) in
            [(6, "unused", "一"), (7, "unused", "一"), (10, "unused", "二"), (15, "gap", "三")]
        {
            assert_eq!(scheme(line, code).as_deref(), Some(reason), "{line}");
        }
        for (line, code) in [(1, "unused"), (10, "gap"), (15, "unused"), (6, "gap")] {
            assert_eq!(scheme(line, code), None, "{line} {code}");
        }
        // A script has no entries.
        assert_eq!(answered(6, "unused", "a/x.rhai"), None);
    }
}
