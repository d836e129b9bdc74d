//! What is counted over a whole execution, an action and those that it calls together.

use quorate_actions::ActionLimits;
use quorate_wire::{ErrorCode, HostCall, RpcMethod};

/// Calls so far.
#[derive(Debug, Default)]
pub(super) struct Counts {
    signatures: u32,
    claims: u32,
    randoms: u32,
    decryptions: u32,
    collects: u32,
    contract_calls: u32,
    fetches: u32,
    children: u32,
}

impl Counts {
    /// Counts a call.
    ///
    /// # Errors
    /// The code of the limit that it goes past. Limits of a single action are the guest's own, and end it.
    pub(super) fn add(&mut self, op: &HostCall, limits: &ActionLimits) -> Result<(), ErrorCode> {
        let (count, most, code) = match op {
            HostCall::Sign(_) => (&mut self.signatures, limits.signatures, ErrorCode::LimitSignatures),
            HostCall::Claim { .. } => (&mut self.claims, limits.claims, ErrorCode::LimitClaims),
            HostCall::Random => (&mut self.randoms, limits.randoms, ErrorCode::LimitRandoms),
            HostCall::Open(_) => (&mut self.decryptions, limits.decryptions, ErrorCode::LimitDecryptions),
            HostCall::Collect { .. } | HostCall::RunOnce { .. } => {
                (&mut self.collects, limits.collects, ErrorCode::LimitCollects)
            }
            HostCall::Rpc { chain: _, method: RpcMethod::PublicUrl } => return Ok(()),
            HostCall::Rpc { .. } => {
                (&mut self.contract_calls, limits.contract_calls, ErrorCode::LimitContractCalls)
            }
            HostCall::Fetch(_) => (&mut self.fetches, limits.fetches, ErrorCode::LimitFetches),
            HostCall::Call { .. } => (&mut self.children, limits.children, ErrorCode::LimitChildren),
            HostCall::ActionKey { .. }
            | HostCall::DecryptRoot
            | HostCall::Registry(_)
            | HostCall::RunOnceResult { .. }
            | HostCall::Pause { .. } => {
                return Ok(());
            }
        };
        if *count >= most {
            return Err(code);
        }
        *count += 1;
        Ok(())
    }

    /// A claim that is none does not count.
    pub(super) fn not_claimed(&mut self) {
        self.claims = self.claims.saturating_sub(1);
    }
}
