//! Braces and texts that are opened and never closed.

/// The offset of a brace that nothing closes, of those that are opened before `end`: one whose closing brace stands further
/// left than its own line, or else the last one that is still open.
pub fn brace(code: &str, end: usize) -> Option<usize> {
    let mut open = Vec::<usize>::new();
    for (at, character) in code.char_indices().take_while(|(at, _)| *at < end) {
        match character {
            '{' => open.push(at),
            '}' => {
                let is_first =
                    code.get(line_start(code, at)..at).is_some_and(|before| before.trim().is_empty());
                let opening = open.pop();
                if let Some(opening) = opening.filter(|_| is_first)
                    && indentation(code, at) < indentation(code, opening)
                    && !open.is_empty()
                {
                    return Some(opening);
                }
            }
            _ => {}
        }
    }
    open.pop()
}

/// Whether a brace at `at` closes one that was never opened.
pub fn closes_nothing(code: &str, at: usize) -> bool {
    let before = code.get(..at).unwrap_or_default();
    before.matches('}').count() >= before.matches('{').count()
}

/// The offset of the back-tick whose text goes on at the beginning of a line, counted from 1.
pub fn back_tick(text: &str, line: usize) -> Option<usize> {
    let end: usize = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let mut quote: Option<(char, usize)> = None;
    let mut is_comment = false;
    let mut before = ' ';
    for (at, character) in text.char_indices().take_while(|(at, _)| *at < end) {
        match quote {
            _ if is_comment => is_comment = character != '\n',
            Some((open, _)) if character == open && before != '\\' => quote = None,
            Some(('"', _)) if character == '\n' => quote = None,
            Some(_) => {}
            None if character == '/' && before == '/' => is_comment = true,
            None if character == '"' || character == '`' => quote = Some((character, at)),
            None => {}
        }
        before = character;
    }
    quote.filter(|(open, _)| *open == '`').map(|(_, at)| at)
}

fn line_start(code: &str, at: usize) -> usize {
    code.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1)
}

fn indentation(code: &str, at: usize) -> usize {
    let line = code.get(line_start(code, at)..).unwrap_or_default();
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_brace_is_missed_where_the_lines_say_so() {
        let text = "fn a() {\n    if b {\n        c\n    } else {\n        d\n    if e {\n        f\n    }\n    g\n}\nfn h() {}\n";
        assert_eq!(brace(text, text.len()), text.find("else {").map(|at| at + 5));
        let text = "fn a() {\n    b\n";
        assert_eq!(brace(text, text.len()), Some(7));
        // Without indentation the last one that is open is as good as any.
        let text = "fn a() {\nif b {\nc\n}\n";
        assert_eq!(brace(text, text.len()), Some(7));
        assert_eq!(brace("fn a() { b }", 12), None);
        assert!(closes_nothing("fn a() { b }\n}", 13) && !closes_nothing("fn a() { b }", 11));
    }

    #[test]
    fn a_text_that_goes_on_in_the_next_line_is_found() {
        let text = "// `\nnote(\"`\");\nnote(`a 起);\nnote(`b`);\n";
        assert_eq!(back_tick(text, 4), text.find("`a"));
        assert_eq!((back_tick(text, 3), back_tick(text, 1)), (None, None));
    }
}
