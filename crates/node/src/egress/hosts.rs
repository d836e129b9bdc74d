//! The list of hosts that an operator allows.

/// Hosts by name: `example.org` means that host, `*.example.org` every host below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostList(Vec<Entry>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    Host(String),
    Below(String),
}

impl HostList {
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
    fn says_which_entry_is_none() {
        for entry in ["", "*", "*.", "a b", "https://example.org", "a.*.org", "*.192.0.2.1", "example.org."] {
            assert_eq!(HostList::new(&[entry.to_owned()]), Err(entry.to_owned()), "{entry}");
        }
    }
}
