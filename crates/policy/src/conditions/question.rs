//! What a condition asks, as far as this can be said without a chain.

use quorate_wire::{ActionCid, Address, PublicKey, TokenId};

use super::{
    PolicyError,
    abi::{self, AbiType},
    compare::{Comparator, Type, Word, address, token_id},
    json::Json,
    tree::{Condition, Kind},
};

/// The chain that nodes read themselves.
pub(super) const CHAIN: &str = "quorate";
/// Most balances of one `balanceOfBatch`.
const BATCH_MAX: usize = 30;

/// A text of the policy, or what stands for one. Only a whole parameter is special.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Term {
    Caller,
    Action,
    /// A parameter of the login, by its name.
    Parameter(String),
    Text(String),
}

impl Term {
    fn of(text: &str) -> Self {
        match text {
            ":userAddress" => Term::Caller,
            ":currentActionIpfsId" => Term::Action,
            _ => match text.strip_prefix(":litParam:") {
                Some(name) => Term::Parameter(name.to_owned()),
                None => Term::Text(text.to_owned()),
            },
        }
    }
}

/// What is looked at.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum What {
    Term(Term),
    Domain,
    Resources,
    Time,
    Balance(Term),
    Call(Call),
    /// Whether any of several balances passes.
    Batch {
        to: Address,
        owners: Term,
        ids: Term,
    },
    ActionPermitted {
        token: TokenId,
        action: Term,
    },
    CallerPermitted {
        token: TokenId,
    },
    Decrypt(PublicKey),
}

/// A call of a contract.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    pub(super) to: Address,
    pub(super) function: String,
    pub(super) selector: [u8; 4],
    pub(super) inputs: Vec<(AbiType, Term)>,
    /// Place of the result in the answer.
    pub(super) place: usize,
    pub(super) output: AbiType,
}

/// A condition that can be evaluated.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Question {
    pub(super) what: What,
    pub(super) comparator: Comparator,
    pub(super) value: Term,
}

impl Question {
    /// How many contracts it calls.
    pub(super) fn calls(&self) -> usize {
        usize::from(matches!(self.what, What::Call(_) | What::Batch { .. }))
    }

    /// What a condition asks, if this network evaluates it, with everything checked that needs no chain.
    pub(super) fn of(condition: &Condition) -> Result<Self, PolicyError> {
        let members = Members(condition);
        let (what, kind) = match condition.kind {
            Kind::EvmBasic => basic(&members)?,
            Kind::EvmContract => contract(&members)?,
            Kind::SolRpc | Kind::Cosmos => return Err(members.unsupported(condition.kind.name())),
        };
        let test = condition.body.get("returnValueTest");
        let value = test.and_then(|test| test.get("value")).and_then(Json::as_text);
        let value =
            Term::of(value.ok_or_else(|| members.wrong("returnValueTest.value", "expected a string"))?);
        if !kind.has(condition.comparator) {
            return Err(PolicyError::comparator(
                members.place("returnValueTest.comparator"),
                "not for this type",
            ));
        }
        members.value(&what, kind, condition.comparator, &value)?;
        Ok(Question { what, comparator: condition.comparator, value })
    }
}

/// A condition's members, with its path for errors.
struct Members<'a>(&'a Condition);

impl Members<'_> {
    fn place(&self, member: &str) -> String {
        format!("{}.{member}", self.0.path)
    }

    fn wrong(&self, member: &str, what: &str) -> PolicyError {
        PolicyError::invalid(self.place(member), what)
    }

    fn unsupported(&self, what: &str) -> PolicyError {
        let what: String = what.chars().filter(|c| !c.is_control()).take(80).collect();
        PolicyError::unsupported(&self.0.path, format!("{what} is not evaluated here"))
    }

    fn text(&self, member: &str) -> Result<&str, PolicyError> {
        let text = self.0.body.get(member).and_then(Json::as_text);
        text.ok_or_else(|| self.wrong(member, "expected a string"))
    }

    fn terms(&self, member: &str, counts: std::ops::RangeInclusive<usize>) -> Result<Vec<Term>, PolicyError> {
        let Some(Json::List(items)) = self.0.body.get(member) else {
            return Err(self.wrong(member, "expected a list of strings"));
        };
        if !counts.contains(&items.len()) {
            let (least, most) = (counts.start(), counts.end());
            let what = if least == most { least.to_string() } else { format!("{least} to {most}") };
            return Err(self.wrong(member, &format!("expected {what} parameters, found {}", items.len())));
        }
        let term = |(index, item): (usize, &Json)| {
            let text = item.as_text();
            text.map(Term::of).ok_or_else(|| self.wrong(&format!("{member}[{index}]"), "expected a string"))
        };
        items.iter().enumerate().map(term).collect()
    }

    fn chain(&self) -> Result<(), PolicyError> {
        match self.text("chain")? {
            CHAIN => Ok(()),
            other => Err(self.unsupported(&format!("the chain {other}"))),
        }
    }

    fn to(&self) -> Result<Address, PolicyError> {
        let text = self.text("contractAddress")?;
        address(text).ok_or_else(|| self.wrong("contractAddress", "expected an address of 20 bytes"))
    }

    fn token(&self, term: &Term) -> Result<TokenId, PolicyError> {
        let word = if let Term::Text(text) = term { token_id(text) } else { None };
        word.map(TokenId)
            .ok_or_else(|| self.wrong("parameters[0]", "expected a token id, decimal or 0x hexadecimal"))
    }

    /// A term that takes the place of a value of this type.
    fn argument(&self, member: &str, kind: AbiType, term: &Term) -> Result<(), PolicyError> {
        let fits = match term {
            Term::Caller => matches!(kind, AbiType::Address),
            Term::Action => matches!(kind, AbiType::Text),
            Term::Parameter(name) => !name.is_empty(),
            Term::Text(text) => kind.encode(text).is_some(),
        };
        let expected = || self.wrong(member, &format!("expected a value of type {}", kind.name()));
        if fits { Ok(()) } else { Err(expected()) }
    }

    /// The value to compare with.
    fn value(
        &self,
        what: &What,
        kind: Type,
        comparator: Comparator,
        value: &Term,
    ) -> Result<(), PolicyError> {
        let member = "returnValueTest.value";
        match value {
            Term::Caller if kind == Type::Address => {}
            Term::Action if kind == Type::Text => {}
            Term::Parameter(name) if !name.is_empty() => {}
            Term::Text(text) => {
                if let Some(fault) = kind.fault(text) {
                    return Err(self.wrong(member, fault));
                }
                let of_action = matches!(what, What::Term(Term::Action));
                if of_action && !text.is_empty() && !is_cid(text) {
                    return Err(self.wrong(member, "expected an action's CID, `Qm` and 44 characters"));
                }
            }
            Term::Caller | Term::Action | Term::Parameter(_) => {
                return Err(self.wrong(member, "this parameter is none for a value of this type"));
            }
        }
        if matches!(what, What::Decrypt(_))
            && (comparator != Comparator::Equal || *value != Term::Text("true".to_owned()))
        {
            return Err(self.wrong("returnValueTest", "the test of `decrypt` is `=` with `true`"));
        }
        Ok(())
    }
}

fn is_cid(text: &str) -> bool {
    text.parse::<ActionCid>().is_ok_and(|cid| cid.to_string() == text)
}

/// Standard contracts of `evmBasic`.
fn basic(members: &Members<'_>) -> Result<(What, Type), PolicyError> {
    let (standard, method) = (members.text("standardContractType")?, members.text("method")?);
    let token = AbiType::Uint(256);
    match (standard, method) {
        ("", "") => {
            let [term] = take(members, "parameters")?;
            let kind = if term == Term::Caller { Type::Address } else { Type::Text };
            Ok((What::Term(term), kind))
        }
        ("SIWE", _) => {
            let [term] = take(members, "parameters")?;
            match term {
                Term::Text(text) if text == ":domain" => Ok((What::Domain, Type::Text)),
                Term::Text(text) if text == ":resources" => Ok((What::Resources, Type::Texts)),
                Term::Caller | Term::Action | Term::Parameter(_) | Term::Text(_) => {
                    Err(members.wrong("parameters[0]", "expected `:domain` or `:resources`"))
                }
            }
        }
        ("", "eth_getBalance") => {
            members.chain()?;
            let terms = members.terms("parameters", 1..=2)?;
            members.argument("parameters[0]", AbiType::Address, &terms[0])?;
            if terms.get(1).is_some_and(|term| *term != Term::Text("latest".to_owned())) {
                return Err(members.wrong("parameters[1]", "expected `latest`"));
            }
            Ok((What::Balance(terms[0].clone()), Type::Uint))
        }
        ("timestamp", "eth_getBlockByNumber") => {
            members.chain()?;
            Ok((What::Time, Type::Uint))
        }
        ("ERC20" | "ERC721", "balanceOf") => standard_call(members, &[AbiType::Address], token),
        ("ERC721", "ownerOf") => standard_call(members, &[token], AbiType::Address),
        ("ERC1155", "balanceOf") => standard_call(members, &[AbiType::Address, token], token),
        ("ERC1155", "balanceOfBatch") => batch(members),
        ("PKPPermissions", _) => permissions(members, method),
        _ => Err(members.unsupported(&format!("the method {method:?} of the type {standard:?}"))),
    }
}

fn take<const N: usize>(members: &Members<'_>, member: &str) -> Result<[Term; N], PolicyError> {
    let terms = members.terms(member, N..=N)?;
    terms.try_into().map_err(|_| members.wrong(member, "another number of parameters"))
}

fn standard_call(
    members: &Members<'_>,
    inputs: &[AbiType],
    output: AbiType,
) -> Result<(What, Type), PolicyError> {
    members.chain()?;
    let terms = members.terms("parameters", inputs.len()..=inputs.len())?;
    for (index, (kind, term)) in inputs.iter().zip(&terms).enumerate() {
        members.argument(&format!("parameters[{index}]"), *kind, term)?;
    }
    let function = members.text("method")?.to_owned();
    let selector = abi::selector(&function, inputs);
    let inputs = inputs.iter().copied().zip(terms).collect();
    let kind = if output == AbiType::Address { Type::Address } else { Type::Uint };
    Ok((What::Call(Call { to: members.to()?, function, selector, inputs, place: 0, output }), kind))
}

fn batch(members: &Members<'_>) -> Result<(What, Type), PolicyError> {
    members.chain()?;
    let [owners, ids] = take(members, "parameters")?;
    for (index, (kind, term)) in
        [(AbiType::Address, &owners), (AbiType::Uint(256), &ids)].into_iter().enumerate()
    {
        let member = format!("parameters[{index}]");
        match term {
            Term::Text(text) if text.split(',').count() > BATCH_MAX => {
                return Err(PolicyError::too_large(
                    members.place(&member),
                    format!("at most {BATCH_MAX} balances"),
                ));
            }
            Term::Text(text) => {
                for part in text.split(',') {
                    members.argument(&member, kind, &Term::Text(part.trim().to_owned()))?;
                }
            }
            Term::Caller | Term::Action | Term::Parameter(_) => members.argument(&member, kind, term)?,
        }
    }
    let count = |term: &Term| if let Term::Text(text) = term { text.split(',').count() } else { 1 };
    let fixed = |term: &Term| !matches!(term, Term::Parameter(_));
    if fixed(&owners) && fixed(&ids) && count(&owners) != count(&ids) {
        return Err(members.wrong("parameters", "the two lists have different lengths"));
    }
    Ok((What::Batch { to: members.to()?, owners, ids }, Type::Uint))
}

/// The two parts of the lists of a batch, of equal length.
pub(super) fn batch_parts(owners: &str, ids: &str) -> Option<(Vec<Word>, Vec<Word>)> {
    let words = |text: &str, kind: AbiType| {
        let word = |part: &str| match kind.encode(part.trim())? {
            abi::Encoded::Head(word) => Some(word),
            abi::Encoded::Tail(_) => None,
        };
        text.split(',').take(BATCH_MAX + 1).map(word).collect::<Option<Vec<_>>>()
    };
    let (owners, ids) = (words(owners, AbiType::Address)?, words(ids, AbiType::Uint(256))?);
    (owners.len() == ids.len() && owners.len() <= BATCH_MAX).then_some((owners, ids))
}

fn permissions(members: &Members<'_>, method: &str) -> Result<(What, Type), PolicyError> {
    members.chain()?;
    match method {
        "isPermittedAction" => {
            let [token, action] = take(members, "parameters")?;
            let token = members.token(&token)?;
            match &action {
                Term::Action | Term::Parameter(_) => {}
                Term::Text(text) if action_of(text).is_some() => {}
                Term::Caller | Term::Text(_) => {
                    return Err(members.wrong("parameters[1]", "expected a CID, or a multihash of 34 bytes"));
                }
            }
            Ok((What::ActionPermitted { token, action }, Type::Bool))
        }
        "isPermittedAddress" => {
            let terms = members.terms("parameters", 1..=2)?;
            if terms.get(1).is_some_and(|term| *term != Term::Caller) {
                return Err(members
                    .wrong("parameters[1]", "expected `:userAddress`: the caller's address is looked up"));
            }
            Ok((What::CallerPermitted { token: members.token(&terms[0])? }, Type::Bool))
        }
        "decrypt" => {
            let [key] = take(members, "parameters")?;
            let key = if let Term::Text(text) = key { text.parse::<PublicKey>().ok() } else { None };
            let key =
                key.ok_or_else(|| members.wrong("parameters[0]", "expected the public key of a PKP"))?;
            Ok((What::Decrypt(key), Type::Bool))
        }
        other => Err(members.unsupported(&format!("the method {other:?} of the type \"PKPPermissions\""))),
    }
}

/// An action by its CID or by the hexadecimal digits of its multihash.
pub(super) fn action_of(text: &str) -> Option<ActionCid> {
    text.parse().ok().or_else(|| {
        let bytes = hex::decode(text.strip_prefix("0x").unwrap_or(text)).ok()?;
        ActionCid::from_multihash(&bytes).ok()
    })
}

fn contract(members: &Members<'_>) -> Result<(What, Type), PolicyError> {
    members.chain()?;
    let to = members.to()?;
    let function = members.text("functionName")?.to_owned();
    let abi = members.0.body.get("functionAbi").unwrap_or(&Json::Null);
    if abi.get("name").and_then(Json::as_text) != Some(&function) {
        return Err(members.wrong("functionAbi.name", "expected the name of the function"));
    }
    let entries = |list: &str| match abi.get(list) {
        Some(Json::List(entries)) => entries.as_slice(),
        _ => &[],
    };
    let kind_of = |list: &str, index: usize, entry: &Json| {
        let text = entry.get("type").and_then(Json::as_text);
        let text =
            text.ok_or_else(|| members.wrong(&format!("functionAbi.{list}[{index}].type"), "missing"))?;
        AbiType::from_text(text).ok_or_else(|| members.unsupported(&format!("the type {text:?}")))
    };
    let inputs = entries("inputs").iter().enumerate();
    let inputs: Vec<AbiType> =
        inputs.map(|(at, entry)| kind_of("inputs", at, entry)).collect::<Result<_, _>>()?;
    let terms = members.terms("functionParams", inputs.len()..=inputs.len())?;
    for (index, (kind, term)) in inputs.iter().zip(&terms).enumerate() {
        members.argument(&format!("functionParams[{index}]"), *kind, term)?;
    }
    let outputs = entries("outputs");
    for (index, entry) in outputs.iter().enumerate() {
        kind_of("outputs", index, entry)?;
    }
    let key = members
        .0
        .body
        .get("returnValueTest")
        .and_then(|test| test.get("key"))
        .map_or(Some(""), Json::as_text);
    let place = match key {
        Some("") => (!outputs.is_empty()).then_some(0),
        Some(key) => outputs.iter().position(|entry| entry.get("name").and_then(Json::as_text) == Some(key)),
        None => None,
    };
    let place = place
        .ok_or_else(|| members.wrong("returnValueTest.key", "expected the name of an output, or \"\""))?;
    let output = kind_of("outputs", place, &outputs[place])?;
    let kind = output.result();
    let kind = kind.ok_or_else(|| members.unsupported(&format!("a result of type {}", output.name())))?;
    let selector = abi::selector(&function, &inputs);
    let inputs = inputs.into_iter().zip(terms).collect();
    Ok((What::Call(Call { to, function, selector, inputs, place, output }), kind))
}
