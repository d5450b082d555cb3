//! The sandbox scripts are compiled and run in: bounded in time, memory and depth, with nothing to reach outside.

use std::sync::LazyLock;
use std::time::Duration;

use rhai::packages::{ArithmeticPackage, LogicPackage, Package};
use rhai::{AST, CallFnOptions, Dynamic, Engine, OptimizationLevel, ParseError, Scope};

use super::failure::Failure;
use super::finding::{Finding, SourcePlace};
use super::trace::{Constants, Frame};
use super::{coverage, host, language, trace};
use crate::http::Problem;

/// Largest script accepted, in bytes.
pub const SOURCE_LIMIT: usize = 64 * 1024;
/// Operations one rule may take for one person; the default rules take about 150.
pub const OPERATION_LIMIT: u64 = 20_000;
/// Time one rule may take for one person; a second line behind the operations.
const TIME_LIMIT: Duration = Duration::from_millis(500);
/// Stack of every thread that compiles or runs scripts. 64 levels of nesting overflow the usual 2 MiB in a debug build,
/// and a stack overflow ends the process.
pub const STACK_SIZE: usize = 8 * 1024 * 1024;

/// Compiles and runs scripts exactly as they are written. Nothing is folded: the optimiser computes with rhai's own
/// operators, for which a number and a text are quietly unequal, and what is scored would not be what was checked.
static PLAIN: LazyLock<Engine> = LazyLock::new(|| engine(OPERATION_LIMIT));
/// Runs scripts in which every statement says that it is reached. Saying so takes steps of its own.
static RECORDING: LazyLock<Engine> = LazyLock::new(|| {
    let mut engine = engine(OPERATION_LIMIT.saturating_mul(4));
    coverage::register(&mut engine);
    engine
});
/// Reads scripts with misspelt names too, so that everything else about them can be said.
static LENIENT: LazyLock<Engine> = LazyLock::new(|| {
    let mut engine = engine(OPERATION_LIMIT);
    engine.set_strict_variables(false);
    engine
});

fn engine(limit: u64) -> Engine {
    let mut engine = Engine::new_raw();
    engine.register_global_module(ArithmeticPackage::new().as_shared_module());
    engine.register_global_module(LogicPackage::new().as_shared_module());
    engine.set_optimization_level(OptimizationLevel::None);
    engine
        // Rhai's fast operators answer the comparison of a number and a text with `false`; ours answer with an error.
        .set_fast_operators(false)
        .set_allow_looping(false)
        .set_allow_anonymous_fn(false)
        .set_strict_variables(true)
        .set_fail_on_invalid_map_property(true)
        .set_max_operations(limit)
        .set_max_call_levels(16)
        .set_max_expr_depths(64, 32)
        .set_max_variables(64)
        .set_max_functions(32)
        .set_max_string_size(4096)
        .set_max_array_size(256)
        .set_max_map_size(64)
        .on_progress(move |operations| {
            let is_spent = operations > limit || (operations % 256 == 0 && trace::is_overdue());
            is_spent.then(|| Dynamic::from("the rule took too long"))
        });
    language::restrict(&mut engine);
    host::register(&mut engine);
    engine
}

/// Reads the script `text` of `file` for checks, or says where it is wrong.
pub fn read(file: &str, text: &str) -> Result<AST, Box<Finding>> {
    if text.len() > SOURCE_LIMIT {
        let message = format!("the script has {} bytes, more than the {SOURCE_LIMIT} allowed", text.len());
        return Err(Box::new(Finding::error("too-large", SourcePlace::file(file), "", message)));
    }
    LENIENT.compile(text).map_err(|error| Box::new(language::finding(file, text, &error)))
}

/// Compiles a script that has been read.
pub fn compile(text: &str, constants: &Constants) -> Result<AST, ParseError> {
    compile_for(&PLAIN, text, constants)
}

/// Compiles a script in which every statement says that it is reached.
pub fn compile_recording(text: &str, constants: &Constants) -> Result<AST, ParseError> {
    compile_for(&RECORDING, text, constants)
}

fn compile_for(engine: &Engine, text: &str, constants: &Constants) -> Result<AST, ParseError> {
    let mut scope = Scope::new();
    for (name, value) in constants.iter() {
        scope.push_constant_dynamic(name.as_str(), value.clone());
    }
    engine.compile_with_scope(&scope, text)
}

/// Calls `score` of a compiled script.
pub fn call(
    ast: &AST,
    frame: Frame,
    constants: &Constants,
    arguments: Vec<Dynamic>,
) -> Result<Dynamic, Failure> {
    call_with(&PLAIN, ast, frame, constants, arguments)
}

/// Calls `score` of a script in which every statement says that it is reached.
pub fn call_recording(
    ast: &AST,
    frame: Frame,
    constants: &Constants,
    arguments: Vec<Dynamic>,
) -> Result<Dynamic, Failure> {
    call_with(&RECORDING, ast, frame, constants, arguments)
}

fn call_with(
    engine: &Engine,
    ast: &AST,
    frame: Frame,
    constants: &Constants,
    arguments: Vec<Dynamic>,
) -> Result<Dynamic, Failure> {
    trace::begin(frame, constants, TIME_LIMIT);
    let options = CallFnOptions::new().eval_ast(false);
    engine
        .call_fn_with_options::<Dynamic>(options, &mut Scope::new(), ast, "score", arguments)
        .map_err(|error| Failure::from(*error))
}

/// Does work that compiles or runs scripts on a thread of its own, whose stack is known to be large enough. None: there
/// was no such thread to be had, or it broke down.
pub fn with_deep_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_SIZE);
        thread.spawn_scoped(scope, work).ok()?.join().ok()
    })
}

/// Does work that runs scripts on a thread whose stack is known to be large enough; the runtime's own threads are not.
pub async fn on_deep_stack<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let (done, result) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().stack_size(STACK_SIZE).spawn(move || {
        // Nobody waits any more when the request has been given up.
        let _ = done.send(work());
    });
    thread.map_err(|error| Problem::internal(&error))?;
    result.await.map_err(|error| Problem::internal(&error))
}

/// Does work that compiles scripts or reads files where threads may be held up.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Problem::internal(&error))
}
