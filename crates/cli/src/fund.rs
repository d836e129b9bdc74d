//! Money on the embedded chain: `quorate fund`, and `quorate dev faucet`.

use anyhow::{Context as _, Result, anyhow};
use quorate_registry::alloy_primitives::U256;
use quorate_wire::Address;
use serde_json::json;

use crate::{
    args::{FundArgs, RegistryAccess},
    output::Output,
};

/// Digits behind the point of an ether.
const DECIMALS: usize = 18;

/// Sends money from the wallet's account.
pub(crate) async fn run(args: &FundArgs, output: Output) -> Result<()> {
    let wei = wei(&args.ether).ok_or_else(|| anyhow!("{} is no amount of ether", args.ether))?;
    let chain = args.access.chain(&args.wallet)?;
    args.access.must_be_its_chain(chain.reader()).await?;
    let receipt = chain.pay(args.address.0.into(), wei).await?;
    let value = json!({ "transaction": receipt.hash, "block": receipt.block_number });
    output.result(&value, || format!("{} has {} ether more", args.address, args.ether));
    Ok(())
}

/// Asks the faucet of a network for development.
pub(crate) async fn faucet(address: Address, access: &RegistryAccess, output: Output) -> Result<()> {
    let transaction = access.reader()?.faucet(address.0.into()).await.context("the faucet gave nothing")?;
    output.result(&json!({ "transaction": transaction }), || format!("{address} has ten ether more"));
    Ok(())
}

/// An amount of ether in wei; none if it is no decimal number, or has more than eighteen digits behind the point.
fn wei(ether: &str) -> Option<U256> {
    let (whole, rest) = ether.split_once('.').unwrap_or((ether, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 30 || rest.len() > DECIMALS || !digits(whole) || !digits(rest) {
        return None;
    }
    U256::from_str_radix(&format!("{whole}{rest:0<DECIMALS$}"), 10).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact() {
        assert_eq!(wei("1"), Some(U256::from(10).pow(U256::from(18))));
        assert_eq!(wei("0.000000000000000001"), Some(U256::ONE));
        assert_eq!(wei("12.5"), Some(U256::from(125) * U256::from(10).pow(U256::from(17))));
        for wrong in ["", ".", ".5", "-1", "1e3", "0x1", "1.0000000000000000001", "1,5", "１"] {
            assert_eq!(wei(wrong), None, "{wrong}");
        }
    }
}
