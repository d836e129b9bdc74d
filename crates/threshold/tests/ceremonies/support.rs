//! A committee in one process: every message goes through here, in order, unless a test spoils it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::OnceLock;

use quorate_threshold::{
    Dkg, DkgInput, DkgRounds, Driver, EcdsaSign, EcdsaSignature, Failure, Outcome, Outgoing, PairInput,
    PairSetup, PairState, Params, PartyIndex, Protocol, RootSet, RootShare, SignSecp256k1, SigningInput,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

pub(crate) type Started<P> = (Driver<P>, Vec<Outgoing>);
/// What each party ended with; parties that still wait are missing.
pub(crate) type Ends<O> = BTreeMap<PartyIndex, Result<O, Failure>>;

pub(crate) fn party(index: u8) -> PartyIndex {
    PartyIndex::new(index).unwrap()
}

/// Runs a ceremony. `spoil` sees every message (sender, message) and gives what is delivered instead.
pub(crate) fn run<P: Protocol>(
    started: Vec<Started<P>>,
    mut spoil: impl FnMut(PartyIndex, Outgoing) -> Vec<Outgoing>,
) -> (BTreeMap<PartyIndex, Driver<P>>, Ends<P::Output>) {
    let mut drivers = BTreeMap::new();
    let mut queue = VecDeque::new();
    for (driver, messages) in started {
        queue.extend(messages.into_iter().map(|message| (driver.me(), message)));
        drivers.insert(driver.me(), driver);
    }
    let mut ends = BTreeMap::new();
    while let Some((from, message)) = queue.pop_front() {
        for delivered in spoil(from, message) {
            let Some(driver) = drivers.get_mut(&delivered.to) else { continue };
            let step = driver.receive(from, &delivered.payload).unwrap();
            queue.extend(step.messages.into_iter().map(|message| (delivered.to, message)));
            match step.outcome {
                Some(Outcome::Done(output)) => assert!(ends.insert(delivered.to, Ok(output)).is_none()),
                Some(Outcome::Failed(failure)) => {
                    assert!(ends.insert(delivered.to, Err(failure)).is_none());
                }
                None => {}
            }
        }
    }
    (drivers, ends)
}

pub(crate) fn honestly<P: Protocol>(started: Vec<Started<P>>) -> BTreeMap<PartyIndex, P::Output> {
    let (_, ends) = run(started, |_, message| vec![message]);
    ends.into_iter()
        .map(|(party, end)| (party, end.unwrap_or_else(|failure| panic!("{party}: {failure}"))))
        .collect()
}

pub(crate) fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub(crate) fn start_dkg<K: RootSet>(
    params: Params,
    session: [u8; 32],
    seed: u64,
) -> Vec<Started<DkgRounds<K>>> {
    let mut rng = rng(seed);
    params.parties().map(|me| Dkg::<K>::start(DkgInput { params, me, session }, &mut rng).unwrap()).collect()
}

pub(crate) type Pairs = BTreeMap<PartyIndex, PairState>;

/// One member: its share and its pairwise states.
pub(crate) struct Member {
    pub(crate) share: RootShare<SignSecp256k1>,
    pub(crate) pairs: Pairs,
}

/// A committee after key generation and every pairwise set-up.
pub(crate) struct Committee {
    pub(crate) params: Params,
    pub(crate) members: BTreeMap<PartyIndex, Member>,
}

pub(crate) fn set_up_pair(low: PartyIndex, high: PartyIndex, session: [u8; 32]) -> [PairState; 2] {
    let started = [(low, high), (high, low)]
        .into_iter()
        .map(|(me, peer)| PairSetup::start(PairInput { me, peer, session }).unwrap())
        .collect();
    let mut states = honestly(started);
    [states.remove(&low).unwrap(), states.remove(&high).unwrap()]
}

impl Committee {
    /// `sets` are the signer sets that will be used: only their pairs are set up.
    pub(crate) fn make(threshold: u8, share_count: u8, sets: &[&[u8]]) -> Self {
        let params = Params::new(threshold, share_count).unwrap();
        let mut members: BTreeMap<PartyIndex, Member> =
            honestly(start_dkg::<SignSecp256k1>(params, [threshold; 32], u64::from(share_count)))
                .into_iter()
                .map(|(party, share)| (party, Member { share, pairs: Pairs::new() }))
                .collect();
        for low in params.parties() {
            for high in params.parties().filter(|high| *high > low) {
                let together = |set: &&[u8]| set.contains(&low.get()) && set.contains(&high.get());
                if !sets.iter().any(together) {
                    continue;
                }
                let [of_low, of_high] = set_up_pair(low, high, [share_count; 32]);
                assert_eq!(of_low.set_up_id(), of_high.set_up_id());
                members.get_mut(&low).unwrap().pairs.insert(high, of_low);
                members.get_mut(&high).unwrap().pairs.insert(low, of_high);
            }
        }
        Self { params, members }
    }

    pub(crate) fn root(&self) -> [u8; 33] {
        self.members[&party(1)].share.root_public_key()
    }

    pub(crate) fn input<'a>(&'a self, me: PartyIndex, job: &Job<'a>) -> SigningInput<'a> {
        let member = &self.members[&me];
        SigningInput {
            share: &member.share,
            pairs: &member.pairs,
            tweak: job.tweak,
            digest: job.digest,
            signers: job.signers,
            session: job.session,
        }
    }

    pub(crate) fn start(&self, job: &Job<'_>) -> Vec<(EcdsaSign, Vec<Outgoing>)> {
        job.signers.iter().map(|me| EcdsaSign::start(self.input(*me, job)).unwrap()).collect()
    }

    pub(crate) fn sign(&self, job: &Job<'_>) -> EcdsaSignature {
        let signatures = honestly(self.start(job));
        assert_eq!(signatures.len(), job.signers.len());
        let mut signatures = signatures.into_values();
        let first = signatures.next().unwrap();
        assert!(signatures.all(|other| other == first));
        first
    }
}

/// What is to be signed, and by whom.
#[derive(Clone, Copy)]
pub(crate) struct Job<'a> {
    pub(crate) tweak: [u8; 32],
    pub(crate) digest: [u8; 32],
    pub(crate) signers: &'a [PartyIndex],
    pub(crate) session: [u8; 32],
}

/// Two of three, made once for all tests.
pub(crate) fn two_of_three() -> &'static Committee {
    static COMMITTEE: OnceLock<Committee> = OnceLock::new();
    COMMITTEE.get_or_init(|| Committee::make(2, 3, &[&[1, 2, 3]]))
}

/// The signer sets that [`three_of_five`] can make.
pub(crate) const TRIPLES: [&[u8]; 3] = [&[1, 2, 3], &[1, 3, 5], &[2, 3, 4]];

/// Three of five, made once for all tests.
pub(crate) fn three_of_five() -> &'static Committee {
    static COMMITTEE: OnceLock<Committee> = OnceLock::new();
    COMMITTEE.get_or_init(|| Committee::make(3, 5, &TRIPLES))
}

pub(crate) fn parties(indices: &[u8]) -> Vec<PartyIndex> {
    indices.iter().copied().map(party).collect()
}
