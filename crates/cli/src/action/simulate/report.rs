//! What a simulation found out: one document for programs, and the same for people.

use quorate_actions::{ActionLimits, Finished};
use serde_json::{Map, Value, json};

use super::host::{Host, Signed};
use super::run::outcome_value;
use super::transaction::hex0x;
use crate::output::printable;

/// Most characters of a value in the lines for people; the document has all of it.
const SHOWN_CHARS_MAX: usize = 400;

/// The document. It is made of the code, the fixtures and the parameters alone: no clock has a part in it.
pub(super) fn document(host: Host<'_>, finished: &Finished, limits: &ActionLimits) -> Value {
    let unused = host.unused();
    let cid = host.world.cid;
    let mut events = host.events;
    // Texts from which an action may have made a digest in a way that was not seen.
    events.preimages.add_text(&finished.logs);
    finished.logs.lines().for_each(|line| events.preimages.add_text(line));
    let signatures: Vec<Value> = events
        .signed
        .iter()
        .map(|signed| {
            let message = signed.message.clone().unwrap_or_else(|| events.preimages.describe(&signed.digest));
            signature(signed, message)
        })
        .collect();
    let mut document = outcome_value(&finished.outcome);
    let members: [(&str, Value); 12] = [
        ("simulated", json!(true)),
        ("action", json!(cid)),
        ("signatures", json!(signatures)),
        ("refusals", json!(events.refusals)),
        ("claims", json!(events.claims)),
        ("collected", json!(events.collected)),
        ("opened", json!(events.opened)),
        ("single_node", json!(events.single_node)),
        ("called", json!(events.called)),
        ("log", json!(finished.logs)),
        ("limits", used(finished, limits)),
        ("fixtures", json!({ "missing": events.missing, "unused": unused })),
    ];
    for (name, value) in members {
        let empty =
            value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty);
        if !empty || matches!(name, "signatures" | "refusals") {
            document[name] = value;
        }
    }
    document
}

/// Whether the action came to its end and lacked nothing on the way.
pub(super) fn is_complete(document: &Value) -> bool {
    document["status"] == "completed" && !lacks(document)
}

fn lacks(document: &Value) -> bool {
    document["fixtures"]["missing"].as_array().is_some_and(|missing| !missing.is_empty())
}

fn signature(signed: &Signed, message: Value) -> Value {
    let key = match &signed.pkp {
        Some(name) => json!({ "pkp": name }),
        None => json!({ "action": signed.action }),
    };
    let mut value = json!({
        "name": signed.name,
        "key": key,
        "action": signed.action,
        "public_key": signed.public,
        "address": quorate_auth::checksum_address(&signed.public.address()),
        "scheme": "ecdsa_k256",
        "digest": hex0x(&signed.digest),
        "message": message,
        "simulated_signature": hex0x(&signed.signature),
        "recovery_id": signed.recovery_id,
        "recipient": signed.recipient,
    });
    if signed.stand_in {
        value["stand_in"] = json!(true);
    }
    value
}

/// Each counter beside its limit. Times are left out: they differ from run to run.
fn used(finished: &Finished, limits: &ActionLimits) -> Value {
    let usage = serde_json::to_value(finished.usage).unwrap_or_default();
    let limits = serde_json::to_value(limits).unwrap_or_default();
    let mut shown = Map::new();
    for (name, used) in usage.as_object().into_iter().flatten() {
        if !matches!(name.as_str(), "wall_ms" | "host_ms") {
            let limit = limits.get(name).cloned().unwrap_or_default();
            shown.insert(name.clone(), json!({ "used": used, "limit": limit }));
        }
    }
    Value::Object(shown)
}

/// The lines for people.
pub(super) fn text(document: &Value) -> String {
    let mut lines = vec![format!("{} (simulated)  {}", word(&document["status"]), word(&document["action"]))];
    if let Some(code) = document["error"]["code"].as_str() {
        let cause =
            document["error"]["cause"].as_str().map(|cause| format!(" ({cause})")).unwrap_or_default();
        lines.push(format!("error      {code}{cause}: {}", word(&document["error"]["message"])));
    }
    if let Some(response) = document["response"].as_str() {
        lines.push(format!("response   {}", short(response)));
    }
    for signature in list(&document["signatures"]) {
        lines.extend(signature_lines(signature));
    }
    for refusal in list(&document["refusals"]) {
        lines.push(format!("refused    {} ({})", word(&refusal["call"]), word(&refusal["code"])));
    }
    for (name, title) in
        [("claims", "claimed"), ("collected", "collected"), ("opened", "opened"), ("single_node", "one node")]
    {
        match &document[name] {
            Value::Object(members) => {
                lines.extend(
                    members
                        .iter()
                        .map(|(key, value)| format!("{title:<10} {} {}", printable(key), compact(value))),
                );
            }
            other => lines.extend(list(other).map(|value| format!("{title:<10} {}", compact(value)))),
        }
    }
    for called in list(&document["called"]) {
        lines.push(format!("called     {} {}", word(&called["action"]), compact(&called["outcome"])));
    }
    lines.push("limits     used / limit".to_owned());
    for (name, pair) in document["limits"].as_object().into_iter().flatten() {
        if pair["used"] != 0 {
            lines.push(format!("  {name:<16} {} / {}", pair["used"], pair["limit"]));
        }
    }
    if let Some(log) = document["log"].as_str().filter(|log| !log.is_empty()) {
        lines.push("log".to_owned());
        lines.extend(log.lines().map(|line| format!("  \u{2502} {}", short(line))));
    }
    for unused in list(&document["fixtures"]["unused"]) {
        lines.push(format!("unused     {} {}", word(&unused["method"]), word(&unused["url"])));
    }
    for missing in list(&document["fixtures"]["missing"]) {
        lines.push(format!("missing    add to `{}` of the fixtures:", word(&missing["member"])));
        lines.extend(format!("{:#}", missing["add"]).lines().map(printable));
    }
    lines.join("\n")
}

fn signature_lines(signature: &Value) -> Vec<String> {
    let key = match (signature["key"]["pkp"].as_str(), signature["stand_in"] == true) {
        (Some(name), true) => format!("{name} (a stand-in for the real key)"),
        (Some(name), false) => name.to_owned(),
        (None, _) => "the action's own key".to_owned(),
    };
    let mut lines = vec![
        format!(
            "signature  {:?} by {}, {}",
            word(&signature["name"]),
            printable(&key),
            word(&signature["address"])
        ),
        format!("  digest   {}", word(&signature["digest"])),
    ];
    lines.push(format!(
        "  for      {}",
        signature["recipient"].as_str().unwrap_or("nobody: the action failed")
    ));
    let message = &signature["message"];
    lines.push(format!("  of       {}", word(&message["kind"])));
    let members = message["members"].as_object();
    for (name, value) in message.as_object().into_iter().flatten() {
        if !matches!(name.as_str(), "kind" | "members") {
            // What has an order is shown in it.
            match members.and_then(|members| members.get(name)) {
                Some(ordered) => member_lines(&printable(name), ordered, &mut lines),
                None => lines.push(member_line(&printable(name), value)),
            }
        }
    }
    lines
}

/// A member, or all members of a struct of typed data, each under the names that lead to it.
fn member_lines(name: &str, value: &Value, lines: &mut Vec<String>) {
    let members: Option<Vec<(&str, &Value)>> =
        list(value).map(|member| Some((member["name"].as_str()?, member.get("value")?))).collect();
    match members.filter(|members| !members.is_empty()) {
        Some(members) => {
            for (member, value) in members {
                member_lines(&format!("{name}.{}", printable(member)), value, lines);
            }
        }
        None => lines.push(member_line(name, value)),
    }
}

fn member_line(name: &str, value: &Value) -> String {
    let value = value.as_str().map_or_else(|| compact(value), short);
    format!("    {name:<10} {value}")
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(String::new, printable)
}

fn compact(value: &Value) -> String {
    short(&value.to_string())
}

fn short(text: &str) -> String {
    let text = printable(text);
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text,
    }
}
