//! The command line of Showfloor.

use std::process::ExitCode;

use showfloor::cli;

fn main() -> ExitCode {
    cli::main()
}
