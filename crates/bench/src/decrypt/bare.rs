//! One share and one message, in one thread: CPU time.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use quorate_encryption::{
    Ciphertext, Header, Recipient, RootKey, encrypt, open_bytes, seal_bytes,
    sealed::{self, Reader},
};
use quorate_threshold::{Decrypt, Params, PartyIndex, RootShare, value};
use quorate_wire::{Digest, Identity, NetworkId, NodeIndex, RequestId};
use sha2::{Digest as _, Sha256};

use crate::{cpu, protocol, table::Table};

const CALLS: usize = 200;
const MESSAGE: [u8; 1024] = [7; 1024];
const NETWORK: NetworkId = NetworkId([1; 32]);
const POLICY: Digest = Digest([2; 32]);

/// Returns the CPU microseconds of one plain signature.
pub(crate) fn run(table: &mut Table) -> Result<f64> {
    let shares = protocol::dkg::<Decrypt>(Params::new(2, 3)?)?;
    let sign_us = share(table, shares.first().context("no share")?)?;
    messages(table, &shares)?;
    Ok(sign_us)
}

/// What a node computes for a caller once the policy has said yes.
fn share(table: &mut Table, share: &RootShare<Decrypt>) -> Result<f64> {
    let mut rng = rand_core::UnwrapErr(getrandom::SysRng);
    let reader = Reader::new(&mut rng);
    let identity = Identity::Container { network: NETWORK, policy: POLICY, salt: [3; 32] };
    let (request, node) = (RequestId([4; 32]), NodeIndex::new(1).context("an index")?);
    let (before, _) = protocol::plain_bls();
    let sealed = cpu::median_us(CALLS, || {
        let sealed = share.partial(&identity.bytes()).ok().and_then(|partial| {
            let context = sealed::context(&request, node);
            sealed::seal(reader.public(), &context, &partial.to_bytes(), &mut rng)
        });
        std::hint::black_box(sealed);
    });
    let partial = cpu::median_us(CALLS, || {
        let _ = std::hint::black_box(share.partial(&identity.bytes()));
    });
    let (after, _) = protocol::plain_bls();
    let sign = f64::midpoint(before, after);
    table.add("a share", partial, "us", Some(sign));
    table.add("a share, sealed", sealed, "us", Some(sign));
    Ok(sign)
}

/// What a client computes: 1 KB in both forms, encrypted, and opened with two shares.
fn messages(table: &mut Table, shares: &[RootShare<Decrypt>]) -> Result<()> {
    let mut rng = rand_core::UnwrapErr(getrandom::SysRng);
    let first = shares.first().context("no share")?;
    let root = first.root_public_key();
    let recipient =
        Recipient { network: NETWORK, root: RootKey::from_bytes(&root)?, policy: "[]", policy_hash: POLICY };
    let data = Digest(Sha256::digest(MESSAGE).into());
    let lit = Identity::Lit { policy: POLICY, data };
    let verify_ms = protocol::plain_bls().1 / 1e3;

    let made = cpu::median_us(CALLS, || {
        let _ = std::hint::black_box(encrypt(&recipient.root, &lit.bytes(), &MESSAGE, &mut rng));
    });
    table.add("1 KB encrypted, Lit's form", made / 1e3, "ms", Some(verify_ms));
    let made = cpu::median_us(CALLS, || {
        let _ = std::hint::black_box(seal_bytes(&recipient, &mut rng, &MESSAGE));
    });
    table.add("1 KB encrypted, container", made / 1e3, "ms", Some(verify_ms));

    let ciphertext = encrypt(&recipient.root, &lit.bytes(), &MESSAGE, &mut rng)?.to_bytes();
    let opener = Opener::new(shares, lit.bytes())?;
    let opened = || {
        let value = opener.value()?;
        let plain = Ciphertext::parse(&ciphertext)?.open(&value)?;
        ensure!(Sha256::digest(&*plain).as_slice() == data.0, "another message");
        Ok(())
    };
    let us = timed(opened)?;
    table.add("1 KB opened from two shares, Lit's form", us / 1e3, "ms", Some(verify_ms));

    let container = seal_bytes(&recipient, &mut rng, &MESSAGE)?;
    let identity = Header::read(&mut container.as_slice())?.identity(POLICY);
    let opener = Opener::new(shares, identity.bytes())?;
    let opened = || {
        ensure!(open_bytes(&container, &opener.value()?)?.as_slice() == MESSAGE, "another message");
        Ok(())
    };
    let us = timed(opened)?;
    table.add("1 KB opened from two shares, container", us / 1e3, "ms", Some(verify_ms));
    Ok(())
}

/// Median CPU microseconds of something that must succeed.
fn timed(call: impl Fn() -> Result<()>) -> Result<f64> {
    call()?;
    Ok(cpu::median_us(CALLS, || {
        let _ = std::hint::black_box(call());
    }))
}

/// What came of two members, and what it is checked with.
struct Opener {
    params: Params,
    key: value::ValueKey,
    identity: Vec<u8>,
    partials: Vec<(PartyIndex, [u8; 96])>,
}

impl Opener {
    fn new(shares: &[RootShare<Decrypt>], identity: Vec<u8>) -> Result<Self> {
        let first = shares.first().context("no share")?;
        let partial = |share: &RootShare<Decrypt>| Ok((share.me(), share.partial(&identity)?.to_bytes()));
        // The first and the last: their weights are fractions.
        let partials = [first, shares.last().context("no share")?].into_iter().map(partial);
        let partials = partials.collect::<Result<_>>()?;
        Ok(Opener { params: first.params(), key: first.value_key(), identity, partials })
    }

    /// The value of two shares as they come, checked under the root's key.
    fn value(&self) -> Result<[u8; 96]> {
        let partials =
            self.partials.iter().map(|(from, bytes)| Ok((*from, value::Partial::from_bytes(bytes)?)));
        let partials = partials.collect::<Result<BTreeMap<_, _>>>()?;
        let value = value::combine(self.params, &partials)?;
        ensure!(self.key.verify(&self.identity, &value), "the value is wrong");
        Ok(value.to_bytes())
    }
}
