//! Issuers whose ID tokens are logins: a named value of the Directory.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{Digest, Transcript, check_strict, limits::DIRECTORY_VALUE_BYTES_MAX};

/// The issuers of a network, as a value of its Directory has them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Issuers(Vec<IssuerRule>);

/// One issuer of OpenID Connect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerRule {
    /// A name for people.
    pub name: String,
    /// Its identifier, as discovery states it: the `iss` of its tokens. It is in the ids of everybody who logs in by it.
    pub issuer: String,
    /// Other texts that its tokens have as `iss`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// The algorithms that its tokens are signed by.
    pub algorithms: Vec<TokenAlgorithm>,
    /// Where its keys are, if not where its discovery document says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
}

/// An algorithm of JSON Web Signature by which an ID token may be signed (RFC 7518, RFC 8037).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    #[serde(rename = "ES256")]
    Es256,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl Issuers {
    /// The value's name in the Directory.
    pub const NAME: &str = "issuers";
    /// Most issuers that a network has.
    pub const COUNT_MAX: usize = 16;

    /// Reads a value: a JSON array of [`IssuerRule`]. No bytes at all are no issuer.
    ///
    /// # Errors
    /// A sentence for operators.
    pub fn parse(value: &[u8]) -> Result<Self, String> {
        if value.is_empty() {
            return Ok(Self::default());
        }
        check_strict(value).map_err(|error| error.to_string())?;
        let rules: Vec<IssuerRule> = serde_json::from_slice(value).map_err(|error| error.to_string())?;
        Self::new(rules)
    }

    /// Checks a list: each identifier, and each other text for one, stands for one issuer.
    ///
    /// # Errors
    /// A sentence that names what is wrong.
    pub fn new(rules: Vec<IssuerRule>) -> Result<Self, String> {
        if rules.len() > Self::COUNT_MAX {
            return Err(format!("{} issuers; a network has at most {}", rules.len(), Self::COUNT_MAX));
        }
        let mut texts = Vec::new();
        for rule in &rules {
            rule.check()?;
            for text in std::iter::once(&rule.issuer).chain(&rule.aliases) {
                if texts.contains(&text) {
                    return Err(format!("{text:?} is named twice"));
                }
                texts.push(text);
            }
        }
        let issuers = Self(rules);
        let bytes = issuers.value().len();
        if bytes > DIRECTORY_VALUE_BYTES_MAX {
            return Err(format!(
                "the list has {bytes} bytes, a value has at most {DIRECTORY_VALUE_BYTES_MAX}"
            ));
        }
        Ok(issuers)
    }

    /// The value for the Directory.
    #[must_use]
    pub fn value(&self) -> Vec<u8> {
        serde_json::to_vec(&self.0).expect("texts are JSON")
    }

    /// The rules.
    #[must_use]
    pub fn rules(&self) -> &[IssuerRule] {
        &self.0
    }

    /// The rule of an issuer, by its own identifier.
    #[must_use]
    pub fn rule(&self, issuer: &str) -> Option<&IssuerRule> {
        self.0.iter().find(|rule| rule.issuer == issuer)
    }

    /// The rule of whoever a token names as its `iss`.
    #[must_use]
    pub fn named(&self, iss: &str) -> Option<&IssuerRule> {
        self.0.iter().find(|rule| rule.issuer == iss || rule.aliases.iter().any(|alias| alias == iss))
    }
}

impl IssuerRule {
    fn check(&self) -> Result<(), String> {
        let (name, issuer) = (&self.name, &self.issuer);
        if name.is_empty() || name.len() > 64 || name.chars().any(char::is_control) {
            return Err(format!("{name:?} is no name: 1 to 64 bytes without control characters"));
        }
        check_url(issuer)?;
        if let Some(uri) = &self.jwks_uri {
            check_url(uri)?;
        }
        let printable = |text: &String| {
            !text.is_empty() && text.len() <= 255 && text.bytes().all(|byte| byte.is_ascii_graphic())
        };
        if self.aliases.len() > 4 || !self.aliases.iter().all(printable) {
            return Err(format!("{issuer}: at most 4 other texts, each of 1 to 255 printable characters"));
        }
        let twice = self.algorithms.iter().enumerate().any(|(place, a)| self.algorithms[..place].contains(a));
        if self.algorithms.is_empty() || twice {
            return Err(format!("{issuer}: algorithms are one or more of RS256, ES256 and EdDSA, each once"));
        }
        Ok(())
    }

    /// What a login remembers of the rule by which it was taken: transcript `quorate/issuer-rule/v1` over the rule as JSON.
    ///
    /// # Panics
    /// Never: texts are JSON.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let text = serde_json::to_vec(self).expect("texts are JSON");
        Digest(Transcript::new("quorate/issuer-rule/v1").field(&text).finish())
    }

    /// Whether it or its keys are reached without TLS, which only loopback addresses in development networks may be.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        std::iter::once(&self.issuer).chain(&self.jwks_uri).any(|url| url.starts_with("http://"))
    }
}

/// An https URL, or an http URL of this machine, without a user, a query or a fragment.
fn check_url(url: &str) -> Result<(), String> {
    let wrong = |what: &str| Err(format!("{url:?} is no address of an issuer: {what}"));
    if url.len() > 255 || !url.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\<>^`{|}".contains(&byte))
    {
        return wrong("at most 255 characters of a URL");
    }
    if url.contains(['?', '#', '@']) {
        return wrong("without a user, a query or a fragment");
    }
    let host_of = |rest: &str| -> String {
        let authority = rest.split('/').next().unwrap_or_default();
        let bracketed = authority.strip_prefix('[').and_then(|inner| inner.split_once(']'));
        match bracketed {
            Some((address, _)) => address.to_owned(),
            None => authority.split(':').next().unwrap_or_default().to_owned(),
        }
    };
    if let Some(rest) = url.strip_prefix("https://") {
        return if host_of(rest).is_empty() { wrong("without a host") } else { Ok(()) };
    }
    let Some(rest) = url.strip_prefix("http://") else { return wrong("it begins with https://") };
    let host = host_of(rest);
    let local = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    if local { Ok(()) } else { wrong("http:// is for this machine only") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(issuer: &str) -> IssuerRule {
        IssuerRule {
            name: "Example".to_owned(),
            issuer: issuer.to_owned(),
            aliases: Vec::new(),
            algorithms: vec![TokenAlgorithm::Rs256],
            jwks_uri: None,
        }
    }

    #[test]
    fn an_issuer_is_found_by_each_of_its_texts_and_none_has_two() {
        let google = IssuerRule {
            aliases: vec!["accounts.google.com".to_owned()],
            ..rule("https://accounts.google.com")
        };
        let issuers = Issuers::new(vec![google.clone(), rule("http://localhost:8080/oidc")]).unwrap();
        assert_eq!(issuers.named("accounts.google.com"), Some(&google));
        assert_eq!(issuers.rule("accounts.google.com"), None);
        assert_eq!(issuers.named("https://accounts.google.com/"), None);
        assert_eq!(Issuers::parse(&issuers.value()), Ok(issuers));
        assert!(Issuers::new(vec![google.clone(), rule("https://a.example"), google]).is_err());
    }

    #[test]
    fn addresses_are_https_or_of_this_machine() {
        for good in
            ["https://a.example", "https://a.example:8443/x", "http://127.0.0.1:1", "http://[::1]:1/x"]
        {
            assert_eq!(rule(good).check(), Ok(()), "{good}");
        }
        for bad in [
            "",
            "https://",
            "http://a.example",
            "http://127.0.0.1.evil.example",
            "https://user@a.example",
            "https://a.example/?x",
            "https://a.example/#x",
            "ftp://a.example",
            "https://a.example/ö",
        ] {
            assert!(rule(bad).check().is_err(), "{bad}");
        }
        assert!(rule("http://localhost:1").is_plain() && !rule("https://a.example").is_plain());
    }

    #[test]
    fn algorithms_are_a_closed_list() {
        let text = |algorithms: &str| {
            let value = format!(r#"[{{"name":"x","issuer":"https://a.example","algorithms":{algorithms}}}]"#);
            Issuers::parse(value.as_bytes()).is_ok()
        };
        assert!(text(r#"["RS256","EdDSA"]"#));
        for bad in [r#"[]"#, r#"["none"]"#, r#"["HS256"]"#, r#"["RS256","RS256"]"#] {
            assert!(!text(bad), "{bad}");
        }
    }
}
