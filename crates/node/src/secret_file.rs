//! Files that hold a secret: made with mode 0600, refused with any other.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

/// A secret file holds one key as text; nothing longer is read.
const SECRET_FILE_BYTES_MAX: u64 = 256;

/// Why a file with a secret is not used.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    /// It could not be read or written.
    #[error("the secret file {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others than its owner may read it.
    #[error("the secret file {path} has mode {mode:o}, others could read it: chmod 600 it")]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It belongs to another user, who may read and change it.
    #[error("the secret file {path} belongs to another user (id {owner}): chown it to the one who runs this")]
    Owner {
        /// The file.
        path: PathBuf,
        /// Id of its owner.
        owner: u32,
    },
    /// It is no regular file.
    #[error("the secret file {path} is not a regular file")]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// Its text is longer than any of its kind, or is no text.
    #[error("the secret file {path} holds more than {bytes_max} bytes, or no text")]
    Long {
        /// The file.
        path: PathBuf,
        /// What is read at most.
        bytes_max: usize,
    },
    /// Its text is not a key.
    #[error("the secret file {path} must hold 64 hexadecimal digits and nothing else")]
    Form {
        /// The file.
        path: PathBuf,
    },
    /// Its text has the form of a key, but no such key exists.
    #[error("the secret file {path} does not hold a valid {what}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The kind of key.
        what: &'static str,
    },
}

/// Reads 32 secret bytes, written as hexadecimal digits, from a file that only its owner may read, who is this user.
///
/// # Errors
/// [`SecretFileError`].
pub fn read_secret(path: &Path) -> Result<Zeroizing<[u8; 32]>, SecretFileError> {
    let mut text = Zeroizing::new(String::with_capacity(256));
    let io = |source| SecretFileError::Io { path: path.to_owned(), source };
    open_private(path)?.take(SECRET_FILE_BYTES_MAX).read_to_string(&mut text).map_err(io)?;
    let digits = text.trim_end();
    let mut bytes = Zeroizing::new([0u8; 32]);
    hex::decode_to_slice(digits.strip_prefix("0x").unwrap_or(digits), bytes.as_mut_slice())
        .map_err(|_| SecretFileError::Form { path: path.to_owned() })?;
    Ok(bytes)
}

/// Reads a secret text of any form, such as a passphrase, from a file that only its owner may read, who is this user.
///
/// # Errors
/// [`SecretFileError`].
pub fn read_secret_text(path: &Path, bytes_max: usize) -> Result<Zeroizing<String>, SecretFileError> {
    // Its full length at once: no copy of the secret stays behind in a buffer that grew.
    let mut text = Zeroizing::new(String::with_capacity(bytes_max + 64));
    let read = open_private(path)?.take(bytes_max as u64 + 1).read_to_string(&mut text);
    let long = || SecretFileError::Long { path: path.to_owned(), bytes_max };
    match read {
        Ok(length) if length <= bytes_max => Ok(text),
        Err(source) if source.kind() != io::ErrorKind::InvalidData => {
            Err(SecretFileError::Io { path: path.to_owned(), source })
        }
        _ => Err(long()),
    }
}

fn open_private(path: &Path) -> Result<File, SecretFileError> {
    let io = |source| SecretFileError::Io { path: path.to_owned(), source };
    let file = File::open(path).map_err(io)?;
    // The opened file is asked, not the path: what is checked is what is read.
    let metadata = file.metadata().map_err(io)?;
    if !metadata.is_file() {
        return Err(SecretFileError::NotAFile { path: path.to_owned() });
    }
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o177 != 0 {
        return Err(SecretFileError::Mode { path: path.to_owned(), mode });
    }
    check_owner(path, metadata.uid(), rustix::process::geteuid().as_raw())?;
    Ok(file)
}

fn check_owner(path: &Path, owner: u32, user: u32) -> Result<(), SecretFileError> {
    if owner == user { Ok(()) } else { Err(SecretFileError::Owner { path: path.to_owned(), owner }) }
}

/// Writes 32 secret bytes to a new file of mode 0600; an existing file is never replaced.
pub(crate) fn create_secret(path: &Path, secret: &[u8; 32]) -> Result<(), SecretFileError> {
    let io = |source| SecretFileError::Io { path: path.to_owned(), source };
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(io)?;
    let mut text = Zeroizing::new(vec![0u8; 65]);
    hex::encode_to_slice(secret, &mut text[..64]).expect("64 digits fit");
    text[64] = b'\n';
    file.write_all(&text).and_then(|()| file.sync_all()).map_err(io)
}

/// Whether the file is there at all.
pub(crate) fn exists(path: &Path) -> Result<bool, SecretFileError> {
    path.try_exists().map_err(|source| SecretFileError::Io { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestFolder;

    #[test]
    fn a_secret_is_read_from_a_file_of_this_user_that_nobody_else_can_read() {
        let folder = TestFolder::new();
        let path = folder.path().join("key");
        create_secret(&path, &[7; 32]).unwrap();
        assert_eq!(*read_secret(&path).unwrap(), [7; 32]);
        for mode in [0o640, 0o604, 0o660, 0o700] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert!(matches!(read_secret(&path), Err(SecretFileError::Mode { .. })), "{mode:o}");
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).unwrap();
        assert!(read_secret(&path).is_ok());
        for (owner, user) in [(0, 1000), (1000, 0), (1000, 1001)] {
            assert!(matches!(check_owner(&path, owner, user), Err(SecretFileError::Owner { .. })));
        }
        assert!(matches!(read_secret(folder.path()), Err(SecretFileError::NotAFile { .. })));
    }
}
