//! The authenticator data: what an authenticator says about itself and its user.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use super::{PasskeyError, cbor::Reader};

/// Longest authenticator data, extensions included.
const AUTHENTICATOR_DATA_BYTES_MAX: usize = 1_024;
/// Most extensions, and their deepest nesting, which is that of CTAP2.
const EXTENSIONS_MAX: u64 = 32;
const EXTENSION_DEPTH_MAX: u32 = 4;

// Flags; the two others are reserved and say nothing yet.
const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const HAS_CREDENTIAL: u8 = 1 << 6;
const HAS_EXTENSIONS: u8 = 1 << 7;

/// What the authenticator says.
pub(super) struct AuthenticatorData {
    pub(super) counter: u32,
    pub(super) backed_up: bool,
}

/// Checks the authenticator data of an assertion (section 7.2, steps 15 to 19).
pub(super) fn check(bytes: &[u8], rp_id: &str) -> Result<AuthenticatorData, PasskeyError> {
    if bytes.len() > AUTHENTICATOR_DATA_BYTES_MAX {
        return Err(PasskeyError::AuthenticatorDataForm);
    }
    let (hash, rest) = bytes.split_first_chunk::<32>().ok_or(PasskeyError::AuthenticatorDataForm)?;
    let (&[flags, counter @ ..], rest) =
        rest.split_first_chunk::<5>().ok_or(PasskeyError::AuthenticatorDataForm)?;
    let has = |flag: u8| flags & flag != 0;
    if hash != Sha256::digest(rp_id.as_bytes()).as_slice() {
        return Err(PasskeyError::RpIdHash);
    }
    if !has(USER_PRESENT) {
        return Err(PasskeyError::UserPresent);
    }
    if !has(USER_VERIFIED) {
        return Err(PasskeyError::UserVerified);
    }
    if has(BACKED_UP) && !has(BACKUP_ELIGIBLE) {
        return Err(PasskeyError::Backup);
    }
    if has(HAS_CREDENTIAL) {
        return Err(PasskeyError::AttestedCredential);
    }
    let sound = if has(HAS_EXTENSIONS) { check_extensions(rest).is_some() } else { rest.is_empty() };
    if !sound {
        return Err(PasskeyError::Extensions);
    }
    Ok(AuthenticatorData { counter: u32::from_be_bytes(counter), backed_up: has(BACKED_UP) })
}

/// One map from names to values, which ends where the data end.
fn check_extensions(bytes: &[u8]) -> Option<()> {
    let mut reader = Reader::new(bytes);
    let count = reader.map().filter(|count| *count <= EXTENSIONS_MAX)?;
    let mut names = BTreeSet::new();
    for _ in 0..count {
        names.insert(reader.text()?).then_some(())?;
        reader.skip(EXTENSION_DEPTH_MAX)?;
    }
    reader.is_at_end().then_some(())
}
