//! Turns the linked guest into what a worker loads: runs its `initialize`, keeps the resulting memory as
//! part of the module, and compiles that to native code. Only the build tool has this.

mod hot;

use wasmtime::error::Context as _;
use wasmtime::{Engine, Instance, Module, Result, Store, Val};
use wasmtime_wizer::{InstanceState, SnapshotVal, ValType, Wizer};

use crate::engine::config;
use crate::execution::at_once;
use crate::execution::host::{self, Host};
use crate::limits::ActionLimits;

pub use self::hot::hot_pages;

/// The guest in its two forms.
#[derive(Debug)]
pub struct Compiled {
    /// The pre-initialised module: equal wherever it is built from equal sources.
    pub module: Vec<u8>,
    /// Native code for this machine's processor.
    pub image: Vec<u8>,
}

/// Compiles the guest that the C compiler linked.
///
/// # Errors
/// If it is not a module, its `initialize` traps, or the result does not compile.
pub fn compile(linked: &[u8]) -> Result<Compiled> {
    let engine = Engine::new(&config(None))?;
    let mut wizer = Wizer::new();
    wizer.init_func("initialize");
    let (context, instrumented) = wizer.instrument(linked)?;
    let module = Module::new(&engine, &instrumented)?;
    let mut store = Store::new(&engine, Host::new(ActionLimits::default(), std::time::Instant::now()));
    store.set_fuel(u64::MAX)?;
    store.set_epoch_deadline(u64::MAX / 2);
    let instance = at_once(host::linker(&engine)?.instantiate_async(&mut store, &module))??;
    // The scripts may compute natively already while they are evaluated.
    let memory = instance.get_memory(&mut store, "memory").context("the guest exports its memory")?;
    store.data_mut().set_memory(memory);
    for step in ["_initialize", "initialize"] {
        let initialize = instance.get_typed_func::<(), ()>(&mut store, step)?;
        at_once(initialize.call_async(&mut store, ()))??;
    }

    let mut state = State { store, instance };
    let module = at_once(wizer.snapshot(&context, &mut state))??;
    let image = engine.precompile_module(&module)?;
    Ok(Compiled { module, image })
}

struct State {
    store: Store<Host>,
    instance: Instance,
}

impl InstanceState for State {
    async fn global_get(&mut self, name: &str, _: ValType) -> SnapshotVal {
        let global = self.instance.get_global(&mut self.store, name).expect("wizer exported it");
        match global.get(&mut self.store) {
            Val::I32(value) => SnapshotVal::I32(value),
            Val::I64(value) => SnapshotVal::I64(value),
            Val::F32(bits) => SnapshotVal::F32(bits),
            Val::F64(bits) => SnapshotVal::F64(bits),
            other => unreachable!("the guest has no global of this type: {other:?}"),
        }
    }

    async fn memory_contents(&mut self, name: &str, contents: impl FnOnce(&[u8]) + Send) {
        let memory = self.instance.get_memory(&mut self.store, name).expect("wizer exported it");
        contents(memory.data(&self.store));
    }
}
