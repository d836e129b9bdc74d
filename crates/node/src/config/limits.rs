//! Bounds of the HTTP interface and of workers.

use serde::{Deserialize, Serialize};

use super::ConfigError;

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
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let limits = self;
        let refuse = |setting, reason: &str| ConfigError::Refused { setting, reason: reason.to_owned() };
        let counts = [
            ("limits.http_connections", limits.http_connections, 1, 65_536),
            ("limits.http_waiting", limits.http_waiting, 1, 65_536),
            (
                "limits.http_body_bytes",
                limits.http_body_bytes,
                quorate_wire::limits::HTTP_BODY_BYTES_MAX,
                4 << 30,
            ),
            ("limits.workers", limits.workers, 1, 1_024),
            ("limits.blank_workers", limits.blank_workers, 0, 64),
            ("limits.worker_memory_bytes", limits.worker_memory_bytes, 256 << 20, 1 << 40),
            ("limits.fetches", limits.fetches, 1, 65_536),
            ("limits.fetches_per_execution", limits.fetches_per_execution, 1, 64),
            // Less would not hold what one execution may have open.
            ("limits.request_bytes", limits.request_bytes, 16 << 20, 16 << 30),
        ];
        for (setting, value, least, most) in counts {
            if !(least..=most).contains(&value) {
                return Err(ConfigError::Refused { setting, reason: format!("must be {least} to {most}") });
            }
        }
        let rates = [
            ("limits.executions_per_second", limits.executions_per_second),
            ("limits.login_per_second", limits.login_per_second),
        ];
        if let Some((setting, _)) = rates.into_iter().find(|(_, rate)| !(1..=10_000).contains(rate)) {
            return Err(refuse(setting, "must be 1 to 10000"));
        }
        if limits.login_per_second > limits.executions_per_second {
            return Err(refuse("limits.login_per_second", "must be at most limits.executions_per_second"));
        }
        if limits.drain_ms > 60_000 {
            return Err(refuse("limits.drain_ms", "must be at most 60000"));
        }
        Ok(())
    }
}
