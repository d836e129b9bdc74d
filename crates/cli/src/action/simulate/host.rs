//! Answers what an action asks of the world from its fixtures, and keeps what it did.

mod counts;
mod open;
mod registry;
mod requests;
mod rights;

pub(super) use requests::body_value;

use std::collections::{BTreeMap, BTreeSet};

use k256::ecdsa;
use quorate_actions::ActionLimits;
use quorate_auth::checksum_address;
use quorate_policy::{Message, SigningKey, Wish, check_claim_id, check_signature_name, may_sign};
use quorate_wire::{
    ActionCid, Digest, EcdsaAnswer, ErrorCode, HostCall, HostReply, MessageKind, PublicKey, Recipient,
    SignKey, SignMessage, SignRequest,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use counts::Counts;
use open::STAND_IN_ROOT;

use super::preimage::{self, Preimages};
use super::record::Recorder;
use super::transaction::hex0x;
use super::world::{World, escaped, local_key, public_of};
use crate::dev::LOGIN_DOMAIN;

/// The code of an answer that the fixtures do not have.
pub(super) const FIXTURE_MISSING: &str = "fixture_missing";

/// The outside of one simulated execution, its child actions included.
pub(super) struct Host<'a> {
    pub(super) world: &'a World,
    pub(super) recorder: Option<&'a mut Recorder>,
    /// What happened.
    pub(super) events: Events,
    /// Which of the fixtures' answers were given.
    answered: Vec<bool>,
    counts: Counts,
    /// Random values so far, those of child actions included.
    randoms: u32,
    limits: ActionLimits,
    /// The action that runs, above those that wait for it.
    runs: Vec<RunState>,
}

/// What a node remembers of one run of an action.
#[derive(Debug, Default)]
struct RunState {
    /// Names of its signatures.
    names: BTreeSet<String>,
    /// Whether it may know what one node alone has said.
    single_node: bool,
    /// Functions that it runs for all nodes, by their calls.
    leads: BTreeMap<u32, String>,
    /// How many signatures had been made when it began.
    signed_before: usize,
}

/// What an execution did, in order.
#[derive(Debug, Default)]
pub(super) struct Events {
    pub(super) signed: Vec<Signed>,
    pub(super) refusals: Vec<Value>,
    pub(super) claims: serde_json::Map<String, Value>,
    pub(super) collected: Vec<Value>,
    pub(super) single_node: Vec<Value>,
    /// What was opened, for which action.
    pub(super) opened: Vec<Value>,
    pub(super) called: Vec<Value>,
    /// Texts to add to the fixtures, with the member that they belong to.
    pub(super) missing: Vec<Value>,
    pub(super) preimages: Preimages,
}

/// A signature that would have been made.
#[derive(Debug)]
pub(super) struct Signed {
    pub(super) name: String,
    pub(super) action: ActionCid,
    /// Name of the key in the fixtures; none for an action's own key.
    pub(super) pkp: Option<String>,
    pub(super) public: PublicKey,
    pub(super) stand_in: bool,
    pub(super) digest: [u8; 32],
    /// What the node hashed itself, where it did.
    pub(super) message: Option<Value>,
    pub(super) signature: [u8; 64],
    pub(super) recovery_id: u8,
    /// Who gets it; nobody, if the action failed.
    pub(super) recipient: Option<Recipient>,
}

/// A refusal: its code, and a sentence.
pub(super) type Refused = (String, String);

impl<'a> Host<'a> {
    pub(super) fn new(world: &'a World, recorder: Option<&'a mut Recorder>, limits: ActionLimits) -> Self {
        let answered = vec![false; world.fixtures.fetch.len()];
        let (events, counts) = (Events::default(), Counts::default());
        Self { world, recorder, events, answered, counts, randoms: 0, limits, runs: Vec::new() }
    }

    /// An action begins. It may know what the one that calls it knows.
    pub(super) fn begin(&mut self) {
        let single_node = self.runs.last().is_some_and(|run| run.single_node);
        let signed_before = self.events.signed.len();
        self.runs.push(RunState { single_node, signed_before, ..RunState::default() });
    }

    /// An action has ended. Whoever called it may know from now on what it knew. Of a failed one, and of what it had
    /// called, the caller gets no signature.
    pub(super) fn end(&mut self, completed: bool) {
        let Some(run) = self.runs.pop() else { return };
        if !completed {
            let of_run = self.events.signed.iter_mut().skip(run.signed_before);
            of_run.for_each(|signed| signed.recipient = None);
        }
        self.single_node(run.single_node);
    }

    /// Counts a call of a child action.
    pub(super) fn count(&mut self, op: &HostCall) -> Result<(), Refused> {
        self.counts.add(op, &self.limits).map_err(coded)
    }

    fn single_node(&mut self, knows: bool) {
        if let Some(run) = self.runs.last_mut() {
            run.single_node |= knows;
        }
    }

    /// Answers everything but `Call`, which the runner carries out. `action` is the one that asks.
    pub(super) fn answer(&mut self, action: ActionCid, call: u32, op: &HostCall) -> HostReply {
        if let Err(refused) = self.count(op) {
            return self.refuse(op, refused);
        }
        let answer = match op {
            HostCall::Sign(sign) => self.sign(action, sign),
            HostCall::Fetch(fetch) => self.fetch(fetch),
            HostCall::ActionKey { cid } => self.action_key(cid).map(value),
            HostCall::Registry(query) => self.registry(query).map(value),
            HostCall::Claim { key_id } => self.claim(action, key_id).map(value),
            HostCall::Random => Ok(value(json!(self.random()))),
            HostCall::DecryptRoot => Ok(value(json!(STAND_IN_ROOT))),
            HostCall::Open(wanted) => self.open(action, wanted).map(value),
            HostCall::Collect { name, value: own } => Ok(value(self.collect(name, own))),
            HostCall::RunOnce { name, wait } => Ok(value(self.run_once(name, *wait, call))),
            HostCall::RunOnceResult { of, result } => Ok(value(self.run_once_result(*of, result))),
            HostCall::Rpc { chain, method } => self.rpc(chain, method).map(value),
            // Nothing happens elsewhere that the script could wait for.
            HostCall::Pause { .. } => Ok(value(Value::Null)),
            HostCall::Call { .. } => Err(coded(ErrorCode::Internal)),
        };
        answer.unwrap_or_else(|refused| self.refuse(op, refused))
    }

    /// Notes a refusal and makes it an answer.
    pub(super) fn refuse(&mut self, op: &HostCall, (code, message): Refused) -> HostReply {
        let mut refusal = json!({ "call": call_name(op), "code": code, "message": message });
        if let HostCall::Sign(sign) = op {
            refusal["name"] = json!(sign.name);
        }
        self.events.refusals.push(refusal);
        HostReply::Error { code, message }
    }

    /// Notes that the fixtures lack something, and what to add to them.
    pub(super) fn missing(&mut self, member: &str, add: Value, what: &str) -> Refused {
        let add = escaped(&add).unwrap_or(add);
        let entry = json!({ "member": member, "add": add });
        if !self.events.missing.contains(&entry) {
            self.events.missing.push(entry);
        }
        (FIXTURE_MISSING.to_owned(), format!("the fixtures have no answer for {what}"))
    }

    /// Answers in the fixtures that nothing asked for.
    pub(super) fn unused(&self) -> Vec<Value> {
        let fetches = self.world.fixtures.fetch.iter().zip(&self.answered);
        fetches
            .filter(|(_, answered)| !**answered)
            .map(|(fetch, _)| json!({ "method": fetch.method, "url": fetch.url }))
            .collect()
    }

    /// As a node: what is wrong with the wish comes before who may wish it, and both are decided by the same functions.
    fn sign(&mut self, action: ActionCid, sign: &SignRequest) -> Result<HostReply, Refused> {
        let (kind, digest) = self.digest(&action, sign).map_err(coded)?;
        check_signature_name(&sign.name).map_err(coded)?;
        if self.runs.last_mut().is_some_and(|run| !run.names.insert(sign.name.clone())) {
            return Err(coded(ErrorCode::SignatureNameDuplicate));
        }
        let (pkp, signer, public, stand_in) = match &sign.key {
            SignKey::Own => {
                let signer = own_key(action)?;
                let public = public_of(&signer).map_err(|_| coded(ErrorCode::Internal))?;
                (None, signer, public, false)
            }
            SignKey::Pkp(bytes) => {
                let public = PublicKey::from_sec1(bytes).map_err(|_| coded(ErrorCode::PkpUnknown))?;
                let single_node = self.runs.last().is_some_and(|run| run.single_node);
                let wish = Wish { key: public, action, kind, single_node };
                may_sign(self.world, &wish, &self.world.session()).map_err(coded)?;
                let (name, key) = self.world.key(&public).ok_or_else(|| coded(ErrorCode::PkpUnknown))?;
                (Some(name.to_owned()), key.signer.clone(), public, key.stand_in)
            }
        };
        let (signature, recovery_id) = signer.sign_prehash_recoverable(&digest.0);
        let (r, s) = (signature.r().to_bytes().into(), signature.s().to_bytes().into());
        let recovery_id = recovery_id.to_byte();
        self.events.signed.push(Signed {
            name: sign.name.clone(),
            action,
            pkp,
            public,
            stand_in,
            digest: digest.0,
            message: hashed(&sign.message),
            signature: signature.to_bytes().into(),
            recovery_id,
            recipient: Some(sign.recipient),
        });
        Ok(HostReply::Signed(EcdsaAnswer { r, s, recovery_id }))
    }

    fn digest(&self, action: &ActionCid, sign: &SignRequest) -> Result<(MessageKind, Digest), ErrorCode> {
        let domains = self.world.fixtures.login_domains.as_deref();
        let development = [LOGIN_DOMAIN.to_owned()];
        let login_domains = domains.unwrap_or(&development);
        let key = match &sign.key {
            SignKey::Own => SigningKey::Own(action),
            SignKey::Pkp(_) => SigningKey::Registered { login_domains },
        };
        let message = match &sign.message {
            SignMessage::Digest(digest) => Message::Digest(digest),
            SignMessage::Personal(text) => Message::Personal(text),
            SignMessage::Bytes(bytes) => Message::Bytes(bytes),
        };
        quorate_policy::digest(key, message)
    }

    /// What `Lit.Auth` holds for an action at the end of this chain of calls.
    pub(super) fn auth(&self, stack: &[ActionCid]) -> String {
        let auth = &self.world.fixtures.auth;
        json!({
            "actionIpfsIdStack": stack,
            "authSigAddress": self.world.wallet().map(|address| checksum_address(&address)),
            "authMethodContexts": self.world.contexts(),
            "resources": auth.resources,
            "customAuthResource": auth.custom_auth_resource,
        })
        .to_string()
    }

    fn action_key(&self, cid: &str) -> Result<Value, Refused> {
        let cid: ActionCid = cid.parse().map_err(|_| malformed("this is not the CID of an action"))?;
        let public = public_of(&own_key(cid)?).map_err(|_| coded(ErrorCode::Internal))?;
        Ok(json!(hex::encode(public.as_bytes())))
    }

    fn claim(&mut self, action: ActionCid, key_id: &str) -> Result<Value, Refused> {
        if let Err(code) = check_claim_id(key_id) {
            self.counts.not_claimed();
            return Err(coded(code));
        }
        let internal = |_| coded(ErrorCode::Internal);
        let key = local_key("claim", format!("{action}_{key_id}").as_bytes()).map_err(internal)?;
        let public = public_of(&key).map_err(internal)?;
        self.events.claims.insert(key_id.to_owned(), json!({ "action": action, "public_key": public }));
        Ok(json!(hex::encode(public.as_bytes())))
    }

    /// The next random value of the execution.
    fn random(&mut self) -> String {
        let seed = self.world.fixtures.seed.as_deref().unwrap_or_default();
        self.randoms += 1;
        let hash = Sha256::digest(format!("quorate/simulated-random/v1\0{}\0{seed}", self.randoms));
        hex::encode(hash)
    }

    /// The values of all nodes in their order. Nodes of which the fixtures say nothing have found the same.
    fn collect(&mut self, name: &str, own: &str) -> Value {
        let nodes = &self.world.fixtures.nodes;
        let others = self.world.fixtures.collect.get(name);
        let mut others = others.map(|values| values.iter().map(String::as_str));
        let mut values = Vec::new();
        for node in 1..=nodes.count {
            let value = match &mut others {
                _ if node == nodes.own => Some(own),
                None => Some(own),
                Some(others) => others.next(),
            };
            values.extend(value.map(|value| json!({ "node": node, "value": value })));
        }
        self.events.collected.push(json!({ "name": name, "values": values }));
        Value::Array(values)
    }

    /// The node that is simulated leads unless the fixtures say what another one found.
    fn run_once(&mut self, name: &str, wait: bool, call: u32) -> Value {
        // From here on, whether or not it waits for the value.
        self.single_node(true);
        let led = self.world.fixtures.run_once.get(name);
        if !wait {
            // Nobody waits, so nothing is agreed on, and no statement has it.
            return if led.is_none() { json!({ "run": true }) } else { json!({}) };
        }
        let Some(led) = led else {
            if let Some(run) = self.runs.last_mut() {
                run.leads.insert(call, name.to_owned());
            }
            return json!({ "run": true });
        };
        let found = match (&led.value, &led.error) {
            (Some(value), _) => json!({ "value": value }),
            (None, error) => json!({ "error": error }),
        };
        self.events.single_node.push(json!({ "name": name, "leader": "another node", "found": found }));
        found
    }

    fn run_once_result(&mut self, of: u32, result: &Result<String, String>) -> Value {
        let found = match result {
            Ok(value) => json!({ "value": value }),
            Err(error) => json!({ "error": error }),
        };
        if let Some(name) = self.runs.last_mut().and_then(|run| run.leads.remove(&of)) {
            self.events.single_node.push(json!({ "name": name, "leader": "this node", "found": found }));
        }
        found
    }
}

/// What a node hashes itself, where it does.
fn hashed(message: &SignMessage) -> Option<Value> {
    match message {
        SignMessage::Digest(_) => None,
        SignMessage::Personal(text) => Some(preimage::personal_value(text.as_bytes())),
        SignMessage::Bytes(bytes) => Some(match std::str::from_utf8(bytes) {
            Ok(text) => json!({ "kind": "action", "text": text }),
            Err(_) => json!({ "kind": "action", "bytes": hex0x(bytes) }),
        }),
    }
}

/// The name of a call's kind, for reports.
fn call_name(op: &HostCall) -> &'static str {
    match op {
        HostCall::Sign(_) => "sign",
        HostCall::Fetch(_) => "fetch",
        HostCall::ActionKey { .. } => "action_key",
        HostCall::Registry(_) => "registry",
        HostCall::Claim { .. } => "claim",
        HostCall::Collect { .. } => "collect",
        HostCall::RunOnce { .. } | HostCall::RunOnceResult { .. } => "run_once",
        HostCall::Random => "random",
        HostCall::DecryptRoot => "encrypt",
        HostCall::Open(_) => "decrypt",
        HostCall::Call { .. } => "call",
        HostCall::Rpc { .. } => "rpc",
        HostCall::Pause { .. } => "pause",
    }
}

fn value(value: Value) -> HostReply {
    HostReply::Value(value.to_string())
}

fn own_key(action: ActionCid) -> Result<ecdsa::SigningKey, Refused> {
    local_key("action", action.to_string().as_bytes()).map_err(|_| coded(ErrorCode::Internal))
}

/// A refusal in the words of a node.
pub(super) fn coded(code: ErrorCode) -> Refused {
    (code.as_str().to_owned(), code.title().to_owned())
}

pub(super) fn malformed(why: &str) -> Refused {
    (ErrorCode::MalformedRequest.as_str().to_owned(), why.to_owned())
}
