//! Assertions of passkeys (WebAuthn Level 3, section 7.2).
//!
//! The challenge is the caller's: with us, the hash that binds a login to its session key and network. An assertion is
//! then evidence for that session and no other. Not checked here is what needs memory or a clock: counters, and whether
//! the credential is one that is known.
//!
//! The signature's algorithm follows from the key alone. A key has one encoding, so that it has one id.

mod authenticator_data;
mod cbor;
mod client_data;
mod cose;
mod origin;

use quorate_wire::Transcript;
use sha2::{Digest as _, Sha256};

use crate::verifier::EcdsaForm;

/// What an authenticator and its browser give, and the credential to which it should belong.
#[derive(Debug, Clone, Copy)]
pub struct Assertion<'a> {
    /// The relying party's id: a domain in lower case, without a port, or `localhost`.
    pub rp_id: &'a str,
    /// The credential's public key, as COSE has it: P-256 with ES256, Ed25519 with EdDSA, or RSA with RS256.
    pub cose_key: &'a [u8],
    /// The authenticator data, as signed.
    pub authenticator_data: &'a [u8],
    /// The client data: the JSON text, as signed.
    pub client_data: &'a [u8],
    /// The signature over the authenticator data and the SHA-256 of the client data.
    pub signature: &'a [u8],
}

/// A passkey that has signed a challenge, with its user present and verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passkey {
    /// The name of the credential as a method of login; see [`passkey_id`].
    pub id: [u8; 32],
    /// The authenticator's count of signatures. Synced passkeys always say 0.
    pub counter: u32,
    /// Whether the credential is kept on more than one device.
    pub backed_up: bool,
}

/// Why an assertion is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyError {
    /// The relying party is not a domain in canonical form.
    #[error("the relying party's id is not a domain in canonical form")]
    RpId,
    /// The key is not canonical CBOR with exactly the members of its kind.
    #[error("the credential's key is not a COSE key in canonical form")]
    KeyForm,
    /// The key is of another type, algorithm or curve.
    #[error("the credential's key is not P-256 with ES256, Ed25519 with EdDSA, or RSA with RS256")]
    KeyKind,
    /// The key is no point of its curve, of small order, or an RSA key of another size or exponent.
    #[error("the credential's key is not a sound key")]
    KeyUnsound,
    /// The client data have too many bytes.
    #[error("the client data are too long")]
    ClientDataTooLong,
    /// The client data are not one object of strict JSON.
    #[error("the client data are not one object of strict JSON")]
    ClientDataForm,
    /// The client data are those of another ceremony.
    #[error("the client data's type is not webauthn.get")]
    Type,
    /// The challenge is another one, or written otherwise.
    #[error("the client data do not have this login's challenge")]
    Challenge,
    /// The origin is not one of the relying party, or not in canonical form.
    #[error("the client data's origin is not one of the relying party")]
    Origin,
    /// The page that asked was inside one of another origin.
    #[error("the page that asked was inside one of another origin")]
    CrossOrigin,
    /// The authenticator data are too short or too long.
    #[error("the authenticator data do not have their form")]
    AuthenticatorDataForm,
    /// The credential was used for another relying party.
    #[error("the authenticator data are for another relying party")]
    RpIdHash,
    /// Nobody touched the authenticator.
    #[error("the user was not present")]
    UserPresent,
    /// The authenticator did not verify its user.
    #[error("the user was not verified")]
    UserVerified,
    /// The credential is backed up, but cannot be.
    #[error("the authenticator data contradict themselves about a backup")]
    Backup,
    /// A new credential is in the data, which an assertion does not have.
    #[error("the authenticator data have a credential in them")]
    AttestedCredential,
    /// The extensions are not one map that ends with the data, or are there without their flag.
    #[error("the authenticator data's extensions do not have their form")]
    Extensions,
    /// The signature does not fit the key and the data.
    #[error("the assertion is not signed by the credential's key")]
    Signature,
}

/// Checks an assertion over a challenge, the cheap checks first.
///
/// ```
/// use quorate_auth::passkey::{Assertion, PasskeyError, verify_assertion};
/// let empty = Assertion {
///     rp_id: "example.com.", cose_key: &[], authenticator_data: &[], client_data: &[], signature: &[],
/// };
/// assert_eq!(verify_assertion(&empty, &[0; 32]), Err(PasskeyError::RpId));
/// ```
///
/// # Errors
/// [`PasskeyError`] with the first check that failed.
pub fn verify_assertion(assertion: &Assertion<'_>, challenge: &[u8; 32]) -> Result<Passkey, PasskeyError> {
    if !origin::is_rp_id(assertion.rp_id) {
        return Err(PasskeyError::RpId);
    }
    client_data::check(assertion.client_data, assertion.rp_id, challenge)?;
    let data = authenticator_data::check(assertion.authenticator_data, assertion.rp_id)?;
    let key = cose::read_key(assertion.cose_key)?;
    let client_data_hash = Sha256::digest(assertion.client_data);
    let message = [assertion.authenticator_data, client_data_hash.as_slice()].concat();
    if !key.verify(&message, assertion.signature, EcdsaForm::Der) {
        return Err(PasskeyError::Signature);
    }
    let id = passkey_id(assertion.rp_id, assertion.cose_key);
    Ok(Passkey { id, counter: data.counter, backed_up: data.backed_up })
}

/// Checks that bytes are the COSE key of a passkey, in its one form.
///
/// # Errors
/// [`PasskeyError`] with what is wrong.
pub fn check_key(cose_key: &[u8]) -> Result<(), PasskeyError> {
    cose::read_key(cose_key).map(drop)
}

/// The name of a credential as a method of login: the hash of its relying party and its public key.
///
/// # Security
/// It is the id of a sound key only if [`verify_assertion`] accepted the key.
#[must_use]
pub fn passkey_id(rp_id: &str, cose_key: &[u8]) -> [u8; 32] {
    Transcript::new("quorate/method/passkey/v1").field(rp_id.as_bytes()).field(cose_key).finish()
}
