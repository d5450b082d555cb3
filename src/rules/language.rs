//! Which part of the script language rules may use, and what is said of a script that uses another or is misspelt.

use rhai::{Dynamic, Engine, LexError, ParseError, ParseErrorType, Position, Token};
use rust_decimal::Decimal;

use super::finding::{Finding, SourcePlace};
use super::trace;
use crate::decimal;

/// Functions and words that rules have no use for: no way to run text as code, to hide an error, to wait or to print.
const DISABLED: &[&str] = &[
    "eval",
    "Fn",
    "call",
    "curry",
    "is_def_var",
    "is_def_fn",
    "print",
    "debug",
    "try",
    "catch",
    "throw",
    "type_of",
];

/// Symbols that would be silent about a missing value or do something else than an author expects.
const REFUSED: &[(Token, &str)] = &[
    (Token::Switch, "'switch' takes its default for N/A without a word; use band(…), or if … else if … else"),
    (Token::In, "'in' is not part of rules; compare with == and ||"),
    (Token::NotIn, "'!in' is not part of rules; compare with != and &&"),
    (Token::DoubleQuestion, "'??' does not see N/A; use if applies(…) { … } else { … }"),
    (Token::Elvis, "'?.' is not part of rules; ask applies(…) first"),
    (Token::QuestionBracket, "'?[' is not part of rules; ask applies(…) first"),
    (Token::Period, "nothing in a rule has a '.'; write min(a, b) instead of a.min(b), and numbers like 0.5"),
    (Token::MapStart, "maps '#{ … }' are not part of rules; name what you need with let"),
    (Token::ExclusiveRange, "ranges '..' are not part of rules; write a >= 5 && a < 30"),
    (Token::InclusiveRange, "ranges '..=' are not part of rules; write a >= 5 && a <= 30"),
    (Token::PowerOf, "'**' is not part of rules, because a power is not exact; multiply"),
    (Token::PowerOfAssign, "'**=' is not part of rules, because a power is not exact; multiply"),
    (Token::XOr, "'^' is not part of rules; multiply for a power"),
    (Token::Ampersand, "'&' is not part of rules; for 'and' write &&"),
    (Token::Pipe, "'|' is not part of rules; for 'or' write ||"),
    (Token::LeftShift, "'<<' is not part of rules"),
    (Token::RightShift, "'>>' is not part of rules"),
    (Token::For, "rules have no loops"),
    (Token::While, "rules have no loops"),
    (Token::Loop, "rules have no loops"),
    (Token::Do, "rules have no loops"),
];

/// What `LexError::ImproperSymbol` names when it is a literal of ours and not a symbol.
const LITERAL: &str = "literal";

/// Characters of Chinese text, or of a word processor, that look like those scripts need.
const FULL_WIDTH: &str = "，。；：（）【】｛｝“”‘’「」＂＇＝＋－×÷＊／＜＞！％＆｜、～　０１２３４５６７８９．≥≤≠\u{a0}\u{200b}\u{feff}";

/// What is said of a number with more digits than a decimal has.
const CUT: &str = "a number has at most 28 digits; this one would be cut";

/// Restricts `engine` to the language of rules.
pub fn restrict(engine: &mut Engine) {
    for symbol in DISABLED {
        engine.disable_symbol(*symbol);
    }
    read_tokens(engine);
    resolve_constants(engine);
}

/// Every number of a script is an exact decimal, so that `7 / 10` is 0.7 and not 0, and every symbol is one of ours.
#[expect(deprecated, reason = "rhai marks this hook as one that may still change; its version is pinned")]
fn read_tokens(engine: &mut Engine) {
    engine.on_parse_token(|token, _, _| match token {
        Token::IntegerConstant(number) => {
            let number = Decimal::from(number);
            Token::DecimalConstant(Box::new((number, number.to_string().into())))
        }
        Token::DecimalConstant(literal) => match decimal::parse(&literal.1) {
            Some(exact) if exact == literal.0 => Token::DecimalConstant(literal),
            _ => improper(LITERAL, CUT),
        },
        token => match REFUSED.iter().find(|(refused, _)| *refused == token) {
            Some((symbol, sentence)) => improper(symbol.literal_syntax(), sentence),
            None => token,
        },
    });
}

fn improper(symbol: &str, sentence: &str) -> Token {
    Token::LexError(Box::new(LexError::ImproperSymbol(symbol.to_owned(), sentence.to_owned())))
}

/// A function sees only its own variables. What it does not have (index 0) may be a constant of the script.
#[expect(deprecated, reason = "rhai marks this hook as one that may still change; its version is pinned")]
fn resolve_constants(engine: &mut Engine) {
    engine.on_var(|name, index, _| Ok(if index == 0 { trace::constant(name) } else { None }));
}

/// What is wrong with a script that could not be compiled.
pub fn finding(file: &str, text: &str, error: &ParseError) -> Finding {
    let place = place_of(file, error.position());
    let kind = error.err_type();
    let code = match kind {
        ParseErrorType::VariableUndefined(_) => "unknown-name",
        ParseErrorType::ExprTooDeep
        | ParseErrorType::TooManyFunctions
        | ParseErrorType::LiteralTooLarge(..)
        | ParseErrorType::BadInput(LexError::StringTooLong(_)) => "too-large",
        ParseErrorType::FnDuplicatedDefinition(name, _) if name == "score" => "duplicate-score",
        ParseErrorType::BadInput(LexError::ImproperSymbol(symbol, _)) if symbol == LITERAL => "too-precise",
        ParseErrorType::BadInput(LexError::MalformedNumber(number)) if is_long(number) => "too-precise",
        ParseErrorType::BadInput(LexError::ImproperSymbol(symbol, _)) if is_refused(symbol) => "not-allowed",
        ParseErrorType::Reserved(_) => "not-allowed",
        ParseErrorType::BadInput(LexError::ImproperSymbol(word, _)) if DISABLED.contains(&word.as_str()) => {
            "not-allowed"
        }
        _ => "syntax",
    };
    let finding = Finding::error(code, place, text, sentence(kind));
    match mark_at(&finding) {
        Some(mark) if code == "syntax" => {
            let number = u32::from(mark);
            let is_seen = !mark.is_whitespace() && !"\u{200b}\u{feff}".contains(mark);
            let message = match is_seen {
                true => format!("全角字符「{mark}」：请改用英文半角字符 · use half-width characters"),
                false => format!(
                    "看不见的字符 U+{number:04X}：请删掉，或换成普通空格 · U+{number:04X} cannot be seen: delete it, or type a blank"
                ),
            };
            Finding { code: "full-width", message, ..finding }
        }
        _ => finding,
    }
}

/// The full-width character at the place of a finding.
fn mark_at(finding: &Finding) -> Option<char> {
    let column = finding.place.column?.checked_sub(1)?;
    finding.source.as_ref()?.chars().nth(column).filter(|mark| FULL_WIDTH.contains(*mark))
}

/// What is said of a name that stands for nothing.
pub fn undefined(name: &str) -> String {
    format!("'{name}' is neither a parameter of this function nor a variable")
}

/// Whether a number has more digits than any decimal.
fn is_long(number: &str) -> bool {
    number.bytes().filter(u8::is_ascii_digit).count() > 28
}

fn is_refused(symbol: &str) -> bool {
    REFUSED.iter().any(|(refused, _)| refused.literal_syntax() == symbol)
}

fn sentence(error: &ParseErrorType) -> String {
    match error {
        ParseErrorType::VariableUndefined(name) => undefined(name),
        ParseErrorType::ExprTooDeep => "the expression is nested too deeply".to_owned(),
        ParseErrorType::TooManyFunctions => "there are more than 32 functions".to_owned(),
        ParseErrorType::Reserved(word) => format!("'{word}' cannot be used in a rule"),
        ParseErrorType::FnDuplicatedDefinition(name, _) => format!("there are two functions '{name}'"),
        ParseErrorType::BadInput(LexError::ImproperSymbol(word, _)) if DISABLED.contains(&word.as_str()) => {
            format!("'{word}' cannot be used in a rule")
        }
        ParseErrorType::BadInput(LexError::MalformedNumber(number)) if is_long(number) => CUT.to_owned(),
        ParseErrorType::BadInput(LexError::UnexpectedInput(input)) => {
            format!(
                "'{}' cannot stand here",
                input.chars().take(20).flat_map(char::escape_debug).collect::<String>()
            )
        }
        other => other.to_string(),
    }
}

/// The numbers and texts that a script declares outside its functions.
pub fn constants(ast: &rhai::AST) -> trace::Constants {
    ast.iter_literal_variables(true, false)
        .filter(|(_, _, value)| is_constant(value))
        .map(|(name, _, value)| (name.to_owned(), value))
        .collect()
}

fn is_constant(value: &Dynamic) -> bool {
    value.is::<Decimal>() || value.is_string()
}

/// The place of a rhai position in a file.
pub fn place_of(file: &str, position: Position) -> SourcePlace {
    SourcePlace { file: file.to_owned(), line: position.line(), column: position.position() }
}
