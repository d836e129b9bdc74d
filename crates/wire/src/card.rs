//! A node's card: what its operator hands to whoever proposes a network. Nothing in it is secret.

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::{Digest, FoundingNode, NodeEndpoint, NodeVote, Transcript, check_operator, signed::hex64};

/// A node's public keys, addresses and operator, signed with all of its keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Version of the format: 1.
    pub version: u32,
    /// The operator's name, for people.
    pub operator: String,
    /// The public keys.
    pub keys: FoundingNode,
    /// Where the node is reached, by its own word.
    pub endpoint: NodeEndpoint,
    signatures: CardSignatures,
}

/// One signature with each key: whoever holds a card knows that one machine has them all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CardSignatures {
    #[serde(with = "hex64")]
    transport: [u8; 64],
    #[serde(with = "hex64")]
    statement: [u8; 64],
    chain: NodeVote,
}

/// The secret keys that sign a card.
#[derive(Clone, Copy)]
pub struct CardKeys<'a> {
    /// Key of the connections to other nodes.
    pub transport: &'a SigningKey,
    /// Key of statements.
    pub statement: &'a SigningKey,
    /// Key of the account on the chain.
    pub chain: &'a k256::ecdsa::SigningKey,
}

impl Card {
    /// The version of the format.
    pub const VERSION: u32 = 1;
    /// Longest card, in bytes.
    pub const BYTES_MAX: usize = 8 << 10;

    /// Signs a card.
    #[must_use]
    pub fn sign(operator: String, keys: FoundingNode, endpoint: NodeEndpoint, secret: CardKeys<'_>) -> Self {
        let digest = digest(&operator, &keys, &endpoint);
        let signatures = CardSignatures {
            transport: secret.transport.sign(&digest.0).to_bytes(),
            statement: secret.statement.sign(&digest.0).to_bytes(),
            chain: NodeVote::sign(&digest, secret.chain),
        };
        Card { version: Self::VERSION, operator, keys, endpoint, signatures }
    }

    /// Reads and checks a card.
    ///
    /// # Errors
    /// A sentence for whoever was handed the card.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > Self::BYTES_MAX {
            return Err(format!("longer than {} bytes, which no card is", Self::BYTES_MAX));
        }
        crate::check_strict(text.as_bytes()).map_err(|error| error.to_string())?;
        let card: Card = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if card.version != Self::VERSION {
            return Err(format!(
                "version {} of the card is not supported, only {}",
                card.version,
                Self::VERSION
            ));
        }
        check_operator(&card.operator)?;
        card.endpoint.check()?;
        card.check_signatures()?;
        Ok(card)
    }

    fn check_signatures(&self) -> Result<(), String> {
        let digest = digest(&self.operator, &self.keys, &self.endpoint);
        let signed = |key: &[u8; 32], signature: &[u8; 64]| {
            VerifyingKey::from_bytes(key)
                .is_ok_and(|key| key.verify_strict(&digest.0, &Signature::from_bytes(signature)).is_ok())
        };
        let keys = [
            ("transport key", signed(&self.keys.transport_key.0, &self.signatures.transport)),
            ("statement key", signed(&self.keys.statement_key.0, &self.signatures.statement)),
            ("chain key", self.signatures.chain.signer(&digest) == Some(self.keys.chain_address)),
            ("statement key, for its endpoint", self.endpoint.said_by(&self.keys.statement_key)),
        ];
        match keys.into_iter().find(|(_, fits)| !fits) {
            Some((key, _)) => {
                Err(format!("the card of {} is not signed with its {key}: it was changed", self.operator))
            }
            None => Ok(()),
        }
    }
}

fn digest(operator: &str, keys: &FoundingNode, endpoint: &NodeEndpoint) -> Digest {
    let bytes = borsh::to_vec(&(operator, keys, endpoint)).expect("memory writes do not fail");
    Digest(Transcript::new("quorate/card/v1").field(&bytes).finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Address, PublicKey, StatementKey, TransportKey};

    fn card() -> Card {
        let (transport, statement) = (SigningKey::from_bytes(&[1; 32]), SigningKey::from_bytes(&[2; 32]));
        let chain = k256::ecdsa::SigningKey::from_slice(&[3; 32]).unwrap();
        let point = chain.verifying_key().to_sec1_point(true);
        let keys = FoundingNode {
            transport_key: TransportKey(transport.verifying_key().to_bytes()),
            statement_key: StatementKey(statement.verifying_key().to_bytes()),
            chain_address: PublicKey::from_sec1(point.as_bytes()).unwrap().address(),
        };
        let endpoint = NodeEndpoint::unsigned("https://a.example", "a.example:7570").signed(1, &statement);
        let secret = CardKeys { transport: &transport, statement: &statement, chain: &chain };
        Card::sign("Alpha & Söhne".to_owned(), keys, endpoint, secret)
    }

    #[test]
    fn a_card_is_read_back_and_every_change_is_seen() {
        let card = card();
        let text = serde_json::to_string_pretty(&card).unwrap();
        assert_eq!(Card::parse(&text).unwrap(), card);
        let other = FoundingNode { chain_address: Address([9; 20]), ..card.keys };
        let changed = [
            Card { operator: "Alpha".to_owned(), ..card.clone() },
            Card { keys: other, ..card.clone() },
            Card { endpoint: NodeEndpoint::unsigned("https://b.example", "a.example:7570"), ..card.clone() },
            Card { version: 2, ..card.clone() },
            Card { operator: "Alpha\u{202e}".to_owned(), ..card.clone() },
        ];
        for (place, changed) in changed.iter().enumerate() {
            let error = Card::parse(&serde_json::to_string(changed).unwrap()).unwrap_err();
            assert!(!error.is_empty(), "change {place}");
        }
        for key in ["transport", "statement", "chain"] {
            let mut value = serde_json::to_value(&card).unwrap();
            let signature = value["signatures"][key].as_str().unwrap();
            let last = if signature.ends_with('0') { "1" } else { "0" };
            value["signatures"][key] = format!("{}{last}", &signature[..signature.len() - 1]).into();
            assert!(Card::parse(&value.to_string()).unwrap_err().contains(key), "{key}");
        }
    }

    #[test]
    fn what_is_no_card_is_refused_in_a_sentence() {
        let text = serde_json::to_string(&card()).unwrap();
        let doubled = format!("{text}{text}");
        let unknown = text.replacen('{', "{\"x\":1,", 1);
        let twice = text.replacen('{', "{\"version\":1,", 1);
        let long = " ".repeat(10 << 20);
        for text in ["", "{}", &text[..text.len() / 2], &doubled, &unknown, &twice, &long] {
            assert!(Card::parse(text).is_err(), "{:.40}", text);
        }
    }
}
