//! `quorate pkp`: keys, as the registry's contracts have them.

use anyhow::{Context as _, Result, bail};
use quorate_registry::abi::{PKPNFT, PKPPermissions, PubkeyRouter};
use quorate_registry::alloy_primitives::U256;
use quorate_registry::artifacts::Contracts;
use quorate_registry::subject::{DEFAULT_KEY_SET_ID, Grant};
use quorate_registry::tx_client::TxClient;
use quorate_wire::{ActionCid, Address, PublicKey, TokenId};
use serde_json::{Value, json};

use crate::access::contracts;
use crate::args::{Access, PkpCommand, Scope, Subject};
use crate::output::Output;

/// Kinds of subject, as the contracts number them.
const KIND_ADDRESS: u64 = 1;
const KIND_ACTION: u64 = 2;
/// Keys read at once.
const PAGE_SIZE: usize = 100;

/// Runs one of the commands.
pub(crate) async fn run(command: PkpCommand, output: Output) -> Result<()> {
    match command {
        PkpCommand::Mint { access } => mint(&access, output).await,
        PkpCommand::List { access, owner } => list(&access, owner, output).await,
        PkpCommand::Show { access, pkp } => show(&access, &pkp, output).await,
        PkpCommand::Grant { access, pkp, subject, scope } => {
            grant(&access, &pkp, (&subject, &scope), output).await
        }
        PkpCommand::Revoke { access, pkp, subject } => revoke(&access, &pkp, &subject, output).await,
        PkpCommand::Burn { access, pkp } => burn(&access, &pkp, output).await,
    }
}

async fn mint(access: &Access, output: Output) -> Result<()> {
    let network = access.network_file()?;
    let chain = access.chain()?;
    let minted = chain.mint_next(&contracts(&network), DEFAULT_KEY_SET_ID).await?;
    let key = PublicKey::from_sec1(&minted.public_key)?;
    let owner = Address(chain.address().into_array());
    let value = json!({
        "public_key": key, "token_id": key.token_id(), "address": key.address(), "owner": owner,
        "transaction": minted.receipt.hash, "block": minted.receipt.block_number,
    });
    output.result(&value, || {
        format!(
            "minted   {key}\ntoken    {}\naddress  {}\nowner    {owner}\nNobody may use it yet: quorate pkp grant {key} --action FILE --scope sign-anything",
            key.token_id(),
            key.address()
        )
    });
    Ok(())
}

async fn list(access: &Access, owner: Option<Address>, output: Output) -> Result<()> {
    let contracts = contracts(&access.network_file()?);
    let chain = access.chain()?;
    let owner = owner.unwrap_or(Address(chain.address().into_array()));
    let mut keys = Vec::new();
    for page in 0_u64.. {
        let call = PKPNFT::getPkpInfoFromOwnerAddressCall {
            owner: owner.0.into(),
            pageSize: U256::from(PAGE_SIZE),
            pageIndex: U256::from(page),
        };
        let infos = chain.read(contracts.pkp_nft, &call).await?;
        let last = infos.len() < PAGE_SIZE;
        for info in infos {
            keys.push(PublicKey::from_sec1(&info.pubkey).context("the registry names a key")?);
        }
        if last {
            break;
        }
    }
    let described =
        |key: &PublicKey| json!({ "public_key": key, "token_id": key.token_id(), "address": key.address() });
    let value = json!({ "owner": owner, "keys": keys.iter().map(described).collect::<Vec<_>>() });
    output.result(&value, || {
        if keys.is_empty() {
            return format!("{owner} owns no key; one of your own: quorate pkp mint");
        }
        let lines = keys.iter().map(|key| format!("{key}  {}", key.address()));
        lines.collect::<Vec<_>>().join("\n")
    });
    Ok(())
}

async fn show(access: &Access, pkp: &str, output: Output) -> Result<()> {
    let pkp = Pkp::find(access, pkp).await?;
    let grants = pkp.grants().await?;
    let value = json!({
        "public_key": pkp.key, "token_id": pkp.key.token_id(), "address": pkp.key.address(),
        "owner": pkp.owner, "burnt": pkp.owner.is_none(), "grants": grants,
    });
    output.result(&value, || {
        let owner = match pkp.owner {
            Some(owner) if owner == pkp.key.address() => format!("{owner} (this key itself)"),
            Some(owner) => owner.to_string(),
            None => "burnt: its grants are frozen for ever".to_owned(),
        };
        let mut text = format!(
            "key      {}\ntoken    {}\naddress  {}\nowner    {owner}",
            pkp.key,
            pkp.key.token_id(),
            pkp.key.address()
        );
        for grant in &grants {
            let words = |name: &str| grant[name].as_str().unwrap_or_default().to_owned();
            let scopes: Vec<&str> =
                grant["scopes"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            text.push_str(&format!("\ngranted  {} {}: {}", words("kind"), words("id"), scopes.join(", ")));
        }
        if grants.is_empty() {
            text.push_str("\ngranted  to nobody");
        }
        text
    });
    Ok(())
}

async fn grant(
    access: &Access,
    pkp: &str,
    (subject, scopes): (&Subject, &[Scope]),
    output: Output,
) -> Result<()> {
    let (registered, named) = subject.resolve()?;
    let pkp = Pkp::find(access, pkp).await?;
    pkp.must_live()?;
    if scopes.contains(&Scope::SignAnything) {
        output.progress(&format!(
            "sign-anything: {named} can have any 32 bytes signed by this key, so also any transaction of {}.",
            pkp.key.address()
        ));
        if pkp.owner == Some(pkp.key.address()) {
            output.progress(
                "This key owns its own token: what it signs can also change its grants. This is full control.",
            );
        }
    } else {
        output.progress("Without --scope sign-anything no bare digest is signed for it.");
    }
    let numbers: Vec<u8> = scopes.iter().map(|scope| scope.number()).collect();
    let receipt = pkp.chain.add_permitted(&pkp.contracts, pkp.token(), &registered, &numbers).await?;
    let value = json!({
        "public_key": pkp.key, "subject": named, "scopes": numbers,
        "transaction": receipt.hash, "block": receipt.block_number,
    });
    output.result(&value, || format!("granted {} to {named} (block {})", pkp.key, receipt.block_number));
    Ok(())
}

async fn revoke(access: &Access, pkp: &str, subject: &Subject, output: Output) -> Result<()> {
    let (registered, named) = subject.resolve()?;
    let pkp = Pkp::find(access, pkp).await?;
    pkp.must_live()?;
    let receipt = pkp.chain.remove_permitted(&pkp.contracts, pkp.token(), &registered).await?;
    let value = json!({
        "public_key": pkp.key, "subject": named,
        "transaction": receipt.hash, "block": receipt.block_number,
    });
    output
        .result(&value, || format!("{named} may no longer use {} (block {})", pkp.key, receipt.block_number));
    Ok(())
}

async fn burn(access: &Access, pkp: &str, output: Output) -> Result<()> {
    let pkp = Pkp::find(access, pkp).await?;
    pkp.must_live()?;
    let receipt = pkp.chain.burn(&pkp.contracts, pkp.token()).await?;
    let value = json!({
        "public_key": pkp.key, "token_id": pkp.key.token_id(),
        "transaction": receipt.hash, "block": receipt.block_number,
    });
    output.result(&value, || {
        format!(
            "burnt the token of {} (block {})\nIts grants are frozen for ever; what it is granted to keeps working.",
            pkp.key, receipt.block_number
        )
    });
    Ok(())
}

/// A key of the registry, and the chain that it was found on.
struct Pkp {
    chain: TxClient,
    contracts: Contracts,
    key: PublicKey,
    owner: Option<Address>,
}

impl Pkp {
    /// Finds a key by its public key or its token id.
    async fn find(access: &Access, text: &str) -> Result<Self> {
        let contracts = contracts(&access.network_file()?);
        let chain = access.chain()?;
        let token = match (text.parse::<PublicKey>(), text.parse::<TokenId>()) {
            (Ok(key), _) => key.token_id(),
            (_, Ok(token)) => token,
            _ => bail!(
                "{text:?} is neither a public key (33 or 65 bytes) nor a token id (32 bytes) in hexadecimal digits"
            ),
        };
        let token = U256::from_be_bytes(token.0);
        let bytes =
            chain.read(contracts.pubkey_router, &PubkeyRouter::getPubkeyCall { tokenId: token }).await?;
        if bytes.is_empty() {
            bail!("no such key was minted on this network: {text}");
        }
        let key = PublicKey::from_sec1(&bytes)?;
        let live = chain.read(contracts.pkp_nft, &PKPNFT::existsCall { tokenId: token }).await?;
        let owner = if live {
            let owner = chain.read(contracts.pkp_nft, &PKPNFT::ownerOfCall { tokenId: token }).await?;
            Some(Address(owner.into_array()))
        } else {
            None
        };
        Ok(Self { chain, contracts, key, owner })
    }

    fn token(&self) -> U256 {
        U256::from_be_bytes(self.key.token_id().0)
    }

    fn must_live(&self) -> Result<()> {
        match self.owner {
            Some(_) => Ok(()),
            None => bail!("the token of this key is burnt: nobody can change its grants any more"),
        }
    }

    /// Everybody who is permitted, with scopes.
    async fn grants(&self) -> Result<Vec<Value>> {
        let token = self.token();
        let list = PKPPermissions::getPermittedAuthMethodsCall { tokenId: token };
        let methods = self.chain.read(self.contracts.pkp_permissions, &list).await?;
        let mut grants = Vec::new();
        for method in methods {
            let call = PKPPermissions::grantBitsCall {
                tokenId: token,
                authMethodType: method.authMethodType,
                id: method.id.clone(),
            };
            let bits = self.chain.read(self.contracts.pkp_permissions, &call).await?;
            let (kind, id) = match u64::try_from(method.authMethodType) {
                Ok(KIND_ACTION) => (
                    "action",
                    ActionCid::from_multihash(&method.id)
                        .context("the registry names an action")?
                        .to_string(),
                ),
                Ok(KIND_ADDRESS) => ("address", method.id.to_string()),
                _ => ("login", format!("{}:{}", method.authMethodType, method.id)),
            };
            let scopes: Vec<String> = Grant::from_word(bits).scopes.iter().map(scope_name).collect();
            grants.push(json!({ "kind": kind, "id": id, "scopes": scopes }));
        }
        Ok(grants)
    }
}

fn scope_name(scope: u8) -> String {
    match scope {
        1 => "sign-anything".to_owned(),
        2 => "personal-sign".to_owned(),
        3 => "no-single-node".to_owned(),
        other => format!("scope {other}"),
    }
}
