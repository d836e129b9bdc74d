//! From JSON to conditions in their canonical form.

use super::{CONDITIONS_MAX, DEPTH_MAX, PolicyError, PolicyForm, compare::Comparator, json::Json};

/// Which family a condition is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    EvmBasic,
    EvmContract,
    SolRpc,
    Cosmos,
}

impl Kind {
    /// As `conditionType` has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::EvmBasic => "evmBasic",
            Kind::EvmContract => "evmContract",
            Kind::SolRpc => "solRpc",
            Kind::Cosmos => "cosmos",
        }
    }

    /// The kind that a condition has by its members.
    fn of(condition: &Json) -> Kind {
        let has = |name| condition.get(name).is_some();
        if has("functionAbi") {
            Kind::EvmContract
        } else if has("standardContractType") {
            Kind::EvmBasic
        } else if has("path") {
            Kind::Cosmos
        } else {
            Kind::SolRpc
        }
    }
}

/// How two neighbours are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    And,
    Or,
}

/// One condition.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Condition {
    /// Its place, such as `[2][0]`.
    pub(super) path: String,
    pub(super) kind: Kind,
    /// The canonical members.
    pub(super) body: Json,
    pub(super) comparator: Comparator,
}

/// What stands in a group.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Item {
    Condition(Box<Condition>),
    Group(Group),
}

/// Items, joined left to right.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group {
    pub(super) first: Box<Item>,
    pub(super) rest: Vec<(Operator, Item)>,
}

/// Reads a list, and gives it with its canonical form.
pub(super) fn read(list: &Json, form: PolicyForm) -> Result<(Group, Json), PolicyError> {
    let implicit = form == PolicyForm::EvmBasic && !has_operator(list, 0);
    let mut builder = Builder { form, implicit, count: 0 };
    builder.group(list, "", 0)
}

/// Whether an operator stands anywhere in a list.
fn has_operator(list: &Json, depth: usize) -> bool {
    let Json::List(items) = list else { return list.get("operator").is_some() };
    depth <= DEPTH_MAX && items.iter().any(|item| has_operator(item, depth + 1))
}

struct Builder {
    form: PolicyForm,
    /// Lists without any operator are joined by `and`.
    implicit: bool,
    count: usize,
}

impl Builder {
    fn group(&mut self, list: &Json, path: &str, depth: usize) -> Result<(Group, Json), PolicyError> {
        let Json::List(entries) = list else {
            return Err(PolicyError::invalid(path, "expected a list of conditions"));
        };
        if depth >= DEPTH_MAX {
            return Err(PolicyError::too_large(path, format!("groups are nested at most {DEPTH_MAX} deep")));
        }
        let (mut items, mut canonical) = (Vec::new(), Vec::new());
        let mut pending: Option<Operator> = None;
        for (index, entry) in entries.iter().enumerate() {
            let place = format!("{path}[{index}]");
            if entry.get("operator").is_some() {
                if items.is_empty() || pending.is_some() {
                    return Err(PolicyError::invalid(&place, "an operator stands between two conditions"));
                }
                let (operator, form) = operator(entry, &place)?;
                pending = Some(operator);
                canonical.push(form);
                continue;
            }
            let join = match pending.take() {
                Some(operator) => operator,
                None if items.is_empty() || self.implicit => Operator::And,
                None => {
                    return Err(PolicyError::invalid(&place, "an operator is missing before this condition"));
                }
            };
            let (item, form) = self.item(entry, place, depth)?;
            items.push((join, item));
            canonical.push(form);
        }
        if pending.is_some() {
            return Err(PolicyError::invalid(path, "the last operator has no condition behind it"));
        }
        let mut items = items.into_iter();
        let Some((_, first)) = items.next() else { return Err(PolicyError::invalid(path, "an empty group")) };
        Ok((Group { first: Box::new(first), rest: items.collect() }, Json::List(canonical)))
    }

    fn item(&mut self, entry: &Json, place: String, depth: usize) -> Result<(Item, Json), PolicyError> {
        if matches!(entry, Json::List(_)) {
            let (group, canonical) = self.group(entry, &place, depth + 1)?;
            return Ok((Item::Group(group), canonical));
        }
        self.count += 1;
        if self.count > CONDITIONS_MAX {
            return Err(PolicyError::too_large(
                &place,
                format!("a policy has at most {CONDITIONS_MAX} conditions"),
            ));
        }
        let condition = condition(entry, place, self.form)?;
        let body = condition.body.clone();
        Ok((Item::Condition(Box::new(condition)), body))
    }
}

fn operator(entry: &Json, place: &str) -> Result<(Operator, Json), PolicyError> {
    let form = members(entry, place, &["operator"], &[])?;
    let operator = match entry.get("operator").and_then(Json::as_text) {
        Some("and") => Operator::And,
        Some("or") => Operator::Or,
        _ => return Err(PolicyError::invalid(format!("{place}.operator"), "expected `and` or `or`")),
    };
    Ok((operator, form))
}

fn condition(entry: &Json, path: String, form: PolicyForm) -> Result<Condition, PolicyError> {
    if !matches!(entry, Json::Object(_)) {
        return Err(PolicyError::invalid(path, "expected a condition, an operator or a list of them"));
    }
    let place = format!("{path}.returnValueTest");
    if entry.get("returnValueTest").is_none() {
        return Err(PolicyError::invalid(place, "missing"));
    }
    let kind = match form {
        PolicyForm::EvmBasic => Kind::EvmBasic,
        PolicyForm::EvmContract => Kind::EvmContract,
        PolicyForm::SolRpc => Kind::SolRpc,
        PolicyForm::Unified => Kind::of(entry),
    };
    // The canonical form has no type: what it is called must be what it is seen to be.
    if let Some(stated) = entry.get("conditionType")
        && stated.as_text() != Some(kind.name())
    {
        let what = format!("by its members this is a condition of type {}", kind.name());
        return Err(PolicyError::invalid(format!("{path}.conditionType"), what));
    }
    let mut body = match kind {
        Kind::EvmBasic => members(
            entry,
            &path,
            &["contractAddress", "chain", "standardContractType", "method", "parameters", "returnValueTest"],
            &["conditionType"],
        )?,
        Kind::EvmContract => contract(entry, &path)?,
        Kind::SolRpc => solana(entry, &path, form)?,
        Kind::Cosmos => members(
            entry,
            &path,
            &["path", "chain", "method", "parameters", "returnValueTest"],
            &["conditionType"],
        )?,
    };
    let test = body.get("returnValueTest").unwrap_or(&Json::Null);
    let names: &[&str] =
        if kind == Kind::EvmBasic { &["comparator", "value"] } else { &["key", "comparator", "value"] };
    let test = members(test, &place, names, &[])?;
    let comparator = test.get("comparator").and_then(Json::as_text).and_then(Comparator::from_text);
    let comparator =
        comparator.ok_or_else(|| PolicyError::comparator(format!("{place}.comparator"), "unknown"))?;
    replace(&mut body, "returnValueTest", test);
    Ok(Condition { path, kind, body, comparator })
}

fn contract(entry: &Json, path: &str) -> Result<Json, PolicyError> {
    let known =
        ["contractAddress", "functionName", "functionParams", "functionAbi", "chain", "returnValueTest"];
    let mut body = members(entry, path, &known, &["conditionType"])?;
    let place = format!("{path}.functionAbi");
    let abi = entry.get("functionAbi").ok_or_else(|| PolicyError::invalid(&place, "missing"))?;
    let known = ["name", "inputs", "outputs", "constant", "stateMutability"];
    let Json::Object(mut form) = members(abi, &place, &known, &["type", "payable", "gas", "anonymous"])?
    else {
        return Err(PolicyError::invalid(place, "expected an object"));
    };
    for (name, value) in &mut form {
        if name == "inputs" || name == "outputs" {
            *value = abi_entries(value, &format!("{place}.{name}"))?;
        }
    }
    for name in ["inputs", "outputs"] {
        if !form.iter().any(|(member, _)| member == name) {
            return Err(PolicyError::invalid(format!("{place}.{name}"), "missing"));
        }
    }
    if abi.get("constant").is_none() {
        let behind = form.iter().position(|(name, _)| name == "stateMutability").unwrap_or(form.len());
        form.insert(behind, ("constant".to_owned(), Json::Bool(false)));
    }
    replace(&mut body, "functionAbi", Json::Object(form));
    Ok(body)
}

fn abi_entries(list: &Json, place: &str) -> Result<Json, PolicyError> {
    let Json::List(entries) = list else { return Err(PolicyError::invalid(place, "expected a list")) };
    let dropped = ["internalType", "components", "indexed"];
    let read = |(index, entry)| members(entry, &format!("{place}[{index}]"), &["name", "type"], &dropped);
    entries.iter().enumerate().map(read).collect::<Result<_, _>>().map(Json::List)
}

/// The second form of Solana's conditions has three members more; the unified form is always the second one.
fn solana(entry: &Json, path: &str, form: PolicyForm) -> Result<Json, PolicyError> {
    if form != PolicyForm::Unified && entry.get("pdaParams").is_none() {
        return members(entry, path, &["method", "params", "chain", "returnValueTest"], &["conditionType"]);
    }
    let known = ["method", "params", "pdaParams", "pdaInterface", "pdaKey", "chain", "returnValueTest"];
    let mut body = members(entry, path, &known, &["conditionType"])?;
    if body.get("pdaKey").is_none() {
        return Err(PolicyError::invalid(format!("{path}.pdaKey"), "missing"));
    }
    let place = format!("{path}.pdaInterface");
    let interface = body.get("pdaInterface").ok_or_else(|| PolicyError::invalid(&place, "missing"))?;
    let interface = members(interface, &place, &["offset", "fields"], &[])?;
    for name in ["offset", "fields"] {
        if interface.get(name).is_none() {
            return Err(PolicyError::invalid(format!("{place}.{name}"), "missing"));
        }
    }
    replace(&mut body, "pdaInterface", interface);
    Ok(body)
}

/// The known members of an object in canonical order, without those that upstream drops and users commonly send. Any
/// other member is refused: nobody is to believe that it matters.
fn members(object: &Json, place: &str, known: &[&str], dropped: &[&str]) -> Result<Json, PolicyError> {
    let Json::Object(found) = object else { return Err(PolicyError::invalid(place, "expected an object")) };
    for (name, _) in found {
        if !known.contains(&name.as_str()) && !dropped.contains(&name.as_str()) {
            let shown: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
            return Err(PolicyError::invalid(format!("{place}.{shown}"), "an unknown member"));
        }
    }
    let ordered = known.iter().filter_map(|name| Some(((*name).to_owned(), object.get(name)?.clone())));
    Ok(Json::Object(ordered.collect()))
}

fn replace(object: &mut Json, name: &str, value: Json) {
    let Json::Object(members) = object else { return };
    if let Some((_, old)) = members.iter_mut().find(|(member, _)| member == name) {
        *old = value;
    }
}
