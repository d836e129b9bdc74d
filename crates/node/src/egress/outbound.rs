//! The guard for tools that do what an action would have a node do, outside of any node.

use std::collections::BTreeSet;

use quorate_wire::{ErrorCode, FetchRequest};

use super::{AddressGuard, Egress, Policy};

/// Requests at a time.
const PLACES: usize = 4;

/// Carries out requests by the rules of a node in production.
pub struct Outbound(Egress);

/// What a server answered.
#[derive(Debug, Clone)]
pub struct OutboundReply {
    /// HTTP status.
    pub status: u16,
    /// Headers, lower-case names.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The address that answered in the end.
    pub url: String,
}

impl std::fmt::Debug for Outbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbound").finish_non_exhaustive()
    }
}

impl Outbound {
    /// The public internet, and these ports of this machine.
    ///
    /// # Errors
    /// If TLS cannot be set up.
    pub fn new(loopback_ports: impl IntoIterator<Item = u16>) -> std::io::Result<Self> {
        let policy = Policy {
            loopback_ports: loopback_ports.into_iter().collect::<BTreeSet<u16>>(),
            ..Policy::default()
        };
        let egress = Egress::new(policy, AddressGuard::new(Vec::new()), PLACES);
        egress.map(Self).map_err(std::io::Error::other)
    }

    /// Carries out a request.
    ///
    /// # Errors
    /// `fetch_refused` where the guard does not allow it, `fetch_failed` where it did not work, `fetch_redirected`.
    pub async fn fetch(&self, request: FetchRequest) -> Result<OutboundReply, ErrorCode> {
        let answer = self.0.fetch(request.into(), &[]).await;
        let answer = answer.map_err(super::FetchError::code)?;
        Ok(OutboundReply {
            status: answer.status,
            headers: answer.headers,
            body: answer.body,
            url: answer.url,
        })
    }
}
