//! Policies as files have them, in words; and `quorate policy show`.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use quorate_client::Client;
use quorate_encryption::{Header, POLICY_BYTES_MAX};
use quorate_policy::Policy;
use quorate_wire::{ErrorCode, PolicyForm, Problem};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json, value::RawValue};

use super::lit::DOCUMENT_BYTES_MAX;
use super::{container, is_document, source, text};
use crate::args::{PolicyCommand, encryption::Recipient};
use crate::failure::Failure;
use crate::output::{Output, printable};
use crate::source;

/// A policy, and the text that it was read from.
#[derive(Debug, Clone)]
pub(super) struct Stated {
    /// The JSON list, as written.
    pub(super) list: Box<RawValue>,
    /// What it means.
    pub(super) policy: Policy,
    /// In which form it is written.
    pub(super) form: PolicyForm,
}

impl Stated {
    /// Reads a list.
    ///
    /// # Errors
    /// The policy's own code, with the path of what is wrong.
    pub(super) fn new(list: Box<RawValue>, form: PolicyForm) -> Result<Self, Failure> {
        let policy = Policy::parse(list.get(), form).map_err(Problem::from)?;
        Ok(Stated { list, policy, form })
    }

    /// Reads the text of a list.
    pub(super) fn parse(text: &str, form: PolicyForm) -> Result<Self, Failure> {
        let list = RawValue::from_string(text.to_owned())
            .map_err(|error| Problem::new(ErrorCode::PolicyInvalid, format!("it is not JSON: {error}")))?;
        Self::new(list, form)
    }

    /// A policy of ours, as the SDKs write it: each condition says of what kind it is.
    fn ours(policy: &Policy) -> Result<Self, Failure> {
        let mut list: Value = serde_json::from_str(policy.canonical()).context("a policy of ours")?;
        for condition in list.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
            condition.insert("conditionType".to_owned(), json!("evmBasic"));
        }
        Self::parse(&list.to_string(), PolicyForm::Unified)
    }

    /// It in words, a line for each condition and operator.
    pub(super) fn words(&self) -> String {
        self.policy.words().iter().map(|line| printable(line)).collect::<Vec<_>>().join("\n")
    }
}

impl Recipient {
    /// The policy under which these can open.
    pub(super) async fn policy(&self, client: &Client) -> Result<Stated, Failure> {
        if let Some(action) = &self.to_action {
            return Stated::ours(&Policy::to_action(&source::named(action)?.cid()));
        }
        if let Some(address) = &self.to_address {
            return Stated::ours(&Policy::to_address(address));
        }
        if let Some(key) = self.to_pkp {
            return Stated::ours(&Policy::to_key(&key.public_key(client).await?));
        }
        let path = self.policy.as_deref().context("say who can open it: --to-… or --policy")?;
        read_file(path)
    }
}

/// The lists of a document of Lit's clients: one of them is there.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Lists {
    #[serde(skip_serializing_if = "Option::is_none")]
    unified_access_control_conditions: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_control_conditions: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evm_contract_conditions: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sol_rpc_conditions: Option<Box<RawValue>>,
}

impl Lists {
    /// A policy under the name that its form has.
    pub(super) fn of(stated: &Stated) -> Self {
        let (mut lists, list) = (Lists::default(), Some(stated.list.clone()));
        match stated.form {
            PolicyForm::Unified => lists.unified_access_control_conditions = list,
            PolicyForm::EvmBasic => lists.access_control_conditions = list,
            PolicyForm::EvmContract => lists.evm_contract_conditions = list,
            PolicyForm::SolRpc => lists.sol_rpc_conditions = list,
        }
        lists
    }

    /// The policy, if exactly one is there.
    pub(super) fn stated(self) -> Result<Stated, Failure> {
        let named = [
            (self.unified_access_control_conditions, PolicyForm::Unified),
            (self.access_control_conditions, PolicyForm::EvmBasic),
            (self.evm_contract_conditions, PolicyForm::EvmContract),
            (self.sol_rpc_conditions, PolicyForm::SolRpc),
        ];
        let mut there = named.into_iter().filter_map(|(list, form)| Some((list?, form)));
        match (there.next(), there.next()) {
            (Some((list, form)), None) => Stated::new(list, form),
            _ => {
                let detail = "one list of conditions is needed: unifiedAccessControlConditions, \
                              accessControlConditions, evmContractConditions or solRpcConditions";
                Err(Problem::new(ErrorCode::PolicyInvalid, detail).into())
            }
        }
    }
}

/// A policy: a list in the unified form, or an object with one of the lists that Lit's clients have.
pub(super) fn read(text: &str) -> Result<Stated, Failure> {
    if text.trim_start().starts_with('{') {
        let lists: Lists = serde_json::from_str(text)
            .map_err(|error| Problem::new(ErrorCode::PolicyInvalid, format!("it is not JSON: {error}")))?;
        return lists.stated();
    }
    Stated::parse(text, PolicyForm::Unified)
}

fn read_file(path: &Path) -> Result<Stated, Failure> {
    let (mut source, _) = source(path)?;
    // A text may have spaces which the policy does not count.
    read(&text(&mut source, 2 * POLICY_BYTES_MAX, &path.display().to_string())?)
}

/// Runs `quorate policy show`.
pub(crate) fn run(command: &PolicyCommand, output: Output) -> Result<(), Failure> {
    let PolicyCommand::Show { file } = command;
    let (mut source, _) = source(file)?;
    let stated = if is_document(&mut source)? {
        let text = text(&mut source, DOCUMENT_BYTES_MAX, &file.display().to_string())?;
        read(&text)?
    } else {
        let header = Header::read(&mut source.by_ref()).map_err(container)?;
        Stated::parse(header.policy(), PolicyForm::Unified)?
    };
    let unsupported = stated.policy.check_supported().err();
    let hash = stated.policy.hash();
    let value = json!({
        "hash": hash, "form": stated.form, "canonical": stated.policy.canonical(), "words": stated.words(),
        "evaluated": unsupported.is_none(),
        "error": unsupported.as_ref().map(|error| json!({ "code": error.code, "detail": error.to_string() })),
    });
    output.result(&value, || {
        let mut lines = vec![stated.words(), format!("hash      {hash}")];
        if let Some(error) = &unsupported {
            let why = printable(&error.to_string());
            lines.push(format!("nobody can open what is under it on this network ({}): {why}", error.code));
        }
        lines.join("\n")
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use quorate_wire::ActionCid;

    use super::*;

    fn code(result: Result<Stated, Failure>) -> ErrorCode {
        match result.unwrap_err() {
            Failure::Network(problem) => problem.code,
            Failure::Local(error) => panic!("no code: {error:#}"),
        }
    }

    #[test]
    fn a_policy_of_ours_is_written_with_its_kinds_and_keeps_its_hash() {
        let key = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798".parse().unwrap();
        for policy in [
            Policy::to_action(&ActionCid::of_code(b"1;")),
            Policy::to_address(&"0x7e5f4552091a69125d5dfcb7b8c2659029395bdf".parse().unwrap()),
            Policy::to_key(&key),
        ] {
            let stated = Stated::ours(&policy).unwrap();
            assert_eq!(stated.policy.hash(), policy.hash());
            assert!(stated.list.get().contains("\"conditionType\":\"evmBasic\""));
            stated.policy.check_supported().unwrap();
        }
    }

    #[test]
    fn a_file_has_one_list_in_a_known_form() {
        let list = Stated::ours(&Policy::to_action(&ActionCid::of_code(b"1;"))).unwrap().list;
        let hash = read(list.get()).unwrap().policy.hash();
        let named = |name: &str| format!("{{\"{name}\": {}}}", list.get());
        let unified = read(&named("unifiedAccessControlConditions")).unwrap();
        assert_eq!((unified.policy.hash(), unified.form), (hash, PolicyForm::Unified));
        let basic = read(&named("accessControlConditions")).unwrap();
        assert_eq!(basic.form, PolicyForm::EvmBasic);
        assert!(
            serde_json::to_string(&Lists::of(&basic)).unwrap().starts_with("{\"accessControlConditions\":[")
        );
        let both = format!("{{\"accessControlConditions\":{0},\"solRpcConditions\":{0}}}", list.get());
        for bad in ["{}", "[", "", "1", "{\"accessControlConditions\": 1}", &both, "[] x"] {
            assert!(code(read(bad)) == ErrorCode::PolicyInvalid, "{bad}");
        }
    }
}
