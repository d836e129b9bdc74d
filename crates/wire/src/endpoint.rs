//! Where a node is reached, by its own signed and numbered word.

use borsh::{BorshDeserialize, BorshSerialize};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::{StatementKey, Transcript, signed::hex64};

/// Longest address, in bytes.
const ADDRESS_BYTES_MAX: usize = 256;

/// Where a node is reached. Of two words of one node the one with the higher number counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeEndpoint {
    /// Base URL of its HTTP interface.
    pub http: String,
    /// `host:port` of its QUIC interface.
    pub quic: String,
    /// Where it is reached in a network that it shares with some of the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<PrivateEndpoint>,
    /// The node's word for all of this; files before version 5 have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word: Option<EndpointWord>,
}

/// Addresses of a node that not everybody reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct PrivateEndpoint {
    /// Base URL of its HTTP interface.
    pub http: String,
    /// `host:port` of its QUIC interface.
    pub quic: String,
}

/// A node's signature of its addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointWord {
    /// Which word of this node it is, from 1.
    pub number: u64,
    /// Ed25519 signature with the node's statement key.
    #[serde(with = "hex64")]
    pub signature: [u8; 64],
}

impl NodeEndpoint {
    /// Addresses without a word.
    #[must_use]
    pub fn unsigned(http: impl Into<String>, quic: impl Into<String>) -> Self {
        NodeEndpoint { http: http.into(), quic: quic.into(), private: None, word: None }
    }

    /// The same addresses, with the word of the node whose key this is.
    #[must_use]
    pub fn signed(mut self, number: u64, key: &SigningKey) -> Self {
        let node = StatementKey(key.verifying_key().to_bytes());
        let signature = key.sign(&self.digest(&node, number)).to_bytes();
        self.word = Some(EndpointWord { number, signature });
        self
    }

    /// The number of the word; 0 without one.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.word.as_ref().map_or(0, |word| word.number)
    }

    /// Whether the addresses are the same, whatever their numbers.
    #[must_use]
    pub fn same_place(&self, other: &NodeEndpoint) -> bool {
        (&self.http, &self.quic, &self.private) == (&other.http, &other.quic, &other.private)
    }

    /// Whether the node with this statement key says so.
    #[must_use]
    pub fn said_by(&self, node: &StatementKey) -> bool {
        let Some(word) = &self.word else { return false };
        let Ok(key) = VerifyingKey::from_bytes(&node.0) else { return false };
        let signature = Signature::from_bytes(&word.signature);
        word.number > 0 && key.verify_strict(&self.digest(node, word.number), &signature).is_ok()
    }

    /// Checks the form of every address.
    ///
    /// # Errors
    /// A sentence for the operator, with the address that is wrong.
    pub fn check(&self) -> Result<(), String> {
        let private = self.private.iter().map(|private| (&private.http, &private.quic));
        for (http, quic) in std::iter::once((&self.http, &self.quic)).chain(private) {
            check_http(http)?;
            check_quic(quic)?;
        }
        Ok(())
    }

    fn digest(&self, node: &StatementKey, number: u64) -> [u8; 32] {
        let places =
            borsh::to_vec(&(&self.http, &self.quic, &self.private)).expect("memory writes do not fail");
        Transcript::new("quorate/endpoint/v1").field(&node.0).number(number).field(&places).finish()
    }
}

fn check_http(text: &str) -> Result<(), String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let plain =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#@\"\\<>".contains(&byte));
    if text.len() > ADDRESS_BYTES_MAX || authority.is_empty() || !plain(authority) || !plain(path) {
        return Err(format!("{text:?} is no base URL such as https://node.example or http://192.0.2.1:7470"));
    }
    Ok(())
}

fn check_quic(text: &str) -> Result<(), String> {
    let wrong =
        || format!("{text:?} is no address such as node.example:7570, 192.0.2.1:7570 or [2001:db8::1]:7570");
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let port_fits = port.parse::<u16>().is_ok_and(|number| number > 0 && number.to_string() == port);
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host_fits = match bracketed {
        Some(host) => host.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
        }
    };
    if text.len() > ADDRESS_BYTES_MAX || !port_fits || !host_fits {
        return Err(wrong());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> (SigningKey, StatementKey) {
        let key = SigningKey::from_bytes(&[byte; 32]);
        let public = StatementKey(key.verifying_key().to_bytes());
        (key, public)
    }

    #[test]
    fn a_word_is_for_these_addresses_of_this_node_under_this_number() {
        let ((key, node), (_, other)) = (key(1), key(2));
        let place = NodeEndpoint::unsigned("https://a.example", "a.example:7570");
        assert!(!place.said_by(&node));
        let said = place.signed(3, &key);
        assert!(said.said_by(&node) && !said.said_by(&other));
        assert_eq!(said.number(), 3);
        let changes: [fn(&mut NodeEndpoint); 5] = [
            |said| said.http.push('x'),
            |said| said.quic = "b.example:7570".to_owned(),
            |said| {
                said.private =
                    Some(PrivateEndpoint { http: "http://10.0.0.1".into(), quic: "10.0.0.1:1".into() })
            },
            |said| said.word.as_mut().unwrap().number = 4,
            |said| said.word.as_mut().unwrap().signature[0] ^= 1,
        ];
        for (place, change) in changes.iter().enumerate() {
            let mut changed = said.clone();
            change(&mut changed);
            assert!(!changed.said_by(&node), "change {place}");
        }
        let zero = NodeEndpoint::unsigned("https://a.example", "a.example:7570").signed(0, &key);
        assert!(!zero.said_by(&node), "numbers begin with 1");
    }

    #[test]
    fn addresses_have_one_form() {
        for http in
            ["https://a.example", "http://192.0.2.1:7470", "http://[::1]:1/base", "https://a.example/"]
        {
            NodeEndpoint::unsigned(http, "a.example:7570").check().unwrap();
        }
        for http in [
            "",
            "a.example",
            "ftp://a",
            "https://",
            "https:///x",
            "https://u@a",
            "https://a?b",
            "https://a b",
        ] {
            assert!(NodeEndpoint::unsigned(http, "a.example:7570").check().is_err(), "{http:?}");
        }
        for quic in ["a.example:7570", "192.0.2.1:1", "[2001:db8::1]:65535"] {
            NodeEndpoint::unsigned("https://a", quic).check().unwrap();
        }
        for quic in
            ["", "a", "a:", ":1", "a:0", "a:65536", "a:01", "a b:1", "[x]:1", "2001:db8::1:1", "a/b:1"]
        {
            assert!(NodeEndpoint::unsigned("https://a", quic).check().is_err(), "{quic:?}");
        }
        let long = format!("https://{}", "a".repeat(ADDRESS_BYTES_MAX));
        assert!(NodeEndpoint::unsigned(long, "a:1").check().is_err());
    }

    #[test]
    fn addresses_of_earlier_files_read_and_write_as_they_were() {
        let text = r#"{"http":"http://a","quic":"a:1"}"#;
        let read: NodeEndpoint = serde_json::from_str(text).unwrap();
        assert_eq!(read, NodeEndpoint::unsigned("http://a", "a:1"));
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
    }
}
