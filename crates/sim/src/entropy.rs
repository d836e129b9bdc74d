//! Where randomness comes from: one seed, for the plan, the network and the cryptography alike.

use std::cell::RefCell;

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};
use sha2::{Digest as _, Sha256};

/// A generator with the few draws that the simulator needs.
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    /// The generator of a purpose under a seed: adding a purpose changes no other one's draws.
    pub(crate) fn new(seed: u64, purpose: &str) -> Self {
        let key = Sha256::new().chain_update(seed.to_be_bytes()).chain_update(purpose).finalize();
        Dice(ChaCha8Rng::from_seed(key.into()))
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0u8; N];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    pub(crate) fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        debug_assert!(low <= high);
        // The bias of a modulus over 64 bits is far below what a simulation can see.
        low + self.0.next_u64() % (high - low + 1)
    }

    /// A place in a list of `length` items.
    pub(crate) fn place(&mut self, length: usize) -> usize {
        let length = u64::try_from(length).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.between(0, length - 1)).unwrap_or(0)
    }

    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.place(items.len()))
    }

    /// Whether something of this many per thousand happens.
    pub(crate) fn happens(&mut self, per_mille: u32) -> bool {
        self.between(0, 999) < u64::from(per_mille)
    }
}

thread_local! {
    /// What the operating system's generator gives in this thread, if it was told to be repeatable.
    static SYSTEM: RefCell<Option<ChaCha8Rng>> = const { RefCell::new(None) };
}

/// Makes everything that this thread draws from the operating system repeatable.
///
/// The ECDSA crate draws its randomness inside. Threads that ran another seed may hold generators of
/// it, so each seed runs in a thread of its own.
pub(crate) fn seed_system(seed: u64) {
    SYSTEM.with_borrow_mut(|system| *system = Some(Dice::new(seed, "system").0));
}

/// Takes the place of the C library's function in the simulator's binary, which ships to nobody.
///
/// # Safety
/// `buffer` must be valid for writing `length` bytes, as the C library's own contract says.
#[expect(unsafe_code, reason = "the one way to make the ECDSA crate's own randomness repeatable")]
#[unsafe(no_mangle)]
unsafe extern "C" fn getrandom(buffer: *mut u8, length: usize, _flags: u32) -> isize {
    if length == 0 {
        return 0;
    }
    // SAFETY: the caller promises `length` writable bytes; they are initialised before they are read.
    let bytes = unsafe {
        std::ptr::write_bytes(buffer, 0, length);
        std::slice::from_raw_parts_mut(buffer, length)
    };
    let filled = SYSTEM
        .try_with(|system| match system.try_borrow_mut() {
            Ok(mut system) => match system.as_mut() {
                Some(rng) => {
                    rng.fill_bytes(bytes);
                    true
                }
                None => false,
            },
            Err(_) => false,
        })
        .unwrap_or(false);
    if !filled
        && std::fs::File::open("/dev/urandom")
            .and_then(|mut file| std::io::Read::read_exact(&mut file, bytes))
            .is_err()
    {
        return -1;
    }
    isize::try_from(length).unwrap_or(isize::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use quorate_threshold::{
        Dkg, DkgInput, Driver, EcdsaSign, Outcome, Outgoing, PairInput, PairSetup, Params, PartyIndex,
        Protocol, SignSecp256k1, SigningInput,
    };

    use super::*;

    fn run<P: Protocol>(started: Vec<(Driver<P>, Vec<Outgoing>)>) -> BTreeMap<PartyIndex, P::Output> {
        let (mut drivers, mut flight, mut outputs) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
        for (driver, messages) in started {
            flight.extend(messages.into_iter().map(|message| (driver.me(), message)));
            drivers.insert(driver.me(), driver);
        }
        while let Some((from, message)) = flight.pop() {
            let step = drivers.get_mut(&message.to).unwrap().receive(from, &message.payload).unwrap();
            flight.extend(step.messages.into_iter().map(|next| (message.to, next)));
            if let Some(Outcome::Done(output)) = step.outcome {
                outputs.insert(message.to, output);
            }
        }
        outputs
    }

    fn said(messages: Vec<Outgoing>) -> Vec<Vec<u8>> {
        messages.into_iter().map(|message| message.payload.to_vec()).collect()
    }

    /// A process that is resumed from a snapshot of its memory goes on with the generator of that moment. What it
    /// draws must depend on what the operating system gives it now, and on nothing that it held.
    #[test]
    fn each_set_up_and_each_signature_draws_anew_from_the_operating_system() {
        let params = Params::new(2, 3).unwrap();
        let [first, second] = [1, 2].map(|index| PartyIndex::new(index).unwrap());
        let mut rng = ChaCha8Rng::from_seed([1; 32]);
        let dkg = params
            .parties()
            .map(|me| Dkg::<SignSecp256k1>::start(DkgInput { params, me, session: [1; 32] }, &mut rng));
        let shares = run(dkg.collect::<Result<_, _>>().unwrap());
        let pair = |me, peer| PairSetup::start(PairInput { me, peer, session: [2; 32] }).unwrap();
        let mut states = run(vec![pair(first, second), pair(second, first)]);
        let pairs = BTreeMap::from([(second, states.remove(&first).unwrap())]);
        let sign = || {
            let input = SigningInput {
                share: &shares[&first],
                pairs: &pairs,
                tweak: quorate_threshold::derive::tweak(&[7; 32]).unwrap(),
                digest: [8; 32],
                signers: &[first, second],
                session: [9; 32],
            };
            said(EcdsaSign::start(input).unwrap().1)
        };
        let set_up = || said(pair(first, second).1);
        for start in [&sign as &dyn Fn() -> Vec<Vec<u8>>, &set_up] {
            // Whatever the generator of the process has come to, equal draws of the system give equal messages.
            seed_system(1);
            let before = start();
            seed_system(1);
            assert!(start() == before, "something older than the start was drawn from");
            seed_system(2);
            assert!(start() != before);
        }
    }
}
