//! Hashes of what encodings give for generated values, and the file in which they are committed.

use std::{collections::BTreeMap, env, fs, path::Path};

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};

use crate::source::{Choice, Sample, Source};

/// Values of which each line has the hash.
const VALUES: usize = 64;
/// Writes the committed hashes anew.
const UPDATE: &str = "UPDATE_GOLDEN";

/// By the name of a type or a variant, and of its encoding: a hash.
#[derive(Default)]
pub(crate) struct Hashes(BTreeMap<String, String>);

impl Hashes {
    /// A type in the binary encoding; each value is read back.
    pub(crate) fn binary<T: Sample + BorshSerialize + BorshDeserialize>(&mut self, name: &str) {
        self.add(&format!("{name} binary"), |from| binary(name, &from.take::<T>()));
    }

    /// Each variant in the binary encoding.
    pub(crate) fn binary_variants<T: Choice + BorshSerialize + BorshDeserialize>(&mut self, name: &str) {
        for (at, variant) in T::VARIANTS.iter().enumerate() {
            let name = format!("{name}::{variant}");
            self.add(&format!("{name} binary"), |from| binary(&name, &T::variant(at, from)));
        }
    }

    /// A type that is only written in the binary encoding, to be hashed.
    pub(crate) fn written<T: Sample + BorshSerialize>(&mut self, name: &str) {
        self.add(&format!("{name} binary"), |from| borsh::to_vec(&from.take::<T>()).expect("memory"));
    }

    /// A type in JSON; each value is read back.
    pub(crate) fn json<T: Sample + Serialize + DeserializeOwned>(&mut self, name: &str) {
        self.add(&format!("{name} json"), |from| {
            let bytes = serde_json::to_vec(&from.take::<T>()).expect("values of ours are JSON");
            let again: T = serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                panic!("{name} is not read back: {error}: {}", String::from_utf8_lossy(&bytes))
            });
            assert_eq!(serde_json::to_vec(&again).expect("JSON"), bytes, "{name}");
            bytes
        });
    }

    /// Anything else that follows from generated values: a hash, a signature, a text that is signed.
    pub(crate) fn add(&mut self, name: &str, make: impl Fn(&mut Source) -> Vec<u8>) {
        let mut hash = Sha256::new();
        for value in 0..VALUES {
            let bytes = make(&mut Source::of(&format!("{name} {value}")));
            hash.update(u64::try_from(bytes.len()).expect("a length").to_be_bytes());
            hash.update(bytes);
        }
        let hash: [u8; 32] = hash.finalize().into();
        let known = self.0.insert(name.to_owned(), hash.iter().map(|byte| format!("{byte:02x}")).collect());
        assert_eq!(known, None, "{name} twice");
    }

    /// The names of types, without variants and encodings.
    pub(crate) fn types(&self) -> impl Iterator<Item = &str> {
        self.0.keys().filter_map(|name| name.split([' ', ':', '<']).next())
    }

    /// Compares with the committed file, or writes it.
    pub(crate) fn compare(&self, file: &str, how: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        if env::var_os(UPDATE).is_some() {
            let lines: String = self.0.iter().map(|(name, hash)| format!("{name} {hash}\n")).collect();
            return fs::write(path, lines).expect("the file of hashes is written");
        }
        let committed = fs::read_to_string(path).expect("the file of hashes is committed");
        let committed: BTreeMap<&str, &str> =
            committed.lines().filter_map(|line| line.rsplit_once(' ')).collect();
        let mut differences = Vec::new();
        for (name, hash) in &self.0 {
            match committed.get(name.as_str()) {
                Some(known) if known == hash => {}
                Some(_) => differences.push(format!("{name} is encoded in another way than before")),
                None => differences.push(format!("{name} is new")),
            }
        }
        let gone = committed.keys().filter(|name| !self.0.contains_key(**name));
        differences.extend(gone.map(|name| format!("{name} is gone")));
        assert!(differences.is_empty(), "{}\n{UPDATE}=1 {how} accepts it", differences.join("\n"));
    }
}

fn binary<T: BorshSerialize + BorshDeserialize>(name: &str, value: &T) -> Vec<u8> {
    let bytes = borsh::to_vec(value).expect("memory writes do not fail");
    let again = T::try_from_slice(&bytes).unwrap_or_else(|error| panic!("{name} is not read back: {error}"));
    assert_eq!(borsh::to_vec(&again).expect("memory writes do not fail"), bytes, "{name}");
    bytes
}
