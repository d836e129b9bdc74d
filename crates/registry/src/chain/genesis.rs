//! Block 0: what a chain is before its first transaction, and the limits it lives under.

use std::{collections::BTreeMap, ops::RangeInclusive};

use alloy_primitives::{Address, B256, U256};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Ids of chains that are founded here: each draws its own, so that a transaction for one is none for another. No public chain
/// has one of these. They are above every id that is registered, and below the largest that wallets take (2^52 − 20).
pub const FOUNDED_CHAIN_IDS: RangeInclusive<u64> = 4_000_000_000_000_000..=4_499_999_999_999_999;

/// The chain id that a random number draws.
#[must_use]
pub fn founded_chain_id(random: u64) -> u64 {
    let (first, last) = (*FOUNDED_CHAIN_IDS.start(), *FOUNDED_CHAIN_IDS.end());
    first + random % (last - first + 1)
}

/// Gas of one block. A larger contract set than ours deploys in a fraction of it.
pub const BLOCK_GAS_LIMIT: u64 = 30_000_000;
/// Gas of one transaction (EIP-7825).
pub(super) const TX_GAS_LIMIT: u64 = 1 << 24;
/// Wei of one gas when nobody else wants any: above zero, so that wallets see the fields of EIP-1559.
pub const BASE_FEE_MIN: u64 = 1_000_000_000;
/// Bytes of one raw transaction; the same as go-ethereum's pool.
pub const TX_BYTES_MAX: usize = 128 * 1024;
/// Transactions of one block.
pub(super) const BLOCK_TXS_MAX: usize = 256;
/// Bytes of all raw transactions of one block.
pub(super) const BLOCK_BYTES_MAX: usize = 1024 * 1024;
/// Blocks of state history that reads at older blocks may use…
pub const HISTORY_BLOCKS: u64 = 1024;
/// …and seconds of it: whichever reaches further back…
pub const HISTORY_SECONDS: u64 = 150;
/// …but never more than this many blocks.
pub const HISTORY_BLOCKS_MAX: u64 = 65_536;
/// Accounts funded in block 0.
const GENESIS_ACCOUNTS_MAX: usize = 1024;

/// Who may put code on the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Creation {
    /// Anybody: for development.
    Any,
    /// The account that deploys the registry, with its first transactions.
    Registry,
}

/// Transactions with which the registry is deployed: the first of its account, and some that may fail.
pub(crate) const DEPLOYMENT_TXS_MAX: u64 = 64;

/// Everything that fixes block 0. Its hash names the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Genesis {
    /// The rules: [`RULES`]. A genesis of other rules is of another release.
    pub rules: String,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Time of block 0, in seconds.
    pub timestamp: u64,
    /// Ed25519 key that signs head statements and blocks, hexadecimal.
    pub head_key: B256,
    /// Balances in wei.
    pub accounts: BTreeMap<Address, U256>,
    /// The account whose first contracts are the registry.
    pub deployer: Address,
    /// Whose code there may be.
    pub contracts: Creation,
}

/// The rules that this release follows: the EVM of Osaka, and the first form of prices and roots.
pub const RULES: &str = "osaka/1";

impl Genesis {
    /// A chain with nothing on it but these balances, for anybody's contracts.
    #[must_use]
    pub fn new(chain_id: u64, head_key: B256, accounts: BTreeMap<Address, U256>, deployer: Address) -> Self {
        let (rules, contracts) = (RULES.to_owned(), Creation::Any);
        Self { rules, chain_id, timestamp: 0, head_key, accounts, deployer, contracts }
    }

    /// Whether the sizes are within limits; the hash is defined for those only.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.rules == RULES && self.chain_id != 0 && self.accounts.len() <= GENESIS_ACCOUNTS_MAX
    }

    /// Whether an account may create a contract with a transaction.
    pub(crate) fn may_create(&self, account: Address, nonce: u64) -> bool {
        match self.contracts {
            Creation::Any => true,
            Creation::Registry => account == self.deployer && nonce < DEPLOYMENT_TXS_MAX,
        }
    }

    /// The commitment that block 0 carries in its free bytes. It covers the head key, so the genesis hash alone
    /// names chain and signer; and the rules, so that a change of rules is another chain.
    pub(crate) fn commitment(&self) -> B256 {
        let mut hash = Sha256::new();
        hash.update(b"quorate/genesis/v2");
        hash.update(RULES);
        hash.update(self.chain_id.to_be_bytes());
        hash.update(self.timestamp.to_be_bytes());
        hash.update(BLOCK_GAS_LIMIT.to_be_bytes());
        hash.update(BASE_FEE_MIN.to_be_bytes());
        hash.update(self.head_key);
        hash.update(self.deployer);
        hash.update([match self.contracts {
            Creation::Any => 0,
            Creation::Registry => 1,
        }]);
        for (address, balance) in &self.accounts {
            hash.update(address);
            hash.update(balance.to_be_bytes::<32>());
        }
        B256::from(<[u8; 32]>::from(hash.finalize()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foundings_draw_ids_that_no_public_chain_has_and_every_wallet_takes() {
        /// The largest that MetaMask takes; beyond 2^53 JavaScript does not count exactly.
        const WALLETS_MAX: u64 = 4_503_599_627_370_476;
        /// Registered ids that are far above the usual ones.
        const PUBLIC: [u64; 3] = [2_713_017_997_578_000, 2_716_446_429_837_000, 868_455_272_153_094];
        assert!(
            PUBLIC.iter().all(|id| id < FOUNDED_CHAIN_IDS.start()) && *FOUNDED_CHAIN_IDS.end() <= WALLETS_MAX
        );
        let drawn = [0, 1, 499_999_999_999_999, 500_000_000_000_000, u64::MAX].map(founded_chain_id);
        assert!(drawn.iter().all(|id| FOUNDED_CHAIN_IDS.contains(id)), "{drawn:?}");
        assert_eq!(
            drawn[..4],
            [4_000_000_000_000_000, 4_000_000_000_000_001, 4_499_999_999_999_999, drawn[0]]
        );
    }
}
