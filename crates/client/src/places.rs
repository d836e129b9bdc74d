//! Where the nodes of a network are now: by the file, and by the newest words of the nodes themselves.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use hyper::Uri;
use quorate_wire::{NetworkFile, NetworkView, NodeEndpoint, NodeIndex};
use tokio::{task::JoinSet, time::Instant};

use crate::{Client, VerifyError, ask::Trouble};

/// Nodes are asked where others are so often at most, and have this long to tell.
const LOOK_EVERY: Duration = Duration::from_secs(60);
const LOOK_TIME: Duration = Duration::from_millis(1_500);

/// The newest word of each node that was seen and checked.
#[derive(Debug)]
pub(crate) struct Places {
    newest: Mutex<Vec<NodeEndpoint>>,
    /// When nodes were last asked where another is. Whoever looks for one meanwhile waits for the end.
    looked: tokio::sync::Mutex<Option<Instant>>,
}

impl Places {
    pub(crate) fn new(network: &NetworkFile) -> Self {
        Places { newest: Mutex::new(network.endpoints.clone()), looked: tokio::sync::Mutex::new(None) }
    }

    fn newest(&self, node: NodeIndex) -> Option<NodeEndpoint> {
        let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        newest.get(usize::from(node.get()) - 1).cloned()
    }

    /// Takes the words of a node's view that are newer, of the right form, and signed by the nodes that they are about.
    fn learn(&self, network: &NetworkFile, view: &NetworkView) {
        for told in &view.nodes {
            let (Some(said), Some(member)) = (&told.endpoint, network.node(told.index)) else { continue };
            let newer = self.newest(told.index).is_some_and(|known| said.number() > known.number());
            if !newer || said.check().is_err() || !said.said_by(&member.statement_key) {
                continue;
            }
            let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
            let known = newest.get_mut(usize::from(told.index.get()) - 1);
            if let Some(known) = known.filter(|known| said.number() > known.number()) {
                *known = said.clone();
            }
        }
    }

    /// The addresses to ask a node at, in their order: its public one, and its private one for when that does not answer.
    fn of(&self, network: &NetworkFile, node: NodeIndex) -> Vec<String> {
        let Some(home) = network.endpoint(node) else { return Vec::new() };
        let home = base(&home.http);
        let Some(newest) = self.newest(node) else { return vec![home] };
        let open = base(&newest.http);
        let first = if may_follow(&home, &open, false) { open } else { home.clone() };
        let hidden = newest.private.map(|private| base(&private.http));
        let hidden = hidden.filter(|hidden| may_follow(&home, hidden, true));
        std::iter::once(first).chain(hidden).collect()
    }
}

fn base(http: &str) -> String {
    http.trim_end_matches('/').to_owned()
}

impl Client {
    /// Asks a node at its places in turn, until one of them answers. If none does, other nodes are asked where it is now, at
    /// most once a minute. The caller's deadline is that of all of it.
    pub(crate) async fn at_places<T, Asking>(
        &self,
        node: NodeIndex,
        path: &str,
        ask: impl Fn(String) -> Asking,
    ) -> Result<T, Trouble>
    where
        Asking: Future<Output = Result<T, Trouble>>,
    {
        let mut told = Vec::new();
        let mut first = None;
        for round in 0..2 {
            for address in self.places.of(self.network_file(), node) {
                if told.contains(&address) {
                    continue;
                }
                let answer = ask(format!("{address}{path}")).await;
                told.push(address);
                match answer {
                    Err(trouble) if may_be_elsewhere(&trouble) => first = first.or(Some(trouble)),
                    answer => return answer,
                }
            }
            if round == 0 {
                self.look_for(node).await;
            }
        }
        Err(first.unwrap_or_else(|| Trouble::Silent("it is not in the network file".to_owned())))
    }

    /// A node's view at one address; it names the network and the node, and tells where others are.
    pub(crate) async fn view_at(&self, node: NodeIndex, url: &str) -> Result<NetworkView, Trouble> {
        let answer = self.http.get(url).await?;
        let view: NetworkView = crate::client::read(&answer)?;
        if view.network != self.id {
            return Err(VerifyError::WrongNetwork.into());
        }
        if view.node != node {
            return Err(VerifyError::OtherNode(view.node).into());
        }
        self.places.learn(self.network_file(), &view);
        Ok(view)
    }

    /// Asks the other nodes where this one is. It ends with the first news of it, when all have answered, or when the rest is
    /// too slow.
    async fn look_for(&self, node: NodeIndex) {
        let number = || self.places.newest(node).map_or(0, |newest| newest.number());
        let known = number();
        let mut looked = self.places.looked.lock().await;
        if number() > known || looked.is_some_and(|last| last.elapsed() < LOOK_EVERY) {
            return;
        }
        *looked = Some(Instant::now());
        let mut asked = JoinSet::new();
        for other in self.order().into_iter().filter(|other| *other != node) {
            let client = self.clone();
            asked.spawn(async move {
                let address = client.places.of(client.network_file(), other).into_iter().next();
                // What one node answers wrongly, another tells.
                drop(client.view_at(other, &format!("{}/v1/network", address.unwrap_or_default())).await);
            });
        }
        let end = Instant::now() + LOOK_TIME;
        while let Ok(Some(_)) = tokio::time::timeout_at(end, asked.join_next()).await {
            if number() > known {
                return;
            }
        }
    }
}

/// Whether a node may be at another address, when this comes from the one that was asked.
fn may_be_elsewhere(trouble: &Trouble) -> bool {
    match trouble {
        Trouble::Silent(_) => true,
        Trouble::Unproven(error) => matches!(error, VerifyError::WrongNetwork | VerifyError::OtherNode(_)),
        Trouble::Problem(_) | Trouble::Proven(_) => false,
    }
}

/// How far an address reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Range {
    /// Everybody reaches it.
    Everywhere,
    /// A network of its own, such as 10.0.0.1 or a name without a dot.
    Network,
    /// One machine or link, such as 127.0.0.1.
    Machine,
}

/// Whether a node's word may lead there from its address in the network file, which whoever runs the client has chosen. The
/// rule is that of `docs/http.md`, and the one of the TypeScript client outside of pages.
///
/// # Security
/// A word is only the node's own: it must not make the client call what runs on its machine or in its network, unless the
/// file's own address is of that kind, or, as `private`, is there for callers in that network.
fn may_follow(home: &str, address: &str, private: bool) -> bool {
    if home == address {
        return true;
    }
    if home.starts_with("https:") && !address.starts_with("https:") {
        return false;
    }
    let Some(range) = range_of(address) else { return false };
    range == Range::Everywhere || Some(range) == range_of(home) || (private && range == Range::Network)
}

fn range_of(address: &str) -> Option<Range> {
    let uri: Uri = address.parse().ok()?;
    uri.scheme()?;
    let host = uri.host()?.trim_end_matches('.').to_ascii_lowercase();
    if let Some(host) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return host.parse().ok().map(|address| range_of_ip(IpAddr::V6(address)));
    }
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        return Some(range_of_ip(IpAddr::V4(address)));
    }
    // A name that ends in a number is an address to whoever resolves it: 127.1, 0x7f000001, 2130706433.
    let last = host.rsplit('.').next().unwrap_or_default();
    if last.is_empty() || last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x") {
        return None;
    }
    let below =
        |domain: &str| host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    if below("localhost") {
        Some(Range::Machine)
    } else if !host.contains('.') || below("local") || below("internal") || below("home.arpa") {
        Some(Range::Network)
    } else {
        Some(Range::Everywhere)
    }
}

fn range_of_ip(address: IpAddr) -> Range {
    match address {
        IpAddr::V4(address) => {
            let [first, second, third, _] = address.octets();
            match (first, second, third) {
                (0 | 127 | 224..=255, ..) | (169, 254, _) => Range::Machine,
                (10, ..)
                | (172, 16..=31, _)
                | (192, 168, _)
                | (100, 64..=127, _)
                | (198, 18..=19, _)
                | (192, 0, 0) => Range::Network,
                _ => Range::Everywhere,
            }
        }
        IpAddr::V6(address) => range_of_v6(address),
    }
}

fn range_of_v6(address: Ipv6Addr) -> Range {
    let segments = address.segments();
    let [.., high, low] = segments;
    let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
    // ::, ::1 and IPv4 written in IPv6, also by way of a translator.
    let within =
        (segments[..5] == [0; 5] && matches!(segments[5], 0 | 0xffff)) || segments[..2] == [0x64, 0xff9b];
    match segments[0] {
        _ if within => range_of_ip(IpAddr::V4(Ipv4Addr::new(a, b, c, d))),
        first if first >= 0xff00 || first & 0xffc0 == 0xfe80 => Range::Machine,
        first if first & 0xfe00 == 0xfc00 => Range::Network,
        _ => Range::Everywhere,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_leads_to_no_machine_or_network_that_the_file_does_not_name() {
        let machine = [
            "http://127.0.0.1:1",
            "http://[::1]",
            "http://a.localhost",
            "http://169.254.169.254",
            "http://[::ffff:127.0.0.1]",
            "http://0.0.0.0",
            "http://[fe80::1]",
        ];
        let network = [
            "http://10.0.0.1",
            "http://172.31.0.1",
            "http://192.168.1.1",
            "http://100.64.0.1",
            "http://printer",
            "http://db.internal",
            "http://[fd00::1]",
            "http://nas.local.",
        ];
        let none = ["http://127.1", "http://2130706433", "http://0x7f000001", "http://1.2.3.0x4", "no"];
        let everywhere = [
            "http://node.example",
            "http://192.0.2.1:7470",
            "https://[2001:db8::1]/base",
            "http://172.32.0.1",
        ];
        for (addresses, range) in [
            (&machine[..], Some(Range::Machine)),
            (&network[..], Some(Range::Network)),
            (&none[..], None),
            (&everywhere[..], Some(Range::Everywhere)),
        ] {
            for address in addresses {
                assert_eq!(range_of(address), range, "{address}");
                let open = range == Some(Range::Everywhere);
                assert_eq!(may_follow("http://a.example", address, false), open, "{address}");
                assert_eq!(
                    may_follow("http://a.example", address, true),
                    open || range == Some(Range::Network),
                    "{address}"
                );
            }
        }
        assert!(may_follow("http://127.0.0.1:1", "http://127.0.0.1:2", false), "a development network");
        assert!(may_follow("http://10.0.0.1", "http://10.0.0.2", false));
        assert!(!may_follow("http://10.0.0.1", "http://127.0.0.1", true));
        assert!(!may_follow("https://a.example", "http://b.example", false), "to what others read");
        assert!(may_follow("https://a.example", "https://b.example", false));
    }
}
