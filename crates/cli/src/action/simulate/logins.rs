//! Logins in the fixtures, as the methods that a node would have of them.

use quorate_auth::{Method, Who, oidc::oidc_id, passkey::passkey_id};
use quorate_wire::{Digest, LoginId};
use serde::{Deserialize, Serialize};

/// A login of the caller that is no wallet's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum FixtureLogin {
    /// By an issuer.
    Oidc {
        /// The issuer's own identifier.
        issuer: String,
        /// The client id of the application.
        client: String,
        /// The issuer's name for the person.
        subject: String,
    },
    /// By a passkey.
    Passkey {
        /// The relying party's id.
        rp_id: String,
        /// The COSE key, in hexadecimal digits.
        public_key: String,
    },
}

impl FixtureLogin {
    /// The method as a node would have it, shown at a moment.
    pub(super) fn method(&self, proven_ms: u64) -> Method {
        let (who, id, audience) = match self {
            FixtureLogin::Oidc { issuer, client, subject } => {
                let (issuer, subject) = (issuer.clone(), subject.clone());
                let id = oidc_id(&issuer, client, &subject);
                // No rule of a Directory is asked for here.
                let rule = Digest([0; 32]);
                (Who::Oidc { issuer, subject, rule, auth_time_s: None }, id, client.clone())
            }
            FixtureLogin::Passkey { rp_id, public_key } => {
                let digits = public_key.strip_prefix("0x").unwrap_or(public_key);
                let public_key = hex::decode(digits).unwrap_or_default();
                let id = passkey_id(rp_id, &public_key);
                (Who::Passkey { public_key, credential_id: None }, id, rp_id.clone())
            }
        };
        Method { who, id: LoginId(Digest(id)), audience, proven_ms }
    }
}
