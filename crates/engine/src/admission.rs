//! Who gets in: token buckets for each login, source and peer, and the share of a node's room that one login,
//! source or peer may hold.

use std::collections::BTreeMap;

use quorate_quota::{Bucket, Rate, may_hold};
use quorate_wire::{Payer, Submission, limits};

use crate::rates::Rates;

/// What a payer may take.
fn rate(payer: &Payer, rates: &Rates) -> Rate {
    match payer {
        Payer::Login(_) => rates.of_caller(),
        Payer::Source(network) => rates.of_caller().times(network.multiple().into()),
        Payer::Peer(_) => rates.of_peer(),
    }
}

const BUCKETS_MAX: usize = 16_384;
/// When whoever found no room for its bucket may look again.
const ROOM_AGAIN_MS: u64 = 1_000;
/// A token is for so many bytes of a request and its login, which are parsed, or of code, which is hashed and passed on.
const REQUEST_BYTES_PER_TOKEN: usize = 16 << 10;
const CODE_BYTES_PER_TOKEN: usize = 64 << 10;

/// What a submission costs whoever brings it, in tokens: one for each signature of its login,
/// and more by its length.
pub(crate) fn price(submission: &Submission) -> u64 {
    let code = submission.code.as_ref().map_or(0, String::len);
    let read = submission.request.len() + submission.login.bytes();
    let signatures = submission.login.proofs().len();
    let tokens = signatures.max(1) + read / REQUEST_BYTES_PER_TOKEN + code / CODE_BYTES_PER_TOKEN;
    u64::try_from(tokens).unwrap_or(u64::MAX)
}

/// What is said to whoever has its share.
pub(crate) const SHARE_TAKEN: &str = "this login, its address, or the node that passed the request on, has as much under way \
                                      as one may have while others could need the rest; ask again when some of it has ended";

#[derive(Default)]
pub(crate) struct Buckets {
    /// With the rate of each, which is always the same for one payer.
    buckets: BTreeMap<Payer, (Bucket, Rate)>,
}

impl Buckets {
    /// Takes so many tokens of each of these, or of none.
    pub(crate) fn take_of_all(
        &mut self,
        payers: &[Payer],
        rates: &Rates,
        (tokens, now_mono_ms): (u64, u64),
    ) -> Result<(), Option<u64>> {
        // Who is refused leaves no trace: neither in a wide network's bucket nor in the table.
        for payer in payers {
            let rate = rate(payer, rates);
            if let Some((bucket, _)) = self.buckets.get(payer)
                && !bucket.has(&rate, tokens, now_mono_ms)
            {
                return Err(bucket.wait_ms(&rate, tokens, now_mono_ms));
            }
        }
        payers.iter().try_for_each(|payer| self.take(*payer, &rate(payer, rates), tokens, now_mono_ms))
    }

    /// Takes so many tokens of one payer, by a rate of its own. If there are less, or there is no room for one more payer:
    /// says in how many milliseconds there will be, if ever.
    pub(crate) fn take(
        &mut self,
        payer: Payer,
        rate: &Rate,
        tokens: u64,
        now_mono_ms: u64,
    ) -> Result<(), Option<u64>> {
        if !self.buckets.contains_key(&payer) && self.buckets.len() >= BUCKETS_MAX {
            self.buckets.retain(|_, (bucket, rate)| !bucket.is_full(rate, now_mono_ms));
            if self.buckets.len() >= BUCKETS_MAX {
                return Err(Some(ROOM_AGAIN_MS));
            }
        }
        let (bucket, _) =
            self.buckets.entry(payer).or_insert_with(|| (Bucket::full(rate, now_mono_ms), *rate));
        if bucket.take(rate, tokens, now_mono_ms) {
            Ok(())
        } else {
            Err(bucket.wait_ms(rate, tokens, now_mono_ms))
        }
    }
}

/// What one payer holds of what all executions share.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Held {
    /// Requests that are remembered.
    pub(crate) remembered: usize,
    /// Bytes of texts that they keep: as of the last sweep, and what has been brought since.
    pub(crate) bytes: usize,
    /// Runs that go on, those of child actions included.
    pub(crate) running: usize,
}

/// Who holds how much. One payer gets more of a thing only while it has less of it than is free: alone it
/// comes to half, and whoever comes next finds room.
#[derive(Default)]
pub(crate) struct Shares(BTreeMap<Payer, Held>);

impl Shares {
    /// What a payer holds, to be changed.
    pub(crate) fn of(&mut self, payer: Payer) -> &mut Held {
        self.0.entry(payer).or_default()
    }

    /// Whether none of these payers has its share of the runs, of which there are `all`.
    pub(crate) fn may_run(&self, payers: impl IntoIterator<Item = Payer>, all: usize) -> bool {
        self.fair(payers, |held| held.running, limits::EXECUTIONS_RUNNING_MAX.saturating_sub(all))
    }

    /// Whether none of these payers has its share of what is remembered.
    pub(crate) fn may_be_remembered(&self, payers: &[Payer], all: &Held, rates: &Rates) -> bool {
        let requests_free = rates.remembered_max().saturating_sub(all.remembered);
        let many = |held: &Held| held.remembered >= rates.remembered_per_login_max();
        let is_login = |payer: &&Payer| matches!(payer, Payer::Login(_));
        if payers.iter().filter(is_login).any(|login| self.0.get(login).is_some_and(many)) {
            return false;
        }
        let bytes_free = limits::REMEMBERED_BYTES_MAX.saturating_sub(all.bytes);
        self.fair(payers.iter().copied(), |held| held.remembered, requests_free)
            && self.fair(payers.iter().copied(), |held| held.bytes, bytes_free)
    }

    fn fair(
        &self,
        payers: impl IntoIterator<Item = Payer>,
        what: impl Fn(&Held) -> usize,
        free: usize,
    ) -> bool {
        payers
            .into_iter()
            .all(|payer| may_hold(self.0.get(&payer).map_or(0, &what), 1, free, payer.multiple()))
    }

    /// Counts the kept bytes anew, and forgets who holds nothing.
    pub(crate) fn sweep(&mut self, bytes: impl IntoIterator<Item = (Payer, usize)>) {
        for held in self.0.values_mut() {
            held.bytes = 0;
        }
        for (payer, bytes) in bytes {
            self.of(payer).bytes += bytes;
        }
        self.0.retain(|_, held| *held != Held::default());
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use quorate_wire::{Digest, LoginId, NodeIndex};

    use super::*;

    #[test]
    fn one_payer_gets_half_and_the_next_finds_room() {
        let mut shares = Shares::default();
        let [first, second] = [1, 2].map(|mark| Payer::Login(LoginId(Digest([mark; 32]))));
        let mut all = 0;
        while shares.may_run([first], all) {
            shares.of(first).running += 1;
            all += 1;
        }
        assert_eq!(all, limits::EXECUTIONS_RUNNING_MAX / 2);
        assert!(shares.may_run([second], all));
        assert!(!shares.may_run([second, first], all), "each of them must have room");
        shares.of(first).running = 0;
        let all = Held { bytes: limits::REMEMBERED_BYTES_MAX / 2, ..Held::default() };
        shares.sweep([(first, all.bytes)]);
        let may = |payer, all| shares.may_be_remembered(&[payer], all, &Rates::default());
        assert!(!may(first, &all) && may(second, &all));
        shares.sweep([]);
        assert!(shares.0.is_empty());
    }

    #[test]
    fn ids_are_remembered_by_the_rates() {
        let rates = Rates { executions_per_second: 3, login_per_second: 1 };
        let (login, source) =
            (Payer::Login(LoginId(Digest([1; 32]))), Payer::of_source([192, 0, 2, 1].into())[0]);
        let mut shares = Shares::default();
        let mut all = Held::default();
        let mut fill = |shares: &mut Shares, payer| {
            let before = all.remembered;
            while shares.may_be_remembered(&[payer], &all, &rates) {
                shares.of(payer).remembered += 1;
                all.remembered += 1;
            }
            all.remembered - before
        };
        assert_eq!(fill(&mut shares, login), rates.remembered_per_login_max());
        // An address with many logins gets half of what is left.
        let left = rates.remembered_max() - rates.remembered_per_login_max();
        assert_eq!(fill(&mut shares, source), left / 2);
    }

    #[test]
    fn a_burst_is_bounded_and_refills_and_says_when() {
        let (mut buckets, rule) = (Buckets::default(), Rates::default().of_caller());
        let payer = Payer::Login(LoginId(Digest([1; 32])));
        let taken = (0..1_000).filter(|_| buckets.take(payer, &rule, 1, 0).is_ok()).count();
        assert_eq!(taken, 400);
        assert!(
            buckets.take(Payer::Login(LoginId(Digest([2; 32]))), &rule, 1, 0).is_ok(),
            "another login is not affected"
        );
        assert_eq!(buckets.take(payer, &rule, 1, 4), Err(Some(1)));
        assert_eq!(buckets.take(payer, &rule, 1, 5), Ok(()));
        assert_eq!(buckets.take(payer, &rule, 81, 405), Err(Some(5)), "all of them or none");
        assert_eq!(buckets.take(payer, &rule, 80, 405), Ok(()));
        assert_eq!(buckets.take(payer, &rule, 400, 405), Err(Some(2_000)));
        assert_eq!(buckets.take(payer, &rule, 401, 405), Err(None), "so many there never are");
    }

    #[test]
    fn one_provider_of_many_addresses_neither_takes_all_nor_fills_the_table() {
        let within = |site: u16, subnet: u16| IpAddr::from([0x2001, 0xdb8, site, subnet, 0, 0, 0, 1]);
        let (mut buckets, rates) = (Buckets::default(), Rates::default());
        let mut takes = |source| buckets.take_of_all(&Payer::of_source(source), &rates, (1, 0)).is_ok();
        let taken = (0..20_000).filter(|subnet| takes(within(7, *subnet))).count();
        let burst = usize::try_from(rates.of_caller().burst()).unwrap();
        assert_eq!(taken, 16 * burst, "a /48 has sixteen times what one address has");
        assert!(takes(within(8, 0)), "the neighbour is not affected");
        // Of the older addresses a /24 has eight times as much.
        let older = (0..=255).flat_map(|last| (0..burst).map(move |_| IpAddr::from([192, 0, 2, last])));
        assert_eq!(older.filter(|source| takes(*source)).count(), 8 * burst);
        assert!(takes(IpAddr::from([192, 0, 3, 1])));
        assert!(buckets.buckets.len() < 8_000, "who is refused leaves no trace");
        let (mut shares, mut all) = (Shares::default(), 0);
        for subnet in 0..=u16::MAX {
            let payers = Payer::of_source(within(7, subnet));
            if !shares.may_run(payers.iter().copied(), all) {
                break;
            }
            payers.into_iter().for_each(|payer| shares.of(payer).running += 1);
            all += 1;
        }
        let free = limits::EXECUTIONS_RUNNING_MAX - all;
        assert!(free >= limits::EXECUTIONS_RUNNING_MAX / 18, "{free} are left");
        assert!(shares.may_run(Payer::of_source(within(8, 0)), all));
    }

    #[test]
    fn a_full_table_forgets_nobodys_use() {
        let (mut buckets, rates) = (Buckets::default(), Rates::default());
        let (of_peer, of_caller) = (rates.of_peer(), rates.of_caller());
        let peer = Payer::Peer(NodeIndex::new(2).unwrap());
        // As much of the peer's is left as a whole login's bucket holds.
        assert!(buckets.take(peer, &of_peer, of_peer.burst() - of_caller.burst(), 0).is_ok());
        let login = |mark: u32| {
            let mut address = [0; 32];
            address[..4].copy_from_slice(&mark.to_be_bytes());
            Payer::Login(LoginId(Digest(address)))
        };
        let mut marks = 0..;
        while buckets.buckets.len() < BUCKETS_MAX {
            assert!(buckets.take(login(marks.next().unwrap()), &of_caller, 1, 0).is_ok());
        }
        let refused = buckets.take(login(marks.next().unwrap()), &of_caller, 1, 0);
        assert_eq!(refused, Err(Some(ROOM_AGAIN_MS)), "none can be dropped");
        assert!(
            buckets.take(peer, &of_peer, of_caller.burst(), 0).is_ok()
                && buckets.take(peer, &of_peer, 1, 0).is_err(),
            "what the peer used is remembered"
        );
    }
}
