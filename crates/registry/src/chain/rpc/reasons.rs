//! Why a call or a transaction failed, in the words by which wallets and libraries know it.

use alloy_primitives::hex;
use alloy_sol_types::{Panic, Revert, SolError as _};

use super::{RpcError, json};
use crate::chain::{
    evm::{CALL_GAS_MAX, Outcome},
    genesis::TX_GAS_LIMIT,
};

/// The error of a call that did not succeed: code 3 with the data of a revert, or why the machine stopped.
pub(super) fn of_outcome(outcome: &Outcome) -> RpcError {
    match &outcome.halt {
        Some(halt) => RpcError::server(of_halt(halt)),
        None => RpcError {
            code: 3,
            message: of_revert(&outcome.output),
            data: Some(json::bytes(&outcome.output)),
        },
    }
}

/// A revert's message: its text, its panic, or the selector of its custom error.
fn of_revert(output: &[u8]) -> String {
    let reverted = "execution reverted";
    if let Ok(revert) = Revert::abi_decode(output) {
        return format!("{reverted}: {}", revert.reason);
    }
    if let Ok(panic) = Panic::abi_decode(output) {
        return format!("{reverted}: {panic}");
    }
    match output.get(..4) {
        Some(selector) => format!("{reverted}: custom error {}", hex::encode_prefixed(selector)),
        None => reverted.to_owned(),
    }
}

/// The machine's own names of its ends, as go-ethereum calls them; one without another name keeps its own.
fn of_halt(halt: &str) -> String {
    let known = match halt {
        "InvalidFEOpcode" => "invalid opcode: INVALID",
        "OpcodeNotFound" | "NotActivated" => "invalid opcode",
        "InvalidJump" => "invalid jump destination",
        "StackUnderflow" => "stack underflow",
        "StackOverflow" => "stack limit reached",
        "CreateCollision" => "contract address collision",
        "CreateContractSizeLimit" => "max code size exceeded",
        "CreateInitCodeSizeLimit" => "max initcode size exceeded",
        "CreateContractStartingWithEF" => "invalid code: must not begin with 0xef",
        "OutOfFunds" => "insufficient balance for transfer",
        _ if halt.starts_with("OutOfGas") => "out of gas",
        other => other,
    };
    known.to_owned()
}

/// The error of an estimate: where no gas is enough, it says so with the most that there was.
pub(super) fn of_estimate(outcome: &Outcome, most: u64) -> RpcError {
    match &outcome.halt {
        Some(halt) if halt.starts_with("OutOfGas") => {
            let text = format!("out of gas: gas required exceeds allowance ({most})");
            // A transaction may have more than an estimate.
            let more = if most == CALL_GAS_MAX {
                format!(", the most of an estimate; a transaction may name up to {TX_GAS_LIMIT}")
            } else {
                String::new()
            };
            RpcError::server(text + &more)
        }
        _ => of_outcome(outcome),
    }
}

/// Why a transaction is not taken. Libraries recognise go-ethereum's texts, and some the EVM library's.
pub(super) fn of_refusal(reason: String) -> String {
    let lower = reason.to_lowercase();
    if lower.contains("lack of funds") {
        return format!("insufficient funds for gas * price + value: {reason}");
    }
    if lower.contains("gas cost") || lower.contains("gas floor") {
        return format!("intrinsic gas too low: {reason}");
    }
    if lower.contains("priority fee") {
        return "max priority fee per gas higher than max fee per gas".to_owned();
    }
    if lower.contains("gas limit too high") {
        return format!("intrinsic gas too high: {reason}");
    }
    if lower.contains("type not supported") {
        return format!("{reason} (transaction type not valid here)");
    }
    reason
}

#[cfg(test)]
mod tests {
    use alloy_primitives::U256;

    use super::*;

    #[test]
    fn a_revert_says_its_text_its_panic_or_its_selector() {
        let text = Revert::from("no".to_owned()).abi_encode();
        assert_eq!(of_revert(&text), "execution reverted: no");
        let panic = Panic { code: U256::from(0x12) }.abi_encode();
        assert_eq!(of_revert(&panic), "execution reverted: panic: division or modulo by zero (0x12)");
        assert_eq!(of_revert(&[1, 2, 3, 4, 5]), "execution reverted: custom error 0x01020304");
        // A text whose length is a lie is no text.
        assert_eq!(of_revert(&text[..40]), "execution reverted: custom error 0x08c379a0");
        for short in [&[][..], &[1, 2, 3]] {
            assert_eq!(of_revert(short), "execution reverted");
        }
    }

    #[test]
    fn ends_and_refusals_have_the_words_that_libraries_look_for() {
        assert_eq!(of_halt("OutOfGas(Basic)"), "out of gas");
        assert_eq!(of_halt("SomethingNew"), "SomethingNew");
        for (reason, words) in [
            ("lack of funds (1) for max fee (2)", "insufficient funds for gas * price + value"),
            ("call gas cost (21000) exceeds the gas limit (1)", "intrinsic gas too low"),
            ("transaction gas limit too high (cap: 1, tx: 2)", "intrinsic gas too high"),
            ("transaction type not supported: 3", "transaction type not valid"),
            ("nonce too low", "nonce too low"),
        ] {
            assert!(of_refusal(reason.to_owned()).contains(words), "{reason}");
        }
    }
}
