//! Files in a rules folder that are no part of the rules: each is named, with what to do about it.

use std::fs;
use std::path::Path;

use super::bundle::{CATALOGUE_FILE, EXAMPLES_FOLDER, Files, SCHEME_FILE};
use super::finding::{Finding, SourcePlace};
use super::vanished::UNSCORED_FILE;
use crate::ledger::metric::nearest;

/// Files beside that are no part of the rules, and files that look like a part and were left out: each is named with what
/// to do, and none is quietly taken or dropped.
pub fn beside(folder: &Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut tell = |path: String, message: &str| {
        findings.push(Finding::error("not-listed", SourcePlace::file(&path), "", message).warning());
    };
    let entries = |path: &Path| fs::read_dir(path).into_iter().flatten().flatten();
    for entry in entries(folder) {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if !path.is_dir() {
            if let Some(message) = left_out(&name) {
                tell(name, message);
            }
            continue;
        }
        if name == EXAMPLES_FOLDER || name.starts_with('.') {
            continue;
        }
        let mut is_empty = true;
        for inner in entries(&path) {
            let (path, inner) = (inner.path(), inner.file_name().to_string_lossy().into_owned());
            let shown = format!("{name}/{inner}");
            is_empty &= !is_wanted(&inner);
            if let Some(message) = left_out(&inner).filter(|_| !path.is_dir()) {
                tell(shown, message);
                is_empty = false;
            } else if path.is_dir()
                && entries(&path).any(|deep| is_wanted(&deep.file_name().to_string_lossy()))
            {
                tell(
                    shown,
                    "文件夹里再套文件夹，里面的文件不读 · files in a folder within a scheme's folder are not read",
                );
                is_empty = false;
            }
        }
        if is_empty {
            tell(
                name,
                "里面没有方案，这个文件夹不起作用 · nothing in this folder is read: it has no scheme.toml",
            );
        }
    }
    findings.sort_by(|one, two| one.place.file.cmp(&two.place.file));
    findings
}

/// What people keep beside rules, or take for them.
const DOCUMENTS: [&str; 8] = [".xlsx", ".xls", ".et", ".csv", ".docx", ".doc", ".wps", ".rtf"];

fn is_wanted(name: &str) -> bool {
    name.ends_with(".rhai") || name.ends_with(".toml")
}

/// Why a file that looks like one of the rules is not read, if it does.
fn left_out(name: &str) -> Option<&'static str> {
    let lower = name.to_lowercase();
    let stem = [".txt", ".bak", ".old", ".orig"].iter().find_map(|ending| lower.strip_suffix(ending));
    if name.starts_with('.') && is_wanted(name) {
        return Some("以点开头的文件不读，可以删掉 · a file whose name begins with a dot is not read");
    }
    if stem.is_some_and(is_wanted) {
        return Some(
            "多了一个后缀，这个文件不读：改名去掉它 · it is not read because of its second ending; rename it",
        );
    }
    if DOCUMENTS.iter().any(|ending| lower.ends_with(ending)) {
        return Some(
            "表格和文档不读：规则只写在 .toml 和 .rhai 文件里 · it is not read: rules stand in .toml and .rhai files only",
        );
    }
    if is_wanted(&lower) && !is_wanted(name) {
        return Some("后缀要小写，这个文件不读 · it is not read: write its ending in lower-case letters");
    }
    None
}

/// Whether a name is most likely meant to be another one.
fn is_nearly(name: &str, meant: &str) -> bool {
    nearest(&name.to_lowercase(), std::iter::once(meant)).is_some()
}

/// Files that are in the folder and mean nothing to the rules.
pub fn unknown(files: &Files) -> Vec<Finding> {
    let unknown = files.keys().filter(|path| {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        match folder.is_empty() {
            true => ![CATALOGUE_FILE, UNSCORED_FILE].contains(&name),
            false => name != SCHEME_FILE && !name.ends_with(".rhai") && !name.ends_with(".cases.toml"),
        }
    });
    let told = unknown.map(|path| {
        let name = path.rsplit('/').next().unwrap_or(path);
        let message = if name.ends_with(".case.toml") {
            "用例文件的名字是 <规则>.cases.toml，这个文件不会执行 · cases stand in <rule>.cases.toml; this file is never run"
        } else if name.starts_with("~$") {
            "编辑软件留下的临时文件，可以删掉 · a text program has left this file; delete it"
        } else if ["副本", "copy", "(", "（"].iter().any(|mark| name.to_lowercase().contains(mark)) {
            "是副本，不起作用：用不着就删掉 · a copy, which has no effect; delete it"
        } else if name != SCHEME_FILE && is_nearly(name, SCHEME_FILE) {
            "名字要写成 scheme.toml · its name has to be scheme.toml"
        } else if is_nearly(path, CATALOGUE_FILE) {
            "名字要写成 metrics.toml · its name has to be metrics.toml"
        } else {
            "规则里没有这样的文件，不起作用 · rules have no such file; it has no effect"
        };
        Finding::error("not-listed", SourcePlace::file(path), "", message).warning()
    });
    told.collect()
}
