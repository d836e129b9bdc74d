//! The bare protocols: all parties in one thread, CPU time for each party.

use std::collections::{BTreeMap, VecDeque};

use anyhow::{Result, anyhow};
use k256::ecdsa::{SigningKey, signature::hazmat::PrehashVerifier as _};
use quorate_threshold::{
    Dkg, DkgInput, Driver, EcdsaSign, Outcome, Outgoing, PairInput, PairSetup, PairState, Params, PartyIndex,
    Protocol, RootShare, SigningInput, derive,
};

use crate::{cpu, table::Table};

type Driven<P> = (Driver<P>, Vec<Outgoing>);

/// Runs a ceremony of several parties to its end.
fn drive<P: Protocol>(parties: Vec<Driven<P>>) -> Result<Vec<P::Output>> {
    let mut drivers = BTreeMap::new();
    let mut queue = VecDeque::new();
    let mut done = BTreeMap::new();
    for (driver, messages) in parties {
        let me = driver.me();
        queue.extend(messages.into_iter().map(|message| (me, message)));
        drivers.insert(me, driver);
    }
    while let Some((from, message)) = queue.pop_front() {
        let driver = drivers.get_mut(&message.to).ok_or_else(|| anyhow!("no such party"))?;
        let step = driver.receive(from, &message.payload)?;
        let me = message.to;
        queue.extend(step.messages.into_iter().map(|message| (me, message)));
        match step.outcome {
            None => {}
            Some(Outcome::Done(output)) => {
                done.insert(me, output);
            }
            Some(Outcome::Failed(failure)) => return Err(failure.into()),
        }
    }
    Ok(done.into_values().collect())
}

/// Plain signing and verifying: what every ratio of this run is to.
pub(crate) fn calibrate(table: &mut Table) {
    let key = SigningKey::from_slice(&[7; 32]).expect("a valid scalar");
    let sign = cpu::median_us(200, || {
        let _ = std::hint::black_box(key.sign_prehash_recoverable(&[9; 32]));
    });
    let (signature, _) = key.sign_prehash_recoverable(&[9; 32]);
    let verify = cpu::median_us(200, || {
        let _ = std::hint::black_box(key.verifying_key().verify_prehash(&[9; 32], &signature));
    });
    table.add("k256 sign", sign, "us", None);
    table.add("k256 verify", verify, "us", Some(sign));
}

/// DKG, pairwise set-up and signing for one committee; returns the CPU of one signature per signer.
pub(crate) fn committee(table: &mut Table, threshold: u8, share_count: u8) -> Result<f64> {
    let params = Params::new(threshold, share_count)?;
    let plain = table.value("k256 sign");
    let label = format!("{threshold} of {share_count}");
    let n = f64::from(share_count);

    let mut shares: Vec<RootShare> = Vec::new();
    let mut failed = None;
    let dkg_us = cpu::median_us(5, || match dkg(params) {
        Ok(made) => shares = made,
        Err(error) => failed = Some(error),
    });
    if let Some(error) = failed {
        return Err(error);
    }
    table.add(&format!("DKG {label}, per party"), dkg_us / n, "us", plain);

    let mut pairs: BTreeMap<PartyIndex, BTreeMap<PartyIndex, PairState>> = BTreeMap::new();
    let before = cpu::thread_us();
    let mut count = 0.0;
    for a in params.parties() {
        for b in params.parties().filter(|b| a < *b) {
            let session = fresh()?;
            let inputs = [PairInput { me: a, peer: b, session }, PairInput { me: b, peer: a, session }];
            let started = inputs.into_iter().map(PairSetup::start).collect::<Result<Vec<_>, _>>()?;
            for state in drive(started)? {
                pairs.entry(state.me()).or_default().insert(state.peer(), state);
            }
            count += 1.0;
        }
    }
    let set_up_us = cpu::thread_us() - before;
    table.add(
        &format!("pairwise set-up {label}, per party"),
        set_up_us / n / 1e3,
        "ms",
        plain.map(|us| us / 1e3),
    );
    table.add(&format!("pairwise set-up {label}, one pair, per side"), set_up_us / count / 2e3, "ms", None);

    let tweak = derive::tweak(&[5; 32])?;
    let signers: Vec<PartyIndex> = params.parties().take(usize::from(threshold)).collect();
    let mut failed = None;
    let sign_us = cpu::median_us(15, || {
        if let Err(error) = sign(&shares, &pairs, &signers, tweak) {
            failed = Some(error);
        }
    });
    if let Some(error) = failed {
        return Err(error);
    }
    let per_signer = sign_us / f64::from(threshold);
    table.add(&format!("sign {label}, all rounds, per signer"), per_signer, "us", plain);
    Ok(per_signer)
}

fn dkg(params: Params) -> Result<Vec<RootShare>> {
    let session = fresh()?;
    let mut rng = rand_core::UnwrapErr(getrandom::SysRng);
    let started: Result<Vec<_>, _> =
        params.parties().map(|me| Dkg::start(DkgInput { params, me, session }, &mut rng)).collect();
    drive(started?)
}

fn sign(
    shares: &[RootShare],
    pairs: &BTreeMap<PartyIndex, BTreeMap<PartyIndex, PairState>>,
    signers: &[PartyIndex],
    tweak: [u8; 32],
) -> Result<()> {
    let (session, digest) = (fresh()?, fresh()?);
    let started: Result<Vec<_>, _> = shares
        .iter()
        .filter(|share| signers.contains(&share.me()))
        .map(|share| {
            EcdsaSign::start(SigningInput {
                share,
                pairs: &pairs[&share.me()],
                tweak,
                digest,
                signers,
                session,
            })
        })
        .collect();
    drive(started?).map(|_| ())
}

fn fresh() -> Result<[u8; 32]> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| anyhow!("no randomness: {error}"))?;
    Ok(bytes)
}
