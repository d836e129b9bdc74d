//! What is inside an exported file: a versioned sequence of parts, each with its length, under one SHA-256.
//!
//! `magic ‖ version ‖ parts ‖ SHA-256 of all before`. A part is `kind ‖ length of its name ‖ length of its value ‖ name ‖
//! value`, with numbers in little endian. Parts ascend by kind and name, so one content has one form.

use std::{collections::BTreeMap, fmt};

use quorate_engine::Stored;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

const MAGIC: &[u8; 16] = b"quorate/export\0\0";
const VERSION: u32 = 1;
const DIGEST_BYTES: usize = 32;
/// Kind, length of the name, length of the value.
const PART_HEAD_BYTES: usize = 1 + 2 + 4;

/// A whole parcel: the records of people who signed out are most of it, 64 MiB at most.
pub(super) const PARCEL_BYTES_MAX: usize = 128 << 20;
/// A file of a node's folder.
pub(super) const FILE_BYTES_MAX: usize = 1 << 20;
/// A fact about the export.
const FACT_BYTES_MAX: usize = 4 << 10;
const NAME_BYTES_MAX: usize = 256;
const RECORD_BYTES_MAX: usize = 4 << 20;

/// The keys of a node, in the order in which they are written.
pub(super) const KEYS: [&str; 4] = ["chain", "sealing", "statement", "transport"];
/// The configuration, as it is written.
pub(super) const CONFIG: &str = "node.toml";
/// The network file.
pub(super) const NETWORK: &str = "network.json";
/// The proposal that the operator approved; it lies beside the network file.
pub(super) const APPROVED: &str = "approved.json";
/// What other operators are told of the node; it lies beside the configuration.
pub(super) const CARD: &str = "card.json";
/// The authorities that vouch for the chain's server, if the configuration names a file of them.
pub(super) const CHAIN_CA: &str = "chain_ca.pem";
/// The key of the account that pays, if the configuration names one.
pub(super) const PAYER: &str = "payer.key";
/// The files of a node that an export has, if they are there.
pub(super) const FILES: [&str; 6] = [APPROVED, CARD, CHAIN_CA, NETWORK, CONFIG, PAYER];
/// Those without which nothing starts.
const FILES_NEEDED: [&str; 2] = [NETWORK, CONFIG];
const FOLDER: &str = "folder";
const MADE: &str = "made_unix_s";

/// Why the content of an opened file is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParcelError {
    /// Somebody sealed something else.
    #[error("it holds no export of a node")]
    NoExport,
    /// Another release wrote it.
    #[error("it is an export of version {0}, this release reads version {VERSION}")]
    Version(u32),
    /// Its bytes do not fit together.
    #[error("the export in it is damaged: {0}")]
    Damaged(&'static str),
    /// A part is not there.
    #[error("the export in it lacks {0}")]
    Lacks(&'static str),
}

/// What goes from one machine to another.
#[derive(PartialEq, Eq)]
pub(super) struct Parcel {
    /// Seconds since 1970.
    pub(super) made_unix_s: u64,
    /// The folder of the configuration, on the machine of before.
    pub(super) folder: String,
    /// In the order of [`KEYS`].
    pub(super) keys: [Zeroizing<[u8; 32]>; 4],
    /// By name: some of [`FILES`].
    pub(super) files: BTreeMap<&'static str, Zeroizing<Vec<u8>>>,
    /// The store's records.
    pub(super) records: Stored,
}

impl fmt::Debug for Parcel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parcel").field("folder", &self.folder).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Fact = 1,
    Key = 2,
    File = 3,
    Record = 4,
}

type Part<'a> = (Kind, &'a str, &'a [u8]);

impl Parcel {
    /// The parcel's bytes; none if they are more than anybody reads.
    pub(super) fn to_bytes(&self) -> Option<Zeroizing<Vec<u8>>> {
        let made = self.made_unix_s.to_le_bytes();
        let facts = [(Kind::Fact, FOLDER, self.folder.as_bytes()), (Kind::Fact, MADE, &made[..])];
        let keys = KEYS.iter().zip(&self.keys).map(|(&name, key)| (Kind::Key, name, key.as_slice()));
        let files = self.files.iter().map(|(&name, text)| (Kind::File, name, text.as_slice()));
        let records =
            self.records.iter().map(|(name, value)| (Kind::Record, name.as_str(), value.as_slice()));
        let parts: Vec<Part<'_>> = facts.into_iter().chain(keys).chain(files).chain(records).collect();
        if !parts.iter().all(fits) {
            return None;
        }
        let bytes = |(_, name, value): &Part<'_>| PART_HEAD_BYTES + name.len() + value.len();
        let length = MAGIC.len() + 4 + parts.iter().map(bytes).sum::<usize>() + DIGEST_BYTES;
        if length > PARCEL_BYTES_MAX {
            return None;
        }
        // Its full length at once: no copy of a secret stays behind in a buffer that grew.
        let mut out = Zeroizing::new(Vec::with_capacity(length));
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        for (kind, name, value) in parts {
            out.push(kind as u8);
            out.extend_from_slice(&u16::try_from(name.len()).ok()?.to_le_bytes());
            out.extend_from_slice(&u32::try_from(value.len()).ok()?.to_le_bytes());
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(value);
        }
        let digest = Sha256::digest(out.as_slice());
        out.extend_from_slice(&digest);
        Some(out)
    }

    /// Reads a parcel, and refuses one that is not exactly as it would be written.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, ParcelError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(ParcelError::NoExport)?;
        let (version, _) = rest.split_first_chunk::<4>().ok_or(ParcelError::NoExport)?;
        let version = u32::from_le_bytes(*version);
        if version != VERSION {
            return Err(ParcelError::Version(version));
        }
        let (covered, digest) =
            bytes.split_last_chunk::<DIGEST_BYTES>().ok_or(ParcelError::Damaged("it is cut short"))?;
        if Sha256::digest(covered).as_slice() != digest {
            return Err(ParcelError::Damaged("its check sum does not fit"));
        }
        let mut rest = covered.get(MAGIC.len() + 4..).ok_or(ParcelError::Damaged("it is cut short"))?;
        let mut read = Reader::default();
        let mut before = None;
        while !rest.is_empty() {
            let (part, behind) = next_part(rest)?;
            if before >= Some((part.0, part.1)) {
                return Err(ParcelError::Damaged("its parts are out of order"));
            }
            before = Some((part.0, part.1));
            rest = behind;
            read.take(part)?;
        }
        read.finish()
    }
}

/// Whether a part is short enough to be read again.
fn fits((kind, name, value): &Part<'_>) -> bool {
    let most = match kind {
        Kind::Fact => FACT_BYTES_MAX,
        Kind::Key => 32,
        Kind::File => FILE_BYTES_MAX,
        Kind::Record => RECORD_BYTES_MAX,
    };
    name.len() <= NAME_BYTES_MAX && value.len() <= most
}

fn next_part(bytes: &[u8]) -> Result<(Part<'_>, &[u8]), ParcelError> {
    let short = ParcelError::Damaged("a part is longer than what is left");
    let (head, rest) = bytes.split_first_chunk::<PART_HEAD_BYTES>().ok_or(short)?;
    let [kind, name_0, name_1, value @ ..] = *head;
    let kind =
        [Kind::Fact, Kind::Key, Kind::File, Kind::Record].into_iter().find(|&known| known as u8 == kind);
    let kind = kind.ok_or(ParcelError::Damaged("a part is of no known kind"))?;
    let name_length = usize::from(u16::from_le_bytes([name_0, name_1]));
    let value_length = usize::try_from(u32::from_le_bytes(value)).map_err(|_| short)?;
    let (name, rest) = rest.split_at_checked(name_length).ok_or(short)?;
    let (value, rest) = rest.split_at_checked(value_length).ok_or(short)?;
    let name = std::str::from_utf8(name).map_err(|_| ParcelError::Damaged("a name is no text"))?;
    let part = (kind, name, value);
    if fits(&part) { Ok((part, rest)) } else { Err(ParcelError::Damaged("a part is too long")) }
}

/// What has been read so far.
#[derive(Default)]
struct Reader {
    made_unix_s: Option<u64>,
    folder: Option<String>,
    keys: [Option<Zeroizing<[u8; 32]>>; 4],
    files: BTreeMap<&'static str, Zeroizing<Vec<u8>>>,
    records: Stored,
}

impl Reader {
    fn take(&mut self, (kind, name, value): Part<'_>) -> Result<(), ParcelError> {
        let unknown = ParcelError::Damaged("a part has no known name");
        match kind {
            Kind::Fact if name == FOLDER => {
                let folder =
                    std::str::from_utf8(value).map_err(|_| ParcelError::Damaged("its folder is no text"))?;
                self.folder = Some(folder.to_owned());
            }
            Kind::Fact if name == MADE => {
                let value = value.try_into().map_err(|_| ParcelError::Damaged("its time is no number"))?;
                self.made_unix_s = Some(u64::from_le_bytes(value));
            }
            Kind::Fact => return Err(unknown),
            Kind::Key => {
                let place = KEYS.iter().position(|&known| known == name).ok_or(unknown)?;
                let mut key = Zeroizing::new([0u8; 32]);
                if value.len() != key.len() {
                    return Err(ParcelError::Damaged("a key has not 32 bytes"));
                }
                key.copy_from_slice(value);
                self.keys[place] = Some(key);
            }
            Kind::File => {
                let &name = FILES.iter().find(|&&known| known == name).ok_or(unknown)?;
                self.files.insert(name, Zeroizing::new(value.to_vec()));
            }
            Kind::Record => {
                self.records.insert(name.to_owned(), Zeroizing::new(value.to_vec()));
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Parcel, ParcelError> {
        let [Some(chain), Some(sealing), Some(statement), Some(transport)] = self.keys else {
            return Err(ParcelError::Lacks("a key"));
        };
        if let Some(name) = FILES_NEEDED.into_iter().find(|name| !self.files.contains_key(name)) {
            return Err(ParcelError::Lacks(name));
        }
        Ok(Parcel {
            made_unix_s: self.made_unix_s.ok_or(ParcelError::Lacks(MADE))?,
            folder: self.folder.ok_or(ParcelError::Lacks(FOLDER))?,
            keys: [chain, sealing, statement, transport],
            files: self.files,
            records: self.records,
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn parcel() -> Parcel {
        let text = |text: &str| Zeroizing::new(text.as_bytes().to_vec());
        Parcel {
            made_unix_s: 1_800_000_000,
            folder: "/srv/node".to_owned(),
            keys: [1, 2, 3, 4].map(|byte| Zeroizing::new([byte; 32])),
            files: [(CONFIG, text("log = 'info'")), (NETWORK, text("{}"))].into(),
            records: [("a".to_owned(), text("1")), ("b".to_owned(), text(""))].into(),
        }
    }

    /// Bytes with a check sum that fits.
    fn summed(mut bytes: Vec<u8>) -> Vec<u8> {
        let digest = Sha256::digest(&bytes);
        bytes.extend_from_slice(&digest);
        bytes
    }

    fn part(kind: u8, name: &[u8], length: u32, value: &[u8]) -> Vec<u8> {
        let name_length = u16::try_from(name.len()).unwrap();
        [&[kind][..], &name_length.to_le_bytes(), &length.to_le_bytes(), name, value].concat()
    }

    #[test]
    fn what_is_written_reads_back() {
        let bytes = parcel().to_bytes().unwrap();
        assert_eq!(Parcel::from_bytes(&bytes).unwrap(), parcel());
        let mut long = parcel();
        long.records.insert("c".to_owned(), Zeroizing::new(vec![0; RECORD_BYTES_MAX + 1]));
        assert!(long.to_bytes().is_none());
        long.records = (0..40).map(|n| (format!("{n}"), Zeroizing::new(vec![0; RECORD_BYTES_MAX]))).collect();
        assert!(long.to_bytes().is_none());
    }

    #[test]
    fn no_altered_or_cut_parcel_is_read() {
        let good = parcel().to_bytes().unwrap();
        for place in 0..good.len() {
            let mut bytes = good.to_vec();
            bytes[place] ^= 1;
            assert!(Parcel::from_bytes(&bytes).is_err(), "byte {place}");
            assert!(Parcel::from_bytes(&good[..place]).is_err(), "{place} bytes");
            // One that ends between two records is the parcel of a node with fewer.
            let shorter = Parcel::from_bytes(&summed(good[..place].to_vec()));
            assert!(shorter != Ok(parcel()) || place == good.len() - DIGEST_BYTES, "{place} bytes, summed");
        }
        assert!(Parcel::from_bytes(&[&good[..], &good[..]].concat()).is_err());
        assert_eq!(Parcel::from_bytes(b"a letter to a friend"), Err(ParcelError::NoExport));
        let mut later = good.to_vec();
        later[MAGIC.len()] = 9;
        assert_eq!(Parcel::from_bytes(&later), Err(ParcelError::Version(9)));
    }

    #[test]
    fn no_part_is_out_of_place_too_long_or_missing() {
        let good = parcel().to_bytes().unwrap();
        let body = &good[..good.len() - DIGEST_BYTES];
        let with = |part: Vec<u8>| Parcel::from_bytes(&summed([body, &part].concat()));
        assert!(with(part(4, b"c", 1, b"x")).is_ok());
        for (name, bad) in [
            ("a length beyond the end", part(4, b"c", u32::MAX, b"x")),
            ("a length beyond the bound", part(4, b"c", 5 << 20, &vec![0; 5 << 20])),
            ("a name beyond the bound", part(4, &[b'c'; 257], 0, b"")),
            ("a name that is no text", part(4, &[0xff], 0, b"")),
            ("twice the same record", part(4, b"b", 0, b"")),
            ("an earlier kind", part(3, b"card.json", 0, b"")),
            ("an unknown kind", part(5, b"c", 0, b"")),
            ("half a head", vec![4, 0]),
        ] {
            assert!(matches!(with(bad), Err(ParcelError::Damaged(_))), "{name}");
        }
        for name in FILES_NEEDED {
            let mut parcel = parcel();
            parcel.files.remove(name);
            let bytes = parcel.to_bytes().unwrap();
            assert_eq!(Parcel::from_bytes(&bytes), Err(ParcelError::Lacks(name)));
        }
        let lone = [&MAGIC[..], &VERSION.to_le_bytes(), &part(3, b"passwd", 0, b"")].concat();
        assert!(matches!(Parcel::from_bytes(&summed(lone)), Err(ParcelError::Damaged(_))));
        let empty = [&MAGIC[..], &VERSION.to_le_bytes()].concat();
        assert_eq!(Parcel::from_bytes(&summed(empty)), Err(ParcelError::Lacks("a key")));
    }
}
