//! Where this node is reached, if not where the network file says.

use quorate_wire::{NodeEndpoint, PrivateEndpoint};
use serde::{Deserialize, Serialize};

use super::ConfigError;

/// The place of a node, by its operator. The node signs it, and tells the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointConfig {
    /// Base URL of the HTTP interface.
    pub http: String,
    /// `host:port` of the QUIC interface.
    pub quic: String,
    /// Base URL in a network that this node shares with some of the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_http: Option<String>,
    /// `host:port` there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_quic: Option<String>,
}

impl EndpointConfig {
    /// The addresses, without a word, in their checked form.
    pub(super) fn place(&self) -> Result<NodeEndpoint, ConfigError> {
        let refused = |reason: String| ConfigError::Refused { setting: "endpoint", reason };
        let private = match (&self.private_http, &self.private_quic) {
            (Some(http), Some(quic)) => Some(PrivateEndpoint { http: http.clone(), quic: quic.clone() }),
            (None, None) => None,
            _ => return Err(refused("private_http and private_quic belong together".to_owned())),
        };
        let place = NodeEndpoint { private, ..NodeEndpoint::unsigned(&self.http, &self.quic) };
        place.check().map_err(refused)?;
        Ok(place)
    }
}

impl From<NodeEndpoint> for EndpointConfig {
    /// The addresses; the word is the node's to give.
    fn from(place: NodeEndpoint) -> Self {
        let (private_http, private_quic) = place.private.map(|private| (private.http, private.quic)).unzip();
        EndpointConfig { http: place.http, quic: place.quic, private_http, private_quic }
    }
}
