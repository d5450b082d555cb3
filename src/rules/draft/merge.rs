//! A draft's changes put onto rules that have changed since it began: file by file, in a `scheme.toml` parameter by
//! parameter, and otherwise line by line. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use similar::{Algorithm, DiffTag, capture_diff_slices};
use utoipa::ToSchema;

use super::parameters;
use crate::decimal;
use crate::rules::bundle::{Files, SCHEME_FILE};

/// Most characters that a conflict shows of a side.
const SHOWN: usize = 600;

/// One of two who have changed the same thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RuleMergeSide)]
pub enum Side {
    /// What the draft says.
    Draft,
    /// What the release says.
    Release,
}

/// A place that the draft and the release have changed differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The file.
    pub path: String,
    /// The parameter of the scheme, if it is about one.
    pub parameter: Option<String>,
    /// What both began from; none where it was not there.
    pub base: Option<String>,
    /// What the draft says; none where it has taken it away.
    pub draft: Option<String>,
    /// What the release says; none where it has taken it away.
    pub release: Option<String>,
}

/// Two changes put together.
#[derive(Debug)]
pub struct Merged {
    /// The files. In a place of conflict they say what the preferred side says, or the draft where none is preferred.
    pub files: Files,
    /// Every place that both have changed differently, whether or not a side was preferred.
    pub conflicts: Vec<Conflict>,
}

/// Puts what `draft` changes in `base` onto `release`, which is a change of `base`, too.
pub fn merge(base: &Files, draft: &Files, release: &Files, prefer: Option<Side>) -> Merged {
    let mut merge = Merge { side: prefer.unwrap_or(Side::Draft), conflicts: Vec::new() };
    let mut files = Files::new();
    for path in base.keys().chain(draft.keys()).chain(release.keys()).collect::<BTreeSet<_>>() {
        let merged = merge.file(path, [base, draft, release].map(|files| files.get(path)));
        files.extend(merged.map(|content| (path.clone(), content)));
    }
    Merged { files, conflicts: merge.conflicts }
}

/// Which of two changes of the same thing counts, where one side alone has changed it or both the same way.
fn settled<T: PartialEq>(base: T, draft: T, release: T) -> Option<T> {
    match (draft == release || base == release, base == draft) {
        (true, _) => Some(draft),
        (_, true) => Some(release),
        _ => None,
    }
}

struct Merge {
    /// Who counts where both have changed something.
    side: Side,
    conflicts: Vec<Conflict>,
}

impl Merge {
    fn file(&mut self, path: &str, contents: [Option<&Vec<u8>>; 3]) -> Option<Vec<u8>> {
        let [base, draft, release] = contents;
        if let Some(content) = settled(base, draft, release) {
            return content.cloned();
        }
        let texts = contents.map(|content| content.and_then(|bytes| std::str::from_utf8(bytes).ok()));
        if let [Some(base), Some(draft), Some(release)] = texts {
            let is_scheme = path.strip_suffix(SCHEME_FILE).is_some_and(|folder| folder.ends_with('/'));
            let merged = is_scheme.then(|| self.scheme(path, [base, draft, release])).flatten();
            return Some(merged.unwrap_or_else(|| self.lines(path, [base, draft, release])).into_bytes());
        }
        let shown = contents.map(|content| content.map(|bytes| String::from_utf8_lossy(bytes).into_owned()));
        self.conflict(path, None, shown);
        match self.side {
            Side::Draft => draft.cloned(),
            Side::Release => release.cloned(),
        }
    }

    fn conflict(&mut self, path: &str, parameter: Option<&str>, shown: [Option<String>; 3]) {
        let [base, draft, release] =
            shown.map(|text| text.map(|text| text.chars().take(SHOWN).collect::<String>()));
        let (path, parameter) = (path.to_owned(), parameter.map(str::to_owned));
        self.conflicts.push(Conflict { path, parameter, base, draft, release });
    }

    /// A scheme's parameters each by itself, then everything else in it as text. None: the parameters of one of the texts
    /// cannot be read.
    fn scheme(&mut self, path: &str, texts: [&str; 3]) -> Option<String> {
        let [base, draft, release] = texts;
        let values = [parameters::values(base)?, parameters::values(draft)?, parameters::values(release)?];
        let [in_base, in_draft, in_release] = &values;
        let mut chosen = BTreeMap::<&str, Decimal>::new();
        let mut disputed = Vec::new();
        for (name, own) in in_draft {
            let (Some(before), Some(other)) = (in_base.get(name), in_release.get(name)) else { continue };
            let value = settled(*before, *own, *other).unwrap_or_else(|| {
                disputed.push((name, [*before, *own, *other]));
                if self.side == Side::Draft { *own } else { *other }
            });
            chosen.insert(name, value);
        }
        // With the same numbers in all three, what is left to be merged is what else was changed.
        let level = |text: &str, values: &BTreeMap<String, Decimal>| {
            let others = chosen.iter().filter(|(name, value)| values.get(**name) != Some(*value));
            let mut leveled = text.to_owned();
            for (name, value) in others {
                leveled = parameters::with_value(&leveled, name, *value)?;
            }
            Some(leveled)
        };
        let [base, draft, release] =
            [level(base, in_base)?, level(draft, in_draft)?, level(release, in_release)?];
        for (name, values) in disputed {
            self.conflict(path, Some(name), values.map(|value| Some(decimal::plain(value))));
        }
        Some(self.lines(path, [&base, &draft, &release]))
    }

    fn lines(&mut self, path: &str, texts: [&str; 3]) -> String {
        let [base, draft, release] = texts.map(|text| text.split_inclusive('\n').collect::<Vec<_>>());
        let mut sides =
            [edits(&base, &draft), edits(&base, &release)].map(|edits| edits.into_iter().peekable());
        let mut merged = String::new();
        let mut at = 0;
        loop {
            let first = sides.iter_mut().filter_map(|side| side.peek().map(|edit| edit.replaced.start)).min();
            let Some(start) = first else { break };
            // Changes that overlap or touch belong together, however many of either side.
            let mut end = start;
            let mut group: [Vec<Edit<'_>>; 2] = [Vec::new(), Vec::new()];
            loop {
                let before = end;
                for (side, group) in sides.iter_mut().zip(&mut group) {
                    while let Some(edit) = side.next_if(|edit| edit.replaced.start <= end) {
                        end = end.max(edit.replaced.end);
                        group.push(edit);
                    }
                }
                if end == before {
                    break;
                }
            }
            merged.extend(base.get(at..start).into_iter().flatten().copied());
            at = end;
            let before = base.get(start..end).unwrap_or_default().concat();
            let [own, other] = group.map(|edits| applied(&base, start..end, &edits));
            match settled(&before, &own, &other) {
                Some(text) => merged.push_str(text),
                None => {
                    self.conflict(path, None, [&before, &own, &other].map(|text| Some(text.clone())));
                    merged.push_str(if self.side == Side::Draft { &own } else { &other });
                }
            }
        }
        merged.extend(base.get(at..).into_iter().flatten().copied());
        merged
    }
}

/// Some lines of a text that are replaced by others.
struct Edit<'a> {
    replaced: Range<usize>,
    by: Vec<&'a str>,
}

/// What has to be replaced in `base` to get `other`: rising, and no two of them touch.
fn edits<'a>(base: &[&str], other: &[&'a str]) -> Vec<Edit<'a>> {
    let mut edits: Vec<Edit<'a>> = Vec::new();
    for operation in capture_diff_slices(Algorithm::Myers, base, other) {
        let (tag, replaced, by) = operation.as_tag_tuple();
        if tag == DiffTag::Equal {
            continue;
        }
        let by = other.get(by).unwrap_or_default();
        match edits.last_mut().filter(|last| last.replaced.end == replaced.start) {
            Some(last) => {
                last.replaced.end = replaced.end;
                last.by.extend(by);
            }
            None => edits.push(Edit { replaced, by: by.to_vec() }),
        }
    }
    edits
}

/// A part of `base` with edits that lie within it.
fn applied(base: &[&str], part: Range<usize>, edits: &[Edit<'_>]) -> String {
    let mut text = String::new();
    let mut at = part.start;
    for edit in edits {
        text.extend(base.get(at..edit.replaced.start).into_iter().flatten().copied());
        text.extend(edit.by.iter().copied());
        at = edit.replaced.end;
    }
    text.extend(base.get(at..part.end).into_iter().flatten().copied());
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn files(entries: &[(&str, &str)]) -> Files {
        entries.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
    }

    fn text_of(files: &Files, path: &str) -> String {
        String::from_utf8(files[path].clone()).unwrap()
    }

    fn scheme(floor: &str, cap: &str, more: &str) -> String {
        format!(
            "# 说明\n[[parameter]]\nname = \"floor\"\nvalue = {floor}\n[[parameter]]\nname = \"cap\"\nvalue = {cap}\n{more}"
        )
    }

    #[test]
    fn each_side_keeps_what_it_alone_has_changed() {
        let base = files(&[("a/x.rhai", "1\n2\n3\n4\n5\n"), ("a/y.rhai", "y\n"), ("a/z.rhai", "z\n")]);
        let draft = files(&[("a/x.rhai", "1\nzwei\n3\n4\n5\n"), ("a/y.rhai", "y\n"), ("a/n.rhai", "n\n")]);
        let release =
            files(&[("a/x.rhai", "1\n2\n3\n4\nfünf\n6\n"), ("a/y.rhai", "Y\n"), ("a/z.rhai", "z\n")]);
        let merged = merge(&base, &draft, &release, None);
        assert_eq!(merged.conflicts, []);
        let expected =
            files(&[("a/n.rhai", "n\n"), ("a/x.rhai", "1\nzwei\n3\n4\nfünf\n6\n"), ("a/y.rhai", "Y\n")]);
        assert_eq!(merged.files, expected);
    }

    #[test]
    fn parameters_are_merged_one_by_one_although_they_stand_side_by_side() {
        let path = "a/scheme.toml";
        let base = files(&[(path, &scheme("0.60", "3", "[[veto]]\n"))]);
        let draft = files(&[(path, &scheme("0.60", "4", "[[veto]]\n# 新\n"))]);
        let release = files(&[(path, &scheme("0.9", "3", "[[veto]]\n"))]);
        let merged = merge(&base, &draft, &release, None);
        assert_eq!(merged.conflicts, []);
        assert_eq!(text_of(&merged.files, path), scheme("0.9", "4", "[[veto]]\n# 新\n"));
        // Both have set the same one.
        let draft = files(&[(path, &scheme("0.7", "3", "[[veto]]\n"))]);
        for (side, floor) in [(None, "0.7"), (Some(Side::Draft), "0.7"), (Some(Side::Release), "0.9")] {
            let merged = merge(&base, &draft, &release, side);
            let conflict = &merged.conflicts[0];
            assert_eq!(
                (conflict.parameter.as_deref(), conflict.base.as_deref()),
                (Some("floor"), Some("0.6"))
            );
            assert_eq!((conflict.draft.as_deref(), conflict.release.as_deref()), (Some("0.7"), Some("0.9")));
            assert_eq!(text_of(&merged.files, path), scheme(floor, "3", "[[veto]]\n"));
        }
    }

    #[test]
    fn lines_and_files_that_both_have_changed_are_conflicts() {
        let base = files(&[("a/x.rhai", "1\n2\n3\n"), ("a/y.rhai", "y\n")]);
        let draft = files(&[("a/x.rhai", "1\nzwei\n3\n")]);
        let release = files(&[("a/x.rhai", "1\ntwo\n3\n"), ("a/y.rhai", "Y\n")]);
        let merged = merge(&base, &draft, &release, Some(Side::Release));
        let shown = merged.conflicts.iter().map(|one| (one.path.as_str(), one.draft.as_deref()));
        assert_eq!(shown.collect::<Vec<_>>(), [("a/x.rhai", Some("zwei\n")), ("a/y.rhai", None)]);
        assert_eq!(merged.files, release);
        assert_eq!(merge(&base, &draft, &release, Some(Side::Draft)).files, draft);
    }

    fn lines() -> impl Strategy<Value = String> {
        prop::collection::vec(prop_oneof![Just("a\n"), Just("b\n"), Just("c\n"), Just("d\n")], 0..8)
            .prop_map(|lines| lines.concat())
    }

    proptest! {
        /// Who changes nothing changes nothing of what the other one does, and nobody loses to himself.
        #[test]
        fn one_sided_changes_are_never_lost(base in lines(), changed in lines(), other in lines()) {
            let (b, c) = (files(&[("a/x.rhai", &base)]), files(&[("a/x.rhai", &changed)]));
            for merged in [merge(&b, &c, &b, None), merge(&b, &b, &c, None), merge(&b, &c, &c, None)] {
                prop_assert!(merged.conflicts.is_empty());
                prop_assert_eq!(&merged.files, &c);
            }
            // Without a conflict it does not matter whose the draft is.
            let o = files(&[("a/x.rhai", &other)]);
            let (one, two) = (merge(&b, &c, &o, None), merge(&b, &o, &c, None));
            prop_assert_eq!(one.conflicts.len(), two.conflicts.len());
            if one.conflicts.is_empty() {
                prop_assert_eq!(one.files, two.files);
            }
        }
    }
}
