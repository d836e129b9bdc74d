//! The issuer of the world, and what the shell of a node holds of its keys.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::SigningKey;
use quorate_auth::HeldKeys;
use quorate_engine::IssuerKeys;
use quorate_wire::{IssuerRule, Issuers, TokenAlgorithm};

pub(crate) const ISSUER: &str = "https://issuer.example";

/// Keys by name, as a document of the issuer has them: both are numbers.
pub(crate) type Names = BTreeMap<u8, u8>;

/// How the issuer answers whoever asks for its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    /// With its keys.
    Well,
    /// Not at all.
    Down,
    /// With something else.
    Mad,
    /// With far too many keys.
    Huge,
    /// With other keys under the same names.
    Strange,
}

/// The issuer.
pub(crate) struct Issuer {
    shown: Names,
    newest: u8,
    pub(crate) mood: Mood,
}

impl Issuer {
    pub(crate) fn new() -> Self {
        Issuer { shown: Names::from([(1, 1)]), newest: 1, mood: Mood::Well }
    }

    /// The name of the key by which it signs, and the key.
    pub(crate) fn signs_by(&self) -> (u8, SigningKey) {
        (self.newest, key(self.newest))
    }

    /// It signs by a new key from now on, and shows older ones for some more time, or not.
    pub(crate) fn rotate(&mut self, withdraws: bool) {
        if withdraws {
            self.shown.clear();
        }
        self.newest += 1;
        self.shown.insert(self.newest, self.newest);
    }

    /// What it answers now, and how that reads. Nothing is read of what is no document of keys.
    pub(crate) fn answer(&self) -> Option<(String, Option<Names>)> {
        let strange = || self.shown.iter().map(|(name, key)| (*name, key | 0x80)).collect::<Names>();
        match self.mood {
            Mood::Well => Some((document(&self.shown), Some(self.shown.clone()))),
            Mood::Down => None,
            Mood::Mad => Some(("<html>we are down</html>".to_owned(), None)),
            Mood::Huge => Some((document(&(0..65).map(|name| (name, name)).collect()), None)),
            Mood::Strange => Some((document(&strange()), Some(strange()))),
        }
    }
}

fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

fn document(names: &Names) -> String {
    let keys = names.iter().map(|(name, number)| {
        let x = URL_SAFE_NO_PAD.encode(key(*number).verifying_key().to_bytes());
        format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"{name}","x":"{x}"}}"#)
    });
    format!(r#"{{"keys":[{}]}}"#, keys.collect::<Vec<_>>().join(","))
}

/// The network's issuers, by the number of the rule for the one of this world. The second takes another algorithm as well.
pub(crate) fn listed(rule: Option<u8>) -> Arc<Issuers> {
    static LISTS: OnceLock<[Arc<Issuers>; 2]> = OnceLock::new();
    let lists = LISTS.get_or_init(|| {
        [vec![TokenAlgorithm::EdDsa], vec![TokenAlgorithm::EdDsa, TokenAlgorithm::Es256]].map(|algorithms| {
            let (name, issuer) = ("An issuer".to_owned(), ISSUER.to_owned());
            let rule = IssuerRule { name, issuer, aliases: Vec::new(), algorithms, jwks_uri: None };
            Issuers::new(vec![rule]).expect("a rule").into()
        })
    });
    rule.map_or_else(Arc::default, |rule| lists[usize::from(rule) % 2].clone())
}

/// Documents that a node took, with the moment by its own clock at which it took the next one.
pub(crate) type Documents = Vec<(Names, Option<u64>)>;

/// Keys that a node holds, and for the checker of what documents they are.
#[derive(Clone)]
pub(crate) struct Holding {
    keys: Arc<HeldKeys>,
    pub(crate) documents: Documents,
}

impl Holding {
    /// What the engine is given.
    pub(crate) fn for_engine(held: Option<&Holding>) -> IssuerKeys {
        let entry = held.map(|held| (ISSUER.to_owned(), held.keys.clone()));
        IssuerKeys::new(entry.into_iter().collect())
    }
}

/// The part of a node's shell that asks the issuer.
#[derive(Default)]
pub(crate) struct Shell {
    /// The rule under which it asks, by the node's own view.
    pub(crate) rule: Option<u8>,
    pub(crate) held: Option<Holding>,
    /// On its disk, with the rule.
    kept: Option<(u8, Holding)>,
    pub(crate) asking: bool,
    pub(crate) asked_us: Option<u64>,
}

impl Shell {
    /// The process begins anew: only what is on the disk is left.
    pub(crate) fn restart(&mut self) {
        *self = Shell { kept: self.kept.take(), ..Shell::default() };
    }

    /// The Directory has this rule now; false if it is the one that was known.
    pub(crate) fn look(&mut self, rule: Option<u8>) -> bool {
        if self.rule == rule {
            return false;
        }
        let kept = self.kept.as_ref().filter(|(of, _)| Some(*of) == rule);
        (self.rule, self.held) = (rule, kept.map(|(_, holding)| holding.clone()));
        true
    }

    /// An answer has come; true if other keys are held now.
    pub(crate) fn heard(&mut self, answer: Option<(String, Option<Names>)>, now_ms: u64) -> bool {
        let (Some(rule), Some((text, names))) = (self.rule, answer) else { return false };
        let changed = match &mut self.held {
            Some(held) => Arc::make_mut(&mut held.keys).fetched(&text, now_ms) == Ok(true),
            None => match HeldKeys::new(&text) {
                Ok(keys) => {
                    self.held = Some(Holding { keys: keys.into(), documents: Vec::new() });
                    true
                }
                Err(_) => false,
            },
        };
        if let (Some(held), Some(names)) = (&mut self.held, names)
            && held.documents.last().is_none_or(|(last, _)| *last != names)
        {
            if let Some((_, until_ms)) = held.documents.last_mut() {
                *until_ms = Some(now_ms);
            }
            held.documents.push((names, None));
        }
        if changed {
            self.kept = self.held.clone().map(|held| (rule, held));
        }
        changed
    }
}
