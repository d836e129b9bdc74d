//! From names to addresses: the system's resolver, or fixed answers in tests.

use std::{
    net::{IpAddr, ToSocketAddrs as _},
    sync::Arc,
    thread,
};

use quorate_door::Places;
use quorate_wire::Payer;
use tokio::sync::oneshot;

use super::{
    FetchError,
    plan::{Place, Plan},
};
/// Most addresses of one name that are looked at; a name with more is refused, as not all can be checked.
const ADDRESSES_MAX: usize = 64;
/// Names that are looked up at the same time. The system cannot be told to stop: a look-up for which nobody waits any
/// more goes on for as long as the name's servers keep silent, and has its place until then.
const LOOK_UPS_MAX: usize = 64;
const STACK_BYTES: usize = 512 << 10;

/// Looks names up, each on a thread of its own: names whose servers never answer take no thread from other work.
pub(super) struct Resolver {
    names: Arc<Names>,
    places: Arc<Places>,
}

/// Who is asked for a name.
pub(super) enum Names {
    /// The system.
    System,
    /// A table, and how often it was asked.
    #[cfg(test)]
    Table(std::collections::BTreeMap<String, Vec<IpAddr>>, std::sync::atomic::AtomicUsize),
    /// Servers that keep silent about every name but this one, for as long as the lock is held.
    #[cfg(test)]
    Silent(&'static str, tokio::sync::RwLock<()>),
}

impl Resolver {
    pub(super) fn system() -> Self {
        Resolver::of(Names::System)
    }

    pub(super) fn of(names: Names) -> Self {
        Resolver { names: Arc::new(names), places: Places::new(LOOK_UPS_MAX) }
    }

    #[cfg(test)]
    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    /// All addresses of the plan's host, asked for once. A name that leads nowhere is refused like one that leads to no
    /// public place: which names an operator's own resolver knows is nobody's business.
    pub(super) async fn resolve(&self, plan: &Plan, payers: &[Payer]) -> Result<Vec<IpAddr>, FetchError> {
        let name = match plan.place()? {
            Place::Address(address) => return Ok(vec![address]),
            Place::Name(name) => name.to_owned(),
        };
        let place = self.places.take(payers).await.ok_or(FetchError::Failed)?;
        let (names, port) = (self.names.clone(), plan.port());
        let (tell, told) = oneshot::channel();
        let looking = move || {
            let found = names.look_up(&name, port);
            drop(place);
            // Whoever asked may be gone.
            let _ = tell.send(found);
        };
        let thread = thread::Builder::new().name("name".to_owned()).stack_size(STACK_BYTES);
        thread.spawn(looking).map_err(|_| FetchError::Failed)?;
        let addresses = told.await.map_err(|_| FetchError::Failed)?.ok_or(FetchError::Refused)?;
        match addresses.len() {
            0 => Err(FetchError::Refused),
            1..=ADDRESSES_MAX => Ok(addresses),
            _ => Err(FetchError::Refused),
        }
    }
}

impl Names {
    /// Waits for the answer.
    fn look_up(&self, name: &str, port: u16) -> Option<Vec<IpAddr>> {
        match self {
            Names::System => {
                let found = (name, port).to_socket_addrs().ok()?;
                Some(found.map(|address| address.ip()).take(ADDRESSES_MAX + 1).collect())
            }
            #[cfg(test)]
            Names::Table(table, asked) => {
                asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                Some(table.get(name.trim_end_matches('.')).cloned().unwrap_or_default())
            }
            #[cfg(test)]
            Names::Silent(known, silence) => {
                if name != *known {
                    drop(silence.blocking_read());
                }
                Some(vec![std::net::Ipv4Addr::LOCALHOST.into()])
            }
        }
    }
}
