//! Bounds of the HTTP interface and of workers.

use serde::{Deserialize, Serialize};

use super::{ConfigError, bounds::Bound};

/// Bounds of the HTTP interface and of workers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ShellLimits {
    /// Executions a second that the node is there for: as many ids are remembered as one address or peer can bring at this
    /// rate, and as many again for others.
    pub executions_per_second: u32,
    /// Executions a second of one login, and requests a second of one address.
    pub login_per_second: u32,
    /// Open HTTP connections. One address gets half.
    pub http_connections: usize,
    /// Callers that wait for an execution at the same time. One address gets half.
    pub http_waiting: usize,
    /// Bytes of all HTTP bodies that are being read at the same time. One address gets half.
    pub http_body_bytes: usize,
    /// Action worker processes, one for each action that runs or did so lately. One login, address or peer gets half.
    pub workers: usize,
    /// Those of them that are started ahead and wait for an action.
    pub blank_workers: usize,
    /// Bytes that all executions in one worker may hold together: what grows the action's memory beyond that ends
    /// with `limit_memory`, large executions before small ones. All workers together may hold `workers` times this.
    pub worker_memory_bytes: usize,
    /// Outbound requests of actions at the same time. One login, address or peer gets half.
    pub fetches: usize,
    /// Outbound requests of one execution at the same time.
    pub fetches_per_execution: usize,
    /// Bytes of all requests of actions to other servers and chains that wait or are under way at the same time. One
    /// login, address or peer gets half; what finds no room is `fetch_failed` or `rpc_failed`.
    pub request_bytes: usize,
    /// Time in milliseconds for running executions to end when the node is stopped.
    pub drain_ms: u64,
}

impl Default for ShellLimits {
    fn default() -> Self {
        let rates = quorate_engine::Rates::default();
        ShellLimits {
            executions_per_second: rates.executions_per_second,
            login_per_second: rates.login_per_second,
            http_connections: 1024,
            http_waiting: 512,
            http_body_bytes: 128 << 20,
            // Half of them hold an action and children as deep as they may be.
            workers: 16,
            blank_workers: 1,
            worker_memory_bytes: 2 << 30,
            fetches: 128,
            fetches_per_execution: 8,
            request_bytes: 128 << 20,
            drain_ms: 10_000,
        }
    }
}

impl ShellLimits {
    /// What each number may be.
    pub(super) fn bounds(&self) -> [Bound; 12] {
        let bound = |setting, value, least, most| Bound { setting, value, least, most: Some(most) };
        let count = |setting, value: usize, least, most| bound(setting, value as u64, least, most);
        let body_bytes = quorate_wire::limits::HTTP_BODY_BYTES_MAX as u64;
        [
            bound("limits.executions_per_second", self.executions_per_second.into(), 1, 10_000),
            bound("limits.login_per_second", self.login_per_second.into(), 1, 10_000),
            count("limits.http_connections", self.http_connections, 1, 65_536),
            count("limits.http_waiting", self.http_waiting, 1, 65_536),
            count("limits.http_body_bytes", self.http_body_bytes, body_bytes, 4 << 30),
            count("limits.workers", self.workers, 1, 1_024),
            count("limits.blank_workers", self.blank_workers, 0, 64),
            count("limits.worker_memory_bytes", self.worker_memory_bytes, 256 << 20, 1 << 40),
            count("limits.fetches", self.fetches, 1, 65_536),
            count("limits.fetches_per_execution", self.fetches_per_execution, 1, 64),
            // Less would not hold what one execution may have open.
            count("limits.request_bytes", self.request_bytes, 16 << 20, 16 << 30),
            bound("limits.drain_ms", self.drain_ms, 0, 60_000),
        ]
    }

    /// What the bounds of each number alone do not say.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.login_per_second > self.executions_per_second {
            let reason = "must be at most limits.executions_per_second".to_owned();
            return Err(ConfigError::Refused { setting: "limits.login_per_second", reason });
        }
        Ok(())
    }
}
