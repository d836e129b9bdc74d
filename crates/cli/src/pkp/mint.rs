//! `quorate pkp mint`: a new key, and with options everything that goes with it in the same transaction.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, bail, ensure};
use quorate_registry::abi::{PKPHelper, PKPNFT, PKPPermissions};
use quorate_registry::alloy_primitives::{Address as Account, U256, hex, keccak256};
use quorate_registry::artifacts::{self, Contracts};
use quorate_registry::encode::MintTerms;
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
    args.access.must_be_its_chain(chain.reader()).await?;
    let minted = if grants.is_empty() {
        chain.mint_next(&contracts, DEFAULT_KEY_SET_ID).await?
    } else {
        let helper = our_helper(chain.reader(), &contracts).await?;
        for grant in grants.iter().filter(|grant| grant.kind == "action") {
            super::warn(output, &format!("action {}", grant.id), &grant.scopes, ITS_ADDRESS, args.self_owned);
        }
        let changes = grants
            .iter()
            .flat_map(|grant| &grant.scopes)
            .any(|scope| matches!(scope, Scope::SignAnything | Scope::SignLogins));
        if args.burn || (args.self_owned && !changes) {
            output.progress("Nobody will ever be able to change these grants, or to take one back.");
        }
        let terms = MintTerms { grants: terms(&grants), self_owned: args.self_owned, burn: args.burn };
        chain.mint_with(&contracts, helper, DEFAULT_KEY_SET_ID, &terms).await?
    };
    let own = PublicKey::from_sec1(&minted.public_key)?.address();
    let wallet = Address(chain.address().into_array());
    let owner = if args.self_owned { own } else { wallet };
    let owner = (!args.burn).then(|| owner.0.into());
    confirm(&chain, &contracts, &minted, &Asked { grants: &grants, owner }).await?;
    show(args, &grants, &minted, wallet, output)
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

/// The contract that mints with grants: what the Directory names, if it is PKPHelper for these very contracts. Nodes vote for
/// the address; what it does with a key is not a matter of votes.
pub(super) async fn our_helper(chain: &ChainReader, contracts: &Contracts) -> Result<Account> {
    let (_, value) = directory::read(chain, contracts.directory, HELPER).await?;
    ensure!(
        !value.is_empty(),
        "this network's Directory has no {HELPER}, which mints a key with its grants: mint without options and grant then, or \
         have its nodes vote for one"
    );
    let named: NamedContract = serde_json::from_slice(&value)
        .with_context(|| format!("{HELPER} of this network's Directory names no contract"))?;
    let code = chain.code(named.address).await?;
    ensure!(
        keccak256(&code) == named.code_hash && artifacts::pkp_helper().matches_runtime(&code),
        "the contract at {}, which the Directory names as {HELPER}, is not the PKPHelper of this release",
        named.address
    );
    let nft = chain.read(named.address, &PKPHelper::pkpNFTCall {}).await?;
    let permissions = chain.read(named.address, &PKPHelper::permissionsCall {}).await?;
    ensure!(
        (nft, permissions) == (contracts.pkp_nft, contracts.pkp_permissions),
        "the PKPHelper at {} is one for other contracts than this network's",
        named.address
    );
    Ok(named.address)
}

/// Reads back what the chain has, and compares it with what was asked for.
async fn confirm(chain: &TxClient, contracts: &Contracts, minted: &Minted, asked: &Asked<'_>) -> Result<()> {
    let token = minted.token_id;
    let lives = chain.read(contracts.pkp_nft, &PKPNFT::existsCall { tokenId: token }).await?;
    let owner = match lives {
        true => Some(chain.read(contracts.pkp_nft, &PKPNFT::ownerOfCall { tokenId: token }).await?),
        false => None,
    };
    let list = PKPPermissions::getPermittedAuthMethodsCall { tokenId: token };
    let mut found = BTreeSet::new();
    for method in chain.read(contracts.pkp_permissions, &list).await? {
        let bits = PKPPermissions::grantBitsCall {
            tokenId: token,
            authMethodType: method.authMethodType,
            id: method.id.clone(),
        };
        let bits = chain.read(contracts.pkp_permissions, &bits).await?;
        found.insert((method.authMethodType, method.id.to_vec(), method.userPubkey.to_vec(), bits));
    }
    let wanted = asked.grants.iter().map(|grant| {
        let (kind, id) = grant.subject.auth_method();
        let bits = grant.scopes.iter().fold(U256::ONE, |bits, scope| bits | U256::ONE << scope.number());
        (kind, id.to_vec(), grant.user_pubkey.clone(), bits)
    });
    ensure!(
        owner == asked.owner && found == wanted.collect(),
        "transaction {} has minted {}, but its owner or its grants are not those that were asked for: quorate pkp show says what \
         they are",
        minted.receipt.hash,
        hex::encode_prefixed(&minted.public_key)
    );
    Ok(())
}

/// What a mint is to come to.
struct Asked<'a> {
    grants: &'a [Named],
    /// Nobody if it is burnt.
    owner: Option<Account>,
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
