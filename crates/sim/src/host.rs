//! The scripted action host: a run is a list of acts that its parameters describe.

use std::collections::{BTreeMap, VecDeque};

use quorate_auth::eip191;
use quorate_engine::{ActionEnd, ActionEvent, ActionFailure, ActionStart, Answer, Call};
use quorate_policy::Policy;
use quorate_wire::{
    ActionCid, Digest, ErrorCode, HostCall, Lane, MessageKind, OpenRequest, OpenTo, OpenWhat,
    OperationNumber, PolicyForm, PublicKey, Recipient, RequestId, SignKey, SignMessage, SignRequest, Usage,
    action_signature_digest,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// What an action does; the parameters of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Script {
    /// Makes digests and responses of different requests differ.
    pub(crate) tag: u64,
    /// What it asks for, in order.
    pub(crate) acts: Vec<Act>,
    /// Whether it asks for all at once.
    pub(crate) parallel: bool,
    /// Whether a signature changes the digests after it.
    pub(crate) chained: bool,
    /// Whether it goes on after a refusal.
    pub(crate) catches: bool,
    /// How long it computes before each step.
    pub(crate) compute_ms: u64,
    /// How it ends.
    pub(crate) end: ScriptEnd,
}

/// One thing that a script asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Act {
    /// A signature of a bare digest, which depends on all that the run was given before.
    Digest(PublicKey),
    /// A signature of a text.
    Personal(PublicKey),
    /// A signature of a text that is a login.
    Login(PublicKey, String),
    /// A signature with the action's own key.
    Own,
    /// The values of all nodes.
    Collect,
    /// A value that nobody knows before.
    Draw,
    /// What is encrypted to the key.
    Open(PublicKey),
    /// A function that one node runs; whether it throws.
    Once(bool),
    /// A run of another action.
    Child(ActionCid, Box<Script>),
}

/// How a script ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ScriptEnd {
    Respond,
    Throw,
    Hang,
}

impl Script {
    /// What an honest run responds.
    pub(crate) fn response(&self) -> String {
        format!("done {}", self.tag)
    }
}

/// How one node's run is made to differ from what the action says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alteration {
    /// Another digest in every operation; the number makes several differ from each other.
    Digest(u8),
    /// Another name.
    Name(u8),
    /// It throws at once.
    Throw,
    /// It leaves the last act out.
    Skip,
    /// It responds something else.
    Response(u8),
    /// It takes this much longer.
    Slow(u64),
}

/// What a run does next.
#[derive(Debug)]
pub(crate) enum Step {
    /// Come back after so many milliseconds.
    Wait(u64),
    /// The host reports this to the engine.
    Event(ActionEvent),
}

/// What an open call asked for.
#[derive(Debug, Clone)]
pub(crate) enum Open {
    Sign {
        number: OperationNumber,
        /// None is the action's own key.
        key: Option<PublicKey>,
        kind: MessageKind,
        digest: [u8; 32],
        name: String,
    },
    Collect {
        number: OperationNumber,
        value: String,
    },
    Once {
        number: OperationNumber,
        throws: bool,
    },
    Draw {
        number: OperationNumber,
    },
    Secret {
        number: OperationNumber,
        key: PublicKey,
    },
    Child,
}

/// One run on one node.
pub(crate) struct Run {
    pub(crate) request: RequestId,
    pub(crate) action: ActionCid,
    lane: Lane,
    /// Makes the values of different nodes, and of different lives of one, differ.
    place: String,
    script: Script,
    alteration: Option<Alteration>,
    /// Acts asked for so far.
    asked: usize,
    next_index: u32,
    /// Open host calls, by number.
    open: BTreeMap<u32, Open>,
    /// Calls whose function this node runs.
    functions: VecDeque<u32>,
    next_call: u32,
    /// Hash of all that the run was given, without what it drew.
    given: [u8; 32],
    /// Hash of what it drew. A draw is answered at once, so among calls made together it has no place of its own.
    drawn: [u8; 32],
    ended: bool,
    wall_ms: u64,
}

impl Run {
    pub(crate) fn new(
        start: &ActionStart,
        alteration: Option<Alteration>,
        place: String,
    ) -> Result<(Self, Vec<Step>), String> {
        let script: Script = serde_json::from_str(&start.params).map_err(|error| error.to_string())?;
        let extra = if let Some(Alteration::Slow(ms)) = alteration { ms } else { 0 };
        let wait = script.compute_ms + extra;
        let run = Run {
            request: start.request,
            action: start.action,
            lane: start.lane,
            place,
            script,
            // Only the run that the caller asked for is altered.
            alteration: alteration.filter(|_| start.lane == Lane::ROOT),
            asked: 0,
            next_index: 0,
            open: BTreeMap::new(),
            functions: VecDeque::new(),
            // Numbers of host calls are the worker's; the engine must not rely on their beginning.
            next_call: 7,
            given: [0; 32],
            drawn: [0; 32],
            ended: false,
            wall_ms: start.limits.total_ms,
        };
        Ok((run, vec![Step::Wait(wait)]))
    }

    /// The limit of time, after which the host ends the run by itself.
    pub(crate) fn wall_ms(&self) -> u64 {
        self.wall_ms
    }

    /// What an open call asked for.
    pub(crate) fn open_call(&self, call: u32) -> Option<&Open> {
        self.open.get(&call)
    }

    /// The computing before a step is over.
    pub(crate) fn proceed(&mut self) -> Vec<Step> {
        if self.ended {
            return Vec::new();
        }
        if let Some(of) = self.functions.pop_front() {
            return self.function_ends(of).into_iter().collect();
        }
        if !self.open.is_empty() {
            return Vec::new();
        }
        if self.alteration == Some(Alteration::Throw) {
            return self.finish(Err(ErrorCode::ActionThrew));
        }
        let acts = self.acts();
        if self.asked < acts {
            let until = if self.script.parallel { acts } else { self.asked + 1 };
            return (self.asked..until).map(|act| self.ask(act)).collect();
        }
        match self.script.end {
            ScriptEnd::Respond => self.finish(Ok(Some(self.response()))),
            ScriptEnd::Throw => self.finish(Err(ErrorCode::ActionThrew)),
            ScriptEnd::Hang => Vec::new(),
        }
    }

    /// The engine answered a call.
    pub(crate) fn answered(&mut self, call: u32, answer: &Result<Answer, ActionFailure>) -> Vec<Step> {
        if self.ended {
            return Vec::new();
        }
        let Some(open) = self.open.get(&call) else { return Vec::new() };
        if let (Open::Once { .. }, Ok(Answer::Value(value))) = (open, answer)
            && value == r#"{"run":true}"#
        {
            self.functions.push_back(call);
            return vec![Step::Wait(self.script.compute_ms)];
        }
        let draws = matches!(open, Open::Draw { .. });
        self.open.remove(&call);
        match answer {
            Ok(Answer::Value(value)) if draws => {
                for (byte, more) in self.drawn.iter_mut().zip(Sha256::digest(value)) {
                    *byte ^= more;
                }
            }
            Ok(Answer::Value(value)) => {
                self.given = Sha256::new().chain_update(self.given).chain_update(value).finalize().into();
            }
            Ok(Answer::Signed(signature)) if self.script.chained => {
                let hash = Sha256::new().chain_update(self.given);
                self.given = hash.chain_update(signature.r).chain_update(signature.s).finalize().into();
            }
            Ok(Answer::Signed(_)) => {}
            Err(failure) if !self.script.catches => return self.finish(Err(failure.code)),
            Err(_) => {}
        }
        if self.open.is_empty() { vec![Step::Wait(self.script.compute_ms)] } else { Vec::new() }
    }

    /// The limit of time has come.
    pub(crate) fn out_of_time(&mut self) -> Vec<Step> {
        if self.ended { Vec::new() } else { self.finish(Err(ErrorCode::LimitWall)) }
    }

    fn ask(&mut self, act: usize) -> Step {
        self.asked = act + 1;
        let name = match self.alteration {
            Some(Alteration::Name(mark)) => format!("name{act}-{mark}"),
            _ => format!("name{act}"),
        };
        let (open, wanted) = match self.script.acts[act].clone() {
            Act::Digest(key) => {
                let digest = self.digest(act);
                self.sign(Some(key), MessageKind::Digest, (digest, SignMessage::Digest(digest)), name)
            }
            Act::Personal(key) => {
                let text = hex::encode(self.digest(act));
                let digest = eip191::hash(text.as_bytes());
                self.sign(Some(key), MessageKind::Personal, (digest, SignMessage::Personal(text)), name)
            }
            Act::Login(key, text) => {
                let digest = eip191::hash(text.as_bytes());
                self.sign(Some(key), MessageKind::Login, (digest, SignMessage::Personal(text)), name)
            }
            Act::Own => {
                let bytes = self.digest(act).to_vec();
                let digest = action_signature_digest(&self.action, &bytes).0;
                self.sign(None, MessageKind::Action, (digest, SignMessage::Bytes(bytes)), name)
            }
            Act::Collect => {
                let value = format!("{} {act}", self.place);
                let open = Open::Collect { number: self.number(), value: value.clone() };
                (open, HostCall::Collect { name, value })
            }
            Act::Draw => (Open::Draw { number: self.number() }, HostCall::Random),
            Act::Open(key) => {
                let (policy, data) = (Policy::to_key(&key).canonical().to_owned(), Digest(self.digest(act)));
                let what = OpenWhat::Lit { data };
                let call = OpenRequest { policy, form: PolicyForm::Unified, what, to: OpenTo::All };
                (Open::Secret { number: self.number(), key }, HostCall::Open(call))
            }
            Act::Once(throws) => {
                (Open::Once { number: self.number(), throws }, HostCall::RunOnce { name, wait: true })
            }
            Act::Child(action, script) => {
                let params = serde_json::to_string(&script).expect("a script is JSON");
                (Open::Child, HostCall::Call { cid: action.to_string(), params })
            }
        };
        let call = self.next_call();
        self.open.insert(call, open);
        Step::Event(ActionEvent::Call(Call { call, seen: Vec::new(), wanted }))
    }

    fn sign(
        &mut self,
        key: Option<PublicKey>,
        kind: MessageKind,
        (digest, message): ([u8; 32], SignMessage),
        name: String,
    ) -> (Open, HostCall) {
        let open = Open::Sign { number: self.number(), key, kind, digest, name: name.clone() };
        let key = key.map_or(SignKey::Own, |key| SignKey::Pkp(key.uncompressed().to_vec()));
        (open, HostCall::Sign(SignRequest { key, message, name, recipient: Recipient::Caller }))
    }

    /// The function that this node runs for all has ended.
    fn function_ends(&mut self, of: u32) -> Option<Step> {
        let open = self.open.remove(&of)?;
        let Open::Once { number, throws } = open else { return None };
        let value = format!("{} led {number}", self.place);
        let result = if throws { Err(value) } else { Ok(value) };
        let call = self.next_call();
        self.open.insert(call, Open::Once { number, throws });
        let wanted = HostCall::RunOnceResult { of, result };
        Some(Step::Event(ActionEvent::Call(Call { call, seen: Vec::new(), wanted })))
    }

    fn next_call(&mut self) -> u32 {
        self.next_call += 1;
        self.next_call
    }

    fn number(&mut self) -> OperationNumber {
        let number = self.lane.operation(self.next_index).expect("scripts are short");
        self.next_index += 1;
        number
    }

    fn finish(&mut self, result: Result<Option<String>, ErrorCode>) -> Vec<Step> {
        self.ended = true;
        let result = result.map_err(|code| ActionFailure { code, message: "the script ended so".to_owned() });
        let usage = Usage {
            fuel: 1_000,
            wall_ms: self.script.compute_ms,
            memory_bytes: 1 << 20,
            host_calls: 1,
            ..Usage::default()
        };
        vec![Step::Event(ActionEvent::Finished(ActionEnd { result, logs: String::new(), usage }))]
    }

    fn acts(&self) -> usize {
        let all = self.script.acts.len();
        if self.alteration == Some(Alteration::Skip) { all.saturating_sub(1) } else { all }
    }

    fn digest(&self, act: usize) -> [u8; 32] {
        let act = u64::try_from(act).unwrap_or(u64::MAX);
        let mut bytes: [u8; 32] = Sha256::new()
            .chain_update("simulated digest")
            .chain_update(self.script.tag.to_be_bytes())
            .chain_update(act.to_be_bytes())
            .chain_update(self.given)
            .chain_update(self.drawn)
            .finalize()
            .into();
        if let Some(Alteration::Digest(mark)) = self.alteration {
            bytes[0] ^= mark;
        }
        bytes
    }

    fn response(&self) -> String {
        match self.alteration {
            Some(Alteration::Response(mark)) => format!("{} differently {mark}", self.script.response()),
            _ => self.script.response(),
        }
    }
}
