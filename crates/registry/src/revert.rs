//! What a contract says when it refuses, as a sentence that names the argument.

use std::{collections::HashMap, sync::OnceLock};

use alloy_primitives::{Address, Bytes, U256, hex, keccak256};
use alloy_sol_types::{Panic, Revert, SolError as _};

/// Every named error of the contracts, by its signature. `{0}` and so on are its arguments.
const SENTENCES: &[(&str, &str)] = &[
    // PKPPermissions.
    (
        "NotOwner(uint256,address)",
        "the account {1} does not own the token {0}; only its owner changes grants",
    ),
    ("NotMinter()", "only the contract that mints tokens does this"),
    ("InvalidScope(uint256)", "the scope {0} is none: scopes are numbers from 1 to 255"),
    (
        "InvalidSubject(uint256)",
        "the id of a grant of type {0} does not fit: an address (1) has 20 bytes, an action (2) the 34 of its CID, others 1 to \
         1024; a login's key has 1024 bytes at most",
    ),
    ("NotPermitted()", "the key is not granted to this subject, so there is nothing to change"),
    (
        "UserPubkeyMismatch()",
        "the login is permitted already, with another key; take that grant back before the login gets a new key",
    ),
    ("LengthMismatch()", "two lists of the arguments belong together and have different lengths"),
    // PKPNFT.
    ("WrongMintCost()", "a mint costs nothing here: the value of the transaction has to be 0"),
    ("UnknownRealm(uint256)", "the realm {0} is none: there is one, with the number 1"),
    ("WrongStakingContract()", "the staking contract that was named is not this network's NodeRegistry"),
    ("BadReceiver()", "the receiver of a claim cannot be the zero address"),
    ("WrongSignatureCount(uint256,uint256)", "the claim has {0} node signatures and needs {1}"),
    (
        "BadSignature(uint256)",
        "the node signature {0} is malformed: it has 65 bytes, s has to be low, and v to be 27 or 28",
    ),
    (
        "NotNodeSignature(uint256,address)",
        "the signature {0} of the claim is by {1}, which is no node of this network",
    ),
    (
        "SignersNotAscending(uint256)",
        "the signature {0} of the claim is not by a node with a higher address than the one before it",
    ),
    ("ERC721NonexistentToken(uint256)", "the token {0} does not exist, or is burnt"),
    (
        "ERC721InsufficientApproval(address,uint256)",
        "the account {0} neither owns the token {1} nor was approved for it",
    ),
    ("ERC721IncorrectOwner(address,uint256,address)", "the token {1} is not owned by {0}, but by {2}"),
    ("ERC721InvalidReceiver(address)", "the receiver {0} takes no tokens"),
    ("ERC721InvalidOwner(address)", "the owner {0} cannot own tokens"),
    ("ERC721InvalidSender(address)", "the sender {0} has no such token"),
    ("ERC721InvalidApprover(address)", "the account {0} may not approve for this token"),
    ("ERC721InvalidOperator(address)", "the operator {0} cannot be approved"),
    ("ERC721OutOfBoundsIndex(address,uint256)", "the index {1} is beyond the last token of {0}"),
    ("ERC721EnumerableForbiddenBatchMint()", "several tokens cannot be minted at once"),
    ("StringsInsufficientHexLength(uint256,uint256)", "the number {0} has more than {1} bytes"),
    // PubkeyRouter.
    ("BadMinter()", "the minter that was named is no contract, or has other code than the nodes signed"),
    ("AlreadyMinter()", "the minter that was named is admitted already"),
    (
        "WrongNumber(uint64)",
        "another minter was admitted since the nodes signed: the next admission has the number {0}",
    ),
    ("BadKeySetId()", "the name of a key set has 1 to 64 bytes"),
    ("BadRootKeysNumber(uint256,uint256)", "{0} roots were named, where a key set has {1}"),
    (
        "BadRootKey(uint256,uint256,uint256)",
        "the root at place {0} is not of key type {1} with {2} bytes: each purpose has its place",
    ),
    ("BadPublicKey()", "a public key has 65 bytes, 04 before its coordinates, and is a point of the curve"),
    ("RootKeysAlreadySet()", "the roots of this key set are set, for ever"),
    (
        "RootKeysNotSet()",
        "the nodes have not yet agreed on the roots of this key set: wait until the network is ready",
    ),
    ("UnsupportedKeyType(uint256)", "the key type {0} cannot be minted; ECDSA on secp256k1 is 2"),
    ("AlreadyRouted(uint256)", "the key of the token {0} was minted before: a key is minted once, for ever"),
    ("DegenerateKey()", "the id derives no key"),
    // NodeRegistry.
    ("BadCommitteeSize()", "a committee has 2 to 32 nodes"),
    ("BadThreshold()", "the threshold does not fit the number of nodes"),
    ("BadNode(uint256)", "the node {0} of the committee is malformed, or is there twice"),
    // Directory.
    ("BadName()", "a name of the Directory has 1 to 64 characters of a-z, 0-9, and . _ / -"),
    ("BadValue()", "a value of the Directory has at most 4096 bytes"),
    ("WrongVersion(uint64)", "the value has another version by now: the next one is {0}"),
    ("TooManyNames()", "the Directory has as many names as it holds"),
    ("BadChangesNumber(uint256,uint256)", "{0} values were to be set, where 1 to {1} are set together"),
    // What nodes sign together: PubkeyRouter and Directory.
    ("TooFewSignatures(uint256,uint256)", "there are {0} node signatures, and {1} are needed"),
    ("TooManySignatures(uint256,uint256)", "there are {0} node signatures, and the committee has {1} nodes"),
    (
        "NotNode(uint256,address)",
        "the signature {0} is by {1}, which is no node of this network: it is another's, or on another text",
    ),
    (
        "NotAscending(uint256)",
        "the signature {0} is not by a node with a higher address than the one before it",
    ),
    // PKPHelper.
    ("KeyTypeMismatch()", "the key type of the claim and that of its grants are not the same"),
    ("BurnOrSend()", "a token cannot be burnt and be sent to its own key at the same time"),
    (
        "ReceiverMustSend(address)",
        "a token is handed over with its grants only to the account that sends the transaction, and {0} is a contract",
    ),
    // Companions.
    ("Fixed()", "the addresses of this network's contracts are fixed"),
    ("TooManyProducts()", "there are not as many products"),
    ("TooManyUsers()", "too many users were named at once"),
];

/// What a revert says, for people: a sentence, and the error's name behind it.
#[must_use]
pub fn sentence(data: &[u8]) -> String {
    static BY_SELECTOR: OnceLock<HashMap<[u8; 4], (&'static str, &'static str)>> = OnceLock::new();
    let by_selector = BY_SELECTOR.get_or_init(|| {
        SENTENCES.iter().map(|(signature, text)| (selector(signature), (*signature, *text))).collect()
    });
    if data.is_empty() {
        return "reverted without a reason".to_owned();
    }
    let known = data.first_chunk().and_then(|selector| by_selector.get(selector));
    if let Some(text) = known.and_then(|(signature, text)| filled(signature, text, &data[4..])) {
        return text;
    }
    if let Ok(Revert { reason }) = Revert::abi_decode(data) {
        return reason;
    }
    if let Ok(panic) = Panic::abi_decode(data) {
        return panic.to_string();
    }
    format!("reverted with {}", Bytes::copy_from_slice(data))
}

fn selector(signature: &str) -> [u8; 4] {
    let hash = keccak256(signature);
    [hash[0], hash[1], hash[2], hash[3]]
}

/// The sentence with the arguments in it. All of them are numbers and addresses, one word each.
fn filled(signature: &str, text: &str, arguments: &[u8]) -> Option<String> {
    let (name, types) = signature.strip_suffix(')')?.split_once('(')?;
    let types: Vec<&str> = types.split(',').filter(|kind| !kind.is_empty()).collect();
    if arguments.len() != types.len() * 32 {
        return None;
    }
    let mut text = text.to_owned();
    for (place, (kind, word)) in types.iter().zip(arguments.chunks_exact(32)).enumerate() {
        let number = U256::from_be_slice(word);
        let shown = match *kind {
            "address" => Address::from_slice(&word[12..]).to_string(),
            // Tokens are shown as everywhere else.
            _ if number.bit_len() > 64 => hex::encode_prefixed(word),
            _ => number.to_string(),
        };
        text = text.replace(&format!("{{{place}}}"), &shown);
    }
    Some(format!("{text} ({name})"))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::artifacts;

    /// The signature and the selector of every error of every contract.
    fn errors() -> Vec<(String, [u8; 4])> {
        let all = [
            artifacts::node_registry(),
            artifacts::pubkey_router(),
            artifacts::pkp_permissions(),
            artifacts::pkp_nft(),
            artifacts::directory(),
            artifacts::pkp_helper(),
            artifacts::price_feed(),
            artifacts::ledger(),
            artifacts::payment_delegation(),
            artifacts::contract_resolver(),
        ];
        let entries = all.iter().flat_map(|artifact| artifact.abi.as_array().unwrap());
        let errors = entries.filter(|entry| entry["type"] == "error");
        let signature = |entry: &Value| {
            let inputs = entry["inputs"].as_array().unwrap();
            let types: Vec<&str> = inputs.iter().map(|input| input["type"].as_str().unwrap()).collect();
            format!("{}({})", entry["name"].as_str().unwrap(), types.join(","))
        };
        errors.map(signature).map(|text| (text.clone(), selector(&text))).collect()
    }

    #[test]
    fn every_named_error_is_a_sentence() {
        for (signature, selector) in errors() {
            let words = signature.matches(',').count() + usize::from(!signature.ends_with("()"));
            let mut data = selector.to_vec();
            data.resize(4 + words * 32, 0);
            let said = sentence(&data);
            let name = signature.split('(').next().unwrap();
            assert!(said.ends_with(&format!(" ({name})")) && !said.contains('{'), "{signature}: {said}");
            // Other arguments than the error has are no reason to guess.
            assert!(sentence(&[&data[..], &[0]].concat()).starts_with("reverted with 0x"), "{signature}");
        }
        let known: Vec<String> = errors().into_iter().map(|(signature, _)| signature).collect();
        for (signature, _) in SENTENCES {
            assert!(known.iter().any(|error| error == signature), "{signature} is no error of a contract");
        }
    }

    #[test]
    fn arguments_stand_in_the_sentence() {
        let word = |number: u64| U256::from(number).to_be_bytes::<32>();
        let data = [&selector("InvalidScope(uint256)")[..], &word(256)].concat();
        assert_eq!(sentence(&data), "the scope 256 is none: scopes are numbers from 1 to 255 (InvalidScope)");
        let token: U256 = U256::from(7) << 200;
        let data =
            [&selector("NotOwner(uint256,address)")[..], &token.to_be_bytes::<32>(), &word(0xab)].concat();
        let said = sentence(&data);
        assert!(said.contains(&format!("{token:#066x}")) && said.ends_with("(NotOwner)"), "{said}");
    }

    #[test]
    fn other_reverts_are_shown_as_they_are() {
        assert_eq!(sentence(&[]), "reverted without a reason");
        assert_eq!(sentence(&[1, 2, 3]), "reverted with 0x010203");
        assert_eq!(sentence(&[1, 2, 3, 4, 5]), "reverted with 0x0102030405");
        let text = Revert::from("this network takes no payments").abi_encode();
        assert_eq!(sentence(&text), "this network takes no payments");
    }
}
