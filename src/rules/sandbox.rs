//! The sandbox scripts are compiled and run in: bounded in time, memory and depth, with nothing to reach outside.

use std::sync::LazyLock;
use std::time::Duration;

use rhai::packages::{ArithmeticPackage, LogicPackage, Package};
use rhai::{
    AST, CallFnOptions, Dynamic, Engine, EvalAltResult, OptimizationLevel, ParseErrorType, Position, Scope,
    Token,
};

use super::finding::{Finding, Place};
use super::{host, trace};

/// Largest script accepted, in bytes.
pub const SOURCE_LIMIT: usize = 64 * 1024;
/// Operations one rule may take for one person; the default rules take about 150.
const OPERATION_LIMIT: u64 = 20_000;
/// Time one rule may take for one person; a second line behind the operations.
const TIME_LIMIT: Duration = Duration::from_millis(500);
/// Stack of every thread that compiles or runs scripts. 64 levels of nesting overflow the usual 2 MiB in a debug build,
/// and a stack overflow ends the process.
pub const STACK_SIZE: usize = 8 * 1024 * 1024;

/// What is left of the language once everything a rule has no use for is gone: no way to run text as code, to hide an
/// error, to wait, to print, or to compute a power that is not exact.
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
    "**",
];

/// Which of the two compilations of a script to run. They have to agree; cases run both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Optimisation {
    /// Exactly as written.
    None,
    /// With constants folded: what months are scored with.
    Simple,
}

static PLAIN: LazyLock<Engine> = LazyLock::new(|| engine(OptimizationLevel::None));
static FOLDED: LazyLock<Engine> = LazyLock::new(|| engine(OptimizationLevel::Simple));

fn engine(level: OptimizationLevel) -> Engine {
    let mut engine = Engine::new_raw();
    engine.register_global_module(ArithmeticPackage::new().as_shared_module());
    engine.register_global_module(LogicPackage::new().as_shared_module());
    engine.set_optimization_level(level);
    for symbol in DISABLED {
        engine.disable_symbol(*symbol);
    }
    engine
        .set_allow_looping(false)
        .set_allow_anonymous_fn(false)
        .set_strict_variables(true)
        .set_fail_on_invalid_map_property(true)
        .set_max_operations(OPERATION_LIMIT)
        .set_max_call_levels(16)
        .set_max_expr_depths(64, 32)
        .set_max_variables(64)
        .set_max_functions(32)
        .set_max_string_size(4096)
        .set_max_array_size(256)
        .set_max_map_size(64)
        .on_progress(|operations| {
            let is_spent = operations > OPERATION_LIMIT || (operations % 256 == 0 && trace::is_overdue());
            is_spent.then(|| Dynamic::from("the rule took too long"))
        });
    read_integers_as_decimals(&mut engine);
    host::register(&mut engine);
    engine
}

/// Every number of a script is an exact decimal, so that `7 / 10` is 0.7 and not 0.
#[expect(deprecated, reason = "rhai marks this hook as one that may still change; its version is pinned")]
fn read_integers_as_decimals(engine: &mut Engine) {
    engine.on_parse_token(|token, _, _| match token {
        Token::IntegerConstant(number) => {
            let decimal = rust_decimal::Decimal::from(number);
            Token::DecimalConstant(Box::new((decimal, number.to_string().into())))
        }
        other => other,
    });
}

/// Compiles the script `text` of `file`, or says where it is wrong.
pub fn compile(file: &str, text: &str, optimisation: Optimisation) -> Result<AST, Finding> {
    if text.len() > SOURCE_LIMIT {
        let message = format!("the script has {} bytes, more than the {SOURCE_LIMIT} allowed", text.len());
        return Err(Finding::error("too-large", Place::file(file), "", message));
    }
    let engine = match optimisation {
        Optimisation::None => &PLAIN,
        Optimisation::Simple => &FOLDED,
    };
    engine.compile(text).map_err(|error| {
        let place = place_of(file, error.position());
        let code = match *error.err_type() {
            ParseErrorType::VariableUndefined(_) => "unknown-name",
            ParseErrorType::ExprTooDeep
            | ParseErrorType::TooManyFunctions
            | ParseErrorType::LiteralTooLarge(..) => "too-large",
            _ => "syntax",
        };
        Finding::error(code, place, text, parse_sentence(error.err_type()))
    })
}

/// Something a running rule did wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Where in the script.
    pub position: Position,
    /// One plain sentence.
    pub message: String,
}

/// Calls `score` of a compiled script.
pub fn call(ast: &AST, max: rust_decimal::Decimal, arguments: Vec<Dynamic>) -> Result<Dynamic, Failure> {
    trace::begin(max, TIME_LIMIT);
    let options = CallFnOptions::new().eval_ast(false);
    FOLDED
        .call_fn_with_options::<Dynamic>(options, &mut Scope::new(), ast, "score", arguments)
        .map_err(|error| failure(*error))
}

/// Rhai wraps an error once for each call it passes; the innermost says what happened and where.
fn failure(mut error: EvalAltResult) -> Failure {
    while let EvalAltResult::ErrorInFunctionCall(_, _, inner, outer) = error {
        error = *inner;
        if error.position().is_none() {
            error.set_position(outer);
        }
    }
    let position = error.position();
    let message = match error {
        EvalAltResult::ErrorRuntime(token, _) => token.to_string(),
        EvalAltResult::ErrorFunctionNotFound(signature, _) => format!("there is no function {signature}"),
        EvalAltResult::ErrorTooManyOperations(_) => {
            format!("the rule took more than {OPERATION_LIMIT} steps and was stopped")
        }
        EvalAltResult::ErrorTerminated(reason, _) => format!("{reason} and was stopped"),
        EvalAltResult::ErrorStackOverflow(_) => "functions call each other too deeply".to_owned(),
        EvalAltResult::ErrorArithmetic(what, _) => format!("this cannot be computed: {what}"),
        mut other => {
            other.clear_position();
            other.to_string()
        }
    };
    Failure { position, message }
}

fn parse_sentence(error: &ParseErrorType) -> String {
    match error {
        ParseErrorType::VariableUndefined(name) => {
            format!("'{name}' is neither a parameter of this function nor a variable")
        }
        ParseErrorType::ExprTooDeep => "the expression is nested too deeply".to_owned(),
        ParseErrorType::TooManyFunctions => "there are more than 32 functions".to_owned(),
        ParseErrorType::Reserved(word) => format!("'{word}' cannot be used in a rule"),
        other => other.to_string(),
    }
}

/// The place of a rhai position in a file.
pub fn place_of(file: &str, position: Position) -> Place {
    Place { file: file.to_owned(), line: position.line(), column: position.position() }
}

/// Does work that runs scripts on a thread whose stack is known to be large enough; the runtime's own threads are not.
pub async fn on_deep_stack<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, std::io::Error> {
    let (done, result) = tokio::sync::oneshot::channel();
    std::thread::Builder::new().stack_size(STACK_SIZE).spawn(move || {
        // Nobody waits any more when the request has been given up.
        let _ = done.send(work());
    })?;
    result.await.map_err(std::io::Error::other)
}
