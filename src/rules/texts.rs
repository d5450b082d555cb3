//! The files of a bundle as texts.

use std::collections::BTreeMap;

use super::bundle::Files;
use super::finding::{Finding, SourcePlace};

/// What a file in UTF-16 begins with.
const UTF_16: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

/// Every file that is text, without the mark that some editors begin one with, and what is said of those that are none.
pub fn of(files: &Files) -> (BTreeMap<&str, &str>, Vec<Finding>) {
    let mut texts = BTreeMap::new();
    let mut findings = Vec::new();
    for (path, bytes) in files {
        match std::str::from_utf8(bytes) {
            Ok(text) => {
                texts.insert(path.as_str(), text.strip_prefix('\u{feff}').unwrap_or(text));
            }
            Err(error) => {
                let text = String::from_utf8_lossy(bytes);
                let place = SourcePlace::at_offset(path, &text, error.valid_up_to());
                let message = match UTF_16.iter().any(|mark| bytes.starts_with(mark)) {
                    true => "文件存成了 UTF-16（记事本里叫 Unicode） · the file is UTF-16 text",
                    false => "文件不是 UTF-8（多半存成了 GBK） · the file is not UTF-8 text",
                };
                let finding = Finding::error("not-utf8", place, &text, message);
                findings.push(finding.suggesting(Some("另存为 UTF-8 · save it as UTF-8".to_owned())));
            }
        }
    }
    (texts, findings)
}
