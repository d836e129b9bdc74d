//! Domains that a login may be for: a named value of the Directory.

use crate::{check_strict, limits::DIRECTORY_VALUE_BYTES_MAX};

/// The login domains of a network, as a value of its Directory has them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoginDomains(Vec<String>);

impl LoginDomains {
    /// The value's name in the Directory.
    pub const NAME: &str = "login-domains";
    /// Most domains that a network has.
    pub const COUNT_MAX: usize = 64;

    /// Reads a value: a JSON array of different domains, each `HOST` or `HOST:PORT` in small letters. No bytes at all are
    /// no domain.
    ///
    /// # Errors
    /// A sentence for operators.
    pub fn parse(value: &[u8]) -> Result<Self, String> {
        if value.is_empty() {
            return Ok(Self::default());
        }
        check_strict(value).map_err(|error| error.to_string())?;
        let domains: Vec<String> = serde_json::from_slice(value).map_err(|error| error.to_string())?;
        Self::new(domains)
    }

    /// Checks a list.
    ///
    /// # Errors
    /// A sentence that names what is wrong.
    pub fn new(domains: Vec<String>) -> Result<Self, String> {
        if domains.len() > Self::COUNT_MAX {
            return Err(format!(
                "{} login domains; a network has at most {}",
                domains.len(),
                Self::COUNT_MAX
            ));
        }
        for (place, domain) in domains.iter().enumerate() {
            check(domain)?;
            if domains[..place].contains(domain) {
                return Err(format!("{domain:?} is named twice"));
            }
        }
        let domains = Self(domains);
        let bytes = domains.value().len();
        if bytes > DIRECTORY_VALUE_BYTES_MAX {
            return Err(format!(
                "the list has {bytes} bytes, a value has at most {DIRECTORY_VALUE_BYTES_MAX}"
            ));
        }
        Ok(domains)
    }

    /// The value for the Directory.
    #[must_use]
    pub fn value(&self) -> Vec<u8> {
        serde_json::to_vec(&self.0).expect("texts are JSON")
    }

    /// The domains.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// Whether a login for this domain is taken: one of the list, with the port that stands there. In a development
    /// network `localhost` stands for every port of it, as servers there take what is free.
    #[must_use]
    pub fn takes(&self, domain: &str, development: bool) -> bool {
        let listed = |domain: &str| self.0.iter().any(|listed| listed == domain);
        let local = || domain.strip_prefix("localhost:").is_some_and(is_port);
        listed(domain) || (development && listed("localhost") && local())
    }
}

fn check(domain: &str) -> Result<(), String> {
    let (host, port) = match domain.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => (address.parse::<std::net::Ipv6Addr>().is_ok(), port),
        None => {
            let end = domain.find(':').unwrap_or(domain.len());
            (is_host(&domain[..end]), &domain[end..])
        }
    };
    let sound = host && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port));
    let reason = || format!("{domain:?} is no login domain: HOST or HOST:PORT in small letters");
    if sound { Ok(()) } else { Err(reason()) }
}

/// A DNS name or an IPv4 address, in small letters.
fn is_host(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let label = |label: &str| {
        !label.is_empty() && !label.starts_with('-') && !label.ends_with('-') && label.bytes().all(letter)
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// A port in its one decimal form.
fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok_and(|port| port > 0 && port.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(domains: &[&str]) -> LoginDomains {
        LoginDomains::new(domains.iter().map(|domain| (*domain).to_owned()).collect()).unwrap()
    }

    #[test]
    fn in_development_localhost_stands_for_its_ports() {
        let domains = of(&["localhost", "app.example"]);
        for domain in ["localhost:5173", "localhost:1"] {
            assert!(!domains.takes(domain, false), "{domain}");
            assert!(domains.takes(domain, true), "{domain}");
        }
        for other in [
            "localhost:0",
            "localhost:05173",
            "localhost:",
            "localhost:5173:1",
            "localhost:5173.evil.example",
            "localhost.evil.example:1",
            "app.example:5173",
        ] {
            assert!(!domains.takes(other, true), "{other}");
        }
        assert!(!of(&["app.example"]).takes("localhost:5173", true), "not if it is not listed");
    }

    #[test]
    fn login_domains_are_hosts_with_or_without_a_port() {
        for domain in ["localhost", "app.example", "app.example:8443", "[::1]", "[::1]:3000", "127.0.0.1:80"]
        {
            assert_eq!(check(domain), Ok(()), "{domain}");
        }
        let none = "|App.example|https://app.example|app.example/|app.example:|app.example:0|app.example:99999|a..b|\
            -a.example|[::1|[::1]x|[::1]:|[x]|a b|a:1:2";
        for domain in none.split('|') {
            assert!(check(domain).is_err(), "{domain}");
        }
    }

    #[test]
    fn a_value_is_a_strict_list_or_nothing() {
        assert_eq!(LoginDomains::parse(b""), Ok(LoginDomains::default()));
        let long = |host: usize| format!("{}.{host}", ["a".repeat(63).as_str(); 3].join("."));
        assert!(LoginDomains::new((0..21).map(long).collect()).unwrap_err().contains("4096"));
        let domains = of(&["localhost", "app.example:8443"]);
        assert_eq!(LoginDomains::parse(&domains.value()), Ok(domains));
        let many = serde_json::to_vec(&(0..65).map(|host| format!("h{host}")).collect::<Vec<_>>()).unwrap();
        for value in
            [&b"{}"[..], b"[1]", b"[\"A\"]", b"[\"a\",\"a\"]", b"[\"a\"] x", b"[\"a\"", b"\xff", b" ", &many]
        {
            assert!(LoginDomains::parse(value).is_err(), "{}", String::from_utf8_lossy(value));
        }
    }
}
