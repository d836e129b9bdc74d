//! `quorate encrypt`, `quorate decrypt` and `quorate policy`: files that a quorum opens.

mod decrypt;
mod encrypt;
mod lit;
mod policy;
mod progress;
mod target;

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use quorate_encryption::{CiphertextError, ContainerError, OpenError};
use quorate_wire::{ErrorCode, Problem};

use crate::failure::Failure;

pub(crate) use decrypt::run as decrypt;
pub(crate) use encrypt::run as encrypt;
pub(crate) use policy::run as policy;

/// Bytes that are read at a time.
const READ_BYTES: usize = 128 * 1024;

/// What is read, from a file or from standard input.
type Source = BufReader<Box<dyn Read>>;

/// Opens a file, or standard input for `-`; says how long the file is, if that is known.
fn source(path: &Path) -> Result<(Source, Option<u64>)> {
    if is_standard(path) {
        return Ok((BufReader::with_capacity(READ_BYTES, Box::new(std::io::stdin())), None));
    }
    let named = || format!("reading {}", path.display());
    let file = File::open(path).with_context(named)?;
    let found = file.metadata().with_context(named)?;
    ensure!(!found.is_dir(), "{} is a folder", path.display());
    let length = found.is_file().then_some(found.len());
    Ok((BufReader::with_capacity(READ_BYTES, Box::new(file)), length))
}

/// Whether a path stands for standard input or output.
fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Whether a JSON document comes. A container begins with a byte that is in no text.
fn is_document(source: &mut Source) -> Result<bool> {
    let first = source.fill_buf().context("reading failed")?.first();
    Ok(first.is_some_and(|byte| byte.is_ascii_whitespace() || matches!(byte, b'{' | b'[')))
}

/// All of a text, if it is not longer than this.
fn text(source: &mut impl Read, bytes_max: usize, what: &str) -> Result<String> {
    let mut text = String::new();
    let most = u64::try_from(bytes_max)?.saturating_add(1);
    source.take(most).read_to_string(&mut text).with_context(|| format!("reading {what}"))?;
    ensure!(text.len() <= bytes_max, "{what} is longer than {bytes_max} bytes");
    Ok(text)
}

/// Why a container is not made or does not open, by its code.
fn container(error: ContainerError) -> Failure {
    let code = match &error {
        ContainerError::Read(_) | ContainerError::Write(_) => return Failure::Local(error.into()),
        ContainerError::Version(_) => ErrorCode::ContainerVersion,
        ContainerError::OtherNetwork | ContainerError::OtherRoot => ErrorCode::CiphertextForeign,
        ContainerError::PolicyTooLong => ErrorCode::PolicyTooLarge,
        ContainerError::NotAContainer
        | ContainerError::Truncated
        | ContainerError::Malformed(_)
        | ContainerError::Key(_)
        | ContainerError::Chunk
        | ContainerError::Trailing
        | ContainerError::TooLong => ErrorCode::ContainerInvalid,
    };
    Problem::new(code, error.to_string()).into()
}

/// Why a ciphertext is none.
fn ciphertext(error: CiphertextError) -> Failure {
    Problem::new(ErrorCode::CiphertextInvalid, error.to_string()).into()
}

/// Why a ciphertext does not open, though the nodes gave what opens its identity.
fn unopened(error: OpenError) -> Failure {
    Problem::new(ErrorCode::CiphertextInvalid, error.to_string()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_of_a_container_has_its_code() {
        let code = |error: ContainerError| match container(error) {
            Failure::Network(problem) => Some(problem.code),
            Failure::Local(_) => None,
        };
        for (error, expected) in [
            (ContainerError::NotAContainer, Some(ErrorCode::ContainerInvalid)),
            (ContainerError::Version(2), Some(ErrorCode::ContainerVersion)),
            (ContainerError::OtherNetwork, Some(ErrorCode::CiphertextForeign)),
            (ContainerError::OtherRoot, Some(ErrorCode::CiphertextForeign)),
            (ContainerError::Key(OpenError), Some(ErrorCode::ContainerInvalid)),
            (ContainerError::Read(std::io::Error::other("x")), None),
        ] {
            let shown = error.to_string();
            assert_eq!(code(error), expected, "{shown}");
        }
    }

    #[test]
    fn texts_are_bounded_and_told_from_containers() {
        let source = |bytes: &'static [u8]| BufReader::new(Box::new(bytes) as Box<dyn Read>);
        assert!(is_document(&mut source(b" {")).unwrap() && is_document(&mut source(b"[")).unwrap());
        assert!(
            !is_document(&mut source(b"\x89QUORATE")).unwrap() && !is_document(&mut source(b"")).unwrap()
        );
        assert_eq!(text(&mut source(b"abc"), 3, "it").unwrap(), "abc");
        assert!(text(&mut source(b"abcd"), 3, "it").unwrap_err().to_string().contains("longer than 3"));
        text(&mut source(b"\xff"), 3, "it").unwrap_err();
    }
}
