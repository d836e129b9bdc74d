//! Host calls and their answers as the guest's JavaScript writes and reads them: a number for the kind, a
//! JSON text and a body. The one decoder of what the guest asks for.

use quorate_wire::{
    CallBlock, ContractCall, Digest, EcdsaAnswer, FetchRequest, HostCall, HostReply, OpenRequest, OpenTo,
    OpenWhat, PolicyForm, Recipient, Redirect, RegistryQuery, RpcMethod, SignKey, SignMessage, SignRequest,
};
use serde::{Deserialize, Serialize};
use wasmtime::Result;

/// Kinds of calls; a test compares them with those of the guest's JavaScript.
mod kind {
    pub(super) const SIGN_DIGEST: i32 = 0;
    pub(super) const SIGN_DIGEST_AND_COMBINE: i32 = 1;
    pub(super) const FETCH: i32 = 2;
    pub(super) const SIGN_PERSONAL: i32 = 3;
    pub(super) const SIGN_AS_ACTION: i32 = 4;
    pub(super) const ACTION_KEY: i32 = 5;
    pub(super) const REGISTRY: i32 = 6;
    pub(super) const CLAIM: i32 = 7;
    pub(super) const COLLECT: i32 = 8;
    pub(super) const RUN_ONCE: i32 = 9;
    pub(super) const RUN_ONCE_RESULT: i32 = 10;
    pub(super) const CALL: i32 = 11;
    pub(super) const RPC: i32 = 12;
    pub(super) const PAUSE: i32 = 13;
    pub(super) const DECRYPT_ROOT: i32 = 14;
    pub(super) const OPEN: i32 = 15;

    /// All of them, by the names that JavaScript has for them, in the order of their numbers.
    #[cfg(test)]
    pub(super) const ALL: [(&str, i32); 16] = [
        ("KIND_SIGN_DIGEST", SIGN_DIGEST),
        ("KIND_SIGN_DIGEST_AND_COMBINE", SIGN_DIGEST_AND_COMBINE),
        ("KIND_FETCH", FETCH),
        ("KIND_SIGN_PERSONAL", SIGN_PERSONAL),
        ("KIND_SIGN_AS_ACTION", SIGN_AS_ACTION),
        ("KIND_ACTION_KEY", ACTION_KEY),
        ("KIND_REGISTRY", REGISTRY),
        ("KIND_CLAIM", CLAIM),
        ("KIND_COLLECT", COLLECT),
        ("KIND_RUN_ONCE", RUN_ONCE),
        ("KIND_RUN_ONCE_RESULT", RUN_ONCE_RESULT),
        ("KIND_CALL", CALL),
        ("KIND_RPC", RPC),
        ("KIND_PAUSE", PAUSE),
        ("KIND_DECRYPT_ROOT", DECRYPT_ROOT),
        ("KIND_OPEN", OPEN),
    ];
}

/// Reads a call. Anything that the guest's own code does not write is `None`.
pub(crate) fn decode_call(kind: i32, meta: &[u8], body: &[u8]) -> Option<HostCall> {
    let op = match kind {
        kind::SIGN_DIGEST | kind::SIGN_DIGEST_AND_COMBINE => {
            let meta: SignMeta = read(meta)?;
            HostCall::Sign(SignRequest {
                key: SignKey::Pkp(hex::decode(&meta.public_key).ok()?),
                message: SignMessage::Digest(fixed(&meta.to_sign)?),
                name: meta.name,
                recipient: if kind == kind::SIGN_DIGEST { Recipient::Caller } else { Recipient::Action },
            })
        }
        kind::SIGN_PERSONAL => {
            let meta: PersonalMeta = read(meta)?;
            HostCall::Sign(SignRequest {
                key: SignKey::Pkp(hex::decode(&meta.public_key).ok()?),
                message: SignMessage::Personal(meta.message),
                name: meta.name,
                recipient: Recipient::Caller,
            })
        }
        kind::SIGN_AS_ACTION => {
            let meta: OwnMeta = read(meta)?;
            let message = SignMessage::Bytes(body.to_vec());
            HostCall::Sign(SignRequest {
                key: SignKey::Own,
                message,
                name: meta.name,
                recipient: Recipient::Action,
            })
        }
        kind::FETCH => {
            let meta: FetchMeta = read(meta)?;
            HostCall::Fetch(FetchRequest {
                method: meta.method,
                url: meta.url,
                headers: meta.headers,
                body: body.to_vec(),
                redirect: meta.redirect,
            })
        }
        kind::ACTION_KEY => {
            let meta: CidMeta = read(meta)?;
            HostCall::ActionKey { cid: meta.cid }
        }
        kind::REGISTRY => HostCall::Registry(registry(read(meta)?, body)?),
        kind::CLAIM => {
            let meta: ClaimMeta = read(meta)?;
            HostCall::Claim { key_id: meta.key_id }
        }
        kind::COLLECT => {
            let meta: CollectMeta = read(meta)?;
            HostCall::Collect { name: meta.name, value: meta.value }
        }
        kind::RUN_ONCE => {
            let meta: RunOnceMeta = read(meta)?;
            HostCall::RunOnce { name: meta.name, wait: meta.wait }
        }
        kind::RUN_ONCE_RESULT => match read(meta)? {
            ResultMeta::Value { of, value } => HostCall::RunOnceResult { of, result: Ok(value) },
            ResultMeta::Error { of, error } => HostCall::RunOnceResult { of, result: Err(error) },
        },
        kind::CALL => {
            let meta: CallMeta = read(meta)?;
            HostCall::Call { cid: meta.cid, params: meta.params }
        }
        kind::RPC => {
            let meta: RpcMeta = read(meta)?;
            HostCall::Rpc { chain: meta.chain, method: rpc(meta.method, body)? }
        }
        kind::PAUSE => {
            let meta: PauseMeta = read(meta)?;
            HostCall::Pause { ms: meta.ms }
        }
        kind::DECRYPT_ROOT => HostCall::DecryptRoot,
        kind::OPEN => {
            let meta: OpenMeta = read(meta)?;
            let what = match (&meta.data, &meta.salt) {
                (Some(data), None) => OpenWhat::Lit { data: Digest(fixed(data)?) },
                (None, Some(salt)) => OpenWhat::Container { salt: fixed(salt)? },
                _ => return None,
            };
            let to = if meta.one { OpenTo::One } else { OpenTo::All };
            HostCall::Open(OpenRequest { policy: meta.policy, form: meta.form, what, to })
        }
        _ => return None,
    };
    op.is_well_formed().then_some(op)
}

/// The kinds of calls, by name.
#[cfg(test)]
pub(super) const KINDS: [(&str, i32); 16] = kind::ALL;

fn registry(meta: RegistryMeta, body: &[u8]) -> Option<RegistryQuery> {
    Some(match meta {
        RegistryMeta::IsPermittedAction { token, cid } => {
            RegistryQuery::IsPermittedAction { token: fixed(&token)?, cid }
        }
        RegistryMeta::IsPermittedAddress { token, address } => {
            RegistryQuery::IsPermittedAddress { token: fixed(&token)?, address: fixed(&address)? }
        }
        RegistryMeta::IsPermittedAuthMethod { token, method } => {
            let (token, method) = (fixed(&token)?, fixed(&method)?);
            RegistryQuery::IsPermittedAuthMethod { token, method, id: body.to_vec() }
        }
        RegistryMeta::PermittedActions { token } => RegistryQuery::PermittedActions { token: fixed(&token)? },
        RegistryMeta::PermittedAddresses { token } => {
            RegistryQuery::PermittedAddresses { token: fixed(&token)? }
        }
        RegistryMeta::PermittedAuthMethods { token } => {
            RegistryQuery::PermittedAuthMethods { token: fixed(&token)? }
        }
        RegistryMeta::PermittedAuthMethodScopes { token, method, scopes } => {
            let (token, method, id) = (fixed(&token)?, fixed(&method)?, body.to_vec());
            RegistryQuery::PermittedAuthMethodScopes { token, method, id, scopes }
        }
    })
}

fn rpc(meta: RpcMethodMeta, body: &[u8]) -> Option<RpcMethod> {
    Some(match meta {
        RpcMethodMeta::PublicUrl => RpcMethod::PublicUrl,
        RpcMethodMeta::BlockNumber => RpcMethod::BlockNumber,
        RpcMethodMeta::ChainId => RpcMethod::ChainId,
        RpcMethodMeta::TransactionCount { address } => {
            RpcMethod::TransactionCount { address: fixed(&address)? }
        }
        RpcMethodMeta::Call { to, from, value, gas, block } => RpcMethod::Call(ContractCall {
            to: fixed(&to)?,
            data: body.to_vec(),
            from: match from {
                Some(from) => Some(fixed(&from)?),
                None => None,
            },
            value: fixed(&value)?,
            gas,
            block: block.map_or(CallBlock::Named, CallBlock::Number),
        }),
    })
}

fn read<'a, T: Deserialize<'a>>(meta: &'a [u8]) -> Option<T> {
    serde_json::from_slice(meta).ok()
}

/// Exactly so many bytes in hexadecimal digits.
fn fixed<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    hex::decode_to_slice(digits, &mut bytes).ok()?;
    Some(bytes)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignMeta {
    name: String,
    to_sign: String,
    public_key: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonalMeta {
    name: String,
    message: String,
    public_key: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnMeta {
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FetchMeta {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    #[serde(default)]
    redirect: Redirect,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CidMeta {
    cid: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClaimMeta {
    key_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PauseMeta {
    ms: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenMeta {
    policy: String,
    form: PolicyForm,
    data: Option<String>,
    salt: Option<String>,
    one: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CollectMeta {
    name: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RunOnceMeta {
    name: String,
    wait: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum ResultMeta {
    Value { of: u32, value: String },
    Error { of: u32, error: String },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallMeta {
    cid: String,
    params: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum RegistryMeta {
    IsPermittedAction { token: String, cid: String },
    IsPermittedAddress { token: String, address: String },
    IsPermittedAuthMethod { token: String, method: String },
    PermittedActions { token: String },
    PermittedAddresses { token: String },
    PermittedAuthMethods { token: String },
    PermittedAuthMethodScopes { token: String, method: String, scopes: u32 },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RpcMeta {
    chain: String,
    method: RpcMethodMeta,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum RpcMethodMeta {
    PublicUrl,
    BlockNumber,
    ChainId,
    TransactionCount { address: String },
    Call { to: String, from: Option<String>, value: String, gas: Option<u64>, block: Option<u64> },
}

#[derive(Serialize)]
#[serde(untagged)]
enum ReplyMeta<'a> {
    Signed { r: String, s: String, recovery_id: u8 },
    Fetched { status: u16, headers: &'a [(String, String)], url: &'a str },
    Error { error: ErrorMeta<'a> },
}

#[derive(Serialize)]
struct ErrorMeta<'a> {
    code: &'a str,
    message: &'a str,
}

/// A reply as the guest reads it: JSON text and a body.
pub(crate) fn encode_reply(reply: &HostReply) -> Result<(String, &[u8])> {
    let (meta, body): (_, &[u8]) = match reply {
        HostReply::Signed(EcdsaAnswer { r, s, recovery_id }) => {
            (ReplyMeta::Signed { r: hex::encode(r), s: hex::encode(s), recovery_id: *recovery_id }, &[])
        }
        HostReply::Fetched { status, headers, body, url } => {
            (ReplyMeta::Fetched { status: *status, headers, url }, body)
        }
        HostReply::Value(json) => return Ok((format!("{{\"value\":{json}}}"), &[])),
        HostReply::Error { code, message } => (ReplyMeta::Error { error: ErrorMeta { code, message } }, &[]),
    };
    Ok((serde_json::to_string(&meta)?, body))
}
