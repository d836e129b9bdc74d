//! `quorate verify`: what a receipt proves, from the network file alone.

use std::io::Read as _;

use anyhow::{Context as _, Result, ensure};
use quorate_auth::NoFacts;
use quorate_client::{Verified, verify_execution, verify_login, verify_receipt, verify_reply};
use quorate_wire::{
    ExecutionReply, ExecutionRequest, Login, NetworkFile, NodeIndex, Proof, Receipt, WrongPartial,
    check_strict,
};
use serde_json::{Value, json};

use crate::args::VerifyArgs;
use crate::output::{Output, quoted};

/// Longest file that is read: a reply with its response, log and receipt is far shorter.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// Checks a file; an error says why it proves nothing.
pub(crate) fn run(args: &VerifyArgs, output: Output) -> Result<()> {
    let network = args.place.network_file()?;
    let Checked { verified, receipt, callers } = check(&network, &text_of(args)?)?;
    let statement = &verified.statement;
    if let Some(expected) = args.login {
        let named = statement.login;
        ensure!(named == expected, "it was run for the login {named}, not for {expected}");
    }
    let odd: Vec<Value> = receipt
        .odd
        .iter()
        .map(|odd| json!({ "node": odd.node, "operation": odd.operation, "field": odd.field }))
        .collect();
    let faults: Vec<Value> = named(&receipt)
        .map(|(by, wrong)| json!({ "node": wrong.node, "operation": wrong.operation, "check": "partial", "by": by }))
        .collect();
    let value = json!({
        "valid": true, "verified_by": verified.members, "threshold": network.threshold,
        "callers": callers, "statement": statement, "odd": odd, "faults": faults,
    });
    output.result(&value, || {
        let members: Vec<String> = verified.members.iter().map(ToString::to_string).collect();
        let mut lines = vec![
            format!("valid: signed by nodes {} ({} needed)", members.join(", "), network.threshold),
            format!("network  {}, epoch {}", statement.network, statement.epoch),
            format!("request  {}", statement.request),
            format!("login    {}", statement.login),
            format!("action   {}", statement.action),
            format!("block    {} {}", statement.block.number, statement.block.hash),
        ];
        lines.extend(callers.iter().map(|caller| format!("caller   {caller}")));
        for intent in &statement.intents {
            lines.push(format!(
                "signed   {} with {} under the name {}, by {}",
                intent.digest,
                intent.key,
                quoted(&intent.name),
                intent.action
            ));
        }
        for collected in &statement.collected {
            let nodes: Vec<String> = collected.nodes.iter().map(ToString::to_string).collect();
            lines.push(format!("values   operation {}: of nodes {}", collected.operation, nodes.join(", ")));
        }
        for draw in &statement.draws {
            lines.push(format!("random   operation {draw}: a value that all nodes drew; it stands nowhere"));
        }
        for single in &statement.single_node {
            lines.push(format!(
                "unproven operation {}: a value of node {} alone",
                single.operation, single.node
            ));
        }
        for claim in &statement.claims {
            lines.push(format!("claimed  {} for {}", claim.public_key, quoted(&claim.key_id)));
        }
        for refusal in &statement.refusals {
            lines.push(format!("refused  operation {}: {}", refusal.operation, refusal.code));
        }
        if statement.wildcard {
            lines.push("wildcard the session named keys or actions by *".to_owned());
        }
        for odd in &receipt.odd {
            lines.push(format!("odd      node {} at operation {}: {}", odd.node, odd.operation, odd.field));
        }
        lines.extend(named(&receipt).map(|fault| format!("fault    {}", fault_text(fault))));
        lines.join("\n")
    });
    Ok(())
}

/// What members found wrong in what others gave, and by whose word that is.
pub(crate) fn named(receipt: &Receipt) -> impl Iterator<Item = (NodeIndex, WrongPartial)> {
    let notices = receipt.faults.iter();
    notices.flat_map(|notice| notice.body.wrong_partials.iter().map(|wrong| (notice.node, *wrong)))
}

/// The same for people.
pub(crate) fn fault_text((by, WrongPartial { operation, node }): (NodeIndex, WrongPartial)) -> String {
    format!("node {node} gave a wrong partial at operation {operation}, by the word of node {by} alone")
}

/// What a file proves.
struct Checked {
    verified: Verified,
    receipt: Receipt,
    /// Who it ran for; only a file that has the request and its login shows that.
    callers: Vec<String>,
}

fn check(network: &NetworkFile, text: &str) -> Result<Checked> {
    check_strict(text.as_bytes()).context("not one well-formed JSON document")?;
    let value: Value = serde_json::from_str(text)?;
    // What `quorate action run` writes has the reply inside.
    if value.get("reply").is_some() {
        let run: Run = serde_json::from_value(value).context("not what `quorate action run` writes")?;
        let request = run.request.as_bytes();
        let verified = verify_execution(network, request, &run.reply)?;
        let callers = callers(network, request, &run.login)?;
        return Ok(Checked { verified, receipt: run.reply.receipt, callers });
    }
    if value.get("statements").is_some() {
        let receipt: Receipt = serde_json::from_value(value).context("not a receipt")?;
        return Ok(Checked { verified: verify_receipt(network, &receipt)?, receipt, callers: Vec::new() });
    }
    let reply: ExecutionReply = serde_json::from_value(value).context("neither a receipt nor a reply")?;
    let verified = verify_reply(network, &reply.request_id, &reply)?;
    Ok(Checked { verified, receipt: reply.receipt, callers: Vec::new() })
}

/// Who is behind a login. Wallets are checked. Of a login with other proofs only this shows, that it is the one that the
/// request names: what its issuers and the chain said then, the members have checked.
fn callers(network: &NetworkFile, request: &[u8], login: &Login) -> Result<Vec<String>> {
    if login.proofs().iter().all(|proof| matches!(proof, Proof::Wallet(_))) {
        let session = verify_login(network, request, login, &NoFacts)?;
        return Ok(session.wallets().map(|wallet| format!("wallet {wallet}")).collect());
    }
    login.check_named(&ExecutionRequest::parse(request)?.login)?;
    Ok(login.proofs().iter().map(|proof| format!("{} login, checked by the members", proof.kind())).collect())
}

/// What `quorate action run` writes, as far as it proves something.
#[derive(serde::Deserialize)]
struct Run {
    reply: ExecutionReply,
    request: String,
    login: Login,
}

fn text_of(args: &VerifyArgs) -> Result<String> {
    let mut text = String::new();
    let mut read =
        |source: &mut dyn std::io::Read| source.take(FILE_BYTES_MAX).read_to_string(&mut text).map(|_| ());
    if args.file.as_os_str() == "-" {
        read(&mut std::io::stdin().lock()).context("reading standard input")?;
    } else {
        let named = || format!("reading {}", args.file.display());
        let mut file = std::fs::File::open(&args.file).with_context(named)?;
        read(&mut file).with_context(named)?;
    }
    Ok(text)
}
