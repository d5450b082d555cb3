//! A script's text with its comments and quoted texts blanked, so that a search in it finds code only.

/// The text, byte for byte, with blanks for comments and for what stands in quotes. The quotes themselves stay, as `"`;
/// what stands in `${…}` is code.
pub fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    // What the current character is part of, innermost last.
    let mut within = vec![Within::Code { braces: 0 }];
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        let next = rest.peek().copied();
        let mut both = false;
        let shown = match within.last_mut() {
            None => character,
            Some(Within::Code { braces }) => match (character, next) {
                ('/', Some('/')) => enter(&mut within, Within::Line),
                ('/', Some('*')) => {
                    both = true;
                    enter(&mut within, Within::Block)
                }
                ('"' | '`' | '\'', _) => {
                    enter(&mut within, Within::Text { quote: character });
                    '"'
                }
                ('{', _) => {
                    *braces += 1;
                    character
                }
                ('}', _) if *braces == 0 => {
                    // The end of `${…}`; in a script that closes more than it opens, nothing is lost.
                    if within.len() > 1 {
                        within.pop();
                    }
                    ' '
                }
                ('}', _) => {
                    *braces -= 1;
                    character
                }
                _ => character,
            },
            Some(Within::Line) => {
                if character == '\n' {
                    within.pop();
                }
                ' '
            }
            Some(Within::Block) => {
                match (character, next) {
                    ('*', Some('/')) => {
                        both = true;
                        within.pop();
                    }
                    ('/', Some('*')) => {
                        both = true;
                        within.push(Within::Block);
                    }
                    _ => {}
                }
                ' '
            }
            Some(Within::Text { quote }) => {
                let quote = *quote;
                if character == quote {
                    within.pop();
                    '"'
                } else {
                    match (quote, character, next) {
                        ('`', '$', Some('{')) => {
                            both = true;
                            within.push(Within::Code { braces: 0 });
                        }
                        ('"' | '\'', '\\', Some(_)) => both = true,
                        _ => {}
                    }
                    ' '
                }
            }
        };
        push(&mut code, character, shown);
        if both && let Some(second) = rest.next() {
            push(&mut code, second, ' ');
        }
    }
    code
}

enum Within {
    /// Code, with so many braces open.
    Code {
        braces: usize,
    },
    Line,
    Block,
    Text {
        quote: char,
    },
}

fn enter(within: &mut Vec<Within>, inner: Within) -> char {
    within.push(inner);
    ' '
}

/// Lines stay lines, and every character as many bytes as it had.
fn push(code: &mut String, character: char, shown: char) {
    if character == '\n' || shown == character {
        code.push(character);
    } else {
        code.extend(std::iter::once(shown).chain(std::iter::repeat(' ')).take(character.len_utf8()));
    }
}

#[cfg(test)]
mod tests {
    use super::code_of;

    #[test]
    fn comments_and_texts_are_blanked_and_nothing_moves() {
        for (text, code) in [
            ("a // b\nc", "a     \nc"),
            ("a /* b /* c */ d */ e", "a                   e"),
            ("f(\"x } // y\", `迟到 ${late} 次`)", "f(\"        \", \"         late     \")"),
            ("`a ${ if x { `b` } } c` d", "\"     if x { \" \" }    \" d"),
            (r#""\"" + 'c'"#, "\"  \" + \" \""),
            ("} a", "  a"),
        ] {
            assert_eq!(code_of(text), code, "{text}");
            assert_eq!(code_of(text).len(), text.len());
        }
    }
}
