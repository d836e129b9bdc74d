//! Key ids that are not made by the registry.

use crate::{ActionCid, KeyId, ids::keccak256};

const ACTION_KEY_TAG: &[u8] = b"quorate/key/action/v1";

/// Key id of an action's own key: keccak256(abi.encode("quorate/key/action/v1", 34-byte multihash)).
///
/// The tag keeps it apart from the ids that the registry gives to keys, which have tags of their own.
#[must_use]
pub fn action_key_id(action: &ActionCid) -> KeyId {
    let multihash = action.multihash();
    let word = |value: u8| {
        let mut word = [0u8; 32];
        word[31] = value;
        word
    };
    let mut bytes = Vec::with_capacity(7 * 32);
    // Where the two dynamic arguments begin: behind the two words of the head; behind the tag's two words.
    bytes.extend(word(0x40));
    bytes.extend(word(0x80));
    bytes.extend(word(u8::try_from(ACTION_KEY_TAG.len()).expect("the tag is short")));
    bytes.extend(ACTION_KEY_TAG);
    bytes.resize(4 * 32, 0);
    bytes.extend(word(34));
    bytes.extend(multihash);
    bytes.resize(7 * 32, 0);
    KeyId(keccak256(&bytes))
}

/// Key id that an action claims for a user: `keccak256("<cid>_<keyId>")`, as upstream has it.
///
/// A CID has a fixed length and no underscore, so no two pairs give one text. It is no tagged id: nothing
/// is signed under it unless the registry has made it a key by an act of its own.
#[must_use]
pub fn claim_key_id(action: &ActionCid, key_id: &str) -> KeyId {
    KeyId(keccak256(format!("{action}_{key_id}").as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_ids_are_those_of_the_published_formulas() {
        let action = ActionCid::of_code(b"hello world");
        assert_eq!(action.to_string(), "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD");
        assert_eq!(
            claim_key_id(&action, "alice").0,
            keccak256(b"Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD_alice")
        );
        assert_eq!(
            action_key_id(&action).to_string(),
            "0x2ded098bbd516dd3d78b5f1d8f8ffd9d587378a954129176294a1ad4671f86fb"
        );
    }
}
