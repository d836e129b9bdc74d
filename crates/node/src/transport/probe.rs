//! Whether members reach each other before a ceremony, and after: a word each way over a connection of its own kind.
//!
//! A probe shows the same keys over the same sockets as the channels between nodes, under an application protocol of its
//! own. So it takes no channel's place, and a node that runs answers one that only checks.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use ed25519_dalek::SigningKey;
use quinn::{Connection, Endpoint};
use quorate_wire::{NetworkFile, NodeIndex, ProbeWord};
use tokio::task::JoinSet;

use super::{Membership, TransportError, channel, dial, identity};
use crate::endpoints::EndpointBoard;

/// One attempt to reach a member.
const ATTEMPT: Duration = Duration::from_secs(3);
/// Pause between attempts.
const PAUSE: Duration = Duration::from_millis(700);
/// A running node dials a member that probes it back, at most this often.
const BACK: Duration = Duration::from_secs(2);
/// A member that was reached and was not heard is probed again after this: by then a running one may dial back.
const AGAIN: Duration = Duration::from_millis(2_200);

/// What came of probing a member.
#[derive(Debug, Clone, Default)]
pub struct Probed {
    /// What it said, once it was reached.
    pub reached: Option<Reached>,
    /// Whether it reached this node.
    pub heard: bool,
    /// Why the newest attempt to reach it failed.
    pub error: Option<String>,
}

/// A member that was reached.
#[derive(Debug, Clone)]
pub struct Reached {
    /// Its word.
    pub word: ProbeWord,
    /// Milliseconds from the dial to its word.
    pub took_ms: u64,
    /// How far its clock is before this one's, in milliseconds; off by at most `took_ms`.
    pub ahead_ms: i64,
}

/// Probes every other member, and answers their probes, until all have been reached both ways or the time is over.
///
/// # Errors
/// If the socket is taken: by a node that runs, perhaps by this very one.
pub async fn probe(
    listen: SocketAddr,
    key: &SigningKey,
    (network, me): (&NetworkFile, NodeIndex),
    word: ProbeWord,
    wait: Duration,
) -> Result<BTreeMap<NodeIndex, Probed>, TransportError> {
    let board = Arc::new(EndpointBoard::new(network, me));
    let membership = Arc::new(Membership::new(network, me, board).for_probes());
    let server = identity::server_config(key, &membership)?;
    let endpoint =
        dial::open(listen, key, server).map_err(|source| TransportError::Bind { address: listen, source })?;
    let found: BTreeMap<_, _> = membership.peers.keys().map(|index| (*index, Probed::default())).collect();
    let found = Arc::new(Mutex::new(found));
    let mut tasks = JoinSet::new();
    tasks.spawn(answer_all(endpoint.clone(), membership.clone(), word.clone(), found.clone()));
    for (&index, &peer_key) in &membership.peers {
        let config = dial::client(Arc::new(identity::client_config(key, &membership, peer_key)?));
        let (endpoint, word, found) = (endpoint.clone(), word.clone(), found.clone());
        let membership = membership.clone();
        tasks.spawn(async move {
            loop {
                let outcome = reach(&endpoint, config.clone(), (&membership, index), &word).await;
                let pause = if outcome.is_ok() { AGAIN } else { PAUSE };
                note(&found, index, |probed| match outcome {
                    Ok(reached) => probed.reached = Some(reached),
                    // One that was reached once is.
                    Err(_) if probed.reached.is_some() => {}
                    Err(error) => probed.error = Some(error),
                });
                tokio::time::sleep(pause).await;
                if is_both_ways(&found, index) {
                    return;
                }
            }
        });
    }
    let until = Instant::now() + wait;
    while Instant::now() < until && !both_ways(&found) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Those that were reached a moment ago may still be reading our word.
    tokio::time::sleep(Duration::from_millis(300)).await;
    tasks.abort_all();
    endpoint.close(channel::CLOSE_STOPPED.into(), b"checked");
    let found = found.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok(found)
}

type Found = Mutex<BTreeMap<NodeIndex, Probed>>;

fn note(found: &Found, index: NodeIndex, change: impl FnOnce(&mut Probed)) {
    if let Some(probed) = found.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&index) {
        change(probed);
    }
}

fn is_both_ways(found: &Found, index: NodeIndex) -> bool {
    let found = found.lock().unwrap_or_else(PoisonError::into_inner);
    found.get(&index).is_some_and(|probed| probed.heard && probed.reached.is_some())
}

fn both_ways(found: &Found) -> bool {
    let found = found.lock().unwrap_or_else(PoisonError::into_inner);
    found.values().all(|probed| probed.heard && probed.reached.is_some())
}

/// Answers whoever is a member, for as long as this is polled.
async fn answer_all(endpoint: Endpoint, membership: Arc<Membership>, word: ProbeWord, found: Arc<Found>) {
    let mut answers = JoinSet::new();
    loop {
        let incoming = tokio::select! {
            incoming = endpoint.accept() => incoming,
            Some(_) = answers.join_next() => continue,
        };
        let Some(incoming) = incoming else { return };
        if answers.len() > 4 * membership.peers.len() {
            incoming.refuse();
            continue;
        }
        let (membership, word, found) = (membership.clone(), word.clone(), found.clone());
        answers.spawn(async move {
            let Ok(connecting) = incoming.accept() else { return };
            let Ok(Ok(connection)) = tokio::time::timeout(ATTEMPT, connecting).await else { return };
            let Some(peer) = identity::peer_of(&connection, &membership) else { return };
            if answer(&connection, &word).await.is_some() {
                note(&found, peer, |probed| probed.heard = true);
            }
        });
    }
}

/// Says this node's word over an accepted probe, and hears the other's.
async fn answer(connection: &Connection, word: &ProbeWord) -> Option<ProbeWord> {
    let exchange = async {
        say(connection, &ProbeWord { time_ms: crate::clock::unix_ms(), ..word.clone() }).await?;
        let heard = hear(connection).await?;
        // Until the dialler has read: a close would throw away what is under way.
        let _ = tokio::time::timeout(Duration::from_secs(1), connection.closed()).await;
        Some(heard)
    };
    tokio::time::timeout(ATTEMPT, exchange).await.ok().flatten()
}

/// Dials a member at each of its addresses, and exchanges words.
async fn reach(
    endpoint: &Endpoint,
    config: quinn::ClientConfig,
    (membership, peer): (&Membership, NodeIndex),
    word: &ProbeWord,
) -> Result<Reached, String> {
    let mut failure = "its address does not resolve, or to none that may be dialled".to_owned();
    for address in membership.endpoints.quic_addresses(peer).await {
        match reach_at(endpoint, config.clone(), address, word).await {
            Ok(reached) => return Ok(reached),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

async fn reach_at(
    endpoint: &Endpoint,
    config: quinn::ClientConfig,
    address: SocketAddr,
    word: &ProbeWord,
) -> Result<Reached, String> {
    let attempt = async {
        let begun = Instant::now();
        let connecting =
            endpoint.connect_with(config, address, "node.quorate").map_err(|error| error.to_string())?;
        let connection = connecting.await.map_err(|error| error.to_string())?;
        let sent = crate::clock::unix_ms();
        say(&connection, &ProbeWord { time_ms: sent, ..word.clone() }).await.ok_or("the connection ended")?;
        let heard = hear(&connection).await.ok_or("it says nothing that this release understands")?;
        let now = crate::clock::unix_ms();
        connection.close(channel::CLOSE_STOPPED.into(), b"checked");
        let middle = i64::try_from(sent.midpoint(now)).unwrap_or(i64::MAX);
        let theirs = i64::try_from(heard.time_ms).unwrap_or(i64::MAX);
        let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(Reached { word: heard, took_ms, ahead_ms: theirs.saturating_sub(middle) })
    };
    match tokio::time::timeout(ATTEMPT, attempt).await {
        Ok(outcome) => outcome,
        Err(_) => Err(format!("no answer within {} s", ATTEMPT.as_secs())),
    }
}

async fn say(connection: &Connection, word: &ProbeWord) -> Option<()> {
    let mut stream = connection.open_uni().await.ok()?;
    stream.write_all(&word.to_bytes()).await.ok()?;
    stream.finish().ok()
}

async fn hear(connection: &Connection) -> Option<ProbeWord> {
    let mut stream = connection.accept_uni().await.ok()?;
    let bytes = stream.read_to_end(ProbeWord::BYTES_MAX).await.ok()?;
    ProbeWord::from_bytes(&bytes).ok()
}

/// What a running node needs to answer probes, and to probe back.
pub(super) struct Answerer {
    endpoint: Endpoint,
    membership: Membership,
    clients: BTreeMap<NodeIndex, quinn::ClientConfig>,
    word: ProbeWord,
    back: Mutex<BTreeMap<NodeIndex, Instant>>,
    answering: OneEach,
    dialling: OneEach,
}

/// One at a time for each member: a probe holds a whole receive window.
#[derive(Default)]
struct OneEach(Mutex<BTreeSet<NodeIndex>>);

/// A member's place, until it is dropped.
struct Taken<'a>(&'a OneEach, NodeIndex);

impl OneEach {
    fn take(&self, peer: NodeIndex) -> Option<Taken<'_>> {
        let free = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(peer);
        free.then(|| Taken(self, peer))
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

impl Answerer {
    pub(super) fn new(
        endpoint: Endpoint,
        key: &SigningKey,
        membership: &Membership,
        word: ProbeWord,
    ) -> Result<Self, TransportError> {
        let membership = membership.clone().for_probes();
        let mut clients = BTreeMap::new();
        for (&index, &peer_key) in &membership.peers {
            let client = identity::client_config(key, &membership, peer_key)?;
            clients.insert(index, dial::client(Arc::new(client)));
        }
        Ok(Answerer {
            endpoint,
            membership,
            clients,
            word,
            back: Mutex::default(),
            answering: OneEach::default(),
            dialling: OneEach::default(),
        })
    }

    /// Answers a probe, and dials the member that made it, so that it knows whether it is reached. Says whether the probe
    /// was taken: only one of each member is.
    pub(super) async fn serve(&self, connection: &Connection, peer: NodeIndex) -> bool {
        let Some(place) = self.answering.take(peer) else { return false };
        let heard = answer(connection, &self.word).await;
        // Whatever else is under way takes no room beside the next probe.
        connection.close(channel::CLOSE_STOPPED.into(), b"answered");
        drop(place);
        // A node that runs dials by itself; two that dial each other back would never end.
        if heard.is_none_or(|heard| heard.running) {
            return true;
        }
        let Some(_place) = self.dialling.take(peer) else { return true };
        if self.may_dial(peer)
            && let Some(config) = self.clients.get(&peer)
        {
            // Whether it succeeds, the member sees.
            let back = reach(&self.endpoint, config.clone(), (&self.membership, peer), &self.word);
            let _ = tokio::time::timeout(ATTEMPT, back).await;
        }
        true
    }

    fn may_dial(&self, peer: NodeIndex) -> bool {
        let now = Instant::now();
        let mut back = self.back.lock().unwrap_or_else(PoisonError::into_inner);
        let soon = back.get(&peer).is_some_and(|last| now.duration_since(*last) < BACK);
        if !soon {
            back.insert(peer, now);
        }
        !soon
    }
}

/// Whether an accepted connection is a probe.
pub(super) fn is_probe(connection: &Connection, membership: &Membership) -> bool {
    let data = connection
        .handshake_data()
        .and_then(|data| data.downcast::<quinn::crypto::rustls::HandshakeData>().ok());
    data.and_then(|data| data.protocol).is_some_and(|protocol| protocol == membership.probe_alpn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_member_has_one_place_and_gives_it_back() {
        let places = OneEach::default();
        let [one, two] = [1, 2].map(|number| NodeIndex::new(number).unwrap());
        let first = places.take(one);
        assert!(first.is_some() && places.take(one).is_none() && places.take(two).is_some());
        drop(first);
        assert!(places.take(one).is_some());
    }
}
