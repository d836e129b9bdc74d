//! What is asked of the registry.

use std::sync::Arc;

use quorate_auth::LoginBlock;
use quorate_wire::{
    ActionCid, Address, BlockRef, Digest, Issuers, KeyId, LoginDomains, PublicKey, RootKeys, SignedHead,
    TokenId,
};

use crate::ReadPolicyFacts;

/// At which block to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// This node's own latest head.
    Latest,
    /// This node's own finalized block.
    Finalized,
}

/// A key as the registry has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pkp {
    /// The token.
    pub token: TokenId,
    /// The key's public name under the root.
    pub key_id: KeyId,
    /// The owner; `None` once the token is burnt.
    pub owner: Option<Address>,
}

/// Whom a grant is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// An action.
    Action(ActionCid),
    /// An address; the owner of a live token counts as granted.
    Address(Address),
    /// A login of another kind.
    Method {
        /// The type, as the contracts have it.
        kind: u64,
        /// The id, as the contracts have it.
        id: Digest,
        /// SHA-256 of the key that the token must have recorded with it; `None` if the id itself stands for the key.
        recorded: Option<Digest>,
    },
}

/// Type of grants to logins by an issuer of OpenID Connect, by our ids.
pub const TYPE_OIDC: u64 = 0x71_0001;
/// Type of grants to passkeys, by our ids.
pub const TYPE_PASSKEY: u64 = 0x71_0002;
/// Upstream's type of grants to wallets.
pub const TYPE_UPSTREAM_WALLET: u64 = 1;
/// Upstream's type of grants to passkeys.
pub const TYPE_UPSTREAM_PASSKEY: u64 = 3;
/// Upstream's type of grants to logins by Google.
pub const TYPE_UPSTREAM_GOOGLE: u64 = 6;
/// Upstream's type of grants to logins by Apple.
pub const TYPE_UPSTREAM_APPLE: u64 = 8;

/// A grant: membership and scopes. The default is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Grant {
    /// Whether the subject is permitted at all.
    pub member: bool,
    /// Scope bits 1 to 63: `1 << scope`.
    pub scopes: u64,
}

/// Scope that allows a raw digest (and any message).
pub const SCOPE_SIGN_ANYTHING: u32 = 1;
/// Scope that allows texts under the prefix of EIP-191 that are no logins.
pub const SCOPE_PERSONAL_SIGN: u32 = 2;
/// Scope that takes away: nothing is signed for a run that knows a value of one node only.
pub const SCOPE_NO_SINGLE_NODE: u32 = 3;
/// Scope that allows texts that are logins, under the prefix of EIP-191.
pub const SCOPE_SIGN_LOGINS: u32 = 4;
/// Scope that allows to open what is encrypted to the key.
pub const SCOPE_DECRYPT: u32 = 5;

impl Grant {
    /// Whether the grant has this scope.
    #[must_use]
    pub fn allows(&self, scope: u32) -> bool {
        self.member && self.scopes & (1 << scope) != 0
    }
}

/// Where a named block stands in this node's own view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockStanding {
    /// Canonical; it ceased to be the head this many milliseconds ago (0 if it is the head).
    Canonical {
        /// By block times and the node's wall clock.
        superseded_ms: u64,
    },
    /// Higher than this node's head.
    Ahead,
    /// Not a block of this chain, or older than this node remembers.
    Unknown,
}

/// How old the last head statement is, by two clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// Monotonic milliseconds (the engine's clock) just *before* it was asked for.
    pub asked_mono_ms: u64,
    /// The chain's clock in the statement, milliseconds since the epoch.
    pub stated_unix_ms: u64,
}

/// A reading of keys, and of the rights on them.
pub trait ReadRights {
    /// A registered key.
    fn pkp(&self, key: &PublicKey, at: At) -> Option<Pkp>;
    /// A grant on a key.
    fn grant(&self, token: &TokenId, subject: &Subject, at: At) -> Grant;
}

/// One node's own reading of the registry, at its own heads.
///
/// Every answer comes from state that this node executed or proved itself.
pub trait ReadRegistry: ReadPolicyFacts + Send + Sync {
    /// This node's latest head.
    fn head(&self) -> BlockRef;
    /// When the last head statement was asked for, and when it says that it was made.
    fn heard(&self) -> Heard;
    /// The last head statement that this node has replayed, as the chain has signed it; `None` if nothing can be read.
    fn final_head(&self) -> Option<SignedHead>;
    /// Hash of the block at a height; `None` above this node's finalized block.
    fn final_hash(&self, number: u64) -> Option<Digest>;
    /// Whether a named block is canonical, and how old.
    fn standing(&self, block: &BlockRef, unix_ms: u64) -> BlockStanding;
    /// Domains that logins may be for, by the Directory. What cannot be read is none.
    fn login_domains(&self, at: At) -> Arc<LoginDomains>;
    /// Issuers whose tokens are logins, by the Directory. What cannot be read is none.
    fn issuers(&self, at: At) -> Arc<Issuers>;
    /// The block that a passkey's login names, at this node's latest head.
    fn login_block(&self, block: &BlockRef) -> LoginBlock;
    /// The network's roots, once all nodes have voted them.
    fn roots(&self, at: At) -> Option<RootKeys>;
}
