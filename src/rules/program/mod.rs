//! A script as a flat program: what scores months where the interpreter would only look things up again.
//!
//! Rules have no loops, closures, maps or modules, so the checked syntax tree can be read once and its names resolved to
//! places. Such a program knows only how things go well: as soon as anything is out of the ordinary (a missing value in
//! arithmetic, a limit, a recursion that goes deep) it gives up, and the interpreter runs the script from its beginning
//! and says what is wrong, in its own words and with its own places. So whatever a program answers is what the
//! interpreter would have answered, to the last digit and the last step.

mod calls;
mod lower;
mod run;
mod value;

use std::sync::Arc;

use rhai::Position;

use self::calls::HostFunction;
pub use self::value::Value;

/// A compiled script.
#[derive(Clone, Debug)]
pub struct Program {
    functions: Vec<Function>,
    /// Which of them is the rule itself.
    score: usize,
}

/// A function of a script: its arguments stand in its first slots.
#[derive(Clone, Debug)]
struct Function {
    arguments: usize,
    body: Code,
}

/// An operator between two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Equal,
    Different,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Operator {
    /// Whether it asks which of two numbers is larger.
    fn is_order(self) -> bool {
        matches!(self, Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual)
    }
}

/// One step of a program. Slots are counted from where the running function's begin.
#[derive(Clone, Debug)]
enum Code {
    Constant(Value),
    /// A text as it is written.
    Words(Arc<str>),
    /// A text with values in it.
    Text(Box<[Code]>),
    List(Box<[Code]>),
    Slot(usize),
    Host(HostFunction, Box<[Code]>, Position),
    Own(usize, Box<[Code]>),
    Binary(Operator, Box<[Code; 2]>),
    Negative(Box<Code>),
    Not(Box<Code>),
    All(Box<[Code]>),
    Any(Box<[Code]>),
    /// Comes to what its last step comes to; its variables end with it.
    Block(Box<[Code]>),
    If(Box<[Code; 3]>),
    /// Declares the next variable.
    Let(Box<Code>),
    Assign(usize, Option<Operator>, Box<Code>),
    Return(Box<Code>),
}
