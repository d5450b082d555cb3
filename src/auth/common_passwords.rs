//! Passwords that are tried first. Most of what people choose is a common word or a row of keys with digits before or
//! behind, so what is compared is the password without those.

/// What is left of common passwords without digits and signs around, in lower case: words, rows of keys, names of what
/// this program is used for, and Chinese habits in pinyin.
const WORDS: &str = include_str!("common_passwords.txt");

/// Rows in which keys or characters follow each other, either way.
const ROWS: &[&str] = &[
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "qwertyuiopasdfghjklzxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "147258369147258369",
    "123698741236987",
    "!@#$%^&*()_+",
    "1!2@3#4$5%6^7&8*9(0)",
];

/// Whether a password is among those that are tried first.
pub(super) fn is_common(password: &str) -> bool {
    let plain = password.to_lowercase();
    let core = core(&plain);
    // Digits and signs alone are telephone numbers, days of birth, and counting.
    let is_word = core.is_empty() || WORDS.split_whitespace().any(|word| word == core);
    is_word || is_repeated(&plain) || is_row(&plain)
}

/// A text in lower case without the digits and signs before and behind its letters, and with letters for the signs that
/// stand for them.
pub(super) fn core(text: &str) -> String {
    let plain = text.to_lowercase();
    let bare = plain.trim_matches(|c: char| !c.is_alphabetic());
    // Within a word a digit stands for a letter: p@ssw0rd.
    let spelt = bare.chars().map(|c| match c {
        '@' => 'a',
        '$' => 's',
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        other => other,
    });
    spelt.filter(|c| c.is_alphabetic()).collect()
}

/// Whether it is one short piece over and over.
fn is_repeated(text: &str) -> bool {
    let characters = Vec::from_iter(text.chars());
    (1..=characters.len() / 2).any(|length| {
        let (piece, _) = characters.split_at(length);
        // The last one may be cut off.
        length <= 5 && characters.chunks(length).all(|other| piece.starts_with(other))
    })
}

/// Whether it is a piece of a row, read either way.
fn is_row(text: &str) -> bool {
    let backwards = text.chars().rev().collect::<String>();
    ROWS.iter().any(|row| row.contains(text) || row.contains(&backwards))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_tried_first_is_refused() {
        for password in [
            "1234567890",
            "0987654321",
            "13800138000",
            "19880808520",
            "a123456789",
            "123456789a",
            "Aa123456789",
            "qq123456789",
            "woaini1314",
            "woaini520131",
            "5201314woaini",
            "WoAiNi1314520",
            "password123",
            "P@ssw0rd2014",
            "Password!!",
            "passwordpassword",
            "qwertyuiop",
            "1qaz2wsx3edc",
            "1q2w3e4r5t",
            "asdfghjkl1",
            "zxcvbnm123",
            "iloveyou520",
            "admin123456",
            "admin@2014",
            "showfloor1",
            "aaaaaaaaaa",
            "abababababab",
            "abcabcabca",
            "abcdefghij",
            "!@#$%^&*()",
            "14725836914",
            "zhongguo2014",
        ] {
            assert!(is_common(password), "{password}");
        }
    }

    #[test]
    fn what_nobody_tries_first_is_taken() {
        for password in [
            "correct horse",
            "battery staple",
            "a password for tests",
            "showfloor-demo",
            "long enough",
            "a long password",
            "春眠不觉晓处处闻啼鸟",
            "k7mq-2vxd-9pht",
            "lvdaosanqian1987",
        ] {
            assert!(!is_common(password), "{password}");
        }
    }
}
