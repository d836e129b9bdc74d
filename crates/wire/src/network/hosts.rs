//! The network's list of hosts: one text for each host, as its hash is part of the network id.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Entries at most: every request of an action is compared with each.
const ENTRIES_MAX: usize = 1_024;
/// A name and one of its labels, as DNS bounds them.
const NAME_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;

/// Checks a list.
///
/// # Errors
/// A sentence for the operator, with the entry that is wrong.
pub(super) fn check(entries: &[String]) -> Result<(), String> {
    if entries.len() > ENTRIES_MAX {
        return Err(format!("allow_hosts has {} entries, at most are {ENTRIES_MAX}", entries.len()));
    }
    for (place, entry) in entries.iter().enumerate() {
        if !is_entry(entry) {
            return Err(format!(
                "allow_hosts: {entry:?} is neither a host nor *.domain, in lower case, without scheme, port or a dot at \
                 its end; other letters are written in punycode (xn--…)"
            ));
        }
        if entries[..place].contains(entry) {
            return Err(format!("allow_hosts names {entry:?} twice"));
        }
    }
    Ok(())
}

fn is_entry(entry: &str) -> bool {
    match entry.strip_prefix("*.") {
        Some(domain) => is_name(domain),
        None => is_name(entry) || is_address(entry),
    }
}

fn is_name(name: &str) -> bool {
    let label = |label: &str| {
        (1..=LABEL_BYTES_MAX).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte))
    };
    // A name that ends in a number is an address to whoever reads URLs.
    let last = name.rsplit('.').next().unwrap_or_default();
    let numeric = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x");
    name.len() <= NAME_BYTES_MAX && name.split('.').all(label) && !numeric
}

/// An address in the one text that it has.
fn is_address(text: &str) -> bool {
    let v4 = text.parse::<Ipv4Addr>().is_ok_and(|address| address.to_string() == text);
    let v6 = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    v4 || v6.is_some_and(|text| text.parse::<Ipv6Addr>().is_ok_and(|address| address.to_string() == text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_has_one_text() {
        for entry in [
            "api.example.org",
            "*.example.org",
            "localhost",
            "xn--bcher-kva.example",
            "a_b.example",
            "192.0.2.7",
            "[2001:db8::1]",
            "3com.example",
        ] {
            assert_eq!(check(&[entry.to_owned()]), Ok(()), "{entry}");
        }
        for entry in [
            "",
            "*",
            "*.",
            ".",
            "Example.org",
            "example.org.",
            ".example.org",
            "a..b",
            "a.*.org",
            "**.org",
            "*.192.0.2.7",
            "https://example.org",
            "example.org:443",
            "example.org/",
            "user@example.org",
            "bücher.example",
            "a b",
            "192.0.2",
            "192.0.2.07",
            "0x7f.1",
            "1.0x1",
            "2001:db8::1",
            "[2001:DB8::1]",
            "[2001:db8:0::1]",
            &"a".repeat(64),
            &"a.".repeat(130),
        ] {
            assert!(check(&[entry.to_owned()]).is_err_and(|error| error.contains(entry)), "{entry}");
        }
    }

    #[test]
    fn a_list_is_bounded_and_without_doubles() {
        let many = |count: usize| (0..count).map(|number| format!("h{number}.example")).collect::<Vec<_>>();
        assert_eq!(check(&many(ENTRIES_MAX)), Ok(()));
        assert!(check(&many(ENTRIES_MAX + 1)).is_err());
        assert!(check(&["a.example".to_owned(), "a.example".to_owned()]).is_err());
    }
}
