//! What the arithmetic of a draw takes where three nodes share a machine: no network on it can draw faster.

use std::{
    collections::BTreeMap,
    sync::{Barrier, mpsc},
    time::Instant,
};

use anyhow::{Context as _, Result, anyhow};
use quorate_threshold::{Params, PartyIndex, Random, RootShare, value::Partial};

use crate::{protocol, table::percentile};

const ROUNDS: u64 = 200;

type Sent = (PartyIndex, u64, [u8; 96]);

/// One node: what it receives, and where it sends.
struct Node<'a> {
    share: &'a RootShare<Random>,
    inbox: mpsc::Receiver<Sent>,
    others: Vec<mpsc::Sender<Sent>>,
}

/// Wall milliseconds (p50) until two of three nodes have the value: a thread each, which all begin at once. Each makes its
/// partial, reads the first one of another node, combines the two and checks the sum.
pub(crate) fn floor_ms() -> Result<f64> {
    let shares = protocol::dkg::<Random>(Params::new(2, 3)?)?;
    let (senders, inboxes): (Vec<_>, Vec<_>) = shares.iter().map(|_| mpsc::channel()).unzip();
    let begin = Barrier::new(shares.len());
    let begin = &begin;
    let mut rounds = vec![Vec::new(); usize::try_from(ROUNDS)?];
    std::thread::scope(|scope| {
        let threads: Vec<_> = shares
            .iter()
            .zip(inboxes)
            .enumerate()
            .map(|(place, (share, inbox))| {
                let others = senders.iter().enumerate().filter(|(other, _)| *other != place);
                let node = Node { share, inbox, others: others.map(|(_, to)| to.clone()).collect() };
                scope.spawn(move || node.draws(begin))
            })
            .collect();
        for thread in threads {
            let took = thread.join().map_err(|_| anyhow!("a node panicked"))??;
            rounds.iter_mut().zip(took).for_each(|(round, ms)| round.push(ms));
        }
        anyhow::Ok(())
    })?;
    let mut second: Vec<f64> = rounds
        .into_iter()
        .map(|mut round| {
            round.sort_by(f64::total_cmp);
            round[1]
        })
        .collect();
    Ok(percentile(&mut second, 0.5))
}

impl Node<'_> {
    fn draws(&self, begin: &Barrier) -> Result<Vec<f64>> {
        (0..ROUNDS)
            .map(|round| {
                begin.wait();
                let begun = Instant::now();
                self.draw(round)?;
                Ok(begun.elapsed().as_secs_f64() * 1e3)
            })
            .collect()
    }

    fn draw(&self, round: u64) -> Result<()> {
        let identity: [u8; 32] = std::array::from_fn(|at| round.to_le_bytes()[at % 8]);
        let (me, own) = (self.share.me(), self.share.partial(&identity)?);
        for other in &self.others {
            // Whoever has drawn in the last round has gone.
            let _ = other.send((me, round, own.to_bytes()));
        }
        // What is left of earlier rounds came too late there.
        let (from, bytes) = loop {
            let (from, of, bytes) = self.inbox.recv()?;
            if of == round {
                break (from, bytes);
            }
        };
        let partials = BTreeMap::from([(me, own), (from, Partial::from_bytes(&bytes)?)]);
        self.share.value(&identity, &partials)?.value.context("the value is wrong").map(|_| ())
    }
}
