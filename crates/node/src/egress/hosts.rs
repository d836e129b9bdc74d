//! The lists of hosts that an operator and the network allow.

/// Hosts by name: `example.org` means that host, `*.example.org` every host below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostList(Vec<Entry>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    Host(String),
    Below(String),
}

impl HostList {
    /// The operator's list, unless it is empty, and the network's, if there is one.
    ///
    /// # Errors
    /// Where an entry is none.
    pub(crate) fn all(of_operator: &[String], of_network: Option<&[String]>) -> Result<Vec<Self>, String> {
        let operators = (!of_operator.is_empty()).then_some(("egress.allow_hosts", of_operator));
        let networks = of_network.map(|entries| ("allow_hosts of the network file", entries));
        let read = |(whose, entries)| {
            Self::new(entries).map_err(|entry| format!("{whose}: {entry:?} is neither a host nor *.domain"))
        };
        operators.into_iter().chain(networks).map(read).collect()
    }

    /// Reads the entries; says which one is none.
    pub(crate) fn new(entries: &[String]) -> Result<Self, String> {
        entries.iter().map(|text| read(text).ok_or_else(|| text.clone())).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a host, as a URL has it, is allowed.
    pub(crate) fn contains(&self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        self.0.iter().any(|entry| match entry {
            Entry::Host(name) => name == host,
            Entry::Below(name) => host.strip_suffix(name.as_str()).is_some_and(|rest| rest.ends_with('.')),
        })
    }
}

/// An entry in the form that hosts of URLs have: lower case, punycode, addresses as they are usually written.
fn read(text: &str) -> Option<Entry> {
    let (below, name) = match text.strip_prefix("*.") {
        Some(name) => (true, name),
        None => (false, text),
    };
    let host = url::Host::parse(name).ok()?;
    let plain = !name.ends_with('.') && !name.contains('*');
    match (below, &host) {
        (true, url::Host::Domain(name)) if plain => Some(Entry::Below(name.clone())),
        (false, _) if plain => Some(Entry::Host(host.to_string())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(entries: &[&str]) -> HostList {
        HostList::new(&entries.iter().map(|&entry| entry.to_owned()).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn a_host_is_itself_and_a_star_is_what_is_below() {
        let list =
            list(&["api.example.org", "*.Example.com", "bücher.example", "192.0.2.7", "[2001:db8::1]"]);
        for host in [
            "api.example.org",
            "api.example.org.",
            "a.example.com",
            "a.b.example.com",
            "xn--bcher-kva.example",
            "192.0.2.7",
            "[2001:db8::1]",
        ] {
            assert!(list.contains(host), "{host}");
        }
        for host in [
            "",
            "example.org",
            "evil-api.example.org",
            "api.example.org.evil.test",
            "example.com",
            "aexample.com",
            ".example.com.evil.test",
            "192.0.2.8",
            "[2001:db8::2]",
        ] {
            assert!(!list.contains(host), "{host}");
        }
    }

    #[test]
    fn the_network_has_a_list_beside_the_operators() {
        let entries = |list: &[&str]| list.iter().map(|&entry| entry.to_owned()).collect::<Vec<_>>();
        let allows = |operator: &[&str], network: Option<&[&str]>, host: &str| {
            let network = network.map(entries);
            let lists = HostList::all(&entries(operator), network.as_deref()).unwrap();
            lists.iter().all(|list| list.contains(host))
        };
        assert!(allows(&[], None, "a.example"));
        assert!(allows(&[], Some(&["*.example"]), "a.example"));
        assert!(!allows(&[], Some(&["b.example"]), "a.example"));
        assert!(!allows(&[], Some(&[]), "a.example"), "an empty list of the network is a list");
        assert!(allows(&["a.example"], Some(&["*.example"]), "a.example"));
        assert!(!allows(&["b.example"], Some(&["*.example"]), "a.example"));
        assert!(HostList::all(&[], Some(&entries(&["*"]))).unwrap_err().contains("network file"));
    }

    #[test]
    fn says_which_entry_is_none() {
        for entry in ["", "*", "*.", "a b", "https://example.org", "a.*.org", "*.192.0.2.1", "example.org."] {
            assert_eq!(HostList::new(&[entry.to_owned()]), Err(entry.to_owned()), "{entry}");
        }
    }
}
