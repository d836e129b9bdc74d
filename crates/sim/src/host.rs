//! The scripted action host: a run is a list of steps that its parameters describe.

use std::collections::BTreeMap;

use quorate_engine::{ActionEnd, ActionEvent, ActionFailure, ActionStart, EcdsaAnswer, SignCall};
use quorate_wire::{ErrorCode, PublicKey, RequestId, Usage};
use serde::{Deserialize, Serialize};

use crate::caller::digest;

/// What an action does; the parameters of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Script {
    /// Makes digests and responses of different requests differ.
    pub(crate) tag: u64,
    /// The keys it asks to sign, in order.
    pub(crate) keys: Vec<PublicKey>,
    /// Whether it asks for all at once.
    pub(crate) parallel: bool,
    /// Whether it goes on after a refusal.
    pub(crate) catches: bool,
    /// How long it computes before each step.
    pub(crate) compute_ms: u64,
    /// How it ends.
    pub(crate) end: ScriptEnd,
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

    /// Name of the signature of an operation.
    pub(crate) fn name(operation: usize) -> String {
        format!("sig{operation}")
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
    /// It leaves the last operation out.
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

/// One run on one node.
pub(crate) struct Run {
    pub(crate) request: RequestId,
    script: Script,
    alteration: Option<Alteration>,
    /// Operations asked for so far.
    asked: usize,
    /// Open host calls, by number: which operation.
    open: BTreeMap<u32, usize>,
    next_call: u32,
    failed: Option<ErrorCode>,
    ended: bool,
    wall_ms: u64,
}

impl Run {
    pub(crate) fn new(
        start: &ActionStart,
        alteration: Option<Alteration>,
    ) -> Result<(Self, Vec<Step>), String> {
        let script: Script = serde_json::from_str(&start.params).map_err(|error| error.to_string())?;
        let extra = if let Some(Alteration::Slow(ms)) = alteration { ms } else { 0 };
        let wait = script.compute_ms + extra;
        let run = Run {
            request: start.request,
            script,
            alteration,
            asked: 0,
            open: BTreeMap::new(),
            // Numbers of host calls are the worker's; the engine must not rely on their beginning.
            next_call: 7,
            failed: None,
            ended: false,
            wall_ms: start.limits.wall_ms,
        };
        Ok((run, vec![Step::Wait(wait)]))
    }

    /// The wall limit, after which the host ends the run by itself.
    pub(crate) fn wall_ms(&self) -> u64 {
        self.wall_ms
    }

    /// The key and digest that an open call asked for.
    pub(crate) fn open_call(&self, call: u32) -> Option<(PublicKey, [u8; 32])> {
        let operation = *self.open.get(&call)?;
        Some((*self.script.keys.get(operation)?, self.digest(operation)))
    }

    /// The computing before a step is over.
    pub(crate) fn proceed(&mut self) -> Vec<Step> {
        if self.ended || !self.open.is_empty() {
            return Vec::new();
        }
        if self.alteration == Some(Alteration::Throw) {
            return self.finish(Err(ErrorCode::ActionThrew));
        }
        let operations = self.operations();
        if self.asked < operations {
            let until = if self.script.parallel { operations } else { self.asked + 1 };
            return (self.asked..until).map(|operation| self.ask(operation)).collect();
        }
        match self.script.end {
            ScriptEnd::Respond => self.finish(Ok(Some(self.response()))),
            ScriptEnd::Throw => self.finish(Err(ErrorCode::ActionThrew)),
            ScriptEnd::Hang => Vec::new(),
        }
    }

    /// The engine answered a call.
    pub(crate) fn answered(&mut self, call: u32, answer: &Result<EcdsaAnswer, ActionFailure>) -> Vec<Step> {
        if self.ended || self.open.remove(&call).is_none() {
            return Vec::new();
        }
        if let Err(failure) = answer {
            self.failed.get_or_insert(failure.code);
            if !self.script.catches {
                return self.finish(Err(failure.code));
            }
        }
        if self.open.is_empty() { vec![Step::Wait(self.script.compute_ms)] } else { Vec::new() }
    }

    /// The wall limit has come.
    pub(crate) fn out_of_time(&mut self) -> Vec<Step> {
        if self.ended { Vec::new() } else { self.finish(Err(ErrorCode::LimitWall)) }
    }

    fn ask(&mut self, operation: usize) -> Step {
        let call = self.next_call;
        self.next_call += 1;
        self.asked = operation + 1;
        self.open.insert(call, operation);
        let mut name = Script::name(operation);
        if let Some(Alteration::Name(mark)) = self.alteration {
            name = format!("{name}-{mark}");
        }
        let public_key = self.script.keys[operation].uncompressed().to_vec();
        let to_sign = self.digest(operation).to_vec();
        Step::Event(ActionEvent::Sign(SignCall { call, public_key, to_sign, name }))
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

    fn operations(&self) -> usize {
        let all = self.script.keys.len();
        if self.alteration == Some(Alteration::Skip) { all.saturating_sub(1) } else { all }
    }

    fn digest(&self, operation: usize) -> [u8; 32] {
        let mut bytes = digest(self.script.tag, operation);
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
