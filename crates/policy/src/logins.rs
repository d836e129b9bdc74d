//! May a login be for this domain?

use std::sync::Arc;

use quorate_wire::{ErrorCode, LoginDomains, Problem};

use crate::{At, ReadRegistry};

/// The login domains by both readings of a node: its own finalized block, and its own latest head.
#[derive(Debug, Clone)]
pub struct LoginRule {
    /// At the finalized block.
    pub finalized: Arc<LoginDomains>,
    /// At the latest head.
    pub latest: Arc<LoginDomains>,
    /// Whether `localhost` stands for its ports, see [`LoginDomains::takes`].
    pub development: bool,
}

impl LoginRule {
    /// Reads the Directory at both heads.
    #[must_use]
    pub fn read(registry: &dyn ReadRegistry, development: bool) -> Self {
        let [finalized, latest] = [At::Finalized, At::Latest].map(|at| registry.login_domains(at));
        Self { finalized, latest, development }
    }

    /// Whether a login for this domain counts now: both readings list it. So a domain that is taken out counts no longer
    /// at once, and one that is added waits for finality.
    ///
    /// # Errors
    /// `login_invalid`.
    pub fn check(&self, domain: &str) -> Result<(), Problem> {
        let lists = |domains: &LoginDomains| domains.takes(domain, self.development);
        if lists(&self.finalized) && lists(&self.latest) {
            return Ok(());
        }
        let detail = "the login is for a domain that is not one of this network's";
        Err(Problem::new(ErrorCode::LoginInvalid, detail))
    }

    /// Every domain by which a text can be a login: those of either reading, since a text that is taken for a login needs
    /// a scope of its own.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names = self.finalized.names().to_vec();
        names.extend(
            self.latest.names().iter().filter(|name| !self.finalized.names().contains(name)).cloned(),
        );
        names
    }

    /// The domains that logins can be for now.
    #[must_use]
    pub fn taken(&self) -> Vec<String> {
        self.names().into_iter().filter(|name| self.check(name).is_ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(finalized: &[&str], latest: &[&str]) -> LoginRule {
        let of = |names: &[&str]| {
            Arc::new(LoginDomains::new(names.iter().map(|name| (*name).to_owned()).collect()).unwrap())
        };
        LoginRule { finalized: of(finalized), latest: of(latest), development: false }
    }

    #[test]
    fn a_domain_counts_where_both_readings_list_it() {
        let rule = rule(&["old", "both"], &["both", "new"]);
        assert_eq!(rule.check("both"), Ok(()));
        for other in ["old", "new", "none"] {
            assert_eq!(rule.check(other).unwrap_err().code, ErrorCode::LoginInvalid, "{other}");
        }
        assert_eq!(rule.taken(), ["both"]);
        assert_eq!(rule.names(), ["old", "both", "new"], "any of them makes a text a login");
    }
}
