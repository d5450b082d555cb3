//! Texts that can be kept and shown: no control characters, which the database and files cannot hold, and none that turn
//! what stands beside them round.

/// The first character of a text that cannot be kept, or hides what the text says. Line ends and tabs can.
pub fn unstorable(text: &str) -> Option<char> {
    text.chars().find(|character| is_unstorable(*character))
}

/// The same text with a mark in the place of such characters: what is said of a failure has to be kept, whatever an
/// author's text in it holds.
pub fn storable(text: String) -> String {
    match unstorable(&text) {
        None => text,
        Some(_) => text
            .chars()
            .map(|one| if is_unstorable(one) { char::REPLACEMENT_CHARACTER } else { one })
            .collect(),
    }
}

fn is_unstorable(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        // They override in which direction text is read, or separate lines and paragraphs.
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' => true,
        other => other.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_database_cannot_hold_is_found_and_marked() {
        for text in ["a\0b", "\u{7}", "\u{202e}5", "\u{2067}", "\u{85}", "\r"] {
            assert!(unstorable(text).is_some(), "{text:?}");
            assert_eq!(unstorable(&storable(text.to_owned())), None);
        }
        for text in ["留档率 46/52 = 88.5%", "a\tb\nc", "👩\u{200d}🔧", "é"] {
            assert_eq!(unstorable(text), None, "{text:?}");
            assert_eq!(storable(text.to_owned()), text);
        }
    }
}
