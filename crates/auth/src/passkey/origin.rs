//! Relying parties and their origins, in the one form in which browsers write them.

/// Longest name of a domain.
const DOMAIN_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;
/// The one name without a dot, and the one host to which plain http is a secure context.
const LOCALHOST: &str = "localhost";

/// Whether a text is a relying party's id: `localhost`, or a domain of at least two labels of lower-case ASCII. An IP
/// address is none.
pub(super) fn is_rp_id(text: &str) -> bool {
    text == LOCALHOST || (text.contains('.') && is_host(text))
}

/// Whether an origin is one at which a credential of this relying party may be used: its own host, or a host below it,
/// by https. `localhost` may be asked by http.
pub(super) fn is_origin_of(origin: &str, rp_id: &str) -> bool {
    if let Some(authority) = origin.strip_prefix("https://") {
        let (host, port) = split_port(authority);
        let below = host.strip_suffix(rp_id).and_then(|rest| rest.strip_suffix('.'));
        return is_host(host)
            && port.is_none_or(|port| is_port(port, 443))
            && (host == rp_id || below.is_some());
    }
    origin.strip_prefix("http://").is_some_and(|authority| {
        let (host, port) = split_port(authority);
        host == LOCALHOST && rp_id == LOCALHOST && port.is_none_or(|port| is_port(port, 80))
    })
}

fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    }
}

/// A port in its one form, which is left out where it is the scheme's own.
fn is_port(text: &str, own: u16) -> bool {
    text.parse::<u16>().is_ok_and(|port| port != 0 && port != own && port.to_string() == text)
}

fn is_host(text: &str) -> bool {
    let last = text.rsplit('.').next().unwrap_or_default();
    // Browsers read a host whose last label is a number as an IPv4 address.
    let numeric = last.bytes().all(|byte| byte.is_ascii_digit())
        || last.strip_prefix("0x").is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    text.len() <= DOMAIN_BYTES_MAX && !numeric && text.split('.').all(is_label)
}

fn is_label(text: &str) -> bool {
    (1..=LABEL_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relying_party_is_a_domain_in_its_one_form() {
        let long = format!("{}.com", "a.".repeat(125));
        for good in ["example.com", "a.b.example.com", "localhost", "xn--bcher-kva.example", "1.example"] {
            assert!(is_rp_id(good), "{good}");
        }
        let bad = [
            "",
            "com",
            "example.com.",
            "Example.com",
            "example.com:443",
            "127.0.0.1",
            "1.2",
            "a.0x1f",
            "a.0x",
            "[::1]",
            "::1",
            "bücher.example",
            "a..b",
            ".example.com",
            "-a.example",
            "a-.example",
            "a_b.example",
            "a b.example",
            "https://example.com",
            "example.com/",
            "*.example.com",
            long.as_str(),
        ];
        for bad in bad {
            assert!(!is_rp_id(bad), "{bad}");
        }
        assert!(!is_rp_id(&format!("{}.com", "a".repeat(64))));
        assert!(is_rp_id(&format!("{}.com", "a".repeat(63))));
    }

    #[test]
    fn an_origin_is_of_the_relying_party_or_below_it() {
        let good = [
            ("https://example.com", "example.com"),
            ("https://login.example.com", "example.com"),
            ("https://a.b.example.com:8443", "example.com"),
            ("http://localhost", "localhost"),
            ("http://localhost:3000", "localhost"),
            ("https://localhost:3000", "localhost"),
        ];
        for (origin, rp_id) in good {
            assert!(is_origin_of(origin, rp_id), "{origin} {rp_id}");
        }
        let bad = [
            "",
            "null",
            "example.com",
            "http://example.com",
            "https://example.org",
            "https://badexample.com",
            "https://example.com.evil.org",
            "https://com",
            "https://example.com/",
            "https://example.com:443",
            "https://example.com:0443",
            "https://example.com:",
            "https://example.com:0",
            "https://example.com:65536",
            "https://example.com:+1",
            "https://example.com:1:2",
            "https://Example.com",
            "https://example.com.",
            "https://.example.com",
            "https://a..example.com",
            "https://user@example.com",
            "HTTPS://example.com",
            "https://example.com?x",
            "https://example.com#x",
            "https://evil.org#.example.com",
            "https://evil.org/.example.com",
            "https://evil.org\\.example.com",
            "android:apk-key-hash:example.com",
        ];
        for origin in bad {
            assert!(!is_origin_of(origin, "example.com"), "{origin}");
        }
        for origin in ["http://localhost:80", "http://a.localhost", "http://localhost.", "http://127.0.0.1"] {
            assert!(!is_origin_of(origin, "localhost"), "{origin}");
        }
        assert!(!is_origin_of("http://localhost", "example.com"));
    }
}
