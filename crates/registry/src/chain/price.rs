//! What gas costs: a floor while the chain has time, and more with what is asked of it beyond that.
//!
//! Blocks come as fast as transactions do, so what is aimed at is gas for a second and not for a block. What was used
//! above the aim is the **excess**; it shrinks with time, and the price of a gas grows with its exponential, as that of
//! blobs does (EIP-4844). The price has a most: whoever takes a right away can always pay it.

use super::{
    genesis::{BASE_FEE_MIN, BLOCK_GAS_LIMIT},
    store::BlockMeta,
};

/// Gas of all blocks of a second that the writer makes: so much a node can replay beside its own work.
pub(crate) const GAS_PER_SECOND: u64 = 5 * BLOCK_GAS_LIMIT;
/// Gas of a second that leaves the price as it is.
const TARGET_PER_SECOND: u64 = GAS_PER_SECOND / 2;
/// Excess that costs nothing yet: ten seconds of it.
const EXCESS_FREE: u64 = 10 * TARGET_PER_SECOND;
/// Excess with which the price becomes e times what it was.
const EXCESS_SCALE: u64 = 4 * TARGET_PER_SECOND;
/// The price is at most so many times the floor.
const BASE_FEE_TIMES_MAX: u64 = 100;

/// The most that a gas can cost before tips.
pub(crate) const BASE_FEE_MAX: u64 = BASE_FEE_MIN * BASE_FEE_TIMES_MAX;

/// What a block begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Price {
    /// Wei of a gas.
    pub(crate) base_fee: u64,
    /// Gas above the aim, before this block's own.
    pub(crate) excess_gas: u64,
}

/// What gas costs in a block with this time.
pub(crate) fn after(parent: &BlockMeta, timestamp: u64) -> Price {
    let passed = timestamp.saturating_sub(parent.timestamp);
    let excess_gas = parent.excess_gas.saturating_sub(TARGET_PER_SECOND.saturating_mul(passed));
    let above = excess_gas.saturating_sub(EXCESS_FREE);
    let base_fee = exponential(BASE_FEE_MIN, above, EXCESS_SCALE).min(BASE_FEE_MAX);
    Price { base_fee, excess_gas }
}

/// `factor · e^(numerator / denominator)`, by its series in whole numbers: the `fake_exponential` of EIP-4844. It ends where
/// the result is above the most that a price can be.
fn exponential(factor: u64, numerator: u64, denominator: u64) -> u64 {
    let most = u128::from(BASE_FEE_MAX) * u128::from(denominator);
    let (mut sum, mut term) = (0_u128, u128::from(factor) * u128::from(denominator));
    let mut number = 1;
    while term > 0 && sum <= most {
        sum += term;
        term = term.saturating_mul(u128::from(numerator)) / (u128::from(denominator) * number);
        number += 1;
    }
    u64::try_from(sum / u128::from(denominator)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use alloy_primitives::B256;

    use super::*;

    fn meta(excess_gas: u64) -> BlockMeta {
        BlockMeta {
            hash: B256::ZERO,
            timestamp: 1_000,
            state_root: B256::ZERO,
            base_fee: BASE_FEE_MIN,
            excess_gas,
        }
    }

    #[test]
    fn the_price_is_the_floor_until_ten_seconds_are_behind_and_has_a_most() {
        let base_fee = |excess| after(&meta(excess), 1_000).base_fee;
        assert_eq!(base_fee(0), BASE_FEE_MIN);
        assert_eq!(base_fee(EXCESS_FREE), BASE_FEE_MIN);
        let e = base_fee(EXCESS_FREE + EXCESS_SCALE);
        assert!((2_718_281_000..=2_718_282_000).contains(&e), "{e}");
        for excess in [EXCESS_FREE + 5 * EXCESS_SCALE, u64::MAX / 2, u64::MAX] {
            assert_eq!(base_fee(excess), BASE_FEE_MAX);
        }
        let prices: Vec<u64> = (0..100).map(|step| base_fee(step * TARGET_PER_SECOND)).collect();
        assert!(prices.is_sorted());
    }

    #[test]
    fn time_without_transactions_brings_the_price_back() {
        let busy = meta(EXCESS_FREE + 4 * EXCESS_SCALE);
        assert!(after(&busy, 1_000).base_fee > 50 * BASE_FEE_MIN);
        assert_eq!(after(&busy, 1_026), Price { base_fee: BASE_FEE_MIN, excess_gas: 0 });
        assert_eq!(after(&busy, 0).excess_gas, busy.excess_gas, "a clock that went back changes nothing");
    }
}
