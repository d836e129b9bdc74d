//! Where the network's own nodes are, which actions must not reach.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use quorate_wire::NetworkFile;

/// The places of the nodes, as `host:port`, and the addresses that each was last found at.
#[derive(Debug)]
pub(crate) struct NodeNames(BTreeMap<String, BTreeSet<IpAddr>>);

impl NodeNames {
    pub(crate) fn new(network: &NetworkFile) -> Self {
        let places = network.endpoints.iter().flat_map(|endpoint| {
            let http = url::Url::parse(&endpoint.http).ok();
            let http =
                http.and_then(|url| Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?)));
            http.into_iter().chain([endpoint.quic.clone()])
        });
        NodeNames(places.map(|place| (place, BTreeSet::new())).collect())
    }

    /// The hosts, in lower case.
    pub(crate) fn hosts(&self) -> BTreeSet<String> {
        let host = |place: &String| {
            let host = place.rsplit_once(':').map_or(place.as_str(), |(host, _)| host);
            host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
        };
        self.0.keys().map(host).collect()
    }

    /// Looks all of them up, side by side.
    pub(crate) async fn look_up(&mut self) {
        let mut looking = tokio::task::JoinSet::new();
        for place in self.0.keys().cloned() {
            looking.spawn(async move {
                let found = tokio::net::lookup_host(&place).await.ok();
                let found = found.map(|all| all.map(|address| address.ip()).collect());
                (place, found)
            });
        }
        while let Some(looked) = looking.join_next().await {
            if let Ok((place, found)) = looked {
                self.found(&place, found);
            }
        }
    }

    /// A node whose name is not found for a while is still where it was.
    fn found(&mut self, place: &str, found: Option<BTreeSet<IpAddr>>) {
        if let (Some(known), Some(found)) = (self.0.get_mut(place), found) {
            *known = found;
        }
    }

    pub(crate) fn addresses(&self) -> BTreeSet<IpAddr> {
        self.0.values().flatten().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_whose_name_is_not_found_stays_where_it_was() {
        let mut network = crate::testing::network();
        network.endpoints[0].http = "https://Node.example./".to_owned();
        let mut names = NodeNames::new(&network);
        assert!(names.hosts().contains("node.example"), "{names:?}");
        let (old, new): (IpAddr, IpAddr) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let place = "node.example.:443";
        names.found(place, Some([old].into()));
        names.found(place, None);
        assert!(names.addresses().contains(&old));
        names.found(place, Some([new].into()));
        assert!(names.addresses().contains(&new) && !names.addresses().contains(&old));
    }
}
