//! Money for whoever asks, on a network for development: a bounded sum an address and hour.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use alloy_primitives::{Address, B256, Bytes, U256};
use k256::ecdsa::SigningKey;
use quorate_wire::Payer;

use super::{
    price::BASE_FEE_MAX,
    sequencer::Sequencer,
    tx::{DecodedTx, TxRequest, address_of, sign_1559},
};

/// What an address gets in an hour: ten ether, enough for some hundred mints at the dearest.
const WEI: u128 = 10_000_000_000_000_000_000;
const HOUR: Duration = Duration::from_secs(3_600);
/// Addresses that get some in an hour, and those that one source asks for.
const ADDRESSES_MAX: usize = 10_000;
const OF_SOURCE_MAX: usize = 1_000;
/// Gas of a transfer to an account that has code, and some.
const GAS: u64 = 60_000;

/// The account that gives, and whom it gave.
pub(crate) struct Faucet {
    key: SigningKey,
    given: Mutex<BTreeMap<Address, (Instant, Payer)>>,
    /// One transaction after the other: each has the next nonce.
    sending: tokio::sync::Mutex<()>,
}

impl Faucet {
    pub(crate) fn new(key: SigningKey) -> Self {
        Self { key, given: Mutex::default(), sending: tokio::sync::Mutex::default() }
    }

    /// Gives an address its sum, and waits until the transaction is in a block.
    pub(crate) async fn give(
        &self,
        sequencer: &Sequencer,
        to: Address,
        source: IpAddr,
    ) -> Result<B256, String> {
        self.admit(to, source, Instant::now())?;
        // Whoever hangs up before the money is sent has not had it.
        let mut admitted = Admitted { faucet: self, to, sent: false };
        let given = self.send(sequencer, &mut admitted).await;
        admitted.sent = given.is_ok();
        given
    }

    async fn send(&self, sequencer: &Sequencer, admitted: &mut Admitted<'_>) -> Result<B256, String> {
        let _sending = self.sending.lock().await;
        let from = address_of(self.key.verifying_key());
        let (ledger, nonce) = {
            let pool = sequencer.pool();
            let ledger = sequencer.tip.get();
            let account = ledger.account(from, ledger.head()).map_err(|error| error.to_string())?;
            (ledger, pool.next_nonce(from, account.1))
        };
        let request = TxRequest {
            chain_id: ledger.genesis().chain_id,
            nonce,
            gas_limit: GAS,
            max_fee_per_gas: u128::from(BASE_FEE_MAX),
            max_priority_fee_per_gas: 0,
            to: Some(admitted.to),
            value: U256::from(WEI),
            data: Bytes::new(),
        };
        let (_, raw) = sign_1559(&self.key, request);
        let tx = DecodedTx::decode(&raw, ledger.genesis().chain_id).map_err(|error| error.to_string())?;
        // From here on it may be in a block, whoever waits for it.
        admitted.sent = true;
        sequencer.submit(tx, None).await
    }

    fn admit(&self, to: Address, source: IpAddr, now: Instant) -> Result<(), String> {
        let source = Payer::of_source(source)[0];
        let mut given = self.given();
        given.retain(|_, (when, _)| now.saturating_duration_since(*when) < HOUR);
        if let Some((when, _)) = given.get(&to) {
            let wait = HOUR.saturating_sub(now.saturating_duration_since(*when)).as_secs() / 60 + 1;
            return Err(format!("this address has had its sum of this hour: ask again in {wait} minutes"));
        }
        if given.values().filter(|(_, of)| *of == source).count() >= OF_SOURCE_MAX {
            return Err(format!("{OF_SOURCE_MAX} addresses an hour were asked for from here"));
        }
        if given.len() >= ADDRESSES_MAX {
            return Err("the sum of this hour has been given away".to_owned());
        }
        given.insert(to, (now, source));
        Ok(())
    }

    fn given(&self) -> std::sync::MutexGuard<'_, BTreeMap<Address, (Instant, Payer)>> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An address whose sum is on its way; taken back where it is not sent.
struct Admitted<'a> {
    faucet: &'a Faucet,
    to: Address,
    sent: bool,
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        if !self.sent {
            self.faucet.given().remove(&self.to);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_gets_one_sum_an_hour_and_a_source_asks_for_so_many() {
        let faucet = Faucet::new(SigningKey::from_slice(&[1; 32]).unwrap());
        let (now, here) = (Instant::now(), IpAddr::from([127, 0, 0, 1]));
        let address = |number: usize| Address::left_padding_from(&number.to_be_bytes());
        faucet.admit(address(0), here, now).unwrap();
        let again = faucet.admit(address(0), here, now + HOUR / 2).unwrap_err();
        assert!(again.ends_with("ask again in 31 minutes"), "{again}");
        for number in 1..OF_SOURCE_MAX {
            faucet.admit(address(number), here, now).unwrap();
        }
        assert!(faucet.admit(address(OF_SOURCE_MAX), here, now).is_err());
        for number in OF_SOURCE_MAX..ADDRESSES_MAX {
            let source = IpAddr::from(u32::try_from(number / OF_SOURCE_MAX).unwrap().to_be_bytes());
            faucet.admit(address(number), source, now).unwrap();
        }
        assert!(faucet.admit(address(ADDRESSES_MAX), IpAddr::from([9, 9, 9, 9]), now).is_err());
        faucet.admit(address(0), here, now + HOUR).unwrap();
        assert_eq!(faucet.given().len(), 1, "and what is an hour ago is forgotten");
    }
}
