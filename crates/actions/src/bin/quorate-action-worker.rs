//! The worker alone, for the tests of this crate; a node runs `quorate worker`.

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let guest = std::env::args_os().nth(1).map(PathBuf::from);
    quorate_actions::worker_main(guest.as_deref())
}
