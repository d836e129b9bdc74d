//! What a caller wants to have executed, and the signed bytes that come of it.

use bytes::Bytes;
use quorate_wire::{
    ActionCid, BlockRef, ErrorCode, ExecutionRequest, LimitsRequest, NetworkId, Problem, RequestId,
    Submission, limits::CODE_BYTES_MAX, request_id,
};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::Login;

/// The action, by its source or by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActionSource {
    /// The source, which is sent along.
    Code(String),
    /// The name only: nodes must have the source already.
    Cid(ActionCid),
}

impl ActionSource {
    /// The action's name.
    #[must_use]
    pub fn cid(&self) -> ActionCid {
        match self {
            ActionSource::Code(code) => ActionCid::of_code(code.as_bytes()),
            ActionSource::Cid(cid) => *cid,
        }
    }
}

/// One wish: run this action with these parameters.
#[derive(Debug, Clone)]
pub struct ExecutionCall {
    action: ActionSource,
    params: Box<RawValue>,
    limits: Option<LimitsRequest>,
}

impl ExecutionCall {
    /// A call of an action. The parameters are anything that is written as a JSON object; a
    /// [`RawValue`] is sent as it stands.
    ///
    /// # Errors
    /// `params_invalid` if they are not an object, `code_too_large`.
    pub fn new(action: ActionSource, params: &impl Serialize) -> Result<Self, Problem> {
        if let ActionSource::Code(code) = &action
            && code.len() > CODE_BYTES_MAX
        {
            return Err(Problem::of(ErrorCode::CodeTooLarge));
        }
        let params =
            serde_json::value::to_raw_value(params).map_err(|_| Problem::of(ErrorCode::ParamsInvalid))?;
        if !params.get().starts_with('{') {
            return Err(Problem::of(ErrorCode::ParamsInvalid));
        }
        Ok(ExecutionCall { action, params, limits: None })
    }

    /// Lowers limits.
    #[must_use]
    pub fn limits(mut self, limits: LimitsRequest) -> Self {
        self.limits = Some(limits);
        self
    }

    /// The action.
    #[must_use]
    pub fn action(&self) -> &ActionSource {
        &self.action
    }
}

/// Where and when a request is made.
pub(crate) struct Moment {
    pub(crate) network: NetworkId,
    pub(crate) block: BlockRef,
    pub(crate) time_ms: u64,
    pub(crate) nonce: [u8; 16],
}

/// A signed request. However often and wherever it is sent, it is one execution.
#[derive(Debug, Clone)]
pub struct PreparedRequest {
    id: RequestId,
    bytes: Vec<u8>,
    body: Bytes,
}

impl PreparedRequest {
    pub(crate) fn sign(call: &ExecutionCall, login: &Login, moment: &Moment) -> Result<Self, Problem> {
        let request = ExecutionRequest {
            v: 1,
            network: moment.network,
            session: login.session().key,
            login: login.hash(),
            action: call.action.cid(),
            params: call.params.clone(),
            block: moment.block,
            time_ms: moment.time_ms,
            nonce: hex::encode(moment.nonce),
            limits: call.limits.clone(),
        };
        let malformed = |_| Problem::of(ErrorCode::MalformedRequest);
        let bytes = serde_json::to_vec(&request).map_err(malformed)?;
        // What nodes would refuse is refused here: parameters that are too long or have a member twice.
        ExecutionRequest::parse(&bytes)?;
        let id = request_id(&moment.network, &bytes);
        let submission = Submission {
            request: bytes.clone(),
            sig: login.sign_request(&id).to_vec(),
            login: login.proof().clone(),
            code: match &call.action {
                ActionSource::Code(code) => Some(code.clone()),
                ActionSource::Cid(_) => None,
            },
        };
        let body = serde_json::to_vec(&submission).map_err(malformed)?.into();
        Ok(PreparedRequest { id, bytes, body })
    }

    /// The request's id.
    #[must_use]
    pub fn id(&self) -> RequestId {
        self.id
    }

    /// The signed bytes: with the reply, all that [`crate::verify_execution`] needs.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The body of `POST /v1/executions`.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    pub(crate) fn shared_body(&self) -> Bytes {
        self.body.clone()
    }
}
