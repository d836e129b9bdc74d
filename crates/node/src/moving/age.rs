//! The age format, version 1 (<https://age-encryption.org/v1>): to X25519 recipients, or under a passphrase. Other
//! tools of the format open what is written here.
//!
//! The crate `age` is not used: it brings in a system of translations, and a build dependency without a maintainer.

mod header;
mod keys;

use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _, Nonce, aead::Aead as _};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::entropy;
use header::Header;
pub use keys::{Identity, Lock, Recipient, Unlock};

const CHUNK_BYTES: usize = 64 << 10;
const TAG_BYTES: usize = 16;
const NONCE_BYTES: usize = 16;

/// The key that a file's header wraps, once for each recipient.
type FileKey = Zeroizing<[u8; 16]>;

/// Why a file is not opened, or a key is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AgeError {
    /// Something else.
    #[error("it is not an age file")]
    NotAge,
    /// The text form of the format.
    #[error("it is an age file as text: decode it first (`age --decrypt` reads it)")]
    Armored,
    /// A later version of the format.
    #[error("it is of a version of the age format that this release does not know")]
    OtherVersion,
    /// Its bytes are not those that were written.
    #[error("it is cut short, altered, or has something behind its end")]
    Damaged,
    /// It was sealed under another passphrase.
    #[error("the passphrase is not the one that it was sealed under")]
    WrongPassphrase,
    /// It was sealed under a passphrase, and an identity was given.
    #[error("it is sealed under a passphrase, not to an identity")]
    WantsPassphrase,
    /// It was sealed to recipients, and a passphrase was given.
    #[error("it is sealed to recipients: name the identity of one of them")]
    WantsIdentity,
    /// None of the identities is of one of its recipients.
    #[error("it is sealed to other recipients than those of the given identities")]
    NoIdentity,
    /// Deriving its key from the passphrase would take too long, and too much memory.
    #[error("it demands 2^{0} rounds of scrypt, more than the 2^{max} that are done here", max = keys::SCRYPT_LOG_N_MAX)]
    WorkFactor(u8),
    /// Not a recipient.
    #[error("a recipient starts with age1, has 62 characters and ends in a check sum that fits")]
    NoRecipient,
    /// Not a file of identities.
    #[error("a file of identities has AGE-SECRET-KEY-1… on a line of its own, up to {max} times", max = keys::KEYS_MAX)]
    NoIdentityFile,
}

/// Seals bytes.
pub(super) fn seal(plain: &[u8], lock: &Lock) -> Vec<u8> {
    let mut file_key = FileKey::default();
    entropy::fill(file_key.as_mut_slice());
    let mut sealed = header::write(&lock.wrap(&file_key), &file_key);
    let mut nonce = [0u8; NONCE_BYTES];
    entropy::fill(&mut nonce);
    sealed.extend_from_slice(&nonce);
    let cipher = payload_cipher(&file_key, &nonce);
    // A last chunk is empty only where there is nothing at all.
    let last = plain.len().div_ceil(CHUNK_BYTES).max(1) - 1;
    for place in 0..=last {
        let chunk = &plain[place * CHUNK_BYTES..plain.len().min((place + 1) * CHUNK_BYTES)];
        let sealed_chunk =
            cipher.encrypt(&chunk_nonce(place, place == last), chunk).expect("a chunk is short");
        sealed.extend_from_slice(&sealed_chunk);
    }
    sealed
}

/// Opens what was sealed. The whole file is judged before anything is returned.
pub(super) fn open(sealed: &[u8], unlock: &Unlock) -> Result<Zeroizing<Vec<u8>>, AgeError> {
    let header = Header::parse(sealed)?;
    let file_key = unlock.unwrap(&header.stanzas)?;
    header.check(&file_key)?;
    let (nonce, chunks) = header.payload.split_first_chunk::<NONCE_BYTES>().ok_or(AgeError::Damaged)?;
    let cipher = payload_cipher(&file_key, nonce);
    // Its full length at once: no copy of a secret stays behind in a buffer that grew.
    let mut plain = Zeroizing::new(Vec::with_capacity(chunks.len()));
    let last = chunks.len().div_ceil(CHUNK_BYTES + TAG_BYTES).max(1) - 1;
    for (place, chunk) in chunks.chunks(CHUNK_BYTES + TAG_BYTES).enumerate() {
        let opened = cipher.decrypt(&chunk_nonce(place, place == last), chunk);
        let opened = Zeroizing::new(opened.map_err(|_| AgeError::Damaged)?);
        if opened.is_empty() && place > 0 {
            return Err(AgeError::Damaged);
        }
        plain.extend_from_slice(&opened);
    }
    if chunks.is_empty() { Err(AgeError::Damaged) } else { Ok(plain) }
}

fn payload_cipher(file_key: &FileKey, nonce: &[u8; NONCE_BYTES]) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new((&*derive(Some(nonce), file_key.as_slice(), b"payload")).into())
}

/// The chunk's number, and whether it is the last one.
fn chunk_nonce(place: usize, last: bool) -> Nonce {
    let mut nonce = [0u8; 12];
    nonce[3..11].copy_from_slice(&(place as u64).to_be_bytes());
    nonce[11] = u8::from(last);
    Nonce::from(nonce)
}

fn derive(salt: Option<&[u8]>, material: &[u8], label: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0u8; 32]);
    Hkdf::<Sha256>::new(salt, material).expand(label, key.as_mut_slice()).expect("32 bytes are few");
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDENTITY: &str = "AGE-SECRET-KEY-185DXURRHM828FUQT4VNEYU56F4MYSNEA8HXR7JFHSEQHA53M3VPQ7X3S27";
    const RECIPIENT: &str = "age1ycrxskwn355shhue5qwsve92ye99tz2rt4ftk48qacexj9cnx4hqa0uwj6";
    /// Files that the crate `age` 0.11.5 sealed: to another recipient and this one, and under the passphrase "right".
    const OF_AGE: &str = "\
         6167652d656e6372797074696f6e2e6f72672f76310a2d3e205832353531392071444f675750584652457a30326e76386150\
         556a526c54437475466f5565556262495039557461613252670a566839336d7a6f6369596e6679346550546331312b635551\
         747333695145326e7a5572564c68494c75714d0a2d3e2058323535313920714b436d572b692b6b7147475a6162754b303533\
         773358766a6e2f712b5743366f465463334f76356d7a410a6779636b42495a3072506851653837343137614330695270666b\
         51686e386d6f364e46306d506c6f316f380a2d3e202f253a2b602d6772656173650a754a63615a614b536d3544426f434c4f\
         7448645a71344d7a77374b4b3644736671507974676f626c5477613958492b6e3738676e762f7a574f503556354f6f480a49\
         397177746e39356f4f394e45766955515244727352784c50476768366a6e4579724d77394358334679413733483545426a68\
         587053340a2d2d2d202b66534a466d64314d6e4b4d6863366230466649465063454c646d5a634e6f535750742b6647357238\
         474d0a72b82b3cc49469f43652a44ef80cef5fb0c5ce62bd9a893422977ef5811b08f071297216900d52eaac274a560702bc\
         c9e864cd2016ca00fb17";
    const OF_AGE_WORDS: &str = "\
         6167652d656e6372797074696f6e2e6f72672f76310a2d3e20736372797074207a38676e6a467a4f65615a41636844344d2f\
         754e456720320a35556a51384d546a304b734b6b4555784b7a4a47694d5332584152584c4372613561353832422b53633155\
         0a2d2d2d207a43424f754a672f724b556c694c6f3949576f4f6d316b566768316c38595838642f355552425744554c630a41\
         b4b66ddc75e1846ce0fb84e16076c8866064977c6635daed5d2aa865e2bfd40694da77dde74c9143b56ebd32db0c230740b7\
         bd76f076c97f";

    fn passphrase(text: &str) -> Zeroizing<String> {
        Zeroizing::new(text.to_owned())
    }

    fn locked(text: &str) -> Lock {
        Lock::Passphrase { passphrase: passphrase(text), log_n: 2 }
    }

    fn identities() -> Unlock {
        Unlock::Identities(Identity::read_all(IDENTITY).unwrap())
    }

    #[test]
    fn what_was_sealed_opens_for_each_recipient_and_nobody_else() {
        let unlock = identities();
        let Unlock::Identities(list) = &unlock else { unreachable!() };
        let others: Vec<Recipient> = ["age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"]
            .map(|text| text.parse().unwrap())
            .into();
        for length in [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES] {
            let plain: Vec<u8> = (0..length).map(|place| place.to_le_bytes()[0]).collect();
            let both = Lock::Recipients([&others[..], &[list[0].recipient()]].concat());
            let sealed = seal(&plain, &both);
            assert!(*open(&sealed, &unlock).unwrap() == plain, "{length}");
            let sealed = seal(&plain, &Lock::Recipients(others.clone()));
            assert_eq!(open(&sealed, &unlock), Err(AgeError::NoIdentity));
            let by_words = Unlock::Passphrase(passphrase("right"));
            assert_eq!(open(&sealed, &by_words), Err(AgeError::WantsIdentity));
            let sealed = seal(&plain, &locked("right"));
            assert!(*open(&sealed, &by_words).unwrap() == plain, "{length}");
            let wrong = Unlock::Passphrase(passphrase("wrong"));
            assert_eq!(open(&sealed, &wrong), Err(AgeError::WrongPassphrase));
            assert_eq!(open(&sealed, &unlock), Err(AgeError::WantsPassphrase));
        }
    }

    #[test]
    fn what_another_program_sealed_opens() {
        let expected = Ok(Zeroizing::new(b"sealed by another program".to_vec()));
        assert_eq!(open(&hex::decode(OF_AGE).unwrap(), &identities()), expected);
        let by_words = Unlock::Passphrase(passphrase("right"));
        assert_eq!(open(&hex::decode(OF_AGE_WORDS).unwrap(), &by_words), expected);
        let Unlock::Identities(list) = identities() else { unreachable!() };
        assert_eq!(RECIPIENT.parse(), Ok(list[0].recipient()));
    }

    #[test]
    fn no_altered_cut_or_longer_file_opens() {
        let unlock = Unlock::Passphrase(passphrase("right"));
        let plain = vec![7; CHUNK_BYTES + 100];
        let good = seal(&plain, &locked("right"));
        for place in (0..300).chain((300..good.len()).step_by(997)) {
            let mut bytes = good.clone();
            bytes[place] ^= 1;
            assert!(open(&bytes, &unlock).is_err(), "byte {place}");
        }
        for length in (0..300).chain((300..good.len()).step_by(997)).chain([good.len() - 1]) {
            assert!(open(&good[..length], &unlock).is_err(), "{length} bytes");
        }
        assert_eq!(open(&[&good[..], &good].concat(), &unlock), Err(AgeError::Damaged));
        assert_eq!(open(&[&good[..], b"\0"].concat(), &unlock), Err(AgeError::Damaged));
        // Whole chunks can neither be left out nor end the file.
        let whole = seal(&vec![7; 2 * CHUNK_BYTES], &locked("right"));
        assert_eq!(open(&whole[..whole.len() - CHUNK_BYTES - TAG_BYTES], &unlock), Err(AgeError::Damaged));
    }

    #[test]
    fn what_is_no_age_file_is_named_as_what_it_is() {
        let unlock = Unlock::Passphrase(passphrase("right"));
        for (bytes, error) in [
            (&b""[..], AgeError::NotAge),
            (&[0xa5; 4096], AgeError::NotAge),
            (b"age-encryption.org/v2\n-> x\n", AgeError::OtherVersion),
            (b"-----BEGIN AGE ENCRYPTED FILE-----\n", AgeError::Armored),
            (b"age-encryption.org/v1\n", AgeError::Damaged),
            (b"age-encryption.org/v1\n--- AAAA\n", AgeError::Damaged),
        ] {
            assert_eq!(open(bytes, &unlock), Err(error), "{}", String::from_utf8_lossy(bytes));
        }
        let endless = [&b"age-encryption.org/v1\n"[..], &b"-> a\n\n".repeat(100_000)].concat();
        assert_eq!(open(&endless, &unlock), Err(AgeError::Damaged));
    }

    #[test]
    fn a_file_that_would_take_minutes_to_open_is_refused_at_once() {
        let sealed = seal(b"", &locked("right"));
        let text = String::from_utf8_lossy(&sealed[..80]).into_owned();
        let line = text.lines().nth(1).unwrap().to_owned();
        for log_n in ["21", "30", "63", "64", "255"] {
            let other = line.rsplit_once(' ').unwrap().0.to_owned() + " " + log_n;
            let place = "age-encryption.org/v1\n".len();
            let bytes = [&sealed[..place], other.as_bytes(), &sealed[place + line.len()..]].concat();
            let refused = open(&bytes, &Unlock::Passphrase(passphrase("right"))).unwrap_err();
            assert_eq!(refused, AgeError::WorkFactor(log_n.parse().unwrap()));
        }
    }
}
