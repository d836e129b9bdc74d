//! May a login be for this domain?

use std::sync::Arc;

use quorate_auth::{Method, Who};
use quorate_wire::{ErrorCode, IssuerRule, Issuers, LoginDomains, Problem};

use crate::{At, ReadRegistry};

/// What logins may be for by both readings of a node: its own finalized block, and its own latest head.
#[derive(Debug, Clone)]
pub struct LoginRule {
    /// At the finalized block.
    pub finalized: LoginLists,
    /// At the latest head.
    pub latest: LoginLists,
    /// Whether `localhost` stands for its ports, see [`LoginDomains::takes`], and issuers of this machine need no TLS.
    pub development: bool,
}

/// What logins may be for, by one reading of the Directory.
#[derive(Debug, Clone, Default)]
pub struct LoginLists {
    /// Domains of wallets' texts, and relying parties of passkeys.
    pub domains: Arc<LoginDomains>,
    /// Issuers of OpenID Connect.
    pub issuers: Arc<Issuers>,
}

impl LoginRule {
    /// Reads the Directory at both heads.
    #[must_use]
    pub fn read(registry: &dyn ReadRegistry, development: bool) -> Self {
        let [finalized, latest] = [At::Finalized, At::Latest]
            .map(|at| LoginLists { domains: registry.login_domains(at), issuers: registry.issuers(at) });
        Self { finalized, latest, development }
    }

    /// Whether a login by all these methods counts now: both readings list the audience of each. So what is taken out counts
    /// no longer at once, and what is added waits for finality.
    ///
    /// # Errors
    /// `login_invalid` or `login_issuer_unknown`.
    pub fn check(&self, methods: &[Method]) -> Result<(), Problem> {
        methods.iter().try_for_each(|method| match &method.who {
            Who::Wallet(_) if self.takes(&method.audience, self.development) => Ok(()),
            Who::Wallet(_) => {
                let detail = "the login is for a domain that is not one of this network's";
                Err(Problem::new(ErrorCode::LoginInvalid, detail))
            }
            // A relying party has no port.
            Who::Passkey { .. } if self.takes(&method.audience, false) => Ok(()),
            Who::Passkey { .. } => {
                let detail = "the passkey is for a domain that is not one of this network's";
                Err(Problem::new(ErrorCode::LoginInvalid, detail))
            }
            // By the very rule that it was taken by: who votes another one wants all of it checked anew.
            Who::Oidc { issuer, rule, .. } => match self.issuer(issuer) {
                Some(now) if now.digest() == *rule => Ok(()),
                Some(_) => {
                    let detail = "the network's rule for the issuer has changed; log in anew";
                    Err(Problem::new(ErrorCode::LoginIssuerUnknown, detail))
                }
                None => Err(ErrorCode::LoginIssuerUnknown.into()),
            },
        })
    }

    fn takes(&self, domain: &str, development: bool) -> bool {
        let lists = |lists: &LoginLists| lists.domains.takes(domain, development);
        lists(&self.finalized) && lists(&self.latest)
    }

    /// The rule of whoever a token names as its `iss`, if both readings have it, and the same.
    #[must_use]
    pub fn issuer(&self, iss: &str) -> Option<&IssuerRule> {
        let rule = self.latest.issuers.named(iss)?;
        let same = self.finalized.issuers.named(iss) == Some(rule);
        (same && (self.development || !rule.is_plain())).then_some(rule)
    }

    /// Issuers whose tokens can be logins now.
    #[must_use]
    pub fn issuers(&self) -> Vec<&IssuerRule> {
        let rules = self.latest.issuers.rules().iter();
        rules.filter_map(|rule| self.issuer(&rule.issuer)).collect()
    }

    /// Every domain by which a text can be a login: those of either reading, since a text that is taken for a login needs
    /// a scope of its own.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let (finalized, latest) = (&self.finalized.domains, &self.latest.domains);
        let mut names = finalized.names().to_vec();
        names.extend(latest.names().iter().filter(|name| !finalized.names().contains(name)).cloned());
        names
    }

    /// The domains that logins can be for now.
    #[must_use]
    pub fn taken(&self) -> Vec<String> {
        self.names().into_iter().filter(|name| self.takes(name, self.development)).collect()
    }
}

#[cfg(test)]
mod tests {
    use quorate_auth::Session;
    use quorate_wire::{Address, Digest, LoginId, SessionKey, TokenAlgorithm};

    use super::*;

    fn rule(finalized: &[&str], latest: &[&str]) -> LoginRule {
        let of = |names: &[&str]| {
            let domains = LoginDomains::new(names.iter().map(|name| (*name).to_owned()).collect()).unwrap();
            LoginLists { domains: Arc::new(domains), issuers: Arc::default() }
        };
        LoginRule { finalized: of(finalized), latest: of(latest), development: false }
    }

    #[test]
    fn a_domain_counts_where_both_readings_list_it() {
        let rule = rule(&["old", "both"], &["both", "new"]);
        let check = |domain: &str| {
            let session = Session::of_wallet(SessionKey([1; 32]), Address([2; 20]), domain);
            rule.check(&session.methods).map_err(|problem| problem.code)
        };
        assert_eq!(check("both"), Ok(()));
        for other in ["old", "new", "none"] {
            assert_eq!(check(other), Err(ErrorCode::LoginInvalid), "{other}");
        }
        assert_eq!(rule.taken(), ["both"]);
        assert_eq!(rule.names(), ["old", "both", "new"], "any of them makes a text a login");
    }

    fn by_issuer(issuer: &str, rule: Digest) -> [Method; 1] {
        let (issuer, subject) = (issuer.to_owned(), "s".to_owned());
        let who = Who::Oidc { issuer, subject, rule, auth_time_s: None };
        [Method { who, id: LoginId(Digest([1; 32])), audience: "client".to_owned(), proven_ms: 0 }]
    }

    #[test]
    fn an_issuer_counts_where_both_readings_have_the_same_rule() {
        let issuer = |url: &str, algorithm| IssuerRule {
            name: "x".to_owned(),
            issuer: url.to_owned(),
            aliases: vec![format!("{url}/alias")],
            algorithms: vec![algorithm],
            jwks_uri: None,
        };
        let lists = |rules: &[IssuerRule]| LoginLists {
            issuers: Arc::new(Issuers::new(rules.to_vec()).unwrap()),
            ..LoginLists::default()
        };
        let (both, plain) = ("https://both.example", "http://localhost:1");
        let [rsa, ed] = [TokenAlgorithm::Rs256, TokenAlgorithm::EdDsa];
        let of = |development| LoginRule {
            finalized: lists(&[
                issuer(both, rsa),
                issuer("https://changed.example", rsa),
                issuer(plain, rsa),
            ]),
            latest: lists(&[issuer(both, rsa), issuer("https://changed.example", ed), issuer(plain, rsa)]),
            development,
        };
        let check = |rule: &LoginRule, issuer: &str| {
            let by = by_issuer(
                issuer,
                rule.latest.issuers.rule(issuer).map_or(Digest([0; 32]), IssuerRule::digest),
            );
            rule.check(&by).map_err(|problem| problem.code)
        };
        assert_eq!(check(&of(false), both), Ok(()));
        assert_eq!(
            of(false).issuer("https://both.example/alias").map(|rule| rule.issuer.as_str()),
            Some(both)
        );
        for other in ["https://changed.example", plain, "https://other.example"] {
            assert_eq!(check(&of(false), other), Err(ErrorCode::LoginIssuerUnknown), "{other}");
        }
        assert_eq!(check(&of(true), plain), Ok(()), "in development");
        assert_eq!(of(false).issuers().len(), 1);
        let taken_before = of(false).check(&by_issuer(both, issuer(both, ed).digest()));
        assert_eq!(taken_before.map_err(|problem| problem.code), Err(ErrorCode::LoginIssuerUnknown));
    }

    #[test]
    fn a_relying_party_is_a_domain_without_a_port() {
        let rule = LoginRule { development: true, ..rule(&["localhost"], &["localhost"]) };
        let of = |rp_id: &str| {
            let who = Who::Passkey { public_key: vec![1], credential_id: None };
            let method =
                Method { who, id: LoginId(Digest([1; 32])), audience: rp_id.to_owned(), proven_ms: 0 };
            rule.check(&[method]).is_ok()
        };
        assert!(of("localhost") && !of("localhost:1") && !of("example"));
    }
}
