//! Running the program without what the environment of the test run would tell it.

use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Printed, strict};

/// What a terminal says of its language.
pub const LOCALE: [&str; 3] = ["LC_ALL", "LC_MESSAGES", "LANG"];

/// The program with arguments, in the folder of the package, without any setting from the environment: it speaks English.
pub fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_showfloor"));
    command.args(args).current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null());
    for (name, _) in
        std::env::vars().filter(|(name, _)| name == "DATABASE_URL" || name.starts_with("SHOWFLOOR_"))
    {
        command.env_remove(name);
    }
    for name in LOCALE {
        command.env_remove(name);
    }
    command
}

fn printed(output: Output) -> Printed {
    Printed {
        status: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs the program to its end.
pub fn run(args: &[&str]) -> Printed {
    printed(program(args).output().unwrap())
}

/// Runs the program to its end at a terminal with a locale.
pub fn run_in(locale: &str, args: &[&str]) -> Printed {
    printed(program(args).env("LANG", locale).output().unwrap())
}

/// Runs the program, and ends it and fails if it takes longer than `limit`: it hangs then.
#[track_caller]
pub fn run_within(limit: Duration, args: &[&str]) -> Printed {
    let mut child = program(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    // What these commands print fits into a pipe, so nothing has to be read meanwhile.
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > limit {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("showfloor {} still runs after {limit:?}", args.join(" "));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    printed(child.wait_with_output().unwrap())
}

/// Runs the program and, if it ends well or with findings, reads the JSON it prints.
#[track_caller]
pub fn json(status: i32, args: &[&str]) -> serde_json::Value {
    let printed = run(args);
    assert_eq!(printed.status, status, "{printed:#?}");
    let read = serde_json::from_str(&printed.out).unwrap_or_else(|error| panic!("{error}: {printed:#?}"));
    strict::check(printed.out.as_bytes());
    read
}
