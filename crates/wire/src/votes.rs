//! What nodes sign for the contracts, with the keys of their chain addresses: the roots, named values, further minters.
//!
//! The signatures are of typed data (EIP-712). They are gathered off chain, and anybody may hand them to the contract that
//! checks them: a node needs no money, and sends no transaction.

use std::{collections::BTreeMap, fmt, str::FromStr};

use borsh::{BorshDeserialize, BorshSerialize};
use k256::ecdsa::{RecoveryId, Signature, SigningKey, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{Address, Digest, ParseIdError, PublicKey, Purpose, RootKeys, keccak256};

const DOMAIN_TYPE: &[u8] =
    b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)";
const CHANGES_TYPE: &[u8] = b"Changes(Change[] changes)Change(string name,uint64 version,bytes value)";
const CHANGE_TYPE: &[u8] = b"Change(string name,uint64 version,bytes value)";
const ROOT_KEYS_TYPE: &[u8] =
    b"RootKeys(string keySetId,RootKey[] rootKeys)RootKey(bytes pubkey,uint256 keyType)";
const ROOT_KEY_TYPE: &[u8] = b"RootKey(bytes pubkey,uint256 keyType)";
const MINTER_TYPE: &[u8] = b"Minter(address minter,bytes32 codeHash,uint64 number)";

/// The key set of a network unless another is named, and the name under which existing client libraries ask for it.
const DEFAULT_KEY_SET: &str = "quorate-keyset1";
const KEY_SET_ALIAS: &str = "naga-keyset1";

/// For what a vote counts: one contract on one chain, of one founding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoteDomain {
    /// EIP-155 id of the chain.
    pub chain_id: u64,
    /// The contract that checks the vote.
    pub contract: Address,
    /// What tells its founding from another whose contracts would have the same addresses:
    /// [`NetworkFile::salt`](crate::NetworkFile::salt).
    pub salt: Digest,
}

/// A further minter that is to be admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MinterAdmission {
    /// Where it is.
    pub minter: Address,
    /// Keccak-256 of its runtime code.
    pub code_hash: Digest,
    /// One more than minters were admitted before.
    pub number: u64,
}

/// One named value of the Directory that is to be set.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectoryChange {
    /// Its name.
    pub name: String,
    /// The version that it is to have: one more than it has.
    pub version: u64,
    /// Its bytes.
    pub value: Vec<u8>,
}

/// What all nodes sign to set the roots of a key set.
#[must_use]
pub fn root_keys_digest(router: &VoteDomain, key_set: &str, roots: &RootKeys) -> Digest {
    // The contract hashes the key set's own name, also where it is called by the alias.
    let key_set = if key_set == KEY_SET_ALIAS { DEFAULT_KEY_SET } else { key_set };
    let uncompressed = roots.sign_secp256k1.uncompressed();
    let root_keys = roots.iter().map(|(purpose, key)| {
        let key = if purpose == Purpose::SignSecp256k1 { &uncompressed[..] } else { key };
        hash_words(&[keccak256(ROOT_KEY_TYPE), keccak256(key), number_word(purpose.key_type())])
    });
    let root_keys = hash_words(&root_keys.collect::<Vec<_>>());
    let text = hash_words(&[keccak256(ROOT_KEYS_TYPE), keccak256(key_set.as_bytes()), root_keys]);
    typed_data(router, text)
}

/// What t nodes sign to set named values of the Directory together.
#[must_use]
pub fn directory_digest(directory: &VoteDomain, changes: &[DirectoryChange]) -> Digest {
    let changes = changes.iter().map(|change| {
        hash_words(&[
            keccak256(CHANGE_TYPE),
            keccak256(change.name.as_bytes()),
            number_word(change.version),
            keccak256(&change.value),
        ])
    });
    let changes = hash_words(&changes.collect::<Vec<_>>());
    typed_data(directory, hash_words(&[keccak256(CHANGES_TYPE), changes]))
}

/// What t nodes sign to admit a further minter.
#[must_use]
pub fn minter_digest(router: &VoteDomain, admission: &MinterAdmission) -> Digest {
    let MinterAdmission { minter, code_hash, number } = *admission;
    let words = [keccak256(MINTER_TYPE), address_word(minter), code_hash.0, number_word(number)];
    typed_data(router, hash_words(&words))
}

/// A node's signature on one of the digests above: r ‖ s ‖ v, where s is low and v is 27 or 28.
///
/// Every 65 bytes can be written down as one; [`NodeVote::signer`] says whose it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct NodeVote(pub [u8; 65]);

impl NodeVote {
    /// Signs a digest with the key of a node's chain address (RFC 6979).
    #[must_use]
    pub fn sign(digest: &Digest, key: &SigningKey) -> Self {
        let (signature, recovery_id) = key.sign_prehash_recoverable(&digest.0);
        let mut vote = [0; 65];
        vote[..64].copy_from_slice(&signature.to_bytes());
        vote[64] = 27 + recovery_id.to_byte();
        NodeVote(vote)
    }

    /// The address that signed; none if this is no signature, or not the form that the contracts take.
    #[must_use]
    pub fn signer(&self, digest: &Digest) -> Option<Address> {
        let (rest, v) = self.0.split_at(64);
        let recovery_id = match v {
            [27] => RecoveryId::new(false, false),
            [28] => RecoveryId::new(true, false),
            _ => return None,
        };
        let signature = Signature::from_slice(rest).ok()?;
        if signature.normalize_s() != signature {
            return None;
        }
        let key = VerifyingKey::recover_from_prehash(&digest.0, &signature, recovery_id).ok()?;
        Some(PublicKey::from_sec1(key.to_sec1_point(true).as_bytes()).ok()?.address())
    }
}

/// Brings votes on a digest into the form that the contracts take: strictly ascending by signer.
///
/// Of a signer's votes the first one stays; what is no vote on this digest is dropped. Whether the signers are nodes, the
/// caller knows.
pub fn gather(digest: &Digest, votes: impl IntoIterator<Item = NodeVote>) -> Vec<NodeVote> {
    let mut by_signer = BTreeMap::new();
    for vote in votes {
        if let Some(signer) = vote.signer(digest) {
            by_signer.entry(signer).or_insert(vote);
        }
    }
    by_signer.into_values().collect()
}

impl fmt::Display for NodeVote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

impl fmt::Debug for NodeVote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for NodeVote {
    type Err = ParseIdError;

    /// Reads `0x` and 130 hexadecimal digits.
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let refused = ParseIdError { expected: "0x and 130 hexadecimal digits" };
        let Some(digits) = text.strip_prefix("0x") else { return Err(refused) };
        let mut bytes = [0; 65];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| refused)?;
        Ok(NodeVote(bytes))
    }
}

impl Serialize for NodeVote {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for NodeVote {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str> as Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

/// The digest of a text in a domain.
fn typed_data(domain: &VoteDomain, text: [u8; 32]) -> Digest {
    let domain = hash_words(&[
        keccak256(DOMAIN_TYPE),
        keccak256(b"Quorate"),
        keccak256(b"1"),
        number_word(domain.chain_id),
        address_word(domain.contract),
        domain.salt.0,
    ]);
    let mut bytes = vec![0x19, 0x01];
    bytes.extend_from_slice(&domain);
    bytes.extend_from_slice(&text);
    Digest(keccak256(&bytes))
}

fn hash_words(words: &[[u8; 32]]) -> [u8; 32] {
    keccak256(words.as_flattened())
}

fn number_word(number: u64) -> [u8; 32] {
    let mut word = [0; 32];
    word[24..].copy_from_slice(&number.to_be_bytes());
    word
}

fn address_word(address: Address) -> [u8; 32] {
    let mut word = [0; 32];
    word[12..].copy_from_slice(&address.0);
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOMAIN: VoteDomain =
        VoteDomain { chain_id: 31_337, contract: Address([0x11; 20]), salt: Digest([0x44; 32]) };
    const ADMISSION: MinterAdmission =
        MinterAdmission { minter: Address([0x22; 20]), code_hash: Digest([0x33; 32]), number: 1 };
    const G: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

    fn roots() -> RootKeys {
        RootKeys {
            sign_secp256k1: G.parse().unwrap(),
            sign_p256: [2; 33],
            sign_ed25519: [3; 32],
            decrypt: [4; 48],
            session: [5; 48],
            random: [6; 48],
        }
    }

    fn changes() -> Vec<DirectoryChange> {
        let change = |name: &str, version, value: &[u8]| DirectoryChange {
            name: name.into(),
            version,
            value: value.into(),
        };
        vec![change("login/domains", 1, b"[]"), change("contracts/pkp_helper", 2, b"")]
    }

    fn key(byte: u8) -> SigningKey {
        SigningKey::from_slice(&[byte; 32]).unwrap()
    }

    fn address(key: &SigningKey) -> Address {
        PublicKey::from_sec1(key.verifying_key().to_sec1_point(true).as_bytes()).unwrap().address()
    }

    #[test]
    fn digests_and_signatures_have_the_values_of_the_vector() {
        let digests = [
            root_keys_digest(&DOMAIN, "quorate-keyset1", &roots()),
            directory_digest(&DOMAIN, &changes()),
            minter_digest(&DOMAIN, &ADMISSION),
        ];
        assert_eq!(
            digests.map(|digest| digest.to_string()),
            [
                "0x4c284b179388161a7722c7dd15a9f3531061aeec22edfc980e10bb4ab2789b64",
                "0xd678d4414a9ba3761b9994dbf0957adea026e9c6b9351926a97792a47d0d5cc3",
                "0x235d4ad654af3b0d699f3ff864c0178ae3c6b487393a5b859421deb11b96ddd0",
            ]
        );
        let vote = NodeVote::sign(&digests[1], &key(7)).to_string();
        assert_eq!(
            vote,
            "0xa1737d7db34f71f9f19332d8985835d5a7b90756b9d7a8b8c06a43d4a9e2127c02\
             c01dd5820831061ae596624321a5fa926639ef9cf8961f7c9513f14c27f10d1b"
        );
    }

    #[test]
    fn a_digest_is_for_one_founding_chain_contract_and_content() {
        let digests = |domain: &VoteDomain| {
            let roots = root_keys_digest(domain, "quorate-keyset1", &roots());
            [roots, directory_digest(domain, &changes()), minter_digest(domain, &ADMISSION)]
        };
        let others = [
            VoteDomain { chain_id: 2, ..DOMAIN },
            VoteDomain { contract: Address([0x12; 20]), ..DOMAIN },
            VoteDomain { salt: Digest([0x45; 32]), ..DOMAIN },
        ];
        for other in others {
            assert!(digests(&DOMAIN).iter().zip(digests(&other)).all(|(one, other)| *one != other));
        }
        let digest = directory_digest(&DOMAIN, &changes());
        for change in 0..2 {
            let mut others = [changes(), changes(), changes()];
            others[0][change].name.push('x');
            others[1][change].version += 1;
            others[2][change].value.push(0);
            assert!(others.iter().all(|other| directory_digest(&DOMAIN, other) != digest), "{change}");
        }
        let mut turned = changes();
        turned.reverse();
        assert_ne!(directory_digest(&DOMAIN, &turned), digest);
        assert_ne!(directory_digest(&DOMAIN, &changes()[..1]), digest);
        let by_name = |name| root_keys_digest(&DOMAIN, name, &roots());
        assert_eq!(by_name("naga-keyset1"), by_name("quorate-keyset1"));
        assert_ne!(by_name("other"), by_name("quorate-keyset1"));
        let admissions = [
            MinterAdmission { minter: Address([0x23; 20]), ..ADMISSION },
            MinterAdmission { code_hash: Digest([0x34; 32]), ..ADMISSION },
            MinterAdmission { number: 2, ..ADMISSION },
        ];
        for other in admissions {
            assert_ne!(minter_digest(&DOMAIN, &other), minter_digest(&DOMAIN, &ADMISSION));
        }
    }

    #[test]
    fn only_one_form_of_a_vote_has_a_signer() {
        let (digest, key) = (Digest([9; 32]), key(7));
        let vote = NodeVote::sign(&digest, &key);
        assert_eq!(vote.signer(&digest), Some(address(&key)));
        assert_ne!(vote.signer(&Digest([8; 32])), Some(address(&key)));
        for v in [0, 1, 26, 29, 255] {
            let mut other = vote;
            other.0[64] = v;
            assert_eq!(other.signer(&digest), None, "v {v}");
        }
        let signature = Signature::from_slice(&vote.0[..64]).unwrap();
        let high = Signature::from_scalars(signature.r(), -signature.s()).unwrap();
        let mut other = vote;
        other.0[..64].copy_from_slice(&high.to_bytes());
        other.0[64] = 27 + 28 - vote.0[64];
        assert_eq!(other.signer(&digest), None, "high s");
        assert_eq!(NodeVote([0; 65]).signer(&digest), None);
        assert_ne!(NodeVote([27; 65]).signer(&digest), Some(address(&key)));
    }

    #[test]
    fn gathered_votes_ascend_by_signer_and_are_valid() {
        let digest = Digest([9; 32]);
        let keys: Vec<_> = (1..=8).map(key).collect();
        let votes = keys.iter().map(|key| NodeVote::sign(&digest, key));
        let of_another = NodeVote::sign(&Digest([8; 32]), &keys[0]);
        let doubled = votes.clone().chain(votes.clone()).chain([NodeVote([0; 65])]);
        let gathered = gather(&digest, doubled);
        let signers: Vec<_> = gathered.iter().map(|vote| vote.signer(&digest).unwrap()).collect();
        let mut expected: Vec<_> = keys.iter().map(address).collect();
        expected.sort();
        assert_eq!(signers, expected);
        // A vote on something else recovers to somebody whom no committee knows.
        let foreign = gather(&digest, [of_another]);
        assert!(foreign.iter().all(|vote| !expected.contains(&vote.signer(&digest).unwrap())));
    }

    #[test]
    fn a_vote_is_written_as_hexadecimal_digits_and_read_back() {
        let vote = NodeVote::sign(&Digest([9; 32]), &key(7));
        let text = serde_json::to_string(&vote).unwrap();
        assert_eq!(serde_json::from_str::<NodeVote>(&text).unwrap(), vote);
        assert_eq!(borsh::from_slice::<NodeVote>(&borsh::to_vec(&vote).unwrap()).unwrap(), vote);
        let digits = text.trim_matches('"');
        for bad in [&digits[2..], &digits[..130], &format!("{digits}00"), "0x", ""] {
            assert!(bad.parse::<NodeVote>().is_err(), "{bad}");
        }
    }
}
