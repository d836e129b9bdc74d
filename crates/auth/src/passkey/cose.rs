//! COSE keys (RFC 9052, RFC 9053, RFC 8230) as credentials have them.

use super::{PasskeyError, cbor::Reader};
use crate::verifier::Verifier;

/// Sizes of RSA keys that authenticators make.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2_048..=4_096;
/// 65537.
const RSA_EXPONENT: &[u8] = &[1, 0, 1];

// Names of members, key types, algorithms and curves in the registries of COSE.
const KEY_TYPE: i64 = 1;
const ALGORITHM: i64 = 3;
const OKP: i64 = 1;
const EC2: i64 = 2;
const RSA: i64 = 3;
const EDDSA: i64 = -8;
const ES256: i64 = -7;
const RS256: i64 = -257;
const P256: i64 = 1;
const ED25519: i64 = 6;

/// Reads a key in its one encoding: exactly the members of its kind, in canonical order.
pub(super) fn read_key(bytes: &[u8]) -> Result<Verifier, PasskeyError> {
    let mut reader = Reader::new(bytes);
    let kind = read_kind(&mut reader).ok_or(PasskeyError::KeyForm)?;
    let key = match kind {
        (5, EC2, ES256) => {
            let curve = labelled(&mut reader, -1)?.integer().ok_or(PasskeyError::KeyForm)?;
            if curve != P256 {
                return Err(PasskeyError::KeyKind);
            }
            let x = fixed(labelled(&mut reader, -2)?)?;
            let y = fixed(labelled(&mut reader, -3)?)?;
            Verifier::p256(x, y)
        }
        (4, OKP, EDDSA) => {
            let curve = labelled(&mut reader, -1)?.integer().ok_or(PasskeyError::KeyForm)?;
            if curve != ED25519 {
                return Err(PasskeyError::KeyKind);
            }
            Verifier::ed25519(fixed(labelled(&mut reader, -2)?)?)
        }
        (4, RSA, RS256) => {
            let modulus = labelled(&mut reader, -1)?.bytes().ok_or(PasskeyError::KeyForm)?;
            let exponent = labelled(&mut reader, -2)?.bytes().ok_or(PasskeyError::KeyForm)?;
            Verifier::rsa(modulus, exponent, RSA_BITS, &[RSA_EXPONENT])
        }
        (_, EC2, ES256) | (_, OKP, EDDSA) | (_, RSA, RS256) => return Err(PasskeyError::KeyForm),
        _ => return Err(PasskeyError::KeyKind),
    };
    if reader.is_at_end() { key.ok_or(PasskeyError::KeyUnsound) } else { Err(PasskeyError::KeyForm) }
}

/// The number of members, the key's type and its algorithm.
fn read_kind(reader: &mut Reader<'_>) -> Option<(u64, i64, i64)> {
    let members = reader.map()?;
    let mut value = |name| (reader.integer()? == name).then(|| reader.integer())?;
    Some((members, value(KEY_TYPE)?, value(ALGORITHM)?))
}

/// The reader in front of the value of the member that must come next.
fn labelled<'r, 'a>(reader: &'r mut Reader<'a>, name: i64) -> Result<&'r mut Reader<'a>, PasskeyError> {
    if reader.integer() == Some(name) { Ok(reader) } else { Err(PasskeyError::KeyForm) }
}

fn fixed<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8; 32], PasskeyError> {
    reader.bytes().and_then(|bytes| bytes.try_into().ok()).ok_or(PasskeyError::KeyForm)
}
