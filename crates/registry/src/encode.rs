//! Call data of every transaction that owners make, and of those that carry what nodes signed.

use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolCall as _;
use quorate_wire::{DirectoryChange, MinterAdmission, NodeVote};

use crate::{
    abi::{Directory, PKPHelper, PKPNFT, PKPPermissions, PubkeyRouter},
    subject::{KEY_TYPE_ECDSA_K256, RootKey, Subject},
};

/// `mintNext` for an ECDSA key.
#[must_use]
pub fn mint_next(key_set: &str) -> Bytes {
    PKPNFT::mintNextCall { keyType: U256::from(KEY_TYPE_ECDSA_K256), keySetId: key_set.to_owned() }
        .abi_encode()
        .into()
}

/// `mintGrantAndBurnNext` for an ECDSA key and an action's multihash.
#[must_use]
pub fn mint_grant_and_burn_next(key_set: &str, action: &[u8; 34]) -> Bytes {
    PKPNFT::mintGrantAndBurnNextCall {
        keyType: U256::from(KEY_TYPE_ECDSA_K256),
        keySetId: key_set.to_owned(),
        ipfsCID: Bytes::copy_from_slice(action),
    }
    .abi_encode()
    .into()
}

/// Sets values of the Directory, all or none, with the signatures of t nodes.
#[must_use]
pub fn set_directory(changes: &[DirectoryChange], votes: &[NodeVote]) -> Bytes {
    let changes = changes.iter().map(|change| Directory::Change {
        name: change.name.clone(),
        version: change.version,
        value: Bytes::copy_from_slice(&change.value),
    });
    Directory::setCall { changes: changes.collect(), signatures: signatures(votes) }.abi_encode().into()
}

/// Grants a subject, or adds scopes to its grant.
#[must_use]
pub fn add_permitted(token_id: U256, subject: &Subject, numbers: &[u8]) -> Bytes {
    let scopes = numbers.iter().map(|scope| U256::from(*scope)).collect();
    match subject {
        Subject::Action(multihash) => PKPPermissions::addPermittedActionCall {
            tokenId: token_id,
            ipfsCID: Bytes::copy_from_slice(multihash),
            scopes,
        }
        .abi_encode()
        .into(),
        Subject::Address(user) => {
            PKPPermissions::addPermittedAddressCall { tokenId: token_id, user: *user, scopes }
                .abi_encode()
                .into()
        }
        Subject::AuthMethod { kind, id } => add_permitted_login(token_id, (*kind, id), &[], numbers),
    }
}

/// Permits a login with the public key that proves it, or adds scopes to one that has this key.
#[must_use]
pub fn add_permitted_login(
    token_id: U256,
    (kind, id): (U256, &[u8]),
    user_pubkey: &[u8],
    scopes: &[u8],
) -> Bytes {
    PKPPermissions::addPermittedAuthMethodCall {
        tokenId: token_id,
        authMethod: PKPPermissions::AuthMethod {
            authMethodType: kind,
            id: Bytes::copy_from_slice(id),
            userPubkey: Bytes::copy_from_slice(user_pubkey),
        },
        scopes: scopes.iter().map(|scope| U256::from(*scope)).collect(),
    }
    .abi_encode()
    .into()
}

/// Takes a subject's grant away, with all its scopes.
#[must_use]
pub fn remove_permitted(token_id: U256, subject: &Subject) -> Bytes {
    match subject {
        Subject::Action(multihash) => PKPPermissions::removePermittedActionCall {
            tokenId: token_id,
            ipfsCID: Bytes::copy_from_slice(multihash),
        }
        .abi_encode()
        .into(),
        Subject::Address(user) => {
            PKPPermissions::removePermittedAddressCall { tokenId: token_id, user: *user }.abi_encode().into()
        }
        Subject::AuthMethod { kind, id } => PKPPermissions::removePermittedAuthMethodCall {
            tokenId: token_id,
            authMethodType: *kind,
            id: Bytes::copy_from_slice(id),
        }
        .abi_encode()
        .into(),
    }
}

/// Adds one scope to a grant.
#[must_use]
pub fn add_scope(token_id: U256, subject: &Subject, scope: u8) -> Bytes {
    let (kind, id) = subject.auth_method();
    PKPPermissions::addPermittedAuthMethodScopeCall {
        tokenId: token_id,
        authMethodType: kind,
        id,
        scopeId: U256::from(scope),
    }
    .abi_encode()
    .into()
}

/// Takes one scope of a grant away.
#[must_use]
pub fn remove_scope(token_id: U256, subject: &Subject, scope: u8) -> Bytes {
    let (kind, id) = subject.auth_method();
    PKPPermissions::removePermittedAuthMethodScopeCall {
        tokenId: token_id,
        authMethodType: kind,
        id,
        scopeId: U256::from(scope),
    }
    .abi_encode()
    .into()
}

/// Burns a token.
#[must_use]
pub fn burn(token_id: U256) -> Bytes {
    PKPNFT::burnCall { tokenId: token_id }.abi_encode().into()
}

/// Gives a token to another owner; all its grants become void.
#[must_use]
pub fn transfer(from: Address, to: Address, token_id: U256) -> Bytes {
    PKPNFT::transferFromCall { from, to, tokenId: token_id }.abi_encode().into()
}

/// Sets the roots of a key set with the signatures of all nodes.
#[must_use]
pub fn set_root_keys(node_registry: Address, key_set: &str, roots: &[RootKey], votes: &[NodeVote]) -> Bytes {
    PubkeyRouter::setRootKeysCall {
        stakingContract: node_registry,
        keySetId: key_set.to_owned(),
        rootKeys: roots
            .iter()
            .map(|root| PubkeyRouter::RootKey { pubkey: root.public_key.clone(), keyType: root.key_type })
            .collect(),
        signatures: signatures(votes),
    }
    .abi_encode()
    .into()
}

/// A mint with everything that goes with it, by PKPHelper: all of it, or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MintTerms {
    /// Who is permitted: the subject, the key that proves a login, and the scopes.
    pub grants: Vec<(Subject, Vec<u8>, Vec<u8>)>,
    /// Whether the key becomes the owner of its own token.
    pub self_owned: bool,
    /// Whether the token is burnt: the grants are then for ever.
    pub burn: bool,
}

/// `mintWith` for an ECDSA key.
#[must_use]
pub fn mint_with(key_set: &str, terms: &MintTerms) -> Bytes {
    let method = |(subject, user_pubkey, _): &(Subject, Vec<u8>, Vec<u8>)| {
        let (kind, id) = subject.auth_method();
        PKPHelper::AuthMethod { authMethodType: kind, id, userPubkey: Bytes::copy_from_slice(user_pubkey) }
    };
    let scopes = |(_, _, scopes): &(Subject, Vec<u8>, Vec<u8>)| {
        scopes.iter().map(|scope| U256::from(*scope)).collect::<Vec<_>>()
    };
    let terms = PKPHelper::MintTerms {
        keyType: U256::from(KEY_TYPE_ECDSA_K256),
        keySetId: key_set.to_owned(),
        methods: terms.grants.iter().map(method).collect(),
        scopes: terms.grants.iter().map(scopes).collect(),
        // The owner may use its key without a grant; a key that owns itself needs none either.
        permitPkpAddress: false,
        pkpAddressScopes: Vec::new(),
        sendPkpToItself: terms.self_owned,
        burnPkp: terms.burn,
    };
    PKPHelper::mintWithCall { terms }.abi_encode().into()
}

/// Admits a further minter, with the signatures of t nodes.
#[must_use]
pub fn admit_minter(admission: &MinterAdmission, votes: &[NodeVote]) -> Bytes {
    PubkeyRouter::admitMinterCall {
        minter: admission.minter.0.into(),
        codeHash: admission.code_hash.0.into(),
        number: admission.number,
        signatures: signatures(votes),
    }
    .abi_encode()
    .into()
}

fn signatures(votes: &[NodeVote]) -> Vec<Bytes> {
    votes.iter().map(|vote| Bytes::copy_from_slice(&vote.0)).collect()
}
