//! The requests of actions to other servers, behind a guard.
//!
//! The guard judges numeric addresses, not names: a name is resolved once, every address that it has is
//! checked, and the connection goes to exactly a checked address. Each redirect is judged anew. What went wrong is
//! told in one of three fixed sentences, equal on all nodes, which say nothing of what was found.

mod addresses;
mod exchange;
mod hosts;
mod nodes;
mod outbound;
mod plan;
mod resolve;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, fmt, net::IpAddr, sync::Arc, time::Duration};

use quorate_door::Places;
use quorate_wire::{ErrorCode, FetchRequest, Payer, Redirect, limits};

pub(crate) use addresses::{AddressGuard, Block, is_public, parse_block};
pub(crate) use hosts::HostList;
pub(crate) use nodes::NodeNames;
pub use outbound::{Outbound, OutboundReply};

use exchange::Exchanger;
use plan::{Hop, Plan};
use resolve::Resolver;

/// Resolving and connecting, TLS included.
const CONNECT: Duration = Duration::from_millis(limits::FETCH_CONNECT_MS);
/// The whole request, redirects included.
const TOTAL: Duration = Duration::from_millis(limits::FETCH_MS);

/// What an action asks for, or this node of servers that its operator has named.
#[derive(Clone)]
pub(crate) struct Fetch {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) redirect: Redirect,
}

/// The URL may hold a key of the operator's, or an action's secret.
impl fmt::Debug for Fetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetch").field("method", &self.method).finish_non_exhaustive()
    }
}

impl Fetch {
    /// Asks for what is at an address.
    fn get(url: &str) -> Self {
        Fetch {
            method: "GET".to_owned(),
            url: url.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            redirect: Redirect::Follow,
        }
    }
}

impl From<FetchRequest> for Fetch {
    fn from(request: FetchRequest) -> Self {
        let FetchRequest { method, url, headers, body, redirect } = request;
        Fetch { method, url, headers, body, redirect }
    }
}

/// What came back.
#[derive(Clone)]
pub(crate) struct Fetched {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) url: String,
}

impl fmt::Debug for Fetched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetched").field("status", &self.status).finish_non_exhaustive()
    }
}

/// Why nothing came back. The kinds are all that an action learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FetchError {
    /// The guard does not allow it.
    Refused,
    /// It was tried and did not work.
    Failed,
    /// The server redirects, and the request says that this is an error. Whether the place would be allowed
    /// does not show.
    Redirected,
}

impl FetchError {
    pub(crate) fn code(self) -> ErrorCode {
        match self {
            FetchError::Refused => ErrorCode::FetchRefused,
            FetchError::Failed => ErrorCode::FetchFailed,
            FetchError::Redirected => ErrorCode::FetchRedirected,
        }
    }
}

/// Whether a node sends such a request at all, whoever it goes to: its method, headers, sizes and form of address.
///
/// # Errors
/// `fetch_refused`.
pub fn check_request(request: &FetchRequest) -> Result<(), ErrorCode> {
    Plan::new(request.clone().into()).map(drop).map_err(FetchError::code)
}

/// Whether a node takes an answer of this length to an action's request; if not, the request is `fetch_failed`.
#[must_use]
pub fn answer_fits(headers: &[(String, String)], body: &[u8]) -> bool {
    let header_bytes: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    body.len() <= limits::FETCH_ANSWER_BODY_BYTES_MAX
        && header_bytes <= limits::FETCH_ANSWER_HEADERS_BYTES_MAX
}

/// What the operator and the network allow.
#[derive(Debug, Clone, Default)]
pub(crate) struct Policy {
    pub(crate) allow_http: bool,
    pub(crate) loopback_ports: BTreeSet<u16>,
    /// Lists of the only hosts that may be reached: one has to be in each of them. Without a list, all that the address
    /// guard allows.
    pub(crate) hosts: Vec<HostList>,
}

/// The way out.
pub(crate) struct Egress {
    policy: Policy,
    guard: AddressGuard,
    exchanger: Exchanger,
    resolver: Resolver,
    total: Duration,
    places: Arc<Places>,
}

impl Egress {
    pub(crate) fn new(policy: Policy, guard: AddressGuard, places: usize) -> Result<Self, rustls::Error> {
        let exchanger = Exchanger::new()?;
        let places = Places::new(places);
        Ok(Egress { policy, guard, exchanger, resolver: Resolver::system(), total: TOTAL, places })
    }

    /// Sets names and addresses of this network's nodes, which actions must not reach.
    fn set_nodes(&self, names: BTreeSet<String>, addresses: BTreeSet<IpAddr>) {
        self.guard.set_nodes(names, addresses);
    }

    /// Carries out a request, waiting for its place included, within the total time. It counts in the shares of these
    /// payers: whose requests go to servers that never answer must not keep those of others waiting.
    pub(crate) async fn fetch(&self, fetch: Fetch, payers: &[Payer]) -> Result<Fetched, FetchError> {
        let plan = Plan::new(fetch)?;
        let within = async {
            let _place = self.places.take(payers).await.ok_or(FetchError::Failed)?;
            self.follow(plan, limits::FETCH_ANSWER_BODY_BYTES_MAX, payers).await
        };
        tokio::time::timeout(self.total, within).await.unwrap_or(Err(FetchError::Failed))
    }

    /// Reads what is at an address, up to a length, under the same guard; in the form named, if there are several.
    pub(crate) async fn download(
        &self,
        url: &str,
        accept: Option<&str>,
        bytes_max: usize,
    ) -> Result<Fetched, FetchError> {
        let headers = accept.map(|form| ("accept".to_owned(), form.to_owned()));
        let plan = Plan::new(Fetch { headers: headers.into_iter().collect(), ..Fetch::get(url) })?;
        let within = async {
            let _place = self.places.take(&[]).await.ok_or(FetchError::Failed)?;
            self.follow(plan, bytes_max, &[]).await
        };
        tokio::time::timeout(TOTAL, within).await.unwrap_or(Err(FetchError::Failed))
    }

    /// Reads what another node of the network has. The guard of actions does not judge its addresses, since nodes may be
    /// in a private network: `may_reach` does. One that sends the reader elsewhere is not followed.
    pub(crate) async fn download_from_node(
        &self,
        url: &str,
        bytes_max: usize,
        may_reach: impl Fn(IpAddr) -> bool,
    ) -> Result<Fetched, FetchError> {
        let plan = Plan::new(Fetch::get(url))?;
        let within = async {
            let connecting = async {
                let addresses = self.resolver.resolve(&plan, &[]).await?;
                if !addresses.iter().all(|&address| may_reach(address)) {
                    return Err(FetchError::Refused);
                }
                self.exchanger.connect(&plan, &addresses).await
            };
            let stream =
                tokio::time::timeout(CONNECT, connecting).await.unwrap_or(Err(FetchError::Failed))?;
            match self.exchanger.exchange(&plan, stream, bytes_max).await? {
                Hop::Answer(answer) => Ok(answer),
                Hop::Redirect { .. } => Err(FetchError::Refused),
            }
        };
        tokio::time::timeout(TOTAL, within).await.unwrap_or(Err(FetchError::Failed))
    }

    /// A request to an address that the operator has named, not an action: it is not guarded, and not redirected.
    pub(crate) async fn ask_operators(&self, fetch: Fetch, within: Duration) -> Result<Fetched, FetchError> {
        let plan = Plan::new(fetch)?;
        let asking = async {
            // Nothing that the operator named is refused: it works or it does not.
            let addresses = self.resolver.resolve(&plan, &[]).await.map_err(|_| FetchError::Failed)?;
            let stream = self.exchanger.connect(&plan, &addresses).await?;
            match self.exchanger.exchange(&plan, stream, limits::FETCH_ANSWER_BODY_BYTES_MAX).await? {
                Hop::Answer(answer) => Ok(answer),
                Hop::Redirect { .. } => Err(FetchError::Failed),
            }
        };
        tokio::time::timeout(within, asking).await.unwrap_or(Err(FetchError::Failed))
    }

    async fn follow(
        &self,
        mut plan: Plan,
        bytes_max: usize,
        payers: &[Payer],
    ) -> Result<Fetched, FetchError> {
        for _ in 0..=limits::FETCH_REDIRECTS_MAX {
            let connecting = async {
                let addresses = self.checked_addresses(&plan, payers).await?;
                self.exchanger.connect(&plan, &addresses).await
            };
            let stream =
                tokio::time::timeout(CONNECT, connecting).await.unwrap_or(Err(FetchError::Failed))?;
            match self.exchanger.exchange(&plan, stream, bytes_max).await? {
                Hop::Redirect { status, location } => plan = plan.redirected(status, &location)?,
                Hop::Answer(answer) => return Ok(answer),
            }
        }
        Err(FetchError::Failed)
    }

    /// Resolves the host once and checks every address that it has.
    async fn checked_addresses(&self, plan: &Plan, payers: &[Payer]) -> Result<Vec<IpAddr>, FetchError> {
        // Before the name is asked for: a name can carry words to whoever answers for it.
        if self.policy.hosts.iter().any(|hosts| !hosts.contains(plan.host())) {
            return Err(FetchError::Refused);
        }
        let addresses = self.resolver.resolve(plan, payers).await?;
        let allowed_loopback = self.policy.loopback_ports.contains(&plan.port());
        let mut all_loopback = true;
        for &address in &addresses {
            let loopback = allowed_loopback && addresses::is_plain_loopback(address);
            if !loopback && !self.guard.allows(plan.host(), address) {
                return Err(FetchError::Refused);
            }
            all_loopback &= loopback;
        }
        // A port of the development machine is reached by http as a rule; everything else needs leave for it.
        let plain_allowed = self.policy.allow_http || all_loopback;
        if (plan.is_plain() && !plain_allowed) || (!all_loopback && !plan::port_allowed(plan.port())) {
            return Err(FetchError::Refused);
        }
        Ok(addresses)
    }
}
