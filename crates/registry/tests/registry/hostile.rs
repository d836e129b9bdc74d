//! Many hostile transactions of mixed kinds, and code for them.

use std::time::Instant;

use quorate_registry::alloy_primitives::{Address, Bytes, hex};

use crate::{
    network::founded,
    process::{Account, Process, SENDERS, head, sender_name},
};

/// Memory that a chain may take, in MiB…
pub(crate) const CHAIN_MIB_MAX: u64 = 256;
/// …and a follower with its state.
const FOLLOWER_MIB_MAX: u64 = 150;

/// Code that writes empty logs until its gas is nearly used up: 19 bytes.
pub(crate) const LOGS: [u8; 19] = hex!("5b610000610000a06110005a11610000570000");
/// Code that writes a slot of its own, until its gas is nearly used up.
const WRITES: [u8; 12] = hex!("5b5a5a556175305a11600057");
/// Code that does nothing until its gas is nearly used up.
pub(crate) const TURNS: [u8; 9] = hex!("5b6127105a11600057");

/// Code that has powers computed until its gas is nearly used up: of so many bytes, with an exponent of so many.
pub(crate) fn powers(base: u16, exponent: u16) -> Bytes {
    let word = u16::to_be_bytes;
    let payload = 2 * base + exponent;
    let mut code = Vec::new();
    for (value, place) in [(base, 0), (exponent, 0x20), (base, 0x40)] {
        code.push(0x61);
        code.extend(word(value));
        code.extend([0x60, place, 0x52]);
    }
    // What follows the code is copied behind the lengths.
    let begin = code.len() + 9;
    let turn =
        [&[0x5b, 0x61][..], &word(base), &[0x61], &word(0x1000), &[0x61], &word(0x60 + payload)].concat();
    let call = [0x60, 0, 0x60, 5, 0x5a, 0xfa, 0x50];
    // As long as there is gas for another one.
    let again = [
        &[0x62, 0x0f, 0x42, 0x40, 0x5a, 0x11, 0x61][..],
        &word(u16::try_from(begin).unwrap()),
        &[0x57, 0x00],
    ];
    let again = again.concat();
    let end = u16::try_from(begin + turn.len() + call.len() + again.len()).unwrap();
    code.push(0x61);
    code.extend(word(payload));
    code.push(0x61);
    code.extend(word(end));
    code.extend([0x60, 0x60, 0x39]);
    assert_eq!(code.len(), begin);
    code.extend([&turn[..], &call, &again].concat());
    code.extend(vec![0xee; usize::from(base)]);
    code.extend(vec![0xff; usize::from(exponent) + usize::from(base)]);
    code.into()
}

/// Hostile transaction number `number`: whom it calls, its gas, and its data.
fn hostile(number: usize) -> (Option<Address>, u64, Bytes) {
    match number % 4 {
        0 => (None, 600_000, Bytes::from_static(&WRITES)),
        1 => (None, 200_000, Bytes::from_static(&LOGS)),
        // Not an instruction: all its gas is gone.
        2 => (None, 100_000, Bytes::from_static(&[0xfe])),
        _ => (Some(Address::repeat_byte(9)), 700_000, vec![0xa5; 16_000].into()),
    }
}

/// Sends so many, from many accounts at once.
async fn send_all(url: &str, count: usize) {
    let sending: Vec<_> = (0..SENDERS)
        .map(|place| {
            let url = url.to_owned();
            tokio::spawn(async move {
                let mut account = Account::of(&sender_name(place), &url).await.unwrap();
                for number in (place..count).step_by(SENDERS) {
                    let (to, gas, data) = hostile(number / SENDERS + place);
                    account.send(to, gas, data).await.unwrap();
                }
            })
        })
        .collect();
    for task in sending {
        task.await.unwrap();
    }
}

async fn mixed(count: usize) {
    let (folder, of_follower) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let chain = Process::chain(folder.path()).unwrap();
    founded(&chain.url()).await;
    let mut follower = Process::follower(of_follower.path(), &chain.url());
    let begun = Instant::now();
    send_all(&chain.url(), count).await;
    let took = begun.elapsed();
    let at = head(&chain.url()).await.unwrap().0;
    follower.until_followed(at);
    let (chain_mib, follower_mib) = (chain.peak_mib(), follower.peak_mib());
    let bytes = |folder: &std::path::Path, file| std::fs::metadata(folder.join(file)).unwrap().len() >> 20;
    println!(
        "{count} hostile transactions in {took:.1?} and {at} blocks; at most {chain_mib} MiB in the chain (goal < {CHAIN_MIB_MAX}) \
         and {follower_mib} MiB in a follower (goal < {FOLLOWER_MIB_MAX}); on disk {} MiB of log, {} MiB of state, {} MiB of a follower's",
        bytes(folder.path(), "blocks.log"),
        bytes(folder.path(), "state.redb"),
        bytes(of_follower.path(), "registry.redb"),
    );
    let begun = Instant::now();
    chain.stop().unwrap();
    let chain = Process::chain(folder.path()).unwrap();
    println!("a start after them took {:.1?}, and {} MiB", begun.elapsed(), chain.memory_mib());
    assert!(chain_mib < CHAIN_MIB_MAX, "the chain took {chain_mib} MiB");
    assert!(follower_mib < FOLLOWER_MIB_MAX, "the follower took {follower_mib} MiB");
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_transactions_take_bounded_memory() {
    mixed(1_000).await;
}

/// `HOSTILE_TXS=1000000` is the long form.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: cargo xtask ci --full"]
async fn ten_thousand_hostile_transactions_take_bounded_memory() {
    let count = std::env::var("HOSTILE_TXS").ok().and_then(|count| count.parse().ok());
    mixed(count.unwrap_or(10_000)).await;
}
