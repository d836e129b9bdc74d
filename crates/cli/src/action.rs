//! `quorate action`: names, stores and runs actions.

mod build;
mod put;
mod readable;
mod simulate;
mod test;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use quorate_client::{
    Client, ClientError, ClientOptions, Execution, ExecutionCall, Login, LoginBuilder, Wallet,
};
use quorate_wire::{
    ActionCid, Capability, CapabilityAction, CapabilityKey, Digest, ExecutionReply, LimitsRequest,
    NetworkFile, NodeIndex, PublicKey, SignatureView, Status,
};
use serde_json::{Value, json, value::RawValue};

use crate::args::{ActionCommand, RunArgs};
use crate::failure::Failure;
use crate::output::{Output, log_lines, printable, quoted};
use crate::source;
use crate::state::write_whole;

/// Runs one of the commands; the result says whether the action came to its end.
pub(crate) async fn run(command: ActionCommand, output: Output) -> Result<bool, Failure> {
    match command {
        ActionCommand::Cid { files } => {
            name(&files, output)?;
            Ok(true)
        }
        ActionCommand::Build(args) => {
            build::run(&args, output)?;
            Ok(true)
        }
        ActionCommand::Put(args) => put::run(&args, output).await,
        ActionCommand::Run(args) => execute(&args, output).await,
        ActionCommand::Simulate(args) => tokio::task::block_in_place(|| simulate::run(&args, output)),
        ActionCommand::Test(args) => tokio::task::block_in_place(|| test::run(&args, output)),
    }
}

/// Prints the CID of each file, one a line; with more than one file, the file behind it, as `sha256sum` does.
fn name(files: &[PathBuf], output: Output) -> Result<()> {
    let mut named = Vec::new();
    for file in files {
        named.push((ActionCid::of_code(source::code(file)?.as_bytes()), file));
    }
    if let [(cid, _)] = named.as_slice() {
        output.result(&json!({ "cid": cid }), || cid.to_string());
        return Ok(());
    }
    let cids: Vec<Value> = named.iter().map(|(cid, file)| json!({ "cid": cid, "file": file })).collect();
    let lines = || named.iter().map(|(cid, file)| format!("{cid}  {}", file.display())).collect::<Vec<_>>();
    output.result(&json!({ "cids": cids }), || lines().join("\n"));
    Ok(())
}

async fn execute(args: &RunArgs, output: Output) -> Result<bool, Failure> {
    let network = args.access.network_file()?;
    let source = source::named(&args.action)?;
    let limits = args.limits.as_deref().map(lowered).transpose()?;
    let wallet = args.access.wallet()?;
    let first = match args.node {
        None => None,
        Some(number) => {
            let index = NodeIndex::new(number).filter(|index| network.node(*index).is_some());
            Some(index.with_context(|| format!("this network has no node {number}"))?)
        }
    };
    let client =
        Client::new(network, ClientOptions { first, ..ClientOptions::default() }).map_err(refused)?;
    let key = match args.pkp {
        Some(named) => Some(named.public_key(&client).await?),
        None => None,
    };
    let params = parameters(&args.params, key.as_ref(), args.to_sign.as_ref())?;
    let login = log_in((client.network_file(), &args.access.login_domain), &wallet, key, &[source.cid()])?;
    let call = ExecutionCall::new(source, &params)?.limits(limits.unwrap_or_default());
    let begun = std::time::Instant::now();
    let request = client.prepare(&login, &call).await.map_err(refused)?;
    let execution = client.submit(&request).await.map_err(refused)?;
    let took = begun.elapsed().as_millis();
    let value = document(&execution, request.bytes(), &login);
    if let Some(path) = &args.out {
        write_whole(path, format!("{value:#}\n").as_bytes(), 0o644)?;
    }
    output.result(&value, || describe(&execution, took));
    Ok(execution.reply.status == Status::Completed)
}

/// A session that may run these actions, which may use this key.
fn log_in(
    (network, domain): (&NetworkFile, &str),
    wallet: &Wallet,
    key: Option<PublicKey>,
    actions: &[ActionCid],
) -> Result<Login> {
    let key = key.map_or(CapabilityKey::Any, CapabilityKey::Named);
    let capabilities =
        actions.iter().map(|action| Capability::Use { key, action: CapabilityAction::Named(*action) });
    let mut entropy = rand_core::UnwrapErr(getrandom::SysRng);
    let builder = LoginBuilder::new(network, domain).allow_all(capabilities);
    Ok(builder.sign_in(wallet, now_ms()?, &mut entropy)?)
}

/// The text of `--params`, or of the file that it names, with key and digest added unless it has them.
/// The rest stays as it was written: nodes hash the text.
fn parameters(text: &str, key: Option<&PublicKey>, digest: Option<&Digest>) -> Result<Box<RawValue>> {
    let (text, place) = match text.strip_prefix('@') {
        Some(path) => {
            let text = String::from_utf8(read(Path::new(path))?);
            (text.with_context(|| format!("{path} is not UTF-8 text"))?, path)
        }
        None => (text.to_owned(), "--params"),
    };
    let parsed: Value = serde_json::from_str(&text).with_context(|| format!("{place} is not JSON"))?;
    let Value::Object(members) = parsed else { bail!("{place} must be a JSON object") };
    let own =
        text.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or_default().trim();
    let added = [
        ("publicKey", key.map(|key| json!(format!("0x{}", hex::encode(key.uncompressed()))))),
        ("toSign", digest.map(|digest| json!(digest.0))),
    ];
    let added = added.into_iter().filter(|(name, _)| !members.contains_key(*name));
    let mut parts: Vec<String> =
        added.filter_map(|(name, value)| Some(format!("{}:{}", json!(name), value?))).collect();
    if !own.is_empty() {
        parts.push(own.to_owned());
    }
    RawValue::from_string(format!("{{{}}}", parts.join(","))).context("--params is not JSON")
}

/// The limits that a request lowers.
fn lowered(text: &str) -> Result<LimitsRequest> {
    // Serde would take a list of numbers as well.
    ensure!(text.trim_start().starts_with('{'), "--limits must be a JSON object");
    serde_json::from_str(text).context("--limits does not name limits of actions with numbers")
}

/// What programs read; `quorate verify` reads it, too. With the request's bytes and the login it shows for which
/// wallet the action ran. Whoever reads the login can do nothing with it: it allows the session's key alone.
fn document(execution: &Execution, request: &[u8], login: &Login) -> Value {
    json!({
        "node": execution.node, "verified_by": execution.verified.members, "reply": execution.reply,
        "request": String::from_utf8_lossy(request), "login": login.proof(),
    })
}

fn describe(execution: &Execution, took_ms: u128) -> String {
    let reply = &execution.reply;
    let members: Vec<String> = execution.verified.members.iter().map(ToString::to_string).collect();
    let mut lines = vec![format!(
        "{} after {took_ms} ms; asked node {}, receipt signed by nodes {} (checked)",
        status(reply),
        execution.node,
        members.join(", ")
    )];
    lines.push(format!("request   {}", reply.request_id));
    if let Some(response) = &reply.response {
        lines.push(format!("response  {}", printable(response)));
    }
    for (name, signature) in &reply.signatures {
        lines.push(signature_text(name, signature));
    }
    let statement = &execution.verified.statement;
    for intent in statement.intents.iter().filter(|intent| !statement.shows(intent)) {
        lines.push(format!("withheld  a signature of {} by {}", intent.digest, intent.key));
    }
    for claim in &reply.claims {
        lines.push(format!("claimed   {} for {}", claim.public_key, quoted(&claim.key_id)));
    }
    for single in &statement.single_node {
        lines.push(format!("unproven  a value of node {} alone was used", single.node));
    }
    for odd in &reply.receipt.odd {
        let (node, operation, field) = (odd.node, odd.operation, &odd.field);
        lines.push(format!("odd       node {node} at operation {operation}: its {field} differs"));
        if let Some(url) = odd.differing_fetch() {
            lines.push(format!("          it was answered otherwise by {}", printable(url)));
        }
    }
    let faults = crate::verify::named(&reply.receipt);
    lines.extend(faults.map(|fault| format!("fault     {}", crate::verify::fault_text(fault))));
    lines.extend(log_lines(&reply.logs));
    lines.join("\n")
}

fn status(reply: &ExecutionReply) -> String {
    let status = match reply.status {
        Status::Completed => "completed",
        Status::Denied => "denied",
        Status::Failed => "failed",
    };
    match reply.error {
        Some(code) => format!("{status} ({code})"),
        None => status.to_owned(),
    }
}

fn signature_text(name: &str, view: &SignatureView) -> String {
    let digits = view.signature.strip_prefix("0x").unwrap_or(&view.signature);
    // The client has checked that there are 128 of them.
    let (r, s) = digits.split_at_checked(64).unwrap_or((digits, ""));
    let v = view.recovery_id.map_or_else(|| "-".to_owned(), |id| (27 + u32::from(id)).to_string());
    format!(
        "signature {} by {}\n  digest  {}\n  r       0x{r}\n  s       0x{s}\n  v       {v}",
        quoted(name),
        view.public_key,
        view.digest
    )
}

pub(crate) fn refused(error: ClientError) -> Failure {
    match error {
        ClientError::Problem(problem) => Failure::Network(Box::new(problem)),
        ClientError::Unreachable { .. } => Failure::Local(
            anyhow::Error::from(error)
                .context("is the network running? `quorate dev` starts one of your own"),
        ),
        other => Failure::Local(other.into()),
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("reading {}", path.display()))
}

/// This machine's clock, in milliseconds since the epoch.
pub(crate) fn now_ms() -> Result<u64> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let since = since.context("this machine's clock stands before 1970")?;
    u64::try_from(since.as_millis()).context("this machine's clock is far in the future")
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

    #[test]
    fn parameters_stay_as_written_and_get_the_key() {
        let key: PublicKey = KEY.parse().unwrap();
        let raw = parameters(" {\"a\": 1.50} ", Some(&key), None).unwrap();
        assert!(raw.get().starts_with("{\"publicKey\":\"0x04") && raw.get().ends_with(",\"a\": 1.50}"));
        assert!(parameters("{ }", Some(&key), None).unwrap().get().ends_with("\"}"));
        assert_eq!(parameters("{\"publicKey\":1}", Some(&key), None).unwrap().get(), "{\"publicKey\":1}");
        assert_eq!(parameters("{}", None, None).unwrap().get(), "{}");
        let digest = Digest([7; 32]);
        assert!(parameters("{}", None, Some(&digest)).unwrap().get().starts_with("{\"toSign\":[7,7,"));
        for bad in ["[]", "1", "{", "{}x"] {
            assert!(parameters(bad, None, None).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_wrong_with_parameters_names_their_file() {
        let path = std::env::temp_dir().join(format!("quorate-params-{}.json", std::process::id()));
        std::fs::write(&path, "{").unwrap();
        let error = parameters(&format!("@{}", path.display()), None, None).unwrap_err();
        assert!(error.to_string().starts_with(path.to_str().unwrap()), "{error}");
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn limits_are_numbers_with_known_names() {
        assert_eq!(lowered(r#"{"fetches":3}"#).unwrap().fetches, Some(3));
        for bad in ["3", "[]", r#"{"fetch":3}"#, r#"{"fetches":-1}"#] {
            assert!(lowered(bad).is_err(), "{bad}");
        }
    }
}
