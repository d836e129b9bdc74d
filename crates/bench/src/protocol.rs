//! The bare protocols: all parties in one thread, CPU time for each party.

use std::collections::{BTreeMap, VecDeque};

use anyhow::{Result, anyhow};
use blst::min_pk;
use k256::ecdsa::{SigningKey, signature::hazmat::PrehashVerifier as _};
use quorate_threshold::{
    Dkg, DkgInput, Driver, EcdsaSign, Outcome, Outgoing, PairInput, PairSetup, PairState, Params, PartyIndex,
    Protocol, Random, RootSet, RootShare, SignEd25519, SignP256, SignSecp256k1, SigningInput, SixRoots,
    derive, value,
};

use crate::{cpu, table::Table};

const BLST_SIGN: &str = "blst sign";
const BLST_VERIFY: &str = "blst verify";
/// As long as the identity of a random value.
const MESSAGE: &[u8] = &[9; 32];

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
    let (sign, verify) = plain_bls();
    table.add(BLST_SIGN, sign, "us", None);
    table.add(BLST_VERIFY, verify, "us", Some(sign));
}

/// Plain signing and verifying on BLS12-381, with keys in G1.
pub(crate) fn plain_bls() -> (f64, f64) {
    let key = min_pk::SecretKey::key_gen(&[7; 32], &[]).expect("enough key material");
    let sign = cpu::median_us(100, || {
        let _ = std::hint::black_box(key.sign(MESSAGE, value::DST, &[]));
    });
    let (signature, public) = (key.sign(MESSAGE, value::DST, &[]), key.sk_to_pk());
    let verify = cpu::median_us(100, || {
        let _ = std::hint::black_box(signature.verify(false, MESSAGE, value::DST, &[], &public, false));
    });
    (sign, verify)
}

/// Key generation of every group, and threshold values.
pub(crate) fn more(table: &mut Table) -> Result<()> {
    for (threshold, share_count) in [(2, 3), (3, 5), (4, 7), (6, 10)] {
        key_generation(table, Params::new(threshold, share_count)?)?;
    }
    values(table, Params::new(2, 3)?)?;
    values(table, Params::new(7, 10)?)
}

/// Key generation of each group and of all roots at once, for one committee.
fn key_generation(table: &mut Table, params: Params) -> Result<()> {
    if params.share_count() > 5 {
        // The smaller ones are measured with signing.
        dkg_of::<SignSecp256k1>(table, params, "secp256k1")?;
    }
    dkg_of::<SignP256>(table, params, "P-256")?;
    dkg_of::<SignEd25519>(table, params, "Ed25519")?;
    dkg_of::<Random>(table, params, "BLS12-381")?;
    dkg_of::<SixRoots>(table, params, "all six")?;
    Ok(())
}

fn dkg_of<K: RootSet>(table: &mut Table, params: Params, group: &str) -> Result<Vec<K::Output>> {
    let mut made = Ok(Vec::new());
    let us = cpu::median_us(7, || made = dkg::<K>(params));
    let made = made?;
    let (threshold, share_count) = (params.threshold(), params.share_count());
    let name = format!("DKG {threshold} of {share_count}, {group}, per party");
    table.add(&name, us / f64::from(share_count), "us", table.value("k256 sign"));
    Ok(made)
}

/// Threshold values of one committee: parts, their combination, its check.
fn values(table: &mut Table, params: Params) -> Result<()> {
    let threshold = params.threshold();
    let shares = dkg::<Random>(params)?;
    let label = format!("{threshold} of {}", params.share_count());
    // Once more, as near to the figures beside them as can be.
    let (sign, verify) = plain_bls();
    table.add(&format!("{BLST_SIGN}, beside {label}"), sign, "us", None);
    table.add(&format!("{BLST_VERIFY}, beside {label}"), verify, "us", None);
    let (sign, verify) = (Some(sign), Some(verify));
    let share = shares.first().ok_or_else(|| anyhow!("no share"))?;
    let partial = cpu::median_us(50, || {
        let _ = std::hint::black_box(share.partial(MESSAGE));
    });
    table.add(&format!("partial {label}"), partial, "us", sign);
    let bytes = share.partial(MESSAGE)?.to_bytes();
    let read = cpu::median_us(50, || {
        let _ = std::hint::black_box(value::Partial::from_bytes(&bytes));
    });
    table.add(&format!("reading a partial {label}"), read, "us", sign);
    // The first and the last members: their weights are fractions.
    let some: BTreeMap<_, _> = shares
        .iter()
        .take(1)
        .chain(shares.iter().rev().take(usize::from(threshold) - 1))
        .map(|share| Ok((share.me(), share.partial(MESSAGE)?)))
        .collect::<Result<_>>()?;
    let combine = cpu::median_us(50, || {
        let _ = std::hint::black_box(value::combine(params, &some));
    });
    table.add(&format!("combining {label}"), combine, "us", sign);
    let (key, value) = (share.value_key(), value::combine(params, &some)?);
    anyhow::ensure!(key.verify(MESSAGE, &value), "the value is wrong");
    let check = cpu::median_us(100, || {
        let _ = std::hint::black_box(key.verify(MESSAGE, &value));
    });
    table.add(&format!("checking a value {label}"), check, "us", verify);
    let whole = cpu::median_us(50, || {
        let _ = std::hint::black_box(share.value(MESSAGE, &some));
    });
    table.add(&format!("combining and checking {label}"), whole, "us", verify);
    Ok(())
}

/// DKG, pairwise set-up and signing for one committee; returns the CPU of one signature per signer.
pub(crate) fn committee(table: &mut Table, threshold: u8, share_count: u8) -> Result<f64> {
    let params = Params::new(threshold, share_count)?;
    let plain = table.value("k256 sign");
    let label = format!("{threshold} of {share_count}");
    let n = f64::from(share_count);

    let shares = dkg_of::<SignSecp256k1>(table, params, "secp256k1")?;

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

pub(crate) fn dkg<K: RootSet>(params: Params) -> Result<Vec<K::Output>> {
    let session = fresh()?;
    let mut rng = rand_core::UnwrapErr(getrandom::SysRng);
    let started: Result<Vec<_>, _> =
        params.parties().map(|me| Dkg::<K>::start(DkgInput { params, me, session }, &mut rng)).collect();
    drive(started?)
}

fn sign(
    shares: &[RootShare<SignSecp256k1>],
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
