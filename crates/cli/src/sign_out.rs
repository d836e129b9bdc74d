//! `quorate sign-out`: ends every session of the wallet.

use quorate_client::{Client, ClientOptions, LoginBuilder, SignedOut};
use quorate_wire::{ActionCid, Capability, CapabilityAction, CapabilityKey, Ends};
use serde_json::{Value, json};

use crate::action::{now_ms, refused};
use crate::args::SignOutArgs;
use crate::failure::Failure;
use crate::output::{Output, printable};

/// Tells all nodes. The result says whether so many have it that the others can sign nothing.
pub(crate) async fn run(args: &SignOutArgs, output: Output) -> Result<bool, Failure> {
    let network = args.access.network_file()?;
    let wallet = args.access.wallet()?;
    let client = Client::new(network, ClientOptions::default()).map_err(refused)?;
    // A login names something that its session may do: here an action without a line.
    let nothing = CapabilityAction::Named(ActionCid::of_code(b""));
    let capability = Capability::Use { key: CapabilityKey::Own, action: nothing };
    let builder = LoginBuilder::new(client.network_file(), &args.access.login_domain).allow(capability);
    let mut entropy = rand_core::UnwrapErr(getrandom::SysRng);
    let login = builder.sign_in(&wallet, now_ms()?, &mut entropy).map_err(anyhow::Error::from)?;
    let out = client.sign_out(&login, Ends::Everywhere).await.map_err(refused)?;
    output.result(&document(&out), || describe(&out));
    Ok(out.done)
}

fn document(out: &SignedOut) -> Value {
    let refused = out
        .refused
        .iter()
        .map(|(node, problem)| json!({ "node": node, "code": problem.code, "detail": problem.detail }));
    let silent = out.silent.iter().map(|tried| json!({ "node": tried.node, "detail": tried.trouble }));
    json!({
        "nodes": out.nodes,
        "of": out.of,
        "done": out.done,
        "without": refused.chain(silent).collect::<Vec<_>>(),
    })
}

fn describe(out: &SignedOut) -> String {
    let mut lines = vec![format!("signed out at {} of {} nodes", out.nodes.len(), out.of)];
    for (node, problem) in &out.refused {
        lines.push(format!("  node {node} refused ({}): {}", problem.code, printable(&problem.detail)));
    }
    for tried in &out.silent {
        lines.push(format!("  node {}: {}", tried.node, tried.trouble));
    }
    if !out.done {
        lines.push(
            "  the others can still sign for the sessions; the nodes hand it on as soon as they reach them"
                .to_owned(),
        );
    }
    lines.join("\n")
}
