//! What opens: the policy is judged as a node judges it, with the fixtures as the registry. The plaintext is the fixtures'.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use quorate_policy::{Policy, Reader, may_open};
use quorate_wire::{ActionCid, ErrorCode, OpenRequest, OpenWhat};
use serde_json::{Value, json};

use super::{Host, Refused};

/// The key under which a simulation encrypts: BLS12-381's generator of G1, whose secret everybody knows. No network has it.
pub(super) const STAND_IN_ROOT: &str =
    "0x97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb";

impl Host<'_> {
    /// The plaintext, if the policy says yes.
    pub(super) fn open(&mut self, action: ActionCid, wanted: &OpenRequest) -> Result<Value, Refused> {
        let coded = |code: ErrorCode, detail: String| (code.as_str().to_owned(), detail);
        let refused = |code, path: &str, detail: &str| coded(code, format!("policy{path}: {detail}"));
        let policy = Policy::parse(&wanted.policy, wanted.form)
            .map_err(|error| refused(error.code, &error.path, &error.detail))?;
        let session = self.world.session();
        let time_ms = self.world.fixtures.time_ms().map_err(|_| super::coded(ErrorCode::Internal))?;
        let reader = Reader {
            caller: self
                .world
                .has_caller()
                .then_some(&session)
                .filter(|session| session.may_open(&policy.hash(), Some(&action))),
            action: Some(action),
            unix_ms: time_ms,
            single_node: self.runs.last().is_some_and(|run| run.single_node),
        };
        may_open(&policy, self.world, &reader)
            .map_err(|denial| refused(denial.code, &denial.path, &denial.detail))?;
        let (member, key) = match wanted.what {
            OpenWhat::Lit { data } => ("dataToEncryptHash", hex::encode(data.0)),
            OpenWhat::Container { salt } => ("container", hex::encode(salt)),
        };
        let Some(plaintext) = self.world.fixtures.plaintexts.get(&key) else {
            let add = json!({ key.as_str(): "the plaintext" });
            return Err(self.missing("plaintexts", add, &format!("the ciphertext of {member} {key}")));
        };
        let bytes = match plaintext.strip_prefix("base64:") {
            Some(text) => text.to_owned(),
            None => STANDARD.encode(plaintext),
        };
        self.events.opened.push(json!({ "action": action, member: key, "policy": policy.hash() }));
        Ok(json!({ "plaintext": bytes }))
    }
}
