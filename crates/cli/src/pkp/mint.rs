//! `quorate pkp mint`: a new key, and with options everything that goes with it in the same transaction.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, bail, ensure};
use quorate_registry::alloy_primitives::{Address as Account, Bytes, hex, keccak256};
use quorate_registry::encode::MintTerms;
use quorate_registry::rpc_client::CallBounds;
use quorate_registry::subject::{DEFAULT_KEY_SET_ID, Subject as Registered};
use quorate_registry::tx_client::{ChainReader, Minted, TxClient};
use quorate_wire::{Address, PublicKey};
use serde_json::json;

use crate::args::{MintArgs, Scope};
use crate::directory::{self, NamedContract};
use crate::output::Output;
use crate::source;

/// What the Directory calls the contract that mints with grants.
const HELPER: &str = "contracts/pkp-helper";
/// Grants of one mint: all of them fit into a block.
const GRANTS_MAX: usize = 64;
/// What stands for the address of a key that is not minted yet.
const ITS_ADDRESS: &str = "the key's address";

/// A grant of the mint: for people, what the subject is called.
struct Named {
    subject: Registered,
    user_pubkey: Vec<u8>,
    scopes: Vec<Scope>,
    kind: &'static str,
    id: String,
}

pub(super) async fn run(args: &MintArgs, output: Output) -> Result<()> {
    let grants = grants(args)?;
    let contracts = args.access.contracts()?;
    let chain = args.access.chain(&args.wallet)?;
    let minted = if grants.is_empty() {
        chain.mint_next(&contracts, DEFAULT_KEY_SET_ID).await?
    } else {
        let helper = helper(&chain, contracts.directory).await?;
        for grant in grants.iter().filter(|grant| grant.kind == "action") {
            super::warn(output, &format!("action {}", grant.id), &grant.scopes, ITS_ADDRESS, args.self_owned);
        }
        let terms = MintTerms { grants: terms(&grants), self_owned: args.self_owned, burn: args.burn };
        chain.mint_with(&contracts, helper, DEFAULT_KEY_SET_ID, &terms).await?
    };
    show(args, &grants, &minted, Address(chain.address().into_array()), output)
}

/// What the key is granted, checked for combinations of which nobody could mean one.
fn grants(args: &MintArgs) -> Result<Vec<Named>> {
    // Nodes sign for actions: a login is for an action to read.
    if args.grant.is_empty() && (args.burn || args.self_owned) {
        let what = if args.burn { "is burnt" } else { "owns itself" };
        bail!(
            "a key that {what} and is granted to no action could never sign anything, nor be granted any more, so nothing was \
             sent: name an action with --grant"
        );
    }
    ensure!(
        args.grant.len() + args.login.len() <= GRANTS_MAX,
        "a mint takes {GRANTS_MAX} grants at most; grant the others after it: quorate pkp grant"
    );
    let mut grants = Vec::new();
    for grant in &args.grant {
        super::must_allow(&grant.scopes, &format!("--grant {}=", grant.action))?;
        let cid = source::named(&grant.action)?.cid();
        grants.push(Named {
            subject: Registered::Action(cid.multihash()),
            user_pubkey: Vec::new(),
            scopes: grant.scopes.clone(),
            kind: "action",
            id: cid.to_string(),
        });
    }
    for login in &args.login {
        let method = &login.method;
        grants.push(Named {
            subject: Registered::AuthMethod { kind: method.kind, id: method.id.clone() },
            user_pubkey: login.user_pubkey.clone(),
            // What it may do is for actions to decide.
            scopes: Vec::new(),
            kind: "auth_method",
            id: format!("{}:0x{}", method.kind, hex::encode(&method.id)),
        });
    }
    let mut known = BTreeSet::new();
    for grant in &grants {
        if !known.insert((grant.kind, &grant.id)) {
            bail!("{} is named twice: name it once, with all that it may", grant.id);
        }
    }
    Ok(grants)
}

fn terms(grants: &[Named]) -> Vec<(Registered, Vec<u8>, Vec<u8>)> {
    let numbers = |scopes: &[Scope]| scopes.iter().map(|scope| scope.number()).collect();
    grants
        .iter()
        .map(|grant| (grant.subject.clone(), grant.user_pubkey.clone(), numbers(&grant.scopes)))
        .collect()
}

/// What the Directory names as the contract that mints with grants, if it names one.
pub(super) async fn named_helper(chain: &ChainReader, at: Account) -> Result<Option<NamedContract>> {
    let (_, value) = directory::read(chain, at, HELPER).await?;
    if value.is_empty() {
        return Ok(None);
    }
    let named = serde_json::from_slice(&value);
    named.map(Some).with_context(|| format!("{HELPER} of this network's Directory names no contract"))
}

/// The contract that mints with grants, which the network's nodes have voted for.
async fn helper(chain: &TxClient, at: Account) -> Result<Account> {
    let named = named_helper(chain.reader(), at).await?.with_context(|| {
        format!(
            "this network's Directory has no {HELPER}, which mints a key with its grants: mint without options and grant then, \
             or have its nodes vote for one"
        )
    })?;
    let code =
        chain.rpc().call("eth_getCode", json!([named.address, "latest"]), CallBounds::default()).await?;
    let code: Bytes = serde_json::from_value(code).context("the chain's answer is no code")?;
    ensure!(
        keccak256(&code) == named.code_hash,
        "the contract at {} is not the one that the nodes have voted for as {HELPER}, so nothing was sent",
        named.address
    );
    Ok(named.address)
}

fn show(args: &MintArgs, grants: &[Named], minted: &Minted, wallet: Address, output: Output) -> Result<()> {
    let key = PublicKey::from_sec1(&minted.public_key)?;
    let owner = match (args.burn, args.self_owned) {
        (true, _) => None,
        (_, true) => Some(key.address()),
        _ => Some(wallet),
    };
    let scopes = |grant: &Named| -> Vec<String> {
        grant.scopes.iter().map(|scope| Scope::name_of(scope.number())).collect()
    };
    let described = |grant: &Named| json!({ "kind": grant.kind, "id": grant.id, "scopes": scopes(grant) });
    let value = json!({
        "public_key": key, "token_id": key.token_id(), "address": key.address(), "owner": owner, "burnt": args.burn,
        "grants": grants.iter().map(described).collect::<Vec<_>>(),
        "transaction": minted.receipt.hash, "block": minted.receipt.block_number,
    });
    output.result(&value, || {
        let owner = match owner {
            None => "burnt: its grants are frozen for ever".to_owned(),
            Some(owner) if args.self_owned => format!("{owner} (this key itself)"),
            Some(owner) => owner.to_string(),
        };
        let mut text = format!(
            "minted   {key}\ntoken    {}\naddress  {}\nowner    {owner}",
            key.token_id(),
            key.address()
        );
        for grant in grants {
            text.push_str(&format!("\ngranted  {} {}", grant.kind.replace('_', " "), grant.id));
            if !grant.scopes.is_empty() {
                text.push_str(&format!(": {}", scopes(grant).join(", ")));
            }
        }
        if grants.is_empty() {
            text.push_str(&format!(
                "\nNobody may use it yet: quorate pkp grant {key} --action FILE --scope sign-anything"
            ));
        }
        text
    });
    Ok(())
}
