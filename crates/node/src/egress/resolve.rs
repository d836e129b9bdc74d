//! From names to addresses: the system's resolver, or fixed answers in tests.

use std::net::IpAddr;

use super::{
    FetchError,
    plan::{Place, Plan},
};

/// Most addresses of one name that are looked at; a name with more is refused, as not all can be checked.
const ADDRESSES_MAX: usize = 64;

/// Who is asked for a name.
pub(super) enum Resolver {
    /// The system.
    System,
    /// A table, and how often it was asked.
    #[cfg(test)]
    Table(std::collections::BTreeMap<String, Vec<IpAddr>>, std::sync::atomic::AtomicUsize),
}

impl Resolver {
    /// All addresses of the plan's host, asked for once.
    pub(super) async fn resolve(&self, plan: &Plan) -> Result<Vec<IpAddr>, FetchError> {
        let name = match plan.place()? {
            Place::Address(address) => return Ok(vec![address]),
            Place::Name(name) => name,
        };
        let addresses: Vec<IpAddr> = match self {
            Resolver::System => {
                let found =
                    tokio::net::lookup_host((name, plan.port())).await.map_err(|_| FetchError::Failed)?;
                found.map(|address| address.ip()).take(ADDRESSES_MAX + 1).collect()
            }
            #[cfg(test)]
            Resolver::Table(table, asked) => {
                asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                table.get(name.trim_end_matches('.')).cloned().unwrap_or_default()
            }
        };
        match addresses.len() {
            0 => Err(FetchError::Failed),
            1..=ADDRESSES_MAX => Ok(addresses),
            _ => Err(FetchError::Refused),
        }
    }
}
