//! What one execution of an action may use, and how a request lowers it.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use super::{
    ACTION_MEMORY_BYTES_MAX, CHILD_DEPTH_MAX, CHILDREN_PER_RUN_MAX, CODE_BYTES_MAX, DECRYPTIONS_MAX,
    EXECUTION_MS_MAX, EXECUTION_OPERATIONS_MAX, LOG_BYTES_MAX, OPERATIONS_MAX, RANDOMS_MAX,
    REQUEST_BYTES_MAX, RESPONSE_BYTES_MAX,
};

/// One list for both types, so that there is no limit that a request cannot lower.
macro_rules! action_limits {
    ($($(#[$doc:meta])* $name:ident: $number:ty = $default:expr;)*) => {
        /// What one execution of an action may use. Reaching past one of them ends the execution with the
        /// code of that limit; nothing is ever cut short in silence. A request may lower them, never raise them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct ActionLimits {
            $($(#[$doc])* pub $name: $number,)*
        }

        impl Default for ActionLimits {
            fn default() -> Self {
                ActionLimits { $($name: $default,)* }
            }
        }

        /// Limits that a request lowers; what it does not name stays at the network's value.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct LimitsRequest {
            $(
                $(#[$doc])*
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub $name: Option<$number>,
            )*
        }

        impl LimitsRequest {
            /// The network's limits, lowered where the request asks for it.
            #[must_use]
            pub fn applied_to(&self, network: &ActionLimits) -> ActionLimits {
                ActionLimits { $($name: self.$name.map_or(network.$name, |wanted| wanted.min(network.$name)),)* }
            }
        }
    };
}

action_limits! {
    /// Time in milliseconds in which the action runs; the time that host calls take is not counted.
    /// Code `limit_wall`.
    wall_ms: u64 = 20_000;
    /// Time in milliseconds from start to end, host calls included. Code `limit_total`.
    total_ms: u64 = EXECUTION_MS_MAX - 1_000;
    /// Work of the processor in wasm fuel units, equal on all nodes. Code `limit_cpu`.
    // Five seconds on a present core (measured: 3.5 to 5.5 units a nanosecond), well below the wall limit
    // also on a slow one, so that a loop ends with the same code on every node.
    fuel: u64 = 20_000_000_000;
    /// Linear memory in bytes. Code `limit_memory`.
    memory_bytes: u64 = 128 << 20;
    /// Stack in bytes. Reaching past it is a `RangeError` that the action can catch.
    stack_bytes: u32 = 2 << 20;
    /// Source text in bytes. Code `limit_code`.
    code_bytes: u32 = as_u32(CODE_BYTES_MAX);
    /// JSON text of the parameters in bytes. Code `limit_params`.
    params_bytes: u32 = as_u32(REQUEST_BYTES_MAX);
    /// Response text in bytes. Code `limit_response`.
    response_bytes: u32 = as_u32(RESPONSE_BYTES_MAX);
    /// Text written to the console in bytes. Code `limit_logs`.
    log_bytes: u32 = as_u32(LOG_BYTES_MAX);
    /// Calls of `fetch`. Code `limit_fetches`.
    fetches: u32 = 50;
    /// Bytes of the bodies that `fetch` was answered with. Code `limit_fetched_bytes`.
    fetched_bytes: u64 = 32 << 20;
    /// Operations with a key. Code `limit_signatures`.
    signatures: u32 = OPERATIONS_MAX;
    /// Values agreed on: `runOnce`, `broadcastAndCollect`, and what is built on them. Code `limit_collects`.
    collects: u32 = 30;
    /// Reads of a chain: `getLatestNonce`, `callContract`, and once more for the block of the first on a chain. Code
    /// `limit_contract_calls`.
    contract_calls: u32 = 30;
    /// Calls of `claimKey`. Code `limit_claims`.
    claims: u32 = 10;
    /// Random values agreed on; each gives as many bytes as an action takes of it. Code `limit_randoms`.
    randoms: u32 = RANDOMS_MAX;
    /// Ciphertexts opened. Code `limit_decryptions`.
    decryptions: u32 = DECRYPTIONS_MAX;
    /// Calls of `call`, those of child actions included. Code `limit_children`.
    children: u32 = CHILDREN_PER_RUN_MAX;
    /// How deep child actions may call child actions; 0 allows none. Code `limit_depth`.
    depth: u32 = CHILD_DEPTH_MAX;
    /// Host calls that are open at the same time. Code `limit_promises`.
    pending: u32 = 50;
    /// Timers that are set at the same time. Code `limit_timers`.
    timers: u32 = 1_000;
    /// Host calls of all kinds. Code `limit_host_calls`.
    host_calls: u32 = 250;
}

impl ActionLimits {
    /// Whether nodes can give what these limits allow. Others bound each execution as well, so that more would end
    /// it in another way than the network's own file says.
    ///
    /// # Errors
    /// A sentence for the operator, with the first limit that is too high.
    pub fn check(&self) -> Result<(), String> {
        let default = ActionLimits::default();
        let most = [
            ("wall_ms", self.wall_ms, default.total_ms),
            ("total_ms", self.total_ms, default.total_ms),
            ("memory_bytes", self.memory_bytes, ACTION_MEMORY_BYTES_MAX),
            ("stack_bytes", self.stack_bytes.into(), default.stack_bytes.into()),
            ("code_bytes", self.code_bytes.into(), default.code_bytes.into()),
            ("params_bytes", self.params_bytes.into(), default.params_bytes.into()),
            ("response_bytes", self.response_bytes.into(), default.response_bytes.into()),
            ("log_bytes", self.log_bytes.into(), default.log_bytes.into()),
            ("signatures", self.signatures.into(), OPERATIONS_MAX.into()),
            ("randoms", self.randoms.into(), RANDOMS_MAX.into()),
            ("decryptions", self.decryptions.into(), DECRYPTIONS_MAX.into()),
            ("children", self.children.into(), CHILDREN_PER_RUN_MAX.into()),
            ("depth", self.depth.into(), CHILD_DEPTH_MAX.into()),
        ];
        for (name, value, most) in most {
            if value > most {
                return Err(format!("limits.{name} is {value}; nodes can give {most} at most"));
            }
        }
        let operations = [self.signatures, self.collects, self.claims, self.randoms, self.decryptions];
        let operations = operations.map(u64::from).iter().sum::<u64>();
        if operations > EXECUTION_OPERATIONS_MAX as u64 {
            return Err(format!(
                "limits.signatures, collects, claims, randoms and decryptions are {operations} together; nodes can \
                 give {EXECUTION_OPERATIONS_MAX} at most"
            ));
        }
        Ok(())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "constants far below 4 GiB, compared right here")]
const fn as_u32(bytes: usize) -> u32 {
    assert!(bytes <= u32::MAX as usize, "a length of a text");
    bytes as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_lowers_limits_and_raises_none() {
        let network = ActionLimits::default();
        let wanted: LimitsRequest =
            serde_json::from_str(r#"{"fetches":3,"signatures":1000,"wall_ms":5}"#).unwrap();
        let limits = wanted.applied_to(&network);
        assert_eq!(limits, ActionLimits { fetches: 3, wall_ms: 5, ..network });
        assert_eq!(LimitsRequest::default().applied_to(&network), network);
    }

    #[test]
    fn every_limit_can_be_lowered_to_nothing() {
        let names: Vec<String> = serde_json::from_value::<serde_json::Map<_, _>>(
            serde_json::to_value(ActionLimits::default()).unwrap(),
        )
        .unwrap()
        .into_iter()
        .map(|(name, _): (String, serde_json::Value)| name)
        .collect();
        let zeros: serde_json::Map<_, _> = names.iter().map(|name| (name.clone(), 0.into())).collect();
        let wanted: LimitsRequest = serde_json::from_value(zeros.clone().into()).unwrap();
        let lowered = serde_json::to_value(wanted.applied_to(&ActionLimits::default())).unwrap();
        assert_eq!(lowered, serde_json::Value::Object(zeros));
    }

    #[test]
    fn a_network_allows_no_more_than_nodes_can_give() {
        let default = ActionLimits::default();
        assert_eq!(default.check(), Ok(()));
        assert_eq!(ActionLimits { memory_bytes: 256 << 20, ..default }.check(), Ok(()));
        for (name, limits) in [
            ("memory_bytes", ActionLimits { memory_bytes: (256 << 20) + 1, ..default }),
            ("signatures", ActionLimits { signatures: 20, ..default }),
            ("total_ms", ActionLimits { total_ms: EXECUTION_MS_MAX, ..default }),
            ("wall_ms", ActionLimits { wall_ms: EXECUTION_MS_MAX, ..default }),
            ("stack_bytes", ActionLimits { stack_bytes: 4 << 20, ..default }),
            ("response_bytes", ActionLimits { response_bytes: u32::MAX, ..default }),
            ("children", ActionLimits { children: 16, ..default }),
            ("randoms", ActionLimits { randoms: 17, ..default }),
            ("decryptions", ActionLimits { decryptions: 11, ..default }),
            ("collects", ActionLimits { collects: u32::MAX, ..default }),
        ] {
            assert!(limits.check().is_err_and(|reason| reason.contains(name)), "{name}");
        }
    }

    #[test]
    fn a_limit_that_does_not_exist_is_refused() {
        assert!(serde_json::from_str::<LimitsRequest>(r#"{"fetch":3}"#).is_err());
    }
}
