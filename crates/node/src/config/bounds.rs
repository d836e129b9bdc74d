//! What numbers of `node.toml` may be: one list, which the checks and the operators' page have.

use super::{Config, ConfigError};

/// A number, and what it may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bound {
    /// Its key.
    pub(crate) setting: &'static str,
    pub(crate) value: u64,
    pub(crate) least: u64,
    /// Nothing where the disk or the memory is the bound.
    pub(crate) most: Option<u64>,
}

impl Bound {
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let Bound { setting, value, least, most } = *self;
        if (least..=most.unwrap_or(u64::MAX)).contains(&value) {
            return Ok(());
        }
        let reason = match most {
            Some(most) => format!("must be {least} to {most}"),
            None => format!("must be at least {least}"),
        };
        Err(ConfigError::Refused { setting, reason })
    }
}

impl Config {
    /// Every number that has a bound.
    pub(super) fn bounds(&self) -> impl Iterator<Item = Bound> {
        self.limits.bounds().into_iter().chain(self.code.bounds())
    }
}
