//! What needs a look inside a signer: bans, a wrong share, and what one signer can work out.

use k256::AffinePoint;
use k256::elliptic_curve::point::AffineCoordinates;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use zeroize::Zeroizing;

use super::finish::Part;
use super::*;
use crate::group::Group as _;
use crate::group::secp256k1::Secp256k1 as Curve;
use crate::{Dkg, DkgInput, Outcome, PairInput, PairSetup, Params, derive};

fn party(index: u8) -> PartyIndex {
    PartyIndex::new(index).unwrap()
}

/// Two of two: one signer and its only counterparty.
struct Two {
    shares: Vec<RootShare<SignSecp256k1>>,
    pairs: Vec<BTreeMap<PartyIndex, PairState>>,
}

fn run<P: crate::Protocol>(started: Vec<(Driver<P>, Vec<Outgoing>)>) -> Vec<P::Output> {
    let (mut drivers, messages): (Vec<_>, Vec<_>) = started.into_iter().unzip();
    let mut flight: Vec<(PartyIndex, Outgoing)> = Vec::new();
    for (driver, messages) in drivers.iter().zip(messages) {
        flight.extend(messages.into_iter().map(|message| (driver.me(), message)));
    }
    let mut ends = BTreeMap::new();
    while let Some((from, message)) = flight.pop() {
        let driver = drivers.iter_mut().find(|driver| driver.me() == message.to).unwrap();
        let step = driver.receive(from, &message.payload).unwrap();
        flight.extend(step.messages.into_iter().map(|next| (message.to, next)));
        match step.outcome {
            Some(Outcome::Done(output)) => assert!(ends.insert(message.to, output).is_none()),
            Some(Outcome::Failed(failure)) => panic!("{failure}"),
            None => {}
        }
    }
    ends.into_values().collect()
}

impl Two {
    fn make() -> &'static Self {
        static TWO: std::sync::OnceLock<Two> = std::sync::OnceLock::new();
        TWO.get_or_init(|| {
            let params = Params::new(2, 2).unwrap();
            let mut rng = ChaCha20Rng::seed_from_u64(1);
            let dkg = |me| {
                Dkg::<SignSecp256k1>::start(DkgInput { params, me, session: [1; 32] }, &mut rng).unwrap()
            };
            let shares = run(params.parties().map(dkg).collect());
            let pair = |(me, peer)| {
                let input = PairInput { me: party(me), peer: party(peer), session: [2; 32] };
                PairSetup::start(input).unwrap()
            };
            let states = run([(1, 2), (2, 1)].map(pair).into());
            let pairs = states.into_iter().map(|state| BTreeMap::from([(state.peer(), state)])).collect();
            Two { shares, pairs }
        })
    }

    /// Both signers after their first phase, with each one's message to the other.
    fn begin(&self) -> [(EcdsaRounds, Received); 2] {
        let [first, second] = [0, 1].map(|at| {
            EcdsaRounds::begin(SigningInput {
                share: &self.shares[at],
                pairs: &self.pairs[at],
                tweak: derive::tweak(&[4; 32]).unwrap(),
                digest: DIGEST,
                signers: &[party(1), party(2)],
                session: [5; 32],
            })
            .unwrap()
        });
        cross(first, second)
    }
}

const DIGEST: [u8; 32] = [6; 32];

/// Each state with the message that the other one sent.
fn cross(first: (EcdsaRounds, Bodies), second: (EcdsaRounds, Bodies)) -> [(EcdsaRounds, Received); 2] {
    let body = |from, bodies: Bodies| Received::from([(party(from), Zeroizing::new(bodies[0].1.clone()))]);
    [(first.0, body(2, second.1)), (second.0, body(1, first.1))]
}

fn next(round: u8, (state, received): (EcdsaRounds, Received)) -> (EcdsaRounds, Bodies) {
    match state.advance(round, received) {
        Ok(Advance::Next(state, bodies)) => (state, bodies),
        Ok(Advance::Done(_)) => panic!("the end came early"),
        Err(failure) => panic!("{failure}"),
    }
}

fn failure(round: u8, (state, received): (EcdsaRounds, Received)) -> Failure {
    match state.advance(round, received) {
        Err(failure) => failure,
        Ok(_) => panic!("no failure"),
    }
}

/// Party 1 changes its first message to party 2, which is decoded and encoded again around it.
fn failure_after_first(change: impl Fn(&mut TransmitPhase1to2)) -> Failure {
    let [first, mut second] = Two::make().begin();
    let ids = second.0.set_up_ids.clone();
    let mut messages = messages::decode_first(party(2), &ids, &second.1).unwrap();
    change(&mut messages[0]);
    let bodies = messages::encode_first(&[party(2)], &first.0.set_up_ids, &messages).unwrap();
    second.1 = Received::from([(party(1), Zeroizing::new(bodies[0].1.clone()))]);
    failure(1, second)
}

fn failure_after_second(change: impl Fn(&mut TransmitPhase2to3<Secp256k1>)) -> Failure {
    let [first, second] = Two::make().begin();
    let [_, mut second] = cross(next(1, first), next(1, second));
    let mut messages = messages::decode_second(party(2), &second.1).unwrap();
    change(&mut messages[0]);
    let bodies = messages::encode_second(&[party(2)], &messages).unwrap();
    second.1 = Received::from([(party(1), Zeroizing::new(bodies[0].1.clone()))]);
    failure(2, second)
}

fn ban(check: Check) -> Failure {
    Failure::Ban { counterparty: party(1), check }
}

#[test]
fn cheating_in_the_multiplication_is_a_ban_of_the_counterparty() {
    assert_eq!(failure_after_first(|first| first.mul_transmit.verify_x[0] ^= 1), ban(Check::Multiplication));
    assert_eq!(failure_after_first(|first| first.mul_transmit.u[17][3] ^= 1), ban(Check::Multiplication));
    assert_eq!(
        failure_after_second(|second| second.mul_transmit.verify_u[0] += Scalar::ONE),
        ban(Check::Multiplication)
    );
    assert_eq!(
        failure_after_second(|second| second.mul_transmit.vector_of_tau[0][0] += Scalar::ONE),
        ban(Check::Multiplication)
    );
    let other = AffinePoint::GENERATOR;
    assert_eq!(failure_after_second(|second| second.gamma_u = other), ban(Check::NonceProduct));
    assert_eq!(failure_after_second(|second| second.gamma_v = other), ban(Check::KeyProduct));
    assert_eq!(failure_after_second(|second| second.public_share = other), ban(Check::KeyProduct));
}

/// Lists of other lengths that add up to the right number of bytes reach the crate, which must not
/// panic over them.
#[test]
fn shifted_list_lengths_are_a_ban_and_no_panic() {
    let shifted_products = failure_after_second(|second| {
        let moved = second.mul_transmit.vector_of_tau[0].pop().unwrap();
        second.mul_transmit.vector_of_tau[1].push(moved);
    });
    assert_eq!(shifted_products, ban(Check::Multiplication));
    let shifted_checks = failure_after_second(|second| {
        let moved = second.mul_transmit.verify_u.pop().unwrap();
        second.mul_transmit.gamma_sender.push(moved);
    });
    assert_eq!(shifted_checks, ban(Check::Multiplication));
}

#[test]
fn other_cheating_is_a_fault_and_no_ban() {
    let fault = |check| Failure::from(Fault::of(party(1), check));
    let expected = fault(Check::SessionDiffers);
    assert_eq!(failure_after_first(|first| first.session_binding[0] ^= 1), expected);
    assert_eq!(failure_after_second(|second| second.session_binding[0] ^= 1), expected);
    let expected = fault(Check::NonceCommitment);
    assert_eq!(failure_after_second(|second| second.psi += Scalar::ONE), expected);
    assert_eq!(failure_after_second(|second| second.salt[0] ^= 1), expected);
    assert_eq!(failure_after_second(|second| second.instance_point = AffinePoint::GENERATOR), expected);
}

#[test]
fn a_wrong_share_is_found_before_anything_is_released() {
    let [mut first, second] = Two::make().begin();
    first.0.party.poly_point += Scalar::ONE;
    let [first, second] = cross(next(1, first), next(1, second));
    assert_eq!(failure(2, second), Fault::of(party(1), Check::KeySum).into());
    // Its owner finds the same, and can only suspect the other.
    assert_eq!(failure(2, first), Fault::of(party(2), Check::KeySum).into());
}

#[test]
fn a_phase_is_not_run_again_and_rounds_do_not_swap() {
    let [first, second] = Two::make().begin();
    assert!(matches!(failure(2, first), Failure::Bug(_)));
    assert!(matches!(failure(3, second), Failure::Bug(_)));
}

/// Everything that one signer holds or hears in a whole signature.
struct View {
    known: Vec<Scalar>,
    nonce_part: Scalar,
    mask_part: Scalar,
    /// The sum of all `u`, which is nonce times mask.
    denominator: Scalar,
    nonce_point: ProjectivePoint,
    key: ProjectivePoint,
}

/// Runs a signature by hand and writes down both signers' views.
fn views() -> [View; 2] {
    let start = Two::make().begin();
    let initial = [0, 1].map(|at| match &start[at].0.phase {
        Phase::Committed { unique, kept } => {
            let kept = kept.values().next().unwrap();
            [unique.instance_key, unique.inversion_mask, unique.zeta, kept.chi, kept.mul_keep.b]
        }
        _ => panic!("another phase"),
    });
    let [first, second] = start;
    let second_round = cross(next(1, first), next(1, second));
    let middle = [0, 1].map(|at| {
        let state = &second_round[at].0;
        let heard = messages::decode_second(state.me, &second_round[at].1).unwrap();
        let psi = heard[0].psi;
        let point = ProjectivePoint::from(heard[0].instance_point);
        match &state.phase {
            Phase::Multiplied { unique, kept } => {
                let kept = kept.values().next().unwrap();
                ([unique.key_share, kept.c_u, kept.c_v, psi, state.party.poly_point], point)
            }
            _ => panic!("another phase"),
        }
    });
    let [first, second] = second_round;
    let last_round = cross(next(2, first), next(2, second));
    let parts = [0, 1].map(|at| match &last_round[at].0.phase {
        Phase::Released { own, .. } => Part::decode(&own.encode()).unwrap(),
        _ => panic!("another phase"),
    });
    let key = ProjectivePoint::from(last_round[0].0.party.pk);
    let [first, _] = last_round;
    let Ok(Advance::Done(signature)) = first.0.advance(3, first.1) else { panic!("no signature") };

    [0, 1].map(|me| {
        let [nonce_part, mask_part, zeta, chi, b] = initial[me];
        let ([key_part, c_u, c_v, psi, share], point) = middle[me];
        let (mine, theirs) = (&parts[me], &parts[1 - me]);
        let r = group::scalar_from_bytes::<Curve>(&signature.r).unwrap();
        let s = group::scalar_from_bytes::<Curve>(&signature.s).unwrap();
        let digest = <Scalar as Reduce<FieldBytes>>::reduce(&FieldBytes::from(DIGEST));
        // What the multiplication gave out as receiver, worked back from the own part.
        let d_u = mine.u - nonce_part * (mask_part + psi) - c_u;
        let v = (mine.w - digest * mask_part) * r.invert().unwrap();
        let d_v = v - key_part * (mask_part + psi) - c_v;
        let denominator = mine.u + theirs.u;
        let known = vec![
            nonce_part,
            mask_part,
            zeta,
            chi,
            b,
            key_part,
            c_u,
            c_v,
            psi,
            share,
            d_u,
            d_v,
            v,
            mine.u,
            mine.w,
            theirs.u,
            theirs.w,
            denominator,
            mine.w + theirs.w,
            mask_part + psi,
            mask_part + psi + chi,
        ];
        let nonce_point = ProjectivePoint::mul_by_generator(&nonce_part) + point;
        assert_eq!(Curve::scalar_to_bytes(&r), <[u8; 32]>::from(nonce_point.to_affine().x()));
        // s divides by the same sum; the public signature adds nothing else.
        assert!(
            s == (mine.w + theirs.w) * denominator.invert().unwrap()
                || -s == (mine.w + theirs.w) * denominator.invert().unwrap()
        );
        View { known, nonce_part, mask_part, denominator, nonce_point, key }
    })
}

impl View {
    /// Every value, and every sum, difference, product and quotient of two, and the common denominator
    /// through each of those: is one of them the nonce, its inverse, or the key?
    fn opens(&self, extra: &[Scalar]) -> bool {
        let values: Vec<Scalar> = self.known.iter().chain(extra).copied().collect();
        let mut candidates = values.clone();
        for a in &values {
            for b in &values {
                let quotient = b.invert().into_option().map_or(Scalar::ZERO, |inverse| *a * inverse);
                candidates.extend([*a + b, *a - b, *a * b, quotient]);
            }
        }
        candidates.iter().any(|candidate| {
            let inverse = candidate.invert().into_option().unwrap_or(Scalar::ZERO);
            [*candidate, inverse, self.denominator * inverse].iter().any(|candidate| {
                let point = ProjectivePoint::mul_by_generator(candidate);
                [self.nonce_point, -self.nonce_point, self.key, -self.key].contains(&point)
            })
        })
    }
}

/// There are threshold schemes in which every signer ends up with the whole nonce inverse: then one
/// signer and one public signature give the key. Here a signer ends up with u = nonce · mask, of which
/// it has additive parts only.
#[test]
fn no_lone_signers_view_and_the_signature_open_nonce_or_key() {
    let views = views();
    for me in 0..2 {
        let (mine, theirs) = (&views[me], &views[1 - me]);
        assert_eq!(
            mine.denominator,
            (mine.nonce_part + theirs.nonce_part) * (mine.mask_part + theirs.mask_part)
        );
        assert!(!mine.opens(&[]));
        // The search has teeth: the other one's part of the nonce, or of the mask, is enough for it.
        assert!(mine.opens(&[theirs.nonce_part]));
        assert!(mine.opens(&[theirs.mask_part]));
    }
}
