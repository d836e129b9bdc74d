//! `quorate pkp`: keys, as the registry's contracts have them.

use anyhow::{Result, bail};
use quorate_policy::{TYPE_OIDC, TYPE_PASSKEY};
use quorate_registry::abi::{PKPNFT, PKPPermissions, PubkeyRouter};
use quorate_registry::alloy_primitives::{U256, hex};
use quorate_registry::artifacts::Contracts;
use quorate_registry::encode;
use quorate_registry::subject::{Grant, Subject as Registered, TYPE_ACTION, TYPE_ADDRESS};
use quorate_registry::tx_client::{ChainReader, TxClient, TxClientError};
use quorate_wire::{ActionCid, Address, PublicKey};
use serde_json::{Value, json};

use crate::args::{KeyName, PkpCommand, RegistryAccess, Scope, Subject, WalletKey};
use crate::output::Output;

mod list;
mod mint;

/// Runs one of the commands.
pub(crate) async fn run(command: PkpCommand, output: Output) -> Result<()> {
    match command {
        PkpCommand::Mint(args) => mint::run(&args, output).await,
        PkpCommand::List { access, wallet, owner, pages } => {
            list::run(&access, &wallet, owner, pages, output).await
        }
        PkpCommand::Show { access, pkp } => show(&access, pkp, output).await,
        PkpCommand::Grant { access, wallet, pkp, subject, scope } => {
            // What another way to log in may do is for actions to decide, which read the scopes.
            if subject.auth_method.is_none() {
                must_allow(&scope, "--scope ")?;
            }
            let change = Change::of(&access, &wallet, pkp, &subject)?;
            grant(change, &scope, output).await
        }
        PkpCommand::Revoke { access, wallet, pkp, subject } => {
            revoke(Change::of(&access, &wallet, pkp, &subject)?, output).await
        }
        PkpCommand::Burn { access, wallet, pkp } => burn(&access, &wallet, pkp, output).await,
    }
}

async fn show(access: &RegistryAccess, pkp: KeyName, output: Output) -> Result<()> {
    let pkp = Pkp::find(access.reader()?, access.contracts()?, pkp).await?;
    let grants = pkp.grants().await?;
    let value = json!({
        "public_key": pkp.key, "token_id": pkp.key.token_id(), "address": pkp.key.address(),
        "owner": pkp.owner, "burnt": pkp.owner.is_none() && pkp.further_minter.is_none(),
        "further_minter": pkp.further_minter, "grants": grants,
    });
    output.result(&value, || {
        let owner = match pkp.owner {
            Some(owner) if owner == pkp.key.address() => format!("{owner} (this key itself)"),
            Some(owner) => owner.to_string(),
            None if pkp.further_minter.is_some() => "nobody at present".to_owned(),
            None => "burnt: its grants are frozen for ever".to_owned(),
        };
        let mut text = format!(
            "key      {}\ntoken    {}\naddress  {}\nowner    {owner}",
            pkp.key,
            pkp.key.token_id(),
            pkp.key.address()
        );
        if let Some(minter) = pkp.further_minter {
            text.push_str(&format!(
                "\nminter   {minter}: who owns the token is this contract's word, at any time"
            ));
        }
        for grant in &grants {
            let words = |name: &str| grant[name].as_str().unwrap_or_default().to_owned();
            let scopes: Vec<&str> =
                grant["scopes"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let kind = words("kind").replace('_', " ");
            text.push_str(&format!("\ngranted  {kind} {}: {}", words("id"), scopes.join(", ")));
            if grant["foreign"] == true {
                text.push_str(&format!(
                    "\n         not by the present owner, but by {}",
                    words("granted_by")
                ));
            }
        }
        if grants.is_empty() {
            text.push_str("\ngranted  to nobody");
        }
        text
    });
    Ok(())
}

/// A grant to be made or taken back.
struct Change {
    chain: TxClient,
    contracts: Contracts,
    pkp: KeyName,
    subject: Registered,
    /// The subject for people.
    named: String,
}

impl Change {
    fn of(access: &RegistryAccess, wallet: &WalletKey, pkp: KeyName, subject: &Subject) -> Result<Self> {
        let (subject, named) = subject.resolve()?;
        Ok(Self { contracts: access.contracts()?, chain: access.chain(wallet)?, pkp, subject, named })
    }

    /// The key, which must still have an owner.
    async fn key(&self) -> Result<Pkp> {
        let pkp = Pkp::find(self.chain.reader().clone(), self.contracts, self.pkp).await?;
        pkp.must_live()?;
        Ok(pkp)
    }
}

/// A grant has to allow something: without one of these scopes the registry would have it, and no node would sign for it.
fn must_allow(scopes: &[Scope], option: &str) -> Result<()> {
    if scopes.iter().any(|scope| *scope != Scope::NoSingleNode) {
        return Ok(());
    }
    let bar = if scopes.is_empty() { "without a scope" } else { "with no-single-node alone" };
    bail!(
        "a grant {bar} allows nothing, so nothing was sent. Name what it shall allow:\n\
         \x20 {option}personal-sign   texts as wallets sign them (EIP-191), no login and no transaction\n\
         \x20 {option}sign-logins     texts that are logins: whoever has one acts as the key's address\n\
         \x20 {option}sign-anything   any 32 bytes, so also every transaction of the key\n\
         \x20 {option}decrypt         opening what is encrypted to the key"
    )
}

/// Says what scopes allow that is easily overlooked. `address` is the key's, or words for it.
fn warn(output: Output, named: &str, scopes: &[Scope], address: &str, owns_itself: bool) {
    if scopes.contains(&Scope::SignAnything) {
        output.progress(&format!(
            "sign-anything: {named} can have any 32 bytes signed by this key, so also any transaction of {address}, and open what is encrypted to it.",
        ));
        if owns_itself {
            output.progress(
                "This key owns its own token: what it signs can also change its grants. This is full control.",
            );
        }
    } else if scopes.contains(&Scope::PersonalSign) {
        output.progress("Without sign-anything only EIP-191 messages are signed for it, no bare digest.");
    }
    if scopes.contains(&Scope::Decrypt) {
        output.progress(&format!(
            "decrypt: {named} can open what is encrypted to this key, also what was encrypted before this grant.",
        ));
    }
    if scopes.contains(&Scope::SignLogins) {
        output.progress(&format!(
            "sign-logins: {named} can log in as {address}, here and wherever a wallet's login counts, and have whatever that address may.",
        ));
        if owns_itself {
            output.progress(
                "This key owns its own token: a login of its address uses the key without any grant. This is full control.",
            );
        }
    }
}

async fn grant(change: Change, scopes: &[Scope], output: Output) -> Result<()> {
    let pkp = change.key().await?;
    let Change { chain, contracts, subject, named, .. } = change;
    let address = pkp.key.address();
    warn(output, &named, scopes, &address.to_string(), pkp.owner == Some(address));
    let numbers: Vec<u8> = scopes.iter().map(|scope| scope.number()).collect();
    let receipt = match &subject {
        // A login that is permitted already keeps the key that is recorded for it.
        Registered::AuthMethod { kind, id } => {
            let call = PKPPermissions::getUserPubkeyCall {
                tokenId: pkp.token(),
                authMethodType: *kind,
                id: id.clone().into(),
            };
            let recorded = chain.read(contracts.pkp_permissions, &call).await?;
            let data = encode::add_permitted_login(pkp.token(), (*kind, id), &recorded, &numbers);
            chain.send(Some(contracts.pkp_permissions), data).await?
        }
        _ => chain.add_permitted(&contracts, pkp.token(), &subject, &numbers).await?,
    };
    let value = json!({
        "public_key": pkp.key, "subject": named, "scopes": numbers,
        "transaction": receipt.hash, "block": receipt.block_number,
    });
    output.result(&value, || format!("granted {} to {named} (block {})", pkp.key, receipt.block_number));
    Ok(())
}

async fn revoke(change: Change, output: Output) -> Result<()> {
    let pkp = change.key().await?;
    let Change { chain, contracts, subject, named, .. } = change;
    let receipt = chain.remove_permitted(&contracts, pkp.token(), &subject).await?;
    let value = json!({
        "public_key": pkp.key, "subject": named,
        "transaction": receipt.hash, "block": receipt.block_number,
    });
    output
        .result(&value, || format!("{named} may no longer use {} (block {})", pkp.key, receipt.block_number));
    Ok(())
}

async fn burn(access: &RegistryAccess, wallet: &WalletKey, pkp: KeyName, output: Output) -> Result<()> {
    let (chain, contracts) = (access.chain(wallet)?, access.contracts()?);
    let pkp = Pkp::find(chain.reader().clone(), contracts, pkp).await?;
    pkp.must_live()?;
    let receipt = chain.burn(&contracts, pkp.token()).await?;
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
    chain: ChainReader,
    contracts: Contracts,
    key: PublicKey,
    owner: Option<Address>,
    /// Who minted it, if not the network's own token contract.
    further_minter: Option<Address>,
}

impl Pkp {
    /// Finds a key by its public key or its token id.
    async fn find(chain: ChainReader, contracts: Contracts, name: KeyName) -> Result<Self> {
        let token = match name {
            KeyName::Key(key) => key.token_id(),
            KeyName::Token(token) => token,
        };
        let shown = token;
        let token = U256::from_be_bytes(token.0);
        let bytes =
            chain.read(contracts.pubkey_router, &PubkeyRouter::getPubkeyCall { tokenId: token }).await?;
        if bytes.is_empty() {
            bail!("no such key was minted on this network: the token {shown} does not exist");
        }
        let key = PublicKey::from_sec1(&bytes)?;
        let minter =
            chain.read(contracts.pubkey_router, &PubkeyRouter::minterOfCall { tokenId: token }).await?;
        // It reverts for a token that does not live.
        let owner = match chain.read(minter, &PKPNFT::ownerOfCall { tokenId: token }).await {
            Ok(owner) => Some(Address(owner.into_array())),
            Err(TxClientError::Reverted(_)) => None,
            Err(error) => return Err(error.into()),
        };
        let further_minter = (minter != contracts.pkp_nft).then(|| Address(minter.into_array()));
        Ok(Self { chain, contracts, key, owner, further_minter })
    }

    fn token(&self) -> U256 {
        U256::from_be_bytes(self.key.token_id().0)
    }

    fn must_live(&self) -> Result<()> {
        match self.owner {
            Some(_) => Ok(()),
            None if self.further_minter.is_some() => {
                bail!("by its minter's word the token of this key has no owner")
            }
            None => bail!("the token of this key is burnt: nobody can change its grants any more"),
        }
    }

    /// Whether a grant came with the key: somebody else than its present owner made it. A burnt key has no owner. What the
    /// helper granted when it minted the key, its owner asked for, unless the key itself is its owner: a transfer to anybody
    /// else would have voided it.
    fn foreign(&self, granted_by: Address, helper: Option<Address>) -> bool {
        let asked_for = Some(granted_by) == helper && self.owner != Some(self.key.address());
        self.owner.is_some_and(|owner| owner != granted_by) && !asked_for
    }

    /// Everybody who is permitted, with scopes.
    async fn grants(&self) -> Result<Vec<Value>> {
        let token = self.token();
        let list = PKPPermissions::getPermittedAuthMethodsCall { tokenId: token };
        let methods = self.chain.read(self.contracts.pkp_permissions, &list).await?;
        // Whatever the Directory says, only a helper that does what ours does has asked its caller.
        let helper = mint::our_helper(&self.chain, &self.contracts).await.ok();
        let helper = helper.map(|address| Address(address.into_array()));
        let mut grants = Vec::new();
        for method in methods {
            let call = PKPPermissions::grantBitsCall {
                tokenId: token,
                authMethodType: method.authMethodType,
                id: method.id.clone(),
            };
            let bits = self.chain.read(self.contracts.pkp_permissions, &call).await?;
            let (kind, id) = subject_of(method.authMethodType, &method.id);
            let scopes: Vec<String> = Grant::from_word(bits).scopes.iter().map(Scope::name_of).collect();
            let call = PKPPermissions::grantedByCall {
                tokenId: token,
                authMethodType: method.authMethodType,
                id: method.id.clone(),
            };
            let granted_by = self.chain.read(self.contracts.pkp_permissions, &call).await?;
            let granted_by = Address(granted_by.into_array());
            grants.push(json!({
                "kind": kind, "id": id, "scopes": scopes,
                "granted_by": granted_by, "foreign": self.foreign(granted_by, helper),
            }));
        }
        Ok(grants)
    }
}

/// The kind of a subject, and its id as the options of `grant` take it. Anybody may have registered anything.
fn subject_of(kind: U256, id: &[u8]) -> (&'static str, String) {
    if kind == U256::from(TYPE_ACTION)
        && let Ok(cid) = ActionCid::from_multihash(id)
    {
        return ("action", cid.to_string());
    }
    if kind == U256::from(TYPE_ADDRESS)
        && let Ok(address) = <[u8; 20]>::try_from(id)
    {
        return ("address", Address(address).to_string());
    }
    if id.len() == 32 && kind == U256::from(TYPE_OIDC) {
        return ("oidc", format!("{kind}:0x{}", hex::encode(id)));
    }
    if id.len() == 32 && kind == U256::from(TYPE_PASSKEY) {
        return ("passkey", format!("{kind}:0x{}", hex::encode(id)));
    }
    ("auth_method", format!("{kind}:0x{}", hex::encode(id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_shown_as_options_take_them_whatever_was_registered() {
        let cid = ActionCid::of_code(b"1;");
        let kind = |number: u64| U256::from(number);
        assert_eq!(subject_of(kind(2), &cid.multihash()), ("action", cid.to_string()));
        assert_eq!(subject_of(kind(1), &[7; 20]), ("address", Address([7; 20]).to_string()));
        assert_eq!(subject_of(kind(2), &[7; 2]), ("auth_method", "2:0x0707".to_owned()));
        let (_, text) = subject_of(kind(6), &[0xab]);
        let method: crate::args::pkp::AuthMethod = text.parse().unwrap();
        assert_eq!((method.kind, method.id), (kind(6), vec![0xab]));
        for bad in ["6", "6:", "6:0x", ":0xab", "x:0xab", "0x:0xab", "1_0:0xab", "1:0xab", "0x02:ab", "-1:ab"]
        {
            assert!(bad.parse::<crate::args::pkp::AuthMethod>().is_err(), "{bad}");
        }
    }

    #[test]
    fn grants_that_came_with_the_key_are_foreign() {
        let key = PublicKey::from_sec1(
            &hex::decode("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798").unwrap(),
        );
        let key = key.unwrap();
        let (ours, others, helper) = (Address([1; 20]), Address([2; 20]), Address([3; 20]));
        let contracts = quorate_registry::deploy::addresses(Default::default(), 0);
        let chain = ChainReader::new("http://127.0.0.1:1").unwrap();
        let pkp = |owner| Pkp { chain: chain.clone(), contracts, key, owner, further_minter: None };
        assert!(!pkp(Some(ours)).foreign(ours, None) && pkp(Some(ours)).foreign(others, None));
        assert!(!pkp(None).foreign(others, None));
        // What the helper granted is the wish of who minted the key, and that is its owner, unless the key owns itself.
        assert!(
            !pkp(Some(ours)).foreign(helper, Some(helper)) && pkp(Some(ours)).foreign(others, Some(helper))
        );
        assert!(pkp(Some(key.address())).foreign(helper, Some(helper)));
    }

    #[test]
    fn scopes_have_one_name() {
        assert_eq!(
            [1, 2, 3, 4, 5, 6].map(Scope::name_of),
            ["sign-anything", "personal-sign", "no-single-node", "sign-logins", "decrypt", "scope 6"]
        );
    }
}
