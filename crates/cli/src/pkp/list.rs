//! `quorate pkp list`: the keys of an account, page by page.

use anyhow::{Context as _, Result};
use quorate_registry::abi::PKPNFT;
use quorate_registry::alloy_primitives::U256;
use quorate_wire::{Address, PublicKey};
use serde_json::json;

use crate::args::{Pages, RegistryAccess, WalletKey};
use crate::output::Output;

/// Keys that are listed at once, if no page is named.
const KEYS_MAX: usize = 10_000;

pub(super) async fn run(
    access: &RegistryAccess,
    wallet: &WalletKey,
    owner: Option<Address>,
    pages: Pages,
    output: Output,
) -> Result<()> {
    let contracts = access.contracts()?;
    let chain = access.reader()?;
    let owner = match owner {
        Some(owner) => owner,
        None => Address(access.chain(wallet)?.address().into_array()),
    };
    let size = usize::from(pages.page_size);
    let mut keys = Vec::new();
    let mut next_page = Some(pages.page.unwrap_or(1));
    while let Some(page) = next_page {
        let call = PKPNFT::getPkpInfoFromOwnerAddressCall {
            owner: owner.0.into(),
            pageSize: U256::from(size),
            pageIndex: U256::from(page - 1),
        };
        let infos = chain.read(contracts.pkp_nft, &call).await?;
        // A page that is full may be the last one; that is known when the next one is empty.
        next_page = (infos.len() >= size).then_some(page + 1);
        for info in infos {
            keys.push(PublicKey::from_sec1(&info.pubkey).context("the registry names a key")?);
        }
        if pages.page.is_some() || keys.len() >= KEYS_MAX {
            break;
        }
    }
    let described =
        |key: &PublicKey| json!({ "public_key": key, "token_id": key.token_id(), "address": key.address() });
    let value = json!({
        "owner": owner, "keys": keys.iter().map(described).collect::<Vec<_>>(), "next_page": next_page,
    });
    output.result(&value, || {
        let mut lines: Vec<String> = keys.iter().map(|key| format!("{key}  {}", key.address())).collect();
        match (next_page, pages.page) {
            (Some(page), _) => {
                lines.push(format!("there may be more: quorate pkp list --page-size {size} --page {page}"));
            }
            (None, Some(page)) if keys.is_empty() => {
                lines.push(format!("{owner} owns no key on page {page}"))
            }
            (None, None) if keys.is_empty() => {
                lines.push(format!("{owner} owns no key; one of your own: quorate pkp mint"));
            }
            (None, _) => {}
        }
        lines.join("\n")
    });
    Ok(())
}
