//! A member that lies while the network is founded: about whether it has a share, to some and not to others. It lies
//! about a few ceremonies only, so that the rest can show what it left behind.

use std::collections::{BTreeMap, BTreeSet};

use quorate_wire::{
    ConfirmShare, ConfirmedRoot, NodeIndex, NodeVote, PeerMessage, Purpose, RefuseShare, RootKeys, Signed,
    Transcript, encode,
};

use super::{Byzantine, EPOCH};
use crate::committee::Committee;

/// Ceremonies about which it lies, at most.
const CEREMONIES: usize = 3;
/// Confirmations that its own engine does not hear, or that nobody hears of its own, at most. Then it stops lying about
/// its share: where all have to confirm, nothing comes about beside one that never does.
const UNHEARD: u8 = 24;
/// Old proposals that it repeats, at most.
const REPEATS: u8 = 5;

/// The generator's first coordinate: a root of nothing.
const GENERATOR_X: [u8; 32] = [
    0x79, 0xbe, 0x66, 0x7e, 0xf9, 0xdc, 0xbb, 0xac, 0x55, 0xa0, 0x62, 0x95, 0xce, 0x87, 0x0b, 0x07, 0x02,
    0x9b, 0xfc, 0xdb, 0x2d, 0xce, 0x28, 0xd9, 0x59, 0xf2, 0x81, 0x5b, 0x16, 0xf8, 0x17, 0x98,
];

/// How it lies, for the whole of its life.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct FoundingHabits {
    /// It gathers the confirmations of two ceremonies, refuses the first, and shows the certificate of each to another.
    pub(crate) certifies_two: bool,
    /// It confirms to one and refuses to the others.
    pub(crate) parts: bool,
    /// It confirms what has only begun, so that who has not heard of it refuses it.
    pub(crate) hurries: bool,
    /// As the proposer, it proposes old ceremonies again.
    pub(crate) repeats: bool,
    /// How it lies about its vote for the roots.
    pub(crate) vote: Option<VoteLie>,
}

/// A lie about the vote of the liar's account. All but the last end after some votes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VoteLie {
    /// Another key signs, or nobody.
    Signature,
    /// It votes for roots that nobody has a share of.
    Roots,
    /// It votes for the roots, and for others.
    Changes,
    /// It does not tell its vote to all.
    Withholds,
    /// It never votes, and sends nobody's votes to the chain.
    Never,
}

/// Votes about which it lies.
const VOTES: u8 = 12;

/// What it knows, and what it is about to send.
#[derive(Default)]
pub(super) struct FoundingLies {
    confirms: BTreeMap<[u8; 32], BTreeMap<NodeIndex, Signed<ConfirmShare>>>,
    /// Ceremonies that it has a share of, in order.
    own: Vec<[u8; 32]>,
    shown: bool,
    unheard: u8,
    begun: Vec<[u8; 32]>,
    hurried: BTreeSet<[u8; 32]>,
    repeated: u8,
    votes: u8,
    pub(super) queue: Vec<(NodeIndex, Vec<u8>)>,
}

/// What it votes with: the key of its account, and what nodes sign.
pub(super) struct Ballot {
    key: k256::ecdsa::SigningKey,
    digest: Box<dyn Fn(&RootKeys) -> quorate_wire::Digest>,
}

impl Ballot {
    pub(super) fn new(committee: &Committee, me: NodeIndex) -> Self {
        Ballot { key: committee.chain_key(me), digest: committee.roots_digest_of() }
    }
}

impl Byzantine {
    pub(super) fn see_founding(&mut self, from: NodeIndex, message: &PeerMessage) {
        match message {
            PeerMessage::Confirm(confirm) if confirm.node == from => self.see_confirm(confirm),
            PeerMessage::StartKeygen { fresh, .. } if !self.founding.begun.contains(fresh) => {
                self.founding.begun.push(*fresh);
                self.hurry(from, fresh);
            }
            _ => {}
        }
    }

    /// Whether it keeps this message of its own engine from a peer.
    pub(super) fn keeps_confirmation(&mut self, to: NodeIndex, message: &PeerMessage) -> bool {
        let PeerMessage::Confirm(confirm) = message else { return false };
        let Some(place) = self.founding.own.iter().position(|own| *own == confirm.body.session.0) else {
            return false;
        };
        let habits = self.habits.founding;
        let kept = self.lies_about_share()
            && ((habits.certifies_two && place < 2)
                || (habits.parts && place < CEREMONIES && self.peers.first() != Some(&to)));
        self.founding.unheard += u8::from(kept);
        kept
    }

    /// What becomes of its vote for one peer.
    pub(super) fn voted(&mut self, to: NodeIndex, message: &PeerMessage) -> Option<Vec<PeerMessage>> {
        let PeerMessage::RootsVote { roots, .. } = message else { return None };
        let lie = self.habits.founding.vote?;
        if self.founding.votes >= VOTES && lie != VoteLie::Never {
            return None;
        }
        self.founding.votes = self.founding.votes.saturating_add(1);
        self.acts += 1;
        let signed = |roots: RootKeys, digest| PeerMessage::RootsVote {
            roots: Box::new(roots),
            vote: NodeVote::sign(&digest, &self.ballot.key),
        };
        let mut others = **roots;
        others.random[0] ^= 1;
        Some(match lie {
            VoteLie::Never => Vec::new(),
            VoteLie::Withholds if self.peers.first() == Some(&to) => Vec::new(),
            VoteLie::Withholds => vec![message.clone()],
            // For these roots it signs those.
            VoteLie::Signature => vec![signed(**roots, (self.ballot.digest)(&others))],
            VoteLie::Roots => vec![signed(others, (self.ballot.digest)(&others))],
            VoteLie::Changes => vec![message.clone(), signed(others, (self.ballot.digest)(&others))],
        })
    }

    /// Whether its own engine hears this: it must not take a share for certified about which it lies.
    pub(super) fn hears_of_founding(&mut self, message: &PeerMessage) -> bool {
        let about = matches!(message, PeerMessage::Confirm(_) | PeerMessage::Certificate(_));
        if !about || !self.lies_about_share() {
            return true;
        }
        self.founding.unheard += 1;
        false
    }

    fn lies_about_share(&self) -> bool {
        let habits = self.habits.founding;
        (habits.certifies_two || habits.parts) && !self.founding.shown && self.founding.unheard < UNHEARD
    }

    /// What it says while a network is founded, at a moment of its own choice.
    pub(super) fn lie_while_founding(&mut self) -> Vec<(NodeIndex, Vec<u8>)> {
        let mut lies = Vec::new();
        if self.habits.founding.repeats
            && self.founding.repeated < REPEATS
            && let Some(fresh) = self.dice.pick(&self.founding.begun).copied()
        {
            self.founding.repeated += 1;
            let frame = encode(&PeerMessage::StartKeygen { attempt: 1, fresh });
            lies.extend(self.peers.iter().map(|peer| (*peer, frame.clone())));
        }
        lies
    }

    fn see_confirm(&mut self, confirm: &Signed<ConfirmShare>) {
        let session = confirm.body.session.0;
        self.founding.confirms.entry(session).or_default().insert(confirm.node, confirm.clone());
        if confirm.node == self.me && !self.founding.own.contains(&session) {
            self.founding.own.push(session);
            let (place, habits) = (self.founding.own.len() - 1, self.habits.founding);
            if (habits.certifies_two && place == 0) || (habits.parts && place < CEREMONIES) {
                self.refuse(session);
            }
        }
        self.show_two();
    }

    /// Refuses a ceremony of which it has a share. With two faces, the first peer hears nothing of it.
    fn refuse(&mut self, session: [u8; 32]) {
        let body = RefuseShare { network: self.network, epoch: EPOCH, session };
        let frame = encode(&PeerMessage::Refuse(Signed::new(self.me, body, &self.key)));
        let spared = usize::from(self.habits.founding.parts);
        // Its own engine hears of it too: it has to go on with the others.
        let peers = self.peers.iter().skip(spared).chain([&self.me]);
        self.founding.queue.extend(peers.map(|peer| (*peer, frame.clone())));
    }

    /// Once two ceremonies are confirmed by all, it shows one certificate to the first peer, the other to the rest.
    fn show_two(&mut self) {
        if !self.habits.founding.certifies_two || self.founding.shown {
            return;
        }
        let all = self.peers.len() + 1;
        let complete = |session: &[u8; 32]| {
            let confirms = self.founding.confirms.get(session).filter(|confirms| confirms.len() == all)?;
            Some(confirms.values().cloned().collect::<Vec<_>>())
        };
        let [first, second, ..] = self.founding.own.as_slice() else { return };
        let (Some(mut first), Some(mut second)) = (complete(first), complete(second)) else { return };
        if self.dice.happens(500) {
            std::mem::swap(&mut first, &mut second);
        }
        self.founding.shown = true;
        let (first, second) = (PeerMessage::Certificate(first), PeerMessage::Certificate(second));
        for (place, peer) in self.peers.iter().enumerate() {
            self.founding.queue.push((*peer, encode(if place == 0 { &first } else { &second })));
        }
    }

    /// Says that it has a share of what has only just been proposed.
    fn hurry(&mut self, proposer: NodeIndex, fresh: &[u8; 32]) {
        let transcript = Transcript::new("quorate/dkg/v1").field(&self.network.0).number(EPOCH);
        let session = transcript.number(proposer.get().into()).field(fresh).finish();
        if !self.habits.founding.hurries
            || self.founding.hurried.len() >= CEREMONIES
            || !self.founding.hurried.insert(session)
        {
            return;
        }
        let generator = [&[2][..], &GENERATOR_X].concat();
        let others: [&[u8]; 5] = [&[2; 33], &[3; 32], &[4; 48], &[5; 48], &[6; 48]];
        let Ok(roots) = RootKeys::from_list([&generator[..]].into_iter().chain(others)) else { return };
        let result = quorate_wire::Digest(session);
        let results = Purpose::ALL.map(|purpose| ConfirmedRoot { purpose, result }).to_vec();
        let body = ConfirmShare { network: self.network, epoch: EPOCH, session: result, roots, results };
        let frame = encode(&PeerMessage::Confirm(Signed::new(self.me, body, &self.key)));
        self.founding.queue.extend(self.peers.iter().map(|peer| (*peer, frame.clone())));
    }
}
