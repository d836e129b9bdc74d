//! When a process of ours is to stop.

use anyhow::Result;
use tokio::io::AsyncReadExt as _;

/// Ends when somebody asks this process to end: Ctrl-C, SIGTERM, or, if it follows its standard input,
/// the end of that, which is how it learns that the process that started it is gone.
///
/// # Errors
/// If signals cannot be listened for.
pub(crate) fn requested(follow_stdin: bool) -> Result<impl Future<Output = ()> + Send + 'static> {
    let told = quorate_node::stop_signal()?;
    Ok(async move {
        tokio::select! {
            () = told => {}
            () = input_ends(), if follow_stdin => {}
        }
    })
}

/// Ends with standard input; what comes in before is ignored.
async fn input_ends() {
    let mut input = tokio::io::stdin();
    let mut buffer = [0u8; 64];
    while input.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
}
