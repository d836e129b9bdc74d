//! Sources of actions by CID: kept here, asked of the other nodes, asked of IPFS gateways.
//!
//! Whatever comes from outside is named anew before it is used, so that a source can at worst be missing. Only what was
//! published by its name is held here: what `PUT /v1/code` brought, and what other nodes and gateways hand to
//! anybody. Code that came along with a request is neither kept nor shown.

mod blocks;
mod cache;
mod config;
mod files;
mod flights;
mod memory;
mod quotas;
mod sources;
mod store;
#[cfg(test)]
mod tests;

use std::{
    net::IpAddr,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use quorate_door::Places;
use quorate_wire::{ActionCid, ErrorCode, LoginId, Payer, Problem, limits::CODE_BYTES_MAX};

pub use config::CodeConfig;
pub(crate) use quotas::source;
pub(crate) use sources::Sources;

use crate::metrics::Metrics;
use cache::Cache;
use flights::Flights;
use memory::Memory;
use quotas::Quotas;
use store::{Standing, Store};

const HOUR: Duration = Duration::from_secs(60 * 60);
/// Sources that one address may have read from the disk at once, and the time in which that comes back.
const READS: u64 = 512;
const READS_WITHIN: Duration = Duration::from_secs(32);
/// The same of sources wherever they come from.
const SHOWS: u64 = 4_096;
/// Sources that are read from the disk for strangers at the same time: fewer than for runs.
const READERS: usize = 4;
/// Sources that are read from the disk for runs at the same time.
const RUNS_READERS: usize = 8;
/// What part of the memory is for what strangers read. They do not decide what is kept for runs.
const SHOWN_PART: u64 = 4;

/// Why there is no source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CodeError {
    /// Neither this node nor another nor a gateway has it.
    #[error("nobody who was asked has the code")]
    Missing,
    /// The CID names something else than UTF-8 text.
    #[error("the code is no UTF-8 text")]
    NotText,
    /// Too many sources are being looked for.
    #[error("too many codes are being looked for")]
    Busy,
    /// The login has stored its share.
    #[error("the login has stored as much as one may")]
    Quota,
    /// The store is full.
    #[error("the store of code is full")]
    Full,
    /// The login or the address does too much in too short a time.
    #[error("too much in this time")]
    TooFast {
        /// Milliseconds after which it may succeed.
        wait_ms: u64,
    },
    /// The disk failed, or a task of ours.
    #[error("the code could not be read or written")]
    Internal,
}

impl CodeError {
    /// What a caller is told.
    pub(crate) fn code(self) -> ErrorCode {
        match self {
            CodeError::Missing => ErrorCode::CodeMissing,
            CodeError::NotText => ErrorCode::CodeNotText,
            CodeError::Busy => ErrorCode::Overloaded,
            CodeError::Quota => ErrorCode::CodeQuota,
            CodeError::Full => ErrorCode::CodeStoreFull,
            CodeError::TooFast { .. } => ErrorCode::RateLimited,
            CodeError::Internal => ErrorCode::Internal,
        }
    }

    /// The same as a problem document.
    pub(crate) fn problem(self) -> Problem {
        let problem = Problem::of(self.code());
        match self {
            CodeError::TooFast { wait_ms } => Problem { retry_after_ms: Some(wait_ms), ..problem },
            _ => problem,
        }
    }

    fn too_fast(wait_ms: u64) -> Self {
        CodeError::TooFast { wait_ms }
    }
}

/// What a search came to.
pub(crate) type Outcome = Result<Arc<str>, CodeError>;

/// Finds and keeps sources. Cheap to clone.
#[derive(Clone)]
pub(crate) struct CodeFinder(Arc<Inner>);

struct Inner {
    memory: Mutex<Memory>,
    /// What strangers have read.
    shown: Mutex<Memory>,
    store: Store,
    cache: Cache,
    sources: Sources,
    flights: Flights,
    metrics: Arc<Metrics>,
    /// Bytes stored, by login and by address.
    stored_by_login: Quotas<LoginId>,
    stored_by_source: Quotas<IpAddr>,
    /// Sources read from the disk, by address.
    read_by_source: Quotas<IpAddr>,
    /// Sources asked for, by address.
    shown_by_source: Quotas<IpAddr>,
    readers: Arc<Places>,
    runs_readers: Arc<Places>,
}

impl CodeFinder {
    /// Opens the folders of kept and of cached code below `folder`.
    pub(crate) fn open(
        folder: &Path,
        config: &CodeConfig,
        sources: Sources,
        metrics: Arc<Metrics>,
    ) -> std::io::Result<Self> {
        Ok(CodeFinder(Arc::new(Inner {
            memory: Mutex::new(Memory::new(config.memory_bytes - config.memory_bytes / SHOWN_PART)),
            shown: Mutex::new(Memory::new(config.memory_bytes / SHOWN_PART)),
            store: Store::open(&folder.join("store"), config.store_bytes, config.store_bytes_per_login)?,
            cache: Cache::open(&folder.join("cache"), config.cache_bytes)?,
            sources,
            flights: Flights::default(),
            metrics,
            stored_by_login: Quotas::new(config.store_bytes_per_login_hour, HOUR),
            stored_by_source: Quotas::new(config.store_bytes_per_source_hour, HOUR),
            read_by_source: Quotas::new(READS, READS_WITHIN),
            shown_by_source: Quotas::new(SHOWS, READS_WITHIN),
            readers: Places::new(READERS),
            runs_readers: Places::new(RUNS_READERS),
        })))
    }

    /// The source of an action, from wherever it is. Callers that look for the same one at the same time wait for one
    /// search; one that was nowhere is not looked for again for some seconds. Whoever names sources that are nowhere keeps
    /// neither what is here from others nor all searches.
    ///
    /// # Errors
    /// [`CodeError::Missing`], [`CodeError::NotText`], [`CodeError::Busy`], [`CodeError::Internal`].
    pub(crate) async fn find(&self, cid: ActionCid, payers: &[Payer]) -> Outcome {
        let here = match self.remembered(cid) {
            None if self.known(cid) => {
                let _reader = self.0.runs_readers.take(payers).await;
                self.held(cid).await
            }
            remembered => remembered,
        };
        let found = match here {
            Some(code) => Ok(code),
            None => self.0.flights.join(cid, payers, || Self::search(self.clone(), cid)).await,
        };
        if found.is_ok() && self.0.store.used(cid) {
            let finder = self.clone();
            // The run does not wait for it.
            tokio::task::spawn_blocking(move || finder.0.store.raise(cid, Standing::Used));
        }
        found
    }

    /// Whether this node has the source, as far as it knows without a look at the disk.
    pub(crate) fn known(&self, cid: ActionCid) -> bool {
        self.0.store.holds(cid) || self.0.cache.holds(cid) || self.remembered(cid).is_some()
    }

    /// The source of an action for whoever asks from an address. What is in memory costs nothing; the disk is read for
    /// few at a time, and not too often for one of them.
    ///
    /// # Errors
    /// [`CodeError::Missing`] if this node does not have it itself; [`CodeError::TooFast`], [`CodeError::Busy`].
    pub(crate) async fn show(&self, cid: ActionCid, address: IpAddr) -> Outcome {
        let (address, now) = (source(address), Instant::now());
        self.0.shown_by_source.take(address, 1, now).map_err(CodeError::too_fast)?;
        let shown = || lock(&self.0.shown).get(cid);
        if let Some(code) = self.remembered(cid).or_else(shown) {
            return Ok(code);
        }
        if !self.known(cid) {
            return Err(CodeError::Missing);
        }
        self.0.read_by_source.take(address, 1, now).map_err(CodeError::too_fast)?;
        let _reader = self.0.readers.try_take(&Payer::of_source(address), 1).ok_or(CodeError::Busy)?;
        let code = self.read(cid).await.ok_or(CodeError::Missing)?;
        lock(&self.0.shown).insert(cid, code.clone());
        Ok(code)
    }

    /// Notes that an address sends so much to be stored.
    ///
    /// # Errors
    /// [`CodeError::TooFast`].
    pub(crate) fn may_send(&self, address: IpAddr, bytes: usize) -> Result<(), CodeError> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.0.stored_by_source.take(source(address), bytes, Instant::now()).map_err(CodeError::too_fast)
    }

    /// The source of an action if this node has it itself.
    pub(crate) async fn held(&self, cid: ActionCid) -> Option<Arc<str>> {
        if let Some(code) = self.remembered(cid) {
            return Some(code);
        }
        let code = self.read(cid).await?;
        self.remember(cid, &code);
        Some(code)
    }

    /// The source from the disk.
    async fn read(&self, cid: ActionCid) -> Option<Arc<str>> {
        if !self.0.store.holds(cid) && !self.0.cache.holds(cid) {
            return None;
        }
        let finder = self.clone();
        let read = move || finder.0.store.read(cid).or_else(|| finder.0.cache.read(cid));
        let code = blocking(read).await.ok().flatten()?;
        self.0.metrics.code("disk");
        Some(code)
    }

    /// Keeps a source for a login; says whether it is new. What no run uses and no key is granted to goes when others
    /// need the room.
    ///
    /// # Errors
    /// [`CodeError::TooFast`], [`CodeError::Quota`], [`CodeError::Full`], [`CodeError::Internal`].
    ///
    /// # Security
    /// The caller has computed the CID from the code.
    pub(crate) async fn keep(
        &self,
        login: LoginId,
        cid: ActionCid,
        code: Arc<str>,
        granted: bool,
    ) -> Result<bool, CodeError> {
        let bytes = files::on_disk(code.len() as u64);
        // What is there already costs nothing.
        let free = self.0.store.holds(cid);
        if !free {
            self.0.stored_by_login.take(login, bytes, Instant::now()).map_err(CodeError::too_fast)?;
        }
        let finder = self.clone();
        let written = code.clone();
        let standing = if granted { Standing::Granted } else { Standing::Stored };
        let new = blocking(move || finder.0.store.write(login, cid, &written, standing)).await??;
        self.0.flights.appeared(cid);
        // Not among what runs have wanted: a stranger's code must not displace that.
        lock(&self.0.shown).insert(cid, code);
        Ok(new)
    }

    async fn search(self, cid: ActionCid) -> Outcome {
        if let Some(code) = self.held(cid).await {
            return Ok(code);
        }
        let (origin, code) = match self.0.sources.look(cid).await {
            Ok(found) => found,
            Err(error) => {
                self.0.metrics.code("nowhere");
                return Err(error);
            }
        };
        self.0.metrics.code(origin);
        self.remember(cid, &code);
        let (finder, written) = (self.clone(), code.clone());
        // A cache that does not take it costs another search some day, not this execution.
        if blocking(move || finder.0.cache.write(cid, &written)).await.is_ok_and(|done| done.is_err()) {
            tracing::warn!("the cache of code could not be written");
        }
        Ok(code)
    }

    fn remembered(&self, cid: ActionCid) -> Option<Arc<str>> {
        lock(&self.0.memory).get(cid)
    }

    fn remember(&self, cid: ActionCid, code: &Arc<str>) {
        lock(&self.0.memory).insert(cid, code.clone());
    }
}

fn lock(memory: &Mutex<Memory>) -> std::sync::MutexGuard<'_, Memory> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Names bytes that came from outside. `None` if they are not what was asked for.
pub(crate) fn checked(cid: ActionCid, bytes: Vec<u8>) -> Option<Outcome> {
    if bytes.len() > CODE_BYTES_MAX || ActionCid::of_code(&bytes) != cid {
        return None;
    }
    // Whoever has these bytes has the same ones: no other source can do better.
    Some(String::from_utf8(bytes).map(Arc::from).map_err(|_| CodeError::NotText))
}

/// Reads, writes and hashes megabytes where they delay no socket.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, CodeError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| CodeError::Internal)
}
