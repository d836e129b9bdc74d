//! The header of an age file: a stanza for each recipient, and a MAC over all of them.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::{AgeError, FileKey, derive};

const VERSION_LINE: &[u8] = b"age-encryption.org/v1\n";
const ANY_VERSION: &[u8] = b"age-encryption.org/";
const ARMOR: &[u8] = b"-----BEGIN AGE ENCRYPTED FILE-----";
/// Nothing longer is taken for a header: it has room for some hundred recipients.
const HEADER_BYTES_MAX: usize = 16 << 10;
/// Characters of a full line of a stanza's body.
const LINE_LENGTH: usize = 64;

/// A file key for one recipient.
pub(super) struct Stanza {
    pub(super) kind: String,
    pub(super) arguments: Vec<String>,
    pub(super) body: Vec<u8>,
}

/// A header, and what comes after it.
pub(super) struct Header<'a> {
    pub(super) stanzas: Vec<Stanza>,
    pub(super) payload: &'a [u8],
    covered: &'a [u8],
    mac: Vec<u8>,
}

impl<'a> Header<'a> {
    pub(super) fn parse(file: &'a [u8]) -> Result<Self, AgeError> {
        let mut lines = Lines { rest: &file[..file.len().min(HEADER_BYTES_MAX)] };
        lines.rest = lines.rest.strip_prefix(VERSION_LINE).ok_or_else(|| {
            if file.starts_with(ANY_VERSION) {
                AgeError::OtherVersion
            } else if file.starts_with(ARMOR) {
                AgeError::Armored
            } else {
                AgeError::NotAge
            }
        })?;
        let mut stanzas = Vec::new();
        loop {
            let line = lines.next()?;
            if let Some(mac) = line.strip_prefix("--- ") {
                if stanzas.is_empty() {
                    return Err(AgeError::Damaged);
                }
                let end = file.len().min(HEADER_BYTES_MAX) - lines.rest.len();
                let covered = &file[..end - line.len() - 1 + "---".len()];
                return Ok(Header { stanzas, payload: &file[end..], covered, mac: decode(mac)? });
            }
            let mut words = line.strip_prefix("-> ").ok_or(AgeError::Damaged)?.split(' ').map(str::to_owned);
            let kind = words.next().unwrap_or_default();
            let body = lines.body()?;
            stanzas.push(Stanza { kind, arguments: words.collect(), body });
        }
    }

    /// Whether the header is the one that was written with this file key.
    pub(super) fn check(&self, file_key: &FileKey) -> Result<(), AgeError> {
        mac(self.covered, file_key).verify_slice(&self.mac).map_err(|_| AgeError::Damaged)
    }
}

/// The header's bytes, up to where the payload begins.
pub(super) fn write(stanzas: &[Stanza], file_key: &FileKey) -> Vec<u8> {
    let mut header = VERSION_LINE.to_vec();
    for stanza in stanzas {
        header.extend_from_slice(b"-> ");
        header.extend_from_slice(stanza.kind.as_bytes());
        for argument in &stanza.arguments {
            header.push(b' ');
            header.extend_from_slice(argument.as_bytes());
        }
        let body = encode(&stanza.body);
        // A short line ends the body, an empty one if the others are full.
        for place in 0..=body.len() / LINE_LENGTH {
            let line = &body[place * LINE_LENGTH..body.len().min((place + 1) * LINE_LENGTH)];
            header.push(b'\n');
            header.extend_from_slice(line.as_bytes());
        }
        header.push(b'\n');
    }
    header.extend_from_slice(b"---");
    let mac = mac(&header, file_key).finalize().into_bytes();
    header.extend_from_slice(format!(" {}\n", encode(&mac)).as_bytes());
    header
}

pub(super) fn encode(bytes: &[u8]) -> String {
    STANDARD_NO_PAD.encode(bytes)
}

pub(super) fn decode(text: &str) -> Result<Vec<u8>, AgeError> {
    STANDARD_NO_PAD.decode(text).map_err(|_| AgeError::Damaged)
}

fn mac(covered: &[u8], file_key: &FileKey) -> Hmac<Sha256> {
    let key = derive(None, file_key.as_slice(), b"header");
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_slice()).expect("any length is a key");
    mac.update(covered);
    mac
}

struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Result<&'a str, AgeError> {
        let end = self.rest.iter().position(|&byte| byte == b'\n').ok_or(AgeError::Damaged)?;
        let line = std::str::from_utf8(&self.rest[..end]).map_err(|_| AgeError::Damaged)?;
        self.rest = &self.rest[end + 1..];
        Ok(line)
    }

    fn body(&mut self) -> Result<Vec<u8>, AgeError> {
        let mut text = String::new();
        loop {
            let line = self.next()?;
            text.push_str(line);
            match line.len() {
                LINE_LENGTH => {}
                ..LINE_LENGTH => return decode(&text),
                _ => return Err(AgeError::Damaged),
            }
        }
    }
}
