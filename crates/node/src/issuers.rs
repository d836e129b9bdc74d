//! Keys of the issuers by whose tokens people log in: fetched, kept over restarts, and given to the engine.
//!
//! Each issuer is asked by a task of its own, so that one that is down, slow, huge or mad delays no other, and no login
//! ever waits for a request: a key that is not there is a coded refusal.

mod fetch;
mod folder;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use quorate_auth::{HeldKeys, KnownIssuer, LoginBlock, LoginFacts};
use quorate_engine::{IssuerKeys, LoginRule};
use quorate_registry::view::RegistryView;
use quorate_wire::{BlockRef, IssuerRule, NetworkFile};
use serde::{Deserialize, Serialize};
use tokio::{
    sync::Notify,
    task::{self, JoinSet},
};

use crate::{chain, clock::unix_ms, inbox::Inbox, metrics::Heartbeat};
use fetch::Answer;
pub(crate) use fetch::Fetcher;
use folder::Folder;

/// How soon an issuer is asked again: after an answer that says nothing of its age, or because of a key that is not known.
const AGAIN: Duration = Duration::from_secs(60);
/// How long keys count that could not be fetched anew, in milliseconds.
const UNSEEN_MS_MAX: u64 = 24 * 60 * 60 * 1_000;
/// How often the Directory is looked at for issuers.
const LOOK: Duration = Duration::from_secs(1);

/// What an operator says of issuers' keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IssuersConfig {
    /// Keys that do not count any more, whatever their issuer says.
    pub blocked: Vec<BlockedKey>,
}

/// A key of an issuer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockedKey {
    /// The issuer's own identifier.
    pub issuer: String,
    /// The key's name.
    pub kid: String,
}

/// Where the keys are read, and asked for.
#[derive(Default)]
pub(crate) struct IssuerDesk {
    keys: RwLock<IssuerKeys>,
    wanted: Notify,
}

impl IssuerDesk {
    /// The keys that this node has.
    pub(crate) fn keys(&self) -> IssuerKeys {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A login names a key that is not there.
    pub(crate) fn want(&self) {
        self.wanted.notify_one();
    }
}

/// This node's own reading of what logins need, outside of the engine.
pub(crate) struct Facts<'a> {
    pub(crate) rule: &'a LoginRule,
    pub(crate) desk: &'a IssuerDesk,
    pub(crate) view: &'a RegistryView,
}

impl LoginFacts for Facts<'_> {
    fn issuer(&self, iss: &str) -> Option<KnownIssuer> {
        let rule = self.rule.issuer(iss)?;
        let keys = self.desk.keys().get(&rule.issuer).cloned();
        if keys.is_none() {
            self.desk.want();
        }
        Some(KnownIssuer { rule: rule.clone(), keys })
    }

    fn login_block(&self, block: &BlockRef) -> LoginBlock {
        chain::login_block(self.view, block)
    }
}

/// Questions to issuers, each with the rule by which it was asked.
type Asked = JoinSet<(IssuerRule, Option<Answer>)>;

/// What is known of one issuer.
struct Known {
    rule: IssuerRule,
    keys: Option<Arc<HeldKeys>>,
    /// When its keys were last seen, in milliseconds since the epoch.
    seen_unix_ms: u64,
    asked: Option<Instant>,
    next: Instant,
    /// The task that asks it.
    asking: Option<task::Id>,
}

/// The loop that fetches keys.
pub(crate) struct Watch {
    pub(crate) network: Arc<NetworkFile>,
    pub(crate) view: RegistryView,
    pub(crate) desk: Arc<IssuerDesk>,
    pub(crate) inbox: Inbox,
    pub(crate) fetcher: Arc<Fetcher>,
    blocked: Vec<BlockedKey>,
    folder: Folder,
    known: BTreeMap<String, Known>,
}

impl Watch {
    /// Opens the folder where keys are kept over restarts.
    ///
    /// # Errors
    /// If it cannot be made or read.
    pub(crate) fn open(
        (network, view): (Arc<NetworkFile>, RegistryView),
        (desk, inbox): (Arc<IssuerDesk>, Inbox),
        fetcher: Fetcher,
        (config, folder): (&IssuersConfig, &Path),
    ) -> std::io::Result<Self> {
        let folder = Folder::open(folder)?;
        let (blocked, known) = (config.blocked.clone(), BTreeMap::new());
        Ok(Watch { network, view, desk, inbox, fetcher: Arc::new(fetcher), blocked, folder, known })
    }

    /// Fetches for ever.
    pub(crate) async fn run(mut self, heartbeat: Heartbeat) {
        let mut asked: Asked = JoinSet::new();
        loop {
            heartbeat.beat();
            self.look(Instant::now());
            self.ask(&mut asked, Instant::now());
            tokio::select! {
                Some(answer) = asked.join_next(), if !asked.is_empty() => {
                    match answer {
                        // What is heard is written to disk.
                        Ok((rule, answer)) => {
                            task::block_in_place(|| self.heard(&rule, answer, Instant::now()));
                        }
                        Err(error) => self.lost(error.id(), Instant::now()),
                    }
                }
                () = self.desk.wanted.notified() => self.hurry(Instant::now()),
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// Takes the Directory's issuers as they are now.
    fn look(&mut self, now: Instant) {
        let rule = chain::logins(&self.view, &self.network);
        let rules: BTreeMap<&str, &IssuerRule> =
            rule.issuers().into_iter().map(|rule| (rule.issuer.as_str(), rule)).collect();
        let before = self.known.len();
        self.known
            .retain(|issuer, known| rules.get(issuer.as_str()).is_some_and(|rule| **rule == known.rule));
        let mut changed = self.known.len() != before;
        let unix_ms = unix_ms();
        for (issuer, rule) in rules {
            if self.known.contains_key(issuer) {
                continue;
            }
            changed = true;
            let kept =
                self.folder.read(rule).filter(|(_, seen)| seen.saturating_add(UNSEEN_MS_MAX) > unix_ms);
            let (keys, seen_unix_ms) = match kept {
                Some((keys, seen)) => (Some(self.held(issuer, keys)), seen),
                None => (None, 0),
            };
            let rule = rule.clone();
            let known = Known { rule, keys, seen_unix_ms, asked: None, next: now, asking: None };
            self.known.insert(issuer.to_owned(), known);
        }
        for known in self.known.values_mut() {
            if known.keys.is_some() && known.seen_unix_ms.saturating_add(UNSEEN_MS_MAX) <= unix_ms {
                tracing::warn!(
                    issuer = known.rule.issuer,
                    "its keys could not be fetched for a day and count no longer"
                );
                known.keys = None;
                changed = true;
            }
        }
        if changed {
            self.publish();
        }
    }

    fn held(&self, issuer: &str, keys: HeldKeys) -> Arc<HeldKeys> {
        let blocked = self.blocked.iter().filter(|key| key.issuer == issuer).map(|key| key.kid.clone());
        Arc::new(keys.without(blocked.collect()))
    }

    /// Asks whoever is due.
    fn ask(&mut self, asked: &mut Asked, now: Instant) {
        for known in self.known.values_mut() {
            if known.asking.is_some() || known.next > now {
                continue;
            }
            let (rule, fetcher) = (known.rule.clone(), self.fetcher.clone());
            let task = asked.spawn(async move {
                let answer = fetcher.fetch(&rule).await.inspect_err(|reason| {
                    tracing::warn!(issuer = rule.issuer, "its keys could not be fetched: {reason}");
                });
                (rule, answer.ok())
            });
            (known.asking, known.asked) = (Some(task.id()), Some(now));
        }
    }

    /// Asks sooner, because of a key that is not known: at most once a minute and issuer.
    fn hurry(&mut self, now: Instant) {
        for known in self.known.values_mut() {
            let soonest = known.asked.map_or(now, |asked| asked + AGAIN);
            known.next = known.next.min(soonest.max(now));
        }
    }

    /// A task has ended without an answer: a panic of ours. Its issuer is asked again when others would be.
    fn lost(&mut self, task: task::Id, now: Instant) {
        for known in self.known.values_mut().filter(|known| known.asking == Some(task)) {
            (known.asking, known.next) = (None, now + AGAIN);
        }
    }

    /// An answer under a rule that does not stand any more says nothing.
    fn heard(&mut self, rule: &IssuerRule, answer: Option<Answer>, now: Instant) {
        let (issuer, unix_ms) = (rule.issuer.as_str(), unix_ms());
        let Some(known) = self.known.get_mut(issuer).filter(|known| known.rule == *rule) else { return };
        known.asking = None;
        known.next = now + answer.as_ref().map_or(AGAIN, |answer| answer.fresh_for);
        let Some(Answer { text, .. }) = answer else { return };
        let before = known.keys.as_deref().cloned();
        let held = match before {
            Some(mut held) => held.fetched(&text, unix_ms).map(|changed| (held, changed)),
            None => HeldKeys::new(&text).map(|held| (held, true)),
        };
        let (held, changed) = match held {
            Ok(held) => held,
            Err(error) => {
                tracing::warn!(issuer, "its document of keys is not taken: {error}");
                known.next = now + AGAIN;
                return;
            }
        };
        known.seen_unix_ms = unix_ms;
        if let Err(error) = self.folder.write(rule, &held, unix_ms) {
            tracing::warn!(issuer, kind = ?error.kind(), "its keys could not be kept for the next start");
        }
        if changed {
            tracing::info!(issuer, keys = held.count(), "an issuer's keys were fetched");
            let held = self.held(issuer, held);
            if let Some(known) = self.known.get_mut(issuer) {
                known.keys = Some(held);
            }
            self.publish();
        }
    }

    fn publish(&self) {
        let held =
            self.known.iter().filter_map(|(issuer, known)| Some((issuer.clone(), known.keys.clone()?)));
        let keys: IssuerKeys = Arc::new(held.collect());
        *self.desk.keys.write().unwrap_or_else(PoisonError::into_inner) = keys.clone();
        self.inbox.issuer_keys(keys);
    }
}
