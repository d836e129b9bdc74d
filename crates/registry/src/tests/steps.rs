//! What happens in random lives of keys.

use alloy_primitives::{Address, B256, U256};
use proptest::prelude::*;

use super::helper::Keep;
use crate::subject::Subject;

/// Accounts that own tokens, from number [`FIRST_ACCOUNT`] on.
pub(super) const ACCOUNTS: u8 = 3;
pub(super) const FIRST_ACCOUNT: u8 = 50;
/// Subjects of grants; the last is the key's own address.
pub(super) const SUBJECTS: usize = 5;
/// Key ids that are claimed and that further minters route.
pub(super) const KEY_IDS: u8 = 3;
/// Contracts that may become minters.
pub(super) const MINTERS: usize = 2;
pub(super) const NAMES: [&str; 2] = ["login-domains", "contracts/pkp-helper"];
pub(super) const VALUES: [&[u8]; 3] = [b"", b"one", b"two"];

/// A subject, the key that proves it, and its scopes.
pub(super) type Permission = (usize, u8, Vec<u8>);

#[derive(Clone, Debug)]
pub(super) enum Step {
    Mint {
        by: u8,
        older: bool,
    },
    MintGrantBurn {
        by: u8,
        action: u8,
        older: bool,
    },
    MintWith {
        by: u8,
        permissions: Vec<Permission>,
        own: Option<Vec<u8>>,
        keep: Keep,
    },
    Claim {
        by: u8,
        key_id: u8,
        nodes: Vec<u8>,
        by_all: bool,
    },
    Add {
        by: u8,
        token: usize,
        permission: Permission,
    },
    Remove {
        by: u8,
        token: usize,
        subject: usize,
    },
    AddScope {
        by: u8,
        token: usize,
        subject: usize,
        scope: u8,
    },
    RemoveScope {
        by: u8,
        token: usize,
        subject: usize,
        scope: u8,
    },
    Batch {
        by: u8,
        token: usize,
        add: usize,
        remove: usize,
    },
    Transfer {
        by: u8,
        token: usize,
        to: u8,
    },
    TransferToItself {
        by: u8,
        token: usize,
    },
    Burn {
        by: u8,
        token: usize,
    },
    MintAgain {
        by: u8,
        token: usize,
    },
    AdmitMinter {
        nodes: Vec<u8>,
        minter: usize,
    },
    RouteByMinter {
        minter: usize,
        key_id: u8,
    },
    Hostile {
        minter: usize,
        token: usize,
    },
    /// Each change has a name, how far its version is ahead, and a value.
    SetValues {
        nodes: Vec<u8>,
        changes: Vec<(usize, u64, usize)>,
    },
}

fn keep() -> impl Strategy<Value = Keep> {
    prop_oneof![Just(Keep::Caller), Just(Keep::Itself), Just(Keep::Nobody)]
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let by = || FIRST_ACCOUNT..FIRST_ACCOUNT + ACCOUNTS;
    // Nodes, and one who is none.
    let nodes = || prop::collection::vec(0..4_u8, 0..4);
    let token = || 0..5_usize;
    let subject = || 0..SUBJECTS;
    // Every scope is a valid one; the invalid ones have tests of their own.
    let scope = || 1..=255_u8;
    let scopes = || prop::collection::vec(1..=255_u8, 0..3);
    let permission = move || (0..SUBJECTS - 1, 0..3_u8, scopes());
    let step = prop_oneof![
        2 => (by(), any::<bool>()).prop_map(|(by, older)| Step::Mint { by, older }),
        1 => (by(), 0..2_u8, any::<bool>())
            .prop_map(|(by, action, older)| Step::MintGrantBurn { by, action, older }),
        2 => (by(), prop::collection::vec(permission(), 0..4), prop::option::of(scopes()), keep())
            .prop_map(|(by, permissions, own, keep)| Step::MintWith { by, permissions, own, keep }),
        3 => (by(), 0..KEY_IDS, nodes(), any::<bool>())
            .prop_map(|(by, key_id, nodes, by_all)| Step::Claim { by, key_id, nodes, by_all }),
        6 => (by(), token(), permission())
            .prop_map(|(by, token, permission)| Step::Add { by, token, permission }),
        3 => (by(), token(), subject()).prop_map(|(by, token, subject)| Step::Remove { by, token, subject }),
        2 => (by(), token(), subject(), scope())
            .prop_map(|(by, token, subject, scope)| Step::AddScope { by, token, subject, scope }),
        2 => (by(), token(), subject(), scope())
            .prop_map(|(by, token, subject, scope)| Step::RemoveScope { by, token, subject, scope }),
        1 => (by(), token(), subject(), subject())
            .prop_map(|(by, token, add, remove)| Step::Batch { by, token, add, remove }),
        2 => (by(), token(), by()).prop_map(|(by, token, to)| Step::Transfer { by, token, to }),
        1 => (by(), token()).prop_map(|(by, token)| Step::TransferToItself { by, token }),
        2 => (by(), token()).prop_map(|(by, token)| Step::Burn { by, token }),
        1 => (by(), token()).prop_map(|(by, token)| Step::MintAgain { by, token }),
        3 => (nodes(), 0..MINTERS).prop_map(|(nodes, minter)| Step::AdmitMinter { nodes, minter }),
        2 => (0..MINTERS, 0..KEY_IDS).prop_map(|(minter, key_id)| Step::RouteByMinter { minter, key_id }),
        2 => (0..MINTERS, token()).prop_map(|(minter, token)| Step::Hostile { minter, token }),
        4 => (nodes(), prop::collection::vec((0..NAMES.len(), 0..3_u64, 0..VALUES.len()), 0..3))
            .prop_map(|(nodes, changes)| Step::SetValues { nodes, changes }),
    ];
    prop::collection::vec(step, 1..40)
}

/// A subject by its number, for the token whose key has this address.
pub(super) fn subject(index: usize, itself: Address) -> Subject {
    match index {
        0 | 1 => Subject::Action(action(u8::try_from(index).unwrap())),
        2 => Subject::Address(Address::repeat_byte(0xaa)),
        3 => Subject::AuthMethod { kind: U256::from(6), id: b"issuer|somebody".to_vec() },
        _ => Subject::Address(itself),
    }
}

pub(super) fn action(index: u8) -> [u8; 34] {
    let mut id = [index; 34];
    id[0] = 0x12;
    id[1] = 0x20;
    id
}

/// The key of a login by its number; the first is none.
pub(super) fn user_pubkey(index: u8) -> Vec<u8> {
    if index == 0 { Vec::new() } else { vec![index; 33] }
}

pub(super) fn key_id(index: u8) -> B256 {
    B256::repeat_byte(0xc0 + index)
}
