//! Folders of the user who runs this program: what is kept for all projects, and in none of them.

use std::fs::DirBuilder;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};

/// What can be had again: `$XDG_CACHE_HOME/quorate`, or `~/.cache/quorate`.
pub(crate) fn cache() -> Result<PathBuf> {
    own("XDG_CACHE_HOME", ".cache")
}

/// What can not: `$XDG_CONFIG_HOME/quorate`, or `~/.config/quorate`.
pub(crate) fn config() -> Result<PathBuf> {
    own("XDG_CONFIG_HOME", ".config")
}

/// The folder, which nobody else may write to.
fn own(variable: &str, below_home: &str) -> Result<PathBuf> {
    // A relative one would be wherever this program was started: in a project of somebody else's.
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute(variable).or_else(|| absolute("HOME").map(|home| home.join(below_home)));
    let base = base.with_context(|| format!("neither {variable} nor HOME names a folder of yours"))?;
    let folder = base.join("quorate");
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .with_context(|| format!("making {}", folder.display()))?;
    let found = folder.metadata().with_context(|| format!("reading {}", folder.display()))?;
    ensure!(
        found.uid() == rustix::process::geteuid().as_raw() && found.mode() & 0o022 == 0,
        "others could write to {}: it has to be yours, with mode 700",
        folder.display()
    );
    Ok(folder)
}
