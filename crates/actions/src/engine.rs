//! The wasm engine of a worker: one module, a pool of instances, a clock that can interrupt them.

use std::fs::File;
use std::sync::Arc;

use wasmtime::{
    Config, Engine as Wasm, InstanceAllocationStrategy, InstancePre, Module, PoolingAllocationConfig,
    WasmFeatures,
};

use crate::execution::host::{self, Host};
use crate::guest::{Guest, GuestError};
use crate::hot::HotPages;
use crate::limits::{EXECUTIONS_PER_WORKER_MAX, MEMORY_BYTES_MAX, SharedMemory};

/// Native stack that a guest may use. The engine's own limit on the shadow stack is meant to be reached
/// first, because that one is a catchable RangeError.
const NATIVE_STACK_BYTES: usize = 24 * 1024 * 1024;
/// The stack of an instance: the guest's part and room for the host's own frames.
pub(crate) const STACK_BYTES: usize = NATIVE_STACK_BYTES + 4 * 1024 * 1024;
/// What stays of a stack for the next instance, overwritten with zeros. Most never need more.
const STACK_KEPT_BYTES: usize = 32 * 1024;

/// Why an engine cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The guest was refused.
    #[error(transparent)]
    Guest(#[from] GuestError),
    /// wasmtime refused the image, which was made by another version, for another processor or with other
    /// settings.
    #[error("the guest's image does not fit this build: {0}; run `cargo xtask guest`")]
    Image(String),
}

/// Settings of an [`Engine`].
#[derive(Clone, Copy, Debug)]
pub struct EngineOptions {
    /// Most instances at a time.
    pub instances: u32,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self { instances: EXECUTIONS_PER_WORKER_MAX }
    }
}

/// A guest that is ready to be instantiated.
#[derive(Clone)]
pub struct Engine {
    wasm: Wasm,
    guest: Arc<InstancePre<Host>>,
    hot_pages: Arc<HotPages>,
    hash_observer: Option<HashObserver>,
    memory: Arc<SharedMemory>,
}

/// Is told every message that an action hashes natively. A tool shows with it what a digest is of.
pub type HashObserver = Arc<dyn Fn(&[u8]) + Send + Sync>;

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Engine {
    /// Maps the guest's image.
    ///
    /// # Errors
    /// If the guest is refused or does not fit this build.
    pub fn new(guest: &Guest, options: EngineOptions) -> Result<Self, EngineError> {
        Self::of_image(guest.open_image()?, guest.hot_pages(), options)
    }

    /// Maps an image that was checked.
    pub(crate) fn of_image(
        image: File,
        hot_pages: HotPages,
        options: EngineOptions,
    ) -> Result<Self, EngineError> {
        let refused = |error: wasmtime::Error| EngineError::Image(error.to_string());
        let wasm = Wasm::new(&config(Some(options))).map_err(refused)?;
        #[expect(unsafe_code, reason = "mapping a precompiled image has no safe form")]
        // SAFETY: the file is what our own compiler wrote: its hash is the manifest's, and nobody but its
        // owner, who is this user or root, can write it or its folder.
        let module = unsafe { Module::deserialize_open_file(&wasm, image) }.map_err(refused)?;
        let guest =
            host::linker(&wasm).and_then(|linker| linker.instantiate_pre(&module)).map_err(refused)?;
        let (guest, hot_pages) = (Arc::new(guest), Arc::new(hot_pages));
        Ok(Self { wasm, guest, hot_pages, hash_observer: None, memory: SharedMemory::unbounded() })
    }

    /// The same engine, with somebody who is told what its executions hash. No node has one.
    #[must_use]
    pub fn observed(&self, observer: HashObserver) -> Self {
        Self { hash_observer: Some(observer), ..self.clone() }
    }

    pub(crate) fn hash_observer(&self) -> Option<HashObserver> {
        self.hash_observer.clone()
    }

    /// Makes this thread one that can go on with an instance which another thread began.
    pub(crate) fn enter_thread() {
        Wasm::tls_eager_initialize();
    }

    /// Moves the clock by which running instances notice that they are late or unwanted.
    pub fn tick(&self) {
        self.wasm.increment_epoch();
    }

    /// What all its executions hold together.
    pub(crate) const fn memory(&self) -> &Arc<SharedMemory> {
        &self.memory
    }

    pub(crate) const fn wasm(&self) -> &Wasm {
        &self.wasm
    }

    pub(crate) fn hot_pages(&self) -> &HotPages {
        &self.hot_pages
    }

    pub(crate) fn guest(&self) -> &InstancePre<Host> {
        &self.guest
    }
}

/// The one configuration, for the compiler and for the worker: an image loads only where both agree.
pub(crate) fn config(pool: Option<EngineOptions>) -> Config {
    let mut config = Config::new();
    config.consume_fuel(true);
    config.epoch_interruption(true);
    config.max_wasm_stack(NATIVE_STACK_BYTES);
    config.async_stack_size(STACK_BYTES);
    config.async_stack_zeroing(true);
    config.memory_init_cow(true);
    config.memory_guaranteed_dense_image_size(64 * 1024 * 1024);
    config.wasm_backtrace_max_frames(None);
    // The guest uses plain wasm and needs none of what came later.
    config.wasm_features(WasmFeatures::RELAXED_SIMD | WasmFeatures::SIMD | WasmFeatures::MULTI_MEMORY, false);
    config.wasm_features(WasmFeatures::MEMORY64 | WasmFeatures::TAIL_CALL, false);
    #[cfg(feature = "guest-compiler")]
    {
        // A NaN's bits can be read through a Float64Array, so they are part of the outcome.
        config.cranelift_nan_canonicalization(true);
        config.cranelift_opt_level(wasmtime::OptLevel::Speed);
    }
    if let Some(options) = pool {
        let mut pooling = PoolingAllocationConfig::new();
        pooling.total_core_instances(options.instances);
        pooling.total_memories(options.instances);
        pooling.total_tables(options.instances);
        pooling.total_stacks(options.instances);
        pooling.async_stack_keep_resident(STACK_KEPT_BYTES);
        pooling.max_core_instance_size(1 << 20);
        pooling.max_memories_per_module(1);
        pooling.max_tables_per_module(1);
        pooling.table_elements(20_000);
        pooling.max_memory_size(usize::try_from(MEMORY_BYTES_MAX).unwrap_or(usize::MAX));
        // Nothing of an execution stays in a slot, not even for speed.
        pooling.linear_memory_keep_resident(0);
        pooling.table_keep_resident(0);
        pooling.pagemap_scan(wasmtime::Enabled::No);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pooling));
    }
    config
}
