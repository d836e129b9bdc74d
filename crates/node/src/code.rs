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
mod sources;
mod store;
#[cfg(test)]
mod tests;

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use quorate_wire::{ActionCid, Address, ErrorCode, limits::CODE_BYTES_MAX};

pub use config::CodeConfig;
pub(crate) use sources::Sources;

use crate::metrics::Metrics;
use cache::Cache;
use flights::Flights;
use memory::Memory;
use store::Store;

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
    /// The wallet has stored its share.
    #[error("the wallet has stored as much as one may")]
    Quota,
    /// The store is full.
    #[error("the store of code is full")]
    Full,
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
            CodeError::Internal => ErrorCode::Internal,
        }
    }
}

/// What a search came to.
pub(crate) type Outcome = Result<Arc<str>, CodeError>;

/// Finds and keeps sources. Cheap to clone.
#[derive(Clone)]
pub(crate) struct CodeFinder(Arc<Inner>);

struct Inner {
    memory: Mutex<Memory>,
    store: Store,
    cache: Cache,
    sources: Sources,
    flights: Flights,
    metrics: Arc<Metrics>,
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
            memory: Mutex::new(Memory::new(config.memory_bytes)),
            store: Store::open(&folder.join("store"), config.store_bytes, config.store_bytes_per_wallet)?,
            cache: Cache::open(&folder.join("cache"), config.cache_bytes)?,
            sources,
            flights: Flights::default(),
            metrics,
        })))
    }

    /// The source of an action, from wherever it is. Callers that look for the same one at the same time wait for one
    /// search; one that was nowhere is not looked for again for some seconds.
    ///
    /// # Errors
    /// [`CodeError::Missing`], [`CodeError::NotText`], [`CodeError::Busy`], [`CodeError::Internal`].
    pub(crate) async fn find(&self, cid: ActionCid) -> Outcome {
        if let Some(code) = self.remembered(cid) {
            return Ok(code);
        }
        self.0.flights.join(cid, || Self::search(self.clone(), cid)).await
    }

    /// The source of an action if this node has it itself.
    pub(crate) async fn held(&self, cid: ActionCid) -> Option<Arc<str>> {
        if let Some(code) = self.remembered(cid) {
            return Some(code);
        }
        if !self.0.store.holds(cid) && !self.0.cache.holds(cid) {
            return None;
        }
        let finder = self.clone();
        let read = move || finder.0.store.read(cid).or_else(|| finder.0.cache.read(cid));
        let code = blocking(read).await.ok().flatten()?;
        self.0.metrics.code("disk");
        self.remember(cid, &code);
        Some(code)
    }

    /// Keeps a source for a wallet until an operator removes it; says whether it is new.
    ///
    /// # Errors
    /// [`CodeError::Quota`], [`CodeError::Full`], [`CodeError::Internal`].
    ///
    /// # Security
    /// The caller has computed the CID from the code.
    pub(crate) async fn keep(
        &self,
        wallet: Address,
        cid: ActionCid,
        code: Arc<str>,
    ) -> Result<bool, CodeError> {
        let finder = self.clone();
        let written = code.clone();
        let new = blocking(move || finder.0.store.write(wallet, cid, &written)).await??;
        self.0.flights.appeared(cid);
        self.remember(cid, &code);
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
        self.0.memory.lock().unwrap_or_else(PoisonError::into_inner).get(cid)
    }

    fn remember(&self, cid: ActionCid, code: &Arc<str>) {
        self.0.memory.lock().unwrap_or_else(PoisonError::into_inner).insert(cid, code.clone());
    }
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
