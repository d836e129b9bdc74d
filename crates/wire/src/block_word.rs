//! What a member says of a block to one that begins with a snapshot.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::{BlockRef, Digest, NetworkId, Signable};

/// That a member has replayed the chain up to a block, and that this is its hash there. A block that is final stays so: the
/// word does not grow old.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockWord {
    /// The network.
    pub network: NetworkId,
    /// Hash of block 0: names the chain.
    pub genesis: Digest,
    /// The block.
    pub block: BlockRef,
}

impl BlockWord {
    /// Longest word of a member as JSON, in bytes.
    pub const BYTES_MAX: usize = 2_048;
}

impl Signable for BlockWord {
    const DOMAIN: &'static str = "quorate/block-word/v1";
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::*;
    use crate::{NodeIndex, Signed, StatementKey};

    #[test]
    fn a_word_is_of_one_member_network_chain_and_block() {
        let key = SigningKey::from_bytes(&[3; 32]);
        let own = StatementKey(key.verifying_key().to_bytes());
        let word = BlockWord {
            network: NetworkId([1; 32]),
            genesis: Digest([2; 32]),
            block: BlockRef { number: u64::MAX, hash: Digest([4; 32]) },
        };
        let signed = Signed::new(NodeIndex::new(2).unwrap(), word, &key);
        let text = serde_json::to_string(&signed).unwrap();
        assert!(text.len() < BlockWord::BYTES_MAX, "{text}");
        let read: Signed<BlockWord> = serde_json::from_str(&text).unwrap();
        assert_eq!((read.verify(&own), &read), (Ok(()), &signed));
        let other = |change: fn(&mut Signed<BlockWord>)| {
            let mut other = signed.clone();
            change(&mut other);
            other.verify(&own)
        };
        assert!(other(|said| said.node = NodeIndex::new(3).unwrap()).is_err());
        assert!(other(|said| said.body.network = NetworkId([2; 32])).is_err());
        assert!(other(|said| said.body.genesis = Digest([1; 32])).is_err());
        assert!(other(|said| said.body.block.number -= 1).is_err());
        assert!(other(|said| said.body.block.hash = Digest([5; 32])).is_err());
        assert!(serde_json::from_str::<Signed<BlockWord>>(&text.replacen('{', "{\"x\":1,", 1)).is_err());
    }
}
