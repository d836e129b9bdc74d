//! What a founding waits for, and who has to act, for operators.

use quorate_wire::NodeIndex;

use super::{Founding, PENDING_MAX, Running};
use crate::{
    committee::{Committee, node},
    peers::Peers,
};

impl Founding {
    pub(crate) fn waiting_for(
        &self,
        committee: &Committee,
        peers: &Peers,
        now_mono_ms: u64,
    ) -> Option<String> {
        match (self.ledger.roots(), self.on_chain) {
            (Some(_), true) => None,
            (Some(roots), false) => {
                let missing = self.votes.missing(committee, roots);
                let what = "the roots' votes on chain";
                Some(if missing.is_empty() {
                    format!("{what}: all have voted; whoever pays for the founding has to send the votes")
                } else {
                    with_names(what, "no vote of", committee, &missing)
                })
            }
            (None, _) => Some(self.waits_for_shares(committee, peers, now_mono_ms)),
        }
    }

    fn waits_for_shares(&self, committee: &Committee, peers: &Peers, now_mono_ms: u64) -> String {
        if let Some(Running { dkg, .. }) = &self.running {
            let silent: Vec<NodeIndex> = dkg.waiting_for().into_iter().map(node).collect();
            return with_names(step_of(dkg.round()), "nothing yet of", committee, &silent);
        }
        if let Some(session) = self.ledger.first_open() {
            let confirmed = self.confirmed.get(&session);
            let silent =
                |member: &NodeIndex| confirmed.is_none_or(|confirmed| !confirmed.contains_key(member));
            let silent: Vec<NodeIndex> = committee.members().filter(silent).collect();
            return with_names("every member to confirm its shares", "nothing yet of", committee, &silent);
        }
        if self.ledger.count() >= PENDING_MAX {
            let refused = self.ledger.refusers();
            let what = "the operators: too many key generations ended without every member's confirmation";
            return with_names(what, "refused by", committee, &refused);
        }
        let away: Vec<NodeIndex> =
            committee.peers().filter(|&peer| !peers.reachable(peer, now_mono_ms)).collect();
        with_names("all members to be connected for the key generation", "not reached:", committee, &away)
    }
}

fn with_names(what: &str, of: &str, committee: &Committee, nodes: &[NodeIndex]) -> String {
    if nodes.is_empty() {
        return what.to_owned();
    }
    let names: Vec<String> = nodes.iter().map(|node| committee.network.named(*node)).collect();
    format!("{what}; {of} {}", names.join(", "))
}

/// What a key generation waits for in a round.
fn step_of(round: u8) -> &'static str {
    match round {
        1 => "the key generation of six roots, step 1 of 4: all members' commitments",
        2 => "the key generation of six roots, step 2 of 4: all members' public polynomials",
        3 => "the key generation of six roots, step 3 of 4: all members' views of them",
        _ => "the key generation of six roots, step 4 of 4: all members' shares",
    }
}
