//! Where a result goes: written beside its place, and put there once it is whole.

use std::fs::{File, OpenOptions, remove_file};
use std::io::{IsTerminal as _, Seek as _, Write, stdout};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};

use super::is_standard;
use crate::args::Written;

/// What a result is, to other people of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Anybody may see it, by the user's own rule for new files.
    Public,
    /// Nobody but this user may read it, and nobody at all before it is whole.
    Plaintext,
}

/// The place of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// Standard output.
    Standard,
    /// A file, and whether one that is there is replaced.
    File(PathBuf, bool),
}

impl Target {
    /// The place that was asked for. Without any: what `beside` makes of the source's name, or standard output for what came
    /// from standard input. A file that is there is refused before anything is done.
    pub(super) fn of(
        written: &Written,
        source: &Path,
        beside: impl FnOnce(&Path) -> Option<PathBuf>,
    ) -> Result<Self> {
        let path = match &written.out {
            Some(path) => path.clone(),
            None if is_standard(source) => PathBuf::from("-"),
            None => {
                beside(source).context("say where the result goes: -o OUT, or -o - for standard output")?
            }
        };
        if is_standard(&path) {
            return Ok(Target::Standard);
        }
        let target = Target::File(path, written.force);
        target.check()?;
        Ok(target)
    }

    fn check(&self) -> Result<()> {
        let Target::File(path, force) = self else { return Ok(()) };
        ensure!(path.file_name().is_some(), "{} names no file", path.display());
        match path.symlink_metadata() {
            Ok(found) if found.is_dir() || !(found.is_file() || found.is_symlink()) => {
                bail!("{} is there, and is no file", path.display())
            }
            Ok(_) if !force => bail!("{} is there already; --force replaces it", path.display()),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error).with_context(|| writing(path)),
        }
    }

    /// The file's name, for people.
    pub(super) fn shown(&self) -> String {
        match self {
            Target::Standard => "standard output".to_owned(),
            Target::File(path, _) => path.display().to_string(),
        }
    }

    /// Whether the result takes standard output.
    pub(super) fn is_standard(&self) -> bool {
        matches!(self, Target::Standard)
    }

    /// Begins a result.
    pub(super) fn begin(self, kind: Kind) -> Result<Writing> {
        Writing::begin(self, kind)
    }
}

/// A result that is being written. Unless it is finished, nothing of it is left.
#[derive(Debug)]
pub(super) struct Writing {
    target: Target,
    place: Place,
}

/// Where bytes are until the result is whole.
#[derive(Debug)]
enum Place {
    /// A file without a name, which gets that of the result once it is whole. Whoever kills the process leaves nothing.
    Unnamed(File),
    /// A file beside the result's place, where the file system has no nameless ones.
    Part(File, PathBuf),
    /// A file without a name: what is set aside for standard output.
    Aside(File),
    /// Standard output itself.
    Direct,
    /// Put in its place.
    Done,
}

impl Place {
    /// A hidden file beside the result's place.
    fn part(path: &Path, mode: u32) -> Result<Self> {
        let part = part_of(path)?;
        let file = OpenOptions::new().create_new(true).write(true).mode(mode).open(&part);
        Ok(Place::Part(file.with_context(|| writing(path))?, part))
    }
}

impl Writing {
    fn begin(target: Target, kind: Kind) -> Result<Self> {
        let place = match &target {
            Target::Standard if kind == Kind::Plaintext => Place::Aside(nameless()?),
            Target::Standard => {
                ensure!(!stdout().is_terminal(), "this is not for a terminal: -o OUT names a file");
                Place::Direct
            }
            Target::File(path, _) => {
                let mode = if kind == Kind::Plaintext { 0o600 } else { 0o666 };
                match unnamed(folder(path), mode) {
                    Some(file) => Place::Unnamed(file),
                    None => Place::part(path, mode)?,
                }
            }
        };
        Ok(Writing { target, place })
    }

    /// Puts the result in its place. What was written before is durable then, name and all.
    pub(super) fn finish(mut self) -> Result<()> {
        match (&mut self.place, &self.target) {
            (Place::Unnamed(file), Target::File(path, force)) => {
                file.sync_all().with_context(|| writing(path))?;
                name(file, path, *force).with_context(|| writing(path))?;
                sync_folder(path);
            }
            (Place::Part(file, part), Target::File(path, force)) => {
                file.sync_all().and_then(|()| put(part, path, *force)).with_context(|| writing(path))?;
                sync_folder(path);
            }
            (Place::Aside(file), _) => {
                file.rewind().context("what was set aside cannot be read")?;
                let mut out = stdout().lock();
                std::io::copy(file, &mut out).and_then(|_| out.flush()).context("writing standard output")?;
            }
            _ => stdout().lock().flush().context("writing standard output")?,
        }
        self.place = Place::Done;
        Ok(())
    }
}

impl Write for Writing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match &mut self.place {
            Place::Unnamed(file) | Place::Part(file, _) | Place::Aside(file) => file.write(bytes),
            Place::Direct => stdout().write(bytes),
            Place::Done => Err(std::io::Error::other("the result is finished")),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match &mut self.place {
            Place::Unnamed(file) | Place::Part(file, _) | Place::Aside(file) => file.flush(),
            Place::Direct => stdout().flush(),
            Place::Done => Ok(()),
        }
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if let Place::Part(_, part) = &self.place {
            // What is only half there is nobody's.
            let _ = remove_file(part);
        }
    }
}

/// Some file systems cannot write a folder out; the name is there all the same.
fn sync_folder(path: &Path) {
    let _ = File::open(folder(path)).and_then(|folder| folder.sync_all());
}

/// A file in a folder that has no name yet. `None` where there are no such files, or no `/proc` by which to name one later.
fn unnamed(folder: &Path, mode: u32) -> Option<File> {
    use rustix::fs::{CWD, Mode, OFlags, openat};
    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    let file = File::from(openat(CWD, folder, flags, Mode::from_raw_mode(mode)).ok()?);
    opened(&file).metadata().is_ok().then_some(file)
}

/// Where the system shows an open file of this process.
fn opened(file: &File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

/// Gives a file without a name this one. A link replaces nothing: to replace a file, it has a hidden name for a moment.
fn name(file: &File, path: &Path, force: bool) -> Result<()> {
    use rustix::fs::{AtFlags, CWD, linkat};
    use rustix::io::Errno;
    let link = |to: &Path| linkat(CWD, opened(file), CWD, to, AtFlags::SYMLINK_FOLLOW);
    match link(path) {
        Err(Errno::EXIST) if force => {
            let part = part_of(path)?;
            link(&part)?;
            Ok(std::fs::rename(&part, path).inspect_err(|_| drop(remove_file(&part)))?)
        }
        linked => Ok(linked?),
    }
}

/// Gives the part its name. One that has come to be there in the meantime is kept unless it is to be replaced.
fn put(part: &Path, path: &Path, force: bool) -> std::io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    if force {
        return std::fs::rename(part, path);
    }
    match renameat_with(CWD, part, CWD, path, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        // Not every file system has it.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) if path.symlink_metadata().is_err() => {
            std::fs::rename(part, path)
        }
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => Err(Errno::EXIST.into()),
        Err(error) => Err(error.into()),
    }
}

/// A name beside a result's, which nobody has: hidden, and ending in `.part`.
fn part_of(path: &Path) -> Result<PathBuf> {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().context("it names no file")?);
    name.push(format!(".{}.part", fresh()?));
    Ok(folder(path).join(name))
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A file of this user's alone that has no name any more.
fn nameless() -> Result<File> {
    let path = std::env::temp_dir().join(format!("quorate-{}.part", fresh()?));
    let setting =
        || format!("setting the plaintext aside in {} (TMPDIR names another folder)", path.display());
    let mut options = OpenOptions::new();
    let file =
        options.create_new(true).read(true).write(true).mode(0o600).open(&path).with_context(setting)?;
    remove_file(&path).with_context(setting)?;
    Ok(file)
}

fn fresh() -> Result<String> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)
        .map_err(|error| anyhow::anyhow!("the system gives no randomness: {error}"))?;
    Ok(hex::encode(bytes))
}

fn writing(path: &Path) -> String {
    format!("writing {}", path.display())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        entries.map(|name| name.into_string().unwrap()).collect()
    }

    fn written(out: &Path, force: bool) -> Written {
        Written { out: Some(out.to_owned()), force }
    }

    #[test]
    fn a_result_is_there_once_it_is_whole_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let target = || Target::of(&written(&path, false), Path::new("-"), |_| None).unwrap();
        let mut dropped = target().begin(Kind::Plaintext).unwrap();
        dropped.write_all(b"half").unwrap();
        assert!(names(folder.path()).is_empty(), "{:?}", dropped.place);
        drop(dropped);
        assert!(names(folder.path()).is_empty());
        let mut whole = target().begin(Kind::Plaintext).unwrap();
        whole.write_all(b"whole").unwrap();
        whole.finish().unwrap();
        assert_eq!(
            (names(folder.path()), fs::read(&path).unwrap()),
            (vec!["out".to_owned()], b"whole".to_vec())
        );
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    /// A result at that place, in a file without a name or in one beside it.
    fn begun(path: &Path, force: bool, named: bool) -> Writing {
        let mut writing =
            Target::of(&written(path, force), Path::new("-"), |_| None).unwrap().begin(Kind::Public).unwrap();
        if named {
            writing.place = Place::part(path, 0o666).unwrap();
        }
        writing
    }

    #[test]
    fn what_is_there_stays_unless_it_is_to_be_replaced() {
        for named in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("out");
            // One that comes to be there while the result is written.
            let mut late = begun(&path, false, named);
            fs::write(&path, "old").unwrap();
            late.write_all(b"new").unwrap();
            assert_eq!(names(folder.path()).len(), if named { 2 } else { 1 });
            late.finish().unwrap_err();
            assert_eq!((names(folder.path()).len(), fs::read(&path).unwrap()), (1, b"old".to_vec()));
            let refused = Target::of(&written(&path, false), Path::new("-"), |_| None).unwrap_err();
            assert!(refused.to_string().contains("--force"), "{refused}");
            let mut forced = begun(&path, true, named);
            forced.write_all(b"new").unwrap();
            forced.finish().unwrap();
            assert_eq!((names(folder.path()).len(), fs::read(&path).unwrap()), (1, b"new".to_vec()));
            for no_file in [folder.path(), Path::new("/dev/null"), Path::new("..")] {
                Target::of(&written(no_file, true), Path::new("-"), |_| None).unwrap_err();
            }
        }
    }

    #[test]
    fn a_place_follows_from_the_sources_name() {
        let none = Written { out: None, force: false };
        let beside = |_: &Path| Some(PathBuf::from("/nowhere/x"));
        assert!(Target::of(&none, Path::new("-"), beside).unwrap().is_standard());
        assert_eq!(Target::of(&none, Path::new("x"), beside).unwrap().shown(), "/nowhere/x");
        assert!(Target::of(&none, Path::new("x"), |_| None).unwrap_err().to_string().contains("-o OUT"));
    }
}
