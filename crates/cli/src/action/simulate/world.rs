//! The world of one simulated execution: the keys, actions and texts that its fixtures name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use k256::ecdsa::SigningKey;
use quorate_registry::alloy_primitives::{Bytes, U256};
use quorate_registry::subject::Subject;
use quorate_wire::{ActionCid, Address, PublicKey, TokenId};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};

use super::fixtures::{Fixtures, Grant, Scope};
use crate::action::readable::Readable;

/// Largest source text that is read.
const CODE_BYTES_MAX: u64 = 16 << 20;

/// The fixtures, with everything looked up that they name.
#[derive(Debug)]
pub(super) struct World {
    pub(super) fixtures: Fixtures,
    pub(super) cid: ActionCid,
    pub(super) keys: BTreeMap<String, Key>,
    /// Sources of the actions that can be called.
    pub(super) sources: BTreeMap<ActionCid, Arc<[u8]>>,
    /// Actions that no node finds the code of.
    pub(super) nowhere: BTreeSet<ActionCid>,
    /// Actions by their name in the fixtures, `self` among them.
    actions: BTreeMap<String, ActionCid>,
}

/// A key of the fixtures. Its private key is made from its name: it protects nothing.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) signer: SigningKey,
    pub(super) public: PublicKey,
    /// The fixtures name a real public key, for which this local key only stands in.
    pub(super) stand_in: bool,
}

impl World {
    /// Looks everything up.
    pub(super) fn new(code: &[u8], fixtures: Fixtures, readable: &Readable) -> Result<Self> {
        let cid = ActionCid::of_code(code);
        let mut sources = BTreeMap::from([(cid, Arc::from(code))]);
        let mut actions = BTreeMap::from([("self".to_owned(), cid)]);
        let mut nowhere = BTreeSet::new();
        for (name, action) in &fixtures.actions {
            let found = match (&action.file, &action.cid) {
                (Some(file), _) => {
                    let path = readable.file(file, CODE_BYTES_MAX);
                    let source = path
                        .and_then(|path| read_source(&path))
                        .with_context(|| format!("actions.{name}"))?;
                    let cid = ActionCid::of_code(&source);
                    sources.insert(cid, Arc::from(source));
                    cid
                }
                (None, Some(cid)) => cid.parse().with_context(|| format!("actions.{name}: {cid:?}"))?,
                (None, None) => bail!("actions.{name} has neither file nor CID"),
            };
            if action.missing {
                nowhere.insert(found);
            }
            actions.insert(name.clone(), found);
        }
        let mut keys = BTreeMap::new();
        for (name, pkp) in &fixtures.pkps {
            let signer = local_key("pkp", name.as_bytes())?;
            let own = public_of(&signer)?;
            let public = match &pkp.public_key {
                Some(text) => text.parse().with_context(|| format!("pkps.{name}.public_key"))?,
                None => own,
            };
            keys.insert(name.clone(), Key { signer, public, stand_in: public != own });
        }
        let mut world = Self { fixtures, cid, keys, sources, nowhere, actions };
        // The names are known now, and the fixtures themselves may use them.
        let text = serde_json::to_string(&world.fixtures)?;
        world.fixtures = serde_json::from_str(&world.fill(&text)?)?;
        world.check()?;
        Ok(world)
    }

    /// Replaces `${pkp.NAME.public_key}` and its like in a JSON text; `$${` stands for a `${` that names nothing.
    pub(super) fn fill(&self, text: &str) -> Result<String> {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            if let Some(before) = before.strip_suffix('$') {
                filled.push_str(before);
                filled.push_str("${");
                rest = after;
                continue;
            }
            let (name, after) = after.split_once('}').context("a `${` without its `}`")?;
            filled.push_str(before);
            filled.push_str(&self.named(name)?);
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn named(&self, name: &str) -> Result<String> {
        let parts: Vec<&str> = name.split('.').collect();
        match parts.as_slice() {
            ["pkp", key, member] => {
                let key = self.keys.get(*key).with_context(|| format!("${{{name}}}: no such key"))?;
                let public = key.public;
                Ok(match *member {
                    "public_key" => format!("0x{}", hex::encode(public.uncompressed())),
                    "compressed" => format!("0x{}", hex::encode(public.as_bytes())),
                    "address" => public.address().to_string(),
                    "token_id" => public.token_id().to_string(),
                    other => bail!("${{{name}}}: a key has no {other}"),
                })
            }
            ["action", action, "cid"] => {
                let cid = self.actions.get(*action);
                Ok(cid.with_context(|| format!("${{{name}}}: no such action"))?.to_string())
            }
            _ => bail!(
                "${{{name}}} is neither ${{pkp.NAME.MEMBER}} nor ${{action.NAME.cid}}; where it stands for itself, write $${{"
            ),
        }
    }

    /// The key with this public key, and its name.
    pub(super) fn key(&self, public: &PublicKey) -> Option<(&str, &Key)> {
        self.keys.iter().find(|(_, key)| key.public == *public).map(|(name, key)| (name.as_str(), key))
    }

    /// The key of this token.
    pub(super) fn key_of_token(&self, token: &TokenId) -> Option<(&str, &Key)> {
        let found = self.keys.iter().find(|(_, key)| key.public.token_id() == *token);
        found.map(|(name, key)| (name.as_str(), key))
    }

    /// The grants of a key.
    pub(super) fn grants(&self, name: &str) -> &[Grant] {
        self.fixtures.pkps.get(name).map_or(&[], |pkp| pkp.grants.as_slice())
    }

    /// Who holds the token.
    pub(super) fn owner(&self, name: &str) -> Option<Address> {
        self.fixtures.pkps.get(name)?.owner.as_deref()?.parse().ok()
    }

    /// The scopes that a subject has for a key, if it has a grant at all.
    pub(super) fn scopes(&self, name: &str, subject: &Subject) -> Option<Vec<Scope>> {
        let subject = Some(subject.auth_method());
        let matching: Vec<&Grant> =
            self.grants(name).iter().filter(|grant| self.subject(grant) == subject).collect();
        (!matching.is_empty())
            .then(|| matching.iter().flat_map(|grant| grant.scopes.iter().copied()).collect())
    }

    /// The action that a grant or a call names: by its name here, or by its CID.
    pub(super) fn action(&self, text: &str) -> Option<ActionCid> {
        self.actions.get(text).copied().or_else(|| text.parse().ok())
    }

    /// Whom a grant is for: kind and id, as the contracts have them.
    pub(super) fn subject(&self, grant: &Grant) -> Option<(U256, Bytes)> {
        if let Some(action) = &grant.action {
            return Some(Subject::Action(self.action(action)?.multihash()).auth_method());
        }
        if let Some(address) = &grant.address {
            let address: Address = address.parse().ok()?;
            return Some(Subject::Address(address.0.into()).auth_method());
        }
        let method = grant.auth_method.as_ref()?;
        Some((method.kind.0, bytes_of(&method.id)?.into()))
    }

    /// Refuses texts in the fixtures that name nothing.
    fn check(&self) -> Result<()> {
        let address = |text: &str, what: String| {
            text.parse::<Address>().map(|_| ()).with_context(|| format!("{what}: {text:?}"))
        };
        if let Some(text) = &self.fixtures.auth.address {
            address(text, "auth.address".to_owned())?;
        }
        for (name, pkp) in &self.fixtures.pkps {
            if let Some(text) = &pkp.owner {
                address(text, format!("pkps.{name}.owner"))?;
            }
            for grant in &pkp.grants {
                if let Some(text) = &grant.address {
                    address(text, format!("pkps.{name}.grants"))?;
                }
                if let Some(text) = &grant.action {
                    self.action(text).with_context(|| {
                        format!("pkps.{name}.grants: {text:?} is neither in `actions` nor a CID")
                    })?;
                }
                if let Some(method) = &grant.auth_method {
                    for (member, text) in [("id", &method.id), ("user_pubkey", &method.user_pubkey)] {
                        if bytes_of(text).is_none() && (member == "id" || !text.is_empty()) {
                            bail!("pkps.{name}.grants: {member} {text:?} is not 0x…");
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

/// Writes something so that [`World::fill`] leaves it as it is.
pub(super) fn escaped<T: Serialize + DeserializeOwned>(value: &T) -> serde_json::Result<T> {
    // JSON text never writes these two otherwise.
    serde_json::from_str(&serde_json::to_string(value)?.replace("${", "$${"))
}

/// Bytes in hexadecimal digits after `0x`.
pub(super) fn bytes_of(text: &str) -> Option<Vec<u8>> {
    hex::decode(text.strip_prefix("0x")?).ok()
}

/// A private key that everybody can compute: it is a stand-in for one that nobody has.
pub(super) fn local_key(kind: &str, name: &[u8]) -> Result<SigningKey> {
    let seed = Sha256::new()
        .chain_update(b"quorate/simulated-key/v1\0")
        .chain_update(kind.as_bytes())
        .chain_update([0])
        .chain_update(name)
        .finalize();
    SigningKey::from_slice(&seed).context("this name gives no key; choose another")
}

/// The public half.
pub(super) fn public_of(key: &SigningKey) -> Result<PublicKey> {
    let point = key.verifying_key().to_sec1_point(true);
    PublicKey::from_sec1(point.as_bytes()).context("a key's own public key")
}

fn read_source(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("reading {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(fixtures: &str) -> Result<World> {
        let fixtures = Fixtures::from_json(fixtures)?;
        World::new(b"1", fixtures, &Readable::by(Path::new("f.json"))?)
    }

    #[test]
    fn names_are_filled_in_everywhere() {
        let world = world(
            r#"{"pkps": {"a": {"grants": [{"action": "self", "scopes": ["sign-anything"]}]}},
                "auth": {"address": "${pkp.a.address}"}}"#,
        )
        .unwrap();
        let key = world.keys["a"].public;
        assert_eq!(world.fixtures.auth.address, Some(key.address().to_string()));
        assert_eq!(
            world.fill(r#"{"t": "${pkp.a.token_id}"}"#).unwrap(),
            format!(r#"{{"t": "{}"}}"#, key.token_id())
        );
        assert_eq!(world.fill("${action.self.cid}").unwrap(), world.cid.to_string());
        for literal in ["${", "${x}", "$${x}", "$", "{$$}", "a ${pkp.a.address} b"] {
            assert_eq!(world.fill(&escaped(&literal.to_owned()).unwrap()).unwrap(), literal);
        }
        let unknown = format!("{:#}", world.fill("${x}").unwrap_err());
        assert!(unknown.ends_with("write $${"), "{unknown}");
        for bad in ["${pkp.b.address}", "${pkp.a.secret}", "${action.b.cid}", "${x}", "${pkp.a.address"] {
            assert!(world.fill(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_grant_is_for_its_subject_alone() {
        let world = world(
            r#"{"pkps": {"a": {"grants": [
                {"action": "self", "scopes": ["personal-sign"]},
                {"address": "0x00000000000000000000000000000000000000Aa", "scopes": []},
                {"auth_method": {"type": 6, "id": "0x0102"}, "scopes": ["sign-anything"]}]}}}"#,
        )
        .unwrap();
        let address = |byte: u8| {
            let bytes: [u8; 20] = [[0; 19].as_slice(), &[byte]].concat().try_into().unwrap();
            Subject::Address(bytes.into())
        };
        let method = |kind: u64, id: &[u8]| Subject::AuthMethod { kind: U256::from(kind), id: id.to_vec() };
        let scopes = |subject| world.scopes("a", &subject);
        assert_eq!(scopes(Subject::Action(world.cid.multihash())), Some(vec![Scope::PersonalSign]));
        assert_eq!(scopes(Subject::Action(ActionCid::of_code(b"2").multihash())), None);
        assert_eq!(scopes(address(0xaa)), Some(vec![]));
        assert_eq!(scopes(address(0xab)), None);
        assert_eq!(scopes(method(6, &[1, 2])), Some(vec![Scope::SignAnything]));
        assert_eq!(scopes(method(5, &[1, 2])), None);
        // To the contracts an action is an auth method of type 2.
        assert_eq!(scopes(method(2, &world.cid.multihash())), Some(vec![Scope::PersonalSign]));
    }

    #[test]
    fn a_named_public_key_gets_a_stand_in() {
        let key = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
        let world = world(&format!(r#"{{"pkps": {{"a": {{"public_key": "{key}"}}}}}}"#)).unwrap();
        assert!(world.keys["a"].stand_in);
        assert_eq!(world.keys["a"].public, key.parse().unwrap());
    }
}
