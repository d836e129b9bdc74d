//! Who can open an age file: holders of X25519 identities, or whoever knows a passphrase.

use std::{fmt, str::FromStr};

use bech32::{Bech32, primitives::decode::CheckedHrpstring};
use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _, Nonce, aead::Aead as _};
use curve25519_dalek::montgomery::MontgomeryPoint;
use zeroize::Zeroizing;

use super::{
    AgeError, FileKey, derive,
    header::{Stanza, decode, encode},
};
use crate::entropy;

/// Recipients of one file, or identities in one file.
pub(super) const KEYS_MAX: usize = 32;
/// Rounds of scrypt for a passphrase, as a power of two: about a second, and 256 MiB of memory.
const SCRYPT_LOG_N: u8 = 18;
/// The most that a file may demand: four seconds, and 1 GiB.
pub(super) const SCRYPT_LOG_N_MAX: u8 = 20;

const X25519: &str = "X25519";
const X25519_LABEL: &[u8] = b"age-encryption.org/v1/X25519";
const SCRYPT: &str = "scrypt";
const SCRYPT_LABEL: &[u8] = b"age-encryption.org/v1/scrypt";
const SALT_BYTES: usize = 16;

/// A public key to which files are sealed, `age1…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipient([u8; 32]);

/// The secret key that opens what is sealed to its recipient.
pub struct Identity(Zeroizing<[u8; 32]>);

/// For whom a file is sealed.
pub enum Lock {
    /// Holders of any of these recipients' identities.
    Recipients(Vec<Recipient>),
    /// Whoever knows it.
    Passphrase {
        /// The words.
        passphrase: Zeroizing<String>,
        /// Rounds of scrypt, as a power of two.
        log_n: u8,
    },
}

/// What a file is opened with.
pub enum Unlock {
    /// Any of these.
    Identities(Vec<Identity>),
    /// This.
    Passphrase(Zeroizing<String>),
}

impl Lock {
    /// Under a passphrase, with as many rounds as are usual.
    #[must_use]
    pub fn passphrase(passphrase: Zeroizing<String>) -> Self {
        Lock::Passphrase { passphrase, log_n: SCRYPT_LOG_N }
    }

    /// To these recipients, of which a file can have as many as that.
    ///
    /// # Errors
    /// [`AgeError::NoRecipient`] if there are none or too many.
    pub fn recipients(recipients: Vec<Recipient>) -> Result<Self, AgeError> {
        match recipients.len() {
            1..=KEYS_MAX => Ok(Lock::Recipients(recipients)),
            _ => Err(AgeError::NoRecipient),
        }
    }

    pub(super) fn wrap(&self, file_key: &FileKey) -> Vec<Stanza> {
        match self {
            Lock::Recipients(recipients) => {
                recipients.iter().map(|recipient| recipient.wrap(file_key)).collect()
            }
            Lock::Passphrase { passphrase, log_n } => {
                let mut salt = [0u8; SALT_BYTES];
                entropy::fill(&mut salt);
                let body = seal_key(&stretched(passphrase, &salt, *log_n), file_key);
                vec![Stanza {
                    kind: SCRYPT.to_owned(),
                    arguments: vec![encode(&salt), log_n.to_string()],
                    body,
                }]
            }
        }
    }
}

impl Unlock {
    /// Finds the file key. A wrong one shows in the header's MAC.
    pub(super) fn unwrap(&self, stanzas: &[Stanza]) -> Result<FileKey, AgeError> {
        let stretched = stanzas.iter().find(|stanza| stanza.kind == SCRYPT);
        match (self, stretched) {
            // Nobody else may open what is sealed under a passphrase.
            (_, Some(_)) if stanzas.len() > 1 => Err(AgeError::Damaged),
            (Unlock::Passphrase(passphrase), Some(stanza)) => unwrap_stretched(passphrase, stanza),
            (Unlock::Passphrase(_), None) => Err(AgeError::WantsIdentity),
            (Unlock::Identities(_), Some(_)) => Err(AgeError::WantsPassphrase),
            (Unlock::Identities(identities), None) => {
                for stanza in stanzas.iter().filter(|stanza| stanza.kind == X25519) {
                    for identity in identities {
                        if let Some(key) = identity.unwrap(stanza)? {
                            return Ok(key);
                        }
                    }
                }
                Err(AgeError::NoIdentity)
            }
        }
    }
}

impl Recipient {
    fn wrap(&self, file_key: &FileKey) -> Stanza {
        let mut secret = Zeroizing::new([0u8; 32]);
        entropy::fill(secret.as_mut_slice());
        let share = MontgomeryPoint::mul_base_clamped(*secret).to_bytes();
        let shared = Zeroizing::new(MontgomeryPoint(self.0).mul_clamped(*secret).to_bytes());
        let body = seal_key(&wrapping(&shared, &share, self), file_key);
        Stanza { kind: X25519.to_owned(), arguments: vec![encode(&share)], body }
    }
}

impl FromStr for Recipient {
    type Err = AgeError;

    fn from_str(text: &str) -> Result<Self, AgeError> {
        let key = decode_key(text, "age").ok_or(AgeError::NoRecipient)?;
        // A point of low order gives everybody the same key.
        let low = MontgomeryPoint(*key).mul_clamped([1; 32]).to_bytes() == [0; 32];
        if low { Err(AgeError::NoRecipient) } else { Ok(Recipient(*key)) }
    }
}

impl Identity {
    /// The identities in the text of a file: one on a line, remarks after `#`.
    ///
    /// # Errors
    /// [`AgeError::NoIdentityFile`] if a line is something else, or there is none, or there are too many.
    pub fn read_all(text: &str) -> Result<Vec<Self>, AgeError> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let read = |line| decode_key(line, "age-secret-key-").map(Identity).ok_or(AgeError::NoIdentityFile);
        let identities: Vec<_> = lines.take(KEYS_MAX + 1).map(read).collect::<Result<_, _>>()?;
        if (1..=KEYS_MAX).contains(&identities.len()) {
            Ok(identities)
        } else {
            Err(AgeError::NoIdentityFile)
        }
    }

    /// To whom files are sealed that this identity opens.
    #[must_use]
    pub fn recipient(&self) -> Recipient {
        Recipient(MontgomeryPoint::mul_base_clamped(*self.0).to_bytes())
    }

    fn unwrap(&self, stanza: &Stanza) -> Result<Option<FileKey>, AgeError> {
        let [share] = &stanza.arguments[..] else { return Err(AgeError::Damaged) };
        let share: [u8; 32] = decode(share)?.try_into().map_err(|_| AgeError::Damaged)?;
        let shared = Zeroizing::new(MontgomeryPoint(share).mul_clamped(*self.0).to_bytes());
        if *shared == [0; 32] {
            return Err(AgeError::Damaged);
        }
        open_key(&wrapping(&shared, &share, &self.recipient()), stanza)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Identity").field(&self.recipient()).finish()
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lock::Recipients(recipients) => f.debug_tuple("Recipients").field(recipients).finish(),
            Lock::Passphrase { .. } => f.write_str("Passphrase"),
        }
    }
}

impl fmt::Debug for Unlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unlock::Identities(identities) => f.debug_tuple("Identities").field(identities).finish(),
            Unlock::Passphrase(_) => f.write_str("Passphrase"),
        }
    }
}

fn decode_key(text: &str, prefix: &str) -> Option<Zeroizing<[u8; 32]>> {
    // Of two texts with one meaning the format has one form only: recipients small, identities in capitals.
    let small = prefix == "age";
    if text.len() > 90
        || text.bytes().any(|byte| if small { byte.is_ascii_uppercase() } else { byte.is_ascii_lowercase() })
    {
        return None;
    }
    let checked = CheckedHrpstring::new::<Bech32>(text).ok()?;
    if checked.hrp().to_string().to_lowercase() != prefix || checked.byte_iter().len() != 32 {
        return None;
    }
    let mut key = Zeroizing::new([0u8; 32]);
    for (place, byte) in key.iter_mut().zip(checked.byte_iter()) {
        *place = byte;
    }
    Some(key)
}

fn wrapping(shared: &[u8; 32], share: &[u8; 32], recipient: &Recipient) -> Zeroizing<[u8; 32]> {
    derive(Some(&[share.as_slice(), &recipient.0].concat()), shared, X25519_LABEL)
}

fn unwrap_stretched(passphrase: &str, stanza: &Stanza) -> Result<FileKey, AgeError> {
    let [salt, log_n] = &stanza.arguments[..] else { return Err(AgeError::Damaged) };
    let salt: [u8; SALT_BYTES] = decode(salt)?.try_into().map_err(|_| AgeError::Damaged)?;
    let digits = log_n.bytes().all(|byte| byte.is_ascii_digit()) && !log_n.starts_with('0');
    let log_n: u8 = log_n.parse().ok().filter(|_| digits).ok_or(AgeError::Damaged)?;
    if log_n > SCRYPT_LOG_N_MAX {
        return Err(AgeError::WorkFactor(log_n));
    }
    open_key(&stretched(passphrase, &salt, log_n), stanza)?.ok_or(AgeError::WrongPassphrase)
}

fn stretched(passphrase: &str, salt: &[u8; SALT_BYTES], log_n: u8) -> Zeroizing<[u8; 32]> {
    let parameters = scrypt::Params::new(log_n, 8, 1).expect("the number of rounds is bounded");
    let mut key = Zeroizing::new([0u8; 32]);
    let salt = [SCRYPT_LABEL, salt].concat();
    scrypt::scrypt(passphrase.as_bytes(), &salt, &parameters, key.as_mut_slice()).expect("32 bytes are few");
    key
}

/// Each wrapping key is used once, so its nonce is zero.
fn seal_key(key: &[u8; 32], file_key: &FileKey) -> Vec<u8> {
    ChaCha20Poly1305::new(key.into()).encrypt(&Nonce::default(), file_key.as_slice()).expect("a key is short")
}

fn open_key(key: &[u8; 32], stanza: &Stanza) -> Result<Option<FileKey>, AgeError> {
    // Its length is looked at first: a longer text could be made to open under several keys.
    if stanza.body.len() != 32 {
        return Err(AgeError::Damaged);
    }
    let opened = ChaCha20Poly1305::new(key.into()).decrypt(&Nonce::default(), stanza.body.as_slice());
    let Ok(opened) = opened.map(Zeroizing::new) else { return Ok(None) };
    let mut file_key = FileKey::default();
    file_key.copy_from_slice(&opened);
    Ok(Some(file_key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_with_a_check_sum_that_fits_are_read() {
        let good = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
        assert!(good.parse::<Recipient>().is_ok());
        for text in
            ["", "age1", &good.replace("3z7", "3z8"), &good.to_uppercase(), &format!("{good}q"), &good[..61]]
        {
            assert_eq!(text.parse::<Recipient>(), Err(AgeError::NoRecipient), "{text}");
        }
        let low = bech32::encode::<Bech32>(bech32::Hrp::parse("age").unwrap(), &[0; 32]).unwrap();
        assert_eq!(low.parse::<Recipient>(), Err(AgeError::NoRecipient));
        let hrp = bech32::Hrp::parse("age-secret-key-").unwrap();
        let secret = bech32::encode::<Bech32>(hrp, &[7; 32]).unwrap().to_uppercase();
        let file = format!("# created\n\n {secret}\n{secret}\r\n");
        assert_eq!(Identity::read_all(&file).unwrap().len(), 2);
        let many = format!("{secret}\n").repeat(KEYS_MAX + 1);
        for text in ["", "# nothing", good, &secret.to_lowercase(), &format!("{secret}\nmore"), &many] {
            assert!(Identity::read_all(text).is_err(), "{text}");
        }
        assert!(!format!("{:?}", Identity::read_all(&secret)).contains(&secret[20..30]));
    }
}
