//! Which files a test or a fixtures file may name: it may come with somebody else's project, and a path in it must not
//! reach what lies elsewhere on the machine.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// What marks the folder of a project.
const PROJECT_FILES: [&str; 2] = ["package.json", "quorate.lock.json"];

/// The files below a file's own folder, its project's, and the one in which the command was started.
#[derive(Debug, Clone)]
pub(crate) struct Readable {
    /// What paths are relative to.
    folder: PathBuf,
    roots: Vec<PathBuf>,
}

impl Readable {
    /// Those that a file may name. The file itself need not be there yet.
    pub(crate) fn by(file: &Path) -> Result<Self> {
        let parent = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = parent.unwrap_or(Path::new("."));
        let folder = folder.canonicalize().with_context(|| format!("reading {}", folder.display()))?;
        let start = std::env::current_dir().and_then(|start| start.canonicalize());
        let is_project = |above: &&Path| PROJECT_FILES.iter().any(|name| above.join(name).is_file());
        let project = folder.ancestors().find(is_project).map(Path::to_owned);
        let mut roots = vec![folder.clone(), start.context("the current folder")?];
        roots.extend(project);
        Ok(Self { folder, roots })
    }

    /// The file behind a path, links followed, if it may be read and is not longer than this.
    pub(crate) fn file(&self, path: &str, bytes_max: u64) -> Result<PathBuf> {
        let whole = self.folder.join(path).canonicalize().with_context(|| format!("reading {path}"))?;
        if !self.roots.iter().any(|root| whole.starts_with(root)) {
            bail!(
                "{path} is outside of {}, of the project (the folder above it with a package.json), and of the folder of \
                 the command",
                self.folder.display()
            );
        }
        if std::fs::metadata(&whole)?.len() > bytes_max {
            bail!("{path} is longer than {bytes_max} bytes");
        }
        Ok(whole)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_path_stays_within_the_project_however_it_is_written() {
        let base = tempfile::tempdir().unwrap();
        let own = base.path().join("project/tests");
        fs::create_dir_all(&own).unwrap();
        for file in ["secret.js", "project/action.js", "project/tests/own.js"] {
            fs::write(base.path().join(file), "x").unwrap();
        }
        std::os::unix::fs::symlink(base.path().join("secret.js"), own.join("link.js")).unwrap();
        let readable = Readable::by(&own.join("not-there-yet.json")).unwrap();
        assert!(readable.file("own.js", 1).is_ok() && readable.file("./../tests/own.js", 1).is_ok());
        assert!(readable.file("own.js", 0).is_err());
        let absolute = base.path().join("secret.js").display().to_string();
        for path in ["../action.js", "../../secret.js", "link.js", &absolute, "/etc/hostname"] {
            let error = readable.file(path, 1 << 20).unwrap_err().to_string();
            assert!(error.contains("is outside of"), "{path}: {error}");
        }
        // A project's own tests may name the project's files.
        fs::write(base.path().join("project/package.json"), "{}").unwrap();
        let readable = Readable::by(&own.join("a.test.js")).unwrap();
        assert!(readable.file("../action.js", 1).is_ok());
        assert!(readable.file("../../secret.js", 1).is_err() && readable.file("link.js", 1).is_err());
    }
}
