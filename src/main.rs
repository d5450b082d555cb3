//! The command line of Showfloor.

use std::process::ExitCode;

use mimalloc::MiMalloc;
use showfloor::cli;

/// Scoring makes many small texts and numbers; with the system's allocator a quarter of the time went into them.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    cli::main()
}
